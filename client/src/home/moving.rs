//! Moving a home to another machine: one file with all that the home holds, as it is sealed.
//!
//! The device is one, and so must its home be: two that write would send the same outbox, go on with the same
//! uploads and sign what contradicts itself. So a home whose move file is complete opens no more, and a file has
//! its name only after that. Formats: `docs/formats/store.md`.

mod manifest;
#[cfg(test)]
mod tests;

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Read as _, Write as _};
use std::path::{Path, PathBuf};

use chancery_core::id::Digest;
use chancery_seal::SealError;
use chancery_seal::keystore::{KEYSTORE_BYTES_MAX, KeystoreLock};
use chancery_seal::record::RecordKey;
use chancery_seal::secret::StoreKey;

use super::{Home, HomeError, KEYS, MOVED, disk, keys, records};
pub use manifest::{Listed, MOVED_BYTES_MAX, MOVED_RECORDS_MAX, Manifest};

/// What a move file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moved {
    /// Records.
    pub records: usize,
    /// Length of the file.
    pub length: u64,
}

/// A home could not be moved.
#[derive(Debug, thiserror::Error)]
pub enum MoveError {
    /// A home.
    #[error(transparent)]
    Home(#[from] HomeError),
    /// Input: there is something under the move file's name.
    #[error("{} is there already", path.display())]
    FileExists {
        /// The file.
        path: PathBuf,
    },
    /// Outside world: the file is not a move file as one was written.
    #[error("{}: {fault}", path.display())]
    Fault {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        fault: MoveFault,
    },
}

/// What is wrong with a move file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MoveFault {
    /// It does not begin as one.
    #[error("this is not a move file")]
    NotOne,
    /// Written by a newer program.
    #[error("the move file was written by a newer version of Chancery")]
    Newer,
    /// It ends too early.
    #[error("the move file is cut off")]
    Cut,
    /// Something follows its end.
    #[error("something follows the end of the move file")]
    Extended,
    /// The manifest does not open, or lists what no home has.
    #[error("the move file's list of records was altered")]
    Manifest,
    /// A record is not the one that the manifest lists.
    #[error("a record of the move file was altered")]
    Record,
    /// More records than a move file may hold.
    #[error("there are more than {MOVED_RECORDS_MAX} records")]
    TooMany,
    /// More bytes than a move file may hold.
    #[error("there is more than a move file may hold")]
    TooLarge,
}

impl Home {
    /// Writes all that this home holds to a new file, sealed as it is, and marks this home as moved.
    ///
    /// Whenever the machine stops, either this home is as it was, or it is marked and the whole file is there,
    /// at worst with `.new` after its name.
    ///
    /// # Errors
    /// [`MoveError::FileExists`], [`HomeError::Damaged`] if a record does not open, [`HomeError::Io`].
    pub fn move_out(&self, to: &Path) -> Result<Moved, MoveError> {
        if to.symlink_metadata().is_ok() {
            return Err(MoveError::FileExists { path: to.to_owned() });
        }
        let mut temporary = OsString::from(to.as_os_str());
        temporary.push(disk::TEMPORARY);
        let temporary = PathBuf::from(temporary);
        let moved = self.write_out(&temporary).and_then(|moved| {
            disk::write_durably(&self.dir, MOVED, &[MARK])?;
            if let Err(error) = disk::rename_durably(&temporary, to) {
                disk::remove_durably(&self.dir, MOVED)?;
                return Err(error.into());
            }
            Ok(moved)
        });
        if moved.is_err() {
            let _ = fs::remove_file(&temporary);
        }
        moved
    }

    fn write_out(&self, to: &Path) -> Result<Moved, MoveError> {
        let fault = |fault| MoveError::Fault { path: to.to_owned(), fault };
        let keystore = disk::read(&self.dir.join(KEYS), KEYSTORE_BYTES_MAX as u64)?
            .ok_or_else(|| HomeError::Absent { dir: self.dir.clone() })?;
        // What cannot be opened here could not be opened there either.
        let listed = self.records.list()?;
        let manifest = Manifest::new(listed).map_err(fault)?;
        let sealed = manifest_key(&self.store_key)?
            .seal(Digest::of(&keystore).as_bytes(), 0, &manifest.encode())
            .map_err(HomeError::from)?;
        let head = manifest::head(&keystore).map_err(fault)?;
        let parts = [&head[..], &keystore, &(sealed.len() as u64).to_le_bytes(), &sealed];
        let mut out = BufWriter::new(disk::create(to)?);
        for part in parts {
            out.write_all(part).map_err(HomeError::io(to))?;
        }
        for listed in manifest.records() {
            let file = self.records.file(listed.family, &listed.name)?;
            if Digest::of(&file) != listed.sha256 {
                return Err(fault(MoveFault::Record));
            }
            out.write_all(&file).map_err(HomeError::io(to))?;
        }
        let file = out
            .into_inner()
            .map_err(|error| HomeError::Io { path: to.to_owned(), cause: error.into_error() })?;
        file.sync_all().map_err(HomeError::io(to))?;
        let before = parts.iter().map(|part| part.len() as u64).sum::<u64>();
        Ok(Moved { records: manifest.records().len(), length: before + manifest.bytes() })
    }
}

/// A move file, of which the beginning has been read.
#[derive(Debug)]
pub struct MoveFile<R = BufReader<File>> {
    path: PathBuf,
    file: R,
    /// Bytes that were read.
    length: u64,
    keystore: Vec<u8>,
}

impl MoveFile {
    /// Opens a move file and reads its key store, which is sealed.
    ///
    /// # Errors
    /// [`MoveError::Fault`], [`HomeError::Io`].
    pub fn open(path: &Path) -> Result<Self, MoveError> {
        let file = File::open(path).map_err(HomeError::io(path))?;
        Self::begin(path.to_owned(), BufReader::new(file))
    }
}

