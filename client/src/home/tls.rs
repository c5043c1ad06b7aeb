//! The TLS key of a device, which the directory knows the device by.

use std::fmt;

use chancery_core::id::KeyId;
use chancery_core::name::{KeyAlgorithm, key_id};
use rcgen::{CertificateParams, KeyPair, PublicKeyData as _};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

use super::HomeError;

/// A P-256 key and a certificate that carries it. The certificate names nobody: the directory knows the key.
pub struct TlsIdentity {
    key: PrivatePkcs8KeyDer<'static>,
    certificate: CertificateDer<'static>,
    key_id: KeyId,
}

impl TlsIdentity {
    /// A new key.
    ///
    /// # Errors
    /// [`HomeError::Seal`] if the machine gives no random bytes.
    pub fn make() -> Result<Self, HomeError> {
        let pair = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).map_err(|_| bug())?;
        Self::from_pkcs8(&pair.serialize_der())
    }

    /// The identity of a stored key. The certificate is made anew: only its key counts.
    pub(super) fn from_pkcs8(der: &[u8]) -> Result<Self, HomeError> {
        let key = PrivatePkcs8KeyDer::from(der.to_vec());
        let pair =
            KeyPair::from_pkcs8_der_and_sign_algo(&key, &rcgen::PKCS_ECDSA_P256_SHA256).map_err(|_| bug())?;
        let certificate = CertificateParams::new(Vec::new())
            .and_then(|params| params.self_signed(&pair))
            .map_err(|_| bug())?;
        let key_id = key_id(KeyAlgorithm::TlsSpki, &pair.subject_public_key_info());
        Ok(Self { key, certificate: certificate.into(), key_id })
    }

    /// The id of the public key.
    #[must_use]
    pub const fn key_id(&self) -> KeyId {
        self.key_id
    }

    /// The certificate to present.
    #[must_use]
    pub(crate) fn certificate(&self) -> CertificateDer<'static> {
        self.certificate.clone()
    }

    /// The private key, for the handshake.
    #[must_use]
    pub(crate) fn key(&self) -> PrivateKeyDer<'static> {
        PrivateKeyDer::Pkcs8(self.key.clone_key())
    }

    pub(super) fn pkcs8(&self) -> &[u8] {
        self.key.secret_pkcs8_der()
    }
}

impl fmt::Debug for TlsIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TlsIdentity({})", self.key_id)
    }
}

/// The key was made here, so it can only be refused by our own mistake.
fn bug() -> HomeError {
    HomeError::Seal(chancery_seal::SealError::Bug("a TLS key of ours gives a certificate"))
}
