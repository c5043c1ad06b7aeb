//! Files over gRPC: what a message may be, and that memory does not grow with the file.

use std::net::{Ipv4Addr, SocketAddr};

use bytes::Bytes;
use chancery_core::file::{FileParts, FileUse};
use chancery_core::id::{Digest, FileId, KeyId};
use chancery_proto::v1::file_service_client::FileServiceClient;
use chancery_proto::v1::file_service_server::FileServiceServer;
use chancery_proto::v1::{
    DownloadRequest, FileUse as Use, StartUploadRequest, StartUploadResponse, UploadRequest, UploadResponse,
};
use chancery_server::api::files::Files;
use chancery_server::gate::PeerKey;
use chancery_tests::random;
use tokio_stream::StreamExt as _;
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Channel, Server};
use tonic::{Code, Request, Status};

use crate::scene::{BYTES, Scene};

const MESSAGE: usize = 256 * 1024;

/// A server of files that takes every peer for the holder of one TLS key: the gate is tested elsewhere.
async fn client(scene: &Scene, key: KeyId) -> FileServiceClient<Channel> {
    let addr = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let incoming = TcpIncoming::bind(addr).unwrap();
    let addr = incoming.local_addr().unwrap();
    let service =
        FileServiceServer::with_interceptor(Files::new(scene.app().await), move |mut request: Request<()>| {
            request.extensions_mut().insert(PeerKey { key, addr });
            Ok(request)
        });
    tokio::spawn(Server::builder().add_service(service).serve_with_incoming(incoming));
    FileServiceClient::connect(format!("http://{addr}")).await.unwrap()
}

async fn chile(scene: &Scene) -> FileServiceClient<Channel> {
    client(scene, scene.chile.public_keys().device_tls_key).await
}

fn start(scene: &Scene, file: &FileId, length: u64) -> StartUploadRequest {
    StartUploadRequest {
        channel: Bytes::copy_from_slice(scene.strand.channel.id.as_bytes()),
        file: Bytes::copy_from_slice(file.as_bytes()),
        length,
        r#use: Use::Sealed.into(),
        sha256: Bytes::new(),
    }
}

fn head(file: &FileId, part: u32, sha256: Digest, data: &[u8]) -> UploadRequest {
    UploadRequest {
        file: Bytes::copy_from_slice(file.as_bytes()),
        part,
        part_sha256: Bytes::copy_from_slice(sha256.as_bytes()),
        data: Bytes::copy_from_slice(data),
    }
}

fn more(data: &[u8]) -> UploadRequest {
    UploadRequest { data: Bytes::copy_from_slice(data), ..UploadRequest::default() }
}

fn all_of(scene: &Scene, file: &FileId) -> DownloadRequest {
    DownloadRequest {
        channel: Bytes::copy_from_slice(scene.strand.channel.id.as_bytes()),
        file: Bytes::copy_from_slice(file.as_bytes()),
        offset: 0,
        length: 0,
    }
}

/// Code and reason of a refusal.
fn reason(status: &Status) -> (Code, String) {
    let details = String::from_utf8_lossy(status.details()).into_owned();
    let reason = details.split(|c: char| !c.is_ascii_uppercase() && c != '_').find(|word| word.len() > 5);
    (status.code(), reason.unwrap_or_default().to_owned())
}

#[tokio::test]
async fn a_file_goes_there_and_back() {
    let mut scene = Scene::new().await;
    let file = random();
    let mut chile = chile(&scene).await;
    let length = BYTES.len() as u64;
    let begun = chile.start_upload(start(&scene, &file, length)).await.unwrap().into_inner();
    assert_eq!(begun, StartUploadResponse { received_parts: 0, complete: false });
    let messages = vec![head(&file, 0, Digest::of(BYTES), &BYTES[..40]), more(&BYTES[40..])];
    let done = chile.upload(tokio_stream::iter(messages)).await.unwrap().into_inner();
    assert_eq!(done, UploadResponse { received_parts: 1, complete: true });
    scene.cite(file).await;
    let mut chile = self::chile(&scene).await;
    let mut pieces = chile.download(all_of(&scene, &file)).await.unwrap().into_inner();
    let mut bytes = Vec::new();
    while let Some(piece) = pieces.next().await {
        bytes.extend(piece.unwrap().data);
    }
    assert_eq!(bytes, BYTES);
}

