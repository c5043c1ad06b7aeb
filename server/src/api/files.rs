//! `chancery.v1.FileService`.

use std::pin::Pin;
use std::time::Duration;

use chancery_core::error::WireReason;
use chancery_core::file::FileUse;
use chancery_core::id::{Digest, FileId};
use chancery_core::limits::STREAM_MESSAGE_BYTES_MAX;
use chancery_proto::v1 as proto;
use chancery_proto::v1::file_service_server::FileService;
use tokio_stream::{Stream, StreamExt as _};
use tonic::{Request, Response, Status, Streaming};

use super::{answer, enrolled, id, peer, status};
use crate::app::download::{Download, Wanted};
use crate::app::upload::{Announced, Received, Upload};
use crate::app::{App, AppError};

/// The service.
#[derive(Clone)]
pub struct Files {
    app: App,
}

impl Files {
    /// Over this state.
    #[must_use]
    pub fn new(app: App) -> Self {
        Self { app }
    }

    async fn receive(&self, request: Request<Streaming<proto::UploadRequest>>) -> Result<Received, AppError> {
        let caller = enrolled(&self.app, &peer(&request)?).await?;
        let mut stream = request.into_inner();
        let first = next(&mut stream).await?.ok_or(WireReason::Malformed)?;
        let file: FileId = id(&first.file)?;
        let mut upload = self.app.upload(&caller, &file).await?;
        take(&mut upload, &file, first).await?;
        while let Some(message) = next(&mut stream).await? {
            take(&mut upload, &file, message).await?;
        }
        upload.finish().await
    }

    async fn open(&self, request: Request<proto::DownloadRequest>) -> Result<Download, AppError> {
        let caller = enrolled(&self.app, &peer(&request)?).await?;
        let request = request.into_inner();
        let wanted = Wanted { offset_bytes: request.offset, length_bytes: request.length };
        self.app.download(&caller, &id(&request.channel)?, &id(&request.file)?, wanted).await
    }
}

#[tonic::async_trait]
impl FileService for Files {
    async fn start_upload(
        &self,
        request: Request<proto::StartUploadRequest>,
    ) -> Result<Response<proto::StartUploadResponse>, Status> {
        answer("StartUpload", async {
            let caller = enrolled(&self.app, &peer(&request)?).await?;
            let received = self.app.start_upload(&caller, announced(request.get_ref())?).await?;
            Ok(proto::StartUploadResponse { received_parts: received.parts, complete: received.complete })
        })
        .await
    }

    async fn upload(
        &self,
        request: Request<Streaming<proto::UploadRequest>>,
    ) -> Result<Response<proto::UploadResponse>, Status> {
        answer("Upload", async {
            let received = self.receive(request).await?;
            Ok(proto::UploadResponse { received_parts: received.parts, complete: received.complete })
        })
        .await
    }

    type DownloadStream = Pin<Box<dyn Stream<Item = Result<proto::DownloadResponse, Status>> + Send>>;

    async fn download(
        &self,
        request: Request<proto::DownloadRequest>,
    ) -> Result<Response<Self::DownloadStream>, Status> {
        answer("Download", async {
            let pieces = self.open(request).await?.stream().map(|piece| match piece {
                Ok(data) => Ok(proto::DownloadResponse { data }),
                Err(error) => Err(status("Download", error)),
            });
            Ok(Box::pin(pieces) as Self::DownloadStream)
        })
        .await
    }
}

fn announced(request: &proto::StartUploadRequest) -> Result<Announced, AppError> {
    let usage = match (request.r#use(), request.sha256.is_empty()) {
        (proto::FileUse::Sealed, true) => FileUse::Sealed,
        (proto::FileUse::Rendition, false) => FileUse::Rendition(id(&request.sha256)?),
        _ => return Err(WireReason::Malformed.into()),
    };
    let (channel, file) = (id(&request.channel)?, id(&request.file)?);
    Ok(Announced { channel, file, length_bytes: request.length, usage })
}

/// The next message of an upload, which must come in time. What came before it is kept either way.
async fn next(
    stream: &mut Streaming<proto::UploadRequest>,
) -> Result<Option<proto::UploadRequest>, AppError> {
    match tokio::time::timeout(MESSAGE_MAX, stream.message()).await {
        Ok(Ok(message)) => Ok(message),
        // The peer is gone, or sent what is no message: nobody reads this answer, or it says all there is.
        Ok(Err(_)) => Err(WireReason::Malformed.into()),
        Err(_elapsed) => Err(WireReason::Unavailable.into()),
    }
}

async fn take(upload: &mut Upload, file: &FileId, message: proto::UploadRequest) -> Result<(), AppError> {
    if message.data.len() > STREAM_MESSAGE_BYTES_MAX {
        return Err(WireReason::TooLarge.into());
    }
    let begins = !message.file.is_empty() || !message.part_sha256.is_empty() || message.part != 0;
    if begins {
        if id::<FileId>(&message.file)? != *file {
            return Err(WireReason::Malformed.into());
        }
        let sha256: Digest = id(&message.part_sha256)?;
        upload.begin_part(message.part, sha256).await?;
    }
    if message.data.is_empty() {
        // A message that brings nothing would reset the clock of a stream that stands still.
        return if begins { Ok(()) } else { Err(WireReason::Malformed.into()) };
    }
    upload.write(message.data).await
}

/// Longest wait for one message of at most 256 KiB: slower peers resume.
const MESSAGE_MAX: Duration = Duration::from_mins(1);
