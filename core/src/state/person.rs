//! People of the directory: their seats, keys and devices, each with the index of the act that made it.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::act::{AdmitPerson, PersonKeys, Role};
use crate::id::{DeviceId, Digest, InstrumentCode, KeyId, StateCode, TeamId, UserId};
use crate::name::{KeyAlgorithm, key_id};

/// A person with all that was ever true of them.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct PersonRecord {
    /// Index of the act that admitted the person.
    pub since: u64,
    /// Index of the act that removed the person.
    pub until: Option<u64>,
    /// Id.
    pub user: UserId,
    /// State; none for an officer.
    pub state: Option<StateCode>,
    /// Team of an officer.
    pub secretariat_team: Option<TeamId>,
    /// What the person was, oldest first.
    pub seats: Vec<Seat>,
    /// The person's keys, oldest generation first.
    pub keys: Vec<UserKey>,
    /// Devices in the order in which they were added.
    pub devices: Vec<Device>,
    /// Recovery keys, oldest first.
    pub recoveries: Vec<Recovery>,
    /// SHA-256 of the [`PersonKeys`] last certified: what the State's word for the person is over.
    pub certified: Digest,
}

/// What a person is.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct Seat {
    /// Index of the act that gave it.
    pub since: u64,
    /// Role.
    pub role: Role,
    /// Instruments of an expert or observer.
    pub instruments: Vec<InstrumentCode>,
    /// Log time, in milliseconds, from which the person is not there any more.
    pub expires_ms: Option<u64>,
}

/// One generation of a person's own key.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct UserKey {
    /// Index of the act that made it.
    pub since: u64,
    /// Number, from 0.
    pub generation: u64,
    /// X-Wing key.
    pub kem: Bytes,
    /// Its id.
    pub kem_id: KeyId,
    /// The keys that its seed was handed to, devices' and the recovery key's, each with the index of the act
    /// that did it.
    pub holders: Vec<(u64, KeyId)>,
}

/// A device.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct Device {
    /// Index of the act that added it.
    pub since: u64,
    /// Index of the act that revoked it.
    pub until: Option<u64>,
    /// Id.
    pub id: DeviceId,
    /// Ed25519 key.
    pub sign: [u8; 32],
    /// X-Wing key.
    pub kem: Bytes,
    /// Its id.
    pub kem_id: KeyId,
    /// Id of the TLS key.
    pub tls_key: KeyId,
}

/// A recovery key: what a sheet of paper holds.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct Recovery {
    /// Index of the act that set it.
    pub since: u64,
    /// Index of the act that replaced or voided it.
    pub until: Option<u64>,
    /// Ed25519 key, which may add a device.
    pub sign: [u8; 32],
    /// X-Wing key.
    pub kem: Bytes,
    /// Its id.
    pub kem_id: KeyId,
}

/// A person as the directory stood.
#[derive(Debug, Clone, Copy)]
pub struct Person<'a> {
    /// Id.
    pub user: UserId,
    /// Role.
    pub role: Role,
    /// State; none for an officer.
    pub state: Option<StateCode>,
    /// Instruments of an expert or observer.
    pub instruments: &'a [InstrumentCode],
    /// Team of an officer.
    pub secretariat_team: Option<TeamId>,
    /// Log time, in milliseconds, from which the person is not there any more.
    pub expires_ms: Option<u64>,
    record: &'a PersonRecord,
    size: u64,
}

impl PersonRecord {
    pub(crate) fn admitted(since: u64, act: &AdmitPerson) -> Self {
        let seat =
            Seat { since, role: act.role, instruments: act.instruments.clone(), expires_ms: act.expires_ms };
        let of = (act.state, act.secretariat_team);
        Self::new(since, of, seat, &act.keys, Digest::of(&act.keys_bytes))
    }

    /// The focal point whom the root seats after the delay of a replacement.
    pub(crate) fn successor(since: u64, state: StateCode, keys: &PersonKeys, certified: Digest) -> Self {
        let seat = Seat { since, role: Role::FocalPoint, instruments: Vec::new(), expires_ms: None };
        Self::new(since, (Some(state), None), seat, keys, certified)
    }

    fn new(
        since: u64,
        (state, secretariat_team): (Option<StateCode>, Option<TeamId>),
        seat: Seat,
        keys: &PersonKeys,
        certified: Digest,
    ) -> Self {
        let mut record = Self {
            since,
            until: None,
            user: keys.user,
            state,
            secretariat_team,
            seats: vec![seat],
            keys: Vec::new(),
            devices: Vec::new(),
            recoveries: Vec::new(),
            certified,
        };
        record.take_keys(since, keys);
        record
    }

    /// The first device and the next generation of the person's key, which that device alone holds.
    pub(crate) fn take_keys(&mut self, since: u64, keys: &PersonKeys) {
        let device = Device {
            since,
            until: None,
            id: keys.device,
            sign: keys.device_sign,
            kem: keys.device_kem.clone(),
            kem_id: key_id(KeyAlgorithm::XWing, &keys.device_kem),
            tls_key: keys.device_tls_key,
        };
        self.keys.push(UserKey {
            since,
            generation: self.keys.len() as u64,
            kem: keys.user_kem.clone(),
            kem_id: key_id(KeyAlgorithm::XWing, &keys.user_kem),
            holders: vec![(since, device.kem_id)],
        });
        self.devices.push(device);
    }

