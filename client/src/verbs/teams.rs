//! Keys of teams: made by those who manage a team, handed to those who join it, replaced when one leaves.
//! Doing it twice does nothing more.
//!
//! Opening them is the session's matter ([`crate::keyring::TeamRing`]).

use bytes::Bytes;
use chancery_core::act::{NewTeamGeneration, Role, ShareTeam, Statement, Team};
use chancery_core::error::Reason;
use chancery_core::id::{Digest, KeyId};
use chancery_core::limits::{ACTS_PER_APPEND_MAX, RECIPIENTS_MAX};
use chancery_core::state::TeamGeneration;
use chancery_seal::kem::KemKeyPair;
use chancery_seal::previous::box_previous;
use chancery_seal::secret::KemSeed;
use chancery_seal::wrap::commit;

use crate::compose::{Composed, RecipientKey, wrap_to};
use crate::keyring::team_info;
use crate::sync::{Prepared, Session, SessionError};

/// One thing that was done for a team.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TeamKept {
    /// The team got a new generation of its key.
    Made {
        /// The team.
        team: Team,
        /// The generation.
        generation: u64,
        /// To how many.
        recipients: usize,
        /// Whether the key does not open the one before, because nobody who could hand that on held it any more.
        lost: bool,
    },
    /// The current key was handed to those who joined.
    Shared {
        /// The team.
        team: Team,
        /// The generation.
        generation: u64,
        /// How many.
        recipients: usize,
    },
    /// Something is to be done with the key by another, who holds it.
    Awaited {
        /// The team.
        team: Team,
        /// The generation.
        generation: u64,
    },
}

/// Brings the keys of every team that the person manages into order: a focal point's State, an officer's
/// team and all parties. What only another can do, who holds the key, waits for that one.
///
/// # Errors
/// [`SessionError`]; what was done before it stays done.
pub async fn keep_teams(session: &mut Session) -> Result<Vec<TeamKept>, SessionError> {
    session.sync_directory().await?;
    let mut done = Vec::new();
    for team in managed(session)? {
        let mut left = RACES_MAX;
        while let Err(error) = keep_team(session, team, &mut done).await {
            if left == 0 || !lost_race(&error) {
                return Err(error);
            }
            // Another who manages it was faster; look again.
            session.sync_directory().await?;
            left -= 1;
        }
    }
    Ok(done)
}

/// The teams whose keys the person makes and hands on. All parties come last: their key goes to teams.
fn managed(session: &Session) -> Result<Vec<Team>, SessionError> {
    let me = session.person()?.identity.user;
    let Some(person) = session.now().person(&me) else { return Ok(Vec::new()) };
    Ok(match (person.role, person.state, person.secretariat_team) {
        (Role::FocalPoint, Some(state), _) => vec![Team::State(state)],
        (Role::Officer, _, Some(team)) => vec![Team::Secretariat(team), Team::AllParties],
        _ => Vec::new(),
    })
}

async fn keep_team(session: &mut Session, team: Team, done: &mut Vec<TeamKept>) -> Result<(), SessionError> {
    let now = session.now();
    let entitled = now.team_recipients(&team);
    if entitled.is_empty() {
        return Ok(());
    }
    let Some(current) = now.team(&team).cloned() else {
        return make(session, team, None, done).await;
    };
    if now.team_is_lost(&team) {
        return make(session, team, Some(&current), done).await;
    }
    let due = !now.team_is_current(&team) || is_due(session, team, &current, &entitled);
    let holds = |key: &KeyId| current.holders.iter().any(|(_, holder)| holder == key);
    let newcomers: Vec<KeyId> = entitled.into_iter().filter(|key| !holds(key)).collect();
    if !due && newcomers.is_empty() {
        return Ok(());
    }
    if session.teams().get(team, current.number).is_none() {
        done.push(TeamKept::Awaited { team, generation: current.number });
        return Ok(());
    }
    if due {
        return make(session, team, Some(&current), done).await;
    }
    share(session, team, &current, &newcomers, done).await
}

/// All parties' key is replaced when a State is party to nothing any more, and once a month if a team that it was
/// wrapped to has changed its own since.
fn is_due(session: &Session, team: Team, current: &TeamGeneration, entitled: &[KeyId]) -> bool {
    let made_at = usize::try_from(current.since).ok().and_then(|at| session.directory().entries.get(at));
    let made_ms = made_at.map_or(u64::MAX, |entry| entry.log_time_ms);
    let changed = current.holders.iter().any(|(_, key)| entitled.binary_search(key).is_err());
    let month_is_over = session.directory().state.last_log_time_ms.saturating_sub(made_ms) >= MONTH_MS;
    team == Team::AllParties && (changed && month_is_over || session.now().all_parties_have_lost_one())
}

