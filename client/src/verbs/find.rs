//! Finding channels, sections and acts by what people call them.

use std::fmt;
use std::str::FromStr;

use chancery_core::id::{ActId, ChannelId, InstrumentCode, SectionId, StateCode};
use chancery_core::state::Place;

use crate::sync::{Session, SessionError};

/// A review as people name it: by the State under review, or by the beginning of its id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReviewName {
    /// The State under review.
    State(StateCode),
    /// The beginning of the id, in hexadecimal.
    Id(String),
}

/// The beginning of a section's or an act's id, in hexadecimal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prefix(String);

/// The text is no name of this kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected {0}")]
pub struct NotAName(&'static str);

impl FromStr for ReviewName {
    type Err = NotAName;

    fn from_str(text: &str) -> Result<Self, NotAName> {
        if let Ok(state) = text.parse() {
            return Ok(Self::State(state));
        }
        let prefix = text.parse::<Prefix>().map_err(|_| {
            NotAName("a State's two capital letters, or at least four hexadecimal digits of a review's id")
        })?;
        Ok(Self::Id(prefix.0))
    }
}

impl FromStr for Prefix {
    type Err = NotAName;

    fn from_str(text: &str) -> Result<Self, NotAName> {
        let text = text.to_ascii_lowercase();
        let hex = (4..=32).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_hexdigit());
        hex.then_some(Self(text)).ok_or(NotAName("4 to 32 hexadecimal digits of an id"))
    }
}

impl fmt::Display for ReviewName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::State(state) => write!(f, "{state}"),
            Self::Id(id) => f.write_str(id),
        }
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What is looked for in a review.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// The review itself.
    Review,
    /// The strand of an instrument.
    Strand(InstrumentCode),
    /// The coordination of an instrument.
    Coordination(InstrumentCode),
    /// The own State's delegation.
    OwnDelegation,
}

/// The one channel of this description that the person reads. The session has read everything.
///
/// # Errors
/// [`SessionError::NotFound`], [`SessionError::Ambiguous`].
pub fn channel(
    session: &Session,
    review: Option<&ReviewName>,
    wanted: &Wanted,
) -> Result<ChannelId, SessionError> {
    let own_state = session.person()?.state;
    let fits = |place: &Place| match (wanted, place) {
        (Wanted::Review, Place::Review) => true,
        (Wanted::Strand(code), Place::Strand { instrument, .. })
        | (Wanted::Coordination(code), Place::Coordination { instrument, .. }) => code == instrument,
        (Wanted::OwnDelegation, Place::Delegation { state, .. }) => Some(*state) == own_state,
        _ => false,
    };
    let found = session
        .channels()
        .filter(|copy| fits(&copy.state.place))
        .filter(|copy| review.is_none_or(|name| is_of(session, copy.id(), name)))
        .map(crate::verify::ChannelCopy::id);
    let name = match review {
        Some(review) => format!("{wanted} in the review {review}"),
        None => wanted.to_string(),
    };
    one(found, "channel", &name)
}

/// A section of any channel that the person reads.
///
/// # Errors
/// [`SessionError::NotFound`], [`SessionError::Ambiguous`].
pub fn section(session: &Session, prefix: &Prefix) -> Result<(ChannelId, SectionId), SessionError> {
    let found = session.channels().flat_map(|copy| {
        let id = copy.id();
        copy.state.sections.keys().map(move |section| (id, *section))
    });
    one(found.filter(|(_, section)| section.to_string().starts_with(&prefix.0)), "section", &prefix.0)
}

/// An act of any channel that the person reads.
///
/// # Errors
/// [`SessionError::NotFound`], [`SessionError::Ambiguous`].
pub fn act(session: &Session, prefix: &Prefix) -> Result<(ChannelId, ActId), SessionError> {
    let found = session.channels().flat_map(|copy| {
        let id = copy.id();
        copy.state.acts.keys().map(move |act| (id, *act))
    });
    one(found.filter(|(_, act)| act.to_string().starts_with(&prefix.0)), "act", &prefix.0)
}

/// Whether a channel belongs to the review of this name.
#[must_use]
pub fn is_of(session: &Session, channel: ChannelId, name: &ReviewName) -> bool {
    let Some(copy) = session.channel(channel) else { return false };
    let review = copy.state.place.review().unwrap_or(channel);
    match name {
        ReviewName::Id(prefix) => review.to_string().starts_with(prefix),
        ReviewName::State(state) => session.roster(channel).is_some_and(|roster| roster.0.state == *state),
    }
}

fn one<T>(mut found: impl Iterator<Item = T>, what: &'static str, name: &str) -> Result<T, SessionError> {
    match (found.next(), found.next()) {
        (Some(one), None) => Ok(one),
        (None, _) => Err(SessionError::NotFound { what, name: name.to_owned() }),
        (Some(_), Some(_)) => Err(SessionError::Ambiguous { what, name: name.to_owned() }),
    }
}

impl fmt::Display for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Review => f.write_str("review"),
            Self::Strand(instrument) => write!(f, "strand on {instrument}"),
            Self::Coordination(instrument) => write!(f, "coordination on {instrument}"),
            Self::OwnDelegation => f.write_str("delegation"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_states_or_beginnings_of_ids() {
        let check =
            |text: &str, expected: Option<ReviewName>| assert_eq!(text.parse().ok(), expected, "{text}");
        check("CL", Some(ReviewName::State("CL".parse().unwrap())));
        check("00ff", Some(ReviewName::Id("00ff".into())));
        check("00FFab", Some(ReviewName::Id("00ffab".into())));
        for bad in ["", "C", "cl", "00f", "zzzz", &"0".repeat(33)] {
            check(bad, None);
        }
    }
}
