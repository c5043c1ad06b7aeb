//! Parts in a folder of this machine.
//!
//! ```text
//! root/incoming/…              parts being written, under random names
//! root/parts/ab/cd/abcd…/00007 part 7 of the file abcd… (32 hexadecimal digits)
//! ```
//!
//! A part is written under `incoming`, flushed to the disk, and then moved to its place by a rename that
//! never replaces; last the folder itself is flushed. So a name stands only for whole, durable bytes.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use chancery_core::id::{Digest, FileId};
use chancery_core::limits::UNCITED_FILE_MS;
use tempfile::NamedTempFile;
use tokio::task::JoinHandle;

use super::{BlobError, Durable, READ_BYTES, StoredFile, blocking};

/// A store of parts in a folder.
#[derive(Clone)]
pub struct Folder(Arc<Root>);

struct Root {
    incoming: PathBuf,
    parts: PathBuf,
    /// Held while a folder is made and flushed, so that whoever finds it there finds it durable.
    making: Mutex<()>,
}

impl Root {
    fn of(root: &Path) -> Self {
        Self { incoming: root.join("incoming"), parts: root.join("parts"), making: Mutex::new(()) }
    }
}

impl Folder {
    pub(super) fn open(root: &Path) -> Result<Self, BlobError> {
        let doing = "open its folder";
        let root = Root::of(root);
        for folder in [&root.incoming, &root.parts] {
            make_durable(folder).map_err(|error| failed(doing, &error))?;
        }
        remove_abandoned(&root.incoming).map_err(|error| failed(doing, &error))?;
        Ok(Self(Arc::new(root)))
    }

    pub(super) fn open_to_read(root: &Path) -> Result<Self, BlobError> {
        let root = Root::of(root);
        fs::metadata(&root.parts).map_err(|error| failed("open its folder", &error))?;
        Ok(Self(Arc::new(root)))
    }

    pub(super) async fn begin_part(
        &self,
        file: FileId,
        part: u32,
        length_bytes_max: u64,
    ) -> Result<PartWriter, BlobError> {
        let root = self.0.clone();
        let draft = blocking(move || {
            let temp =
                NamedTempFile::new_in(&root.incoming).map_err(|error| failed("begin a part", &error))?;
            let hash = ring::digest::Context::new(&ring::digest::SHA256);
            Ok(Draft { root, file, part, temp, hash, length_bytes: 0 })
        })
        .await?;
        let state = State::Idle(Box::new(draft));
        Ok(PartWriter { state, waiting: Vec::new(), waiting_bytes: 0, length_bytes: 0, length_bytes_max })
    }

    pub(super) async fn read_range(
        &self,
        file: FileId,
        part: u32,
        offset_bytes: u64,
        length_bytes: u64,
    ) -> Result<PartReader, BlobError> {
        let path = self.0.part(file, part);
        let source = blocking(move || {
            let mut source = File::open(path).map_err(|error| unless_absent("open a part", &error))?;
            let stored = source.metadata().map_err(|error| failed("measure a part", &error))?.len();
            if offset_bytes.checked_add(length_bytes).is_none_or(|end| end > stored) {
                return Err(BlobError::Range { length_bytes: stored });
            }
            source.seek(SeekFrom::Start(offset_bytes)).map_err(|error| failed("read a part", &error))?;
            Ok(source)
        })
        .await?;
        let ahead = (length_bytes > 0).then(|| read(source, length_bytes));
        Ok(PartReader { ahead, remaining_bytes: length_bytes })
    }

    pub(super) async fn digest(&self, file: FileId, part: u32) -> Result<Digest, BlobError> {
        let path = self.0.part(file, part);
        blocking(move || digest_of(&path)).await
    }

    pub(super) async fn delete(&self, file: FileId) -> Result<(), BlobError> {
        let folder = self.0.folder(file);
        blocking(move || {
            let removed = fs::remove_dir_all(&folder).and_then(|()| sync_parent(&folder));
            match removed {
                Err(error) if error.kind() != ErrorKind::NotFound => Err(failed("delete a file", &error)),
                _ => Ok(()),
            }
        })
        .await
    }

    pub(super) async fn list(&self, first: u8) -> Result<Vec<StoredFile>, BlobError> {
        let folder = self.0.parts.join(hex::encode([first]));
        blocking(move || list(&folder).map_err(|error| failed("list the files", &error))).await
    }
}

