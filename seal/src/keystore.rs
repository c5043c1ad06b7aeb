//! The key store: one file, sealed by a passphrase, that holds a person's secrets on one device.
//!
//! ```text
//! +-----------+-------------+---------------------------+-----------+------------+--------------------+
//! | magic (8) | version (1) | memory, passes, lanes     | salt (16) | nonce (24) | ciphertext and tag |
//! |           |             | (u32-LE each, 12)         |           |            |                    |
//! +-----------+-------------+---------------------------+-----------+------------+--------------------+
//! |<------------------- associated data ---------------------------->|
//! ```
//!
//! What is inside is the caller's business. Reading and writing the file is, too.

use zeroize::Zeroizing;

use crate::hazmat::{argon2id, xchacha};
use crate::{SealError, random};

/// The largest key store file.
pub const KEYSTORE_BYTES_MAX: usize = 16 * 1024 * 1024;

const MAGIC: &[u8; 8] = b"CHANKEYS";
const VERSION: u8 = 1;
const SALT_BYTES: usize = 16;
const PROFILE_AT: usize = MAGIC.len() + 1;
const SALT_AT: usize = PROFILE_AT + 12;
const HEADER_BYTES: usize = SALT_AT + SALT_BYTES;

/// The key that a passphrase gives for one salt. Deriving it takes about a tenth of a second and 64 MiB, so it
/// is kept while the store is in use; every write takes a fresh nonce.
pub struct KeystoreLock {
    kek: Zeroizing<[u8; 32]>,
    salt: [u8; SALT_BYTES],
}

impl KeystoreLock {
    /// A lock under a new random salt, for a new store or a new passphrase.
    pub fn make(passphrase: &str) -> Result<Self, SealError> {
        Self::derive(passphrase, random::make_bytes()?)
    }

    /// The lock of an existing store, and what is inside.
    ///
    /// # Errors
    ///
    /// [`SealError::Format`], [`SealError::UnknownVersion`] and [`SealError::Length`] before the passphrase is
    /// tried, then [`SealError::WrongPassphraseOrDamaged`].
    pub fn unlock(passphrase: &str, file: &[u8]) -> Result<(Self, Zeroizing<Vec<u8>>), SealError> {
        let lock = Self::derive(passphrase, Parsed::read(file)?.salt)?;
        let plaintext = lock.open(file)?;
        Ok((lock, plaintext))
    }

    /// Seals `plaintext` into a whole new file.
    ///
    /// # Errors
    ///
    /// [`SealError::TooLarge`] if the file would be over [`KEYSTORE_BYTES_MAX`].
    pub fn seal(&self, plaintext: &[u8]) -> Result<Vec<u8>, SealError> {
        self.seal_with_nonce(plaintext, &random::make_bytes()?)
    }

    /// Opens a file that this lock sealed, without deriving the key again.
    ///
    /// # Errors
    ///
    /// As [`KeystoreLock::unlock`], and [`SealError::OtherLock`] if the file has another salt.
    pub fn open(&self, file: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealError> {
        let parsed = Parsed::read(file)?;
        if parsed.salt != self.salt {
            return Err(SealError::OtherLock);
        }
        xchacha::open(&self.kek, parsed.header, parsed.sealed)
            .map_err(|_| SealError::WrongPassphraseOrDamaged)
    }

    pub(crate) fn derive(passphrase: &str, salt: [u8; SALT_BYTES]) -> Result<Self, SealError> {
        Ok(Self { kek: argon2id::derive(passphrase.as_bytes(), &salt)?, salt })
    }

    pub(crate) fn seal_with_nonce(
        &self,
        plaintext: &[u8],
        nonce: &[u8; xchacha::NONCE_BYTES],
    ) -> Result<Vec<u8>, SealError> {
        check_size(HEADER_BYTES + plaintext.len() + xchacha::OVERHEAD_BYTES)?;
        let header = header(&self.salt);
        let mut out = header.to_vec();
        xchacha::seal(&self.kek, nonce, &header, plaintext, &mut out)?;
        Ok(out)
    }
}

impl std::fmt::Debug for KeystoreLock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("KeystoreLock(..)")
    }
}

struct Parsed<'a> {
    header: &'a [u8],
    salt: [u8; SALT_BYTES],
    sealed: &'a [u8],
}

