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
    /// The seed of a State's signing key, to the State's focal points. Scope:
    /// [`chancery_core::name::state_key_scope`].
    StateKey,
    /// A share of that seed, to one of the State's people. Scope and generation: of the key.
    StateShare,
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
            Self::StateKey => "state-key",
            Self::StateShare => "state-share",
            Self::Revision => "revision",
        }
    }
}

/// Whose secret it is: the 16 bytes of a channel's or a person's id, or of a team's or State key's scope
/// ([`chancery_core::name::team_scope`], [`chancery_core::name::state_key_scope`]).
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

#[cfg(test)]
mod tests {
    use chancery_core::id::{ActId, SectionId};

    use super::*;
    use crate::secret::KemSeed;

    const INFO: WrapInfo = WrapInfo { purpose: Purpose::Epoch, scope: Scope::new([3; 16]), generation: 7 };
    const PLACE: RevisionPlace = RevisionPlace {
        channel: ChannelId::new([1; 16]),
        section: SectionId::new([2; 16]),
        act: ActId::new([3; 16]),
    };

    fn pair() -> KemKeyPair {
        KemKeyPair::from_seed(&KemSeed::make().unwrap()).unwrap()
    }

    #[test]
    fn the_recipient_opens_it_for_what_it_is_only() {
        let (recipient, secret) = (pair(), [9; 32]);
        let wrapped = wrap(&INFO, &secret, recipient.public()).unwrap();
        let commitment = commit(&INFO, &secret);
        assert_eq!(wrapped.len(), WRAP_BYTES);
        assert_eq!(*unwrap(&INFO, &commitment, &recipient, &wrapped).unwrap(), secret);
        for (what, info) in [
            ("purpose", WrapInfo { purpose: Purpose::Team, ..INFO }),
            ("scope", WrapInfo { scope: Scope::new([4; 16]), ..INFO }),
            ("generation", WrapInfo { generation: 8, ..INFO }),
        ] {
            let refused = unwrap(&info, &commitment, &recipient, &wrapped).unwrap_err();
            assert_eq!(refused, SealError::Tag, "{what}");
        }
        assert_eq!(unwrap(&INFO, &commitment, &pair(), &wrapped).unwrap_err(), SealError::Tag);
        let other = commit(&INFO, &[8; 32]);
        assert_eq!(unwrap(&INFO, &other, &recipient, &wrapped).unwrap_err(), SealError::Tag);
    }

    #[test]
    fn altered_and_cut_wraps_are_refused() {
        let (recipient, secret) = (pair(), [9; 32]);
        let wrapped = wrap(&INFO, &secret, recipient.public()).unwrap();
        let commitment = commit(&INFO, &secret);
        for at in [0, 1_087, 1_088, 1_119, 1_120, WRAP_BYTES - 1] {
            let mut altered = wrapped.clone();
            altered[at] ^= 1;
            assert_eq!(unwrap(&INFO, &commitment, &recipient, &altered).unwrap_err(), SealError::Tag, "{at}");
        }
        for bytes in [&wrapped[1..], &[&wrapped[..], &[0]].concat(), &[]] {
            let refused = unwrap(&INFO, &commitment, &recipient, bytes).unwrap_err();
            assert!(matches!(refused, SealError::Length { .. }));
        }
    }

    /// The attack that the commitment is for: one member gets another secret than the act commits to.
    #[test]
    fn a_secret_other_than_the_committed_one_is_refused() {
        let recipient = pair();
        let commitment = commit(&INFO, &[9; 32]);
        let wrapped = wrap_committed(&INFO, &commitment, &[8; 32], recipient.public()).unwrap();
        let refused = unwrap(&INFO, &commitment, &recipient, &wrapped).unwrap_err();
        assert_eq!(refused, SealError::SecretCommitment);
    }

    #[test]
    fn a_disclosed_revision_key_is_checked_against_the_grant() {
        let (all_parties, key) = (pair(), RevisionKey::from_bytes([5; 32]));
        let commitment = commit_revision_key(&PLACE, &key);
        let wrapped = wrap_revision_key(&PLACE, 4, &key, all_parties.public()).unwrap();
        let opened = unwrap_revision_key(&PLACE, 4, &commitment, &all_parties, &wrapped).unwrap();
        assert_eq!(opened.as_bytes(), key.as_bytes());

        let elsewhere = RevisionPlace { act: ActId::new([4; 16]), ..PLACE };
        let refused = unwrap_revision_key(&elsewhere, 4, &commitment, &all_parties, &wrapped).unwrap_err();
        assert_eq!(refused, SealError::SecretCommitment);
        let refused = unwrap_revision_key(&PLACE, 5, &commitment, &all_parties, &wrapped).unwrap_err();
        assert_eq!(refused, SealError::Tag);
    }

    #[test]
    fn two_wraps_of_one_secret_share_nothing() {
        let recipient = pair();
        let wrapped = || wrap(&INFO, &[9; 32], recipient.public()).unwrap();
        let (one, two) = (wrapped(), wrapped());
        assert_ne!(one[..hpke::ENC_BYTES], two[..hpke::ENC_BYTES]);
        assert_ne!(one[hpke::ENC_BYTES..], two[hpke::ENC_BYTES..]);
    }
}
