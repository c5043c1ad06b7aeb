//! Records on the disk: `u64-LE sequence || sealed record`, in a folder for each family.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use chancery_core::id::Digest;
use chancery_seal::SealError;
use chancery_seal::record::{RECORD_BYTES_MAX, RecordKey};
use chancery_seal::secret::StoreKey;
use zeroize::Zeroizing;

use super::{HomeError, Listed, disk};

/// The longest name of a record: its hexadecimal form has to fit into a file name everywhere.
pub const RECORD_NAME_BYTES_MAX: usize = 100;

macro_rules! families {
    ($($(#[$doc:meta])* $name:ident = $text:literal;)*) => {
        /// The kinds of record. Each has a key and a folder of its own.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Family {
            $($(#[$doc])* $name,)*
        }

        impl Family {
            /// Every family.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The name, in the key's derivation and of the folder.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }
        }
    };
}

families! {
    /// The directory as verified.
    Directory = "directory";
    /// A channel as verified, by channel id.
    Channel = "channel";
    /// The custodians' certificates, by the server's log key.
    Certificate = "certificate";
    /// Acts on their way, by act id.
    Outbox = "outbox";
    /// Invitations that are open, by lookup value; one's own while one waits.
    Invitation = "invitation";
    /// Journals of uploads.
    Journal = "journal";
    /// Checkpoints that one's own acts rest on.
    Checkpoint = "checkpoint";
    /// Names and contacts of people.
    Card = "card";
    /// What a person calls their own devices, by device id.
    Device = "device";
    /// What the person has read, by channel id.
    Seen = "seen";
    /// Which changes of keys the person was told of.
    Told = "told";
    /// A hand-over that is not finished.
    HandOver = "hand-over";
}

/// The records of an open home.
#[derive(Debug)]
pub(super) struct Records {
    dir: PathBuf,
    keys: BTreeMap<Family, RecordKey>,
}

impl Records {
    pub(super) fn open(home: &Path, store_key: &StoreKey) -> Result<Self, HomeError> {
        let keys = Family::ALL.iter().map(|family| Ok((*family, store_key.record_key(family.as_str())?)));
        Ok(Self { dir: home.join(FOLDER), keys: keys.collect::<Result<_, SealError>>()? })
    }

    pub(super) fn put(&self, family: Family, name: &[u8], plaintext: &[u8]) -> Result<(), HomeError> {
        let (folder, file) = (self.folder(family), file_name(name)?);
        disk::make_folder(&folder)?;
        let path = folder.join(&file);
        let sequence = disk::read_head(&path)?.map_or(0, u64::from_le_bytes).saturating_add(1);
        let sealed = self.key(family)?.seal(name, sequence, plaintext)?;
        disk::write_durably(&folder, &file, &[&sequence.to_le_bytes(), &sealed])
    }

    pub(super) fn get(&self, family: Family, name: &[u8]) -> Result<Option<Zeroizing<Vec<u8>>>, HomeError> {
        let path = self.folder(family).join(file_name(name)?);
        let Some((sequence, sealed)) = read_file(&path)? else { return Ok(None) };
        match self.key(family)?.open(name, sequence, &sealed) {
            Ok(plaintext) => Ok(Some(plaintext)),
            Err(_) => Err(HomeError::Damaged { path }),
        }
    }

    pub(super) fn get_unwiped(&self, family: Family, name: &[u8]) -> Result<Option<Bytes>, HomeError> {
        let path = self.folder(family).join(file_name(name)?);
        let Some((sequence, mut record)) = read_file(&path)? else { return Ok(None) };
        match self.key(family)?.open_in_place(name, sequence, &mut record) {
            Ok(()) => Ok(Some(record.into())),
            Err(_) => Err(HomeError::Damaged { path }),
        }
    }

    pub(super) fn remove(&self, family: Family, name: &[u8]) -> Result<(), HomeError> {
        disk::remove_durably(&self.folder(family), &file_name(name)?)
    }

    pub(super) fn names(&self, family: Family) -> Result<Vec<Vec<u8>>, HomeError> {
        let folder = self.folder(family);
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(cause) => return Err(HomeError::Io { path: folder, cause }),
        };
        let mut names = Vec::new();
        for entry in entries {
            let name = entry.map_err(HomeError::io(&folder))?.file_name();
            // What a crash left half-written is no record.
            if let Some(name) = name.to_str().and_then(parse_file_name) {
                names.push(name);
            }
        }
        names.sort_unstable();
        Ok(names)
    }

    /// Every record there is, in the order of families' names and then of names. Each has been opened.
    pub(super) fn list(&self) -> Result<Vec<Listed>, HomeError> {
        self.check_families()?;
        let mut families = Family::ALL.to_vec();
        families.sort_unstable_by_key(|family| family.as_str());
        let mut listed = Vec::new();
        for family in families {
            for name in self.names(family)? {
                self.get(family, &name)?;
                let file = self.file(family, &name)?;
                let (length, sha256) = (file.len() as u64, Digest::of(&file));
                listed.push(Listed { family, name, length, sha256 });
            }
        }
        Ok(listed)
    }

    /// The file of a record, as it is sealed.
    pub(super) fn file(&self, family: Family, name: &[u8]) -> Result<Vec<u8>, HomeError> {
        let path = self.folder(family).join(file_name(name)?);
        disk::read(&path, FILE_BYTES_MAX)?.ok_or(HomeError::Damaged { path })
    }

    /// A newer program's kinds of record cannot be opened here, and must not be left behind in silence.
    fn check_families(&self) -> Result<(), HomeError> {
        let entries = match fs::read_dir(&self.dir) {
            Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            entries => entries.map_err(HomeError::io(&self.dir))?,
        };
        for entry in entries {
            let name = entry.map_err(HomeError::io(&self.dir))?.file_name();
            if !Family::ALL.iter().any(|family| name == family.as_str()) {
                return Err(HomeError::Newer);
            }
        }
        Ok(())
    }

    fn folder(&self, family: Family) -> PathBuf {
        self.dir.join(family.as_str())
    }

    fn key(&self, family: Family) -> Result<&RecordKey, HomeError> {
        self.keys.get(&family).ok_or(HomeError::Seal(SealError::Bug("every family has a key")))
    }
}

/// The folder of all records in a home.
pub(super) const FOLDER: &str = "records";

/// `x` before the digits lets an empty name have a file, too.
pub(super) fn file_name(name: &[u8]) -> Result<String, HomeError> {
    if name.len() > RECORD_NAME_BYTES_MAX {
        return Err(HomeError::Name { bytes: name.len() });
    }
    Ok(format!("x{}", hex::encode(name)))
}

fn parse_file_name(name: &str) -> Option<Vec<u8>> {
    name.strip_prefix('x').and_then(|digits| hex::decode(digits).ok())
}

/// A file's sequence number and sealed record.
fn read_file(path: &Path) -> Result<Option<(u64, Vec<u8>)>, HomeError> {
    let Some((sequence, record)) = disk::read_parts(path, FILE_BYTES_MAX)? else { return Ok(None) };
    Ok(Some((u64::from_le_bytes(sequence), record)))
}

/// A sequence number, a nonce and a tag around an empty plaintext.
pub(super) const FILE_BYTES_MIN: u64 = 8 + 24 + 16;
/// The same around the largest.
pub(super) const FILE_BYTES_MAX: u64 = RECORD_BYTES_MAX as u64 + FILE_BYTES_MIN;
