//! A home: the folder that holds a person's, or the custodians', keys and records on one machine.
//!
//! ```text
//! lock                    held while a program has the home open
//! keys                    the key store, sealed by the passphrase
//! moved                   there if the home was moved to another machine
//! records/FAMILY/NAME     records, sealed by a key inside the key store
//! ```
//!
//! The formats are specified in `docs/formats/store.md`. Every write is durable when its call returns, and
//! a crash leaves the old content or the new, never a part. What a record means is not known here.

mod disk;
mod error;
mod keys;
mod moving;
mod passphrase;
mod records;
mod tls;

#[cfg(test)]
mod tests;

use std::fs::File;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use chancery_core::act::Author;
use chancery_seal::keystore::{KEYSTORE_BYTES_MAX, KeystoreLock};
use chancery_seal::secret::StoreKey;
use chancery_seal::sign::SigningKey;
use zeroize::Zeroizing;

pub use error::HomeError;
pub use keys::{Holder, Keys, Person, ServerAddress};
pub use moving::{
    Listed, MOVED_BYTES_MAX, MOVED_RECORDS_MAX, Manifest, MoveError, MoveFault, MoveFile, Moved,
};
pub use passphrase::{PASSPHRASE_CHARACTERS_MIN, check_new_passphrase};
pub use records::{Family, RECORD_NAME_BYTES_MAX};
pub use tls::TlsIdentity;

use records::Records;

/// A home that is open; no other program can open it until this is dropped.
#[derive(Debug)]
pub struct Home {
    dir: PathBuf,
    /// Held for its lock.
    _lock: File,
    keystore: KeystoreLock,
    keys: Keys,
    store_key: StoreKey,
    records: Records,
}

impl Home {
    /// A new home in a folder that is absent, empty, or has in it what was left of making one.
    ///
    /// # Errors
    /// [`HomeError::Exists`] if the folder has anything in it; [`HomeError::ShortPassphrase`].
    pub fn create(dir: &Path, passphrase: &str, keys: Keys) -> Result<Self, HomeError> {
        check_new_passphrase(passphrase)?;
        Self::check_free(dir, &UNFINISHED)?;
        disk::make_folder(dir)?;
        disk::make_private(dir)?;
        let lock = disk::lock(dir)?;
        let store_key = StoreKey::make()?;
        let keystore = KeystoreLock::make(passphrase)?;
        let records = Records::open(dir, &store_key)?;
        let home = Self { dir: dir.to_owned(), _lock: lock, keystore, keys, store_key, records };
        home.write_keys()?;
        Ok(home)
    }

    /// Opens a home.
    ///
    /// # Errors
    /// [`HomeError::Absent`], [`HomeError::Moved`], [`HomeError::InUse`], [`HomeError::Locked`] if the passphrase
    /// is wrong or the key store altered, [`HomeError::Damaged`], [`HomeError::Io`].
    pub fn open(dir: &Path, passphrase: &str) -> Result<Self, HomeError> {
        if dir.join(MOVED).exists() {
            return Err(HomeError::Moved { dir: dir.to_owned() });
        }
        Self::open_to_move(dir, passphrase)
    }

    /// As [`Home::open`], for a home that was moved, too: whoever lost the move file writes it once more. Nothing
    /// has changed in such a home.
    ///
    /// # Errors
    /// As [`Home::open`], without [`HomeError::Moved`].
    pub fn open_to_move(dir: &Path, passphrase: &str) -> Result<Self, HomeError> {
        if !Self::is_at(dir) {
            return Err(HomeError::Absent { dir: dir.to_owned() });
        }
        let lock = disk::lock(dir)?;
        let path = dir.join(KEYS);
        let file = disk::read(&path, KEYSTORE_BYTES_MAX as u64)?
            .ok_or_else(|| HomeError::Absent { dir: dir.to_owned() })?;
        let (keystore, plaintext) =
            KeystoreLock::unlock(passphrase, &file).map_err(|cause| HomeError::keystore(path, cause))?;
        let (keys, store_key) = keys::decode(&plaintext)?;
        let records = Records::open(dir, &store_key)?;
        Ok(Self { dir: dir.to_owned(), _lock: lock, keystore, keys, store_key, records })
    }

    /// Whether the folder holds a home. Says nothing of its state.
    #[must_use]
    pub fn is_at(dir: &Path) -> bool {
        dir.join(KEYS).is_file()
    }

    /// Whether a home can be made in the folder; files of these names in it count for nothing.
    fn check_free(dir: &Path, but: &[&str]) -> Result<(), HomeError> {
        let taken = dir.exists() && disk::has_others(dir, but)?;
        if taken { Err(HomeError::Exists { dir: dir.to_owned() }) } else { Ok(()) }
    }

    /// Destroys a home with its keys and records. Nothing else in the folder is touched.
    ///
    /// # Errors
    /// [`HomeError::InUse`], [`HomeError::Io`].
    pub fn discard(dir: &Path) -> Result<(), HomeError> {
        let lock = disk::lock(dir)?;
        disk::remove_durably(dir, KEYS)?;
        disk::remove_folder(&dir.join(records::FOLDER))?;
        drop(lock);
        disk::remove_durably(dir, disk::LOCK)
    }

    /// The folder.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The keys.
    #[must_use]
    pub const fn keys(&self) -> &Keys {
        &self.keys
    }

