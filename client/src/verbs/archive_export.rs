//! Exporting a channel, or one section of it, as a record that verifies offline.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Read, Seek as _};
use std::path::{Path, PathBuf};

use chancery_core::id::{ChannelId, FileId, SectionId};
use tempfile::NamedTempFile;

use crate::archive::container::{Measure, Measured};
use crate::archive::dialogue::Cited;
use crate::archive::manifest::{LeftOut, Why};
use crate::archive::verify::{RecordError, Shown, verify};
use crate::archive::write::{Draft, Source, WriteError};
use crate::clock;
use crate::files::{FileError, Progress, fetch};
use crate::keyring::{OpenError, sealed_post};
use crate::sync::{Session, SessionError};

/// A record could not be exported. There is no file.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The session.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// The record.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// A file.
    #[error(transparent)]
    File(#[from] FileError),
    /// What was written does not verify.
    #[error("the record that was written does not verify: {0}")]
    Unsound(#[from] RecordError),
}

/// A record that was exported and verified.
#[derive(Debug, Clone)]
pub struct Exported {
    /// Where it lies.
    pub path: PathBuf,
    /// Its length.
    pub length: u64,
    /// What it shows.
    pub shown: Shown,
    /// What it leaves out.
    pub left_out: Vec<LeftOut>,
}

/// Exports a channel, or one section of it, as the person may read it. The session has read the channel.
///
/// # Errors
/// [`ExportError`]; [`FileError::Exists`] unless `force`.
pub async fn export(
    session: &Session,
    channel: ChannelId,
    section: Option<SectionId>,
    to: &Path,
    force: bool,
    progress: &Progress,
) -> Result<Exported, ExportError> {
    if !force && std::fs::symlink_metadata(to).is_ok() {
        return Err(FileError::Exists(to.to_owned()).into());
    }
    let text = session.mechanism_text()?;
    let mut draft = draft(session, channel, section, &text)?;
    let files = fetch_files(session, channel, &mut draft, progress).await?;
    let shown = write(&draft, &files, session, to, force)?;
    let length = std::fs::metadata(to).map_err(FileError::io(to))?.len();
    Ok(Exported { path: to.to_owned(), length, shown, left_out: draft.left_out().to_vec() })
}

fn draft<'a>(
    session: &'a Session,
    channel: ChannelId,
    section: Option<SectionId>,
    mechanism_text: &'a str,
) -> Result<Draft<'a>, ExportError> {
    let copy = session.channel(channel).ok_or(SessionError::NoSuchChannel(channel))?;
    let keys = session.keys(channel).ok_or(SessionError::NoSuchChannel(channel))?;
    let review = copy.state.place.review().and_then(|review| session.channel(review));
    let review = review.ok_or(WriteError::Nothing)?;
    let source = Source {
        root: *session.root(),
        mechanism: session.mechanism(),
        mechanism_text,
        directory: session.directory(),
        review,
        channel: copy,
        section,
    };
    let draft = Draft::open(source, |act, record, entry| {
        let (epoch, post) = (keys.epoch_at(record.index), sealed_post(act, record));
        let key = keys.ring.revision_key(epoch, &post).map_err(|error| why(&error))?;
        let sealed = entry.body.as_deref().unwrap_or_default();
        let body = keys.ring.open_post(epoch, &post, sealed).map_err(|error| why(&error))?;
        Ok((key, body))
    })?;
    Ok(draft)
}

const fn why(error: &OpenError) -> Why {
    match error {
        OpenError::NoSecret(_) | OpenError::NotAddressed => Why::NoKey,
        OpenError::OtherWraps | OpenError::OtherBytes | OpenError::Seal(_) | OpenError::Content(_) => {
            Why::DoesNotOpen
        }
    }
}

type Fetched = BTreeMap<FileId, (Measured, File)>;

/// Fetches every cited file once. A citation that does not fit what was fetched is left out, and said to be.
async fn fetch_files(
    session: &Session,
    channel: ChannelId,
    draft: &mut Draft<'_>,
    progress: &Progress,
) -> Result<Fetched, ExportError> {
    let mut fetched = Fetched::new();
    for cited in draft.citations() {
        let attachment = &cited.attachment;
        if let Some((measured, _)) = fetched.get(&attachment.file) {
            if (measured.length, measured.sha256) != (attachment.length, attachment.sha256) {
                draft.leave_out(&cited);
            }
            continue;
        }
        let unusable = |error| FileError::Io { path: "a temporary file".into(), error };
        let mut file = tempfile::tempfile().map_err(unusable)?;
        match fetch(&session.link, channel, attachment, &mut file, progress).await {
            Ok(()) => {
                let measured = measure(&mut file).map_err(unusable)?;
                fetched.insert(attachment.file, (measured, file));
            }
            Err(error) if error.is_of_the_file() => draft.leave_out(&cited),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(fetched)
}

fn measure(file: &mut File) -> std::io::Result<Measured> {
    let mut measure = Measure::new();
    let mut buffer = vec![0; BUFFER_BYTES];
    file.rewind()?;
    loop {
        let count = file.read(&mut buffer)?;
        if count == 0 {
            break;
        }
        measure.update(&buffer[..count]);
    }
    Ok(measure.finish())
}

/// Writes the record beside its place, verifies what was written, and gives it its name.
fn write(
    draft: &Draft<'_>,
    files: &Fetched,
    session: &Session,
    to: &Path,
    force: bool,
) -> Result<Shown, ExportError> {
    let folder = match to.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let disk = FileError::io(to);
    let mut file = NamedTempFile::new_in(folder).map_err(&disk)?;
    let clear = |cited: &Cited| {
        let (measured, file) = files.get(&cited.attachment.file).ok_or(std::io::ErrorKind::NotFound)?;
        let mut file = file;
        file.rewind()?;
        Ok((*measured, Box::new(file) as Box<dyn Read>))
    };
    draft.write(BufWriter::with_capacity(BUFFER_BYTES, file.as_file_mut()), clear)?;
    file.as_file().sync_all().map_err(&disk)?;
    let shown = verify(file.as_file_mut(), session.root(), clock::now_ms())?;
    let kept = if force { file.persist(to) } else { file.persist_noclobber(to) };
    match kept {
        Ok(_) => Ok(shown),
        Err(failed) if failed.error.kind() == std::io::ErrorKind::AlreadyExists => {
            Err(FileError::Exists(to.to_owned()).into())
        }
        Err(failed) => Err(disk(failed.error).into()),
    }
}

const BUFFER_BYTES: usize = 256 * 1024;
