//! What can go wrong with a home.

use std::io;
use std::path::{Path, PathBuf};

use chancery_seal::SealError;

/// A home could not be made, opened, read or written.
#[derive(Debug, thiserror::Error)]
pub enum HomeError {
    /// Input: the folder holds no home.
    #[error("there is no Chancery home in {}", dir.display())]
    Absent {
        /// The folder.
        dir: PathBuf,
    },
    /// Input: the folder is not empty.
    #[error("{} is not empty", dir.display())]
    Exists {
        /// The folder.
        dir: PathBuf,
    },
    /// Conflict: the device lives in another home now.
    #[error("the home in {} was moved to another machine", dir.display())]
    Moved {
        /// The folder.
        dir: PathBuf,
    },
    /// Conflict: another program has the home open.
    #[error("another Chancery program has {} open", dir.display())]
    InUse {
        /// The folder.
        dir: PathBuf,
    },
    /// Standing: the passphrase is wrong or the key store is damaged; the two look the same.
    #[error("the passphrase is wrong, or the key store is damaged")]
    Locked,
    /// Input: whoever has a copy of the key store guesses a short passphrase.
    #[error(
        "a passphrase has at least {} characters, not counting blanks at its ends; this one has {characters}",
        super::PASSPHRASE_CHARACTERS_MIN
    )]
    ShortPassphrase {
        /// Characters that count.
        characters: usize,
    },
    /// Input: a change that changes nothing.
    #[error("the new passphrase is the old one")]
    SamePassphrase,
    /// Outside world: a file is not what this home wrote.
    #[error("{} is damaged or is not of this home", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
    },
    /// Input: written by a newer program.
    #[error("the home was written by a newer version of Chancery")]
    Newer,
    /// Input: a record's name is too long.
    #[error("a record's name has {bytes} bytes, more than {}", super::RECORD_NAME_BYTES_MAX)]
    Name {
        /// Length of the name.
        bytes: usize,
    },
    /// Standing: the custodians' home does not know its server yet.
    #[error("this home does not know its server yet")]
    NoServer,
    /// Standing: a verb of persons, in the custodians' home.
    #[error("this is the custodians' home, not a person's")]
    NotAPerson,
    /// Standing: a verb of custodians, in a person's home.
    #[error("this is a person's home, not the custodians'")]
    NotACustodian,
    /// Standing: the second custodian's home signs what the root has signed, and does nothing else.
    #[error("this is the second custodian's home, which is never online")]
    SecondCustodian,
    /// Standing: a verb of the second custodian, in another home.
    #[error("this is not a second custodian's home")]
    NotTheSecond,
    /// Outside world: the disk.
    #[error("{}: {cause}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        cause: io::Error,
    },
    /// Sealing failed.
    #[error(transparent)]
    Seal(#[from] SealError),
}

impl HomeError {
    /// For `map_err` on calls to the system.
    pub(super) fn io(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |cause| Self::Io { path, cause }
    }

    pub(super) fn keystore(path: PathBuf, cause: SealError) -> Self {
        match cause {
            SealError::WrongPassphraseOrDamaged => Self::Locked,
            SealError::UnknownVersion { .. } => Self::Newer,
            SealError::Randomness | SealError::Bug(_) => Self::Seal(cause),
            _ => Self::Damaged { path },
        }
    }
}
