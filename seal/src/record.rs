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

    /// As [`RecordKey::open`], where the record lies: for copies of what was read, megabytes of it. They hold no key
    /// of a person, device, channel or post, but those of the files that opened posts cite. The plaintext is not
    /// wiped when it is dropped, which would take longer than opening it.
    ///
    /// # Errors
    ///
    /// [`SealError::Tag`]; what is left in `sealed` then means nothing.
    pub fn open_in_place(&self, name: &[u8], sequence: u64, sealed: &mut Vec<u8>) -> Result<(), SealError> {
        check_size(sealed.len().saturating_sub(xchacha::OVERHEAD_BYTES))?;
        xchacha::open_in_place(&self.key, &self.aad(name, sequence), sealed)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_opens_under_its_family_name_and_number_only() {
        let store = StoreKey::make().unwrap();
        let outbox = store.record_key("outbox").unwrap();
        let sealed = outbox.seal(b"one", 1, b"act").unwrap();
        assert_eq!(&**outbox.open(b"one", 1, &sealed).unwrap(), b"act");
        assert_eq!(outbox.open(b"two", 1, &sealed).unwrap_err(), SealError::Tag);
        assert_eq!(outbox.open(b"one", 2, &sealed).unwrap_err(), SealError::Tag);
        let cache = store.record_key("cache").unwrap();
        assert_eq!(cache.open(b"one", 1, &sealed).unwrap_err(), SealError::Tag);
        let other = StoreKey::make().unwrap().record_key("outbox").unwrap();
        assert_eq!(other.open(b"one", 1, &sealed).unwrap_err(), SealError::Tag);
        for length in 0..sealed.len() {
            assert_eq!(outbox.open(b"one", 1, &sealed[..length]).unwrap_err(), SealError::Tag);
        }
        let again = outbox.seal(b"one", 1, b"act").unwrap();
        assert_ne!(sealed[..xchacha::NONCE_BYTES], again[..xchacha::NONCE_BYTES]);
    }

    #[test]
    fn records_of_several_megabytes() {
        let key = StoreKey::make().unwrap().record_key("cache").unwrap();
        let plaintext = vec![7; 3 << 20];
        let sealed = key.seal(b"", 0, &plaintext).unwrap();
        assert_eq!(sealed.len(), plaintext.len() + xchacha::OVERHEAD_BYTES);
        assert!(*key.open(b"", 0, &sealed).unwrap() == plaintext);
        let mut lying = sealed.clone();
        key.open_in_place(b"", 0, &mut lying).unwrap();
        assert!(lying == plaintext);
        for (name, sequence, length) in
            [(&b"x"[..], 0, sealed.len()), (b"", 1, sealed.len()), (b"", 0, 23), (b"", 0, 39)]
        {
            let mut other = sealed[..length].to_vec();
            assert_eq!(key.open_in_place(name, sequence, &mut other).unwrap_err(), SealError::Tag);
        }
    }
}
