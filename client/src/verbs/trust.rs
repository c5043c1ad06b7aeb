//! Why a person, an act or a State is to be believed: the chain from the root's fingerprint on.

pub mod chain;
pub mod changes;
pub mod standing;

#[cfg(test)]
mod tests;

use std::str::FromStr;

use chancery_core::id::{ActId, ChannelId, StateCode};

use self::chain::{Step, Subject};
use self::standing::Standing;
use super::cards;
use crate::sync::{Session, SessionError};

/// What is asked about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Name {
    /// A State, by its code.
    State(StateCode),
    /// A person, device or act, by the beginning of its id; or a person by name.
    Other(String),
}

impl FromStr for Name {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(text.parse().map_or_else(|_| Self::Other(text.to_owned()), Self::State))
    }
}

/// Why something is to be believed.
#[derive(Debug, Clone)]
pub struct Trust {
    /// Whom the steps lead to; none for an act of the root.
    pub subject: Option<Subject>,
    /// The steps, in the order of the log.
    pub steps: Vec<Step>,
    /// Of an act: how it stands at its place.
    pub act: Option<Standing>,
}

/// What a name means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Found {
    Subject(Subject),
    Act(ChannelId, ActId),
}

/// The chain of a State, a person (also one who has left), or an act of a log that the person reads.
///
/// # Errors
/// [`SessionError::NotFound`], [`SessionError::Ambiguous`].
pub async fn trust(session: &mut Session, name: &Name) -> Result<Trust, SessionError> {
    match session.home.person() {
        Ok(_) => session.sync_all().await?,
        // The custodians read the directory alone.
        Err(_) => session.sync_directory().await?,
    }
    let directory = session.directory();
    match find(session, name)? {
        Found::Subject(subject) => {
            Ok(Trust { subject: Some(subject), steps: chain::chain(directory, subject)?, act: None })
        }
        Found::Act(channel, act) => {
            let place = session.channel(channel);
            let entry = match place {
                Some(copy) => copy.state.acts.get(&act).and_then(|index| copy.entry(*index)),
                None => directory.state.acts.get(&act).and_then(|index| {
                    usize::try_from(*index).ok().and_then(|index| directory.entries.get(index))
                }),
            };
            let entry = entry.ok_or_else(|| not_found(&act.to_string()))?;
            let standing = standing::standing(directory, channel, entry)?;
            let subject = standing.author.map(|(user, _)| Subject::Person(user));
            let steps = subject.map(|subject| chain::chain(directory, subject)).transpose()?;
            Ok(Trust { subject, steps: steps.unwrap_or_default(), act: Some(standing) })
        }
    }
}

fn find(session: &Session, name: &Name) -> Result<Found, SessionError> {
    let directory = session.directory();
    let text = match name {
        Name::State(state) => {
            session.now().state(state).ok_or_else(|| not_found(&state.to_string()))?;
            return Ok(Found::Subject(Subject::State(*state)));
        }
        Name::Other(text) => text,
    };
    let digits = text.to_ascii_lowercase();
    let begins = |id: String| digits.len() >= 4 && id.starts_with(&digits);
    let mut found = Vec::new();
    for person in directory.state.records() {
        let named = cards::of(session, person.user)?.is_some_and(|card| card.name == *text);
        let device = person.devices.iter().any(|device| begins(device.id.to_string()));
        if named || device || begins(person.user.to_string()) {
            found.push(Found::Subject(Subject::Person(person.user)));
        }
    }
    let in_directory = directory.state.acts.keys().map(|act| (directory.id(), *act));
    let in_channels =
        session.channels().flat_map(|copy| copy.state.acts.keys().map(move |act| (copy.id(), *act)));
    let acts = in_directory.chain(in_channels).filter(|(_, act)| begins(act.to_string()));
    found.extend(acts.map(|(channel, act)| Found::Act(channel, act)));
    match found.as_slice() {
        [one] => Ok(*one),
        [] => Err(not_found(text)),
        _ => Err(SessionError::Ambiguous { what: "person, device or act", name: text.clone() }),
    }
}

fn not_found(name: &str) -> SessionError {
    SessionError::NotFound { what: "person, device, act or State", name: name.to_owned() }
}
