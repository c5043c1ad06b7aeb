//! The wire, over a real gate: who reaches what, how streams begin and end, and what is never told.

mod contract;
mod recover;
mod shut_out;

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use chancery_core::act::Statement;
use chancery_proto::v1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tonic::transport::{Channel, Endpoint, Uri};
use tonic::{Code, Status};
use tonic_types::StatusExt as _;
use v1::enrol_service_client::EnrolServiceClient;
use v1::file_service_client::FileServiceClient;
use v1::invitation_service_client::InvitationServiceClient;
use v1::log_service_client::LogServiceClient;
use v1::publication_service_client::PublicationServiceClient;
use v1::server_service_client::ServerServiceClient;

use crate::api::{ServeError, serve};
use crate::app::append::NewEntry;
use crate::gate::tests::Device;
use crate::gate::{Gate, GateLimits, ServerIdentity};
use crate::observe::{LogFormat, LogLevel, subscriber};
use crate::store::db::{DatabaseUrl, Pool, PoolLimits};
use crate::testing::{Strand, World};

/// A deployment that listens.
struct Served {
    world: World,
    address: std::net::SocketAddr,
    serving: JoinHandle<Result<(), ServeError>>,
    _folder: tempfile::TempDir,
}

impl Served {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = DatabaseUrl::Sqlite(folder.path().join("test.db"));
        let mut world = Box::pin(World::found(Pool::open(&url, &PoolLimits::default()).await.unwrap())).await;
        let identity = ServerIdentity::from_pkcs8(&ServerIdentity::make_key().unwrap()).unwrap();
        let gate = Gate::bind(([127, 0, 0, 1], 0).into(), &identity, GateLimits::default()).await.unwrap();
        let address = gate.local_addr().unwrap();
        // The registry of the gate, so that a revocation reaches its connections.
        let app = world.with_connections(gate.connections()).await;
        world.app = app.clone();
        let serving = tokio::spawn(serve(app, gate));
        Self { world, address, serving, _folder: folder }
    }

    async fn connect(&self, device: &Device) -> Channel {
        let (connector, address) = (device.connector(), self.address);
        let connect = tower::service_fn(move |_: Uri| {
            let connector = connector.clone();
            async move {
                let stream = TcpStream::connect(address).await?;
                let name = rustls_pki_types::ServerName::try_from("chancery").unwrap();
                connector.connect(name, stream).await.map(TokioIo::new)
            }
        });
        Endpoint::from_static("http://chancery").connect_with_connector(connect).await.unwrap()
    }

    /// A member of the strand: Kenya's expert, on a device of its own.
    async fn member(&self, strand: &Strand) -> (chancery_client::identity::Identity, Device) {
        let device = device();
        let expert = self.world.expert_on("KE", device.key()).await;
        self.world.join(&self.world.focal["KE"], strand.id, &strand.ring, &expert).await;
        (expert, device)
    }
}

fn device() -> Device {
    Device::make(&rcgen::PKCS_ECDSA_P256_SHA256)
}

fn reason(status: &Status) -> String {
    status.get_details_error_info().map(|info| info.reason).unwrap_or_default()
}

fn bytes(id: &[u8]) -> Bytes {
    Bytes::copy_from_slice(id)
}

fn to_wire(entry: &NewEntry) -> v1::NewEntry {
    v1::NewEntry {
        signed_act: entry.signed.clone(),
        body: entry.body.clone(),
        wraps: entry.wraps.clone(),
        previous_box: entry.previous_box.clone(),
        releases: Vec::new(),
    }
}

#[tokio::test]
async fn a_key_that_nobody_knows_reaches_enrolment_and_health_alone() {
    let served = Served::start().await;
    let channel = served.connect(&device()).await;
    let id = bytes(&[1; 16]);
    let mut log = LogServiceClient::new(channel.clone());
    let mut files = FileServiceClient::new(channel.clone());
    let mut publications = PublicationServiceClient::new(channel.clone());
    let mut invitations = InvitationServiceClient::new(channel.clone());
    let mut about = ServerServiceClient::new(channel.clone());
    let refused = [
        log.append(v1::AppendRequest { channel: id.clone(), entries: vec![] }).await.err(),
        log.list_channels(v1::ListChannelsRequest::default()).await.err(),
        log.list_entries(v1::ListEntriesRequest { channel: id.clone(), ..Default::default() }).await.err(),
        log.watch_entries(v1::WatchEntriesRequest::default()).await.err(),
        log.get_checkpoint(v1::GetCheckpointRequest { channel: id.clone() }).await.err(),
        log.add_cosignatures(v1::AddCosignaturesRequest::default()).await.err(),
        log.get_inclusion_proof(v1::GetInclusionProofRequest::default()).await.err(),
        log.get_consistency_proof(v1::GetConsistencyProofRequest::default()).await.err(),
        files.start_upload(v1::StartUploadRequest::default()).await.err(),
        files.upload(tokio_stream::iter([v1::UploadRequest::default()])).await.err(),
        files.download(v1::DownloadRequest::default()).await.err(),
        publications.list_disclosed(v1::ListDisclosedRequest::default()).await.err(),
        publications.get_disclosed(v1::GetDisclosedRequest::default()).await.err(),
        invitations.create_invitation(v1::CreateInvitationRequest::default()).await.err(),
        invitations.list_invitations(v1::ListInvitationsRequest::default()).await.err(),
        invitations.close_invitation(v1::CloseInvitationRequest::default()).await.err(),
        invitations.reject_answer(v1::RejectAnswerRequest::default()).await.err(),
        about.get_server(v1::GetServerRequest {}).await.err(),
    ];
    for (n, status) in refused.into_iter().enumerate() {
        let status = status.unwrap();
        assert_eq!(
            (status.code(), reason(&status).as_str()),
            (Code::PermissionDenied, "NOT_ENROLLED"),
            "{n}"
        );
    }
    let mut enrol = EnrolServiceClient::new(channel.clone());
    let unknown = enrol.get_enrolment(v1::GetEnrolmentRequest { lookup: bytes(&[1; 32]) }).await.unwrap_err();
    assert_eq!(reason(&unknown), "NOT_FOUND");
    let mut health = tonic_health::pb::health_client::HealthClient::new(channel);
    let healthy = health.check(tonic_health::pb::HealthCheckRequest::default()).await.unwrap();
    assert_eq!(healthy.into_inner().status, 1);
}

