//! Checking the proof that a log was forked: offline, without a home.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use chancery_core::id::KeyId;
use chancery_core::log::{FORK_PROOF_BYTES_MAX, ForkError, ForkProof, ProvenFork};

use crate::files::FileError;

/// A file proves nothing.
#[derive(Debug, thiserror::Error)]
pub enum VerifyForkError {
    /// It cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// It is no proof, or not one under this root.
    #[error(transparent)]
    Fork(#[from] ForkError),
}

/// Checks the proof in a file under the root of this fingerprint.
///
/// # Errors
/// [`VerifyForkError`]: why it proves nothing.
pub fn verify_fork(path: &Path, root: &KeyId) -> Result<ProvenFork, VerifyForkError> {
    let bytes = read_at_most(path, FORK_PROOF_BYTES_MAX)?;
    Ok(ForkProof::decode(&bytes)?.verify(root)?)
}

/// A file, or so much of it that its decoder sees that it is too long.
pub(super) fn read_at_most(path: &Path, bytes_max: usize) -> Result<Vec<u8>, FileError> {
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(FileError::io(path))?;
    file.take(bytes_max as u64 + 1).read_to_end(&mut bytes).map_err(FileError::io(path))?;
    Ok(bytes)
}
