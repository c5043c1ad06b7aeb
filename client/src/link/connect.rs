//! From an address and a pinned key to an HTTP/2 connection.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use http::Uri;
use hyper_util::rt::TokioIo;
use rustls::client::Resumption;
use rustls::pki_types::{ServerName, UnixTime};
use rustls::time_provider::TimeProvider;
use rustls::{ClientConfig, RootCertStore, crypto, version};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tonic::transport::{Channel, Endpoint};
use tower::{Service, service_fn};

use super::LinkError;
use super::verifier::{PinnedServer, is_wrong_server};
use crate::clock::now_ms;
use crate::home::{ServerAddress, TlsIdentity};

/// Connects once now, and again by itself whenever the connection was lost.
pub(super) async fn connect(server: &ServerAddress, tls: &TlsIdentity) -> Result<Channel, LinkError> {
    let connected = endpoint().connect_with_connector(connector(server, tls)?).await;
    connected.map_err(|error| LinkError::from_transport(&error))
}

/// Connects when the first rpc asks for it.
pub(super) fn later(server: &ServerAddress, tls: &TlsIdentity) -> Result<Channel, LinkError> {
    Ok(endpoint().connect_with_connector_lazy(connector(server, tls)?))
}

/// Makes one connection whenever it is called.
fn connector(
    server: &ServerAddress,
    tls: &TlsIdentity,
) -> Result<
    impl Service<Uri, Response = TokioIo<TlsStream<TcpStream>>, Error = ConnectError, Future: Send>
    + Send
    + 'static,
    LinkError,
> {
    let connector = TlsConnector::from(Arc::new(config(server, tls)?));
    let address: Arc<str> = server.address.as_str().into();
    Ok(service_fn(move |_: Uri| {
        let (connector, address) = (connector.clone(), Arc::clone(&address));
        async move {
            let connected = tokio::time::timeout(CONNECT_MAX, dial(&connector, &address)).await;
            connected.unwrap_or(Err(ConnectError::Timeout)).map(TokioIo::new)
        }
    }))
}

async fn dial(connector: &TlsConnector, address: &str) -> Result<TlsStream<TcpStream>, ConnectError> {
    let stream = TcpStream::connect(address).await.map_err(ConnectError::Tcp)?;
    // Small messages must not wait for the acknowledgement of others.
    stream.set_nodelay(true).map_err(ConnectError::Tcp)?;
    // Never sent: the server is known by its key.
    let name = ServerName::try_from("chancery").map_err(|_| ConnectError::Handshake)?;
    connector.connect(name, stream).await.map_err(ConnectError::of_handshake)
}

/// The program's one clock. That of rustls panics where the machine's is set before 1970; no certificate here is
/// judged by its dates.
#[derive(Debug)]
struct Time;

impl TimeProvider for Time {
    fn current_time(&self) -> Option<UnixTime> {
        Some(UnixTime::since_unix_epoch(Duration::from_millis(now_ms())))
    }
}

fn config(server: &ServerAddress, tls: &TlsIdentity) -> Result<ClientConfig, LinkError> {
    let provider = Arc::new(crypto::ring::default_provider());
    let pinned = Arc::new(PinnedServer::new(server.tls_key, &provider));
    let mut config = ClientConfig::builder_with_details(provider, Arc::new(Time))
        .with_protocol_versions(&[&version::TLS13])
        .map(|builder| builder.with_root_certificates(RootCertStore::empty()))
        .and_then(|builder| builder.with_client_auth_cert(vec![tls.certificate()], tls.key()))
        .map_err(|_| LinkError::Protocol("the TLS settings of this program"))?;
    config.dangerous().set_certificate_verifier(pinned);
    config.alpn_protocols = vec![b"h2".to_vec()];
    config.enable_sni = false;
    // Every connection proves both keys anew; a ticket would stand for an older proof.
    config.resumption = Resumption::disabled();
    Ok(config)
}

/// Frames of 1 MiB nearly double the speed of files against the default of 16 KiB.
fn endpoint() -> Endpoint {
    // The name is never resolved: the connector knows the address.
    Endpoint::from_static("http://chancery")
        .initial_stream_window_size(STREAM_WINDOW_BYTES)
        .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
        .max_frame_size(FRAME_BYTES_MAX)
        .http2_max_header_list_size(HEADER_BYTES_MAX)
        .http2_keep_alive_interval(PING_EVERY)
        .keep_alive_timeout(PING_ANSWER_MAX)
}

/// Why there is no connection; the link's error finds it again inside the transport's.
#[derive(Debug, thiserror::Error)]
pub(super) enum ConnectError {
    #[error("no connection: {0}")]
    Tcp(io::Error),
    #[error("no answer in time")]
    Timeout,
    #[error("another key than the server's answered")]
    WrongServer,
    #[error("the TLS handshake failed")]
    Handshake,
}

impl ConnectError {
    fn of_handshake(error: io::Error) -> Self {
        match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
            Some(inner) if is_wrong_server(inner) => Self::WrongServer,
            Some(_) => Self::Handshake,
            None => Self::Tcp(error),
        }
    }
}

const CONNECT_MAX: Duration = Duration::from_secs(10);
const PING_EVERY: Duration = Duration::from_secs(20);
const PING_ANSWER_MAX: Duration = Duration::from_secs(15);
const FRAME_BYTES_MAX: u32 = 1024 * 1024;
const STREAM_WINDOW_BYTES: u32 = 2 * 1024 * 1024;
const CONNECTION_WINDOW_BYTES: u32 = 4 * 1024 * 1024;
const HEADER_BYTES_MAX: u32 = 16 * 1024;
