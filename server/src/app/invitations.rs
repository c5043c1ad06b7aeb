//! The inviter's side of enrolment: opening, listing and closing invitations, and rejecting answers.
//!
//! The custodians invite officers and focal points, a focal point the people of its State, everyone a further
//! device of their own. What an invitation is for stands in it, out of the server's sight; who may be admitted,
//! the policy says. Whether an answer is from whoever was given the invitation, only its inviter can tell, so
//! wrong answers are counted by its word.

use bytes::Bytes;
use chancery_core::act::Role;
use chancery_core::error::WireReason;
use chancery_core::id::KeyId;
use chancery_core::limits::{
    INVITATION_ATTEMPTS_MAX, INVITATION_MS, OPEN_DEVICE_INVITATIONS_MAX, OPEN_INVITATIONS_MAX,
};

use super::audit::Invited;
use super::{App, AppError, Caller, CallingPerson, audit};
use crate::store::invitations::{self, InvitationRow, State};

/// An invitation's lookup value.
pub type Lookup = [u8; 32];

/// How an invitation stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EnrolmentState {
    /// Waiting for the newcomer.
    Invited,
    /// Waiting for the inviter.
    Redeemed,
    /// The newcomer is in the directory.
    Admitted,
    /// Used or refused.
    Void,
    /// Nobody has answered in time. Only who knows the lookup value, and so has the invitation, is told.
    Expired,
}

/// An invitation as its inviter sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invitation {
    /// Its lookup value.
    pub lookup: Lookup,
    /// How it stands.
    pub state: EnrolmentState,
    /// The end of its life.
    pub expires_ms: u64,
    /// What the newcomer handed in, and its MAC.
    pub handed_in: Option<(Bytes, Bytes)>,
    /// Answers rejected so far.
    pub rejected: u32,
}

impl App {
    /// Opens an invitation under a lookup value, and returns the end of its life. The same again is no error.
    pub async fn create_invitation(&self, caller: &Caller, lookup: &Lookup) -> Result<u64, AppError> {
        let (inviter, open_max) = (inviter(caller)?, open_max(caller));
        let now_ms = self.now_ms();
        let expires_ms = now_ms + INVITATION_MS;
        let mut tx = self.pool().begin().await?;
        if let Some(row) = invitations::by_lookup(&mut tx, lookup).await? {
            let same = row.inviter == inviter && row.state == State::Invited && row.expires_ms > now_ms;
            return if same { Ok(row.expires_ms) } else { Err(WireReason::InvitationExists.into()) };
        }
        let open = invitations::count_open(&mut tx, &inviter, now_ms).await?;
        // Closing one and opening another has an end too.
        let made = invitations::count_made(&mut tx, &inviter, now_ms).await?;
        if open >= open_max.into() || made >= u64::from(open_max) * MADE_PER_OPEN {
            return Err(WireReason::TooMany.into());
        }
        invitations::create(&mut tx, lookup, &inviter, expires_ms).await?;
        tx.commit().await?;
        audit::invitation(caller, lookup, Invited::Opened);
        Ok(expires_ms)
    }

    /// The caller's invitations by lookup value, after `after`; with the value to go on after, if there are more.
    pub async fn list_invitations(
        &self,
        caller: &Caller,
        after: &[u8],
        limit: u32,
    ) -> Result<(Vec<Invitation>, Option<Lookup>), AppError> {
        let inviter = inviter(caller)?;
        let rows = invitations::list(self.pool(), &inviter, after, limit).await?;
        let more = rows.len() == limit as usize;
        let next = rows.last().filter(|_| more).map(|row| row.lookup);
        let now_ms = self.now_ms();
        Ok((rows.into_iter().map(|row| seen(row, now_ms)).collect(), next))
    }

