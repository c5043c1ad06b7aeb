//! Files of a home: private to their owner, durable, whole or not at all.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::path::Path;

use super::HomeError;

/// Makes a folder, and those above it, that only its owner can look into.
pub(super) fn make_folder(dir: &Path) -> Result<(), HomeError> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir).map_err(HomeError::io(dir))
}

/// Takes a folder that was there already from everyone but its owner.
pub(super) fn make_private(dir: &Path) -> Result<(), HomeError> {
    #[cfg(unix)]
    {
        let rights = std::os::unix::fs::PermissionsExt::from_mode(0o700);
        fs::set_permissions(dir, rights).map_err(HomeError::io(dir))?;
    }
    #[cfg(not(unix))]
    let _ = dir;
    Ok(())
}

/// Whether a folder has anything in it but files of these names.
pub(super) fn has_others(dir: &Path, names: &[&str]) -> Result<bool, HomeError> {
    let mut entries = fs::read_dir(dir).map_err(HomeError::io(dir))?;
    // What cannot be told counts as something else.
    let is_named = |entry: fs::DirEntry| names.iter().any(|name| entry.file_name() == *name);
    Ok(entries.any(|entry| !entry.is_ok_and(is_named)))
}

/// Takes the home for this program until the file is dropped. The system frees it when a program dies.
pub(super) fn lock(dir: &Path) -> Result<File, HomeError> {
    let path = dir.join(LOCK);
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).write(true);
    owner_only(&mut options);
    let file = options.open(&path).map_err(HomeError::io(&path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(HomeError::InUse { dir: dir.to_owned() }),
        Err(TryLockError::Error(cause)) => Err(HomeError::Io { path, cause }),
    }
}

/// Reads a whole file of at most `bytes_max` bytes; `None` if it is absent.
pub(super) fn read(path: &Path, bytes_max: u64) -> Result<Option<Vec<u8>>, HomeError> {
    Ok(read_parts::<0>(path, bytes_max)?.map(|([], bytes)| bytes))
}

/// The first bytes of a file, and the rest.
pub(super) type Parts<const N: usize> = ([u8; N], Vec<u8>);

/// As [`read`], with the first bytes apart, so that nothing has to be moved.
pub(super) fn read_parts<const N: usize>(path: &Path, bytes_max: u64) -> Result<Option<Parts<N>>, HomeError> {
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(cause) => return Err(HomeError::Io { path: path.to_owned(), cause }),
    };
    let damaged = || HomeError::Damaged { path: path.to_owned() };
    let length = file.metadata().map_err(HomeError::io(path))?.len();
    if length > bytes_max || length < N as u64 {
        return Err(damaged());
    }
    let mut head = [0; N];
    file.read_exact(&mut head).map_err(HomeError::io(path))?;
    let mut rest = Vec::with_capacity(usize::try_from(length).map_err(|_| damaged())?);
    // The limit holds for a file that grows meanwhile, too.
    file.take(bytes_max).read_to_end(&mut rest).map_err(HomeError::io(path))?;
    if (N + rest.len()) as u64 > bytes_max { Err(damaged()) } else { Ok(Some((head, rest))) }
}

/// The first bytes of a file; `None` if it is absent or shorter.
pub(super) fn read_head<const N: usize>(path: &Path) -> Result<Option<[u8; N]>, HomeError> {
    let mut head = [0; N];
    match File::open(path).and_then(|mut file| file.read_exact(&mut head)) {
        Ok(()) => Ok(Some(head)),
        Err(cause) if matches!(cause.kind(), io::ErrorKind::NotFound | io::ErrorKind::UnexpectedEof) => {
            Ok(None)
        }
        Err(cause) => Err(HomeError::Io { path: path.to_owned(), cause }),
    }
}

/// Writes a file so that, whenever the machine stops, the old or the new content is there.
pub(super) fn write_durably(dir: &Path, name: &str, parts: &[&[u8]]) -> Result<(), HomeError> {
    let (path, temporary) = (dir.join(name), dir.join(format!("{name}{TEMPORARY}")));
    let mut file = create(&temporary)?;
    let mut write = || -> io::Result<()> {
        for part in parts {
            file.write_all(part)?;
        }
        file.sync_all()?;
        fs::rename(&temporary, &path)?;
        sync_folder(dir)
    };
    write().map_err(HomeError::io(&path))
}

/// A file that only its owner reads, empty.
pub(super) fn create(path: &Path) -> Result<File, HomeError> {
    let mut options = OpenOptions::new();
    options.create(true).truncate(true).write(true);
    owner_only(&mut options);
    options.open(path).map_err(HomeError::io(path))
}

/// Gives a file or folder, which is durable itself, its name.
pub(super) fn rename_durably(from: &Path, to: &Path) -> Result<(), HomeError> {
    let parent = to.parent().filter(|parent| *parent != Path::new("")).unwrap_or(Path::new("."));
    fs::rename(from, to).and_then(|()| sync_folder(parent)).map_err(HomeError::io(to))
}

/// As [`write_durably`], and then overwrites the blocks of the file that stood there before, where the system
/// lets a file be written that has no name any more. `false` if it does not, or the overwriting failed: the new
/// content stands either way. A file system that never writes in place, and a disk that moves blocks by itself,
/// keep the old bytes nevertheless.
pub(super) fn replace_and_wipe(dir: &Path, name: &str, content: &[u8]) -> Result<bool, HomeError> {
    let old = if cfg!(unix) { OpenOptions::new().write(true).open(dir.join(name)).ok() } else { None };
    write_durably(dir, name, &[content])?;
    Ok(old.is_some_and(|file| wipe(file).is_ok()))
}

fn wipe(mut file: File) -> io::Result<()> {
    let mut left = file.metadata()?.len();
    let zeros = [0; 4_096];
    while left > 0 {
        let part = usize::try_from(left).unwrap_or(usize::MAX).min(zeros.len());
        file.write_all(&zeros[..part])?;
        left -= part as u64;
    }
    file.sync_all()
}

/// Removes a file; an absent one is no error.
pub(super) fn remove_durably(dir: &Path, name: &str) -> Result<(), HomeError> {
    let path = dir.join(name);
    match fs::remove_file(&path).and_then(|()| sync_folder(dir)) {
        Err(cause) if cause.kind() != io::ErrorKind::NotFound => Err(HomeError::Io { path, cause }),
        _ => Ok(()),
    }
}

/// Removes a folder and what is in it; an absent one is no error.
pub(super) fn remove_folder(dir: &Path) -> Result<(), HomeError> {
    match fs::remove_dir_all(dir) {
        Err(cause) if cause.kind() != io::ErrorKind::NotFound => {
            Err(HomeError::Io { path: dir.to_owned(), cause })
        }
        _ => Ok(()),
    }
}

/// The file that is locked while a home is open.
pub(super) const LOCK: &str = "lock";
/// The ending of a file that is being written. No record's name has it.
pub(super) const TEMPORARY: &str = ".new";

fn owner_only(options: &mut OpenOptions) {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    #[cfg(not(unix))]
    let _ = options;
}

/// Makes a rename or removal durable. Where a folder cannot be opened as a file, renames are journalled.
pub(super) fn sync_folder(dir: &Path) -> io::Result<()> {
    #[cfg(unix)]
    File::open(dir)?.sync_all()?;
    #[cfg(not(unix))]
    let _ = dir;
    Ok(())
}
