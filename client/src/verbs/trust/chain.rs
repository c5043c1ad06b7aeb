//! Why a State's key or a person's device is what it is: the entries of the directory that say so, one step
//! each. Every entry was verified when it was read; nothing is judged here again.

use chancery_core::act::{ActError, Author, Role, SignedStatement, Statement};
use chancery_core::id::{ActId, DeviceId, KeyId, StateCode, UserId};
use chancery_core::name::{KeyAlgorithm, key_id};

use crate::entry::Entry;
use crate::verify::DirectoryCopy;

/// What an entry of the directory made true of one State or person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The entry.
    pub index: u64,
    /// Its act.
    pub act: ActId,
    /// Its log time, milliseconds of UTC.
    pub log_time_ms: u64,
    /// Who said so; none if it is the root.
    pub by: Option<(UserId, DeviceId)>,
    /// What.
    pub fact: Fact,
}

/// Whose chain is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// A State.
    State(StateCode),
    /// A person, also one who has left.
    Person(UserId),
}

/// What an entry made true.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fact {
    /// The root founded the deployment.
    Founded(KeyId),
    /// The root entered a State into the roster.
    StateAdmitted(StateCode),
    /// A State got a key.
    StateKey {
        /// The State.
        state: StateCode,
        /// From 0.
        generation: u64,
        /// By whose word.
        word: KeyWord,
    },
    /// The custodians announced that a State's focal points and key will be replaced.
    ReplacementAnnounced(StateCode),
    /// The State objected to it.
    ReplacementObjected(StateCode),
    /// A person was admitted.
    Admitted {
        /// The person.
        user: UserId,
        /// As what.
        role: Role,
        /// Of this State; none for an officer.
        of: Option<StateCode>,
        /// By whose word.
        word: Word,
        /// With this device.
        device: DeviceId,
    },
    /// A person got another role, other instruments or another end.
    Reseated {
        /// The person.
        user: UserId,
        /// What the person is from there on.
        role: Role,
        /// By whose word.
        word: Word,
    },
    /// A person who had lost every key got others; all devices before are refused.
    Recertified {
        /// The person.
        user: UserId,
        /// By whose word.
        word: Word,
        /// The one device.
        device: DeviceId,
    },
    /// A person added a device.
    DeviceAdded {
        /// The person.
        user: UserId,
        /// The device.
        device: DeviceId,
        /// By the recovery sheet in place of another device.
        by_sheet: bool,
    },
    /// A device is refused.
    DeviceRevoked {
        /// The person.
        user: UserId,
        /// The device.
        device: DeviceId,
    },
    /// A person's next own key.
    UserKey {
        /// The person.
        user: UserId,
        /// From 0.
        generation: u64,
    },
    /// A person set a recovery sheet.
    RecoverySet(UserId),
    /// A person left the directory.
    Removed(UserId),
}

/// By whose word a key is a State's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyWord {
    /// The root's: the State's first.
    Root,
    /// That of the State's key before.
    KeyBefore,
    /// The custodians', after 72 hours: the key before said nothing.
    Custodians {
        /// The State had objected, and the second custodian signed too.
        objected: bool,
    },
}

/// By whose word a person is what they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Word {
    /// The root's.
    Root,
    /// The State's, by its key of this generation.
    State(StateCode, u64),
    /// The custodians', who replaced the State's focal points.
    Custodians(StateCode),
}

impl Step {
    /// Whether the step is about the State or person. The founding is about everyone.
    #[must_use]
    pub fn is_of(&self, subject: Subject) -> bool {
        match subject {
            Subject::State(state) => self.fact.state() == Some(state),
            Subject::Person(user) => self.fact.user() == Some(user),
        }
    }
}

impl Fact {
    /// The State that it is about.
    #[must_use]
    pub const fn state(&self) -> Option<StateCode> {
        match self {
            Self::StateAdmitted(state)
            | Self::StateKey { state, .. }
            | Self::ReplacementAnnounced(state)
            | Self::ReplacementObjected(state) => Some(*state),
            _ => None,
        }
    }

