//! Sending a sealed file, and going on after a stop.

use std::fs;
use std::path::Path;
use std::pin::Pin;
use std::task::{Context, Poll};

use chancery_core::act::Attachment;
use chancery_core::error::WireReason;
use chancery_core::id::{ChannelId, Digest};
use chancery_seal::SealError;
use chancery_seal::file::{FileJournal, FileLayout, FileSealer};
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio_stream::Stream;

use super::seal::{Sealed, seal};
use super::{FileError, Progress, file_name, media_type};
use crate::home::{Family, Home};
use crate::link::{FileUse, Link, LinkError, UploadPart, Uploaded};

/// How often an upload begins anew because the file has changed.
const ATTEMPTS: usize = 3;

/// The server's reason where a file's id cannot be used any more.
const TAKEN: &str = WireReason::FileExists.code();

/// Under which name the home keeps the journal of an upload.
pub(super) fn journal_name(channel: ChannelId, path: &Path) -> [u8; 32] {
    let name = [&channel.as_bytes()[..], path.as_os_str().as_encoded_bytes()].concat();
    *Digest::of(&name).as_bytes()
}

pub(super) async fn upload(
    home: &Home,
    link: &Link,
    channel: ChannelId,
    path: &Path,
    progress: &Progress,
) -> Result<Attachment, FileError> {
    let source = path.canonicalize().map_err(FileError::io(path))?;
    let name = journal_name(channel, &source);
    for _ in 0..ATTEMPTS {
        let metadata = fs::metadata(&source).map_err(FileError::io(path))?;
        if !metadata.is_file() {
            return Err(FileError::NotAFile(path.to_owned()));
        }
        let mut writer = begin(home, channel, &name, metadata.len())?;
        match send(home, link, &mut writer, &source, &name, progress).await {
            Ok(sealed) => return Ok(cite(&writer, &sealed, path)),
            // Another file under the same key would repeat a nonce: a new file, key and salt.
            Err(FileError::Seal(SealError::SourceChanged { .. })) => home.remove(Family::Journal, &name)?,
            // The server is about to remove what it had of it.
            Err(FileError::Link(error)) if error.reason() == Some(TAKEN) => {
                home.remove(Family::Journal, &name)?;
            }
            Err(error) => return Err(error),
        }
    }
    Err(FileError::Changing(path.to_owned()))
}

/// Goes on from the journal, if there is one of a file of this length.
fn begin(home: &Home, channel: ChannelId, name: &[u8], length: u64) -> Result<FileSealer, FileError> {
    let stored = home.get(Family::Journal, name)?;
    let journal = stored.and_then(|bytes| FileJournal::decode(&bytes).ok());
    let journal = journal.filter(|j| j.channel() == channel && j.layout().content_bytes() == length);
    if let Some(journal) = journal {
        return Ok(FileSealer::resume(journal)?);
    }
    let writer = FileSealer::make(channel, length)?;
    home.put(Family::Journal, name, &writer.journal().encode())?;
    Ok(writer)
}

async fn send(
    home: &Home,
    link: &Link,
    writer: &mut FileSealer,
    path: &Path,
    name: &[u8],
    progress: &Progress,
) -> Result<Sealed, FileError> {
    let (channel, file, layout) = {
        let journal = writer.journal();
        (journal.channel(), journal.file(), journal.layout())
    };
    let first = link.start_upload(channel, file, layout.sealed_bytes(), FileUse::Sealed).await?;
    progress
        .tell((0..first).filter_map(|part| layout.content_part(part).ok()).map(|r| r.end - r.start).sum());
    let (sender, receiver) = mpsc::channel(1);
    let parts = Parts { receiver, progress: progress.clone(), sealed: Some(layout) };
    let complete = first >= layout.parts();
    let record = |journal: &FileJournal| Ok(home.put(Family::Journal, name, &journal.encode())?);
    // The home stays here; the threads that use it end before this does.
    let (sealed, uploaded) = tokio::task::block_in_place(|| {
        std::thread::scope(|scope| {
            let sealing = scope.spawn(move || seal(writer, path, first, sender, record));
            let uploaded = Handle::current().block_on(transfer(link, file, parts, complete));
            let sealed = sealing.join().map_err(|_| FileError::Bug("the sealing thread stopped"));
            (sealed, uploaded)
        })
    });
    let sealed = sealed?;
    if matches!(sealed, Err(FileError::Incomplete)) {
        // The connection broke first: that is what has happened.
        uploaded?;
        return Err(FileError::Incomplete);
    }
    let (sealed, uploaded) = (sealed?, uploaded?);
    if uploaded.complete { Ok(sealed) } else { Err(FileError::Incomplete) }
}

async fn transfer(
    link: &Link,
    file: chancery_core::id::FileId,
    mut parts: Parts,
    complete: bool,
) -> Result<Uploaded, LinkError> {
    if !complete {
        return link.upload(file, parts).await;
    }
    // Everything is there: it is only hashed again, for the act that will cite it.
    while parts.receiver.recv().await.is_some() {}
    Ok(Uploaded { received_parts: 0, complete: true })
}

fn cite(writer: &FileSealer, sealed: &Sealed, path: &Path) -> Attachment {
    let journal = writer.journal();
    Attachment {
        file: journal.file(),
        key: *journal.key().as_bytes(),
        sealed_length: journal.layout().sealed_bytes(),
        parts_sha256: sealed.parts_sha256,
        length: journal.layout().content_bytes(),
        sha256: sealed.sha256,
        name: file_name(path),
        media_type: media_type(path).to_owned(),
    }
}

/// The parts as they are sealed.
pub(super) struct Parts {
    pub(super) receiver: mpsc::Receiver<UploadPart>,
    pub(super) progress: Progress,
    /// How the file is cut, if its parts are sealed: what is told is how much of its content they hold.
    pub(super) sealed: Option<FileLayout>,
}

impl Parts {
    fn content_bytes(&self, part: &UploadPart) -> u64 {
        let content = self.sealed.and_then(|layout| layout.content_part(part.number).ok());
        content.map_or(part.data.len() as u64, |content| content.end - content.start)
    }
}

impl Stream for Parts {
    type Item = UploadPart;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<UploadPart>> {
        let polled = self.receiver.poll_recv(context);
        if let Poll::Ready(Some(part)) = &polled {
            self.progress.tell(self.content_bytes(part));
        }
        polled
    }
}
