//! Who calls.

use std::sync::Arc;

use chancery_core::id::KeyId;
use chancery_core::state::Person;

use super::world::DirectoryNow;

/// Who calls, as the directory knows the holder of the TLS key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Caller {
    /// The custodians' machine: it carries the root's acts, and is no person.
    Custodian {
        /// Its TLS key.
        tls_key: KeyId,
    },
    /// A person of the directory, through the device that holds the key.
    Person(Arc<Person>),
    /// Nobody of the directory: a newcomer, one who left, or a stranger.
    Stranger {
        /// The TLS key.
        tls_key: KeyId,
    },
}

impl Caller {
    /// The holder of a key.
    #[must_use]
    pub fn of(directory: &DirectoryNow, tls_key: KeyId) -> Self {
        let foundation = directory.directory.foundation.as_ref();
        if foundation.is_some_and(|foundation| foundation.custodian_tls_key == tls_key) {
            return Self::Custodian { tls_key };
        }
        match directory.by_tls_key(&tls_key) {
            Some(person) => Self::Person(person.clone()),
            None => Self::Stranger { tls_key },
        }
    }

    /// The caller's TLS key.
    #[must_use]
    pub fn tls_key(&self) -> KeyId {
        match self {
            Self::Custodian { tls_key } | Self::Stranger { tls_key } => *tls_key,
            Self::Person(person) => person.device.tls_key,
        }
    }

    /// Whether the caller is an officer of the secretariat.
    #[must_use]
    pub fn is_officer(&self) -> bool {
        matches!(self, Self::Person(person) if person.role == chancery_core::act::Role::Officer)
    }

    /// Whether the directory knows the caller.
    #[must_use]
    pub fn is_enrolled(&self) -> bool {
        match self {
            Self::Custodian { .. } | Self::Person(_) => true,
            Self::Stranger { .. } => false,
        }
    }
}