impl Root {
    fn folder(&self, file: FileId) -> PathBuf {
        let name = file.to_string();
        // INVARIANT: an id prints as 32 hexadecimal digits.
        self.parts.join(&name[0..2]).join(&name[2..4]).join(name)
    }

    fn part(&self, file: FileId, part: u32) -> PathBuf {
        self.folder(file).join(format!("{part:05}"))
    }
}

/// A part being written. Dropped before [`PartWriter::finish`], it leaves nothing behind.
///
/// It holds at most two batches of a mebibyte: one that fills, one on its way to the file.
#[must_use = "nothing is stored before `finish`"]
pub struct PartWriter {
    state: State,
    waiting: Vec<Bytes>,
    waiting_bytes: usize,
    length_bytes: u64,
    length_bytes_max: u64,
}

enum State {
    Idle(Box<Draft>),
    Writing(JoinHandle<Result<Box<Draft>, BlobError>>),
    Failed,
}

/// The file under `incoming` and the running hash of what it holds.
struct Draft {
    root: Arc<Root>,
    file: FileId,
    part: u32,
    temp: NamedTempFile,
    hash: ring::digest::Context,
    length_bytes: u64,
}

impl PartWriter {
    /// Takes in the next bytes; waits only while the batch before is still being written.
    pub async fn write(&mut self, bytes: Bytes) -> Result<(), BlobError> {
        self.length_bytes = self.length_bytes.saturating_add(bytes.len() as u64);
        if self.length_bytes > self.length_bytes_max {
            self.state = State::Failed;
            return Err(BlobError::TooLong { length_bytes_max: self.length_bytes_max });
        }
        self.waiting_bytes += bytes.len();
        self.waiting.push(bytes);
        if self.waiting_bytes < BATCH_BYTES {
            return Ok(());
        }
        let mut draft = self.settle().await?;
        let batch = std::mem::take(&mut self.waiting);
        self.waiting_bytes = 0;
        self.state = State::Writing(tokio::task::spawn_blocking(move || {
            draft.append(&batch)?;
            Ok(draft)
        }));
        Ok(())
    }

    /// Ends the part, which must hash to `sha256`. The errors of the disk, of a wrong digest and of a part
    /// that exists come from the [`Durable`].
    pub async fn finish(mut self, sha256: Digest) -> Result<Durable, BlobError> {
        let mut draft = self.settle().await?;
        let batch = self.waiting;
        Ok(Durable(tokio::task::spawn_blocking(move || {
            draft.append(&batch)?;
            draft.put(sha256)
        })))
    }

    /// The draft, once the batch before is written.
    async fn settle(&mut self) -> Result<Box<Draft>, BlobError> {
        match std::mem::replace(&mut self.state, State::Failed) {
            State::Idle(draft) => Ok(draft),
            State::Writing(batch) => batch.await.unwrap_or(Err(BlobError::Stopping)),
            State::Failed => Err(BlobError::Stopping),
        }
    }
}

impl Draft {
    fn append(&mut self, batch: &[Bytes]) -> Result<(), BlobError> {
        for bytes in batch {
            self.temp.write_all(bytes).map_err(|error| failed("write a part", &error))?;
            self.hash.update(bytes);
            self.length_bytes += bytes.len() as u64;
        }
        Ok(())
    }

    fn put(self: Box<Self>, sha256: Digest) -> Result<u64, BlobError> {
        let doing = "store a part";
        let Self { root, file, part, temp, hash, length_bytes } = *self;
        if hash.finish().as_ref() != sha256.as_bytes() {
            return Err(BlobError::Digest);
        }
        temp.as_file().sync_data().map_err(|error| failed(doing, &error))?;
        {
            let _making = root.making.lock().unwrap_or_else(PoisonError::into_inner);
            make_durable(&root.folder(file)).map_err(|error| failed(doing, &error))?;
        }
        let place = root.part(file, part);
        match temp.persist_noclobber(&place) {
            Ok(_) => {}
            Err(refused) if refused.error.kind() == ErrorKind::AlreadyExists => {
                if digest_of(&place)? != sha256 {
                    return Err(BlobError::Exists);
                }
            }
            Err(refused) => return Err(failed(doing, &refused.error)),
        }
        // Also for a part that was there: a crash may lie between its rename and this.
        sync_parent(&place).map_err(|error| failed(doing, &error))?;
        Ok(length_bytes)
    }
}