impl<R: io::Read> MoveFile<R> {
    /// As [`MoveFile::open`]; the path is only named in errors.
    ///
    /// # Errors
    /// As [`MoveFile::open`].
    pub fn begin(path: PathBuf, file: R) -> Result<Self, MoveError> {
        let mut begun = Self { path, file, length: 0, keystore: Vec::new() };
        let head = begun.read(manifest::HEAD_BYTES as u64)?;
        let head = head.first_chunk().ok_or_else(|| begun.fault(MoveFault::Cut))?;
        let length = manifest::read_head(head).map_err(|fault| begun.fault(fault))?;
        begun.keystore = begun.read(length as u64)?;
        Ok(begun)
    }

    /// Makes the home that the file holds, in a folder that is absent or empty. Everything is written beside it,
    /// verified and durable before the folder gets its name; after a failure nothing is left.
    ///
    /// # Errors
    /// [`HomeError::Exists`], [`HomeError::Locked`] if the passphrase is wrong or the key store altered,
    /// [`MoveError::Fault`], [`HomeError::Io`].
    pub fn move_in(mut self, dir: &Path, passphrase: &str) -> Result<Moved, MoveError> {
        Home::check_free(dir, &[])?;
        let (_, plaintext) = KeystoreLock::unlock(passphrase, &self.keystore)
            .map_err(|cause| HomeError::keystore(self.path.clone(), cause))?;
        let (_, store_key) = keys::decode(&plaintext)?;
        let manifest = self.manifest(&store_key)?;
        let parent = match dir.parent() {
            Some(parent) if parent != Path::new("") => parent,
            _ => Path::new("."),
        };
        disk::make_folder(parent)?;
        let beside =
            tempfile::Builder::new().prefix(BESIDE).tempdir_in(parent).map_err(HomeError::io(parent))?;
        disk::make_private(beside.path())?;
        let length = self.unpack(&manifest, beside.path())?;
        if dir.exists() {
            // It is empty; not every system renames over a folder.
            fs::remove_dir(dir).map_err(HomeError::io(dir))?;
        }
        disk::rename_durably(beside.path(), dir)?;
        // The name is another now, and nothing is there to be removed.
        let _ = beside.keep();
        Ok(Moved { records: manifest.records().len(), length })
    }

    /// Writes and verifies everything; the length of the file.
    fn unpack(&mut self, manifest: &Manifest, dir: &Path) -> Result<u64, MoveError> {
        let write = |folder: &Path, name: &str, content: &[u8]| -> Result<(), HomeError> {
            let path = folder.join(name);
            let mut file = disk::create(&path)?;
            file.write_all(content).and_then(|()| file.sync_all()).map_err(HomeError::io(&path))
        };
        write(dir, KEYS, &self.keystore)?;
        for listed in manifest.records() {
            let content = self.read(listed.length)?;
            if Digest::of(&content) != listed.sha256 {
                return Err(self.fault(MoveFault::Record));
            }
            let folder = dir.join(records::FOLDER).join(listed.family.as_str());
            disk::make_folder(&folder)?;
            write(&folder, &records::file_name(&listed.name)?, &content)?;
        }
        if self.file.read(&mut [0]).map_err(HomeError::io(&self.path))? != 0 {
            return Err(self.fault(MoveFault::Extended));
        }
        for family in super::Family::ALL {
            let folder = dir.join(records::FOLDER).join(family.as_str());
            if folder.is_dir() {
                disk::sync_folder(&folder).map_err(HomeError::io(&folder))?;
            }
        }
        let records = dir.join(records::FOLDER);
        if records.is_dir() {
            disk::sync_folder(&records).map_err(HomeError::io(&records))?;
        }
        disk::sync_folder(dir).map_err(HomeError::io(dir))?;
        Ok(self.length)
    }

    fn manifest(&mut self, store_key: &StoreKey) -> Result<Manifest, MoveError> {
        let length = self.read(8)?.first_chunk().map_or(0, |length| u64::from_le_bytes(*length));
        if length > manifest::SEALED_BYTES_MAX {
            return Err(self.fault(MoveFault::TooLarge));
        }
        let sealed = self.read(length)?;
        let plaintext = manifest_key(store_key)?
            .open(Digest::of(&self.keystore).as_bytes(), 0, &sealed)
            .map_err(|_| self.fault(MoveFault::Manifest))?;
        Manifest::decode(&plaintext).map_err(|fault| self.fault(fault))
    }

    /// Exactly so many bytes; no more memory than the file has bytes.
    fn read(&mut self, length: u64) -> Result<Vec<u8>, MoveError> {
        let mut bytes = Vec::new();
        io::Read::by_ref(&mut self.file)
            .take(length)
            .read_to_end(&mut bytes)
            .map_err(HomeError::io(&self.path))?;
        self.length += bytes.len() as u64;
        if (bytes.len() as u64) < length { Err(self.fault(MoveFault::Cut)) } else { Ok(bytes) }
    }

    fn fault(&self, fault: MoveFault) -> MoveError {
        MoveError::Fault { path: self.path.clone(), fault }
    }
}

/// A key of its own, so that no record can stand in the manifest's place.
fn manifest_key(store_key: &StoreKey) -> Result<RecordKey, HomeError> {
    store_key.record_key("move").map_err(|error: SealError| error.into())
}

/// What the mark says to whoever looks into the folder; programs ask only whether it is there.
const MARK: &[u8] = b"This home was moved to another machine: chancery move export.\n";
/// Begins the name of the folder in which a home is made; after a crash it may be removed.
const BESIDE: &str = ".chancery-import-";
