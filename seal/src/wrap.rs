//! Wrapping a secret to somebody's public key. The author commits to the secret in the act, and every
//! recipient checks the commitment: nobody can hand members different secrets unseen.

use chancery_core::id::{ChannelId, Digest, TeamId, UserId};
use chancery_core::name::{Label, context};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::hazmat::hpke;
use crate::kem::{self, KemKeyPair};
use crate::revision::{RevisionPlace, commit_revision_key};
use crate::secret::RevisionKey;
use crate::{SealError, random};

/// Length of every wrap in bytes: an encapsulation and a sealed secret of 32 bytes.
pub const WRAP_BYTES: usize = hpke::ENC_BYTES + SECRET_BYTES + hpke::TAG_BYTES;

const SECRET_BYTES: usize = 32;

/// What a wrapped secret is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// An epoch secret of a channel, to a reader or to the review's secretariat team. Scope: the channel.
    Epoch,
    /// A generation's seed of a team, to its members. Scope: the team.
    Team,
    /// A generation's seed of a person, to their devices and their paper key. Scope: the person.
    User,
    /// A disclosed revision key, to all parties. Scope: the channel; generation: that of all parties.
    Revision,
}

impl Purpose {
    /// The name inside contexts.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Epoch => "epoch",
            Self::Team => "team",
            Self::User => "user",
            Self::Revision => "revision",
        }
    }
}

/// Whose secret it is: the 16 bytes of a channel's, a person's or a team's id (for a team,
/// [`chancery_core::name::team_scope`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Scope([u8; 16]);

impl Scope {
    /// The scope of these bytes.
    #[must_use]
    pub const fn new(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl From<ChannelId> for Scope {
    fn from(channel: ChannelId) -> Self {
        Self(*channel.as_bytes())
    }
}

impl From<TeamId> for Scope {
    fn from(team: TeamId) -> Self {
        Self(*team.as_bytes())
    }
}

impl From<UserId> for Scope {
    fn from(user: UserId) -> Self {
        Self(*user.as_bytes())
    }
}

/// Which secret is meant; every wrap, commitment and box of a previous secret is bound to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct WrapInfo {
    /// What the secret is for.
    pub purpose: Purpose,
    /// Whose it is.
    pub scope: Scope,
    /// Epoch or generation, counted from zero.
    pub generation: u64,
}

impl WrapInfo {
    /// `purpose, scope, generation (u64-LE)` and then `more`, under `label`.
    pub(crate) fn context(&self, label: Label, more: &[&[u8]]) -> Zeroizing<Vec<u8>> {
        let generation = self.generation.to_le_bytes();
        let mut parts: Vec<&[u8]> =
            vec![self.purpose.as_str().as_bytes(), self.scope.as_bytes(), &generation];
        parts.extend(more);
        Zeroizing::new(context(label, &parts))
    }
}

/// The commitment to a secret that stands in the act. The secret is random, so it hides it.
#[must_use]
pub fn commit(info: &WrapInfo, secret: &[u8; 32]) -> Digest {
    Digest::of(&info.context(Label::SecretCommitment, &[secret]))
}

/// Wraps `secret` to a public key: `encapsulation (1,120) || sealed secret (48)`.
///
/// # Errors
///
/// [`SealError::PublicKey`] if `recipient_public` is no key of the right length and form.
pub fn wrap(info: &WrapInfo, secret: &[u8; 32], recipient_public: &[u8]) -> Result<Vec<u8>, SealError> {
    wrap_committed(info, &commit(info, secret), secret, recipient_public)
}

/// Opens what [`wrap`] made and checks the secret against `commitment`, which stands in the act.
///
/// # Errors
///
/// [`SealError::Length`], [`SealError::Tag`] (altered, another recipient, purpose, scope, generation or
/// commitment) and [`SealError::SecretCommitment`] (its author committed to another secret). The last two
/// are reasons for a complaint if the bytes are those whose hash stands in the act.
pub fn unwrap(
    info: &WrapInfo,
    commitment: &Digest,
    recipient: &KemKeyPair,
    bytes: &[u8],
) -> Result<Zeroizing<[u8; 32]>, SealError> {
    let secret = unwrap_committed(info, commitment, recipient, bytes)?;
    check(commitment, &commit(info, &secret))?;
    Ok(secret)
}

/// Wraps a disclosed revision key to a generation of all parties. The commitment is that of the post and of
/// the Grant, so members and outsiders check the same one. Errors as [`wrap`].
pub fn wrap_revision_key(
    place: &RevisionPlace,
    generation: u64,
    key: &RevisionKey,
    recipient_public: &[u8],
) -> Result<Vec<u8>, SealError> {
    let info = revision_info(place, generation);
    wrap_committed(&info, &commit_revision_key(place, key), key.as_bytes(), recipient_public)
}

/// Opens what [`wrap_revision_key`] made and checks it against the Grant's commitment. Errors as [`unwrap`].
pub fn unwrap_revision_key(
    place: &RevisionPlace,
    generation: u64,
    commitment: &Digest,
    recipient: &KemKeyPair,
    bytes: &[u8],
) -> Result<RevisionKey, SealError> {
    let info = revision_info(place, generation);
    let key = RevisionKey::from_bytes(*unwrap_committed(&info, commitment, recipient, bytes)?);
    check(commitment, &commit_revision_key(place, &key))?;
    Ok(key)
}

fn revision_info(place: &RevisionPlace, generation: u64) -> WrapInfo {
    WrapInfo { purpose: Purpose::Revision, scope: place.channel.into(), generation }
}

fn wrap_committed(
    info: &WrapInfo,
    commitment: &Digest,
    secret: &[u8; 32],
    recipient_public: &[u8],
) -> Result<Vec<u8>, SealError> {
    let randomness = random::make_secret::<{ hpke::RANDOMNESS_BYTES }>()?;
    let hpke_info = hpke_info(info, commitment, recipient_public);
    hpke::seal(recipient_public, &hpke_info, secret, &randomness)
}

fn unwrap_committed(
    info: &WrapInfo,
    commitment: &Digest,
    recipient: &KemKeyPair,
    bytes: &[u8],
) -> Result<Zeroizing<[u8; 32]>, SealError> {
    if bytes.len() != WRAP_BYTES {
        let (expected, found) = (WRAP_BYTES as u64, bytes.len() as u64);
        return Err(SealError::Length { what: "the wrap", expected, found });
    }
    let hpke_info = hpke_info(info, commitment, recipient.public());
    let opened = hpke::open(&recipient.private, &hpke_info, bytes)?;
    let secret = opened.first_chunk().ok_or(SealError::Bug("a wrap of the right length holds 32 bytes"))?;
    Ok(Zeroizing::new(*secret))
}

fn hpke_info(info: &WrapInfo, commitment: &Digest, recipient_public: &[u8]) -> Zeroizing<Vec<u8>> {
    info.context(Label::Wrap, &[kem::key_id(recipient_public).as_bytes(), commitment.as_bytes()])
}

/// Compares commitments without saying by its time where they differ.
pub(crate) fn check(committed: &Digest, found: &Digest) -> Result<(), SealError> {
    bool::from(committed.as_bytes().ct_eq(found.as_bytes())).then_some(()).ok_or(SealError::SecretCommitment)
}
