//! Moving a home to another machine.

use std::path::Path;

use crate::home::{Home, MoveError, MoveFile, Moved};

/// Writes a home to one file, sealed as it is, and marks the home as moved: it opens no more, but for this.
///
/// # Errors
/// [`MoveError`].
pub fn export(dir: &Path, passphrase: &str, to: &Path) -> Result<Moved, MoveError> {
    Home::open_to_move(dir, passphrase)?.move_out(to)
}

/// Makes the home that a move file holds, once all of it is verified.
///
/// # Errors
/// [`MoveError`]; nothing is left of a home that was not made.
pub fn import(from: MoveFile, dir: &Path, passphrase: &str) -> Result<Moved, MoveError> {
    from.move_in(dir, passphrase)
}
