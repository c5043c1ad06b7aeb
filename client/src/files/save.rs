//! Saving a cited file under a name.

use std::fs::{self, File, OpenOptions};
use std::path::{Path, PathBuf};

use chancery_core::act::Attachment;
use chancery_core::id::ChannelId;
use tempfile::{PathPersistError, TempPath};

use super::{FileError, Progress, fetch};
use crate::archive::names;
use crate::link::Link;

/// A file that was saved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Saved {
    /// Where it lies.
    pub path: PathBuf,
    /// Its length.
    pub length: u64,
}

/// Fetches a cited file to `to`: a folder, where its own name is made safe, or a path. It is fetched beside its
/// place, so that a part of it is never taken for the whole, and an interrupted download goes on. What is there
/// is replaced only with `force`.
///
/// # Errors
/// [`FileError::Exists`]; as [`fetch`].
pub async fn save(
    link: &Link,
    channel: ChannelId,
    cited: &Attachment,
    to: &Path,
    force: bool,
    progress: &Progress,
) -> Result<Saved, FileError> {
    let path = if to.is_dir() { to.join(names::safe(&cited.name)) } else { to.to_owned() };
    if !force && fs::symlink_metadata(&path).is_ok() {
        return Err(FileError::Exists(path));
    }
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    };
    let beside = folder.join(format!(".{}.part", cited.file));
    let mut file = open_beside(&beside)?;
    match fetch(link, channel, cited, &mut file, progress).await {
        Ok(()) => {}
        Err(error) => {
            if error.is_of_the_file() {
                drop(file);
                fs::remove_file(&beside).map_err(FileError::io(&beside))?;
            }
            return Err(error);
        }
    }
    file.set_len(cited.length).and_then(|()| file.sync_all()).map_err(FileError::io(&beside))?;
    drop(file);
    place(beside, &path, force)?;
    File::open(&folder).and_then(|folder| folder.sync_all()).map_err(FileError::io(&folder))?;
    Ok(Saved { path, length: cited.length })
}

/// Only its owner reads what is there of the file. A link of this name is not followed.
fn open_beside(path: &Path) -> Result<File, FileError> {
    if fs::symlink_metadata(path).is_ok_and(|metadata| !metadata.is_file()) {
        return Err(FileError::Exists(path.to_owned()));
    }
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map_err(FileError::io(path))
}

/// Gives the file its name, in one step.
fn place(beside: PathBuf, path: &Path, force: bool) -> Result<(), FileError> {
    if force {
        return fs::rename(&beside, path).map_err(FileError::io(path));
    }
    let beside = TempPath::try_from_path(beside).map_err(FileError::io(path))?;
    match beside.persist_noclobber(path) {
        Ok(()) => Ok(()),
        Err(PathPersistError { error, path: beside }) => {
            // It is whole: the next try, under another name, need not fetch it again.
            let _ = beside.keep();
            let exists = error.kind() == std::io::ErrorKind::AlreadyExists;
            let path = path.to_owned();
            Err(if exists { FileError::Exists(path) } else { FileError::Io { path, error } })
        }
    }
}
