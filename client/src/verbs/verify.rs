//! Verifying everything again from the first entry.

use crate::sync::{Session, SessionError, VerifiedLog};
use crate::verbs::complain::{Alarm, alarms};

/// What was verified.
#[derive(Debug)]
pub struct Verified {
    /// Every log that the person reads, with its size and root.
    pub logs: Vec<VerifiedLog>,
    /// What does not open to its commitment, although its log is in order.
    pub alarms: Vec<Alarm>,
}

/// Reads every log from the first entry and verifies all of it, beside what is kept.
///
/// # Errors
/// [`SessionError::Verify`] at the first entry that is wrong.
pub async fn verify(session: &mut Session) -> Result<Verified, SessionError> {
    let logs = session.verify_again().await?;
    Ok(Verified { logs, alarms: alarms(session) })
}
