//! Sealing a file part by part, and going on after a stop without ever letting out two ciphertexts under one nonce.

use chancery_core::id::{ChannelId, Digest};
use zeroize::Zeroize;

use super::journal::FileJournal;
use super::layout::{FileLayout, sealed_chunk_bytes};
use super::{SealedHash, file_context};
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

    /// Seals part `part` into `out`, which is cleared first, and returns the SHA-256 of what it then holds. The
    /// first part starts with the header. `read` fills each piece that it gets with the next bytes of the part's
    /// content ([`FileLayout::content_part`]), which are sealed where they lie.
    ///
    /// The first time, `record` gets the journal with the hash of the sealed part, and must have stored it durably
    /// when it returns: only then is the part let out. Later `record` is not called, and the part is let out only
    /// if it has that hash, so never for other content.
    ///
    /// # Errors
    ///
    /// [`SealError::SourceChanged`] if the content is not what it was; begin anew with [`FileSealer::make`].
    /// [`SealError::PastTheEnd`]; what `read` and `record` return. Then `out` is empty.
    pub fn seal_part<E: From<SealError>>(
        &mut self,
        part: u32,
        out: &mut Vec<u8>,
        read: impl FnMut(&mut [u8]) -> Result<(), E>,
        record: impl FnOnce(&FileJournal) -> Result<(), E>,
    ) -> Result<Digest, E> {
        let sealed = self.seal_unrecorded(part, out, read).and_then(|hash| {
            self.record(part, hash, record)?;
            Ok(hash)
        });
        if sealed.is_err() {
            // It may hold content that is not sealed, or a second ciphertext under the nonces of the first.
            out.zeroize();
        }
        sealed
    }

    /// What comes of this must not be let out before it was recorded.
    fn seal_unrecorded<E: From<SealError>>(
        &self,
        part: u32,
        out: &mut Vec<u8>,
        mut read: impl FnMut(&mut [u8]) -> Result<(), E>,
    ) -> Result<Digest, E> {
        out.clear();
        let layout = self.journal.layout;
        let sealed = layout.sealed_part(part)?;
        out.reserve_exact(usize::try_from(sealed.end - sealed.start).unwrap_or(0));
        let mut hash = SealedHash::new();
        if part == 0 {
            out.extend_from_slice(self.message.header());
            hash.update(self.message.header());
        }
        for number in layout.part_chunks(part)? {
            let number = ChunkNumber::new(number)?;
            let (plaintext_bytes, content_bytes) = layout.chunk_bytes(number)?;
            let start = out.len();
            // What is not content is padding.
            out.resize(start + plaintext_bytes, 0);
            if content_bytes > 0 {
                read(&mut out[start..start + content_bytes])?;
            }
            self.message.seal_tail(number, start, out)?;
            hash.update(&out[start..]);
        }
        Ok(hash.finish())
    }

    /// INVARIANT: when this returns Ok, the journal with exactly this hash of the sealed part was stored.
    fn record<E: From<SealError>>(
        &mut self,
        part: u32,
        hash: Digest,
        record: impl FnOnce(&FileJournal) -> Result<(), E>,
    ) -> Result<(), E> {
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
            // Nothing was let out: another try has to store the journal again.
            if let Some(entry) = self.journal.parts.get_mut(index) {
                *entry = None;
            }
        })
    }
}

impl std::fmt::Debug for FileSealer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "FileSealer({})", self.journal.file)
    }
}

const _: () = assert!(sealed_chunk_bytes(CHUNK_BYTES) * 320 + HEADER_BYTES == 5_248_056);
