//! The journal of an upload: what it takes to go on with the same key and salt after a stop.
//!
//! ```text
//! +-----------+-------------+--------------+-----------+----------+-----------+----------------------+
//! | magic (8) | version (1) | channel (16) | file (16) | key (32) | salt (24) | content bytes (8 LE) |
//! +-----------+-------------+--------------+-----------+----------+-----------+----------------------+
//! then for each part, in order: 0x00, or 0x01 and its SHA-256 as sealed (32)
//! ```
//!
//! It holds the file's key: store it as a sealed record only.

use chancery_core::id::{ChannelId, Digest, FileId};
use zeroize::Zeroizing;

use super::layout::FileLayout;
use super::parts_hash::of_parts;
use crate::hazmat::chunked::SALT_BYTES;
use crate::secret::FileKey;
use crate::{SealError, random};

const MAGIC: &[u8; 8] = b"CHANJRNL";
const VERSION: u8 = 1;

/// The journal of one upload. It has one owner at a time and is not Clone: two that went on from the same
/// journal could let out different bytes under one nonce.
#[derive(Debug)]
pub struct FileJournal {
    pub(super) channel: ChannelId,
    pub(super) file: FileId,
    pub(super) key: FileKey,
    pub(super) salt: [u8; SALT_BYTES],
    pub(super) layout: FileLayout,
    /// SHA-256 of each part as sealed, once it was about to be let out.
    pub(super) parts: Vec<Option<Digest>>,
}

impl FileJournal {
    /// A journal with a new file id, key and salt.
    pub(super) fn make(channel: ChannelId, layout: FileLayout) -> Result<Self, SealError> {
        let parts = vec![None; layout.parts() as usize];
        let file = FileId::new(random::make_bytes()?);
        Ok(Self { channel, file, key: FileKey::make()?, salt: random::make_bytes()?, layout, parts })
    }

    /// The channel the file belongs to.
    #[must_use]
    pub const fn channel(&self) -> ChannelId {
        self.channel
    }

    /// The file's id.
    #[must_use]
    pub const fn file(&self) -> FileId {
        self.file
    }

    /// The file's key, for the body that cites the file.
    #[must_use]
    pub const fn key(&self) -> &FileKey {
        &self.key
    }

    /// The file's sizes.
    #[must_use]
    pub const fn layout(&self) -> FileLayout {
        self.layout
    }

    /// Whether part `part` may have been let out already.
    #[must_use]
    pub fn is_recorded(&self, part: u32) -> bool {
        self.parts.get(part as usize).is_some_and(Option::is_some)
    }

    /// The hash of the sealed file, for the body that cites it; none before every part was let out.
    #[must_use]
    pub fn parts_sha256(&self) -> Option<Digest> {
        let parts: Option<Vec<&Digest>> = self.parts.iter().map(Option::as_ref).collect();
        parts.map(of_parts)
    }

    /// The journal as bytes, to be stored sealed.
    #[must_use]
    pub fn encode(&self) -> Zeroizing<Vec<u8>> {
        let mut out = Zeroizing::new(Vec::with_capacity(128 + self.parts.len() * 33));
        out.extend_from_slice(MAGIC);
        out.push(VERSION);
        out.extend_from_slice(self.channel.as_bytes());
        out.extend_from_slice(self.file.as_bytes());
        out.extend_from_slice(self.key.as_bytes());
        out.extend_from_slice(&self.salt);
        out.extend_from_slice(&self.layout.content_bytes().to_le_bytes());
        for part in &self.parts {
            match part {
                None => out.push(0),
                Some(hash) => {
                    out.push(1);
                    out.extend_from_slice(hash.as_bytes());
                }
            }
        }
        out
    }

    /// Reads what [`FileJournal::encode`] wrote, strictly.
    ///
    /// # Errors
    ///
    /// [`SealError::Format`], [`SealError::UnknownVersion`], [`SealError::TooLarge`].
    pub fn decode(bytes: &[u8]) -> Result<Self, SealError> {
        let mut reader = Reader(bytes);
        if reader.take::<8>()? != *MAGIC {
            return Err(NOT_A_JOURNAL);
        }
        let [version] = reader.take()?;
        if version != VERSION {
            return Err(SealError::UnknownVersion { what: "the journal of the upload", found: version });
        }
        let channel = ChannelId::new(reader.take()?);
        let file = FileId::new(reader.take()?);
        let key = FileKey::from_bytes(reader.take()?);
        let salt = reader.take()?;
        let layout = FileLayout::new(u64::from_le_bytes(reader.take()?))?;
        let mut parts = Vec::with_capacity(layout.parts() as usize);
        for _ in 0..layout.parts() {
            parts.push(match reader.take()? {
                [0] => None,
                [1] => Some(Digest::new(reader.take()?)),
                _ => return Err(NOT_A_JOURNAL),
            });
        }
        reader.0.is_empty().then_some(Self { channel, file, key, salt, layout, parts }).ok_or(NOT_A_JOURNAL)
    }
}

const NOT_A_JOURNAL: SealError = SealError::Format { what: "the journal of an upload" };

struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], SealError> {
        let (head, tail) = self.0.split_first_chunk().ok_or(NOT_A_JOURNAL)?;
        self.0 = tail;
        Ok(*head)
    }
}
