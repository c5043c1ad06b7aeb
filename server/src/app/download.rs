//! Downloads by range, of a file that the caller may read.

use std::time::Duration;

use bytes::Bytes;
use chancery_core::act::Audience;
use chancery_core::error::WireReason;
use chancery_core::file::{FileParts, FileUse};
use chancery_core::id::{ChannelId, FileId};
use chancery_core::policy;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use super::upload::FileStore;
use super::{App, AppError, Caller};
use crate::blobs::{Blobs, PartReader};
use crate::store::db::Source;
use crate::store::files::{self, File, FileState};

/// A range of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted {
    /// First byte.
    pub offset_bytes: u64,
    /// Number of bytes; 0 means to the end.
    pub length_bytes: u64,
}

impl App {
    /// Opens a range of a file of `channel`, for whoever may read an act that cites it, or a live disclosure
    /// of such an act, or the public item that it belongs to.
    ///
    /// # Errors
    /// [`AppError::NOT_FOUND`], the same for what is absent and for what is forbidden; then
    /// [`WireReason::FileRange`].
    pub async fn download(
        &self,
        caller: &Caller,
        channel: &ChannelId,
        file: &FileId,
        wanted: Wanted,
    ) -> Result<Download, AppError> {
        let found = files::find(&mut Source::Pool(self.pool()), file).await?;
        let file = found.filter(|file| file.channel == *channel && file.state == FileState::Complete);
        let file = file.ok_or(AppError::NOT_FOUND)?;
        if !self.may_read_file(caller, &file).await? {
            return Err(AppError::NOT_FOUND);
        }
        self.file_store().download(&file, wanted)
    }

    async fn may_read_file(&self, caller: &Caller, file: &File) -> Result<bool, AppError> {
        let Caller::Person(person) = caller else { return Ok(false) };
        let directory = self.directory().await?;
        let now = directory.state.now(self.now_ms());
        // As the newest directory knows the person, who may have left since the call began.
        let person = now.person(&person.user).filter(|known| known.device(&person.device).is_some());
        let Some(person) = person else { return Ok(false) };
        if let FileUse::Rendition(_) = file.usage {
            return Ok(files::is_in_rendition(self.pool(), &file.id).await?);
        }
        let in_channel = match self.view(&file.channel).await? {
            Some(view) => caller.reads(&directory.state, &view, self.now_ms()),
            None => false,
        };
        if in_channel && files::is_cited(self.pool(), &file.id).await? {
            return Ok(true);
        }
        let audiences = Audience::ALL.into_iter().filter(|audience| match audience {
            Audience::AllParties => policy::reads_all_parties(&now, &person),
            Audience::Public => true,
        });
        for audience in audiences {
            let publication = self.world().publication_id(audience);
            if files::is_opened(self.pool(), &publication, &file.id).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

impl FileStore {
    /// Opens a range of a complete file.
    pub(crate) fn download(&self, file: &File, wanted: Wanted) -> Result<Download, AppError> {
        let parts = FileParts::new(file.usage, file.length_bytes)
            .ok_or(AppError::Bug("a file of an impossible length"))?;
        let Wanted { offset_bytes: at, length_bytes } = wanted;
        let end = match length_bytes {
            0 => parts.length_bytes(),
            length => at.checked_add(length).ok_or(WireReason::FileRange)?,
        };
        if at > end || end > parts.length_bytes() {
            return Err(WireReason::FileRange.into());
        }
        Ok(Download { blobs: self.blobs.clone(), file: file.id, parts, at, end, reader: None })
    }
}

/// A range on its way out, read one piece ahead.
pub struct Download {
    blobs: Blobs,
    file: FileId,
    parts: FileParts,
    at: u64,
    end: u64,
    reader: Option<PartReader>,
}

impl Download {
    /// Bytes that [`Download::next`] has not returned yet.
    #[must_use]
    pub fn remaining_bytes(&self) -> u64 {
        self.end - self.at
    }

    /// The next bytes, at most [`READ_BYTES`](crate::blobs::READ_BYTES); `None` after the last.
    pub async fn next(&mut self) -> Result<Option<Bytes>, AppError> {
        while self.at < self.end {
            let mut reader = match self.reader.take() {
                Some(reader) => reader,
                None => self.open().await?,
            };
            if let Some(bytes) = reader.next().await? {
                self.at += bytes.len() as u64;
                self.reader = Some(reader);
                return Ok(Some(bytes));
            }
        }
        Ok(None)
    }

    /// The pieces as a stream, which ends early with an error, and without one when its reader stands still.
    #[must_use]
    pub fn stream(mut self) -> ReceiverStream<Result<Bytes, AppError>> {
        let (sender, receiver) = mpsc::channel(PIECES_WAITING_MAX);
        tokio::spawn(async move {
            loop {
                let piece = match self.next().await {
                    Ok(Some(piece)) => Ok(piece),
                    Ok(None) => return,
                    Err(error) => Err(error),
                };
                let ends = piece.is_err();
                match tokio::time::timeout(PIECE_MAX, sender.send(piece)).await {
                    Ok(Ok(())) if !ends => {}
                    // The peer is gone, or stands still: it may resume.
                    _ => return,
                }
            }
        });
        ReceiverStream::new(receiver)
    }

    /// Opens the part that has the next byte.
    async fn open(&self) -> Result<PartReader, AppError> {
        let outside = AppError::Bug("a byte outside its file");
        let part = self.parts.part_at(self.at).ok_or(outside.clone())?;
        let range = self.parts.range(part).ok_or(outside)?;
        let length = range.end.min(self.end) - self.at;
        Ok(self.blobs.read_range(self.file, part, self.at - range.start, length).await?)
    }
}

/// Longest wait until the reader takes a piece.
const PIECE_MAX: Duration = Duration::from_mins(1);
/// Pieces of one download that wait for its reader.
const PIECES_WAITING_MAX: usize = 2;

#[cfg(test)]
mod tests;