    /// The person whom it is about.
    #[must_use]
    pub const fn user(&self) -> Option<UserId> {
        match self {
            Self::Admitted { user, .. }
            | Self::Reseated { user, .. }
            | Self::Recertified { user, .. }
            | Self::DeviceAdded { user, .. }
            | Self::DeviceRevoked { user, .. }
            | Self::UserKey { user, .. }
            | Self::RecoverySet(user)
            | Self::Removed(user) => Some(*user),
            _ => None,
        }
    }

    /// The code in JSON.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Founded(_) => "founded",
            Self::StateAdmitted(_) => "state-admitted",
            Self::StateKey { .. } => "state-key",
            Self::ReplacementAnnounced(_) => "replacement-announced",
            Self::ReplacementObjected(_) => "replacement-objected",
            Self::Admitted { .. } => "admitted",
            Self::Reseated { .. } => "reseated",
            Self::Recertified { .. } => "recertified",
            Self::DeviceAdded { .. } => "device-added",
            Self::DeviceRevoked { .. } => "device-revoked",
            Self::UserKey { .. } => "user-key",
            Self::RecoverySet(_) => "recovery-set",
            Self::Removed(_) => "removed",
        }
    }
}

/// The chain of a State or person, from the root's founding on: a person's goes through their State.
///
/// # Errors
/// [`ActError`]; of a verified copy never.
pub fn chain(directory: &DirectoryCopy, subject: Subject) -> Result<Vec<Step>, ActError> {
    let through = match subject {
        Subject::State(_) => None,
        Subject::Person(user) => directory.state.record(&user).and_then(|record| record.state),
    };
    let mut steps = since(directory, 0)?;
    steps.retain(|step| {
        let carries = matches!(step.fact, Fact::StateAdmitted(_) | Fact::StateKey { .. });
        step.is_of(subject)
            || matches!(step.fact, Fact::Founded(_))
            || carries && through.is_some_and(|state| step.is_of(Subject::State(state)))
    });
    Ok(steps)
}

/// Everything from the entry `index` on.
///
/// # Errors
/// [`ActError`]; of a verified copy never.
pub fn since(directory: &DirectoryCopy, index: u64) -> Result<Vec<Step>, ActError> {
    let first = usize::try_from(index).unwrap_or(usize::MAX);
    let mut steps = Vec::new();
    for entry in directory.entries.iter().skip(first) {
        steps.extend(of_entry(directory, entry)?);
    }
    Ok(steps)
}

/// What one entry made true.
///
/// # Errors
/// [`ActError`]; of a verified copy never.
pub fn at(directory: &DirectoryCopy, index: u64) -> Result<Vec<Step>, ActError> {
    let entry = usize::try_from(index).ok().and_then(|index| directory.entries.get(index));
    entry.map_or_else(|| Ok(Vec::new()), |entry| of_entry(directory, entry))
}

fn of_entry(directory: &DirectoryCopy, entry: &Entry) -> Result<Vec<Step>, ActError> {
    let signed = entry.act()?;
    let act = signed.content();
    let by = match act.header.author {
        Author::Root => None,
        Author::Person { user, device } => Some((user, device)),
    };
    let facts = facts(directory, entry.index, by, &act.statement);
    let step =
        |fact| Step { index: entry.index, act: act.header.act_id, log_time_ms: entry.log_time_ms, by, fact };
    Ok(facts.into_iter().map(step).collect())
}

