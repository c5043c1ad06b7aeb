//! Records of the local store: the cache, the outbox, checkpoints, journals of uploads. Each is sealed for
//! its family, name and sequence number, so that a thief of the disk can neither read nor swap them.
//!
//! ```text
//! +------------+------------------+----------+
//! | nonce (24) | ciphertext (len) | tag (16) |   under the family's key
//! +------------+------------------+----------+
//! ```

use chancery_core::name::{Label, context};
use zeroize::Zeroizing;

use crate::hazmat::{hkdf, xchacha};
use crate::secret::StoreKey;
use crate::{SealError, random};

/// The largest record's plaintext.
pub const RECORD_BYTES_MAX: usize = 64 * 1024 * 1024;

impl StoreKey {
    /// The key of one family of records, `"outbox"` say. Derive it once and keep it.
    pub fn record_key(&self, family: &'static str) -> Result<RecordKey, SealError> {
        let key = hkdf::derive(self.as_bytes(), &context(Label::StoreKey, &[family.as_bytes()]))?;
        Ok(RecordKey { key, family })
    }
}

/// The key of one family of records.
pub struct RecordKey {
    key: Zeroizing<[u8; 32]>,
    family: &'static str,
}

impl RecordKey {
    /// Seals a record. A record that is written anew takes a higher `sequence`, so that the older one cannot be
    /// put in its place by whoever can write to the disk, as long as the caller knows which is current.
    ///
    /// # Errors
    ///
    /// [`SealError::TooLarge`] over [`RECORD_BYTES_MAX`].
    pub fn seal(&self, name: &[u8], sequence: u64, plaintext: &[u8]) -> Result<Vec<u8>, SealError> {
        self.seal_with_nonce(name, sequence, plaintext, &random::make_bytes()?)
    }

    /// Opens the record of exactly this name and sequence number.
    ///
    /// # Errors
    ///
    /// [`SealError::Tag`] if it is another record, of another store, or altered.
    pub fn open(&self, name: &[u8], sequence: u64, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealError> {
        check_size(sealed.len().saturating_sub(xchacha::OVERHEAD_BYTES))?;
        xchacha::open(&self.key, &self.aad(name, sequence), sealed)
    }

    pub(crate) fn seal_with_nonce(
        &self,
        name: &[u8],
        sequence: u64,
        plaintext: &[u8],
        nonce: &[u8; xchacha::NONCE_BYTES],
    ) -> Result<Vec<u8>, SealError> {
        check_size(plaintext.len())?;
        let mut out = Vec::new();
        xchacha::seal(&self.key, nonce, &self.aad(name, sequence), plaintext, &mut out)?;
        Ok(out)
    }

    fn aad(&self, name: &[u8], sequence: u64) -> Vec<u8> {
        context(Label::StoreRecord, &[self.family.as_bytes(), name, &sequence.to_le_bytes()])
    }
}

impl std::fmt::Debug for RecordKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "RecordKey({})", self.family)
    }
}

fn check_size(bytes: usize) -> Result<(), SealError> {
    let (what, bytes_max, found) = ("the record", RECORD_BYTES_MAX as u64, bytes as u64);
    (found <= bytes_max).then_some(()).ok_or(SealError::TooLarge { what, bytes_max, found })
}
