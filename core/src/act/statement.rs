//! The typed form of acts and of what State keys sign.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::Kind;
use crate::id::{
    ActId, ChannelId, DeviceId, Digest, FileId, InstrumentCode, KeyId, SectionId, StateCode, TeamId, UserId,
};
use crate::mechanism::{ItemKind, Language};

/// Size and root of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
pub struct TreeHead {
    /// Number of entries.
    pub size: u64,
    /// RFC 6962 root.
    pub root: Digest,
}

/// Who speaks in an act.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Author {
    /// The mechanism root, offline.
    Root,
    /// A person, through one device.
    Person {
        /// The person.
        user: UserId,
        /// The device that signed.
        device: DeviceId,
    },
}

/// Where the other logs stood for the author: an act is judged at exactly these states.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
pub struct Basis {
    /// The directory.
    pub directory: TreeHead,
    /// The review; only in a strand, coordination or delegation.
    pub review: Option<TreeHead>,
}

/// What every act says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// The channel whose log it is for.
    pub channel: ChannelId,
    /// Its id, random.
    pub act_id: ActId,
    /// Who speaks.
    pub author: Author,
    /// The author's clock, milliseconds of UTC. Advisory.
    pub clock_ms: u64,
    /// The last state of this log that the author had verified.
    pub seen: TreeHead,
    /// The channel's epoch; 0 where there is none yet.
    pub epoch: u64,
    /// Where the other logs stood; absent in the directory.
    pub basis: Option<Basis>,
}

/// One act.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Act {
    /// What every act says of itself.
    pub header: Header,
    /// What this one states.
    pub statement: Statement,
}

/// What an act states.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Statement {
    /// See [`FoundDirectory`].
    FoundDirectory(FoundDirectory),
    /// See [`AdmitState`].
    AdmitState(AdmitState),
    /// See [`CertifyStateKey`].
    CertifyStateKey(CertifyStateKey),
    /// See [`AdmitPerson`].
    AdmitPerson(AdmitPerson),
    /// The person leaves the directory.
    RemovePerson(UserId),
    /// See [`NewTeamGeneration`].
    NewTeamGeneration(NewTeamGeneration),
    /// See [`ShareTeam`].
    ShareTeam(ShareTeam),
    /// See [`OpenReview`].
    OpenReview(OpenReview),
    /// See [`OpenChannel`].
    OpenChannel(OpenChannel),
    /// See [`NewEpoch`].
    NewEpoch(NewEpoch),
    /// See [`AddMember`].
    AddMember(AddMember),
    /// The person leaves the channel.
    RemoveMember(UserId),
    /// See [`Post`].
    Post(Post),
    /// See [`Disclose`].
    Disclose(Disclose),
    /// See [`Withdraw`].
    Withdraw(Withdraw),
    /// See [`Complain`].
    Complain(Complain),
}

impl Statement {
    /// Its kind.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Self::FoundDirectory(_) => Kind::FoundDirectory,
            Self::AdmitState(_) => Kind::AdmitState,
            Self::CertifyStateKey(_) => Kind::CertifyStateKey,
            Self::AdmitPerson(_) => Kind::AdmitPerson,
            Self::RemovePerson(_) => Kind::RemovePerson,
            Self::NewTeamGeneration(_) => Kind::NewTeamGeneration,
            Self::ShareTeam(_) => Kind::ShareTeam,
            Self::OpenReview(_) => Kind::OpenReview,
            Self::OpenChannel(_) => Kind::OpenChannel,
            Self::NewEpoch(_) => Kind::NewEpoch,
            Self::AddMember(_) => Kind::AddMember,
            Self::RemoveMember(_) => Kind::RemoveMember,
            Self::Post(_) => Kind::Post,
            Self::Disclose(_) => Kind::Disclose,
            Self::Withdraw(_) => Kind::Withdraw,
            Self::Complain(_) => Kind::Complain,
        }
    }

    /// What stands beside the act: body, wraps, box.
    #[must_use]
    pub fn beside(&self) -> Beside<'_> {
        let mut beside = Beside::default();
        match self {
            Self::NewTeamGeneration(act) => {
                beside.recipients = Some(&act.recipients);
                beside.previous_box = act.previous_box;
            }
            Self::ShareTeam(act) => beside.recipients = Some(&act.recipients),
            Self::NewEpoch(act) => {
                beside.recipients = Some(&act.recipients);
                beside.previous_box = act.previous_box;
            }
            Self::AddMember(act) => {
                beside.recipients = Some(&act.recipients);
                beside.body = Some(&act.body);
            }
            Self::Post(act) => beside.body = Some(&act.body),
            Self::FoundDirectory(_)
            | Self::AdmitState(_)
            | Self::CertifyStateKey(_)
            | Self::AdmitPerson(_)
            | Self::RemovePerson(_)
            | Self::OpenReview(_)
            | Self::OpenChannel(_)
            | Self::RemoveMember(_)
            | Self::Disclose(_)
            | Self::Withdraw(_)
            | Self::Complain(_) => {}
        }
        beside
    }
}

