//! Verifying a record: offline, without an account.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use chancery_core::id::KeyId;

use crate::archive::verify::{RecordError, Shown, verify};
use crate::clock;
use crate::files::FileError;

/// A record was not verified.
#[derive(Debug, thiserror::Error)]
pub enum VerifyRecordError {
    /// It cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// It does not hold.
    #[error(transparent)]
    Record(#[from] RecordError),
}

/// Verifies the record in a file under the root of this fingerprint.
///
/// # Errors
/// [`VerifyRecordError`]: the first thing that is wrong.
pub fn archive_verify(path: &Path, root: &KeyId) -> Result<Shown, VerifyRecordError> {
    let file = File::open(path).map_err(FileError::io(path))?;
    Ok(verify(BufReader::new(file), root, clock::now_ms())?)
}
