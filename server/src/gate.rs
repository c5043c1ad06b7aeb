//! The gate: from a TCP connection to the key of the device at its other end.
//!
//! TLS 1.3 only, with a certificate from both sides. A peer proves that it holds the private key; nothing
//! else of its certificate counts, neither name nor date nor issuer. Who the key belongs to, and whether it
//! is revoked, is for the directory to say: a key that nobody knows gets through the gate, and reaches
//! only enrolment behind it.
//!
//! tonic's own acceptor is not used, for it lets handshakes hang for ever and accepts TLS 1.2.

mod connections;
mod identity;
mod stream;
mod transport;
mod verifier;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use chancery_core::id::KeyId;
use rustls::server::NoServerSessionStorage;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_stream::StreamExt as _;
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::task::AbortOnDropHandle;

pub use connections::Connections;
pub use identity::ServerIdentity;
pub use stream::PeerStream;
pub use transport::http2;

use verifier::{PeerVerifier, key_of};

/// Limits on connections.
#[derive(Debug, Clone, Copy)]
pub struct GateLimits {
    /// Longest time for a TLS handshake.
    pub handshake_max: Duration,
    /// Handshakes under way at once.
    pub handshakes_max: usize,
    /// Connections open at once, with those in their handshake.
    pub connections_max: usize,
    /// Connections open at once under one key.
    pub connections_per_peer_max: usize,
}

impl Default for GateLimits {
    fn default() -> Self {
        Self {
            handshake_max: Duration::from_secs(5),
            handshakes_max: 512,
            connections_max: 12_000,
            connections_per_peer_max: 64,
        }
    }
}

/// Who is at the other end: the id of the TLS key whose possession was proved, and the address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PeerKey {
    /// Id of the key: the hash of its `SubjectPublicKeyInfo`.
    pub key: KeyId,
    /// Where the connection comes from; for limits only, never for authority.
    pub addr: SocketAddr,
}

/// Why the gate does not open.
#[derive(Debug, thiserror::Error)]
pub enum GateError {
    /// The stored key is not a P-256 key in PKCS#8.
    #[error("the server's TLS key is not a P-256 key in PKCS#8")]
    Key,
    /// TLS cannot be set up with this key.
    #[error("TLS cannot be set up: {0}")]
    Tls(#[from] rustls::Error),
    /// The address cannot be listened on.
    #[error("cannot listen on {addr}: {kind}; choose another address, or stop what listens there")]
    Bind {
        /// The address.
        addr: SocketAddr,
        /// The reason.
        kind: std::io::ErrorKind,
    },
}

/// A listening gate.
pub struct Gate {
    listener: TcpListener,
    acceptor: TlsAcceptor,
    limits: GateLimits,
    connections: Connections,
}

impl Gate {
    /// Listens on `addr`. No connection is taken before [`Gate::incoming`].
    pub async fn bind(
        addr: SocketAddr,
        identity: &ServerIdentity,
        limits: GateLimits,
    ) -> Result<Self, GateError> {
        let acceptor = TlsAcceptor::from(Arc::new(server_config(identity)?));
        let listener =
            TcpListener::bind(addr).await.map_err(|error| GateError::Bind { addr, kind: error.kind() })?;
        let connections = Connections::new(limits.connections_per_peer_max);
        Ok(Self { listener, acceptor, limits, connections })
    }

    /// The address, with the port that the system chose if it was 0.
    pub fn local_addr(&self) -> std::io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// The open connections, to close those of a revoked key.
    #[must_use]
    pub fn connections(&self) -> Connections {
        self.connections.clone()
    }

