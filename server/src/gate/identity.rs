//! The server's own TLS key, which invitations name and clients pin.

use chancery_core::id::KeyId;
use chancery_core::name::{KeyAlgorithm, key_id};
use rcgen::{CertificateParams, KeyPair, PublicKeyData as _};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use zeroize::Zeroizing;

use super::GateError;

/// A P-256 key and a certificate that carries it. The certificate names nobody: clients know the key.
pub struct ServerIdentity {
    key: PrivatePkcs8KeyDer<'static>,
    certificate: CertificateDer<'static>,
    key_id: KeyId,
}

impl ServerIdentity {
    /// A new key in PKCS#8 (DER), for the operator's data folder.
    pub fn make_key() -> Result<Zeroizing<Vec<u8>>, GateError> {
        let pair = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).map_err(|_| GateError::Key)?;
        Ok(Zeroizing::new(pair.serialize_der()))
    }

    /// The identity of a stored key.
    pub fn from_pkcs8(der: &[u8]) -> Result<Self, GateError> {
        let key = PrivatePkcs8KeyDer::from(der.to_vec());
        let pair = KeyPair::from_pkcs8_der_and_sign_algo(&key, &rcgen::PKCS_ECDSA_P256_SHA256)
            .map_err(|_| GateError::Key)?;
        let certificate = CertificateParams::new(Vec::new())
            .and_then(|params| params.self_signed(&pair))
            .map_err(|_| GateError::Key)?;
        let key_id = key_id(KeyAlgorithm::TlsSpki, &pair.subject_public_key_info());
        Ok(Self { key, certificate: certificate.into(), key_id })
    }

    /// The id of the public key, as clients pin it.
    #[must_use]
    pub fn key_id(&self) -> KeyId {
        self.key_id
    }

    pub(super) fn certificate(&self) -> CertificateDer<'static> {
        self.certificate.clone()
    }

    pub(super) fn key(&self) -> PrivateKeyDer<'static> {
        PrivateKeyDer::Pkcs8(self.key.clone_key())
    }
}
