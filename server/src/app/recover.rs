//! A person who has no device left, and a recovery sheet: the sheet's key brings in a new device.
//!
//! One act, by the one road to write. Until the sheet's signature holds, every refusal that would tell something
//! of the directory is the same.

use bytes::Bytes;
use chancery_core::act::{AddDevice, Author, SignedAct, Statement, VerifiedAct};
use chancery_core::error::{Reason, WireReason};
use chancery_core::id::{DeviceId, KeyId, UserId};
use chancery_core::limits::RECOVERY_BYTES_MAX;
use chancery_core::state::Directory;

use super::append::Receipt;
use super::{App, AppError, audit};
use crate::gate::PeerKey;
use crate::store::db::Source;
use crate::store::log;

/// Whom an act would recover, by which device.
#[derive(Debug, Clone, Copy)]
struct Asked {
    user: UserId,
    device: DeviceId,
}

impl App {
    /// Brings in the device that the peer connects from, by an act that the person's recovery sheet has signed.
    /// The same bytes again get the first receipt.
    ///
    /// # Errors
    /// What is wrong with the act by itself; [`WireReason::RecoveryRefused`] whatever is wrong with the person or
    /// the sheet; then the policy's reason. [`WireReason::TooMany`] after too many failures.
    pub async fn recover(&self, peer: &PeerKey, signed: Bytes) -> Result<Receipt, AppError> {
        let tries = self.tries();
        tries.allowed(&tries.recoveries, peer, self.now_ms())?;
        let outcome = self.recovered(peer, signed).await;
        if matches!(outcome, Err(AppError::Refused(_) | AppError::Wire(_)))
            && tries.failed(&tries.recoveries, peer, self.now_ms())
        {
            audit::out_of_tries("recoveries");
        }
        outcome
    }

    async fn recovered(&self, peer: &PeerKey, signed: Bytes) -> Result<Receipt, AppError> {
        if signed.len() > RECOVERY_BYTES_MAX {
            return Err(WireReason::TooLarge.into());
        }
        let act = SignedAct::decode(signed)?;
        if act.content().header.channel != self.world().directory_id() {
            return Err(Reason::OtherChannel.into());
        }
        let asked = asked(&act, &peer.key)?;
        let directory = self.directory().await?;
        if let Some(index) = directory.state.acts.get(&act.content().header.act_id) {
            return self.recovered_before(peer, &act, asked, *index).await;
        }
        let Some(act) = by_sheet(&directory.state, act, asked, self.now_ms()) else {
            return Err(self.not_recovered(&directory.state, asked));
        };
        match self.append_verified(act).await {
            Ok(receipt) => {
                audit::recovered(&asked.user, &asked.device);
                Ok(receipt)
            }
            // The sheet, or the person, went while the act waited for its turn.
            Err(AppError::Refused(Reason::UnknownDevice | Reason::WrongSigner)) => {
                Err(self.not_recovered(&directory.state, asked))
            }
            Err(AppError::Refused(reason)) => {
                audit::sheet_refused(&asked.user, reason);
                Err(reason.into())
            }
            Err(error) => Err(error),
        }
    }

    /// The act stands in the log: whoever asks again from that very device, still there, gets its place.
    async fn recovered_before(
        &self,
        peer: &PeerKey,
        act: &SignedAct,
        asked: Asked,
        index: u64,
    ) -> Result<Receipt, AppError> {
        let row = log::entry(&mut Source::Pool(self.pool()), &self.world().directory_id(), index).await?;
        let row = row.ok_or(AppError::Bug("a known act without its entry"))?;
        if row.signed == *act.bytes() && self.caller(peer.key).await?.is_enrolled() {
            self.directory_receipt(index, row.log_time_ms).await
        } else {
            Err(self.not_recovered(&self.directory().await?.state, asked))
        }
    }

    /// The one answer. A person's name may be called in vain only so often; the right sheet gets through even
    /// then, so nobody can keep another from their own recovery.
    fn not_recovered(&self, directory: &Directory, asked: Asked) -> AppError {
        let (persons, now_ms) = (&self.tries().persons, self.now_ms());
        if persons.is_spent(&asked.user, now_ms) {
            return WireReason::TooMany.into();
        }
        persons.failed(&asked.user, now_ms);
        audit::not_recovered(directory.record(&asked.user).map(|record| &record.user));
        WireReason::RecoveryRefused.into()
    }
}

/// What only the act and the connection are asked for.
fn asked(act: &SignedAct, tls_key: &KeyId) -> Result<Asked, AppError> {
    let content = act.content();
    let (Author::Person { user, device }, Statement::AddDevice(add)) =
        (content.header.author, &content.statement)
    else {
        // Every other act is for those who are in the directory.
        return Err(WireReason::NotEnrolled.into());
    };
    let AddDevice { keys, handed, .. } = add;
    if keys.user != user || keys.device != device {
        return Err(WireReason::Malformed.into());
    }
    if handed.is_some() {
        return Err(WireReason::BesideMismatch.into());
    }
    if keys.tls_key != *tls_key {
        return Err(Reason::BadPossession.into());
    }
    Ok(Asked { user, device })
}

/// The act, if the sheet in force of the person has signed it.
fn by_sheet(directory: &Directory, act: SignedAct, asked: Asked, now_ms: u64) -> Option<VerifiedAct> {
    let person = directory.now(now_ms).person(&asked.user)?;
    VerifiedAct::new(act, person.recovery()?.sign, &directory.root).ok()
}

#[cfg(test)]
mod tests;
