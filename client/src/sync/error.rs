//! Why a session could not do what a verb asked of it.

use std::path::PathBuf;

use chancery_core::act::{ActError, TextFault};
use chancery_core::error::Reason;
use chancery_core::id::{ActId, ChannelId, DeviceId, InstrumentCode, StateCode};
use chancery_core::policy::BodyFault;
use chancery_seal::SealError;

use crate::clock::Skew;
use crate::compose::ComposeError;
use crate::files::FileError;
use crate::home::HomeError;
use crate::keyring::OpenError;
use crate::link::LinkError;
use crate::second::RootActsError;
use crate::verify::VerifyError;

/// Why a session could not do what a verb asked of it. Nothing was changed, unless the variant says so.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// The home.
    #[error(transparent)]
    Home(#[from] HomeError),
    /// The server.
    #[error(transparent)]
    Link(#[from] LinkError),
    /// What the server hands out does not verify.
    #[error(transparent)]
    Verify(#[from] VerifyError),
    /// The server has signed two histories of a log; the proof is kept in a file.
    #[error("{error}")]
    Forked {
        /// What was found.
        error: VerifyError,
        /// The proof.
        proof: PathBuf,
    },
    /// The rules refuse it; nothing was sent.
    #[error("{0}")]
    Refused(#[from] Reason),
    /// The content breaks a rule that readers check; nothing was sent.
    #[error("{0}")]
    Body(#[from] BodyFault),
    /// What a person has written is more or other than any reader takes; nothing was sent.
    #[error("the {field} {fault}")]
    Text {
        /// Which of the texts.
        field: &'static str,
        /// Why.
        fault: TextFault,
    },
    /// A post without words and without a file; nothing was sent.
    #[error("there is no text and no file to post")]
    Empty,
    /// An act could not be made.
    #[error(transparent)]
    Compose(#[from] ComposeError),
    /// Something does not open.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// A file.
    #[error(transparent)]
    File(#[from] FileError),
    /// The server gave no mechanism file, or one that is not well-formed.
    #[error("the server's mechanism file is not one that this program can read")]
    Mechanism,
    /// There is no such channel for this person.
    #[error("there is no channel {0} for you")]
    NoSuchChannel(ChannelId),
    /// There is nothing of this description.
    #[error("there is no {what} {name} here")]
    NotFound {
        /// What was looked for.
        what: &'static str,
        /// As the person named it.
        name: String,
    },
    /// The device was shut out before.
    #[error("the device {0} is shut out already")]
    ShutOut(DeviceId),
    /// The invitation is not one that somebody has answered and that is open.
    #[error("nobody can be admitted: the invitation {0}")]
    NotAnswered(&'static str),
    /// More than one thing fits.
    #[error("{name} fits more than one {what}")]
    Ambiguous {
        /// What was looked for.
        what: &'static str,
        /// As the person named it.
        name: String,
    },
    /// What a State had opened is not served any more.
    #[error("item {index} was withdrawn")]
    Withdrawn {
        /// Its place in the publication log.
        index: u64,
        /// When it was withdrawn.
        withdrawn_ms: u64,
    },
    /// There is a review of the State on an instrument of the new one.
    #[error("there is a review of {state} on {instrument} already: {review}")]
    ReviewThere {
        /// The State.
        state: StateCode,
        /// The instrument.
        instrument: InstrumentCode,
        /// The review.
        review: ChannelId,
    },
    /// There is no key of all parties to which a disclosure could be wrapped.
    #[error("the secretariat has not made the key of all parties yet")]
    NoAllPartiesKey,
    /// What was opened to all parties was opened under a key that nobody could hand on any more when this person
    /// came.
    #[error(
        "this was opened to all parties under key {generation}, which was lost before you could be given it"
    )]
    LostAllPartiesKey {
        /// The generation of the key.
        generation: u64,
    },
    /// This home does not hold its State's newest key, or the State has none.
    #[error("this home does not hold the current key of {0}")]
    NoStateKey(StateCode),
    /// Sent, but no answer came: it may have landed. It waits in the outbox and is sent again, once.
    #[error("act {act} waits in the outbox, and may have landed or not: {cause}")]
    Waits {
        /// The first act of the append.
        act: ActId,
        /// Why no answer came.
        cause: LinkError,
    },
    /// This machine's clock is so far behind the server's that what is written could not be read back. Nothing
    /// was sent.
    #[error("this machine's clock is behind the server's")]
    Clock(Skew),
    /// Acts of the root could not be put into a file for the second custodian. Nothing was sent.
    #[error(transparent)]
    RootActs(#[from] RootActsError),
    /// The program is wrong.
    #[error("{0}")]
    Bug(&'static str),
}

impl From<SealError> for SessionError {
    fn from(error: SealError) -> Self {
        Self::Compose(error.into())
    }
}

impl From<ActError> for SessionError {
    fn from(error: ActError) -> Self {
        Self::Compose(error.into())
    }
}

impl SessionError {
    /// Whether the server has said no, so that nothing of it can have landed.
    #[must_use]
    pub const fn is_refusal(&self) -> bool {
        matches!(self, Self::Refused(_) | Self::Link(LinkError::Refused { .. }))
    }

    /// The policy's reason, whichever side found it.
    #[must_use]
    pub fn reason(&self) -> Option<Reason> {
        match self {
            Self::Refused(reason) => Some(*reason),
            Self::Link(error) | Self::File(FileError::Link(error)) => {
                let code = error.reason()?;
                Reason::ALL.iter().copied().find(|reason| reason.code() == code)
            }
            _ => None,
        }
    }
}
