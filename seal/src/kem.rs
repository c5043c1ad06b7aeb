//! Key pairs to which secrets are wrapped.

use chancery_core::id::KeyId;
use chancery_core::name::{self, KeyAlgorithm};

use crate::SealError;
use crate::hazmat::hpke;
use crate::secret::KemSeed;

/// Length of a public key in bytes.
pub const PUBLIC_BYTES: usize = hpke::PUBLIC_BYTES;

/// The key pair of a device, of a generation of a person, or of a generation of a team.
pub struct KemKeyPair {
    pub(crate) private: hpke::PrivateKey,
    public: Box<[u8; PUBLIC_BYTES]>,
    id: KeyId,
}

impl KemKeyPair {
    /// The key pair of this seed. The expansion costs about as much as one unwrapping, so keep the pair.
    pub fn from_seed(seed: &KemSeed) -> Result<Self, SealError> {
        let private = hpke::PrivateKey::from_seed(seed.as_bytes())?;
        let public = private.public();
        let id = key_id(&*public);
        Ok(Self { private, public, id })
    }

    /// The public key.
    #[must_use]
    pub const fn public(&self) -> &[u8; PUBLIC_BYTES] {
        &self.public
    }

    /// The name of the public key.
    #[must_use]
    pub const fn key_id(&self) -> KeyId {
        self.id
    }
}

impl std::fmt::Debug for KemKeyPair {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "KemKeyPair({})", self.id)
    }
}

/// The name of somebody's public key for wrapping.
#[must_use]
pub fn key_id(public: &[u8]) -> KeyId {
    name::key_id(KeyAlgorithm::XWing, public)
}
