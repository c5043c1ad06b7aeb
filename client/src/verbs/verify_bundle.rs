//! Verifying the bundle of a public item: offline, without an account.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use chancery_core::id::KeyId;

use crate::bundle::{BundleError, Shown, verify};
use crate::files::FileError;

/// A bundle was not verified.
#[derive(Debug, thiserror::Error)]
pub enum VerifyBundleError {
    /// It cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// It does not hold.
    #[error(transparent)]
    Bundle(#[from] BundleError),
}

/// Verifies the bundle in a file under the root of this fingerprint.
///
/// # Errors
/// [`VerifyBundleError`]: the first member that is wrong.
pub fn verify_bundle(path: &Path, root: &KeyId) -> Result<Shown, VerifyBundleError> {
    let file = File::open(path).map_err(FileError::io(path))?;
    Ok(verify(BufReader::new(file), root)?)
}
