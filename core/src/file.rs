//! How files are cut into parts on their way to a server (`docs/formats/files.md`). What is inside a sealed
//! file is not known here.

use std::ops::Range;

use crate::id::Digest;
use crate::limits::FILE_BYTES_MAX;

/// Bytes of every part of a sealed file but the first, which has the header, and the last.
pub const SEALED_PART_BYTES: u64 = 5_248_000;
/// Bytes of the header in front of a sealed file.
pub const SEALED_HEADER_BYTES: u64 = 56;
/// Bytes of every part of a file in clear but the last.
pub const CLEAR_PART_BYTES: u64 = 5_242_880;
/// The longest file in clear.
pub const CLEAR_FILE_BYTES_MAX: u64 = 2 * 1024 * 1024 * 1024;

/// The shortest sealed file: the header and one chunk's tag.
const SEALED_FILE_BYTES_MIN: u64 = SEALED_HEADER_BYTES + 16;

/// What a file is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileUse {
    /// Ciphertext, to be cited by an act of its channel.
    Sealed,
    /// An attachment in clear of a public rendition, with the SHA-256 of the whole.
    Rendition(Digest),
}

/// A file's length and use, and so its parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::struct_field_names, reason = "units are last in names")]
pub struct FileParts {
    length_bytes: u64,
    first_bytes: u64,
    part_bytes: u64,
}

impl FileParts {
    /// The parts of a file of this length; none if no file of this use has it.
    #[must_use]
    pub fn new(usage: FileUse, length_bytes: u64) -> Option<Self> {
        let (lengths, first_bytes, part_bytes) = match usage {
            FileUse::Sealed => (
                SEALED_FILE_BYTES_MIN..=FILE_BYTES_MAX,
                SEALED_HEADER_BYTES + SEALED_PART_BYTES,
                SEALED_PART_BYTES,
            ),
            FileUse::Rendition(_) => (0..=CLEAR_FILE_BYTES_MAX, CLEAR_PART_BYTES, CLEAR_PART_BYTES),
        };
        lengths.contains(&length_bytes).then_some(Self { length_bytes, first_bytes, part_bytes })
    }

    /// Bytes in all.
    #[must_use]
    pub const fn length_bytes(&self) -> u64 {
        self.length_bytes
    }

    /// Number of parts; none only of an empty file.
    #[must_use]
    pub fn count(&self) -> u32 {
        if self.length_bytes == 0 {
            return 0;
        }
        let rest = self.length_bytes.saturating_sub(self.first_bytes);
        // INVARIANT: the limits of length keep the number of parts under 2^10.
        u32::try_from(1 + rest.div_ceil(self.part_bytes)).unwrap_or(u32::MAX)
    }

    /// The bytes of the file that part `part` holds; none if there is no such part.
    #[must_use]
    pub fn range(&self, part: u32) -> Option<Range<u64>> {
        if part >= self.count() {
            return None;
        }
        let start = match u64::from(part) {
            0 => 0,
            part => self.first_bytes + (part - 1) * self.part_bytes,
        };
        let full = if part == 0 { self.first_bytes } else { self.part_bytes };
        Some(start..self.length_bytes.min(start + full))
    }

    /// The part that holds byte `offset` of the file; none behind its end.
    #[must_use]
    pub fn part_at(&self, offset: u64) -> Option<u32> {
        if offset >= self.length_bytes {
            return None;
        }
        match offset.checked_sub(self.first_bytes) {
            None => Some(0),
            Some(rest) => u32::try_from(1 + rest / self.part_bytes).ok(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::limits::FILE_PARTS_MAX;

    const CLEAR: FileUse = FileUse::Rendition(Digest::new([0; 32]));

    fn parts(usage: FileUse, length: u64) -> Option<Vec<u64>> {
        let parts = FileParts::new(usage, length)?;
        Some((0..parts.count()).map(|part| parts.range(part).map_or(0, |r| r.end - r.start)).collect())
    }

    #[test]
    fn files_are_cut_as_the_format_says() {
        for (usage, length, expect) in [
            (FileUse::Sealed, 71, None),
            (FileUse::Sealed, 72, Some(vec![72])),
            (FileUse::Sealed, 5_248_056, Some(vec![5_248_056])),
            (FileUse::Sealed, 5_248_072, Some(vec![5_248_056, 16])),
            (FileUse::Sealed, 10_496_056, Some(vec![5_248_056, 5_248_000])),
            (FileUse::Sealed, FILE_BYTES_MAX + 1, None),
            (CLEAR, 0, Some(vec![])),
            (CLEAR, 1, Some(vec![1])),
            (CLEAR, 5_242_881, Some(vec![5_242_880, 1])),
            (CLEAR, CLEAR_FILE_BYTES_MAX + 1, None),
        ] {
            assert_eq!(parts(usage, length), expect, "{usage:?} of {length}");
        }
        let longest = FileParts::new(FileUse::Sealed, FILE_BYTES_MAX).unwrap();
        assert!(longest.count() <= FILE_PARTS_MAX);
        assert_eq!(longest.range(longest.count()), None);
    }

    proptest! {
        #[test]
        fn every_byte_is_in_exactly_one_part(length in 72..30_000_000_u64, clear: bool, at: prop::sample::Index) {
            let parts = FileParts::new(if clear { CLEAR } else { FileUse::Sealed }, length).unwrap();
            let mut end = 0;
            for part in 0..parts.count() {
                let range = parts.range(part).unwrap();
                prop_assert!(range.start == end && range.end > end);
                end = range.end;
            }
            prop_assert_eq!(end, length);
            let offset = at.index(usize::try_from(length).unwrap()) as u64;
            let part = parts.part_at(offset).unwrap();
            prop_assert!(parts.range(part).unwrap().contains(&offset));
            prop_assert_eq!(parts.part_at(length), None);
        }
    }
}
