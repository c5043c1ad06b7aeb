//! Where each part, chunk and byte of a file stands once it is sealed.

use std::ops::Range;

use crate::hazmat::chunked::{self, CHUNK_BYTES, ChunkNumber, SEALED_CHUNK_BYTES, TAG_BYTES};
use crate::{SealError, padding};

/// Length of the header (salt and commitment) in front of the first chunk.
pub const HEADER_BYTES: usize = chunked::HEADER_BYTES;

/// The longest content: 2 GiB.
pub const CONTENT_BYTES_MAX: u64 = 2 * 1024 * 1024 * 1024;

/// Plaintext bytes of every part but the last.
pub const PART_CONTENT_BYTES: u64 = PART_CHUNKS * CHUNK_BYTES as u64;

/// Chunks of every part but the last.
const PART_CHUNKS: u64 = 320;

/// The sizes of one file, all of which follow from the length of its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileLayout {
    content_bytes: u64,
    padded_bytes: u64,
}

/// The chunks that hold a range of the content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    pub(super) first_chunk: u64,
    pub(super) content: Range<u64>,
    sealed: Range<u64>,
}

impl Span {
    /// The bytes of the sealed file to fetch.
    #[must_use]
    pub fn sealed(&self) -> Range<u64> {
        self.sealed.clone()
    }
}

impl FileLayout {
    /// The layout of a file with a content of this length.
    ///
    /// # Errors
    ///
    /// [`SealError::TooLarge`] over [`CONTENT_BYTES_MAX`].
    pub const fn new(content_bytes: u64) -> Result<Self, SealError> {
        if content_bytes > CONTENT_BYTES_MAX {
            let (what, bytes_max, found) = ("the file", CONTENT_BYTES_MAX, content_bytes);
            return Err(SealError::TooLarge { what, bytes_max, found });
        }
        Ok(Self { content_bytes, padded_bytes: padding::padded_bytes(content_bytes) })
    }

    /// Length of the content.
    #[must_use]
    pub const fn content_bytes(&self) -> u64 {
        self.content_bytes
    }

    /// Length of the sealed file, header included.
    #[must_use]
    pub const fn sealed_bytes(&self) -> u64 {
        chunked::sealed_bytes(self.padded_bytes)
    }

    /// Number of parts, at least one.
    #[must_use]
    pub fn parts(&self) -> u32 {
        // INVARIANT: CONTENT_BYTES_MAX keeps the number of parts under 2^10.
        u32::try_from(self.chunks().div_ceil(PART_CHUNKS)).unwrap_or(u32::MAX)
    }

    /// The bytes of the sealed file that part `part` holds. The first part includes the header.
    pub fn sealed_part(&self, part: u32) -> Result<Range<u64>, SealError> {
        let chunks = self.part_chunks(part)?;
        let start = if part == 0 { 0 } else { sealed_offset(chunks.start) };
        Ok(start..self.sealed_end(chunks.end))
    }

    /// The bytes of the content that part `part` holds; empty if it is all padding.
    pub fn content_part(&self, part: u32) -> Result<Range<u64>, SealError> {
        let chunks = self.part_chunks(part)?;
        Ok(self.within_content(chunks.start)..self.within_content(chunks.end))
    }

    /// The chunks that hold these bytes of the content.
    ///
    /// # Errors
    ///
    /// [`SealError::PastTheEnd`] if the range is empty or not within the content.
    pub fn span(&self, content: Range<u64>) -> Result<Span, SealError> {
        if content.is_empty() || content.end > self.content_bytes {
            return Err(SealError::PastTheEnd { what: "byte", index: content.end });
        }
        let first_chunk = content.start / CHUNK_BYTES as u64;
        let end_chunk = (content.end - 1) / CHUNK_BYTES as u64 + 1;
        let sealed = sealed_offset(first_chunk)..self.sealed_end(end_chunk);
        Ok(Span { first_chunk, content, sealed })
    }

    pub(super) const fn chunks(&self) -> u64 {
        chunked::chunks(self.padded_bytes)
    }

