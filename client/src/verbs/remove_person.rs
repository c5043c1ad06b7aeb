//! A person leaves the directory, and what the person held is replaced: the team's key here, the channels'
//! secrets by [`super::upkeep`].

use chancery_core::act::Statement;
use chancery_core::id::UserId;

use super::root_state::{Stated, Way, state as state_as_root};
use super::teams::{self, TeamKept};
use crate::sync::{Session, SessionError};

/// A person who was removed.
#[derive(Debug)]
pub struct Removed {
    /// The person.
    pub user: UserId,
    /// What was done so that the person opens nothing later.
    pub teams: Vec<TeamKept>,
}

/// Removes a person of the focal point's own State.
///
/// # Errors
/// [`SessionError::Refused`] by the policy.
pub async fn remove_person(session: &mut Session, user: UserId) -> Result<Removed, SessionError> {
    session.sync_directory().await?;
    session.state_in_directory(Statement::RemovePerson(user), Vec::new()).await?;
    Ok(Removed { user, teams: teams::keep_teams(session).await? })
}

/// Removes anyone, as the root. Those who remain replace what the person held.
///
/// # Errors
/// As [`state_as_root`].
pub async fn remove_as_root(
    session: &mut Session,
    user: UserId,
    way: Way,
) -> Result<Stated<Removed>, SessionError> {
    let stated = state_as_root(session, vec![Statement::RemovePerson(user)], way).await?;
    Ok(stated.map(|()| Removed { user, teams: Vec::new() }))
}
