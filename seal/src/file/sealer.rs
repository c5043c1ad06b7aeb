//! Sealing a file part by part, and going on after a stop without ever sealing two plaintexts under one nonce.

use chancery_core::id::{ChannelId, Digest};

use super::file_context;
use super::journal::FileJournal;
use super::layout::{FileLayout, sealed_chunk_bytes};
use crate::SealError;
use crate::hazmat::chunked::{CHUNK_BYTES, CIPHER, ChunkNumber, HEADER_BYTES, Message};

/// Seals the parts of one file.
pub struct FileSealer {
    journal: FileJournal,
    message: Message,
}

impl FileSealer {
    /// Begins a new file of `channel`, with a new id, key and salt.
    ///
    /// # Errors
    ///
    /// [`SealError::TooLarge`] over [`super::CONTENT_BYTES_MAX`].
    pub fn make(channel: ChannelId, content_bytes: u64) -> Result<Self, SealError> {
        Self::resume(FileJournal::make(channel, FileLayout::new(content_bytes)?)?)
    }

    /// Goes on with an upload from its stored journal.
    pub fn resume(journal: FileJournal) -> Result<Self, SealError> {
        let context = file_context(&journal.channel, &journal.file);
        let message = Message::derive(CIPHER, journal.key.as_bytes(), &journal.salt, &context)?;
        Ok(Self { journal, message })
    }

    /// The journal as it stands.
    #[must_use]
    pub const fn journal(&self) -> &FileJournal {
        &self.journal
    }

    /// Seals part `part`, whose content is in memory ([`FileLayout::content_part`]), into `out`, which is
    /// cleared first. The first part starts with the header.
    ///
    /// The first time, `record` gets the journal with the hash of the content, and must have stored it durably
    /// when it returns: only then is anything sealed. Later the part is sealed again only from content with the
    /// same hash, and `record` is not called.
    ///
    /// # Errors
    ///
    /// [`SealError::SourceChanged`] if the content is not what it was; begin anew with [`FileSealer::make`].
    /// [`SealError::PastTheEnd`], [`SealError::Length`]; what `record` returns.
    pub fn seal_part<E: From<SealError>>(
        &mut self,
        part: u32,
        content: &[u8],
        out: &mut Vec<u8>,
        record: impl FnOnce(&FileJournal) -> Result<(), E>,
    ) -> Result<(), E> {
        out.clear();
        let range = self.journal.layout.content_part(part)?;
        let (expected, found) = (range.end - range.start, content.len() as u64);
        if expected != found {
            return Err(SealError::Length { what: "the content of the part", expected, found }.into());
        }
        self.record(part, content, record)?;
        Ok(self.seal_recorded(part, content, out)?)
    }

    /// INVARIANT: when this returns Ok, the journal with the hash of exactly this content was stored.
    fn record<E: From<SealError>>(
        &mut self,
        part: u32,
        content: &[u8],
        record: impl FnOnce(&FileJournal) -> Result<(), E>,
    ) -> Result<(), E> {
        let hash = Digest::of(content);
        let past_the_end = SealError::PastTheEnd { what: "part", index: u64::from(part) };
        let index = part as usize;
        match self.journal.parts.get(index).ok_or(past_the_end)? {
            Some(recorded) if *recorded == hash => return Ok(()),
            Some(_) => return Err(SealError::SourceChanged { part }.into()),
            None => {}
        }
        if let Some(entry) = self.journal.parts.get_mut(index) {
            *entry = Some(hash);
        }
        record(&self.journal).inspect_err(|_| {
            // Nothing was sealed: another try has to store the journal again.
            if let Some(entry) = self.journal.parts.get_mut(index) {
                *entry = None;
            }
        })
    }

    fn seal_recorded(&self, part: u32, mut content: &[u8], out: &mut Vec<u8>) -> Result<(), SealError> {
        let layout = self.journal.layout;
        let sealed = layout.sealed_part(part)?;
        out.reserve_exact(usize::try_from(sealed.end - sealed.start).unwrap_or(0));
        if part == 0 {
            out.extend_from_slice(self.message.header());
        }
        for number in layout.part_chunks(part)? {
            let number = ChunkNumber::new(number)?;
            let (plaintext_bytes, content_bytes) = layout.chunk_bytes(number)?;
            let (chunk, rest) = content
                .split_at_checked(content_bytes)
                .ok_or(SealError::Bug("the chunks of a part hold its content"))?;
            self.message.seal_chunk(number, chunk, plaintext_bytes - content_bytes, out)?;
            content = rest;
        }
        Ok(())
    }
}

impl std::fmt::Debug for FileSealer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "FileSealer({})", self.journal.file)
    }
}

const _: () = assert!(sealed_chunk_bytes(CHUNK_BYTES) * 320 + HEADER_BYTES == 5_248_056);
