//! Who calls.

use chancery_core::act::{Role, Team};
use chancery_core::id::{DeviceId, KeyId, StateCode, TeamId, UserId};
use chancery_core::state::Directory;

/// Who calls, as the directory knows the holder of the TLS key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Caller {
    /// The custodians' machine: it carries the root's acts, and is no person.
    Custodian {
        /// Its TLS key.
        tls_key: KeyId,
    },
    /// A person of the directory, through the device that holds the key.
    Person(CallingPerson),
    /// Nobody of the directory: a newcomer, one who left, or a stranger.
    Stranger {
        /// The TLS key.
        tls_key: KeyId,
    },
}

/// A person of the directory who calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallingPerson {
    /// The person.
    pub user: UserId,
    /// The device.
    pub device: DeviceId,
    /// The device's TLS key.
    pub tls_key: KeyId,
    /// What the person is.
    pub role: Role,
    /// The State; none for an officer.
    pub state: Option<StateCode>,
    /// The team of an officer.
    pub secretariat_team: Option<TeamId>,
}

impl CallingPerson {
    /// The team whose key the person has a right to.
    #[must_use]
    pub fn team(&self) -> Option<Team> {
        self.state.map(Team::State).or(self.secretariat_team.map(Team::Secretariat))
    }
}

impl Caller {
    /// The holder of a key, at this time.
    #[must_use]
    pub fn of(directory: &Directory, tls_key: KeyId, now_ms: u64) -> Self {
        let foundation = directory.foundation.as_ref();
        if foundation.is_some_and(|foundation| foundation.custodian_tls_key == tls_key) {
            return Self::Custodian { tls_key };
        }
        match directory.now(now_ms).by_tls_key(&tls_key) {
            Some((person, device)) => Self::Person(CallingPerson {
                user: person.user,
                device: device.id,
                tls_key,
                role: person.role,
                state: person.state,
                secretariat_team: person.secretariat_team,
            }),
            None => Self::Stranger { tls_key },
        }
    }

    /// The caller's TLS key.
    #[must_use]
    pub const fn tls_key(&self) -> KeyId {
        match self {
            Self::Custodian { tls_key } | Self::Stranger { tls_key } => *tls_key,
            Self::Person(person) => person.tls_key,
        }
    }

    /// Whether the caller is an officer of the secretariat.
    #[must_use]
    pub const fn is_officer(&self) -> bool {
        matches!(self, Self::Person(CallingPerson { role: Role::Officer, .. }))
    }

    /// Whether the directory knows the caller.
    #[must_use]
    pub const fn is_enrolled(&self) -> bool {
        match self {
            Self::Custodian { .. } | Self::Person(_) => true,
            Self::Stranger { .. } => false,
        }
    }
}
