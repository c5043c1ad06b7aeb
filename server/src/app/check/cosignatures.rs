//! What devices are said to have verified, compared with the log that was replayed.

use chancery_core::log::CosignedCheckpoint;
use chancery_core::state::{Channel, Directory};

use super::{Check, Finding};
use crate::app::AppError;
use crate::store::cosignatures::{self, CosignatureRow};
use crate::store::db::Source;

impl Check<'_> {
    /// Every word about one channel.
    pub(super) async fn cosignatures(
        &self,
        directory: &Directory,
        channel: &Channel,
        tell: &mut dyn FnMut(Finding),
    ) -> Result<(), AppError> {
        let mut after = Vec::new();
        loop {
            let mut source = Source::Pool(self.pool);
            let rows = cosignatures::after(&mut source, &channel.id, &after, ROWS_PER_READ).await?;
            let Some(last) = rows.last() else { return Ok(()) };
            after = last.device.as_bytes().to_vec();
            for row in &rows {
                if let Some(what) = fault(directory, channel, row) {
                    tell(Finding::Cosignature { channel: channel.id, device: row.device, what });
                }
            }
        }
    }
}

/// What is wrong with a row. Of a device that has left, the key is not known any more.
fn fault(directory: &Directory, channel: &Channel, row: &CosignatureRow) -> Option<&'static str> {
    let Some(foundation) = &directory.foundation else { return Some("there is no log key") };
    let root = &directory.root;
    let Ok(cosigned) = CosignedCheckpoint::open(&row.note, root, &channel.id, &foundation.log_key) else {
        return Some("its note is not a cosigned checkpoint of this log");
    };
    let head = cosigned.signed.head();
    if (cosigned.cosignature.device, head.size) != (row.device, row.size) {
        return Some("its note is of another device or size");
    }
    if head.size > channel.log.size() {
        return Some("it is of a longer log: entries are missing; restore a backup");
    }
    if !channel.log.went_through(&head) {
        return Some("the log never had that head");
    }
    // Who has had an end since was there when the note was taken.
    let known = directory.now(0).by_device(&row.device);
    let key = known.and_then(|person| Some(person.device(&row.device)?.sign));
    let holds = key.is_none_or(|key| cosigned.verify(root, &key).is_ok());
    (!holds).then_some("the device's signature does not hold")
}

const ROWS_PER_READ: u32 = 256;