    /// The server, once it is known: always in a person's home, in the custodians' after the deployment
    /// was certified.
    ///
    /// # Errors
    /// [`HomeError::NoServer`]; [`HomeError::SecondCustodian`] in a home that is never online.
    pub fn server(&self) -> Result<&ServerAddress, HomeError> {
        if matches!(self.keys.holder, Holder::Second { .. }) {
            return Err(HomeError::SecondCustodian);
        }
        self.keys.server.as_ref().ok_or(HomeError::NoServer)
    }

    /// The person whose home it is.
    ///
    /// # Errors
    /// [`HomeError::NotAPerson`] in the custodians' home.
    pub const fn person(&self) -> Result<&Person, HomeError> {
        match &self.keys.holder {
            Holder::Person(person) => Ok(person),
            Holder::Custodian { .. } => Err(HomeError::NotAPerson),
            Holder::Second { .. } => Err(HomeError::SecondCustodian),
        }
    }

    /// The root key, of the custodians.
    ///
    /// # Errors
    /// [`HomeError::NotACustodian`] in a person's home, [`HomeError::SecondCustodian`] in the second custodian's.
    pub const fn root_key(&self) -> Result<&SigningKey, HomeError> {
        match &self.keys.holder {
            Holder::Custodian { root } => Ok(root),
            Holder::Person(_) => Err(HomeError::NotACustodian),
            Holder::Second { .. } => Err(HomeError::SecondCustodian),
        }
    }

    /// The second custodian's key.
    ///
    /// # Errors
    /// [`HomeError::NotTheSecond`] in every other home.
    pub const fn second_key(&self) -> Result<&SigningKey, HomeError> {
        match &self.keys.holder {
            Holder::Second { key } => Ok(key),
            Holder::Custodian { .. } | Holder::Person(_) => Err(HomeError::NotTheSecond),
        }
    }

    /// Who speaks in acts from this home, and the key that signs them.
    ///
    /// # Errors
    /// [`HomeError::SecondCustodian`], who makes no acts.
    pub const fn speaker(&self) -> Result<(Author, &SigningKey), HomeError> {
        match &self.keys.holder {
            Holder::Custodian { root } => Ok((Author::Root, root)),
            Holder::Person(person) => Ok((person.identity.author(), &person.identity.sign)),
            Holder::Second { .. } => Err(HomeError::SecondCustodian),
        }
    }

    /// Changes the keys and writes them. If the writing fails, what is in memory is ahead of the disk: close
    /// the home.
    ///
    /// # Errors
    /// [`HomeError::Io`].
    pub fn update_keys(&mut self, change: impl FnOnce(&mut Keys)) -> Result<(), HomeError> {
        change(&mut self.keys);
        self.write_keys()
    }

    /// Seals the key store under another passphrase, with a new salt and today's parameters; records are under
    /// a key inside it and stay as they are. Whenever the machine stops, exactly one of the two opens the home.
    /// Then the old file is overwritten; `false` if the system does not do that.
    ///
    /// # Errors
    /// [`HomeError::ShortPassphrase`], [`HomeError::Io`].
    pub fn change_passphrase(&mut self, new: &str) -> Result<bool, HomeError> {
        check_new_passphrase(new)?;
        let keystore = KeystoreLock::make(new)?;
        let sealed = keystore.seal(&keys::encode(&self.keys, &self.store_key)?)?;
        let wiped = disk::replace_and_wipe(&self.dir, KEYS, &sealed)?;
        self.keystore = keystore;
        Ok(wiped)
    }

    /// Writes a record, or writes it anew.
    ///
    /// # Errors
    /// [`HomeError::Name`] if the name is longer than [`RECORD_NAME_BYTES_MAX`].
    pub fn put(&self, family: Family, name: &[u8], plaintext: &[u8]) -> Result<(), HomeError> {
        self.records.put(family, name, plaintext)
    }

    /// Reads a record.
    ///
    /// # Errors
    /// [`HomeError::Damaged`] if it is not what this home wrote under this name.
    pub fn get(&self, family: Family, name: &[u8]) -> Result<Option<Zeroizing<Vec<u8>>>, HomeError> {
        self.records.get(family, name)
    }

    /// As [`Home::get`], for megabytes that are in memory in other forms anyway: they are not wiped when they are
    /// dropped, which would take longer than reading them.
    ///
    /// # Errors
    /// As [`Home::get`].
    pub fn get_unwiped(&self, family: Family, name: &[u8]) -> Result<Option<Bytes>, HomeError> {
        self.records.get_unwiped(family, name)
    }

    /// Removes a record; an absent one is no error.
    ///
    /// # Errors
    /// [`HomeError::Io`].
    pub fn remove(&self, family: Family, name: &[u8]) -> Result<(), HomeError> {
        self.records.remove(family, name)
    }

    /// The names of a family's records, ascending.
    ///
    /// # Errors
    /// [`HomeError::Io`].
    pub fn names(&self, family: Family) -> Result<Vec<Vec<u8>>, HomeError> {
        self.records.names(family)
    }

    fn write_keys(&self) -> Result<(), HomeError> {
        let plaintext = keys::encode(&self.keys, &self.store_key)?;
        let sealed = self.keystore.seal(&plaintext)?;
        disk::write_durably(&self.dir, KEYS, &[&sealed])
    }
}

const KEYS: &str = "keys";
/// Is there in a home that was moved to another machine.
const MOVED: &str = "moved";
/// What is in a folder in which a home was being made when the program ended: without `keys`, nothing of it was
/// used yet.
const UNFINISHED: [&str; 2] = [disk::LOCK, "keys.new"];