impl<'a> Parsed<'a> {
    /// Takes a file apart. Only the one profile is accepted: another could ask for any memory and time.
    fn read(file: &'a [u8]) -> Result<Self, SealError> {
        check_size(file.len())?;
        let shortest = HEADER_BYTES + xchacha::OVERHEAD_BYTES;
        let length =
            SealError::Length { what: "the key store", expected: shortest as u64, found: file.len() as u64 };
        let (magic, rest) = file.split_first_chunk::<8>().ok_or(length)?;
        if magic != MAGIC {
            return Err(SealError::Format { what: "a Chancery key store" });
        }
        let version = *rest.first().ok_or(length)?;
        if version != VERSION {
            return Err(SealError::UnknownVersion { what: "the key store", found: version });
        }
        if file.len() < shortest {
            return Err(length);
        }
        let (head, sealed) = file.split_first_chunk::<HEADER_BYTES>().ok_or(length)?;
        let salt = *head.last_chunk().ok_or(length)?;
        if *head != header(&salt) {
            return Err(SealError::Format { what: "a key store of the one known Argon2id profile" });
        }
        Ok(Self { header: head, salt, sealed })
    }
}

fn header(salt: &[u8; SALT_BYTES]) -> [u8; HEADER_BYTES] {
    let mut out = [0; HEADER_BYTES];
    out[..MAGIC.len()].copy_from_slice(MAGIC);
    out[MAGIC.len()] = VERSION;
    for (field, value) in out[PROFILE_AT..SALT_AT].chunks_exact_mut(4).zip([
        argon2id::MEMORY_KIB,
        argon2id::PASSES,
        argon2id::LANES,
    ]) {
        field.copy_from_slice(&value.to_le_bytes());
    }
    out[SALT_AT..].copy_from_slice(salt);
    out
}

fn check_size(bytes: usize) -> Result<(), SealError> {
    let (what, bytes_max, found) = ("the key store", KEYSTORE_BYTES_MAX as u64, bytes as u64);
    (found <= bytes_max).then_some(()).ok_or(SealError::TooLarge { what, bytes_max, found })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One lock for the whole test: deriving it is slow on purpose.
    #[test]
    fn a_key_store_opens_with_its_passphrase_only() {
        let lock = KeystoreLock::make("correct horse").unwrap();
        let file = lock.seal(b"secrets").unwrap();
        assert_eq!(&**lock.open(&file).unwrap(), b"secrets");

        let (again, plaintext) = KeystoreLock::unlock("correct horse", &file).unwrap();
        assert_eq!(&**plaintext, b"secrets");
        let resealed = again.seal(b"more secrets").unwrap();
        assert_eq!(&**lock.open(&resealed).unwrap(), b"more secrets");
        assert_ne!(file[SALT_AT + SALT_BYTES..][..24], resealed[SALT_AT + SALT_BYTES..][..24]);

        assert_eq!(
            KeystoreLock::unlock("wrong horse", &file).map(drop).unwrap_err(),
            SealError::WrongPassphraseOrDamaged
        );
        let mut damaged = file.clone();
        damaged[HEADER_BYTES + 30] ^= 1;
        assert_eq!(lock.open(&damaged).unwrap_err(), SealError::WrongPassphraseOrDamaged);
        let mut resalted = file;
        resalted[SALT_AT] ^= 1;
        assert_eq!(lock.open(&resalted).unwrap_err(), SealError::OtherLock);
    }

    /// None of these derives a key, so none of them can be made to take long.
    #[test]
    fn files_of_another_form_are_refused_before_the_passphrase_is_tried() {
        let lock = KeystoreLock { kek: Zeroizing::new([0; 32]), salt: [0; 16] };
        let file = lock.seal(b"secrets").unwrap();
        let with = |at: usize, value: u8| {
            let mut altered = file.clone();
            altered[at] = value;
            altered
        };
        let check = |what: &str, bytes: &[u8], expected: fn(&SealError) -> bool| {
            let refused = Parsed::read(bytes).map(|_| ()).unwrap_err();
            assert!(expected(&refused), "{what}: {refused}");
        };
        check("magic", &with(0, b'X'), |e| matches!(e, SealError::Format { .. }));
        check("version", &with(8, 2), |e| matches!(e, SealError::UnknownVersion { found: 2, .. }));
        check("memory", &with(PROFILE_AT + 3, 0x7f), |e| matches!(e, SealError::Format { .. }));
        check("passes", &with(PROFILE_AT + 4, 4), |e| matches!(e, SealError::Format { .. }));
        check("lanes", &with(PROFILE_AT + 8, 0), |e| matches!(e, SealError::Format { .. }));
        let large = vec![0; KEYSTORE_BYTES_MAX + 1];
        check("large", &large, |e| matches!(e, SealError::TooLarge { .. }));
        for length in [0, 7, 8, 9, HEADER_BYTES, HEADER_BYTES + xchacha::OVERHEAD_BYTES - 1] {
            check("cut", &file[..length], |e| matches!(e, SealError::Length { .. }));
        }
    }
}
