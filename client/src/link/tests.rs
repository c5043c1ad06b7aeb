//! Who is let in as the server. What it then says is tested end to end, with the real one.

use std::sync::Arc;

use chancery_core::id::KeyId;
use rustls::ServerConfig;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::version::TLS13;
use tokio::io::AsyncReadExt as _;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::*;

/// A server at a free port that presents the certificate of `shown` and signs with the key of `held`.
async fn serve(shown: &TlsIdentity, held: &TlsIdentity) -> String {
    #[derive(Debug)]
    struct Fixed(Arc<CertifiedKey>);

    impl ResolvesServerCert for Fixed {
        fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
            Some(Arc::clone(&self.0))
        }
    }

    let key = rustls::crypto::ring::sign::any_ecdsa_type(&held.key()).unwrap();
    let certified = CertifiedKey::new(vec![shown.certificate()], key);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&TLS13])
        .unwrap()
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(Fixed(Arc::new(certified))));
    config.alpn_protocols = vec![b"h2".to_vec()];
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            if let Ok(mut stream) = acceptor.accept(stream).await {
                // The client's preface: it takes this server for its own.
                let mut preface = [0; 24];
                stream.read_exact(&mut preface).await.unwrap();
                assert!(preface.starts_with(b"PRI * HTTP/2.0"));
            }
        }
    });
    address
}

async fn connect(address: String, pinned: KeyId) -> Result<Link, LinkError> {
    let own = TlsIdentity::make().unwrap();
    Link::connect(&ServerAddress { address, tls_key: pinned }, &own).await
}

#[tokio::test]
async fn only_the_holder_of_the_pinned_key_is_the_server() {
    let (server, other) = (TlsIdentity::make().unwrap(), TlsIdentity::make().unwrap());
    let address = serve(&server, &server).await;
    let link = connect(address.clone(), server.key_id()).await.unwrap();
    // It speaks no gRPC, so it is away rather than wrong.
    assert!(matches!(link.server().await, Err(LinkError::Unavailable(_))));

    let refused = connect(address, other.key_id()).await.unwrap_err();
    assert_eq!(refused, LinkError::WrongServer);

    let thief = serve(&server, &other).await;
    let refused = connect(thief, server.key_id()).await.unwrap_err();
    assert!(matches!(refused, LinkError::Unavailable(_)), "shows the certificate without its key: {refused}");
}

#[tokio::test]
async fn a_server_of_tls_1_2_is_refused() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut hello = [0; 4_096];
        assert!(stream.read(&mut hello).await.unwrap() > 0);
        // RFC 5246: a ServerHello of version 3.3 that chooses TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256.
        let mut answer = vec![0x16, 3, 3, 0, 44, 2, 0, 0, 40, 3, 3];
        answer.extend([7; 32]);
        answer.extend([0, 0xc0, 0x2b, 0, 0, 0]);
        stream.write_all(&answer).await.unwrap();
        let mut alert = Vec::new();
        stream.read_to_end(&mut alert).await.unwrap();
        alert
    });
    let refused = connect(address, KeyId::new([1; 32])).await.unwrap_err();
    assert_eq!(refused, LinkError::Unavailable("the TLS handshake failed".into()));
    assert_eq!(server.await.unwrap().first(), Some(&0x15), "an alert");
}

#[tokio::test]
async fn nobody_there_is_unavailable() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    drop(listener);
    assert!(matches!(connect(address, KeyId::new([1; 32])).await, Err(LinkError::Unavailable(_))));
    assert!(matches!(connect("no port".into(), KeyId::new([1; 32])).await, Err(LinkError::Unavailable(_))));
}