    pub(super) fn part_chunks(&self, part: u32) -> Result<Range<u64>, SealError> {
        let start = u64::from(part) * PART_CHUNKS;
        if start >= self.chunks() {
            return Err(SealError::PastTheEnd { what: "part", index: u64::from(part) });
        }
        Ok(start..self.chunks().min(start + PART_CHUNKS))
    }

    /// Plaintext bytes of a chunk, and how many of them are content: the rest is padding.
    pub(super) fn chunk_bytes(&self, number: ChunkNumber) -> Result<(usize, usize), SealError> {
        let number = number.get();
        if number >= self.chunks() {
            return Err(SealError::PastTheEnd { what: "chunk", index: number });
        }
        // INVARIANT: both differences are at most CHUNK_BYTES.
        let start = number * CHUNK_BYTES as u64;
        let plaintext = (self.padded_bytes - start).min(CHUNK_BYTES as u64);
        let content = self.content_bytes.saturating_sub(start).min(plaintext);
        let in_memory = |bytes| usize::try_from(bytes).unwrap_or(CHUNK_BYTES);
        Ok((in_memory(plaintext), in_memory(content)))
    }

    fn within_content(&self, chunk: u64) -> u64 {
        (chunk * CHUNK_BYTES as u64).min(self.content_bytes)
    }

    /// Where the sealed chunk before `chunk` ends.
    fn sealed_end(&self, chunk: u64) -> u64 {
        sealed_offset(chunk).min(self.sealed_bytes())
    }
}

/// Where a chunk starts in the sealed file.
const fn sealed_offset(chunk: u64) -> u64 {
    HEADER_BYTES as u64 + chunk * SEALED_CHUNK_BYTES as u64
}

/// Length of a sealed chunk with this plaintext.
pub(super) const fn sealed_chunk_bytes(plaintext: usize) -> usize {
    plaintext + TAG_BYTES
}

#[cfg(test)]
mod tests {
    use chancery_core::limits::{FILE_BYTES_MAX, FILE_PARTS_MAX};
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_sizes_of_known_files() {
        const PART: u64 = PART_CONTENT_BYTES;
        for (content, sealed, parts, first, last) in [
            (0, 1_096, 1, 0..1_096, 0..1_096),
            (1, 1_096, 1, 0..1_096, 0..1_096),
            (16_384, 16_472, 1, 0..16_472, 0..16_472),
            // Exactly one part of plaintext: the empty last chunk is a part of its own.
            (PART, 5_248_072, 2, 0..5_248_056, 5_248_056..5_248_072),
            (1 << 30, 1_074_790_472, 205, 0..5_248_056, 1_070_592_056..1_074_790_472),
        ] {
            let layout = FileLayout::new(content).unwrap();
            assert_eq!(layout.sealed_bytes(), sealed, "{content}");
            assert_eq!(layout.parts(), parts, "{content}");
            assert_eq!(layout.sealed_part(0), Ok(first), "{content}");
            assert_eq!(layout.sealed_part(parts - 1), Ok(last), "{content}");
            assert!(layout.sealed_part(parts).is_err(), "{content}");
        }
    }

    #[test]
    fn the_longest_file_is_within_the_limits() {
        let layout = FileLayout::new(CONTENT_BYTES_MAX).unwrap();
        assert!(layout.sealed_bytes() <= FILE_BYTES_MAX && layout.parts() <= FILE_PARTS_MAX);
        assert!(FileLayout::new(CONTENT_BYTES_MAX + 1).is_err());
    }

    proptest! {
        #[test]
        fn parts_cover_the_file_without_gaps(content in 0..=CONTENT_BYTES_MAX) {
            let layout = FileLayout::new(content).unwrap();
            let (mut sealed, mut plain) = (0, 0);
            for part in 0..layout.parts() {
                let (s, c) = (layout.sealed_part(part).unwrap(), layout.content_part(part).unwrap());
                prop_assert_eq!((s.start, c.start), (sealed, plain));
                (sealed, plain) = (s.end, c.end);
            }
            prop_assert_eq!((sealed, plain), (layout.sealed_bytes(), content));
        }
    }
}
