//! A peer's certificate carries its public key and nothing else that counts.

use std::fmt;

use chancery_core::id::KeyId;
use chancery_core::name::{KeyAlgorithm, key_id};
use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms, verify_tls13_signature_with_raw_key};
use rustls::pki_types::{CertificateDer, SubjectPublicKeyInfoDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, PeerIncompatible, SignatureScheme,
};

/// Authenticates peers by possession of a key (RFC 8446 section 4.4.3).
///
/// The signature is checked under the very bytes of the key that the peer is then known by, so two parsers
/// of X.509 cannot disagree on which key it was.
pub(super) struct PeerVerifier {
    algorithms: WebPkiSupportedAlgorithms,
}

impl PeerVerifier {
    pub(super) fn new(provider: &CryptoProvider) -> Self {
        Self { algorithms: provider.signature_verification_algorithms }
    }
}

impl fmt::Debug for PeerVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PeerVerifier")
    }
}

impl ClientCertVerifier for PeerVerifier {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        // No chain and no dates: the directory says how long a key counts.
        if !intermediates.is_empty() || public_key(certificate).is_none() {
            return Err(CertificateError::BadEncoding.into());
        }
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _certificate: &CertificateDer<'_>,
        _signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(PeerIncompatible::Tls12NotOffered.into())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let key = public_key(certificate).ok_or(CertificateError::BadEncoding)?;
        if !SCHEMES.contains(&signed.scheme) {
            return Err(CertificateError::BadSignature.into());
        }
        verify_tls13_signature_with_raw_key(message, &key, signed, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        SCHEMES.to_vec()
    }
}

/// The id of the key in `certificate`, if it is one that the gate takes.
pub(super) fn key_of(certificate: &CertificateDer<'_>) -> Option<KeyId> {
    public_key(certificate).map(|key| key_id(KeyAlgorithm::TlsSpki, &key))
}

/// The `SubjectPublicKeyInfo` of a certificate that carries a P-256 key as an uncompressed point, or an
/// Ed25519 key. Each has one encoding only, so one key has one id.
fn public_key<'c>(certificate: &'c CertificateDer<'_>) -> Option<SubjectPublicKeyInfoDer<'c>> {
    if certificate.len() > CERTIFICATE_BYTES_MAX {
        return None;
    }
    let (rest, certificate) = x509_parser::parse_x509_certificate(certificate).ok()?;
    let key = certificate.tbs_certificate.subject_pki.raw;
    let known = (key.len() == P256_HEAD.len() + 64 && key.starts_with(&P256_HEAD))
        || (key.len() == ED25519_HEAD.len() + 32 && key.starts_with(&ED25519_HEAD));
    (rest.is_empty() && known).then(|| key.into())
}

/// A certificate that carries one small key has about 350 bytes.
const CERTIFICATE_BYTES_MAX: usize = 2_048;

const SCHEMES: [SignatureScheme; 2] = [SignatureScheme::ECDSA_NISTP256_SHA256, SignatureScheme::ED25519];

/// RFC 5480: id-ecPublicKey on prime256v1, a bit string with the mark of an uncompressed point.
const P256_HEAD: [u8; 27] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86,
    0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04,
];
/// RFC 8410: id-Ed25519 and a bit string.
const ED25519_HEAD: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
