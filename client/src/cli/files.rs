//! Files that a person names on the command line.

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::path::Path;

use super::failure::{Exit, Failure};

/// A text file of at most `bytes_max` bytes.
pub(crate) fn read_text(path: &Path, bytes_max: usize) -> Result<String, Failure> {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(bytes_max as u64 + 1).read_to_end(&mut bytes));
    read.map_err(|error| Failure::of_io(path.display(), &error))?;
    if bytes.len() > bytes_max {
        let message = format!("{} is larger than {bytes_max} bytes", path.display());
        return Err(Failure::usage(message, "Check that it is the right file."));
    }
    String::from_utf8(bytes).map_err(|_| {
        Failure::usage(format!("{} is not text in UTF-8", path.display()), "Check that it is the right file.")
    })
}

/// Writes a file that is not there yet. The same content again is no error.
pub(crate) fn write_new(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    if std::fs::read(path).is_ok_and(|there| there == bytes) {
        return Ok(());
    }
    let write = File::create_new(path).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()
    });
    write.map_err(|error| {
        if error.kind() == io::ErrorKind::AlreadyExists {
            let message = format!("{} is there already", path.display());
            return Failure::new(Exit::Conflict, "FILE_EXISTS", message, "Name another file.");
        }
        Failure::of_io(path.display(), &error)
    })
}
