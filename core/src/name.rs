//! Domain separation: every label under which something is signed, hashed or derived, and the one
//! encoding that binds a label to its arguments.
//!
//! The encoding is unambiguous: `u64-LE count`, then for each part `u64-LE length || bytes`; the first
//! part is always the label. `docs/formats/keys.md` lists what each label's parts are.

use crate::act::{Audience, Team};
use crate::id::{ActId, ChannelId, Digest, KeyId, StateCode, TeamId};

/// The suite byte of everything in this version. There is no negotiation: another value is refused.
pub const SUITE: u8 = 0x01;

/// One label for one message struct; the enum is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Label {
    /// Id of a public key: algorithm, public key.
    KeyId,
    /// Id of a channel that exists once in a deployment: root fingerprint, name.
    WellKnownChannel,
    /// Scope of a team's key: root fingerprint, team kind, team.
    TeamScope,
    /// Scope of a State's signing key: root fingerprint, State.
    StateKeyScope,
    /// Key of one revision, from the epoch secret: channel, section, act.
    RevisionKey,
    /// Commitment to a revision key: channel, section, act, key.
    RevisionCommitment,
    /// Sealing context of a body: channel, section, act, kind.
    Body,
    /// Sealing context of a file: channel, file.
    File,
    /// HPKE info of a wrap: purpose, scope, generation, recipient key id, commitment.
    Wrap,
    /// Commitment to a wrapped secret: purpose, scope, generation, secret.
    SecretCommitment,
    /// Sealing context of a boxed previous secret: purpose, scope, generation of the newer secret.
    PreviousBox,
    /// Key that seals the previous secret, from the newer one: purpose, scope, generation.
    PreviousBoxKey,
    /// Sealing context of a name or contact in the directory: team, generation, subject.
    TeamBox,
    /// Key that seals names and contacts, from a team's secret: team, generation.
    TeamBoxKey,
    /// What the server learns of an invitation, from its secret.
    InvitationLookup,
    /// Key of the MAC over a newcomer's public keys, from the invitation's secret.
    InvitationMac,
    /// Seed of a recovery sheet's signing key, from the sheet's secret.
    RecoverySign,
    /// Seed of the key by which a recovery sheet opens its person's key, from the sheet's secret.
    RecoveryKem,
    /// Key of the local store's records, from the store's main key: record family.
    StoreKey,
    /// Associated data of one record of the local store: family, name, sequence number.
    StoreRecord,
    /// First hash of a State's safety number: root fingerprint, State, generation, State key.
    SafetyNumber,
}

impl Label {
    /// The label as it stands in the encoded context.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::KeyId => "chancery/v1/key-id",
            Self::WellKnownChannel => "chancery/v1/well-known-channel",
            Self::TeamScope => "chancery/v1/team-scope",
            Self::StateKeyScope => "chancery/v1/state-key-scope",
            Self::RevisionKey => "chancery/v1/revision-key",
            Self::RevisionCommitment => "chancery/v1/revision-commitment",
            Self::Body => "chancery/v1/body",
            Self::File => "chancery/v1/file",
            Self::Wrap => "chancery/v1/wrap",
            Self::SecretCommitment => "chancery/v1/secret-commitment",
            Self::PreviousBox => "chancery/v1/previous-box",
            Self::PreviousBoxKey => "chancery/v1/previous-box-key",
            Self::TeamBox => "chancery/v1/team-box",
            Self::TeamBoxKey => "chancery/v1/team-box-key",
            Self::InvitationLookup => "chancery/v1/invitation-lookup",
            Self::InvitationMac => "chancery/v1/invitation-mac",
            Self::RecoverySign => "chancery/v1/recovery-sign",
            Self::RecoveryKem => "chancery/v1/recovery-kem",
            Self::StoreKey => "chancery/v1/store-key",
            Self::StoreRecord => "chancery/v1/store-record",
            Self::SafetyNumber => "chancery/v1/safety-number",
        }
    }
}

/// The label and its arguments as unambiguous bytes.
#[must_use]
pub fn context(label: Label, parts: &[&[u8]]) -> Vec<u8> {
    encode(label.as_str(), parts)
}

/// What a signature of `namespace` covers: the suite, the signer's key id, the root's fingerprint and
/// the bytes as received.
#[must_use]
pub fn signature_input(namespace: Namespace, signer: &KeyId, root: &KeyId, payload: &[u8]) -> Vec<u8> {
    encode(namespace.as_str(), &[&[SUITE], signer.as_bytes(), root.as_bytes(), payload])
}

/// The id of a public key.
#[must_use]
pub fn key_id(algorithm: KeyAlgorithm, public_key: &[u8]) -> KeyId {
    let bytes = context(Label::KeyId, &[algorithm.as_str().as_bytes(), public_key]);
    KeyId::new(*Digest::of(&bytes).as_bytes())
}

