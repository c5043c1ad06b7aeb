//! The newcomer's side of enrolment: all that a key unknown to the directory reaches.

use chancery_core::error::WireReason;
use chancery_core::id::KeyId;

use super::{App, AppError};
use crate::store::db::Source;
use crate::store::invitations::{self, Redemption, State};

impl App {
    /// Hands in a newcomer's keys under an invitation. The same bytes again under the same TLS key are no
    /// error, so that a newcomer whose connection broke can ask again.
    ///
    /// # Errors
    /// [`AppError::NOT_FOUND`], [`WireReason::InvitationExpired`], [`WireReason::InvitationVoid`] if it was
    /// redeemed by another or closed.
    pub async fn redeem(&self, lookup: &[u8; 32], redemption: &Redemption) -> Result<(), AppError> {
        let now_ms = self.now_ms();
        let mut tx = self.pool().begin().await?;
        if invitations::redeem(&mut tx, lookup, redemption, now_ms).await? {
            tx.commit().await?;
            tracing::info!("an invitation was redeemed");
            return Ok(());
        }
        let known = invitations::read(&mut Source::Tx(&mut tx), lookup).await?.ok_or(AppError::NOT_FOUND)?;
        match known.state {
            State::Invited => Err(WireReason::InvitationExpired.into()),
            State::Redeemed if known.redemption.as_ref() == Some(redemption) => Ok(()),
            State::Redeemed | State::Admitted | State::Void => Err(WireReason::InvitationVoid.into()),
        }
    }

    /// How an enrolment stands, for the key that redeemed the invitation.
    ///
    /// # Errors
    /// [`AppError::NOT_FOUND`] for every other key, and for an invitation that nobody has redeemed.
    pub async fn enrolment(&self, lookup: &[u8; 32], tls_key: &KeyId) -> Result<State, AppError> {
        let known = invitations::read(&mut Source::Pool(self.pool()), lookup).await?;
        known
            .filter(|known| known.redemption.as_ref().is_some_and(|redeemed| redeemed.tls_key == *tls_key))
            .map(|known| known.state)
            .ok_or(AppError::NOT_FOUND)
    }
}
