//! Uploads: parts in order, each durable before it counts.
//!
//! While one part is made durable the next one comes in, and no more: so a whole file of any size passes
//! through a few mebibytes. A part that is whole is made durable and counted even if the call ends meanwhile.

use std::cmp::Ordering;

use bytes::Bytes;
use chancery_core::error::{Reason, WireReason};
use chancery_core::file::{FileParts, FileUse};
use chancery_core::id::{ChannelId, Digest, FileId, UserId};
use chancery_core::limits::OPEN_UPLOADS_MAX;
use chancery_core::policy;
use ring::digest::{Context, SHA256};
use tokio::task::JoinHandle;

use super::world::View;
use super::{App, AppError, Caller, Clock};
use crate::blobs::{Blobs, PartWriter};
use crate::store::db::{Pool, Source};
use crate::store::files::{self, File, FileState, NewFile, NewPart};

/// What an uploader announces.
#[derive(Debug, Clone, Copy)]
pub struct Announced {
    /// The channel whose acts will cite the file.
    pub channel: ChannelId,
    /// Its id.
    pub file: FileId,
    /// Bytes in all.
    pub length_bytes: u64,
    /// What it is for.
    pub usage: FileUse,
}

/// How far a file has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Received {
    /// Parts that are durable.
    pub parts: u32,
    /// Whether these are all.
    pub complete: bool,
}

/// Where files are kept: their rows and their bytes.
#[derive(Clone)]
pub struct FileStore {
    pub(super) pool: Pool,
    pub(super) blobs: Blobs,
    pub(super) clock: Clock,
}

impl App {
    /// Rows and bytes of files.
    #[must_use]
    pub fn file_store(&self) -> FileStore {
        FileStore { pool: self.pool().clone(), blobs: self.blobs().clone(), clock: self.0.clock.clone() }
    }

    /// Begins an upload, or tells how far the same one got earlier.
    ///
    /// # Errors
    /// [`AppError::NOT_FOUND`] if the channel is not there for the caller; the policy's reason if the caller
    /// may not write there; [`WireReason::FileLength`]; [`WireReason::FileExists`] if the id is taken by another file.
    pub async fn start_upload(&self, caller: &Caller, announced: Announced) -> Result<Received, AppError> {
        let view = self.readable(caller, &announced.channel).await?;
        let View::Channel { channel, .. } = &view else { return Err(Reason::WrongChannel.into()) };
        let person = caller.person()?;
        let directory = self.directory().await?;
        let now = directory.state.now(self.now_ms());
        let (Some(person), Some(roster)) = (now.person(&person.user), view.roster()) else {
            return Err(AppError::NOT_FOUND);
        };
        policy::check_upload(self.mechanism(), &channel.state, roster, &now, &person, announced.usage)?;
        self.file_store().announce(person.user, announced).await
    }

    /// Goes on with an upload that the caller has started.
    ///
    /// # Errors
    /// [`AppError::NOT_FOUND`], the same for an absent file and for another person's.
    pub async fn upload(&self, caller: &Caller, file: &FileId) -> Result<Upload, AppError> {
        let user = caller.person()?.user;
        self.file_store().upload(user, file).await
    }
}

impl FileStore {
    pub(super) fn now_ms(&self) -> u64 {
        (self.clock)()
    }

    /// As [`App::start_upload`], once it is known that the person may.
    async fn announce(&self, uploader: UserId, announced: Announced) -> Result<Received, AppError> {
        let Announced { channel, file: id, length_bytes, usage } = announced;
        let parts = FileParts::new(usage, length_bytes).ok_or(WireReason::FileLength)?;
        let empty = parts.count() == 0;
        if let (true, FileUse::Rendition(sha256)) = (empty, usage)
            && sha256 != Digest::of(b"")
        {
            return Err(WireReason::FileDigest.into());
        }
        let mut tx = self.pool.begin().await?;
        let Some(file) = files::find(&mut Source::Tx(&mut tx), &id).await? else {
            if files::open_uploads(&mut tx, &uploader).await? >= u64::from(OPEN_UPLOADS_MAX) {
                return Err(WireReason::TooMany.into());
            }
            let file = NewFile { id, channel, uploader, length_bytes, usage, empty };
            if !files::insert(&mut tx, &file, self.now_ms()).await? {
                // Another replica has just entered it: the caller asks again and finds it.
                return Err(WireReason::Unavailable.into());
            }
            tx.commit().await?;
            return Ok(Received { parts: 0, complete: empty });
        };
        tx.rollback().await?;
        let same = (file.channel, file.uploader, file.length_bytes, file.usage)
            == (channel, uploader, length_bytes, usage);
        if !same || file.state == FileState::Doomed {
            return Err(WireReason::FileExists.into());
        }
        let all_there = file.received_parts == parts.count();
        if all_there && file.state == FileState::Open {
            // The server stopped between the last part and the check of the whole.
            return self.conclude(&file, &parts).await;
        }
        Ok(Received { parts: file.received_parts, complete: file.state == FileState::Complete })
    }

