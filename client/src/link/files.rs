//! `FileService`: parts up, ranges down.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use chancery_core::id::{ChannelId, Digest, FileId};
use chancery_core::limits::STREAM_MESSAGE_BYTES_MAX;
use chancery_proto::v1;
use tokio_stream::Stream;

use super::{Link, LinkError, client, convert, unary};

/// What a file is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileUse {
    /// Ciphertext, for the readers of an act that cites it.
    Sealed,
    /// In clear, for a public rendition.
    Rendition {
        /// SHA-256 of the whole file.
        sha256: Digest,
    },
}

/// One part, whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UploadPart {
    /// Its number, from 0.
    pub number: u32,
    /// SHA-256 of `data`.
    pub sha256: Digest,
    /// The bytes.
    pub data: Bytes,
}

/// How far an upload is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Uploaded {
    /// Parts that are durable.
    pub received_parts: u32,
    /// Whether that is all of them.
    pub complete: bool,
}

/// A running download. Dropping it ends it.
#[derive(Debug)]
pub struct Download {
    stream: tonic::Streaming<v1::DownloadResponse>,
}

impl Download {
    /// The next bytes; `None` at the end of the range.
    ///
    /// # Errors
    /// [`LinkError`].
    pub async fn next(&mut self) -> Result<Option<Bytes>, LinkError> {
        let message = tokio::time::timeout(IDLE_MAX, self.stream.message()).await;
        let message =
            message.map_err(|_| LinkError::timeout())?.map_err(|status| LinkError::from_status(&status))?;
        Ok(message.map(|message| message.data))
    }
}

impl Link {
    /// Begins an upload, or asks how far an earlier one got; returns the number of durable parts.
    ///
    /// # Errors
    /// [`LinkError`].
    pub async fn start_upload(
        &self,
        channel: ChannelId,
        file: FileId,
        length: u64,
        use_: FileUse,
    ) -> Result<u32, LinkError> {
        let (kind, sha256) = match use_ {
            FileUse::Sealed => (v1::FileUse::Sealed, Bytes::new()),
            FileUse::Rendition { sha256 } => (v1::FileUse::Rendition, convert::wire(sha256.as_bytes())),
        };
        let request = v1::StartUploadRequest {
            channel: convert::wire(channel.as_bytes()),
            file: convert::wire(file.as_bytes()),
            length,
            r#use: kind.into(),
            sha256,
        };
        let answer =
            unary(client!(self, file_service_client::FileServiceClient).start_upload(request)).await?;
        Ok(answer.received_parts)
    }

    /// Sends parts, in order. At most one part is held here at a time; the stream is asked for the next
    /// when the connection has taken the one before.
    ///
    /// # Errors
    /// [`LinkError`].
    pub async fn upload(
        &self,
        file: FileId,
        parts: impl Stream<Item = UploadPart> + Send + Unpin + 'static,
    ) -> Result<Uploaded, LinkError> {
        let messages = Messages { file, parts, current: None };
        // No limit of time for the whole: the connection's pings notice a server that is gone.
        let answer = client!(self, file_service_client::FileServiceClient).upload(messages).await;
        let answer = answer.map_err(|status| LinkError::from_status(&status))?.into_inner();
        Ok(Uploaded { received_parts: answer.received_parts, complete: answer.complete })
    }

    /// Asks for `length` bytes of a file from `offset` on; 0 means to the end.
    ///
    /// # Errors
    /// [`LinkError`].
    pub async fn download(
        &self,
        channel: ChannelId,
        file: FileId,
        offset: u64,
        length: u64,
    ) -> Result<Download, LinkError> {
        let request = v1::DownloadRequest {
            channel: convert::wire(channel.as_bytes()),
            file: convert::wire(file.as_bytes()),
            offset,
            length,
        };
        let stream = unary(client!(self, file_service_client::FileServiceClient).download(request)).await?;
        Ok(Download { stream })
    }
}

/// Cuts parts into messages. The first of a part names it, the others carry only data.
struct Messages<S> {
    file: FileId,
    parts: S,
    current: Option<Bytes>,
}

impl<S: Stream<Item = UploadPart> + Unpin> Stream for Messages<S> {
    type Item = v1::UploadRequest;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        if let Some(mut rest) = this.current.take() {
            let data = cut(&mut rest);
            this.current = present(rest);
            return Poll::Ready(Some(v1::UploadRequest { data, ..Default::default() }));
        }
        let Some(mut part) = ready!(Pin::new(&mut this.parts).poll_next(context)) else {
            return Poll::Ready(None);
        };
        let data = cut(&mut part.data);
        this.current = present(part.data);
        Poll::Ready(Some(v1::UploadRequest {
            file: convert::wire(this.file.as_bytes()),
            part: part.number,
            part_sha256: convert::wire(part.sha256.as_bytes()),
            data,
        }))
    }
}

fn cut(bytes: &mut Bytes) -> Bytes {
    bytes.split_to(bytes.len().min(STREAM_MESSAGE_BYTES_MAX))
}

fn present(bytes: Bytes) -> Option<Bytes> {
    convert::present(bytes)
}

/// Longest silence inside a download.
const IDLE_MAX: Duration = Duration::from_mins(1);

#[cfg(test)]
mod tests {
    use tokio_stream::StreamExt as _;

    use super::*;

    #[tokio::test]
    async fn parts_are_cut_into_messages_and_named_once() {
        let part = |number: u32, length: usize| UploadPart {
            number,
            sha256: Digest::of(&[]),
            data: vec![u8::try_from(number).unwrap(); length].into(),
        };
        let parts =
            [part(3, 2 * STREAM_MESSAGE_BYTES_MAX + 1), part(4, STREAM_MESSAGE_BYTES_MAX), part(5, 0)];
        let file = FileId::new([7; 16]);
        let messages = Messages { file, parts: tokio_stream::iter(parts), current: None };
        let seen: Vec<_> = messages.map(|m| (!m.file.is_empty(), m.part, m.data.len())).collect().await;
        let max = STREAM_MESSAGE_BYTES_MAX;
        assert_eq!(seen, [(true, 3, max), (false, 0, max), (false, 0, 1), (true, 4, max), (true, 5, 0)]);
    }
}
