//! What readers' devices have verified: taken from each of its own, handed to the others.

use chancery_core::error::{Reason, WireReason};
use chancery_core::id::{ChannelId, DeviceId};
use chancery_core::limits::{CLOCK_AHEAD_MS_MAX, COSIGNED_PER_CALL_MAX, COSIGNED_PER_CHANNEL_MAX};
use chancery_core::log::{CosignedCheckpoint, parse_origin};
use chancery_core::state::DirectoryAt;

use super::world::View;
use super::{App, AppError, Caller};
use crate::store::cosignatures::{self, CosignatureRow};
use crate::store::db::Source;

impl App {
    /// Takes in what the caller's own device says it has verified. All of it is kept, or nothing; of each channel
    /// the largest size stays.
    ///
    /// # Errors
    /// [`AppError::NOT_FOUND`] for a channel that the caller does not read, before anything else is looked at.
    pub async fn add_cosignatures(&self, caller: &Caller, notes: &[String]) -> Result<(), AppError> {
        if notes.len() > COSIGNED_PER_CALL_MAX {
            return Err(WireReason::TooLarge.into());
        }
        let mut rows = Vec::with_capacity(notes.len());
        for note in notes {
            rows.push(self.cosigned_by_caller(caller, note).await?);
        }
        if rows.is_empty() {
            return Ok(());
        }
        let mut tx = self.pool().begin().await?;
        for (channel, row) in &rows {
            cosignatures::keep(&mut tx, channel, row).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// What the readers of a channel have verified, for a caller who may read it. A log without members has none.
    pub async fn cosigned(&self, caller: &Caller, channel: &ChannelId) -> Result<Vec<String>, AppError> {
        if !matches!(self.readable(caller, channel).await?, View::Channel { .. }) {
            return Ok(Vec::new());
        }
        let mut source = Source::Pool(self.pool());
        let rows = cosignatures::of_channel(&mut source, channel, COSIGNED_PER_CHANNEL_MAX).await?;
        Ok(rows.into_iter().map(|row| row.note).collect())
    }

    /// One note, if it is the word of the caller's device over a head that the log went through.
    async fn cosigned_by_caller(
        &self,
        caller: &Caller,
        note: &str,
    ) -> Result<(ChannelId, CosignatureRow), AppError> {
        let origin = note.split('\n').next().unwrap_or_default();
        let (root, channel) = parse_origin(origin).ok_or(WireReason::Malformed)?;
        if root != self.root() {
            return Err(AppError::NOT_FOUND);
        }
        let view = self.readable(caller, &channel).await?;
        if !matches!(view, View::Channel { .. }) {
            return Err(Reason::WrongChannel.into());
        }
        let cosigned = CosignedCheckpoint::open(note, &root, &channel, self.log_key())
            .map_err(|_| WireReason::NotThisLog)?;
        let directory = self.directory().await?;
        let own = own_device(caller, &directory.state.now(self.now_ms()));
        let (device, key) = own.ok_or(WireReason::NotEnrolled)?;
        let ahead_s = cosigned.cosignature.time_s.saturating_sub(self.now_ms() / 1_000);
        let holds = cosigned.cosignature.device == device
            && cosigned.verify(&root, &key).is_ok()
            && ahead_s <= CLOCK_AHEAD_MS_MAX / 1_000
            && view.log().went_through(&cosigned.signed.head());
        if !holds {
            return Err(WireReason::NotThisLog.into());
        }
        let size = cosigned.signed.head().size;
        Ok((channel, CosignatureRow { device, size, note: note.to_owned() }))
    }
}

/// The device by which the caller calls, and its key, as the newest directory has them.
fn own_device(caller: &Caller, directory: &DirectoryAt<'_>) -> Option<(DeviceId, [u8; 32])> {
    let Caller::Person(person) = caller else { return None };
    let known = directory.person(&person.user)?.device(&person.device)?;
    Some((known.id, known.sign))
}

#[cfg(test)]
mod tests;
