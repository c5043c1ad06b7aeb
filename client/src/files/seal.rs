//! Reading and sealing a file, part by part, while the parts before are sent.
//!
//! ```text
//! read, hash the content, seal, hash the part  ->  sender
//!    ^----- the memory of a part that was sent -----'
//! ```
//!
//! Three parts are in memory, whatever the file's size: one is being sent, one waits for that, one is being
//! sealed. Their memory is used again and again.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::mpsc::{Sender, channel};

use bytes::Bytes;
use chancery_core::id::Digest;
use chancery_seal::SealError;
use chancery_seal::file::{FileJournal, FileSealer, SealedHash};
use tokio::sync::mpsc;

use super::FileError;
use crate::link::UploadPart;

/// What sealing a whole file has found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sealed {
    /// SHA-256 of the content.
    pub(super) sha256: Digest,
    /// SHA-256 over the SHA-256s of the sealed parts.
    pub(super) parts_sha256: Digest,
}

/// Seals every part of the file and gives those from `first` on to `sender`. `record` stores the journal durably
/// before a part is let out for the first time. A part that is held for ever keeps the sealing from going on.
///
/// # Errors
/// [`FileError`]; [`SealError::SourceChanged`] if the file is not what the journal says.
pub(super) fn seal(
    writer: &mut FileSealer,
    path: &Path,
    first: u32,
    sender: mpsc::Sender<UploadPart>,
    mut record: impl FnMut(&FileJournal) -> Result<(), FileError>,
) -> Result<Sealed, FileError> {
    let mut file = File::open(path).map_err(FileError::io(path))?;
    let layout = writer.journal().layout();
    let (back, free) = channel();
    for _ in 0..PARTS_IN_MEMORY {
        // This end is there, so it is taken.
        let _ = back.send(Vec::new());
    }
    let mut content = SealedHash::new();
    for part in 0..layout.parts() {
        // INVARIANT: `back` is here, so there is always one who could send.
        let sealed = free.recv().unwrap_or_default();
        let mut lent = Lent { sealed, back: back.clone() };
        let read = |piece: &mut [u8]| {
            file.read_exact(piece).map_err(|error| cut_off(path, error, part))?;
            content.update(piece);
            Ok(())
        };
        let sha256 = writer.seal_part(part, &mut lent.sealed, read, &mut record)?;
        if part >= first {
            let part = UploadPart { number: part, sha256, data: Bytes::from_owner(lent) };
            // The upload has ended, and says itself why.
            sender.blocking_send(part).map_err(|_| FileError::Incomplete)?;
        }
    }
    // Nothing more comes.
    drop(sender);
    // Longer than it was: what is read would not be the file.
    if file.read(&mut [0]).map_err(FileError::io(path))? != 0 {
        return Err(SealError::SourceChanged { part: layout.parts() }.into());
    }
    let parts_sha256 = writer.journal().parts_sha256().ok_or(FileError::Bug("a part was not sealed"))?;
    Ok(Sealed { sha256: content.finish(), parts_sha256 })
}

/// A file that has become shorter has changed.
fn cut_off(path: &Path, error: io::Error, part: u32) -> FileError {
    if error.kind() == io::ErrorKind::UnexpectedEof {
        SealError::SourceChanged { part }.into()
    } else {
        FileError::Io { path: path.to_owned(), error }
    }
}

/// The memory of one part. It comes back when the last of its bytes was sent, or given up.
struct Lent {
    sealed: Vec<u8>,
    back: Sender<Vec<u8>>,
}

impl AsRef<[u8]> for Lent {
    fn as_ref(&self) -> &[u8] {
        &self.sealed
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        // After the last part nobody waits for it any more.
        let _ = self.back.send(std::mem::take(&mut self.sealed));
    }
}

const PARTS_IN_MEMORY: usize = 3;
