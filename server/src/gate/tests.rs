//! Who passes the gate, and who does not.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, SignatureScheme};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_rustls::TlsConnector;

use super::*;

/// Takes any server: these tests are about the other side.
#[derive(Debug)]
struct AnyServer;

impl ServerCertVerifier for AnyServer {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Err(rustls::Error::HandshakeNotComplete)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = rustls::crypto::ring::default_provider().signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signed, &algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ECDSA_NISTP256_SHA256]
    }
}

/// A device's key with its certificate.
pub(crate) struct Device {
    pair: rcgen::KeyPair,
    certificate: CertificateDer<'static>,
}

impl Device {
    pub(crate) fn make(algorithm: &'static rcgen::SignatureAlgorithm) -> Self {
        let pair = rcgen::KeyPair::generate_for(algorithm).unwrap();
        let certificate = rcgen::CertificateParams::new(vec![]).unwrap().self_signed(&pair).unwrap().into();
        Self { pair, certificate }
    }

    pub(crate) fn key(&self) -> KeyId {
        use chancery_core::name::{KeyAlgorithm, key_id};
        key_id(KeyAlgorithm::TlsSpki, &rcgen::PublicKeyData::subject_public_key_info(&self.pair))
    }

    pub(crate) fn connector(&self) -> TlsConnector {
        self.connector_with(self.certificate.clone())
    }

    /// A connector that shows `certificate`, whose key may be another's.
    fn connector_with(&self, certificate: CertificateDer<'static>) -> TlsConnector {
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(self.pair.serialize_der()));
        let key = rustls::crypto::ring::sign::any_supported_type(&key).unwrap();
        let shown = rustls::sign::CertifiedKey::new(vec![certificate], key);
        let shown = rustls::sign::SingleCertAndKey::from(shown);
        connector(|builder| builder.with_client_cert_resolver(Arc::new(shown)))
    }
}

fn connector(
    finish: impl FnOnce(rustls::ConfigBuilder<ClientConfig, rustls::client::WantsClientCert>) -> ClientConfig,
) -> TlsConnector {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(AnyServer));
    let mut config = finish(builder);
    config.alpn_protocols = vec![b"h2".to_vec()];
    TlsConnector::from(Arc::new(config))
}

type Incoming = std::pin::Pin<Box<dyn tokio_stream::Stream<Item = Result<PeerStream, Infallible>> + Send>>;

async fn gate(limits: GateLimits) -> (SocketAddr, Connections, Incoming) {
    let key = ServerIdentity::make_key().unwrap();
    let identity = ServerIdentity::from_pkcs8(&key).unwrap();
    let gate = Gate::bind(([127, 0, 0, 1], 0).into(), &identity, limits).await.unwrap();
    (gate.local_addr().unwrap(), gate.connections(), Box::pin(gate.incoming()))
}

type ClientStream = tokio_rustls::client::TlsStream<TcpStream>;

async fn connect(addr: SocketAddr, connector: &TlsConnector) -> std::io::Result<ClientStream> {
    let tcp = TcpStream::connect(addr).await?;
    tcp.set_nodelay(true)?;
    connector.connect(ServerName::try_from("chancery").unwrap(), tcp).await
}

/// In TLS 1.3 a client is done before the server has judged its certificate: the refusal is read later.
async fn refused(addr: SocketAddr, connector: &TlsConnector) -> bool {
    match connect(addr, connector).await {
        Err(_) => true,
        Ok(mut stream) => matches!(stream.read(&mut [0; 1]).await, Ok(0) | Err(_)),
    }
}

async fn pass(incoming: &mut Incoming) -> PeerStream {
    incoming.next().await.unwrap().unwrap()
}