/// What an act commits to and what therefore must be handed in beside it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Beside<'a> {
    /// The wraps.
    pub recipients: Option<&'a Recipients>,
    /// The sealed body.
    pub body: Option<&'a SealedBody>,
    /// SHA-256 of the boxed previous secret.
    pub previous_box: Option<Digest>,
}

/// The first act of a deployment, by the root.
#[derive(Debug, Clone, PartialEq, Eq)]
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
}

/// Regional groups of the United Nations (¶17, ¶28).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
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

/// A State's signing key, by the root.
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
#[derive(Debug, Clone, PartialEq, Eq)]
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
    /// The State's word, for an expert or observer.
    pub membership: Option<SignedMembership>,
}

/// A State's word that a person belongs to it, still signed.
pub type SignedMembership = super::Signed<StateStatement>;

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
    /// SHA-256 of the boxed previous seed; none for generation 0.
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

/// One reviewing State.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct Reviewer {
    /// The State.
    pub state: StateCode,
    /// The instruments it was drawn for (¶28b), ascending.
    pub instruments: Vec<InstrumentCode>,
}

/// The first act of a review channel.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct OpenReview {
    /// The State under review.
    pub state: StateCode,
    /// The instruments under review, ascending.
    pub instruments: Vec<InstrumentCode>,
    /// The reviewing States, ascending.
    pub reviewers: Vec<Reviewer>,
    /// The secretariat team that reads this review.
    pub secretariat_team: TeamId,
    /// The review's languages, ascending (¶50).
    pub languages: Vec<Language>,
}

/// What kind of channel is opened, and for whom.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub enum Opening {
    /// The dialogue on one instrument.
    Strand(InstrumentCode),
    /// The reviewers' channel on one instrument.
    Coordination(InstrumentCode),
    /// One State's own channel.
    Delegation(StateCode),
}

/// A strand, coordination or delegation is opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenChannel {
    /// The new channel.
    pub channel: ChannelId,
    /// What it is.
    pub opening: Opening,
}

/// A wrap that stands inside an act.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InlineWrap {
    /// The recipient's key.
    pub key_id: KeyId,
    /// The wrap, 1,168 bytes.
    pub wrap: Bytes,
}

/// A new generation of a channel's secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEpoch {
    /// One more than the current one; 0 for the first.
    pub number: u64,
    /// Commitment to the secret.
    pub commitment: Digest,
    /// SHA-256 of the boxed previous secret; none for epoch 0.
    pub previous_box: Option<Digest>,
    /// The readers' user keys.
    pub recipients: Recipients,
    /// The secretariat's wrap; none in a delegation.
    pub secretariat: Option<InlineWrap>,
}

/// A body that stands beside its act.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
pub struct SealedBody {
    /// Length of the ciphertext in bytes.
    pub length: u64,
    /// SHA-256 of the ciphertext.
    pub sha256: Digest,
    /// Commitment to the revision key.
    pub key_commitment: Digest,
}

/// A person joins a channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddMember {
    /// The person.
    pub user: UserId,
    /// The wrap of the current secret to the person's key.
    pub recipients: Recipients,
    /// The person's card.
    pub body: SealedBody,
}