fn facts(
    directory: &DirectoryCopy,
    index: u64,
    by: Option<(UserId, DeviceId)>,
    statement: &Statement,
) -> Vec<Fact> {
    let word = |signed: Option<&SignedStatement>| word(directory, by, signed);
    let one = match statement {
        Statement::FoundDirectory(_) => Fact::Founded(directory.state.root),
        Statement::AdmitState(a) => Fact::StateAdmitted(a.state),
        Statement::CertifyStateKey(a) => {
            Fact::StateKey { state: a.state, generation: a.generation, word: KeyWord::Root }
        }
        Statement::ReplaceStateKey(a) => {
            Fact::StateKey { state: a.state, generation: a.generation, word: KeyWord::KeyBefore }
        }
        Statement::AnnounceReplacement(a) => Fact::ReplacementAnnounced(a.state),
        Statement::ObjectToReplacement(_) => {
            let state = by.and_then(|(user, _)| directory.state.record(&user)).and_then(|p| p.state);
            return state.map(Fact::ReplacementObjected).into_iter().collect();
        }
        Statement::CompleteReplacement(a) => return completed(directory, index, a.state, a.generation),
        Statement::AdmitPerson(a) => Fact::Admitted {
            user: a.keys.user,
            role: a.role,
            of: a.state,
            word: word(a.membership.as_ref()),
            device: a.keys.device,
        },
        Statement::Reseat(a) => {
            Fact::Reseated { user: a.user, role: a.role, word: word(Some(&a.membership)) }
        }
        Statement::Recertify(a) => {
            Fact::Recertified { user: a.keys.user, word: word(a.membership.as_ref()), device: a.keys.device }
        }
        Statement::AddDevice(a) => {
            let by_sheet = by.is_some_and(|(_, device)| device == a.keys.device);
            Fact::DeviceAdded { user: a.keys.user, device: a.keys.device, by_sheet }
        }
        Statement::RevokeDevice(a) => Fact::DeviceRevoked { user: a.user, device: a.device },
        Statement::RemovePerson(user) => Fact::Removed(*user),
        Statement::NewUserKey(a) => {
            let key = by.map(|(user, _)| Fact::UserKey { user, generation: a.generation });
            return key.into_iter().collect();
        }
        Statement::SetRecovery(_) => {
            return by.map(|(user, _)| Fact::RecoverySet(user)).into_iter().collect();
        }
        _ => return Vec::new(),
    };
    vec![one]
}

/// A replacement ends every focal point there was, seats another, and gives the State its next key.
fn completed(directory: &DirectoryCopy, index: u64, state: StateCode, generation: u64) -> Vec<Fact> {
    let replacements = directory.state.at(u64::MAX, 0).state(&state).map(|record| &record.replacements);
    let mut done = replacements.into_iter().flatten().filter(|one| one.closed == Some(index));
    let objected = done.any(|one| one.objected.is_some());
    let mut facts = vec![Fact::StateKey { state, generation, word: KeyWord::Custodians { objected } }];
    for person in directory.state.records().filter(|person| person.state == Some(state)) {
        if person.until == Some(index) {
            facts.push(Fact::Removed(person.user));
        } else if person.since == index
            && let Some(device) = person.devices.first()
        {
            let word = Word::Custodians(state);
            let (user, role, of, device) = (person.user, Role::FocalPoint, Some(state), device.id);
            facts.push(Fact::Admitted { user, role, of, word, device });
        }
    }
    facts
}

fn word(directory: &DirectoryCopy, by: Option<(UserId, DeviceId)>, signed: Option<&SignedStatement>) -> Word {
    let state = by.and_then(|(user, _)| directory.state.record(&user)?.state);
    let key =
        state.zip(signed).and_then(|(state, signed)| Some((state, generation(directory, state, signed)?)));
    key.map_or(Word::Root, |(state, generation)| Word::State(state, generation))
}

/// The generation of the State's key that signed the statement.
pub(super) fn generation(directory: &DirectoryCopy, state: StateCode, said: &SignedStatement) -> Option<u64> {
    let signer = said.signer();
    let record = directory.state.at(u64::MAX, 0).state(&state)?;
    record.keys.iter().find(|key| key_id(KeyAlgorithm::Ed25519, &key.key) == signer).map(|key| key.generation)
}
