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
mod sealer;
#[cfg(test)]
mod tests;

pub use journal::FileJournal;
pub use layout::{CONTENT_BYTES_MAX, FileLayout, HEADER_BYTES, PART_CONTENT_BYTES, Span};
pub use opener::{FileOpener, FileStream};
pub use sealer::FileSealer;

use chancery_core::id::{ChannelId, Digest, FileId};
use chancery_core::name::{Label, context};

use crate::hazmat::sha256;

/// The hash of a sealed file or part, taken while its bytes pass by. The citing body holds the file's.
pub struct SealedHash(sha256::Hasher);

impl SealedHash {
    /// The hash of nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self(sha256::Hasher::new())
    }

    /// Takes the next bytes, in order.
    pub fn update(&mut self, sealed: &[u8]) {
        self.0.update(sealed);
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
