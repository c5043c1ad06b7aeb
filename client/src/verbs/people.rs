//! Who is in the directory.

use chancery_core::act::{PersonCard, Role};
use chancery_core::error::Reason;
use chancery_core::id::{InstrumentCode, StateCode, TeamId, UserId};
use chancery_core::state::Person;

use super::cards;
use crate::sync::{Session, SessionError};

/// A person of the directory.
#[derive(Debug, Clone)]
pub struct Listed {
    /// The person.
    pub user: UserId,
    /// The role.
    pub role: Role,
    /// The State; none for an officer.
    pub state: Option<StateCode>,
    /// The instruments of an expert or observer.
    pub instruments: Vec<InstrumentCode>,
    /// The team of an officer.
    pub team: Option<TeamId>,
    /// From when on the person is not there any more, milliseconds of UTC.
    pub expires_ms: Option<u64>,
    /// When the person was admitted, milliseconds of UTC.
    pub since_ms: u64,
    /// Name and contact, where they are known here. The directory holds none.
    pub card: Option<PersonCard>,
    /// Whether it is oneself.
    pub own: bool,
}

/// Everyone who is in the directory: by State in the alphabet, officers last, focal points before others.
///
/// # Errors
/// [`SessionError`].
pub async fn people(session: &mut Session) -> Result<Vec<Listed>, SessionError> {
    session.sync_directory().await?;
    let own = session.home.person().ok().map(|person| person.identity.user);
    let now = session.now();
    let mut people = Vec::new();
    for person in now.persons() {
        people.push(listed(session, &person, own)?);
    }
    people.sort_by_key(|person| (person.state.is_none(), person.state, person.role, person.since_ms));
    Ok(people)
}

fn listed(session: &Session, person: &Person<'_>, own: Option<UserId>) -> Result<Listed, SessionError> {
    let entry =
        usize::try_from(person.record().since).ok().and_then(|at| session.directory().entries.get(at));
    Ok(Listed {
        user: person.user,
        role: person.role,
        state: person.state,
        instruments: person.instruments.to_vec(),
        team: person.secretariat_team,
        expires_ms: person.expires_ms,
        since_ms: entry.map_or(0, |entry| entry.log_time_ms),
        card: cards::of(session, person.user)?,
        own: own == Some(person.user),
    })
}

/// The person whose id begins with these hexadecimal digits, or whose name, as known here, is this.
///
/// # Errors
/// [`Reason::NoSuchSubject`]; [`SessionError::Ambiguous`] if more than one fits.
pub fn find(session: &mut Session, name: &str) -> Result<UserId, SessionError> {
    // Of those whom others have invited, the names stand in the channels.
    session.load_kept()?;
    let now = session.now();
    let digits = name.to_ascii_lowercase();
    let by_id = |user: &UserId| digits.len() >= 4 && user.to_string().starts_with(&digits);
    let mut found = Vec::new();
    for person in now.persons() {
        let named = || -> Result<bool, SessionError> {
            Ok(cards::of(session, person.user)?.is_some_and(|card| card.name == name))
        };
        if by_id(&person.user) || named()? {
            found.push(person.user);
        }
    }
    match found.as_slice() {
        [user] => Ok(*user),
        [] => Err(Reason::NoSuchSubject.into()),
        _ => Err(SessionError::Ambiguous { what: "person", name: name.to_owned() }),
    }
}