    /// The connections that passed, for `serve_with_incoming_shutdown`. Dropping the stream closes the
    /// listener and ends the handshakes under way.
    pub fn incoming(self) -> impl tokio_stream::Stream<Item = Result<PeerStream, Infallible>> + Unpin + Send {
        let (sender, receiver) = mpsc::channel(PASSED_WAITING_MAX);
        let task = AbortOnDropHandle::new(tokio::spawn(self.accept(sender)));
        ReceiverStream::new(receiver).map(move |stream| {
            let _accepting_while_the_stream_lives = &task;
            Ok(stream)
        })
    }

    /// Takes connections for ever; each handshake is a task of its own, so a slow one holds up nobody.
    async fn accept(self, passed: mpsc::Sender<PeerStream>) {
        let places = Arc::new(Semaphore::new(self.limits.connections_max));
        let mut handshakes = JoinSet::new();
        loop {
            let accepted = tokio::select! {
                accepted = self.listener.accept() => accepted,
                Some(_done) = handshakes.join_next() => continue,
            };
            let (tcp, addr) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    // Most likely no file descriptor is left: at full speed this loop would take a core.
                    tracing::warn!(kind = %error.kind(), "a connection could not be accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                    continue;
                }
            };
            // Above a limit a connection is closed at once: its owner learns of it now, not by a timeout.
            let Ok(place) = places.clone().try_acquire_owned() else {
                tracing::warn!(connections_max = self.limits.connections_max, "connection refused: no place");
                continue;
            };
            if handshakes.len() >= self.limits.handshakes_max {
                tracing::warn!(handshakes_max = self.limits.handshakes_max, "connection refused: handshakes");
                continue;
            }
            let handshake = Handshake {
                acceptor: self.acceptor.clone(),
                limit: self.limits.handshake_max,
                connections: self.connections.clone(),
                place,
            };
            let passed = passed.clone();
            handshakes.spawn(async move {
                match handshake.run(tcp, addr).await {
                    // A closed channel means that the server stops.
                    Ok(stream) => drop(passed.send(stream).await),
                    Err(refused) => tracing::debug!(%refused, "connection refused"),
                }
            });
        }
    }
}

struct Handshake {
    acceptor: TlsAcceptor,
    limit: Duration,
    connections: Connections,
    place: OwnedSemaphorePermit,
}

/// Why a connection did not pass. Its text holds nothing that the peer chose.
#[derive(Debug, thiserror::Error)]
enum Refused {
    #[error("the handshake took too long")]
    Slow,
    #[error("the handshake failed: {0}")]
    Handshake(std::io::ErrorKind),
    #[error("too many connections under one key")]
    Crowd,
}

impl Handshake {
    async fn run(self, tcp: TcpStream, addr: SocketAddr) -> Result<PeerStream, Refused> {
        // With Nagle's algorithm every small call waits for a delayed acknowledgement: 40 ms, not 0.1.
        tcp.set_nodelay(true).map_err(|error| Refused::Handshake(error.kind()))?;
        let tls = tokio::time::timeout(self.limit, self.acceptor.accept(tcp))
            .await
            .map_err(|_| Refused::Slow)?
            .map_err(|error| Refused::Handshake(error.kind()))?;
        let key = tls
            .get_ref()
            .1
            .peer_certificates()
            .and_then(|chain| key_of(chain.first()?))
            .ok_or(Refused::Handshake(std::io::ErrorKind::InvalidData))?;
        let registered = self.connections.admit(key).ok_or(Refused::Crowd)?;
        Ok(PeerStream::new(tls, PeerKey { key, addr }, registered, self.place))
    }
}

fn server_config(identity: &ServerIdentity) -> Result<rustls::ServerConfig, GateError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = Arc::new(PeerVerifier::new(&provider));
    let mut config = rustls::ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .with_client_cert_verifier(verifier)
        .with_single_cert(vec![identity.certificate()], identity.key())?;
    config.alpn_protocols = vec![b"h2".to_vec()];
    // No resumption: every connection proves possession of its key anew.
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    Ok(config)
}

const PASSED_WAITING_MAX: usize = 64;
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

#[cfg(test)]
pub(crate) mod tests;