#[tokio::test]
async fn a_member_writes_follows_and_is_cut_off_when_it_leaves() {
    let served = Served::start().await;
    let world = &served.world;
    let strand = world.strand().await;
    let (expert, device) = served.member(&strand).await;
    let channel = served.connect(&device).await;
    let mut log = LogServiceClient::new(channel.clone());
    let info =
        ServerServiceClient::new(channel).get_server(v1::GetServerRequest {}).await.unwrap().into_inner();
    assert_eq!(info.root_fingerprint, world.app.root().as_bytes()[..]);
    assert_eq!(info.mechanism, world.app.mechanism_file());

    let follow = v1::Follow { channel: bytes(strand.id.as_bytes()), start: 0 };
    let watch = v1::WatchEntriesRequest { channels: vec![follow] };
    let mut events = log.watch_entries(watch).await.unwrap().into_inner();
    let place = (crate::testing::random(), None, chancery_core::mechanism::ItemKind::Clarification);
    let (_, entry) =
        world.revision(&expert, "KE", &strand, place, &crate::testing::body("Over the wire")).await;
    let append = v1::AppendRequest { channel: bytes(strand.id.as_bytes()), entries: vec![to_wire(&entry)] };
    let receipts = log.append(append).await.unwrap().into_inner().receipts;
    assert_eq!((receipts.len(), receipts[0].index), (1, 2));
    let mut seen = Vec::new();
    while seen.len() < 3 {
        let event = events.message().await.unwrap().unwrap().event.unwrap();
        if let v1::watch_entries_response::Event::NewEntries(news) = event {
            seen.extend(news.entries.into_iter().map(|entry| (entry.index, entry.body.len())));
        }
    }
    assert_eq!(seen.iter().map(|(index, _)| *index).collect::<Vec<_>>(), [0, 1, 2]);
    assert_eq!(seen[2].1, entry.body.len());

    let leaves = Statement::RemovePerson(expert.user);
    world.state_in(&world.focal["KE"], world.directory_id(), leaves).await.unwrap();
    // The stream ends at once, for the connection is closed.
    while let Ok(Some(_)) = events.message().await {}
    let mut again = LogServiceClient::new(served.connect(&device).await);
    let refused = again.list_channels(v1::ListChannelsRequest::default()).await.unwrap_err();
    assert_eq!(reason(&refused), "NOT_ENROLLED");
}

/// What the server offers is shown to peers of the directory alone.
#[tokio::test]
async fn reflection_is_for_peers_with_a_device() {
    use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
    use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
    use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;
    use tonic_reflection::pb::v1::{ServerReflectionRequest, ServerReflectionResponse};

    async fn services(channel: Channel) -> Result<ServerReflectionResponse, Status> {
        let message_request = Some(MessageRequest::ListServices(String::new()));
        let ask = ServerReflectionRequest { host: String::new(), message_request };
        let mut client = ServerReflectionClient::new(channel);
        let mut answers = client.server_reflection_info(tokio_stream::iter([ask])).await?.into_inner();
        answers.message().await.map(Option::unwrap)
    }

    let served = Served::start().await;
    let strand = served.world.strand().await;
    let (_, member) = served.member(&strand).await;
    let stranger = services(served.connect(&device()).await).await.unwrap_err();
    assert_eq!(reason(&stranger), "NOT_ENROLLED");
    let answer = services(served.connect(&member).await).await.unwrap();
    let Some(MessageResponse::ListServicesResponse(list)) = answer.message_response else { panic!() };
    assert!(list.service.iter().any(|service| service.name == "chancery.v1.LogService"));
}

