//! Files: sealed in parts that are uploaded, resumed and read separately.
//!
//! ```text
//! +-------------+----------------------+----------------------+-- ... --+------------------+
//! | header (56) | part 0               | part 1               |         | last part        |
//! |             | 320 chunks           | 320 chunks           |         | the last chunks  |
//! +-------------+----------------------+----------------------+-- ... --+------------------+
//! |<- sent with part 0: 5,248,056 B -->|<---- 5,248,000 B --->|         |<--- shorter ---->|
//! ```
//!
//! The plaintext is the content followed by zeros up to max(1 KiB, Padmé) bytes; the content's length is in
//! the body that cites the file. Reading and writing files is the caller's.

mod journal;
mod layout;
mod opener;
mod parts_hash;
mod sealer;
#[cfg(test)]
mod tests;

pub use journal::FileJournal;
pub use layout::{CONTENT_BYTES_MAX, FileLayout, HEADER_BYTES, PART_CONTENT_BYTES, Span};
pub use opener::{FileOpener, FileStream};
pub use parts_hash::PartsHash;
pub use sealer::FileSealer;

use chancery_core::id::{ChannelId, Digest, FileId};
use chancery_core::name::{Label, context};

use crate::hazmat::sha256;

/// The SHA-256 of a file or a part, taken while its bytes pass by.
pub struct SealedHash(sha256::Hasher);

impl SealedHash {
    /// The hash of nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self(sha256::Hasher::new())
    }

    /// Takes the next bytes, in order.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The hash of everything taken.
    #[must_use]
    pub fn finish(self) -> Digest {
        self.0.finish()
    }
}

impl Default for SealedHash {
    fn default() -> Self {
        Self::new()
    }
}

fn file_context(channel: &ChannelId, file: &FileId) -> Vec<u8> {
    context(Label::File, &[channel.as_bytes(), file.as_bytes()])
}