    /// Every device is refused, and the recovery key void, from `index` on.
    pub(crate) fn void_keys(&mut self, index: u64) {
        for device in &mut self.devices {
            device.until.get_or_insert(index);
        }
        self.void_recovery(index);
    }

    pub(crate) fn void_recovery(&mut self, index: u64) {
        for recovery in &mut self.recoveries {
            recovery.until.get_or_insert(index);
        }
    }

    /// The person at `size` and `time_ms`, if there then.
    pub(crate) fn at(&self, size: u64, time_ms: u64) -> Option<Person<'_>> {
        let seat = self.seats.iter().rev().find(|seat| seat.since < size)?;
        let there = since_until(self.since, self.until, size);
        let expired = seat.expires_ms.is_some_and(|end| end <= time_ms);
        (there && !expired).then_some(Person {
            user: self.user,
            role: seat.role,
            state: self.state,
            instruments: &seat.instruments,
            secretariat_team: self.secretariat_team,
            expires_ms: seat.expires_ms,
            record: self,
            size,
        })
    }
}

impl<'a> Person<'a> {
    /// All that was ever true of the person.
    #[must_use]
    pub const fn record(&self) -> &'a PersonRecord {
        self.record
    }

    /// Whether the person works on the instrument: a focal point on all of its State's, others as named.
    #[must_use]
    pub fn covers(&self, instrument: &InstrumentCode) -> bool {
        match self.role {
            Role::FocalPoint => true,
            Role::Expert | Role::Observer => self.instruments.contains(instrument),
            Role::Officer => false,
        }
    }

    /// The newest generation of the person's key.
    #[must_use]
    pub fn newest_key(&self) -> Option<&'a UserKey> {
        self.record.keys.iter().rev().find(|key| key.since < self.size)
    }

    /// The person's key, to which secrets are wrapped; none while a device that was revoked, or a recovery key
    /// that was replaced, still knows it.
    #[must_use]
    pub fn key(&self) -> Option<&'a UserKey> {
        self.newest_key().filter(|key| {
            key.holders.iter().take_while(|(since, _)| *since < self.size).all(|(_, key)| self.may_hold(key))
        })
    }

    /// Id of [`Person::key`].
    #[must_use]
    pub fn kem_id(&self) -> Option<KeyId> {
        self.key().map(|key| key.kem_id)
    }

    /// The person's devices.
    pub fn devices(&self) -> impl Iterator<Item = &'a Device> + use<'a> {
        let size = self.size;
        self.record.devices.iter().filter(move |device| since_until(device.since, device.until, size))
    }

    /// One of the person's devices.
    #[must_use]
    pub fn device(&self, id: &DeviceId) -> Option<&'a Device> {
        self.devices().find(|device| device.id == *id)
    }

    /// The recovery key in force.
    #[must_use]
    pub fn recovery(&self) -> Option<&'a Recovery> {
        let in_force = |recovery: &&Recovery| since_until(recovery.since, recovery.until, self.size);
        self.record.recoveries.iter().rev().find(in_force)
    }

    /// The keys to which a new generation of the person's key goes, ascending: devices' and the recovery key.
    #[must_use]
    pub fn own_recipients(&self) -> Vec<KeyId> {
        let recovery = self.recovery().map(|recovery| recovery.kem_id);
        let mut keys: Vec<KeyId> = self.devices().map(|device| device.kem_id).chain(recovery).collect();
        keys.sort_unstable();
        keys
    }

    /// Whether nothing that a rule asks of the person differs.
    #[must_use]
    pub fn is_as(&self, other: &Person<'_>) -> bool {
        let same_seat = (self.user, self.role, self.instruments, self.expires_ms)
            == (other.user, other.role, other.instruments, other.expires_ms);
        let devices = self.devices().map(|device| device.id);
        same_seat && self.kem_id() == other.kem_id() && devices.eq(other.devices().map(|device| device.id))
    }

    /// Whether the person opens what was wrapped to this key, theirs then: they lose what came before they were
    /// certified anew.
    #[must_use]
    pub fn opens(&self, key: &KeyId) -> bool {
        // Certified with a device: the first time, and whenever the person had lost everything.
        let certified = |key: &&UserKey| self.record.devices.iter().any(|device| device.since == key.since);
        let keys = || self.record.keys.iter().filter(|key| key.since < self.size);
        let since = keys().rev().find(certified).map_or(0, |key| key.since);
        keys().any(|own| own.kem_id == *key && own.since >= since)
    }

    fn may_hold(&self, key: &KeyId) -> bool {
        self.devices().any(|device| device.kem_id == *key)
            || self.recovery().is_some_and(|recovery| recovery.kem_id == *key)
    }
}

/// Whether what began and ended at these indexes is there at `size`.
pub(super) const fn since_until(since: u64, until: Option<u64>, size: u64) -> bool {
    since < size
        && match until {
            Some(until) => until >= size,
            None => true,
        }
}