    /// Closes an invitation, its newcomer admitted or refused. Closing it the same way again is no error.
    pub async fn close_invitation(
        &self,
        caller: &Caller,
        lookup: &Lookup,
        admitted: bool,
    ) -> Result<(), AppError> {
        let inviter = inviter(caller)?;
        let mut tx = self.pool().begin().await?;
        let row = invitations::by_lookup(&mut tx, lookup).await?.filter(|row| row.inviter == inviter);
        let row = row.ok_or(AppError::NOT_FOUND)?;
        let state = match (row.state, admitted) {
            (State::Admitted, true) | (State::Void, false) => return Ok(()),
            (State::Redeemed, true) => State::Admitted,
            (State::Invited | State::Redeemed, false) => State::Void,
            (State::Invited | State::Void, true) | (State::Admitted, false) => {
                return Err(WireReason::InvitationVoid.into());
            }
        };
        invitations::set_state(&mut tx, lookup, state).await?;
        tx.commit().await?;
        audit::invitation(caller, lookup, if admitted { Invited::Admitted } else { Invited::Closed });
        Ok(())
    }

    /// Rejects the answer to an invitation of which `rejected` were rejected before: it waits for another, or is
    /// void after the last. Returns how it stands, and the answers that may still come. The same again rejects
    /// nothing more.
    pub async fn reject_answer(
        &self,
        caller: &Caller,
        lookup: &Lookup,
        rejected: u32,
    ) -> Result<(EnrolmentState, u32), AppError> {
        let inviter = inviter(caller)?;
        let mut tx = self.pool().begin().await?;
        let row = invitations::by_lookup(&mut tx, lookup).await?.filter(|row| row.inviter == inviter);
        let row = row.ok_or(AppError::NOT_FOUND)?;
        if rejected < row.rejected {
            return Ok((state_at(row.state, row.expires_ms, self.now_ms()), attempts_left(&row)));
        }
        match row.state {
            State::Redeemed if rejected == row.rejected => {}
            State::Admitted | State::Void => return Err(WireReason::InvitationVoid.into()),
            // Nobody has answered since.
            State::Invited | State::Redeemed => return Err(WireReason::Malformed.into()),
        }
        let void = rejected + 1 >= INVITATION_ATTEMPTS_MAX;
        let next = if void { State::Void } else { State::Invited };
        invitations::reject(&mut tx, lookup, rejected, next).await?;
        tx.commit().await?;
        let row = InvitationRow { state: next, rejected: rejected + 1, ..row };
        audit::invitation(caller, lookup, Invited::Rejected { rejected: row.rejected, void });
        Ok((state_at(next, row.expires_ms, self.now_ms()), attempts_left(&row)))
    }
}

/// Who invites is known by the key of the device.
fn inviter(caller: &Caller) -> Result<KeyId, AppError> {
    match caller {
        Caller::Custodian { .. } | Caller::Person(_) => Ok(caller.tls_key()),
        Caller::Stranger { .. } => Err(WireReason::NotEnrolled.into()),
    }
}

/// How many may wait at once: people are brought in by custodians and focal points, devices by everyone.
const fn open_max(caller: &Caller) -> u32 {
    match caller {
        Caller::Custodian { .. } | Caller::Person(CallingPerson { role: Role::FocalPoint, .. }) => {
            OPEN_INVITATIONS_MAX
        }
        Caller::Person(_) | Caller::Stranger { .. } => OPEN_DEVICE_INVITATIONS_MAX,
    }
}

fn attempts_left(row: &InvitationRow) -> u32 {
    match row.state {
        State::Invited | State::Redeemed => INVITATION_ATTEMPTS_MAX.saturating_sub(row.rejected),
        State::Admitted | State::Void => 0,
    }
}

fn seen(row: InvitationRow, now_ms: u64) -> Invitation {
    Invitation {
        lookup: row.lookup,
        state: state_at(row.state, row.expires_ms, now_ms),
        expires_ms: row.expires_ms,
        handed_in: row.handed_in.map(|handed_in| (handed_in.request, handed_in.mac)),
        rejected: row.rejected,
    }
}

/// An invitation that nobody redeemed in time has expired. One that was redeemed waits for its inviter.
pub(super) fn state_at(state: State, expires_ms: u64, now_ms: u64) -> EnrolmentState {
    match state {
        State::Invited if expires_ms <= now_ms => EnrolmentState::Expired,
        State::Invited => EnrolmentState::Invited,
        State::Redeemed => EnrolmentState::Redeemed,
        State::Admitted => EnrolmentState::Admitted,
        State::Void => EnrolmentState::Void,
    }
}

/// Invitations that an inviter may make while one lives, for each that may be open.
const MADE_PER_OPEN: u64 = 4;

#[cfg(test)]
mod tests;
