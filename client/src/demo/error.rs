//! How a demo fails.

use std::path::{Path, PathBuf};

/// The demo stopped. What it had made is in its folder, if one was given with `--keep`.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// The server's program is not there.
    #[error("{} is not there, and the demo runs it", path.display())]
    NoServer {
        /// Where it should be.
        path: PathBuf,
    },
    /// The folder has something in it.
    #[error("{} is not empty, and the demo overwrites nothing", folder.display())]
    NotEmpty {
        /// The folder.
        folder: PathBuf,
    },
    /// A file or program could not be used.
    #[error("{}: {kind}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The reason.
        kind: std::io::ErrorKind,
    },
    /// The server did not start.
    #[error("the server did not start; its log is {}", log.display())]
    ServerFailed {
        /// Its log.
        log: PathBuf,
    },
    /// The server is not running.
    #[error("the server is not running")]
    NotRunning,
    /// Something was refused that should have been done.
    #[error("{who} could not do `chancery {command}`: {said}")]
    Unexpected {
        /// Who.
        who: &'static str,
        /// What was tried.
        command: String,
        /// What the program said.
        said: String,
    },
    /// Something was done that should have been refused.
    #[error("{who} did `chancery {command}`, which must be refused")]
    NotRefused {
        /// Who.
        who: &'static str,
        /// What was tried.
        command: String,
    },
    /// An answer is not of the documented form.
    #[error("an answer of the program is not of the form that docs/interface.md describes: {0}")]
    Answer(&'static str),
    /// The public page did not answer as it should.
    #[error("the public page answered {0} otherwise than it should")]
    Page(String),
    /// Two answers that must be the same differ.
    #[error("two answers that must look the same differ: {0}")]
    Differs(&'static str),
    /// The machine gives no random bytes.
    #[error("the machine gives no random bytes")]
    Randomness(#[from] chancery_seal::SealError),
}

impl DemoError {
    pub(super) fn file(path: &Path, error: &std::io::Error) -> Self {
        Self::File { path: path.to_owned(), kind: error.kind() }
    }
}
