//! Opening a file: by parts, by ranges, or as a stream.

use chancery_core::id::{ChannelId, FileId};

use super::file_context;
use super::layout::{FileLayout, Span, sealed_chunk_bytes};
use crate::SealError;
use crate::hazmat::chunked::{CHUNK_BYTES, CIPHER, ChunkNumber, HEADER_BYTES, Message, SEALED_CHUNK_BYTES};
use crate::secret::FileKey;

/// Opens one file. Its length is known from the citing body, so a file that was cut or extended is refused.
pub struct FileOpener {
    message: Message,
    layout: FileLayout,
}

impl FileOpener {
    /// Checks that the header (the first [`super::HEADER_BYTES`] bytes of the sealed file) belongs to this key,
    /// channel and file.
    ///
    /// # Errors
    ///
    /// [`SealError::Length`], [`SealError::Commitment`], [`SealError::TooLarge`].
    pub fn new(
        key: &FileKey,
        channel: ChannelId,
        file: FileId,
        content_bytes: u64,
        header: &[u8],
    ) -> Result<Self, SealError> {
        let layout = FileLayout::new(content_bytes)?;
        let (expected, found) = (HEADER_BYTES as u64, header.len() as u64);
        let header = header.try_into().map_err(|_| SealError::Length {
            what: "the file's header",
            expected,
            found,
        })?;
        let context = file_context(&channel, &file);
        Ok(Self { message: Message::from_header(CIPHER, key.as_bytes(), &context, header)?, layout })
    }

    /// The file's sizes.
    #[must_use]
    pub const fn layout(&self) -> FileLayout {
        self.layout
    }

    /// Opens part `part` into `out`, which is cleared first. The first part starts with the header.
    ///
    /// # Errors
    ///
    /// [`SealError::PastTheEnd`], [`SealError::Length`], [`SealError::Commitment`] (another header),
    /// [`SealError::Tag`], [`SealError::Padding`]. Then `out` is empty.
    pub fn open_part(&self, part: u32, sealed: &[u8], out: &mut Vec<u8>) -> Result<(), SealError> {
        out.clear();
        let range = self.layout.sealed_part(part)?;
        check_length("the part", range.end - range.start, sealed)?;
        let chunks = if part == 0 {
            sealed.strip_prefix(self.message.header()).ok_or(SealError::Commitment)?
        } else {
            sealed
        };
        self.open_chunks(self.layout.part_chunks(part)?.start, chunks, out)
    }

    /// Opens a range of the content ([`FileLayout::span`]) into `out`, which is cleared first. Bytes outside the
    /// range's chunks are not looked at.
    ///
    /// # Errors
    ///
    /// As [`FileOpener::open_part`].
    pub fn open_span(&self, span: &Span, sealed: &[u8], out: &mut Vec<u8>) -> Result<(), SealError> {
        out.clear();
        let range = span.sealed();
        check_length("the range", range.end - range.start, sealed)?;
        self.open_chunks(span.first_chunk, sealed, out)?;
        let start = usize::try_from(span.content.start % CHUNK_BYTES as u64).unwrap_or(0);
        let length = usize::try_from(span.content.end - span.content.start).unwrap_or(usize::MAX);
        out.drain(..start.min(out.len()));
        out.truncate(length);
        Ok(())
    }

    /// A stream over the sealed bytes from the start of part `part` on; with part 0, from after the header.
    pub fn stream_from(self, part: u32) -> Result<FileStream, SealError> {
        let next = ChunkNumber::new(self.layout.part_chunks(part)?.start)?;
        let chunk = Vec::with_capacity(SEALED_CHUNK_BYTES);
        Ok(FileStream { opener: self, next, chunk, failed: None })
    }

