//! The safety number of a State, and comparing one that came in a note verbale.

use chancery_core::id::StateCode;
use chancery_core::safety_number::SafetyNumber;

use super::trust::chain::{Step, Subject};
use crate::sync::{Session, SessionError};

/// A State's safety number, with what it is over.
#[derive(Debug, Clone)]
pub struct StateNumber {
    /// The State.
    pub state: StateCode,
    /// The generation of its key.
    pub generation: u64,
    /// How the key became the State's.
    pub since: Step,
    /// The number.
    pub number: SafetyNumber,
}

/// What a comparison finds.
#[derive(Debug, Clone)]
pub struct Compared {
    /// The number by this directory.
    pub own: StateNumber,
    /// The first group, from 1, that differs; none if the numbers are the same.
    pub differs_at: Option<usize>,
    /// The generation before the current one whose number was given: an old note.
    pub earlier: Option<u64>,
}

/// The safety number of a State by the directory that the session has; without a State, of the person's own.
///
/// # Errors
/// [`SessionError::NotFound`] if there is no such State, or it has no key yet.
pub fn safety_number(session: &Session, state: Option<StateCode>) -> Result<StateNumber, SessionError> {
    let own = session.home.person().ok().and_then(|person| person.state);
    let state =
        state.or(own).ok_or(SessionError::NotFound { what: "State", name: "of your own".to_owned() })?;
    let not_found = || SessionError::NotFound { what: "State with a key", name: state.to_string() };
    let now = session.now();
    let key = now.state_key(&state).ok_or_else(not_found)?;
    let steps = super::trust::chain::at(session.directory(), key.since)?;
    let since = steps.into_iter().find(|step| step.is_of(Subject::State(state))).ok_or_else(not_found)?;
    let number = SafetyNumber::of(session.root(), state, key.generation, &key.key);
    Ok(StateNumber { state, generation: key.generation, since, number })
}

/// Compares a number with a State's.
///
/// # Errors
/// As [`safety_number`].
pub fn compare(session: &Session, state: StateCode, given: &SafetyNumber) -> Result<Compared, SessionError> {
    let own = safety_number(session, Some(state))?;
    let differs_at = own.number.first_difference(given);
    let now = session.now();
    let keys = now.state(&state).map_or(&[][..], |record| &record.keys);
    let mut before = keys.iter().filter(|key| key.generation < own.generation);
    let earlier = before
        .find(|key| SafetyNumber::of(session.root(), state, key.generation, &key.key) == *given)
        .map(|key| key.generation);
    Ok(Compared { own, differs_at, earlier })
}
