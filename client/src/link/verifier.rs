//! The server is whoever holds the key that the invitation named. Its certificate's names, dates and issuer
//! count for nothing.

use std::fmt;

use chancery_core::id::KeyId;
use chancery_core::name::{KeyAlgorithm, key_id};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms, verify_tls13_signature_with_raw_key};
use rustls::pki_types::{CertificateDer, ServerName, SubjectPublicKeyInfoDer, UnixTime};
use rustls::{CertificateError, DigitallySignedStruct, Error, PeerIncompatible, SignatureScheme};

/// Knows one server by its key.
pub(super) struct PinnedServer {
    pinned: KeyId,
    algorithms: WebPkiSupportedAlgorithms,
}

impl PinnedServer {
    pub(super) fn new(pinned: KeyId, provider: &CryptoProvider) -> Self {
        Self { pinned, algorithms: provider.signature_verification_algorithms }
    }

    /// The very bytes of the key in `certificate`, if it is the pinned one. The handshake's signature is
    /// checked under these bytes, so there is no second reading of the certificate to disagree with.
    fn key<'c>(&self, certificate: &'c CertificateDer<'_>) -> Result<SubjectPublicKeyInfoDer<'c>, Error> {
        if certificate.len() > CERTIFICATE_BYTES_MAX {
            return Err(CertificateError::BadEncoding.into());
        }
        let (rest, parsed) =
            x509_parser::parse_x509_certificate(certificate).map_err(|_| CertificateError::BadEncoding)?;
        let key = parsed.tbs_certificate.subject_pki.raw;
        if !rest.is_empty() {
            return Err(CertificateError::BadEncoding.into());
        }
        if key_id(KeyAlgorithm::TlsSpki, key) != self.pinned {
            return Err(wrong_server());
        }
        Ok(key.into())
    }
}

impl ServerCertVerifier for PinnedServer {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        self.key(end_entity).map(|_| ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _certificate: &CertificateDer<'_>,
        _signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(PeerIncompatible::ServerDoesNotSupportTls12Or13.into())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let key = self.key(certificate)?;
        verify_tls13_signature_with_raw_key(message, &key, signed, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ECDSA_NISTP256_SHA256, SignatureScheme::ED25519]
    }
}

impl fmt::Debug for PinnedServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PinnedServer({})", self.pinned)
    }
}

/// The one meaning that this error has here: another key than the pinned one.
fn wrong_server() -> Error {
    CertificateError::ApplicationVerificationFailure.into()
}

/// Whether a handshake failed because another server answered.
pub(super) fn is_wrong_server(error: &Error) -> bool {
    *error == wrong_server()
}

/// A certificate that carries one small key has about 350 bytes.
const CERTIFICATE_BYTES_MAX: usize = 4_096;
