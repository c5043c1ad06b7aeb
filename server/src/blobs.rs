//! The bytes of files: parts that are written once and read by range.
//!
//! Names are made of typed ids only; no path ever comes from outside. Nothing here knows who may read a
//! file, or whether a file is complete: the database does.

mod folder;

use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use chancery_core::id::{Digest, FileId};
use tokio::task::JoinHandle;

pub use folder::{PartReader, PartWriter};

use folder::Folder;

/// Bytes of one piece of a read; a reader holds two at most.
pub const READ_BYTES: usize = 256 * 1024;

/// Where parts are kept. Cheap to clone.
#[derive(Clone)]
pub enum Blobs {
    /// A folder of this machine.
    Folder(Folder),
}

/// Why bytes could not be stored or read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BlobError {
    /// The caller's input: the bytes do not hash to what was announced. Nothing was stored.
    #[error("the bytes of the part do not have the announced SHA-256; nothing was stored")]
    Digest,
    /// The caller's input: more bytes than a part may have. Nothing was stored.
    #[error("a part has at most {length_bytes_max} bytes; nothing was stored")]
    TooLong {
        /// The most that this part may have.
        length_bytes_max: u64,
    },
    /// A conflict: the part exists with other bytes, and parts are written once.
    #[error("the part is already stored with other bytes; it was not changed")]
    Exists,
    /// There is no such part.
    #[error("there is no such part")]
    Absent,
    /// The caller's input: the range ends behind the part.
    #[error("the range ends behind the part's {length_bytes} bytes")]
    Range {
        /// Bytes of the part.
        length_bytes: u64,
    },
    /// The outside world: the disk refused.
    #[error("the store of files failed to {doing}: {kind}")]
    Io {
        /// What was being done.
        doing: &'static str,
        /// The reason, without a path.
        kind: std::io::ErrorKind,
    },
    /// The server is stopping.
    #[error("the server is stopping")]
    Stopping,
}

/// A part on its way to the disk; resolves to its length in bytes when it is durable.
///
/// The write goes on if this is dropped. A caller takes in the next part meanwhile, and commits a part to
/// the database only after it resolved.
#[must_use = "a part may be acknowledged only when it is durable"]
pub struct Durable(JoinHandle<Result<u64, BlobError>>);

/// A file of the store, for the check of store against database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredFile {
    /// The file.
    pub file: FileId,
    /// Number and length in bytes of each part, in order.
    pub parts: Vec<(u32, u64)>,
}

impl Blobs {
    /// A store in the folder `root`, which is made if it is absent.
    pub async fn open_folder(root: PathBuf) -> Result<Self, BlobError> {
        blocking(move || Folder::open(&root)).await.map(Self::Folder)
    }

    /// The store in the folder `root`, which must be there; nothing in it is made or removed.
    pub async fn open_to_read(root: PathBuf) -> Result<Self, BlobError> {
        blocking(move || Folder::open_to_read(&root)).await.map(Self::Folder)
    }

    /// Begins to write a part of at most `length_bytes_max` bytes. Nothing is visible before
    /// [`PartWriter::finish`].
    pub async fn begin_part(
        &self,
        file: FileId,
        part: u32,
        length_bytes_max: u64,
    ) -> Result<PartWriter, BlobError> {
        match self {
            Self::Folder(folder) => folder.begin_part(file, part, length_bytes_max).await,
        }
    }

    /// Writes a whole part. The same bytes again are no error; other bytes are ([`BlobError::Exists`]).
    pub async fn put_part(
        &self,
        file: FileId,
        part: u32,
        bytes: Bytes,
        sha256: Digest,
    ) -> Result<Durable, BlobError> {
        let mut writer = self.begin_part(file, part, bytes.len() as u64).await?;
        writer.write(bytes).await?;
        writer.finish(sha256).await
    }

    /// Reads `length_bytes` bytes of a part from `offset_bytes` on.
    pub async fn read_range(
        &self,
        file: FileId,
        part: u32,
        offset_bytes: u64,
        length_bytes: u64,
    ) -> Result<PartReader, BlobError> {
        match self {
            Self::Folder(folder) => folder.read_range(file, part, offset_bytes, length_bytes).await,
        }
    }

    /// The SHA-256 of a part as it is stored.
    pub async fn digest(&self, file: FileId, part: u32) -> Result<Digest, BlobError> {
        match self {
            Self::Folder(folder) => folder.digest(file, part).await,
        }
    }

    /// Removes every part of a file; a file that is absent is no error.
    pub async fn delete(&self, file: FileId) -> Result<(), BlobError> {
        match self {
            Self::Folder(folder) => folder.delete(file).await,
        }
    }

    /// The stored files whose id begins with the byte `first`, in order of id: the whole store is 256 such
    /// pages.
    pub async fn list(&self, first: u8) -> Result<Vec<StoredFile>, BlobError> {
        match self {
            Self::Folder(folder) => folder.list(first).await,
        }
    }
}

impl Future for Durable {
    type Output = Result<u64, BlobError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(cx).map(|joined| joined.unwrap_or(Err(BlobError::Stopping)))
    }
}

/// Runs `work` where it may wait for the disk.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, BlobError> + Send + 'static,
) -> Result<T, BlobError> {
    tokio::task::spawn_blocking(work).await.unwrap_or(Err(BlobError::Stopping))
}

#[cfg(test)]
mod tests;