    /// As [`App::upload`].
    async fn upload(&self, user: UserId, file: &FileId) -> Result<Upload, AppError> {
        let file = files::find(&mut Source::Pool(&self.pool), file).await?;
        let file = file.filter(|file| file.uploader == user && file.state != FileState::Doomed);
        let file = file.ok_or(AppError::NOT_FOUND)?;
        let parts = FileParts::new(file.usage, file.length_bytes)
            .ok_or(AppError::Bug("a file of an impossible length"))?;
        let next = file.received_parts;
        Ok(Upload { store: self.clone(), file, parts, next, incoming: None, settling: None })
    }

    /// Counts a part whose bytes are durable.
    async fn count(&self, part: &NewPart) -> Result<(), AppError> {
        let mut tx = self.pool.begin().await?;
        if files::receive_part(&mut tx, part, self.now_ms()).await? {
            return Ok(tx.commit().await?);
        }
        // Another stream was faster, or the file is gone.
        let stored = files::part(&mut Source::Tx(&mut tx), &part.file, part.part).await?;
        tx.rollback().await?;
        match stored {
            Some(sha256) if sha256 == part.sha256 => Ok(()),
            Some(_) => Err(WireReason::FileExists.into()),
            None => Err(AppError::NOT_FOUND),
        }
    }

    /// Checks the whole of a file in clear of several parts, and calls it complete, or removes it.
    async fn conclude(&self, file: &File, parts: &FileParts) -> Result<Received, AppError> {
        let done = Received { parts: parts.count(), complete: true };
        let FileUse::Rendition(announced) = file.usage else { return Ok(done) };
        if parts.count() <= 1 {
            return Ok(done);
        }
        let matches = self.digest(file.id, parts).await? == announced;
        let mut tx = self.pool.begin().await?;
        if matches {
            files::complete(&mut tx, &file.id, parts.count()).await?;
            tx.commit().await?;
            return Ok(done);
        }
        let doomed = files::doom_open(&mut tx, &file.id).await?;
        tx.commit().await?;
        if doomed {
            self.bury(&file.id).await?;
        }
        Err(WireReason::FileDigest.into())
    }

    async fn digest(&self, file: FileId, parts: &FileParts) -> Result<Digest, AppError> {
        let mut hash = Context::new(&SHA256);
        for part in 0..parts.count() {
            let Some(range) = parts.range(part) else { break };
            let mut reader = self.blobs.read_range(file, part, 0, range.end - range.start).await?;
            while let Some(bytes) = reader.next().await? {
                hash.update(&bytes);
            }
        }
        Digest::try_from(hash.finish().as_ref()).map_err(|_| AppError::Bug("a digest of another length"))
    }

    /// Removes the bytes and then the rows of a doomed file: a crash in between leaves it doomed, and the
    /// collection of garbage comes back to it.
    pub(super) async fn bury(&self, file: &FileId) -> Result<(), AppError> {
        self.blobs.delete(*file).await?;
        let mut tx = self.pool.begin().await?;
        files::remove(&mut tx, file).await?;
        Ok(tx.commit().await?)
    }
}

/// An upload under way. Dropped, it leaves the parts that are whole.
#[must_use = "parts are counted by `finish`"]
pub struct Upload {
    store: FileStore,
    file: File,
    parts: FileParts,
    /// The first part that has not come in yet.
    next: u32,
    incoming: Option<Incoming>,
    settling: Option<Settling>,
}

/// The part that comes in.
struct Incoming {
    part: NewPart,
    received_bytes: u64,
    /// None for a part that is counted already: its bytes are passed over.
    writer: Option<PartWriter>,
}

/// The part before, being made durable and counted. It is a task, so that it ends even if the call does not.
type Settling = JoinHandle<Result<(), AppError>>;