    fn open_chunks(&self, first: u64, mut sealed: &[u8], out: &mut Vec<u8>) -> Result<(), SealError> {
        let mut number = ChunkNumber::new(first)?;
        out.reserve(sealed.len());
        while !sealed.is_empty() {
            let start = out.len();
            let (plaintext_bytes, content_bytes) = self.layout.chunk_bytes(number)?;
            let (chunk, rest) =
                sealed.split_at_checked(sealed_chunk_bytes(plaintext_bytes)).ok_or(SealError::Tag)?;
            let opened = self
                .message
                .open_chunk_into(number, chunk, out)
                .and_then(|()| check_padding(&out[start + content_bytes..]));
            if let Err(error) = opened {
                out.clear();
                return Err(error);
            }
            out.truncate(start + content_bytes);
            number = number.next()?;
            sealed = rest;
        }
        Ok(())
    }
}

impl std::fmt::Debug for FileOpener {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "FileOpener({} bytes)", self.layout.content_bytes())
    }
}

/// Opens the sealed bytes of a file as they come, in pieces of any length, with one chunk of memory.
#[derive(Debug)]
pub struct FileStream {
    opener: FileOpener,
    next: ChunkNumber,
    chunk: Vec<u8>,
    failed: Option<SealError>,
}

impl FileStream {
    /// Takes the next sealed bytes and gives the content of every chunk that is complete to `sink`, in order.
    /// What `sink` gets is authentic and in its place, but only [`FileStream::finish`] says that it is all.
    ///
    /// # Errors
    ///
    /// [`SealError::Tag`], [`SealError::Padding`], [`SealError::PastTheEnd`] (more bytes than the file has), what
    /// `sink` returns. After an error the stream gives nothing more.
    pub fn push<E: From<SealError>>(
        &mut self,
        mut sealed: &[u8],
        mut sink: impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        if let Some(error) = self.failed {
            return Err(error.into());
        }
        self.failed = Some(SealError::Bug("a stream was used after its sink failed"));
        while !sealed.is_empty() {
            let content = self.fill(&mut sealed).inspect_err(|error| self.failed = Some(*error))?;
            if let Some(content_bytes) = content {
                sink(&self.chunk[..content_bytes])?;
                self.chunk.clear();
            }
        }
        self.failed = None;
        Ok(())
    }

    /// Says that nothing more comes.
    ///
    /// # Errors
    ///
    /// [`SealError::Length`] if the file is not complete: discard what was written. The stream's own error if it
    /// failed before.
    pub fn finish(self) -> Result<(), SealError> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        let (expected, found) = (self.opener.layout.chunks(), self.next.get());
        // INVARIANT: the last chunk is opened as soon as it is complete, so nothing is left in `chunk` then.
        (expected == found).then_some(()).ok_or(SealError::Length {
            what: "the sealed file, in chunks,",
            expected,
            found,
        })
    }

    /// Moves bytes into the chunk at hand; when it is complete, opens it and returns its content's length.
    fn fill(&mut self, sealed: &mut &[u8]) -> Result<Option<usize>, SealError> {
        let (plaintext_bytes, content_bytes) = self.opener.layout.chunk_bytes(self.next)?;
        let whole = sealed_chunk_bytes(plaintext_bytes);
        let (head, tail) = sealed.split_at(sealed.len().min(whole - self.chunk.len()));
        self.chunk.extend_from_slice(head);
        *sealed = tail;
        if self.chunk.len() < whole {
            return Ok(None);
        }
        let plaintext = self.opener.message.open_chunk(self.next, &mut self.chunk)?;
        check_padding(&plaintext[content_bytes..])?;
        self.next = self.next.next()?;
        Ok(Some(content_bytes))
    }
}

fn check_length(what: &'static str, expected: u64, sealed: &[u8]) -> Result<(), SealError> {
    let found = sealed.len() as u64;
    (expected == found).then_some(()).ok_or(SealError::Length { what, expected, found })
}

/// Compares with zeros at the speed of memory: up to an eighth of a file is padding.
fn check_padding(padding: &[u8]) -> Result<(), SealError> {
    static ZEROS: [u8; CHUNK_BYTES] = [0; CHUNK_BYTES];
    ZEROS.starts_with(padding).then_some(()).ok_or(SealError::Padding)
}
