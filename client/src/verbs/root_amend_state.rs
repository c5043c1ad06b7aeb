//! The custodians amend a State's standing towards the instruments.

use chancery_core::act::{AmendState, Standing, Statement};
use chancery_core::id::{InstrumentCode, StateCode};

use super::root_state::{Stated, Way, state as state_as_root};
use crate::sync::{Session, SessionError};

/// Gives a State this standing in place of the one before; none for a State that is party to nothing any more.
///
/// # Errors
/// As [`state_as_root`].
pub async fn amend_state(
    session: &mut Session,
    state: StateCode,
    mut standings: Vec<(InstrumentCode, Standing)>,
    way: Way,
) -> Result<Stated<()>, SessionError> {
    session.home.root_key()?;
    session.sync_directory().await?;
    standings.sort();
    let statement = Statement::AmendState(AmendState { state, standings });
    state_as_root(session, vec![statement], way).await
}
