//! The custodians enter a State into the roster.

use chancery_core::act::{AdmitState, RegionalGroup, Standing, Statement};
use chancery_core::id::{InstrumentCode, StateCode};

use super::root_state::{Stated, Way, state as state_as_root};
use crate::sync::{Session, SessionError};

/// Enters a State into the roster, with its standing towards each instrument.
///
/// # Errors
/// As [`state_as_root`].
pub async fn admit_state(
    session: &mut Session,
    state: StateCode,
    group: RegionalGroup,
    mut standings: Vec<(InstrumentCode, Standing)>,
    way: Way,
) -> Result<Stated<()>, SessionError> {
    session.home.root_key()?;
    session.sync_directory().await?;
    standings.sort();
    let statement = Statement::AdmitState(AdmitState { state, group, standings });
    state_as_root(session, vec![statement], way).await
}