#[tokio::test]
async fn a_stop_tells_streams_and_ends() {
    let served = Served::start().await;
    let strand = served.world.strand().await;
    let (_, device) = served.member(&strand).await;
    let mut log = LogServiceClient::new(served.connect(&device).await);
    let follow = v1::Follow { channel: bytes(strand.id.as_bytes()), start: 0 };
    let watch = v1::WatchEntriesRequest { channels: vec![follow] };
    let mut events = log.watch_entries(watch).await.unwrap().into_inner();
    assert!(events.message().await.unwrap().is_some());
    served.world.app.stopping().cancel();
    let end = loop {
        match events.message().await {
            Ok(Some(_)) => {}
            Ok(None) => panic!("a stream that ends without a word"),
            Err(status) => break status,
        }
    };
    assert_eq!((end.code(), reason(&end).as_str()), (Code::Unavailable, "STOPPING"));
    drop((events, log));
    assert!(served.serving.await.unwrap().is_ok());
}

#[tokio::test]
async fn what_is_malformed_is_told_so() {
    let served = Served::start().await;
    let strand = served.world.strand().await;
    let (_, device) = served.member(&strand).await;
    let channel = served.connect(&device).await;
    let mut log = LogServiceClient::new(channel.clone()).max_decoding_message_size(usize::MAX);
    let short = log.get_checkpoint(v1::GetCheckpointRequest { channel: bytes(&[1; 15]) }).await.unwrap_err();
    assert_eq!((short.code(), reason(&short).as_str()), (Code::InvalidArgument, "MALFORMED"));
    for token in ["AAAA", "not base64!", &"A".repeat(500)] {
        let request = v1::ListChannelsRequest { page_size: 1, page_token: token.to_owned() };
        let refused = log.list_channels(request).await.unwrap_err();
        assert_eq!(reason(&refused), "PAGE_TOKEN", "{token}");
    }
    // A token of one list is none of another.
    let mut invitations = InvitationServiceClient::new(channel.clone());
    let first =
        log.list_channels(v1::ListChannelsRequest { page_size: 1, ..Default::default() }).await.unwrap();
    let page_token = first.into_inner().next_page_token;
    assert!(!page_token.is_empty());
    let request = v1::ListInvitationsRequest { page_size: 1, page_token };
    assert_eq!(reason(&invitations.list_invitations(request).await.unwrap_err()), "PAGE_TOKEN");
    // More than a message may have: refused before it is decoded.
    let body = Bytes::from(vec![0; chancery_core::limits::MESSAGE_BYTES_MAX + 1]);
    let entry = v1::NewEntry { body, ..Default::default() };
    let request = v1::AppendRequest { channel: bytes(strand.id.as_bytes()), entries: vec![entry] };
    assert_eq!(log.append(request).await.unwrap_err().code(), Code::OutOfRange);
}

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Whatever a caller sends, none of its bytes comes back in a log line or in the words of a refusal.
#[tokio::test]
async fn no_byte_of_a_call_is_logged_or_told() {
    const CANARY: &str = "kanarienvogel";
    let lines = Lines::default();
    let writer = lines.clone();
    let log_lines = subscriber(LogFormat::Json, LogLevel::Debug, move || writer.clone());
    // For the whole process: what the other tests log is looked through as well.
    tracing::subscriber::set_global_default(log_lines).unwrap();
    let served = Served::start().await;
    let world = &served.world;
    let strand = world.strand().await;
    let (expert, device) = served.member(&strand).await;
    let mut log = LogServiceClient::new(served.connect(&device).await);
    let place = (crate::testing::random(), None, chancery_core::mechanism::ItemKind::Clarification);
    let (_, good) = world.revision(&expert, "KE", &strand, place, &crate::testing::body(CANARY)).await;
    let canary = Bytes::from(CANARY.repeat(2_000));
    let mut told = String::new();
    let cases = [
        NewEntry { signed: canary.clone(), ..good.clone() },
        NewEntry { signed: [&good.signed[..], CANARY.as_bytes()].concat().into(), ..good.clone() },
        NewEntry { body: canary.clone(), ..good.clone() },
        NewEntry { wraps: vec![canary.clone()], ..good.clone() },
        NewEntry { previous_box: canary.clone(), ..good.clone() },
    ];
    for entry in cases {
        let channel = bytes(strand.id.as_bytes());
        let request = v1::AppendRequest { channel, entries: vec![to_wire(&entry)] };
        let status = log.append(request).await.unwrap_err();
        told.push_str(&format!("{status:?} {}", String::from_utf8_lossy(status.details())));
    }
    let request = v1::AppendRequest { channel: canary.slice(..16), entries: vec![to_wire(&good)] };
    told.push_str(&format!("{:?}", log.append(request).await.unwrap_err()));
    let request = v1::ListChannelsRequest { page_size: 1, page_token: CANARY.to_owned() };
    told.push_str(&format!("{:?}", log.list_channels(request).await.unwrap_err()));
    let channel = bytes(strand.id.as_bytes());
    log.append(v1::AppendRequest { channel, entries: vec![to_wire(&good)] }).await.unwrap();

    let logged = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    assert!(logged.contains("refused"), "the check itself works: {logged}");
    for text in [&logged, &told] {
        assert!(!text.contains(CANARY), "{text}");
        assert!(!text.contains(&hex::encode(CANARY)), "{text}");
    }
}
