//! The hash of a sealed file, which the body that cites the file holds: SHA-256 over the SHA-256s of its parts.
//!
//! The writer needs the hash of each part anyway, so that no byte is hashed twice.

use chancery_core::id::Digest;

use super::layout::FileLayout;
use crate::SealError;
use crate::hazmat::sha256;

/// The hash of a sealed file over its parts' hashes, in order.
pub(super) fn of_parts<'d>(parts: impl IntoIterator<Item = &'d Digest>) -> Digest {
    let mut whole = sha256::Hasher::new();
    for part in parts {
        whole.update(part.as_bytes());
    }
    whole.finish()
}

/// The hash of a sealed file, taken while its bytes pass by in pieces of any length.
pub struct PartsHash {
    layout: FileLayout,
    part: u32,
    /// Bytes that the part still lacks.
    left: u64,
    hash: sha256::Hasher,
    whole: sha256::Hasher,
}

impl PartsHash {
    /// The hash of nothing yet, of a file with this layout.
    pub fn new(layout: FileLayout) -> Result<Self, SealError> {
        let (hash, whole) = (sha256::Hasher::new(), sha256::Hasher::new());
        Ok(Self { layout, part: 0, left: length(layout, 0)?, hash, whole })
    }

    /// Takes the next bytes, in order.
    ///
    /// # Errors
    /// [`SealError::PastTheEnd`] for more bytes than the file has.
    pub fn update(&mut self, mut sealed: &[u8]) -> Result<(), SealError> {
        while !sealed.is_empty() {
            if self.left == 0 {
                self.part += 1;
                self.left = length(self.layout, self.part)?;
            }
            let taken = usize::try_from(self.left).unwrap_or(usize::MAX).min(sealed.len());
            let (now, later) = sealed.split_at(taken);
            self.hash.update(now);
            self.left -= taken as u64;
            if self.left == 0 {
                self.end_part();
            }
            sealed = later;
        }
        Ok(())
    }

    fn end_part(&mut self) {
        let part = std::mem::replace(&mut self.hash, sha256::Hasher::new()).finish();
        self.whole.update(part.as_bytes());
    }

    /// The hash, of a file that has passed by to its last byte; none of a part of it.
    #[must_use]
    pub fn finish(self) -> Option<Digest> {
        let whole = self.left == 0 && self.part + 1 == self.layout.parts();
        whole.then(|| self.whole.finish())
    }
}

fn length(layout: FileLayout, part: u32) -> Result<u64, SealError> {
    layout.sealed_part(part).map(|range| range.end - range.start)
}
