//! What acts of the directory state: States and their keys, people, devices, teams.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::id::{ActId, DeviceId, Digest, InstrumentCode, KeyId, StateCode, TeamId, UserId};

/// The first act of a deployment, by the root.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct FoundDirectory {
    /// Ed25519 key of the root.
    pub root_key: [u8; 32],
    /// SHA-256 of the mechanism file.
    pub mechanism: Digest,
    /// Ed25519 key that signs checkpoints.
    pub log_key: [u8; 32],
    /// Key id of the server's TLS key.
    pub server_tls_key: KeyId,
    /// Key id of the TLS key of the custodians' machine, which carries the root's acts to the server.
    pub custodian_tls_key: KeyId,
    /// The second custodian, if there is one.
    pub second: Option<SecondCustodian>,
}

impl FoundDirectory {
    /// Whether every later act of the root needs the second custodian's signature.
    #[must_use]
    pub fn second_always(&self) -> bool {
        self.second.is_some_and(|second| second.always)
    }
}

/// A second person whose signature acts of the root need.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
pub struct SecondCustodian {
    /// Ed25519 key.
    pub key: [u8; 32],
    /// Whether every later act of the root needs it; if not, only a replacement to which a State objects.
    pub always: bool,
}

/// Regional groups of the United Nations (¶17, ¶28).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize)]
pub enum RegionalGroup {
    /// African States.
    Africa,
    /// Asia-Pacific States.
    AsiaPacific,
    /// Eastern European States.
    EasternEurope,
    /// Latin American and Caribbean States.
    LatinAmericaCaribbean,
    /// Western European and other States.
    WesternEuropeOthers,
}

/// A State's standing towards an instrument.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize)]
pub enum Standing {
    /// State party.
    Party,
    /// Signatory (¶52).
    Signatory,
}

/// A State enters the roster, by the root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdmitState {
    /// The State.
    pub state: StateCode,
    /// Its regional group.
    pub group: RegionalGroup,
    /// Its standing, ascending by instrument.
    pub standings: Vec<(InstrumentCode, Standing)>,
}

/// A State's standing changes, by the root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AmendState {
    /// The State.
    pub state: StateCode,
    /// Its standing from here on, ascending by instrument; none for a State that has left everything.
    pub standings: Vec<(InstrumentCode, Standing)>,
}

/// A State's first signing key, by the root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertifyStateKey {
    /// The State.
    pub state: StateCode,
    /// Ed25519 key.
    pub key: [u8; 32],
    /// 0 for the first.
    pub generation: u64,
}

/// What a person is in the directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize)]
pub enum Role {
    /// Officer of the secretariat.
    Officer,
    /// A State's focal point (¶18).
    FocalPoint,
    /// A State's governmental expert (¶27).
    Expert,
    /// A read-only member of a State's team.
    Observer,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 4] = [Self::Officer, Self::FocalPoint, Self::Expert, Self::Observer];

    /// The role as people and JSON see it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Officer => "officer",
            Self::FocalPoint => "focal-point",
            Self::Expert => "expert",
            Self::Observer => "observer",
        }
    }
}

/// The public keys that a newcomer's device makes and signs.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct PersonKeys {
    /// The person's id, random.
    pub user: UserId,
    /// X-Wing key of the person, 1,216 bytes.
    pub user_kem: Bytes,
    /// The device's id, random.
    pub device: DeviceId,
    /// Ed25519 key of the device.
    pub device_sign: [u8; 32],
    /// X-Wing key of the device, 1,216 bytes.
    pub device_kem: Bytes,
    /// Key id of the device's TLS key.
    pub device_tls_key: KeyId,
}

/// A person enters the directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdmitPerson {
    /// The newcomer's keys.
    pub keys: PersonKeys,
    /// `keys` as the newcomer encoded and signed them.
    pub keys_bytes: Bytes,
    /// The device key's signature over `keys_bytes`.
    pub possession: [u8; 64],
    /// What the person is.
    pub role: Role,
    /// The State; none for an officer.
    pub state: Option<StateCode>,
    /// Instruments of an expert or observer, ascending; empty for others.
    pub instruments: Vec<InstrumentCode>,
    /// The team of an officer.
    pub secretariat_team: Option<TeamId>,
    /// The State's word; none for whom the root admits.
    pub membership: Option<SignedMembership>,
    /// The log time from which the person is not there any more, in milliseconds.
    pub expires_ms: Option<u64>,
}

/// The public keys of a further device, which it makes and signs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceKeys {
    /// The person whose device it is.
    pub user: UserId,
    /// The device's id, random.
    pub device: DeviceId,
    /// Ed25519 key.
    pub sign: [u8; 32],
    /// X-Wing key, 1,216 bytes.
    pub kem: Bytes,
    /// Key id of the TLS key.
    pub tls_key: KeyId,
}

/// A person of a State gets another role, other instruments or another end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reseat {
    /// The person.
    pub user: UserId,
    /// What the person is from here on.
    pub role: Role,
    /// Instruments of an expert or observer, ascending; empty for a focal point.
    pub instruments: Vec<InstrumentCode>,
    /// The log time from which the person is not there any more, in milliseconds.
    pub expires_ms: Option<u64>,
    /// The State's word, over the keys that the person was admitted, or last certified, with.
    pub membership: SignedMembership,
}

