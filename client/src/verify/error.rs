//! What can be wrong with a log.

use chancery_core::act::ActError;
use chancery_core::error::Reason;
use chancery_core::id::{ActId, ChannelId, DeviceId};
use chancery_core::log::CheckpointError;
use std::fmt;

/// A log is not what it must be. Nothing was changed in the copy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {fault}", Where(.channel, .at.as_ref()))]
pub struct VerifyError {
    /// Whose log it is.
    pub channel: ChannelId,
    /// The first entry that is wrong; none where the log as a whole is.
    pub at: Option<At>,
    /// What is wrong.
    pub fault: Fault,
}

/// An entry of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct At {
    /// Its index.
    pub index: u64,
    /// Its act, where so much could be read.
    pub act: Option<ActId>,
}

/// What is wrong with an entry or a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The bytes are not a signed act of this version.
    #[error("it is not a well-formed act ({0})")]
    Malformed(ActError),
    /// The signature does not hold: the act was altered, or its author never made it.
    #[error("its signature does not hold; the act was altered, or its author never made it")]
    BadSignature,
    /// The rules do not allow this act here; a server that keeps them would not have appended it.
    #[error("the rules do not allow this act here: {0}")]
    Refused(Reason),
    /// Another entry stands in its place: one was dropped, repeated or moved.
    #[error("entry {expected} was expected and entry {found} was handed out")]
    OutOfOrder {
        /// The index expected.
        expected: u64,
        /// The index handed out.
        found: u64,
    },
    /// Its log time is before that of the entry before it.
    #[error("its log time is before that of the entry before it")]
    TimeBack,
    /// Its log time lies further ahead of this machine's clock than is accepted.
    #[error("its log time is {ahead_ms} ms ahead of this machine's clock")]
    TimeAhead {
        /// Milliseconds ahead.
        ahead_ms: u64,
    },
    /// The act names a body, and none was handed out.
    #[error("its body was not handed out")]
    NoBody,
    /// The body handed out is not the one that the act names.
    #[error("the body handed out is not the one that the act names")]
    OtherBody,
    /// The box of the previous secret is not the one that the act names.
    #[error("the box of the previous secret is not the one that the act names")]
    OtherBox,
    /// A wrap handed out does not stand in the list of wraps that the act names.
    #[error("a wrapped key handed out does not stand in the list that the act names")]
    OtherWrap,
    /// The signed statement of the log's size and root is not one.
    #[error("{0}")]
    Checkpoint(#[from] CheckpointError),
    /// Fewer or more entries were handed out than the checkpoint covers.
    #[error("the checkpoint covers {size} entries, and {found} were handed out")]
    NotCovered {
        /// Entries that the checkpoint covers.
        size: u64,
        /// Entries that are there.
        found: u64,
    },
    /// The server's log has fewer entries than were verified before.
    #[error("the log was rolled back: {kept} entries were verified before, the server now signs {offered}")]
    RolledBack {
        /// Entries verified before.
        kept: u64,
        /// Entries that the server's newest checkpoint covers.
        offered: u64,
    },
    /// The log that the server signs is not the one that it handed out, or not the one verified before.
    #[error(
        "the log of {size} entries that the server signed is not the one that it handed out and that was verified before"
    )]
    Forked {
        /// The checkpoint's size.
        size: u64,
    },
    /// Another reader's device was shown another log than this one.
    #[error("another reader, by device {device}, was shown another log of {size} entries than you")]
    OtherView {
        /// The size at which the two part, or have parted before.
        size: u64,
        /// The reader's device.
        device: DeviceId,
    },
    /// The log's first act does not name the mechanism file that the server gave.
    #[error("the mechanism file is not the one that the root founded this deployment with")]
    OtherMechanism,
    /// The log has no first act of the root, so nothing in it can be judged.
    #[error("the deployment has not been founded")]
    NotFounded,
    /// The server gave a receipt for an act that does not stand in its log.
    #[error("the server gave a receipt for this act, and it does not stand in the log")]
    NotIncluded,
    /// A publication log holds a grant or withdrawal that no act of its channel carries.
    #[error("no act of its channel carries this grant or withdrawal")]
    NotOfItsChannel,
    /// A channel's disclosure or withdrawal does not stand in the publication log.
    #[error("this disclosure or withdrawal does not stand in the publication log")]
    NotPublished,
}

impl Fault {
    /// The code in JSON.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Malformed(_) => "MALFORMED_ENTRY",
            Self::BadSignature => "BAD_SIGNATURE",
            Self::Refused(_) => "NOT_ALLOWED_HERE",
            Self::OutOfOrder { .. } => "OUT_OF_ORDER",
            Self::TimeBack => "LOG_TIME_BACK",
            Self::TimeAhead { .. } => "LOG_TIME_AHEAD",
            Self::NoBody => "NO_BODY",
            Self::OtherBody => "OTHER_BODY",
            Self::OtherBox => "OTHER_BOX",
            Self::OtherWrap => "OTHER_WRAP",
            Self::Checkpoint(_) => "BAD_CHECKPOINT",
            Self::NotCovered { .. } => "NOT_COVERED",
            Self::RolledBack { .. } => "ROLLED_BACK",
            Self::Forked { .. } | Self::OtherView { .. } => "FORKED",
            Self::OtherMechanism => "OTHER_MECHANISM",
            Self::NotFounded => "NOT_FOUNDED",
            Self::NotIncluded => "NOT_INCLUDED",
            Self::NotOfItsChannel => "NOT_OF_ITS_CHANNEL",
            Self::NotPublished => "NOT_PUBLISHED",
        }
    }

    /// What a person does next.
    #[must_use]
    pub const fn next(&self) -> &'static str {
        match self {
            Self::TimeAhead { .. } => "Check this machine's clock and try again.",
            Self::Malformed(
                ActError::UnknownKind | ActError::UnknownSchema(_) | ActError::UnknownSuite(_),
            ) => "A newer version may have made it: update this program.",
            Self::Forked { .. } | Self::RolledBack { .. } | Self::OtherView { .. } | Self::Refused(_) => {
                "Keep this home as it is, and rely on nothing new from this server. Report it to the secretariat and \
                 your focal point by another way. Compare your logs with another member's (chancery verify \
                 --export, --against), and a State's safety number with its note verbale (chancery trust compare)."
            }
            _ => {
                "Keep this home as it is and report it to the secretariat and your focal point: the server, or \
                 someone between, does not show you the true log."
            }
        }
    }

    /// The paragraph behind a refusal.
    #[must_use]
    pub const fn paragraph(&self) -> Option<u16> {
        match self {
            Self::Refused(reason) => reason.paragraph(),
            _ => None,
        }
    }

    pub(super) const fn of_act(error: ActError) -> Self {
        match error {
            ActError::BadSignature => Self::BadSignature,
            ActError::WrongSigner => Self::Refused(Reason::WrongSigner),
            other => Self::Malformed(other),
        }
    }
}

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "entry {}", self.index)?;
        self.act.map_or(Ok(()), |act| write!(f, " (act {act})"))
    }
}

struct Where<'a>(&'a ChannelId, Option<&'a At>);

impl fmt::Display for Where<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.1 {
            Some(at) => write!(f, "channel {}, {at}", self.0),
            None => write!(f, "channel {}", self.0),
        }
    }
}
