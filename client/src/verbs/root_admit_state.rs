//! The custodians enter a State into the roster.

use chancery_core::act::{AdmitState, RegionalGroup, Standing, Statement};
use chancery_core::id::{InstrumentCode, StateCode};

use crate::sync::{Session, SessionError};

/// Enters a State into the roster, with its standing towards each instrument.
///
/// # Errors
/// [`SessionError::Refused`] by the policy.
pub async fn admit_state(
    session: &mut Session,
    state: StateCode,
    group: RegionalGroup,
    mut standings: Vec<(InstrumentCode, Standing)>,
) -> Result<(), SessionError> {
    session.home.root_key()?;
    session.sync_directory().await?;
    standings.sort();
    let statement = Statement::AdmitState(AdmitState { state, group, standings });
    session.state_in_directory(statement, Vec::new()).await?;
    Ok(())
}
