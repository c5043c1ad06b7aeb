//! What readers' devices have said they verified.

use chancery_core::id::{ChannelId, DeviceId};

use super::db::{DbError, Row, Source, Statement, Tx};

const KEEP: Statement = Statement::new(
    "keep cosignature",
    "INSERT INTO cosignature (channel, device, size, note) VALUES ($1, $2, $3, $4) \
     ON CONFLICT (channel, device) DO UPDATE SET size = excluded.size, note = excluded.note \
     WHERE cosignature.size < excluded.size",
);
const OF_CHANNEL: Statement = Statement::new(
    "cosignatures of a channel",
    "SELECT device, size, note FROM cosignature WHERE channel = $1 ORDER BY size DESC, device LIMIT $2",
);
const AFTER: Statement = Statement::new(
    "cosignatures after a device",
    "SELECT device, size, note FROM cosignature WHERE channel = $1 AND device > $2 ORDER BY device LIMIT $3",
);

/// Every statement here, for the test that prepares them.
#[must_use]
pub fn statements() -> Vec<Statement> {
    vec![KEEP, OF_CHANNEL, AFTER]
}

/// A row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CosignatureRow {
    /// Whose word.
    pub device: DeviceId,
    /// Entries that it has verified.
    pub size: u64,
    /// The cosigned checkpoint.
    pub note: String,
}

/// Keeps a device's word, unless one for as many entries is kept. Returns whether it was kept.
pub async fn keep(tx: &mut Tx, channel: &ChannelId, row: &CosignatureRow) -> Result<bool, DbError> {
    let size = i64::try_from(row.size).unwrap_or(i64::MAX);
    let values =
        [channel.as_bytes().into(), row.device.as_bytes().into(), size.into(), row.note.as_str().into()];
    Ok(tx.execute(&KEEP, &values).await? == 1)
}

/// The words about a channel, largest sizes first.
pub async fn of_channel(
    source: &mut Source<'_>,
    channel: &ChannelId,
    limit: u32,
) -> Result<Vec<CosignatureRow>, DbError> {
    let rows = source.rows(&OF_CHANNEL, &[channel.as_bytes().into(), limit.into()]).await?;
    rows.iter().map(parse).collect()
}

/// The words about a channel by device, after `after`.
pub async fn after(
    source: &mut Source<'_>,
    channel: &ChannelId,
    after: &[u8],
    limit: u32,
) -> Result<Vec<CosignatureRow>, DbError> {
    let rows = source.rows(&AFTER, &[channel.as_bytes().into(), after.into(), limit.into()]).await?;
    rows.iter().map(parse).collect()
}

fn parse(row: &Row) -> Result<CosignatureRow, DbError> {
    Ok(CosignatureRow { device: row.id(0)?, size: row.u64(1)?, note: row.text(2)?.to_owned() })
}

#[cfg(test)]
mod tests;
