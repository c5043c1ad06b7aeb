//! Files: the stream to one file and one flush at its end, and the file to a stream. No hash, no rows, no
//! parts, and nothing sealed.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::PathBuf;

use bytes::Bytes;
use chancery_core::limits::STREAM_MESSAGE_BYTES_MAX;
use chancery_proto::v1;
use chancery_proto::v1::file_service_server::FileService;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status, Streaming};

/// The service.
pub(super) struct Files {
    folder: PathBuf,
}

impl Files {
    pub(super) const fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    fn path(&self) -> PathBuf {
        self.folder.join("file")
    }
}

#[tonic::async_trait]
impl FileService for Files {
    async fn start_upload(
        &self,
        _: Request<v1::StartUploadRequest>,
    ) -> Result<Response<v1::StartUploadResponse>, Status> {
        Ok(Response::new(v1::StartUploadResponse { received_parts: 0, complete: false }))
    }

    async fn upload(
        &self,
        request: Request<Streaming<v1::UploadRequest>>,
    ) -> Result<Response<v1::UploadResponse>, Status> {
        let mut messages = request.into_inner();
        let path = self.path();
        let (pieces, mut waiting) = mpsc::channel::<Bytes>(PIECES_AHEAD);
        let storing = tokio::task::spawn_blocking(move || {
            let mut file = File::create(path)?;
            while let Some(piece) = waiting.blocking_recv() {
                file.write_all(&piece)?;
            }
            file.sync_data()
        });
        while let Some(message) = messages.message().await? {
            let sent = pieces.send(message.data).await;
            sent.map_err(|_| Status::internal("the file cannot be written"))?;
        }
        drop(pieces);
        let written = storing.await.map_err(|_| Status::internal("the writer is gone"))?;
        written.map_err(|error| Status::internal(error.to_string()))?;
        Ok(Response::new(v1::UploadResponse { received_parts: 1, complete: true }))
    }

    type DownloadStream = ReceiverStream<Result<v1::DownloadResponse, Status>>;

    async fn download(
        &self,
        _: Request<v1::DownloadRequest>,
    ) -> Result<Response<Self::DownloadStream>, Status> {
        let mut file = File::open(self.path()).map_err(|_| Status::not_found("put a file first"))?;
        let (pieces, stream) = mpsc::channel(PIECES_AHEAD);
        tokio::task::spawn_blocking(move || {
            loop {
                let mut piece = Vec::with_capacity(STREAM_MESSAGE_BYTES_MAX);
                let read = (&mut file).take(STREAM_MESSAGE_BYTES_MAX as u64).read_to_end(&mut piece);
                let message = match read {
                    Ok(0) => return,
                    Ok(_) => Ok(v1::DownloadResponse { data: piece.into() }),
                    Err(error) => Err(Status::internal(error.to_string())),
                };
                if pieces.blocking_send(message).is_err() {
                    return;
                }
            }
        });
        Ok(Response::new(ReceiverStream::new(stream)))
    }
}

/// Messages between the disk and the connection.
const PIECES_AHEAD: usize = 8;
