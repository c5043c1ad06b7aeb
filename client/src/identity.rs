//! A person's keys, as one device holds them.

use bytes::Bytes;
use chancery_core::act::{Author, PersonKeys};
use chancery_core::id::{DeviceId, KeyId, UserId};
use chancery_core::name::Namespace;
use chancery_seal::SealError;
use chancery_seal::kem::KemKeyPair;
use chancery_seal::random::make_bytes;
use chancery_seal::secret::KemSeed;
use chancery_seal::sign::SigningKey;

/// A person on one device.
#[derive(Debug)]
pub struct Identity {
    /// The person.
    pub user: UserId,
    /// The device.
    pub device: DeviceId,
    /// What the device signs with.
    pub sign: SigningKey,
    /// What secrets are wrapped to, for the person.
    pub user_kem: KemKeyPair,
    /// What secrets are wrapped to, for this device.
    pub device_kem: KemKeyPair,
    /// Key id of the device's TLS key.
    pub tls_key: KeyId,
}

impl Identity {
    /// A new person on a new device, whose TLS key exists already.
    ///
    /// # Errors
    /// [`SealError`] if the machine gives no random bytes.
    pub fn make(tls_key: KeyId) -> Result<Self, SealError> {
        Ok(Self {
            user: UserId::new(make_bytes()?),
            device: DeviceId::new(make_bytes()?),
            sign: SigningKey::make()?,
            user_kem: KemKeyPair::from_seed(&KemSeed::make()?)?,
            device_kem: KemKeyPair::from_seed(&KemSeed::make()?)?,
            tls_key,
        })
    }

    /// How this person speaks in acts.
    #[must_use]
    pub const fn author(&self) -> Author {
        Author::Person { user: self.user, device: self.device }
    }

    /// The public keys, as the directory will hold them.
    #[must_use]
    pub fn public_keys(&self) -> PersonKeys {
        PersonKeys {
            user: self.user,
            user_kem: Bytes::copy_from_slice(self.user_kem.public()),
            device: self.device,
            device_sign: self.sign.public(),
            device_kem: Bytes::copy_from_slice(self.device_kem.public()),
            device_tls_key: self.tls_key,
        }
    }

    /// The device's proof that it holds the keys it asks to have certified: its signature over them.
    #[must_use]
    pub fn possession(&self, root: &KeyId) -> [u8; 64] {
        self.sign.sign(Namespace::Possession, root, &self.public_keys().encode())
    }
}
