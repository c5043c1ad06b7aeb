//! The directory: States, people, devices and team keys.

use std::collections::BTreeSet;

use bytes::Bytes;
use imbl::{OrdMap, OrdSet};
use serde::{Deserialize, Serialize};

use super::{Device, Person, PersonRecord, Replacement, StateKey, StateRecord};
use crate::act::{Author, FoundDirectory, NewTeamGeneration, Role, Standing, Team, TreeHead};
use crate::id::{ActId, DeviceId, Digest, InstrumentCode, KeyId, StateCode, UserId};
use crate::log::Tree;
use crate::name::{KeyAlgorithm, key_id};

/// The directory's state. Ask through [`Directory::at`].
#[derive(Debug, Clone, Deserialize, Serialize)]
pub struct Directory {
    /// Fingerprint of the root this directory belongs to.
    pub root: KeyId,
    /// The log so far.
    pub log: Tree,
    /// Time of the last entry.
    pub last_log_time_ms: u64,
    /// Acts by id.
    pub acts: OrdMap<ActId, u64>,
    /// What the root founded; none in an empty log.
    pub foundation: Option<FoundDirectory>,
    pub(crate) states: OrdMap<StateCode, StateRecord>,
    pub(crate) persons: OrdMap<UserId, PersonRecord>,
    /// Every device there ever was.
    pub(crate) devices: OrdMap<DeviceId, UserId>,
    /// Every TLS key that a device ever had.
    pub(crate) tls_keys: OrdMap<KeyId, UserId>,
    /// Every signing key of a device or of a recovery sheet that there ever was.
    pub(crate) signers: OrdSet<[u8; 32]>,
    /// Every X-Wing key that a person ever had: their own, their devices' and their recovery sheet's.
    pub(crate) kems: OrdMap<KeyId, UserId>,
    pub(crate) teams: OrdMap<Team, Vec<TeamGeneration>>,
}

/// One generation of a team's key.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct TeamGeneration {
    /// Index of the act that made it.
    pub since: u64,
    /// Number, from 0.
    pub number: u64,
    /// X-Wing key.
    pub kem: Bytes,
    /// Its id.
    pub kem_id: KeyId,
    /// Commitment to its seed.
    pub commitment: Digest,
    /// Whether the seed of the generation before is boxed under it.
    pub boxes: bool,
    /// Every key the seed was wrapped to, with the index of the act that did it, in log order.
    pub holders: Vec<(u64, KeyId)>,
}

impl TeamGeneration {
    pub(crate) fn new(since: u64, act: &NewTeamGeneration) -> Self {
        Self {
            since,
            number: act.generation,
            kem: act.kem.clone(),
            kem_id: key_id(KeyAlgorithm::XWing, &act.kem),
            commitment: act.commitment,
            boxes: act.previous_box.is_some(),
            holders: act.recipients.key_ids.iter().map(|key| (since, *key)).collect(),
        }
    }
}

impl Directory {
    /// An empty directory of the deployment of `root`.
    #[must_use]
    pub fn new(root: KeyId) -> Self {
        Self {
            root,
            log: Tree::default(),
            last_log_time_ms: 0,
            acts: OrdMap::new(),
            foundation: None,
            states: OrdMap::new(),
            persons: OrdMap::new(),
            devices: OrdMap::new(),
            tls_keys: OrdMap::new(),
            signers: OrdSet::new(),
            kems: OrdMap::new(),
            teams: OrdMap::new(),
        }
    }

