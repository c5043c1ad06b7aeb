//! What State keys sign: statements that hold outside the channel they were made in.

use super::{Audience, Role, SealedBody};
use crate::id::{ActId, ChannelId, Digest, InstrumentCode, SectionId, StateCode};
use crate::mechanism::ItemKind;
use crate::name::Namespace;

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
    /// The State's next key.
    KeySuccession(KeySuccession),
    /// The State objects to a replacement of its key.
    Objection(Objection),
}

impl StateStatement {
    /// The namespace of its signature.
    #[must_use]
    pub const fn namespace(&self) -> Namespace {
        match self {
            Self::Grant(_) => Namespace::Grant,
            Self::Withdrawal(_) => Namespace::Withdrawal,
            Self::Clearance(_) => Namespace::Clearance,
            Self::Membership(_) => Namespace::Membership,
            Self::KeySuccession(_) => Namespace::KeySuccession,
            Self::Objection(_) => Namespace::Objection,
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
    /// The log time from which the person is not there any more, in milliseconds.
    pub expires_ms: Option<u64>,
}

/// The next key of the State that signs this.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeySuccession {
    /// The State.
    pub state: StateCode,
    /// Ed25519 key.
    pub key: [u8; 32],
    /// Of the next key.
    pub generation: u64,
}

/// The State objects to an announced replacement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Objection {
    /// The State.
    pub state: StateCode,
    /// The announcement's act.
    pub announcement: ActId,
}
