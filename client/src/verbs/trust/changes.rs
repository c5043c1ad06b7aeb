//! Changes of keys since the person was last told: a State's key, the devices of the people one works with. They
//! came by rule, or the directory would not have verified; so they are notices, each told once. A replacement by
//! the custodians is told until the person has looked at that State.

use std::collections::BTreeSet;

use chancery_core::id::{DeviceId, StateCode, UserId};
use serde::{Deserialize, Serialize};

use super::chain::{Fact, KeyWord, Step, since};
use crate::home::{Family, Home, HomeError};
use crate::sync::{Session, SessionError};

/// What the person was told of.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Told {
    /// So many entries of the directory.
    size: u64,
    /// Entries before that are told again until they are acknowledged.
    open: BTreeSet<u64>,
}

/// Whose changes are told.
#[derive(Debug, Clone, Default)]
pub struct Circle {
    /// The person's own device: what it did is no news.
    pub own_device: Option<DeviceId>,
    /// People of the own State, and those with whom one shares a channel.
    pub people: BTreeSet<UserId>,
}

/// What is acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Acknowledged {
    /// What was told once.
    Told,
    /// And what concerns this State.
    State(StateCode),
    /// Everything.
    All,
}

/// The changes that are to be told, in the order of the log.
#[must_use]
pub fn to_tell(told: &Told, steps: &[Step], circle: &Circle) -> Vec<Step> {
    let by_own = |step: &Step| step.by.is_some_and(|(_, device)| Some(device) == circle.own_device);
    let is_change = |step: &Step| match &step.fact {
        Fact::StateKey { generation, .. } => *generation > 0,
        Fact::ReplacementAnnounced(_) => true,
        Fact::DeviceAdded { user, .. }
        | Fact::DeviceRevoked { user, .. }
        | Fact::Recertified { user, .. } => circle.people.contains(user),
        _ => false,
    };
    let due = |step: &&Step| step.index >= told.size && !by_own(step) || told.open.contains(&step.index);
    steps.iter().filter(due).filter(|step| is_change(step)).cloned().collect()
}

impl Told {
    /// Marks all of a directory of `size` entries as told. `steps` are all of its steps.
    pub fn acknowledge(&mut self, size: u64, steps: &[Step], what: Acknowledged) {
        let new = steps.iter().filter(|step| step.index >= self.size && step.fact.stays());
        self.open.extend(new.map(|step| step.index));
        self.size = size;
        match what {
            Acknowledged::Told => {}
            Acknowledged::All => self.open.clear(),
            Acknowledged::State(state) => {
                let of_state = |index: &u64| {
                    steps.iter().any(|step| step.index == *index && step.fact.state() == Some(state))
                };
                self.open.retain(|index| !of_state(index));
            }
        }
    }

    /// What this home has told. Whoever begins is told nothing of what was before.
    fn load(home: &Home) -> Result<Option<Self>, HomeError> {
        let kept = home.get(Family::Told, RECORD)?;
        Ok(kept.and_then(|bytes| postcard::from_bytes(&bytes).ok()))
    }

    fn keep(&self, home: &Home) -> Result<(), HomeError> {
        let bytes = postcard::to_stdvec(self)
            .map_err(|_| HomeError::Seal(chancery_seal::SealError::Bug("what was told can be encoded")))?;
        home.put(Family::Told, RECORD, &bytes)
    }
}

impl Fact {
    /// Whether it is told until it is acknowledged.
    const fn stays(&self) -> bool {
        matches!(
            self,
            Self::StateKey { word: KeyWord::Custodians { .. }, .. } | Self::ReplacementAnnounced(_)
        )
    }
}

/// The changes of which the person was not told, and marks them as told. The session has read everything.
///
/// # Errors
/// [`SessionError`].
pub fn changes(session: &Session, what: Acknowledged) -> Result<Vec<Step>, SessionError> {
    let directory = session.directory();
    let size = directory.head().size;
    let Some(mut told) = Told::load(&session.home)? else {
        Told { size, open: BTreeSet::new() }.keep(&session.home)?;
        return Ok(Vec::new());
    };
    if told.size >= size && told.open.is_empty() {
        return Ok(Vec::new());
    }
    let steps = since(directory, 0)?;
    let due = to_tell(&told, &steps, &circle(session));
    let before = told.clone();
    told.acknowledge(size, &steps, what);
    if told != before {
        told.keep(&session.home)?;
    }
    Ok(due)
}

fn circle(session: &Session) -> Circle {
    let own = session.home.person().ok();
    let state = own.and_then(|person| person.state);
    let compatriots = session.now().persons().filter(|person| state.is_some() && person.state == state);
    let members = session.channels().flat_map(|copy| copy.state.members.iter().copied());
    Circle {
        own_device: own.map(|person| person.identity.device),
        people: compatriots.map(|person| person.user).chain(members).collect(),
    }
}

const RECORD: &[u8] = b"keys";
