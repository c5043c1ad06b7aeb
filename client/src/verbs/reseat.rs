//! A focal point gives a person of the State another role, other instruments or another end.

use chancery_core::act::{Membership, Reseat, Role, StateStatement, Statement};
use chancery_core::error::Reason;
use chancery_core::id::{InstrumentCode, UserId};

use crate::sync::{Session, SessionError, with_current_state_key};

/// What a person is from here on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seat {
    /// The role.
    pub role: Role,
    /// The instruments of an expert or observer; none of a focal point.
    pub instruments: Vec<InstrumentCode>,
    /// From when on the person is not there any more, milliseconds of UTC.
    pub expires_ms: Option<u64>,
}

/// Gives the person another seat, with the State's word for it.
///
/// # Errors
/// [`SessionError::Refused`] by the policy.
pub async fn reseat(session: &mut Session, user: UserId, seat: &Seat) -> Result<(), SessionError> {
    with_current_state_key(session, async |session| {
        session.sync_directory().await?;
        let (state, _) = session.newest_state_key()?;
        let person = session.now().person(&user).ok_or(Reason::NoSuchSubject)?;
        let mut instruments = seat.instruments.clone();
        instruments.sort_unstable();
        instruments.dedup();
        let (role, expires_ms) = (seat.role, seat.expires_ms);
        let keys = person.record().certified;
        let word = Membership { state, role, instruments: instruments.clone(), keys, expires_ms };
        let membership = session.state_word(&StateStatement::Membership(word))?;
        let act = Reseat { user, role, instruments, expires_ms, membership };
        session.state_in_directory(Statement::Reseat(act), Vec::new()).await?;
        Ok(())
    })
    .await
}
