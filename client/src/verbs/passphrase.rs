//! Changing the passphrase of a home.

use std::path::Path;

use crate::home::{Home, HomeError, check_new_passphrase};

/// Has the home open with `new` and not with `old` any more. Whenever the machine stops, exactly one of the two
/// opens it. `false` if the old key store could not be overwritten on the disk.
///
/// # Errors
/// [`HomeError`]; the old passphrase opens the home.
pub fn change(dir: &Path, old: &str, new: &str) -> Result<bool, HomeError> {
    check_new_passphrase(new)?;
    if old == new {
        return Err(HomeError::SamePassphrase);
    }
    Home::open(dir, old)?.change_passphrase(new)
}
