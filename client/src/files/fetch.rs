//! Fetching a sealed file: opened and checked while it streams.

use std::io::{BufWriter, Read, Seek, SeekFrom, Write};

use bytes::Bytes;
use chancery_core::act::Attachment;
use chancery_core::file::SEALED_HEADER_BYTES;
use chancery_core::id::{ChannelId, Digest};
use chancery_seal::file::{
    FileLayout, FileOpener, FileStream, HEADER_BYTES, PART_CONTENT_BYTES, PartsHash, SealedHash,
};
use chancery_seal::secret::FileKey;

use super::{FileError, Progress};
use crate::link::{Download, Link};

/// Fetches a cited file into `out`, which may hold the beginning of it from an earlier try: what is there is kept
/// up to the last whole part. When this returns without an error, `out` holds exactly the file that was cited.
///
/// # Errors
/// [`FileError::NotAsCited`], [`FileError::Seal`]: the file is bad, and nothing of it must be used.
/// [`FileError::BeginningDamaged`]: what `out` held is bad, or the whole file: fetched from its first byte it shows.
/// [`FileError::Link`], [`FileError::Io`]: it can go on from what `out` holds.
pub async fn fetch<F: Read + Write + Seek>(
    link: &Link,
    channel: ChannelId,
    cited: &Attachment,
    out: &mut F,
    progress: &Progress,
) -> Result<(), FileError> {
    let layout = FileLayout::new(cited.length)?;
    if layout.sealed_bytes() != cited.sealed_length {
        return Err(FileError::NotAsCited(cited.file));
    }
    let mut content = SealedHash::new();
    let part = keep(out, &layout, &mut content, progress).map_err(unwritable)?;
    let header = header(link, channel, cited).await?;
    // A resumed download does not see the whole of the sealed file; the content's hash is of the whole.
    let mut sealed = if part == 0 { Some(PartsHash::new(layout)?) } else { None };
    if let Some(sealed) = &mut sealed {
        sealed.update(&header)?;
    }
    let opener =
        FileOpener::new(&FileKey::from_bytes(cited.key), channel, cited.file, cited.length, &header)?;
    let stream = opener.stream_from(part)?;
    let start = if part == 0 { SEALED_HEADER_BYTES } else { layout.sealed_part(part)?.start };
    let download = link.download(channel, cited.file, start, 0).await?;
    let sinks = Sinks { out: BufWriter::with_capacity(BUFFER_BYTES, out), content, sealed, progress };
    let (content, sealed) = receive(download, stream, sinks).await?;
    let same = content == cited.sha256 && (part > 0 || sealed == Some(cited.parts_sha256));
    match (same, part) {
        (true, _) => Ok(()),
        (false, 0) => Err(FileError::NotAsCited(cited.file)),
        (false, _) => Err(FileError::BeginningDamaged(cited.file)),
    }
}

/// Keeps the whole parts of what is there, hashes them, and says which part comes next.
pub(super) fn keep<F: Read + Write + Seek>(
    out: &mut F,
    layout: &FileLayout,
    content: &mut SealedHash,
    progress: &Progress,
) -> std::io::Result<u32> {
    let there = out.seek(SeekFrom::End(0))?.min(layout.content_bytes());
    // The last part is always fetched again, so that its end has been seen.
    let parts = (there / PART_CONTENT_BYTES).min(u64::from(layout.parts()) - 1);
    out.rewind()?;
    let mut buffer = vec![0; BUFFER_BYTES];
    let mut left = parts * PART_CONTENT_BYTES;
    while left > 0 {
        let wanted = usize::try_from(left).unwrap_or(BUFFER_BYTES).min(BUFFER_BYTES);
        out.read_exact(&mut buffer[..wanted])?;
        content.update(&buffer[..wanted]);
        left -= wanted as u64;
    }
    progress.tell(parts * PART_CONTENT_BYTES);
    Ok(u32::try_from(parts).unwrap_or(u32::MAX))
}

async fn header(link: &Link, channel: ChannelId, cited: &Attachment) -> Result<Vec<u8>, FileError> {
    let mut download = link.download(channel, cited.file, 0, SEALED_HEADER_BYTES).await?;
    let mut header = Vec::with_capacity(HEADER_BYTES);
    while let Some(bytes) = download.next().await? {
        header.extend_from_slice(&bytes);
        if header.len() > HEADER_BYTES {
            return Err(FileError::NotAsCited(cited.file));
        }
    }
    Ok(header)
}

/// Where opened bytes go, and what is taken of them on the way.
struct Sinks<'a, W: Write> {
    out: BufWriter<W>,
    content: SealedHash,
    sealed: Option<PartsHash>,
    progress: &'a Progress,
}

async fn receive<W: Write>(
    mut download: Download,
    mut stream: FileStream,
    mut sinks: Sinks<'_, W>,
) -> Result<(Digest, Option<Digest>), FileError> {
    loop {
        match download.next().await {
            Ok(Some(bytes)) => sinks.take(&mut stream, &bytes)?,
            Ok(None) => break,
            Err(error) => {
                // What has come is good, and the next try goes on from it.
                sinks.out.flush().map_err(unwritable)?;
                return Err(error.into());
            }
        }
    }
    stream.finish()?;
    sinks.out.flush().map_err(unwritable)?;
    Ok((sinks.content.finish(), sinks.sealed.and_then(PartsHash::finish)))
}

impl<W: Write> Sinks<'_, W> {
    fn take(&mut self, stream: &mut FileStream, bytes: &Bytes) -> Result<(), FileError> {
        if let Some(sealed) = &mut self.sealed {
            sealed.update(bytes)?;
        }
        let (out, content, progress) = (&mut self.out, &mut self.content, self.progress);
        stream.push(bytes, |opened| {
            content.update(opened);
            progress.tell(opened.len() as u64);
            out.write_all(opened).map_err(unwritable)
        })
    }
}

fn unwritable(error: std::io::Error) -> FileError {
    FileError::Io { path: "the file that was fetched".into(), error }
}

const BUFFER_BYTES: usize = 256 * 1024;