/// A secret handed to keys that are in the directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Handed {
    /// Commitment to the secret.
    pub commitment: Digest,
    /// Whom it is wrapped to.
    pub recipients: Recipients,
}

/// A person adds a device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddDevice {
    /// The device's keys.
    pub keys: DeviceKeys,
    /// `keys` as the device encoded and signed them.
    pub keys_bytes: Bytes,
    /// The device key's signature over `keys_bytes`.
    pub possession: [u8; 64],
    /// The seed of the person's current key, to the device's key; none where the recovery key signs.
    pub handed: Option<Handed>,
}

/// A device is refused from here on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RevokeDevice {
    /// The person whose device it is.
    pub user: UserId,
    /// The device.
    pub device: DeviceId,
}

/// A new generation of the author's own key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewUserKey {
    /// One more than the current one.
    pub generation: u64,
    /// X-Wing key, 1,216 bytes.
    pub kem: Bytes,
    /// Commitment to the key's seed.
    pub commitment: Digest,
    /// SHA-256 of the boxed previous seed; none if the author does not know it.
    pub previous_box: Option<Digest>,
    /// The author's devices and recovery key.
    pub recipients: Recipients,
}

/// The author's recovery key, in place of the one before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetRecovery {
    /// Ed25519 key, which may add a device.
    pub sign: [u8; 32],
    /// X-Wing key, 1,216 bytes.
    pub kem: Bytes,
    /// The seed of the person's current key, to `kem`.
    pub handed: Handed,
}

/// A person who has lost every key gets others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recertify {
    /// The new keys, under the person's old id.
    pub keys: PersonKeys,
    /// `keys` as the device encoded and signed them.
    pub keys_bytes: Bytes,
    /// The device key's signature over `keys_bytes`.
    pub possession: [u8; 64],
    /// The State's word; none for an officer.
    pub membership: Option<SignedMembership>,
}

/// A State's next key, with the word of the one before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplaceStateKey {
    /// The State.
    pub state: StateCode,
    /// Ed25519 key.
    pub key: [u8; 32],
    /// One more than the current one.
    pub generation: u64,
    /// The old key's word ([`KeySuccession`](super::KeySuccession)).
    pub succession: super::SignedStatement,
    /// The key's seed, to the State's focal points.
    pub handed: Handed,
}

/// A State's current key is handed to a focal point.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShareStateKey {
    /// The State.
    pub state: StateCode,
    /// The current generation.
    pub generation: u64,
    /// The key's seed, to the one focal point.
    pub handed: Handed,
}

/// A State's current key is split among its people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DepositShares {
    /// The State.
    pub state: StateCode,
    /// The current generation.
    pub generation: u64,
    /// How many put the key together again.
    pub threshold: u32,
    /// The holders' keys.
    pub recipients: Recipients,
    /// Commitments to the shares, in the order of the recipients.
    pub commitments: Vec<Digest>,
}

/// A share is handed to a person of the same State.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GiveShare {
    /// The act that deposited it.
    pub deposit: ActId,
    /// The share's position in it.
    pub position: u32,
    /// To whom.
    pub to: UserId,
    /// The one wrap.
    pub recipients: Recipients,
}

/// A State's focal points and key are to be replaced without the key's word: the first of two acts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnnounceReplacement {
    /// The State.
    pub state: StateCode,
    /// The next focal point's keys.
    pub keys: PersonKeys,
    /// `keys` as the device encoded and signed them.
    pub keys_bytes: Bytes,
    /// The device key's signature over `keys_bytes`.
    pub possession: [u8; 64],
    /// The next State key.
    pub key: [u8; 32],
}

/// The State objects to an announced replacement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectToReplacement {
    /// The announcement.
    pub announcement: ActId,
    /// The word of the key that is to be replaced ([`Objection`](super::Objection)).
    pub objection: super::SignedStatement,
}

/// An announced replacement is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CompleteReplacement {
    /// The announcement.
    pub announcement: ActId,
    /// The State.
    pub state: StateCode,
    /// The State's next key, as announced.
    pub key: [u8; 32],
    /// One more than the current one.
    pub generation: u64,
}

/// A State's word that a person belongs to it, still signed.
pub type SignedMembership = super::SignedStatement;

/// A set of people that holds a team key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize)]
pub enum Team {
    /// A State's people.
    State(StateCode),
    /// A team of officers.
    Secretariat(TeamId),
    /// The teams of every State party and of the secretariat.
    AllParties,
}

/// Who a secret is wrapped to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipients {
    /// Key ids, ascending.
    pub key_ids: Vec<KeyId>,
    /// RFC 6962 root over the wraps in that order.
    pub wraps_root: Digest,
}

/// A new generation of a team's key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewTeamGeneration {
    /// The team.
    pub team: Team,
    /// One more than the current one; 0 for the first.
    pub generation: u64,
    /// X-Wing key, 1,216 bytes.
    pub kem: Bytes,
    /// Commitment to the key's seed.
    pub commitment: Digest,
    /// SHA-256 of the boxed previous seed; none for generation 0, and where nobody who manages the team is left
    /// who opens it.
    pub previous_box: Option<Digest>,
    /// Everyone who gets it.
    pub recipients: Recipients,
}

/// A team's current key is wrapped to one who joined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShareTeam {
    /// The team.
    pub team: Team,
    /// The current generation.
    pub generation: u64,
    /// The one who joined.
    pub recipients: Recipients,
}