/// One revision of a section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Post {
    /// The section.
    pub section: SectionId,
    /// The revision before; none in the first.
    pub previous: Option<ActId>,
    /// What it is.
    pub kind: ItemKind,
    /// Cited files, ascending.
    pub files: Vec<FileId>,
    /// The sealed body.
    pub body: SealedBody,
    /// The State's clearance, where the mechanism asks for it.
    pub clearance: Option<super::Signed<StateStatement>>,
}

/// Who a section is opened to beyond the channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize)]
pub enum Audience {
    /// Every State party (¶40).
    AllParties,
    /// Everyone (¶41).
    Public,
}

impl Audience {
    /// Both.
    pub const ALL: [Self; 2] = [Self::AllParties, Self::Public];

    /// The audience as people and JSON see it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AllParties => "all-parties",
            Self::Public => "public",
        }
    }
}

/// Posts of one section are opened to an audience.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disclose {
    /// The section.
    pub section: SectionId,
    /// To whom.
    pub audience: Audience,
    /// One signed grant for each post, in log order.
    pub grants: Vec<super::Signed<StateStatement>>,
}

/// Posts of one section are no longer served to an audience.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Withdraw {
    /// The section.
    pub section: SectionId,
    /// From whom.
    pub audience: Audience,
    /// One signed withdrawal for each post, in log order.
    pub withdrawals: Vec<super::Signed<StateStatement>>,
}

/// What does not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The complainant's own wrap.
    Wrap,
    /// The box that holds the previous secret.
    PreviousBox,
    /// The body.
    Body,
    /// A cited file.
    File(FileId),
}

/// What stands beside an act does not open to its commitment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Complain {
    /// The act meant.
    pub act_id: ActId,
    /// What does not open.
    pub fault: Fault,
}

/// What a State key signs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StateStatement {
    /// A post is opened to an audience.
    Grant(Grant),
    /// A post is no longer served to an audience.
    Withdrawal(Withdrawal),
    /// A submission has been cleared.
    Clearance(Clearance),
    /// A person belongs to the State.
    Membership(Membership),
}

impl StateStatement {
    /// The namespace of its signature.
    #[must_use]
    pub const fn namespace(&self) -> crate::name::Namespace {
        match self {
            Self::Grant(_) => crate::name::Namespace::Grant,
            Self::Withdrawal(_) => crate::name::Namespace::Withdrawal,
            Self::Clearance(_) => crate::name::Namespace::Clearance,
            Self::Membership(_) => crate::name::Namespace::Membership,
        }
    }
}

/// A post as a State names it when it speaks outside the channel: without person, device or clock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostRef {
    /// The State that speaks.
    pub state: StateCode,
    /// The post's channel.
    pub channel: ChannelId,
    /// The post's section.
    pub section: SectionId,
    /// The post's act.
    pub act_id: ActId,
    /// What the post is.
    pub kind: ItemKind,
    /// The post's sealed body.
    pub body: SealedBody,
}

/// A post is opened to an audience: the entry of the publication log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// The post.
    pub post: PostRef,
    /// To whom.
    pub audience: Audience,
    /// SHA-256 of the encoded rendition; only for the public.
    pub rendition: Option<Digest>,
}

/// A post is no longer served to an audience: the tombstone in the publication log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Withdrawal {
    /// The State that speaks.
    pub state: StateCode,
    /// The post's channel.
    pub channel: ChannelId,
    /// The post's section.
    pub section: SectionId,
    /// The post's act.
    pub act_id: ActId,
    /// From whom.
    pub audience: Audience,
}

/// A submission has been cleared by its State.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clearance {
    /// The post.
    pub post: PostRef,
}

/// A person belongs to a State.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Membership {
    /// The State.
    pub state: StateCode,
    /// What the person is.
    pub role: Role,
    /// Instruments, ascending.
    pub instruments: Vec<InstrumentCode>,
    /// SHA-256 of the encoded [`PersonKeys`].
    pub keys: Digest,
}
