//! A person leaves the directory, and what the person held is replaced: the team's key here, the channels'
//! secrets by [`super::upkeep`].

use chancery_core::act::Statement;
use chancery_core::id::UserId;

use super::teams::{self, TeamKept};
use crate::home::Holder;
use crate::sync::{Session, SessionError};

/// A person who was removed.
#[derive(Debug)]
pub struct Removed {
    /// The person.
    pub user: UserId,
    /// What was done so that the person opens nothing later.
    pub teams: Vec<TeamKept>,
}

/// Removes a person: a focal point one of the State's own people, the custodians anyone.
///
/// # Errors
/// [`SessionError::Refused`] by the policy.
pub async fn remove_person(session: &mut Session, user: UserId) -> Result<Removed, SessionError> {
    session.sync_directory().await?;
    session.state_in_directory(Statement::RemovePerson(user), Vec::new()).await?;
    let teams = match session.home.keys().holder {
        Holder::Custodian { .. } => Vec::new(),
        Holder::Person(_) => teams::keep_teams(session).await?,
    };
    Ok(Removed { user, teams })
}