/// The source and its next piece, being read.
type Ahead = JoinHandle<io::Result<(File, Vec<u8>)>>;

/// The pieces of a range, read one ahead.
pub struct PartReader {
    ahead: Option<Ahead>,
    remaining_bytes: u64,
}

impl PartReader {
    /// The next piece, of [`READ_BYTES`] bytes or less at the end; `None` after the last.
    pub async fn next(&mut self) -> Result<Option<Bytes>, BlobError> {
        let Some(ahead) = self.ahead.as_mut() else { return Ok(None) };
        let outcome = ahead.await;
        self.ahead = None;
        let (source, piece) =
            outcome.map_err(|_| BlobError::Stopping)?.map_err(|error| failed("read a part", &error))?;
        self.remaining_bytes -= piece.len() as u64;
        if self.remaining_bytes > 0 {
            self.ahead = Some(read(source, self.remaining_bytes));
        }
        Ok(Some(piece.into()))
    }

    /// Bytes that [`PartReader::next`] has not returned yet.
    #[must_use]
    pub fn remaining_bytes(&self) -> u64 {
        self.remaining_bytes
    }
}

fn read(source: File, remaining_bytes: u64) -> Ahead {
    tokio::task::spawn_blocking(move || {
        let length = remaining_bytes.min(READ_BYTES as u64);
        let mut piece = Vec::with_capacity(READ_BYTES);
        let got = (&source).take(length).read_to_end(&mut piece)?;
        if got as u64 == length { Ok((source, piece)) } else { Err(ErrorKind::UnexpectedEof.into()) }
    })
}

fn digest_of(path: &Path) -> Result<Digest, BlobError> {
    let mut source = File::open(path).map_err(|error| unless_absent("open a part", &error))?;
    let mut hash = ring::digest::Context::new(&ring::digest::SHA256);
    let mut piece = vec![0; READ_BYTES];
    loop {
        match source.read(&mut piece).map_err(|error| failed("read a part", &error))? {
            0 => break,
            got => hash.update(&piece[..got]),
        }
    }
    let mut digest = [0; Digest::LEN_BYTES];
    digest.copy_from_slice(hash.finish().as_ref());
    Ok(Digest::new(digest))
}

fn list(folder: &Path) -> io::Result<Vec<StoredFile>> {
    let mut files = Vec::new();
    for second in entries(folder)? {
        for file in entries(&second.path())? {
            let name = file.file_name();
            let Some(id) = name.to_str().and_then(|name| name.parse().ok()) else { continue };
            let mut parts = Vec::new();
            for part in entries(&file.path())? {
                if let Some(number) = part.file_name().to_str().and_then(|name| name.parse().ok()) {
                    parts.push((number, part.metadata()?.len()));
                }
            }
            parts.sort_unstable();
            files.push(StoredFile { file: id, parts });
        }
    }
    files.sort_unstable_by_key(|stored| stored.file);
    Ok(files)
}

/// The entries of a folder; of an absent folder none.
fn entries(folder: &Path) -> io::Result<Vec<fs::DirEntry>> {
    match fs::read_dir(folder) {
        Ok(entries) => entries.collect(),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

/// Makes a folder with all above it, and each of them durable.
fn make_durable(folder: &Path) -> io::Result<()> {
    match fs::create_dir(folder) {
        Ok(()) => sync_parent(folder),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let parent = folder.parent().ok_or(error)?;
            make_durable(parent)?;
            make_durable(folder)
        }
        Err(error) => Err(error),
    }
}

fn sync_parent(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => File::open(parent)?.sync_all(),
        _ => File::open(".")?.sync_all(),
    }
}

/// Removes what a crash left under `incoming`. Another replica may be writing there: its drafts are young.
fn remove_abandoned(incoming: &Path) -> io::Result<()> {
    for draft in entries(incoming)? {
        let age = draft.metadata()?.modified()?.elapsed().unwrap_or_default();
        if age > Duration::from_millis(UNCITED_FILE_MS) {
            fs::remove_file(draft.path())?;
        }
    }
    Ok(())
}

fn failed(doing: &'static str, error: &io::Error) -> BlobError {
    BlobError::Io { doing, kind: error.kind() }
}

fn unless_absent(doing: &'static str, error: &io::Error) -> BlobError {
    if error.kind() == ErrorKind::NotFound { BlobError::Absent } else { failed(doing, error) }
}

const BATCH_BYTES: usize = 1024 * 1024;
