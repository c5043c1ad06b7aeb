//! The custodians amend a State's standing towards the instruments.

use chancery_core::act::{AmendState, Standing, Statement};
use chancery_core::id::{InstrumentCode, StateCode};

use crate::sync::{Session, SessionError};

/// Gives a State this standing in place of the one before; none for a State that is party to nothing any more.
///
/// # Errors
/// [`SessionError::Refused`] by the policy.
pub async fn amend_state(
    session: &mut Session,
    state: StateCode,
    mut standings: Vec<(InstrumentCode, Standing)>,
) -> Result<(), SessionError> {
    session.home.root_key()?;
    session.sync_directory().await?;
    standings.sort();
    let statement = Statement::AmendState(AmendState { state, standings });
    session.state_in_directory(statement, Vec::new()).await?;
    Ok(())
}
