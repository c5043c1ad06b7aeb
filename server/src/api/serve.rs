//! The services behind the gate, until the server stops.

use std::time::Duration;

use chancery_core::error::WireReason;
use chancery_core::limits::MESSAGE_BYTES_MAX;
use chancery_proto::v1;
use chancery_proto::v1::log_service_server::{LogService, LogServiceServer};
use tokio_util::task::AbortOnDropHandle;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::Server;
use tonic::transport::server::Router;
use tonic::{Request, Status};

use super::enrol::Enrol;
use super::files::Files;
use super::invitations::Invitations;
use super::log::Log;
use super::publication::Publications;
use super::server::Server as ServerInfo;
use super::{peer, status};
use crate::app::{App, AppError, Caller};
use crate::gate::{Gate, http2};

/// Why the server ended other than by being told to.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The descriptors that reflection shows cannot be read: our bug.
    #[error("the descriptors of the services cannot be read")]
    Descriptors,
    /// The transport failed.
    #[error("the transport failed")]
    Transport,
    /// Calls were still under way when the time to finish them was over.
    #[error("calls were still under way {} s after the server was told to stop; they were cut off", FINISH_MAX.as_secs())]
    CutOff,
}

/// Serves the peers of `gate` until the app stops; then streams end, and calls under way finish, but not for
/// ever.
pub async fn serve(app: App, gate: Gate) -> Result<(), ServeError> {
    let log = Log::new(app.clone());
    serve_with(app, gate, log).await
}

/// As [`serve`], with another service of logs: programs that show how clients meet a server that lies put theirs
/// here.
pub async fn serve_with(app: App, gate: Gate, log: impl LogService) -> Result<(), ServeError> {
    let router = router(&app, log).await?;
    let stopping = app.stopping().clone();
    let serving = router.serve_with_incoming_shutdown(gate.incoming(), stopping.clone().cancelled_owned());
    let sweeping = app.clone();
    let _sweeping_while_it_serves =
        AbortOnDropHandle::new(tokio::spawn(async move { sweeping.sweep_until_stopped().await }));
    let cut_off = async {
        stopping.cancelled().await;
        tokio::time::sleep(FINISH_MAX).await;
    };
    tokio::select! {
        outcome = serving => outcome.map_err(|_| ServeError::Transport),
        () = cut_off => Err(ServeError::CutOff),
    }
}

/// Every service: the health service and enrolment for any key, the others for peers of the directory.
async fn router(app: &App, log: impl LogService) -> Result<Router, ServeError> {
    let (health, health_service) = tonic_health::server::health_reporter();
    health.set_service_status("", tonic_health::ServingStatus::Serving).await;
    let reflection = tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(chancery_proto::DESCRIPTORS)
        .build_v1()
        .map_err(|_| ServeError::Descriptors)?;
    let for_peers = app.clone();
    let reflection = InterceptedService::new(reflection, move |request| known(&for_peers, request));

    let log = LogServiceServer::new(log)
        .max_decoding_message_size(MESSAGE_BYTES_MAX)
        .max_encoding_message_size(MESSAGE_BYTES_MAX);
    let invitations = v1::invitation_service_server::InvitationServiceServer::new(Invitations(app.clone()))
        .max_decoding_message_size(SMALL_MESSAGE_BYTES_MAX);
    let enrol = v1::enrol_service_server::EnrolServiceServer::new(Enrol(app.clone()))
        .max_decoding_message_size(SMALL_MESSAGE_BYTES_MAX);
    let files = v1::file_service_server::FileServiceServer::new(Files::new(app.clone()))
        .max_decoding_message_size(MESSAGE_BYTES_MAX)
        .max_encoding_message_size(MESSAGE_BYTES_MAX);
    let publications =
        v1::publication_service_server::PublicationServiceServer::new(Publications::new(app.clone()))
            .max_decoding_message_size(SMALL_MESSAGE_BYTES_MAX)
            .max_encoding_message_size(MESSAGE_BYTES_MAX);
    let server = v1::server_service_server::ServerServiceServer::new(ServerInfo(app.clone()))
        .max_decoding_message_size(SMALL_MESSAGE_BYTES_MAX);
    Ok(http2(Server::builder())
        .add_service(health_service)
        .add_service(reflection)
        .add_service(enrol)
        .add_service(log)
        .add_service(files)
        .add_service(publications)
        .add_service(invitations)
        .add_service(server))
}

/// Lets peers of the directory through.
fn known(app: &App, request: Request<()>) -> Result<Request<()>, Status> {
    let directory = app.world().kept_directory();
    let checked =
        peer(&request).and_then(|peer| match Caller::of(&directory.state, peer.key, app.now_ms()) {
            Caller::Custodian { .. } | Caller::Person(_) => Ok(()),
            Caller::Stranger { .. } => Err(AppError::from(WireReason::NotEnrolled)),
        });
    checked.map(|()| request).map_err(|error| status("reflection", error))
}

/// Invitations, enrolments and questions about the server are small.
const SMALL_MESSAGE_BYTES_MAX: usize = 64 * 1024;
/// How long calls under way may take to finish once the server stops.
const FINISH_MAX: Duration = Duration::from_secs(10);
