//! What a session has done to the logs, for whoever tells a person how a command has ended.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use chancery_core::id::ActId;

use super::{Session, SessionError};
use crate::home::HomeError;
use crate::link::LinkError;

/// What a session has done to the logs. It goes on being filled in while the session works.
#[derive(Debug, Default)]
pub struct Landed {
    sent: AtomicBool,
    unread: OnceLock<Unread>,
}

/// An act that stands in its log and could not be read back.
#[derive(Debug)]
pub struct Unread {
    /// The act.
    pub act: ActId,
    /// Its place in the log.
    pub index: u64,
    /// Why it could not be read back.
    pub why: String,
}

impl Landed {
    /// Whether an act was sent that the server has not refused: it stands, or may stand.
    #[must_use]
    pub fn any(&self) -> bool {
        self.sent.load(Ordering::Relaxed)
    }

    /// The first act that could not be read back.
    #[must_use]
    pub fn unread(&self) -> Option<&Unread> {
        self.unread.get()
    }

    pub(super) fn set_sent(&self) {
        self.sent.store(true, Ordering::Relaxed);
    }

    pub(super) fn set_unread(&self, unread: Unread) {
        let _ = self.unread.set(unread);
    }
}

impl Session {
    /// What this session has done to the logs.
    #[must_use]
    pub fn landed(&self) -> Arc<Landed> {
        Arc::clone(&self.landed)
    }
}

/// Whether reading back has failed for a reason that says nothing about the log: the link, the disk, or that the
/// person is served no more, as who has left a channel.
pub(super) const fn is_outside(error: &SessionError) -> bool {
    matches!(
        error,
        SessionError::Link(LinkError::Unavailable(_) | LinkError::Refused { .. })
            | SessionError::Home(HomeError::Io { .. })
    )
}