    /// The directory as it stood at `size`, asked at the log time `time_ms`: who had an end before is gone.
    #[must_use]
    pub fn at(&self, size: u64, time_ms: u64) -> DirectoryAt<'_> {
        DirectoryAt { directory: self, size, time_ms }
    }

    /// The directory as it stands, asked at the log time `time_ms`.
    #[must_use]
    pub fn now(&self, time_ms: u64) -> DirectoryAt<'_> {
        self.at(self.log.size(), time_ms)
    }

    /// The directory at a basis, asked at the log time `time_ms`; none if it never had that head.
    #[must_use]
    pub fn at_head(&self, head: &TreeHead, time_ms: u64) -> Option<DirectoryAt<'_>> {
        self.log.went_through(head).then(|| self.at(head.size, time_ms))
    }

    /// The device in whose name an author speaks, also if it is shut out; none of the root.
    #[must_use]
    pub fn device_of(&self, author: &Author) -> Option<&Device> {
        let Author::Person { user, device } = author else { return None };
        self.persons.get(user)?.devices.iter().find(|one| one.id == *device)
    }

    /// Whether a device has, or had, this TLS key.
    #[must_use]
    pub fn ever_had_tls_key(&self, key: &KeyId) -> bool {
        self.tls_keys.contains_key(key)
    }

    /// Who has, or had, this X-Wing key, as their own, of a device or of a recovery sheet.
    #[must_use]
    pub fn owner_of(&self, kem: &KeyId) -> Option<&UserId> {
        self.kems.get(kem)
    }

    /// Every generation of a team's key, oldest first.
    pub fn all_generations(&self, team: &Team) -> impl Iterator<Item = &TeamGeneration> {
        self.teams.get(team).into_iter().flatten()
    }

    /// The TLS keys of the devices that the entry at `index` has shut out.
    pub fn revoked_at(&self, index: u64) -> impl Iterator<Item = KeyId> {
        let devices = self.persons.values().flat_map(move |person| {
            let gone = person.until == Some(index);
            person
                .devices
                .iter()
                .filter(move |device| device.until == Some(index) || (gone && device.until.is_none()))
        });
        devices.map(|device| device.tls_key)
    }

    /// Everyone who is or was there, by id.
    pub fn records(&self) -> impl Iterator<Item = &PersonRecord> {
        self.persons.values()
    }

    /// A person with all that was ever true of them, also if they have left.
    #[must_use]
    pub fn record(&self, user: &UserId) -> Option<&PersonRecord> {
        self.persons.get(user)
    }
}

/// The directory as it stood at some size, asked at some log time.
#[derive(Debug, Clone, Copy)]
pub struct DirectoryAt<'a> {
    directory: &'a Directory,
    size: u64,
    time_ms: u64,
}

impl<'a> DirectoryAt<'a> {
    /// Fingerprint of the root.
    #[must_use]
    pub fn root(&self) -> KeyId {
        self.directory.root
    }

