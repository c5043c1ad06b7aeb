//! What acts of reviews and of their channels state.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::Recipients;
use crate::id::{
    ActId, ChannelId, Digest, FileId, InstrumentCode, KeyId, SectionId, StateCode, TeamId, UserId,
};
use crate::mechanism::{ItemKind, Language};

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

/// The reviewing States change (¶30).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AmendReview {
    /// The reviewing States from here on, ascending.
    pub reviewers: Vec<Reviewer>,
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

/// The current secret is handed to the new key of a member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShareEpoch {
    /// The member.
    pub user: UserId,
    /// The wrap of the current secret to the person's key.
    pub recipients: Recipients,
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
    pub clearance: Option<super::SignedStatement>,
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
    pub grants: Vec<super::SignedStatement>,
}

/// Posts of one section are no longer served to an audience.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Withdraw {
    /// The section.
    pub section: SectionId,
    /// From whom.
    pub audience: Audience,
    /// One signed withdrawal for each post, in log order.
    pub withdrawals: Vec<super::SignedStatement>,
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
