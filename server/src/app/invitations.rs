//! The inviter's side of enrolment.

use chancery_core::act::Role;
use chancery_core::error::WireReason;
use chancery_core::id::KeyId;
use chancery_core::limits::{INVITATION_MS, OPEN_INVITATIONS_MAX};

use super::{App, AppError, Caller};
use crate::store::db::Source;
use crate::store::invitations::{self, Invitation, State};

impl App {
    /// Opens an invitation, and says until when it can be redeemed. The same value again from the same
    /// inviter gets the same answer.
    ///
    /// # Errors
    /// [`WireReason::NotYours`] for all but the custodians and focal points, [`WireReason::TooMany`],
    /// [`WireReason::InvitationExists`].
    pub async fn invite(&self, caller: &Caller, lookup: &[u8; 32]) -> Result<u64, AppError> {
        let inviter = inviter(caller)?;
        let now_ms = self.now_ms();
        let mut tx = self.pool().begin().await?;
        if let Some(known) = invitations::read(&mut Source::Tx(&mut tx), lookup).await? {
            let same = known.inviter == inviter && known.state == State::Invited;
            return if same { Ok(known.expires_ms) } else { Err(WireReason::InvitationExists.into()) };
        }
        if invitations::count_open(&mut tx, &inviter, now_ms).await? >= u64::from(OPEN_INVITATIONS_MAX) {
            return Err(WireReason::TooMany.into());
        }
        let expires_ms = now_ms.saturating_add(INVITATION_MS);
        if !invitations::insert(&mut tx, lookup, &inviter, expires_ms).await? {
            return Err(WireReason::InvitationExists.into());
        }
        tx.commit().await?;
        Ok(expires_ms)
    }

    /// A page of the caller's invitations, by lookup value.
    ///
    /// # Errors
    /// [`WireReason::NotYours`].
    pub async fn invitations(
        &self,
        caller: &Caller,
        after: &[u8],
        page_size: u32,
    ) -> Result<Vec<Invitation>, AppError> {
        Ok(invitations::list(self.pool(), &inviter(caller)?, after, page_size).await?)
    }

    /// Closes one of the caller's invitations; closing it again in the same way is no error.
    ///
    /// # Errors
    /// [`AppError::NOT_FOUND`] if it is another's or none; [`WireReason::InvitationVoid`] if it was closed in
    /// the other way.
    pub async fn close_invitation(
        &self,
        caller: &Caller,
        lookup: &[u8; 32],
        admitted: bool,
    ) -> Result<(), AppError> {
        let inviter = inviter(caller)?;
        let state = if admitted { State::Admitted } else { State::Void };
        let mut tx = self.pool().begin().await?;
        if invitations::close(&mut tx, lookup, &inviter, state).await? {
            return Ok(tx.commit().await?);
        }
        let known = invitations::read(&mut Source::Tx(&mut tx), lookup).await?;
        match known.filter(|known| known.inviter == inviter) {
            None => Err(AppError::NOT_FOUND),
            Some(known) if known.state == state => Ok(()),
            Some(_) => Err(WireReason::InvitationVoid.into()),
        }
    }
}

/// Who certifies newcomers invites them: the custodians officers and focal points, a focal point the State's
/// own people. Whom an invitation is for is the inviter's to know.
fn inviter(caller: &Caller) -> Result<KeyId, AppError> {
    match caller {
        Caller::Custodian { tls_key } => Ok(*tls_key),
        Caller::Person(person) if person.role == Role::FocalPoint => Ok(person.device.tls_key),
        Caller::Person(_) => Err(WireReason::NotYours.into()),
        Caller::Stranger { .. } => Err(WireReason::NotEnrolled.into()),
    }
}