impl Upload {
    /// Begins the next part, or one that is durable already.
    ///
    /// # Errors
    /// [`WireReason::FileRange`] out of order; [`WireReason::FileExists`] for a durable part with other
    /// bytes; [`WireReason::Malformed`] while the part before is not whole.
    pub async fn begin_part(&mut self, part: u32, sha256: Digest) -> Result<(), AppError> {
        if self.incoming.is_some() {
            return Err(WireReason::Malformed.into());
        }
        let range = self.parts.range(part).ok_or(WireReason::FileRange)?;
        let length_bytes = range.end - range.start;
        let alone = self.parts.count() == 1;
        let completes = match self.file.usage {
            FileUse::Sealed => part + 1 == self.parts.count(),
            FileUse::Rendition(whole) if alone && whole != sha256 => {
                return Err(WireReason::FileDigest.into());
            }
            // With several parts, only once the whole is checked.
            FileUse::Rendition(_) => alone,
        };
        let writer = match part.cmp(&self.next) {
            Ordering::Less => {
                self.settle().await?;
                self.compare(part, sha256).await?;
                None
            }
            Ordering::Equal => Some(self.store.blobs.begin_part(self.file.id, part, length_bytes).await?),
            Ordering::Greater => return Err(WireReason::FileRange.into()),
        };
        let part = NewPart { file: self.file.id, part, sha256, length_bytes, completes };
        self.incoming = Some(Incoming { part, received_bytes: 0, writer });
        Ok(())
    }

    /// Takes in the next bytes of the part; the last ones end it.
    ///
    /// # Errors
    /// [`WireReason::TooLarge`] for more bytes than the part has; then the part is not stored.
    pub async fn write(&mut self, bytes: Bytes) -> Result<(), AppError> {
        let incoming = self.incoming.as_mut().ok_or(WireReason::Malformed)?;
        incoming.received_bytes += bytes.len() as u64;
        if incoming.received_bytes > incoming.part.length_bytes {
            self.incoming = None;
            return Err(WireReason::TooLarge.into());
        }
        let whole = incoming.received_bytes == incoming.part.length_bytes;
        if let Some(writer) = &mut incoming.writer {
            writer.write(bytes).await?;
        }
        if whole && let Some(incoming) = self.incoming.take() {
            self.end_part(incoming).await?;
        }
        Ok(())
    }

    async fn end_part(&mut self, incoming: Incoming) -> Result<(), AppError> {
        let Some(writer) = incoming.writer else { return Ok(()) };
        let part = incoming.part;
        let durable = writer.finish(part.sha256).await?;
        let before = self.settling.take();
        let store = self.store.clone();
        self.next += 1;
        // One part may be on its way to the disk while the next comes in; a second one waits here.
        if let Some(before) = before {
            settled(before).await?;
        }
        self.settling = Some(tokio::spawn(async move {
            durable.await?;
            store.count(&part).await
        }));
        Ok(())
    }

    /// Ends the stream: waits until what came in is durable, and tells how far the file has come.
    ///
    /// # Errors
    /// [`WireReason::Malformed`] if the last part is not whole; the parts before it count.
    pub async fn finish(mut self) -> Result<Received, AppError> {
        self.settle().await?;
        if self.incoming.is_some() {
            return Err(WireReason::Malformed.into());
        }
        if self.file.state == FileState::Complete {
            return Ok(Received { parts: self.next, complete: true });
        }
        if self.next == self.parts.count() {
            return self.store.conclude(&self.file, &self.parts).await;
        }
        Ok(Received { parts: self.next, complete: false })
    }

    async fn settle(&mut self) -> Result<(), AppError> {
        match self.settling.take() {
            Some(part) => settled(part).await,
            None => Ok(()),
        }
    }

    /// A part that is sent again must be the one that is there.
    async fn compare(&self, part: u32, sha256: Digest) -> Result<(), AppError> {
        match files::part(&mut Source::Pool(&self.store.pool), &self.file.id, part).await? {
            Some(stored) if stored == sha256 => Ok(()),
            Some(_) => Err(WireReason::FileExists.into()),
            None => Err(AppError::NOT_FOUND),
        }
    }
}

async fn settled(part: Settling) -> Result<(), AppError> {
    part.await.unwrap_or(Err(WireReason::Stopping.into()))
}

#[cfg(test)]
pub(super) mod tests;
