//! The directory: States, people, devices and team keys.

use bytes::Bytes;
use imbl::OrdMap;
use serde::{Deserialize, Serialize};

use crate::act::{NewTeamGeneration, Role, Standing, Team, TreeHead};
use crate::id::{ActId, DeviceId, Digest, InstrumentCode, KeyId, StateCode, TeamId, UserId};
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
    pub foundation: Option<Foundation>,
    pub(crate) states: OrdMap<StateCode, StateRecord>,
    pub(crate) persons: OrdMap<UserId, Person>,
    pub(crate) devices: OrdMap<DeviceId, UserId>,
    /// Every X-Wing key of a person, their own and their device's, also of those who have left.
    pub(crate) kems: OrdMap<KeyId, UserId>,
    pub(crate) teams: OrdMap<Team, Vec<TeamGeneration>>,
}

/// What the root founded.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct Foundation {
    /// The root's key.
    pub root_key: [u8; 32],
    /// The mechanism file.
    pub mechanism: Digest,
    /// The key that signs checkpoints.
    pub log_key: [u8; 32],
    /// The server's TLS key.
    pub server_tls_key: KeyId,
    /// The TLS key of the custodians' machine.
    pub custodian_tls_key: KeyId,
}

/// A State of the roster.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct StateRecord {
    /// Index of the act that admitted it.
    pub since: u64,
    /// Its standing by instrument.
    pub standings: Vec<(InstrumentCode, Standing)>,
    /// Its keys, oldest first, each with the index of its certification.
    pub keys: Vec<(u64, [u8; 32])>,
}

/// A person of the directory.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct Person {
    /// Index of the act that admitted the person.
    pub since: u64,
    /// Index of the act that removed the person.
    pub until: Option<u64>,
    /// Id.
    pub user: UserId,
    /// Role.
    pub role: Role,
    /// State; none for an officer.
    pub state: Option<StateCode>,
    /// Instruments of an expert or observer.
    pub instruments: Vec<InstrumentCode>,
    /// Team of an officer.
    pub secretariat_team: Option<TeamId>,
    /// The person's X-Wing key.
    pub kem: Bytes,
    /// Its id.
    pub kem_id: KeyId,
    /// The person's device.
    pub device: Device,
}

/// A device.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct Device {
    /// Id.
    pub id: DeviceId,
    /// Ed25519 key.
    pub sign: [u8; 32],
    /// X-Wing key.
    pub kem: Bytes,
    /// Id of the TLS key.
    pub tls_key: KeyId,
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
            holders: act.recipients.key_ids.iter().map(|key| (since, *key)).collect(),
        }
    }
}

impl Person {
    /// Whether the person works on the instrument: a focal point on all of its State's, others as named.
    #[must_use]
    pub fn covers(&self, instrument: &InstrumentCode) -> bool {
        match self.role {
            Role::FocalPoint => true,
            Role::Expert | Role::Observer => self.instruments.contains(instrument),
            Role::Officer => false,
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
            kems: OrdMap::new(),
            teams: OrdMap::new(),
        }
    }

    /// The directory as it stood at `size`.
    #[must_use]
    pub fn at(&self, size: u64) -> DirectoryAt<'_> {
        DirectoryAt { directory: self, size }
    }

    /// The directory as it stands.
    #[must_use]
    pub fn now(&self) -> DirectoryAt<'_> {
        self.at(self.log.size())
    }

    /// The directory at a basis; none if it never had that head.
    #[must_use]
    pub fn at_head(&self, head: &TreeHead) -> Option<DirectoryAt<'_>> {
        self.log.went_through(head).then(|| self.at(head.size))
    }
}

/// The directory as it stood at some size.
#[derive(Debug, Clone, Copy)]
pub struct DirectoryAt<'a> {
    directory: &'a Directory,
    size: u64,
}

impl<'a> DirectoryAt<'a> {
    /// Fingerprint of the root.
    #[must_use]
    pub fn root(&self) -> KeyId {
        self.directory.root
    }

    /// A person who is there.
    #[must_use]
    pub fn person(&self, user: &UserId) -> Option<&'a Person> {
        self.directory.persons.get(user).filter(|person| self.is_there(person))
    }

    /// The person whose device it is, if both are there.
    #[must_use]
    pub fn by_device(&self, device: &DeviceId) -> Option<&'a Person> {
        self.directory.devices.get(device).and_then(|user| self.person(user))
    }

    /// The person whose device has this TLS key. Linear: callers keep the answer with the connection.
    #[must_use]
    pub fn by_tls_key(&self, key: &KeyId) -> Option<&'a Person> {
        self.persons().find(|person| person.device.tls_key == *key)
    }

    /// The person whose own key this is.
    #[must_use]
    pub fn by_kem(&self, key: &KeyId) -> Option<&'a Person> {
        let user = self.directory.kems.get(key)?;
        self.person(user).filter(|person| person.kem_id == *key)
    }

    /// Everyone who is there, by id.
    pub fn persons(&self) -> impl Iterator<Item = &'a Person> + use<'a> {
        let at = *self;
        self.directory.persons.values().filter(move |person| at.is_there(person))
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
        self.state(state).is_some_and(|record| {
            record.standings.iter().any(|(code, standing)| code == instrument && *standing == Standing::Party)
        })
    }

    /// Whether the State is party to any instrument: such States are "all parties" (¶40).
    #[must_use]
    pub fn is_party_to_any(&self, state: &StateCode) -> bool {
        self.state(state)
            .is_some_and(|record| record.standings.iter().any(|(_, standing)| *standing == Standing::Party))
    }

    /// The State's current key.
    #[must_use]
    pub fn state_key(&self, state: &StateCode) -> Option<&'a [u8; 32]> {
        let keys = &self.state(state)?.keys;
        keys.iter().rev().find(|(since, _)| *since < self.size).map(|(_, key)| key)
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

    /// The keys to which a new generation of the team's key must go, ascending (people for a State's and a
    /// secretariat team; for all parties the teams of States that are party to an instrument, and the
    /// secretariat's).
    #[must_use]
    pub fn team_recipients(&self, team: &Team) -> Vec<KeyId> {
        let mut keys: Vec<KeyId> = match team {
            Team::State(state) => {
                self.persons().filter(|p| p.state == Some(*state)).map(|p| p.kem_id).collect()
            }
            Team::Secretariat(id) => {
                self.persons().filter(|p| p.secretariat_team == Some(*id)).map(|p| p.kem_id).collect()
            }
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
    pub fn focal_points(&self, state: StateCode) -> impl Iterator<Item = &'a Person> + use<'a> {
        self.persons().filter(move |person| person.role == Role::FocalPoint && person.state == Some(state))
    }

    fn is_there(&self, person: &Person) -> bool {
        person.since < self.size && person.until.is_none_or(|until| until >= self.size)
    }
}