#[tokio::test]
async fn a_request_that_the_contract_excludes_is_told_so() {
    let scene = Scene::new().await;
    let mut chile = chile(&scene).await;
    let good = start(&scene, &random(), 100);
    let hash = Bytes::copy_from_slice(Digest::of(b"").as_bytes());
    let malformed = (Code::InvalidArgument, "MALFORMED".to_owned());
    let no_length = (Code::OutOfRange, "FILE_LENGTH".to_owned());
    for (request, expect) in [
        (StartUploadRequest { channel: Bytes::from_static(b"short"), ..good.clone() }, &malformed),
        (StartUploadRequest { file: Bytes::from_static(&[1; 17]), ..good.clone() }, &malformed),
        (StartUploadRequest { r#use: Use::Unspecified.into(), ..good.clone() }, &malformed),
        (StartUploadRequest { r#use: 99, ..good.clone() }, &malformed),
        (StartUploadRequest { sha256: hash.clone(), ..good.clone() }, &malformed),
        (StartUploadRequest { r#use: Use::Rendition.into(), ..good.clone() }, &malformed),
        (StartUploadRequest { length: 0, ..good.clone() }, &no_length),
        (StartUploadRequest { length: u64::MAX, ..good.clone() }, &no_length),
    ] {
        assert_eq!(&reason(&chile.start_upload(request).await.unwrap_err()), expect);
    }
    chile.start_upload(good.clone()).await.unwrap();
    let file = FileId::try_from(&good.file[..]).unwrap();
    let begin = head(&file, 0, Digest::of(BYTES), &BYTES[..10]);
    for (messages, code, word) in [
        (vec![], Code::InvalidArgument, "MALFORMED"),
        (vec![more(BYTES)], Code::InvalidArgument, "MALFORMED"),
        (vec![begin.clone()], Code::InvalidArgument, "MALFORMED"),
        (vec![begin.clone(), more(b"")], Code::InvalidArgument, "MALFORMED"),
        (vec![begin.clone(), begin.clone()], Code::InvalidArgument, "MALFORMED"),
        (
            vec![begin.clone(), head(&random(), 0, Digest::of(BYTES), BYTES)],
            Code::InvalidArgument,
            "MALFORMED",
        ),
        (
            vec![UploadRequest { part_sha256: Bytes::new(), ..begin.clone() }],
            Code::InvalidArgument,
            "MALFORMED",
        ),
        (vec![begin.clone(), more(&[0; 200])], Code::OutOfRange, "TOO_LARGE"),
        (vec![begin.clone(), more(&vec![0; MESSAGE + 1])], Code::OutOfRange, "TOO_LARGE"),
        (vec![head(&file, 1, Digest::of(BYTES), BYTES)], Code::OutOfRange, "FILE_RANGE"),
        (vec![head(&file, 0, Digest::of(b"other"), BYTES)], Code::InvalidArgument, "FILE_DIGEST"),
        (vec![head(&random(), 0, Digest::of(BYTES), BYTES)], Code::NotFound, "NOT_FOUND"),
    ] {
        let refused = chile.upload(tokio_stream::iter(messages)).await.unwrap_err();
        assert_eq!(reason(&refused), (code, word.to_owned()));
    }
    let unchanged = chile.start_upload(good).await.unwrap().into_inner();
    assert_eq!(unchanged, StartUploadResponse { received_parts: 0, complete: false });
}

#[tokio::test]
async fn what_is_forbidden_looks_absent() {
    let mut scene = Scene::new().await;
    let file = scene.upload().await;
    scene.cite(file).await;
    let mut japan = client(&scene, scene.japan.public_keys().device_tls_key).await;
    let forbidden = japan.download(all_of(&scene, &file)).await.unwrap_err();
    let absent = japan.download(all_of(&scene, &random())).await.unwrap_err();
    let begun = japan.start_upload(start(&scene, &random(), 100)).await.unwrap_err();
    let continued = head(&file, 0, Digest::of(BYTES), BYTES);
    let continued = japan.upload(tokio_stream::iter([continued])).await.unwrap_err();
    for status in [&forbidden, &begun, &continued] {
        assert_eq!((status.code(), status.message()), (absent.code(), absent.message()));
        assert_eq!(status.details(), absent.details());
    }
    let mut stranger = client(&scene, KeyId::new([10; 32])).await;
    let status = stranger.download(all_of(&scene, &file)).await.unwrap_err();
    assert_eq!(reason(&status), (Code::PermissionDenied, "NOT_ENROLLED".to_owned()));
}

/// The whole process, client and server, stays small while a file of 200 MiB goes there and back.
#[tokio::test]
async fn memory_does_not_grow_with_the_file() {
    const LENGTH: u64 = 200 * 1024 * 1024;
    let mut scene = Scene::new().await;
    let file = random();
    let mut chile = chile(&scene).await;
    chile.start_upload(start(&scene, &file, LENGTH)).await.unwrap();
    let before = peak_kib();
    let parts = FileParts::new(FileUse::Sealed, LENGTH).unwrap();
    let zeros = Bytes::from(vec![0; MESSAGE]);
    let messages = (0..parts.count()).flat_map(move |part| {
        let range = parts.range(part).unwrap();
        let length = usize::try_from(range.end - range.start).unwrap();
        let sha256 = Digest::of(&vec![0; length]);
        let zeros = zeros.clone();
        (0..length.div_ceil(MESSAGE)).map(move |at| {
            let data = zeros.slice(..MESSAGE.min(length - at * MESSAGE));
            if at == 0 { UploadRequest { data, ..head(&file, part, sha256, b"") } } else { more(&data) }
        })
    });
    let done = chile.upload(tokio_stream::iter(messages)).await.unwrap().into_inner();
    assert!(done.complete);
    scene.cite(file).await;
    let mut chile = self::chile(&scene).await;
    let mut pieces = chile.download(all_of(&scene, &file)).await.unwrap().into_inner();
    let mut length = 0;
    while let Some(piece) = pieces.next().await {
        length += piece.unwrap().data.len() as u64;
    }
    assert_eq!(length, LENGTH);
    let grown = peak_kib() - before;
    // The client's part of 5 MiB and both ends of the stream are in it too.
    assert!(grown < 32 * 1024, "{grown} KiB");
}

/// The most memory that this process ever had, in KiB.
fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}