/// A new generation of the team's key, to exactly those who are entitled to it.
async fn make(
    session: &mut Session,
    team: Team,
    current: Option<&TeamGeneration>,
    done: &mut Vec<TeamKept>,
) -> Result<(), SessionError> {
    let generation = current.map_or(0, |current| current.number + 1);
    let info = team_info(session.root(), team, generation);
    let seed = KemSeed::make()?;
    let pair = KemKeyPair::from_seed(&seed)?;
    let lost = session.now().team_is_lost(&team);
    let previous_box = match current {
        // Nobody who manages the team knows the previous key: what only that one opened is lost.
        None => None,
        Some(_) if lost => None,
        Some(current) => {
            // Without the previous key those who join later could not read the archive.
            let held = session.teams().get(team, current.number).ok_or(Reason::NotEntitled)?;
            Some(Bytes::from(box_previous(&info, seed.as_bytes(), held.seed.as_bytes())?))
        }
    };
    let recipients = recipient_keys(session, &session.now().team_recipients(&team))?;
    let count = recipients.len();
    let (recipients, wraps) = wrap_to(&info, seed.as_bytes(), recipients)?;
    let statement = Statement::NewTeamGeneration(NewTeamGeneration {
        team,
        generation,
        kem: Bytes::copy_from_slice(pair.public()),
        commitment: commit(&info, seed.as_bytes()),
        previous_box: previous_box.as_ref().map(|bytes| Digest::of(bytes)),
        recipients,
    });
    let directory = session.directory().id();
    let act = session.sign(directory, statement)?;
    session.append(directory, vec![Composed { act, body: None, wraps, previous_box }.into()]).await?;
    done.push(TeamKept::Made { team, generation, recipients: count, lost });
    Ok(())
}

/// Hands the current key to those who joined, one act each.
async fn share(
    session: &mut Session,
    team: Team,
    current: &TeamGeneration,
    newcomers: &[KeyId],
    done: &mut Vec<TeamKept>,
) -> Result<(), SessionError> {
    if newcomers.is_empty() {
        return Ok(());
    }
    let generation = current.number;
    let info = team_info(session.root(), team, generation);
    for some in newcomers.chunks(ACTS_PER_APPEND_MAX) {
        let mut acts: Vec<Prepared> = Vec::new();
        let directory = session.directory().id();
        for key in recipient_keys(session, some)? {
            let held = session.teams().get(team, generation).ok_or(Reason::NotEntitled)?;
            let (recipients, wraps) = wrap_to(&info, held.seed.as_bytes(), vec![key])?;
            let act =
                session.sign(directory, Statement::ShareTeam(ShareTeam { team, generation, recipients }))?;
            acts.push(Composed { act, body: None, wraps, previous_box: None }.into());
        }
        session.append(directory, acts).await?;
    }
    done.push(TeamKept::Shared { team, generation, recipients: newcomers.len() });
    Ok(())
}

/// The public keys of these ids: people's, or teams' for all parties.
fn recipient_keys(session: &Session, ids: &[KeyId]) -> Result<Vec<RecipientKey>, SessionError> {
    if ids.len() > RECIPIENTS_MAX {
        return Err(Reason::TooManyReaders.into());
    }
    let now = session.now();
    let public = |id: &KeyId| {
        let person = now.by_kem(id).and_then(|person| person.key()).map(|key| key.kem.clone());
        person.or_else(|| now.team_by_kem(id).map(|generation| generation.kem.clone()))
    };
    ids.iter()
        .map(|id| {
            let public = public(id).ok_or(SessionError::Bug("a recipient of the directory has a key"))?;
            Ok(RecipientKey { id: *id, public })
        })
        .collect()
}

fn lost_race(error: &SessionError) -> bool {
    matches!(error.reason(), Some(Reason::WrongGeneration | Reason::WrongRecipients | Reason::BadSeen))
}

const RACES_MAX: u32 = 3;
/// Thirty days.
const MONTH_MS: u64 = 30 * 24 * 60 * 60 * 1_000;