    /// A person who is there.
    #[must_use]
    pub fn person(&self, user: &UserId) -> Option<Person<'a>> {
        self.directory.persons.get(user).and_then(|record| record.at(self.size, self.time_ms))
    }

    /// The person whose device it is, if both are there.
    #[must_use]
    pub fn by_device(&self, device: &DeviceId) -> Option<Person<'a>> {
        let person = self.person(self.directory.devices.get(device)?)?;
        person.device(device).map(|_| person)
    }

    /// The person and the device that has this TLS key, if both are there.
    #[must_use]
    pub fn by_tls_key(&self, key: &KeyId) -> Option<(Person<'a>, &'a Device)> {
        let person = self.person(self.directory.tls_keys.get(key)?)?;
        let device = person.devices().find(|device| device.tls_key == *key)?;
        Some((person, device))
    }

    /// The person whose own key, fit to be wrapped to, this is.
    #[must_use]
    pub fn by_kem(&self, key: &KeyId) -> Option<Person<'a>> {
        let person = self.person(self.directory.kems.get(key)?)?;
        (person.kem_id() == Some(*key)).then_some(person)
    }

    /// Everyone who is there, by id.
    pub fn persons(&self) -> impl Iterator<Item = Person<'a>> + use<'a> {
        let (size, time_ms) = (self.size, self.time_ms);
        self.directory.persons.values().filter_map(move |record| record.at(size, time_ms))
    }

    /// A State of the roster.
    #[must_use]
    pub fn state(&self, state: &StateCode) -> Option<&'a StateRecord> {
        self.directory.states.get(state).filter(|record| record.since < self.size)
    }

    /// Every State of the roster, by code.
    pub fn states(&self) -> impl Iterator<Item = (StateCode, &'a StateRecord)> + use<'a> {
        let size = self.size;
        let all = self.directory.states.iter().map(|(state, record)| (*state, record));
        all.filter(move |(_, record)| record.since < size)
    }

    /// Whether the State is party to the instrument.
    #[must_use]
    pub fn is_party(&self, state: &StateCode, instrument: &InstrumentCode) -> bool {
        self.standings(state)
            .iter()
            .any(|(code, standing)| code == instrument && *standing == Standing::Party)
    }

    /// Whether the State is party to any instrument: such States are "all parties" (¶40).
    #[must_use]
    pub fn is_party_to_any(&self, state: &StateCode) -> bool {
        self.standings(state).iter().any(|(_, standing)| *standing == Standing::Party)
    }

    /// The State's standing by instrument; none if it is not in the roster.
    #[must_use]
    pub fn standings(&self, state: &StateCode) -> &'a [(InstrumentCode, Standing)] {
        self.state(state).map_or(&[], |record| record.standings_at(self.size))
    }

    /// The newest generation of the State's key.
    #[must_use]
    pub fn state_key(&self, state: &StateCode) -> Option<&'a StateKey> {
        self.state(state)?.key_at(self.size)
    }

    /// Whether everyone who was handed the State's key is still a focal point of it, under the key that it was
    /// handed to. If not, the State owes a new one.
    #[must_use]
    pub fn state_key_is_current(&self, state: &StateCode) -> bool {
        let holds = |key: &KeyId| {
            self.by_kem(key).is_some_and(|p| p.state == Some(*state) && p.role == Role::FocalPoint)
        };
        self.state_key(state).is_some_and(|current| {
            let mut handed = current.holders.iter().take_while(|(since, _)| *since < self.size);
            handed.all(|(_, key)| holds(key))
        })
    }

    /// Whether the person was handed the State's newest key.
    #[must_use]
    pub fn holds_state_key(&self, person: &Person<'_>) -> bool {
        let newest = person.state.and_then(|state| self.state_key(&state));
        let handed = newest.map_or(&[][..], |newest| &newest.holders);
        let key = person.kem_id();
        handed.iter().take_while(|(since, _)| *since < self.size).any(|(_, holder)| Some(*holder) == key)
    }

    /// The keys to which a new State key goes, ascending: those of the State's focal points.
    #[must_use]
    pub fn state_key_recipients(&self, state: StateCode) -> Vec<KeyId> {
        let mut keys: Vec<KeyId> = self.focal_points(state).filter_map(|person| person.kem_id()).collect();
        keys.sort_unstable();
        keys
    }

    /// The replacement of the State's focal points and key that was announced and is not done.
    #[must_use]
    pub fn replacement(&self, state: &StateCode) -> Option<&'a Replacement> {
        self.state(state)?.replacement_at(self.size)
    }

    /// The team's current generation.
    #[must_use]
    pub fn team(&self, team: &Team) -> Option<&'a TeamGeneration> {
        let generations = self.directory.teams.get(team)?;
        generations.iter().rev().find(|generation| generation.since < self.size)
    }

    /// The current generation, of whichever team, that has this key.
    #[must_use]
    pub fn team_by_kem(&self, key: &KeyId) -> Option<&'a TeamGeneration> {
        self.directory.teams.keys().filter_map(|team| self.team(team)).find(|current| current.kem_id == *key)
    }

    /// The team's generations, oldest first.
    pub fn generations(&self, team: &Team) -> impl Iterator<Item = &'a TeamGeneration> + use<'a> {
        let size = self.size;
        let generations = self.directory.teams.get(team).into_iter().flatten();
        generations.filter(move |generation| generation.since < size)
    }

    /// Whether everyone who was given the key of this State's or secretariat team is still of the team. If
    /// not, the team owes a new generation. The key of all parties may lag: it has terms of its own.
    #[must_use]
    pub fn team_is_current(&self, team: &Team) -> bool {
        let belongs = |key: &KeyId| {
            self.by_kem(key).is_some_and(|person| match team {
                Team::State(state) => person.state == Some(*state),
                Team::Secretariat(id) => person.secretariat_team == Some(*id),
                Team::AllParties => false,
            })
        };
        self.team(team).is_some_and(|generation| {
            let mut given = generation.holders.iter().take_while(|(since, _)| *since < self.size);
            *team == Team::AllParties || given.all(|(_, key)| belongs(key))
        })
    }

    /// Whether nobody who manages the team opens its current key. Then the next generation is made without the
    /// box of this one, and what only this one opened is lost.
    #[must_use]
    pub fn team_is_lost(&self, team: &Team) -> bool {
        let manages = |person: &Person<'_>| match team {
            Team::State(state) => person.role == Role::FocalPoint && person.state == Some(*state),
            Team::Secretariat(id) => person.secretariat_team == Some(*id),
            Team::AllParties => false,
        };
        let opens = |key: &KeyId| match team {
            Team::AllParties => self.secretariat_opens(key),
            Team::State(_) | Team::Secretariat(_) => {
                let owner = self.directory.kems.get(key).and_then(|user| self.person(user));
                owner.is_some_and(|person| manages(&person) && person.opens(key))
            }
        };
        self.team(team).is_some_and(|current| {
            let mut given = current.holders.iter().take_while(|(since, _)| *since < self.size);
            !given.any(|(_, key)| opens(key))
        })
    }

    /// Whether the key of all parties was given to a State that is party to nothing any more, so that only the
    /// server keeps it from what is opened since.
    #[must_use]
    pub fn all_parties_have_lost_one(&self) -> bool {
        let belongs = |team: &Team| match team {
            Team::State(state) => self.is_party_to_any(state),
            Team::Secretariat(_) => true,
            Team::AllParties => false,
        };
        let teams = self.directory.teams.keys().filter(|team| belongs(team));
        let keys: BTreeSet<KeyId> =
            teams.flat_map(|team| self.generations(team)).map(|generation| generation.kem_id).collect();
        self.team(&Team::AllParties).is_some_and(|current| {
            let mut given = current.holders.iter().take_while(|(since, _)| *since < self.size);
            given.any(|(_, key)| !keys.contains(key))
        })
    }

    /// Whether this is the key of a secretariat team from which its officers have not been cut off since.
    #[must_use]
    pub fn secretariat_opens(&self, key: &KeyId) -> bool {
        let teams = self.directory.teams.keys().filter(|team| matches!(team, Team::Secretariat(_)));
        teams.filter(|team| !self.team_is_lost(team)).any(|team| {
            let mut from = self.generations(team).skip_while(|generation| generation.kem_id != *key);
            from.next().is_some() && from.all(|later| later.boxes)
        })
    }

    /// The keys to which a new generation of the team's key must go, ascending (people for a State's and a
    /// secretariat team; for all parties the teams of States that are party to an instrument, and the
    /// secretariat's).
    #[must_use]
    pub fn team_recipients(&self, team: &Team) -> Vec<KeyId> {
        let mut keys: Vec<KeyId> = match team {
            Team::State(state) => {
                self.persons().filter(|p| p.state == Some(*state)).filter_map(|p| p.kem_id()).collect()
            }
            Team::Secretariat(id) => self
                .persons()
                .filter(|p| p.secretariat_team == Some(*id))
                .filter_map(|p| p.kem_id())
                .collect(),
            Team::AllParties => self
                .directory
                .teams
                .keys()
                .filter(|team| match team {
                    Team::State(state) => self.is_party_to_any(state),
                    Team::Secretariat(_) => true,
                    Team::AllParties => false,
                })
                .filter_map(|team| self.team(team))
                .map(|generation| generation.kem_id)
                .collect(),
        };
        keys.sort_unstable();
        keys
    }

    /// The State's focal points.
    pub fn focal_points(&self, state: StateCode) -> impl Iterator<Item = Person<'a>> + use<'a> {
        self.persons().filter(move |person| person.role == Role::FocalPoint && person.state == Some(state))
    }
}