#[tokio::test]
async fn a_peer_is_known_by_its_key() {
    let (addr, connections, mut incoming) = gate(GateLimits::default()).await;
    for algorithm in [&rcgen::PKCS_ECDSA_P256_SHA256, &rcgen::PKCS_ED25519] {
        let device = Device::make(algorithm);
        let connector = device.connector();
        let (client, mut server) = tokio::join!(connect(addr, &connector), pass(&mut incoming));
        let mut client = client.unwrap();
        assert_eq!(server.peer().key, device.key());
        assert_eq!(server.peer().addr, client.get_ref().0.local_addr().unwrap());
        assert!(server.nodelay().unwrap(), "Nagle is off");
        assert_eq!(connections.count(), 1);

        client.write_all(b"ping").await.unwrap();
        let mut got = [0; 4];
        server.read_exact(&mut got).await.unwrap();
        server.write_all(&got).await.unwrap();
        server.flush().await.unwrap();
        client.read_exact(&mut got).await.unwrap();
        assert_eq!(&got, b"ping");
        drop(server);
        assert_eq!(connections.count(), 0);
    }
}

#[tokio::test]
async fn who_proves_no_key_is_refused() {
    let (addr, connections, _incoming) = gate(GateLimits::default()).await;
    let device = Device::make(&rcgen::PKCS_ECDSA_P256_SHA256);
    let victim = Device::make(&rcgen::PKCS_ECDSA_P256_SHA256);
    let mut padded = victim.certificate.to_vec();
    padded.push(0);
    for (what, connector) in [
        ("no certificate", connector(rustls::ConfigBuilder::<ClientConfig, _>::with_no_client_auth)),
        ("another's certificate", device.connector_with(victim.certificate.clone())),
        ("a curve that the gate does not take", Device::make(&rcgen::PKCS_ECDSA_P384_SHA384).connector()),
        ("bytes behind the certificate", victim.connector_with(padded.into())),
        ("no certificate at all", device.connector_with(vec![0x30, 0x00].into())),
        ("a certificate that is too long", device.connector_with(vec![0x30; 4_096].into())),
    ] {
        assert!(refused(addr, &connector).await, "{what}");
    }
    assert_eq!(connections.count(), 0);
}

/// A whole TLS 1.2 hello, as an old client sends it, is answered with the alert `protocol_version`.
#[tokio::test]
async fn tls_1_2_is_refused() {
    let (addr, _connections, _incoming) = gate(GateLimits::default()).await;
    let mut body = vec![0x03, 0x03];
    body.extend([0x5a; 32]); // random
    body.push(0); // no session id
    body.extend([0, 2, 0xc0, 0x2b, 1, 0]); // ECDHE_ECDSA with AES-128-GCM; no compression
    let extensions: [&[u8]; 3] =
        [&[0, 10, 0, 4, 0, 2, 0, 23], &[0, 11, 0, 2, 1, 0], &[0, 13, 0, 4, 0, 2, 4, 3]];
    let extensions = extensions.concat();
    body.extend(u16::try_from(extensions.len()).unwrap().to_be_bytes());
    body.extend(extensions);
    let length = u16::try_from(body.len()).unwrap();
    let mut hello = vec![0x16, 0x03, 0x01];
    hello.extend((length + 4).to_be_bytes());
    hello.extend([1, 0]);
    hello.extend(length.to_be_bytes());
    hello.extend(body);

    let mut tcp = TcpStream::connect(addr).await.unwrap();
    tcp.write_all(&hello).await.unwrap();
    let mut answer = Vec::new();
    tcp.read_to_end(&mut answer).await.unwrap();
    let [0x15, 3, _, 0, 2, level, description] = answer[..] else { panic!("not one alert: {answer:?}") };
    assert_eq!((level, description), (2, 70));
}

#[tokio::test]
async fn a_stalled_handshake_ends_and_holds_up_nobody() {
    let limits = GateLimits { handshake_max: Duration::from_millis(300), ..GateLimits::default() };
    let (addr, _connections, mut incoming) = gate(limits).await;
    let mut silent = TcpStream::connect(addr).await.unwrap();

    let device = Device::make(&rcgen::PKCS_ECDSA_P256_SHA256);
    let connector = device.connector();
    let (client, server) = tokio::join!(connect(addr, &connector), pass(&mut incoming));
    client.unwrap();
    assert_eq!(server.peer().key, device.key());

    // The server hangs up: this returns only then.
    assert_eq!(silent.read(&mut [0; 1]).await.unwrap(), 0);
}

