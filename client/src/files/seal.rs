//! Reading and sealing a file, part by part, on threads of their own while the parts before are sent.
//!
//! ```text
//! sealer: read, hash the content, seal, hash the part  ->  hasher: hash the whole  ->  sender
//!    ^---------------------- the memory of a part that was sent ----------------------'
//! ```
//!
//! Three parts are in memory, whatever the file's size: one is being sent, one waits for that, one is being
//! sealed. Their memory is used again and again.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread;

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
    /// SHA-256 of the sealed file.
    pub(super) sealed_sha256: Digest,
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
    record: impl FnMut(&FileJournal) -> Result<(), FileError> + Send,
) -> Result<Sealed, FileError> {
    let (out, parts) = sync_channel(0);
    let (back, free) = channel();
    for _ in 0..PARTS_IN_MEMORY {
        // This end is there, so it is taken.
        let _ = back.send(Vec::new());
    }
    thread::scope(|scope| {
        let hasher = scope.spawn(move || hash(&parts, first, &sender, &back));
        let sha256 = read_and_seal(writer, path, &free, &out, record);
        // Nothing more comes.
        drop(out);
        let sealed_sha256 = hasher.join().map_err(|_| FileError::Bug("the hashing thread stopped"))?;
        Ok(Sealed { sha256: sha256?, sealed_sha256 })
    })
}

/// A part as it was sealed, and its hash.
type SealedPart = (u32, Digest, Vec<u8>);

fn read_and_seal(
    writer: &mut FileSealer,
    path: &Path,
    free: &Receiver<Vec<u8>>,
    out: &SyncSender<SealedPart>,
    mut record: impl FnMut(&FileJournal) -> Result<(), FileError>,
) -> Result<Digest, FileError> {
    let mut file = File::open(path).map_err(FileError::io(path))?;
    let layout = writer.journal().layout();
    let mut whole = SealedHash::new();
    for part in 0..layout.parts() {
        // Where the upload has ended, it says itself why.
        let mut sealed = free.recv().map_err(|_| FileError::Incomplete)?;
        let read = |piece: &mut [u8]| {
            file.read_exact(piece).map_err(|error| cut_off(path, error, part))?;
            whole.update(piece);
            Ok(())
        };
        let hash = writer.seal_part(part, &mut sealed, read, &mut record)?;
        out.send((part, hash, sealed)).map_err(|_| FileError::Incomplete)?;
    }
    // Longer than it was: what is read would not be the file.
    if file.read(&mut [0]).map_err(FileError::io(path))? != 0 {
        return Err(SealError::SourceChanged { part: layout.parts() }.into());
    }
    Ok(whole.finish())
}

/// A file that has become shorter has changed.
fn cut_off(path: &Path, error: io::Error, part: u32) -> FileError {
    if error.kind() == io::ErrorKind::UnexpectedEof {
        SealError::SourceChanged { part }.into()
    } else {
        FileError::Io { path: path.to_owned(), error }
    }
}

fn hash(
    parts: &Receiver<SealedPart>,
    first: u32,
    sender: &mpsc::Sender<UploadPart>,
    back: &Sender<Vec<u8>>,
) -> Digest {
    let mut whole = SealedHash::new();
    for (number, sha256, sealed) in parts {
        whole.update(&sealed);
        let sealed = Lent { sealed, back: back.clone() };
        if number < first {
            continue;
        }
        let part = UploadPart { number, sha256, data: Bytes::from_owner(sealed) };
        // The upload has ended, and says itself why.
        if sender.blocking_send(part).is_err() {
            break;
        }
    }
    whole.finish()
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
