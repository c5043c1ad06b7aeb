//! The keys of a home, and how they are written inside the key store.

use chancery_core::act::Role;
use chancery_core::id::{DeviceId, KeyId, StateCode, UserId};
use chancery_seal::SealError;
use chancery_seal::secret::{KemSeed, SigningSeed, StoreKey};
use chancery_seal::sign::SigningKey;
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, Zeroizing};

use super::{HomeError, TlsIdentity};
use crate::identity::{Identity, KemSeeds};

/// What the key store holds.
#[derive(Debug)]
pub struct Keys {
    /// Fingerprint of the mechanism root: the deployment's name.
    pub root: KeyId,
    /// The server. The custodians learn it when they certify the deployment.
    pub server: Option<ServerAddress>,
    /// The TLS key of this device.
    pub tls: TlsIdentity,
    /// Whose home it is.
    pub holder: Holder,
}

/// Where the server is, and the key by which it is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerAddress {
    /// `HOST:PORT`.
    pub address: String,
    /// Id of its TLS key.
    pub tls_key: KeyId,
}

/// Whose home it is.
#[derive(Debug)]
pub enum Holder {
    /// The custodians of the root.
    Custodian {
        /// The mechanism root.
        root: SigningKey,
    },
    /// A person.
    Person(Box<Person>),
    /// The second custodian, who is never online: the TLS key of this home is nobody's.
    Second {
        /// Signs acts of the root beside it.
        key: SigningKey,
    },
}

/// A person's keys on this device.
#[derive(Debug)]
pub struct Person {
    /// The person and the device.
    pub identity: Identity,
    /// What the person was invited as; the directory has the last word.
    pub role: Role,
    /// The State; none for an officer.
    pub state: Option<StateCode>,
    /// The State's key; only of a focal point.
    pub state_key: Option<SigningKey>,
}

/// The plaintext of the key store, for these keys.
pub(super) fn encode(keys: &Keys, store_key: &StoreKey) -> Result<Zeroizing<Vec<u8>>, HomeError> {
    let stored = Stored {
        root: keys.root,
        server: keys.server.clone(),
        tls: keys.tls.pkcs8().to_vec(),
        store_key: *store_key.as_bytes(),
        holder: match &keys.holder {
            Holder::Custodian { root } => StoredHolder::Custodian { root: *root.seed().as_bytes() },
            Holder::Person(person) => StoredHolder::Person(StoredPerson::of(person)),
            Holder::Second { key } => StoredHolder::Second { key: *key.seed().as_bytes() },
        },
    };
    // Large enough that the buffer never moves and leaves a copy behind.
    let mut out = Zeroizing::new(Vec::with_capacity(STORED_BYTES_USUAL));
    out.push(VERSION);
    let written = postcard::to_extend(&stored, std::mem::take(&mut *out));
    *out = written.map_err(|_| HomeError::Seal(SealError::Bug("keys can be encoded")))?;
    Ok(out)
}

/// The keys in the plaintext of a key store.
pub(super) fn decode(plaintext: &[u8]) -> Result<(Keys, StoreKey), HomeError> {
    let malformed = || HomeError::Seal(SealError::Format { what: "the content of a key store" });
    let (version, rest) = plaintext.split_first().ok_or_else(malformed)?;
    if *version != VERSION {
        return Err(HomeError::Newer);
    }
    let (mut stored, []): (Stored, _) = postcard::take_from_bytes(rest).map_err(|_| malformed())? else {
        return Err(malformed());
    };
    let tls = TlsIdentity::from_pkcs8(&stored.tls)?;
    let holder = match &stored.holder {
        StoredHolder::Custodian { root } => Holder::Custodian { root: signing_key(root)? },
        StoredHolder::Person(person) => Holder::Person(Box::new(person.restore(tls.key_id())?)),
        StoredHolder::Second { key } => Holder::Second { key: signing_key(key)? },
    };
    let keys = Keys { root: stored.root, server: stored.server.take(), tls, holder };
    Ok((keys, StoreKey::from_bytes(stored.store_key)))
}

fn signing_key(seed: &[u8; 32]) -> Result<SigningKey, SealError> {
    SigningKey::from_seed(SigningSeed::from_bytes(*seed))
}

/// The version of the plaintext, its first byte.
const VERSION: u8 = 1;
const STORED_BYTES_USUAL: usize = 4_096;

/// As written. Fields may only be added with a new [`VERSION`].
#[derive(Serialize, Deserialize)]
struct Stored {
    root: KeyId,
    server: Option<ServerAddress>,
    tls: Vec<u8>,
    store_key: [u8; 32],
    holder: StoredHolder,
}

#[derive(Serialize, Deserialize)]
enum StoredHolder {
    Custodian { root: [u8; 32] },
    Person(StoredPerson),
    Second { key: [u8; 32] },
}

#[derive(Serialize, Deserialize)]
struct StoredPerson {
    user: UserId,
    device: DeviceId,
    sign: [u8; 32],
    user_kem: [u8; 32],
    device_kem: [u8; 32],
    role: Role,
    state: Option<StateCode>,
    state_key: Option<[u8; 32]>,
}

impl StoredPerson {
    fn of(person: &Person) -> Self {
        let identity = &person.identity;
        Self {
            user: identity.user,
            device: identity.device,
            sign: *identity.sign.seed().as_bytes(),
            user_kem: *identity.seeds().user.as_bytes(),
            device_kem: *identity.seeds().device.as_bytes(),
            role: person.role,
            state: person.state,
            state_key: person.state_key.as_ref().map(|key| *key.seed().as_bytes()),
        }
    }

    fn restore(&self, tls_key: KeyId) -> Result<Person, SealError> {
        let seeds = KemSeeds {
            user: KemSeed::from_bytes(self.user_kem),
            device: KemSeed::from_bytes(self.device_kem),
        };
        let sign = signing_key(&self.sign)?;
        Ok(Person {
            identity: Identity::restore(self.user, self.device, sign, seeds, tls_key)?,
            role: self.role,
            state: self.state,
            state_key: self.state_key.as_ref().map(signing_key).transpose()?,
        })
    }
}

impl Drop for Stored {
    fn drop(&mut self) {
        self.tls.zeroize();
        self.store_key.zeroize();
        match &mut self.holder {
            StoredHolder::Custodian { root: key } | StoredHolder::Second { key } => key.zeroize(),
            // Wipes itself.
            StoredHolder::Person(_) => {}
        }
    }
}

impl Drop for StoredPerson {
    fn drop(&mut self) {
        for seed in [&mut self.sign, &mut self.user_kem, &mut self.device_kem] {
            seed.zeroize();
        }
        self.state_key.zeroize();
    }
}