#[tokio::test]
async fn no_more_connections_than_allowed() {
    let limits = GateLimits { connections_max: 3, connections_per_peer_max: 2, ..GateLimits::default() };
    let (addr, connections, mut incoming) = gate(limits).await;
    let one = Device::make(&rcgen::PKCS_ECDSA_P256_SHA256).connector();
    let other = Device::make(&rcgen::PKCS_ECDSA_P256_SHA256).connector();

    let (_a, first) = tokio::join!(connect(addr, &one), pass(&mut incoming));
    let (_b, _second) = tokio::join!(connect(addr, &one), pass(&mut incoming));
    assert!(refused(addr, &one).await, "a third under one key");
    let (_c, _third) = tokio::join!(connect(addr, &other), pass(&mut incoming));
    assert!(refused(addr, &other).await, "a fourth in all");
    assert_eq!(connections.count(), 3);

    drop(first);
    let (client, _fourth) = tokio::join!(connect(addr, &other), pass(&mut incoming));
    client.unwrap();
}

#[tokio::test]
async fn a_revoked_key_is_cut_off_at_once() {
    let (addr, connections, mut incoming) = gate(GateLimits::default()).await;
    let revoked = Device::make(&rcgen::PKCS_ECDSA_P256_SHA256);
    let other = Device::make(&rcgen::PKCS_ECDSA_P256_SHA256);
    let (revoked_connector, other_connector) = (revoked.connector(), other.connector());
    let (_a, mut first) = tokio::join!(connect(addr, &revoked_connector), pass(&mut incoming));
    let (_b, mut second) = tokio::join!(connect(addr, &revoked_connector), pass(&mut incoming));
    let (mut client, mut third) = tokio::join!(connect(addr, &other_connector), pass(&mut incoming));

    let mut buffer = [0; 1];
    let waiting = tokio::spawn(async move { first.read(&mut [0; 1]).await.map_err(|error| error.kind()) });
    assert_eq!(connections.close(&revoked.key()), 2);
    assert_eq!(waiting.await.unwrap(), Err(std::io::ErrorKind::ConnectionAborted));
    assert!(second.read(&mut buffer).await.is_err());

    client.as_mut().unwrap().write_all(b"x").await.unwrap();
    assert_eq!(third.read(&mut buffer).await.unwrap(), 1, "others stay");
    assert_eq!(connections.close(&KeyId::new([0; 32])), 0);
}

/// A real call over the gate: ALPN, HTTP/2 settings and the peer's key in the request.
#[tokio::test]
async fn a_call_carries_the_key_of_its_peer() {
    let (addr, _connections, incoming) = gate(GateLimits::default()).await;
    let (_reporter, health) = tonic_health::server::health_reporter();
    let (seen_sender, mut seen) = mpsc::channel(1);
    let watch = move |request: tonic::Request<()>| {
        seen_sender.try_send(request.extensions().get::<PeerKey>().copied()).unwrap();
        Ok(request)
    };
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let server = http2(tonic::transport::Server::builder())
        .add_service(tonic::service::interceptor::InterceptedService::new(health, watch))
        .serve_with_incoming_shutdown(incoming, async { drop(stopped.await) });
    let server = tokio::spawn(server);

    let device = Device::make(&rcgen::PKCS_ECDSA_P256_SHA256);
    let connector = device.connector();
    let channel = tonic::transport::Endpoint::from_static("http://chancery")
        .connect_with_connector(tower::service_fn(move |_| {
            let connector = connector.clone();
            async move { connect(addr, &connector).await.map(hyper_util::rt::TokioIo::new) }
        }))
        .await
        .unwrap();
    let mut client = tonic_health::pb::health_client::HealthClient::new(channel);
    client.check(tonic_health::pb::HealthCheckRequest::default()).await.unwrap();
    assert_eq!(seen.recv().await.unwrap().unwrap().key, device.key());

    drop(client);
    stop.send(()).unwrap();
    server.await.unwrap().unwrap();
}

#[test]
fn an_identity_keeps_its_key() {
    let key = ServerIdentity::make_key().unwrap();
    let (one, two) = (ServerIdentity::from_pkcs8(&key).unwrap(), ServerIdentity::from_pkcs8(&key).unwrap());
    assert_eq!(one.key_id(), two.key_id());
    assert_eq!(key_of(&one.certificate()), Some(one.key_id()));
    assert!(matches!(ServerIdentity::from_pkcs8(b"no key"), Err(GateError::Key)));
}
