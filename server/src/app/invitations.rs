//! The inviter's side of enrolment: opening, listing and closing invitations.
//!
//! The custodians invite officers and focal points, a focal point the people of its State. What an
//! invitation is for stands in it, out of the server's sight; who may be admitted, the policy says.

use bytes::Bytes;
use chancery_core::act::Role;
use chancery_core::error::WireReason;
use chancery_core::id::KeyId;
use chancery_core::limits::{INVITATION_MS, OPEN_INVITATIONS_MAX};

use super::{App, AppError, Caller};
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
    /// Used, expired or refused.
    Void,
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
}

impl App {
    /// Opens an invitation under a lookup value, and returns the end of its life. The same again is no error.
    pub async fn create_invitation(&self, caller: &Caller, lookup: &Lookup) -> Result<u64, AppError> {
        let inviter = inviter(caller)?;
        let now_ms = self.now_ms();
        let expires_ms = now_ms + INVITATION_MS;
        let mut tx = self.pool().begin().await?;
        if let Some(row) = invitations::by_lookup(&mut tx, lookup).await? {
            let same = row.inviter == inviter && row.state == State::Invited && row.expires_ms > now_ms;
            return if same { Ok(row.expires_ms) } else { Err(WireReason::InvitationExists.into()) };
        }
        if invitations::count_open(&mut tx, &inviter, now_ms).await? >= OPEN_INVITATIONS_MAX.into() {
            return Err(WireReason::TooMany.into());
        }
        invitations::create(&mut tx, lookup, &inviter, expires_ms).await?;
        tx.commit().await?;
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
        Ok(tx.commit().await?)
    }
}

/// Who invites is known by the key of the device.
fn inviter(caller: &Caller) -> Result<KeyId, AppError> {
    match caller {
        Caller::Custodian { tls_key } => Ok(*tls_key),
        Caller::Person(person) if person.role == Role::FocalPoint => Ok(person.tls_key),
        Caller::Person(_) => Err(WireReason::NotYours.into()),
        Caller::Stranger { .. } => Err(WireReason::NotEnrolled.into()),
    }
}

fn seen(row: InvitationRow, now_ms: u64) -> Invitation {
    Invitation {
        lookup: row.lookup,
        state: state_at(row.state, row.expires_ms, now_ms),
        expires_ms: row.expires_ms,
        handed_in: row.handed_in.map(|handed_in| (handed_in.request, handed_in.mac)),
    }
}

/// An invitation that nobody redeemed in time is void. One that was redeemed waits for its inviter.
pub(super) fn state_at(state: State, expires_ms: u64, now_ms: u64) -> EnrolmentState {
    match state {
        State::Invited if expires_ms <= now_ms => EnrolmentState::Void,
        State::Invited => EnrolmentState::Invited,
        State::Redeemed => EnrolmentState::Redeemed,
        State::Admitted => EnrolmentState::Admitted,
        State::Void => EnrolmentState::Void,
    }
}

#[cfg(test)]
mod tests;
