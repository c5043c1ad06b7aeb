//! A person's keys, as one device holds them.

use bytes::Bytes;
use chancery_core::act::{Author, DeviceKeys, PersonKeys};
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
    /// The person's own key that was made on this device. It is in the directory, and opens something, only if
    /// the device was the person's first.
    pub user_kem: KemKeyPair,
    /// What secrets are wrapped to, for this device.
    pub device_kem: KemKeyPair,
    /// Key id of the device's TLS key.
    pub tls_key: KeyId,
    seeds: KemSeeds,
}

/// The seeds of a person's key pairs: what the home stores of them.
#[derive(Debug)]
pub struct KemSeeds {
    /// Of the person's.
    pub user: KemSeed,
    /// Of this device's.
    pub device: KemSeed,
}

impl Identity {
    /// A new person on a new device, whose TLS key exists already.
    ///
    /// # Errors
    /// [`SealError`] if the machine gives no random bytes.
    pub fn make(tls_key: KeyId) -> Result<Self, SealError> {
        let seeds = KemSeeds { user: KemSeed::make()?, device: KemSeed::make()? };
        let (user, device) = (UserId::new(make_bytes()?), DeviceId::new(make_bytes()?));
        Self::restore(user, device, SigningKey::make()?, seeds, tls_key)
    }

    /// New keys on a new device, for a person who has a place in the directory already: a further device of
    /// theirs, or one certified anew. The person's own key that is made here counts in the second case alone.
    ///
    /// # Errors
    /// [`SealError`] if the machine gives no random bytes.
    pub fn make_for(user: UserId, tls_key: KeyId) -> Result<Self, SealError> {
        let seeds = KemSeeds { user: KemSeed::make()?, device: KemSeed::make()? };
        Self::restore(user, DeviceId::new(make_bytes()?), SigningKey::make()?, seeds, tls_key)
    }

    /// A person whose keys were stored.
    ///
    /// # Errors
    /// [`SealError`] if the seeds give no keys, which cannot be the caller's fault.
    pub fn restore(
        user: UserId,
        device: DeviceId,
        sign: SigningKey,
        seeds: KemSeeds,
        tls_key: KeyId,
    ) -> Result<Self, SealError> {
        let user_kem = KemKeyPair::from_seed(&seeds.user)?;
        let device_kem = KemKeyPair::from_seed(&seeds.device)?;
        Ok(Self { user, device, sign, user_kem, device_kem, tls_key, seeds })
    }

    /// The seeds of the key pairs, to be stored sealed.
    #[must_use]
    pub const fn seeds(&self) -> &KemSeeds {
        &self.seeds
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

    /// The public keys of this device alone, as the directory will hold them.
    #[must_use]
    pub fn device_keys(&self) -> DeviceKeys {
        DeviceKeys {
            user: self.user,
            device: self.device,
            sign: self.sign.public(),
            kem: Bytes::copy_from_slice(self.device_kem.public()),
            tls_key: self.tls_key,
        }
    }

    /// The device's proof that it holds the keys it asks to have certified: its signature over them.
    #[must_use]
    pub fn possession(&self, root: &KeyId) -> [u8; 64] {
        self.sign.sign(Namespace::Possession, root, &self.public_keys().encode())
    }
}
