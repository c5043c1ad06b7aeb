//! Comparing one's logs with those of another person, who shows a file of checkpoints.

use std::path::Path;

use chancery_core::id::{ChannelId, KeyId};
use chancery_core::log::{CheckpointError, SignedCheckpoint};

use super::verify_fork::read_at_most;
use crate::files::{FileError, write_file};
use crate::sync::{Session, SessionError};
use crate::verify::{CHECKPOINTS_BYTES_MAX, Checkpoints, NotCheckpoints};

/// How one log of the other person compares with one's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Compared {
    /// The channel.
    pub channel: ChannelId,
    /// Entries in the other's checkpoint; none where it was not opened.
    pub size: Option<u64>,
    /// What was found.
    pub outcome: Outcome,
}

/// What a comparison finds, short of a fork.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The other's log is one's own, or its beginning.
    Same,
    /// The other's is larger: only its holder can compare.
    Larger,
    /// One does not read this log.
    Unread,
}

impl Outcome {
    /// The word in JSON.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Larger => "larger",
            Self::Unread => "unread",
        }
    }
}

/// Why a comparison says nothing.
#[derive(Debug, thiserror::Error)]
pub enum CompareError {
    /// The file cannot be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// It is no file of checkpoints.
    #[error(transparent)]
    NotCheckpoints(#[from] NotCheckpoints),
    /// It is of another deployment.
    #[error("the file is of the deployment of another root, {0}")]
    OtherRoot(KeyId),
    /// A checkpoint in it is not the log key's.
    #[error("{fault}")]
    Checkpoint {
        /// Of which log.
        channel: ChannelId,
        /// Why not.
        fault: CheckpointError,
    },
    /// The session; [`SessionError::Forked`] if the log key has signed two histories.
    #[error(transparent)]
    Session(#[from] SessionError),
}

/// Writes the checkpoints of every log that the session has read to a new file, for another person. It names
/// nobody. Returns how many there are.
///
/// # Errors
/// [`FileError::Exists`], [`FileError::Io`].
pub fn export(session: &Session, to: &Path) -> Result<usize, FileError> {
    let signed = session.checkpoints();
    let count = signed.len();
    write_file(to, Checkpoints::of(signed).encode().as_bytes(), false)?;
    Ok(count)
}

/// Compares the checkpoints in a file with what the session has read.
///
/// # Errors
/// [`CompareError`]; of a fork, the proof is kept.
pub fn compare(session: &Session, path: &Path) -> Result<Vec<Compared>, CompareError> {
    let theirs = Checkpoints::decode(&read_at_most(path, CHECKPOINTS_BYTES_MAX)?)?;
    let mut compared = Vec::new();
    for (root, channel, note) in theirs.iter() {
        if root != *session.root() {
            return Err(CompareError::OtherRoot(root));
        }
        let Some(view) = session.own_view(channel) else {
            compared.push(Compared { channel, size: None, outcome: Outcome::Unread });
            continue;
        };
        let signed = SignedCheckpoint::open_alone(note, &view.origin(), view.log_key)
            .map_err(|fault| CompareError::Checkpoint { channel, fault })?;
        session.compare(&view, &signed)?;
        let size = signed.head().size;
        let outcome = if size > view.log.size() { Outcome::Larger } else { Outcome::Same };
        compared.push(Compared { channel, size: Some(size), outcome });
    }
    Ok(compared)
}
