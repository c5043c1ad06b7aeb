//! Writing a small file at once: whole or not at all.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;

use tempfile::NamedTempFile;

use super::FileError;

/// Writes `bytes` to a file, durably. What is there is replaced only with `force`.
///
/// # Errors
/// [`FileError::Exists`], [`FileError::Io`].
pub fn write_file(path: &Path, bytes: &[u8], force: bool) -> Result<(), FileError> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let disk = FileError::io(path);
    let mut file = NamedTempFile::new_in(folder).map_err(&disk)?;
    file.write_all(bytes).and_then(|()| file.as_file().sync_all()).map_err(&disk)?;
    let kept = if force { file.persist(path) } else { file.persist_noclobber(path) };
    match kept {
        Ok(_) => File::open(folder).and_then(|folder| folder.sync_all()).map_err(disk),
        Err(failed) if failed.error.kind() == std::io::ErrorKind::AlreadyExists => {
            Err(FileError::Exists(path.to_owned()))
        }
        Err(failed) => Err(disk(failed.error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_is_replaced_only_by_force() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        write_file(&path, b"first", false).unwrap();
        assert!(matches!(write_file(&path, b"second", false), Err(FileError::Exists(at)) if at == path));
        assert_eq!(std::fs::read(&path).unwrap(), b"first");
        write_file(&path, b"third", true).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"third");
        assert!(write_file(&folder.path().join("none/file"), b"", true).is_err());
    }
}