/// The directory's channel in the deployment of `root`.
#[must_use]
pub fn directory_channel(root: &KeyId) -> ChannelId {
    ChannelId::new(first_half(Label::WellKnownChannel, &[root.as_bytes(), b"directory"]))
}

/// The publication channel of an audience in the deployment of `root`.
#[must_use]
pub fn publication_channel(root: &KeyId, audience: Audience) -> ChannelId {
    let name = format!("publication/{}", audience.as_str());
    ChannelId::new(first_half(Label::WellKnownChannel, &[root.as_bytes(), name.as_bytes()]))
}

/// The act id under which the grant or withdrawal at `position` of a `Disclose` or `Withdraw` stands in its
/// publication log. It tells an outsider nothing of the strand's act.
#[must_use]
pub fn publication_entry(act: &ActId, position: u64) -> ActId {
    let digest = Digest::of(&[&act.as_bytes()[..], &position.to_le_bytes()].concat());
    let mut half = [0; 16];
    half.copy_from_slice(&digest.as_bytes()[..16]);
    ActId::new(half)
}

/// The scope under which a team's key is wrapped and boxed.
#[must_use]
pub fn team_scope(root: &KeyId, team: Team) -> TeamId {
    let root = root.as_bytes();
    TeamId::new(match &team {
        Team::State(state) => first_half(Label::TeamScope, &[root, b"state", state.as_str().as_bytes()]),
        Team::Secretariat(id) => first_half(Label::TeamScope, &[root, b"secretariat", id.as_bytes()]),
        Team::AllParties => first_half(Label::TeamScope, &[root, b"all-parties", b""]),
    })
}

/// The scope under which the seed of a State's signing key, and its shares, are wrapped.
#[must_use]
pub fn state_key_scope(root: &KeyId, state: StateCode) -> [u8; 16] {
    first_half(Label::StateKeyScope, &[root.as_bytes(), state.as_str().as_bytes()])
}

fn first_half(label: Label, parts: &[&[u8]]) -> [u8; 16] {
    let digest = Digest::of(&context(label, parts));
    let mut half = [0; 16];
    half.copy_from_slice(&digest.as_bytes()[..16]);
    half
}

/// What a public key is for; part of its id, so that one key never serves two uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyAlgorithm {
    /// Ed25519 signing key (RFC 8032), 32 bytes.
    Ed25519,
    /// X-Wing encapsulation key, 1,216 bytes.
    XWing,
    /// DER of a TLS key's `SubjectPublicKeyInfo`.
    TlsSpki,
}

impl KeyAlgorithm {
    /// The name inside the hashed bytes.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ed25519 => "ed25519",
            Self::XWing => "x-wing",
            Self::TlsSpki => "tls-spki",
        }
    }
}

fn encode(label: &str, parts: &[&[u8]]) -> Vec<u8> {
    let length: usize = parts.iter().map(|part| part.len() + 8).sum();
    let mut out = Vec::with_capacity(16 + label.len() + length);
    out.extend((parts.len() as u64 + 1).to_le_bytes());
    for part in std::iter::once(label.as_bytes()).chain(parts.iter().copied()) {
        out.extend((part.len() as u64).to_le_bytes());
        out.extend(part);
    }
    out
}

/// What is signed: one namespace for each type of payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Namespace {
    /// An act of a channel's log; the kind is part of the name.
    Act(crate::act::Kind),
    /// A disclosure grant, signed by a State key.
    Grant,
    /// The public half of a withdrawal, signed by a State key.
    Withdrawal,
    /// A State's clearance of a submission, signed by a State key.
    Clearance,
    /// A State's word that a person belongs to it, signed by a State key.
    Membership,
    /// A State's word for its next key, signed by the one before.
    KeySuccession,
    /// A State's objection to the replacement of its key, signed by that key.
    Objection,
    /// An act of the root's log, signed by the second custodian; the kind is part of the name.
    Second(crate::act::Kind),
    /// The second custodian's own public key, signed by that key before a deployment is founded with it.
    SecondCustodian,
    /// A newcomer's public keys, signed by the device key among them.
    Possession,
    /// A further device's public keys, signed by the device key among them.
    DevicePossession,
    /// A server's request to be certified, signed by its own log key.
    ServerRequest,
}

impl Namespace {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Act(kind) => kind.namespace(),
            Self::Grant => "chancery/v1/sign/grant",
            Self::Withdrawal => "chancery/v1/sign/withdrawal",
            Self::Clearance => "chancery/v1/sign/clearance",
            Self::Membership => "chancery/v1/sign/membership",
            Self::KeySuccession => "chancery/v1/sign/key-succession",
            Self::Objection => "chancery/v1/sign/objection",
            Self::Second(kind) => kind.second_namespace(),
            Self::SecondCustodian => "chancery/v1/sign/second-custodian",
            Self::Possession => "chancery/v1/sign/possession",
            Self::DevicePossession => "chancery/v1/sign/device-possession",
            Self::ServerRequest => "chancery/v1/sign/server-request",
        }
    }
}
