//! Files: sealed and sent in parts, fetched and opened as they stream, whatever their size in a few mebibytes of
//! memory (`docs/formats/files.md`).
//!
//! A file goes first, then the act that cites it. An upload that stopped goes on from its journal, which is kept
//! in the home until the file is cited ([`forget`]).

mod error;
mod fetch;
mod media;
mod rendition;
mod save;
mod seal;
mod upload;
mod write;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use chancery_core::act::Attachment;
use chancery_core::id::ChannelId;

pub use error::FileError;
pub use fetch::fetch;
pub use media::media_type;
pub use rendition::upload_clear;
pub use save::{Saved, save};
pub use write::write_file;

use crate::home::Family;
use crate::sync::Session;

/// What is told of a long transfer: how many bytes more have been dealt with.
#[derive(Clone)]
pub struct Progress(Arc<dyn Fn(u64) + Send + Sync>);

impl Progress {
    /// Tells `listener`.
    pub fn to(listener: impl Fn(u64) + Send + Sync + 'static) -> Self {
        Self(Arc::new(listener))
    }

    /// Tells nobody.
    #[must_use]
    pub fn none() -> Self {
        Self::to(|_| {})
    }

    pub(crate) fn tell(&self, bytes: u64) {
        (self.0)(bytes);
    }
}

impl std::fmt::Debug for Progress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Progress")
    }
}

/// Seals and sends files of a channel, and says how an act cites them. Those that were sent before and not cited
/// yet are hashed again and not sent again.
///
/// # Errors
/// [`FileError`]; what was sent stays for the next try.
pub async fn attach(
    session: &Session,
    channel: ChannelId,
    paths: &[PathBuf],
    progress: &Progress,
) -> Result<Vec<Attachment>, FileError> {
    if paths.len() > chancery_core::limits::FILES_PER_POST_MAX {
        return Err(FileError::TooMany(paths.len()));
    }
    let mut attachments = Vec::with_capacity(paths.len());
    for path in paths {
        attachments.push(upload::upload(&session.home, &session.link, channel, path, progress).await?);
    }
    Ok(attachments)
}

/// The files are cited: their journals are not needed any more. One that stays does no harm: the file would be
/// cited again as it is.
pub fn forget(session: &Session, channel: ChannelId, paths: &[PathBuf]) {
    for path in paths {
        if let Ok(path) = path.canonicalize() {
            let _ = session.home.remove(Family::Journal, &upload::journal_name(channel, &path));
        }
    }
}

/// The bare name of a file, as a body may hold it.
fn file_name(path: &Path) -> String {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let mut name: String =
        name.chars().map(|c| if c.is_control() || matches!(c, '/' | '\\') { '_' } else { c }).collect();
    while name.len() > chancery_core::limits::FILE_NAME_BYTES_MAX {
        name.pop();
    }
    if matches!(name.as_str(), "" | "." | "..") { "file".to_owned() } else { name }
}
