//! Sending a file in clear, for a public rendition.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};

use chancery_core::file::CLEAR_PART_BYTES;
use chancery_core::id::{ChannelId, Digest, FileId};
use chancery_seal::random::make_bytes;
use tokio::sync::mpsc;

use super::upload::Parts;
use super::{FileError, Progress};
use crate::link::{FileUse, Link, UploadPart};

/// Sends what is in `file`, whose SHA-256 is `sha256`. The server takes it only if that holds.
///
/// # Errors
/// [`FileError`]; an upload that ended is begun anew.
pub async fn upload_clear(
    link: &Link,
    channel: ChannelId,
    mut file: File,
    sha256: Digest,
    progress: &Progress,
) -> Result<(), FileError> {
    let id = FileId::new(make_bytes()?);
    let unreadable = |error| FileError::Io { path: "the file to make public".into(), error };
    let length = file.seek(SeekFrom::End(0)).map_err(unreadable)?;
    file.rewind().map_err(unreadable)?;
    link.start_upload(channel, id, length, FileUse::Rendition { sha256 }).await?;
    if length == 0 {
        return Ok(());
    }
    let (sender, receiver) = mpsc::channel(1);
    let reading = tokio::task::spawn_blocking(move || read(&mut file, length, &sender));
    let uploaded = link.upload(id, Parts { receiver, progress: progress.clone(), sealed: None }).await;
    let read = reading.await.map_err(|_| FileError::Bug("the reading thread stopped"))?;
    let uploaded = uploaded?;
    read.map_err(unreadable)?;
    if uploaded.complete { Ok(()) } else { Err(FileError::Incomplete) }
}

fn read(file: &mut File, length: u64, sender: &mpsc::Sender<UploadPart>) -> std::io::Result<()> {
    let mut left = length;
    for number in 0.. {
        if left == 0 {
            break;
        }
        let size = left.min(CLEAR_PART_BYTES);
        let mut data = vec![0; usize::try_from(size).unwrap_or(usize::MAX)];
        file.read_exact(&mut data)?;
        left -= size;
        let part = UploadPart { number, sha256: Digest::of(&data), data: data.into() };
        // The upload has ended, and says itself why.
        if sender.blocking_send(part).is_err() {
            break;
        }
    }
    Ok(())
}
