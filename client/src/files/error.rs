//! Why a file could not be sent or fetched.

use std::io;
use std::path::{Path, PathBuf};

use chancery_core::id::FileId;
use chancery_seal::SealError;

use crate::home::HomeError;
use crate::link::LinkError;

/// Why a file could not be sent or fetched. Nothing was posted; a half-done transfer stays for the next try.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// It cannot be read or written.
    #[error("{path}: {error}", path = .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// Not a regular file.
    #[error("{path} is not a file", path = .0.display())]
    NotAFile(PathBuf),
    /// There is something of that name.
    #[error("{path} is there already", path = .0.display())]
    Exists(PathBuf),
    /// The file changed again and again while it was read.
    #[error("{path} changes while it is read", path = .0.display())]
    Changing(PathBuf),
    /// More files than a post may cite.
    #[error("{0} files are too many for one post")]
    TooMany(usize),
    /// The server holds another number of parts than were sent.
    #[error("the server did not take the whole file")]
    Incomplete,
    /// What was fetched is not the file that the post cites.
    #[error("what was fetched is not the file that the post cites")]
    NotAsCited(FileId),
    /// An earlier try has left a beginning that does not belong to the file.
    #[error("the beginning of the file, which an earlier try has left here, is not that of the file cited")]
    BeginningDamaged(FileId),
    /// It does not seal or open.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// The home.
    #[error(transparent)]
    Home(#[from] HomeError),
    /// The server.
    #[error(transparent)]
    Link(#[from] LinkError),
    /// Our bug.
    #[error("{0}")]
    Bug(&'static str),
}

impl FileError {
    pub(crate) fn io(path: &Path) -> impl Fn(io::Error) -> Self {
        move |error| Self::Io { path: path.to_owned(), error }
    }

    /// Whether the file itself is bad, so that fetching it again is of no use.
    #[must_use]
    pub const fn is_of_the_file(&self) -> bool {
        matches!(self, Self::NotAsCited(_) | Self::BeginningDamaged(_) | Self::Seal(_))
    }
}
