//! Reading and sealing a file, part by part, on threads of their own while the parts before are sent.
//!
//! ```text
//! reader: read, hash the content, seal  ->  hasher: hash the sealed part and the whole  ->  sender
//! ```
//!
//! A part is sealed only when the one before it is on its way, so that three parts at most are in memory: one that is
//! being sent, and the content and the sealed bytes of the next.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread;

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

/// Where sealed parts go. Whoever takes one says so, and the next is sealed.
pub(super) struct Outlet {
    parts: mpsc::Sender<UploadPart>,
    taken: Receiver<()>,
}

/// An outlet, and its other end: the parts, and whom to tell that one was taken.
pub(super) fn outlet() -> (Outlet, mpsc::Receiver<UploadPart>, Sender<()>) {
    let (sender, receiver) = mpsc::channel(1);
    let (tell, taken) = channel();
    (Outlet { parts: sender, taken }, receiver, tell)
}

/// Seals every part of the file and gives those from `first` on to `outlet`. `record` stores the journal durably
/// before a part is sealed for the first time.
///
/// # Errors
/// [`FileError`]; [`SealError::SourceChanged`] if the file is not what the journal says.
pub(super) fn seal(
    writer: &mut FileSealer,
    path: &Path,
    first: u32,
    outlet: Outlet,
    record: impl FnMut(&FileJournal) -> Result<(), FileError> + Send,
) -> Result<Sealed, FileError> {
    let (out, parts) = sync_channel(0);
    let Outlet { parts: sender, taken } = outlet;
    thread::scope(|scope| {
        let hasher = scope.spawn(move || hash(&parts, first, &sender));
        let sha256 = read_and_seal(writer, path, (first, &taken), out, record);
        let sealed_sha256 = hasher.join().map_err(|_| FileError::Bug("the hashing thread stopped"))?;
        Ok(Sealed { sha256: sha256?, sealed_sha256 })
    })
}

fn read_and_seal(
    writer: &mut FileSealer,
    path: &Path,
    (first, taken): (u32, &Receiver<()>),
    out: SyncSender<(u32, Vec<u8>)>,
    mut record: impl FnMut(&FileJournal) -> Result<(), FileError>,
) -> Result<Digest, FileError> {
    let mut file = File::open(path).map_err(FileError::io(path))?;
    let layout = writer.journal().layout();
    let mut whole = SealedHash::new();
    let mut content = Vec::new();
    for part in 0..layout.parts() {
        let range = layout.content_part(part)?;
        let length = usize::try_from(range.end - range.start).unwrap_or(usize::MAX);
        content.resize(length, 0);
        file.read_exact(&mut content).map_err(|error| cut_off(path, error, part))?;
        whole.update(&content);
        // The upload has ended, and says itself why.
        if part > first && taken.recv().is_err() {
            return Err(FileError::Incomplete);
        }
        let mut sealed = Vec::new();
        writer.seal_part(part, &content, &mut sealed, &mut record)?;
        if out.send((part, sealed)).is_err() {
            return Err(FileError::Incomplete);
        }
    }
    // Nothing more comes.
    drop(out);
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

fn hash(parts: &Receiver<(u32, Vec<u8>)>, first: u32, sender: &mpsc::Sender<UploadPart>) -> Digest {
    let mut whole = SealedHash::new();
    for (number, sealed) in parts {
        whole.update(&sealed);
        if number < first {
            continue;
        }
        let part = UploadPart { number, sha256: Digest::of(&sealed), data: sealed.into() };
        // The upload has ended, and says itself why.
        if sender.blocking_send(part).is_err() {
            break;
        }
    }
    whole.finish()
}
