//! What checks and rebuilds read and put right, beyond what appends and readers use.

use chancery_core::id::{ChannelId, Digest, FileId};
use chancery_core::mechanism::ChannelKind;

use super::db::{DbError, Pool, Statement, Tx, Value};

const WITH_WRAPS: Statement = Statement::new(
    "entries with wraps",
    "SELECT DISTINCT idx FROM wrap WHERE channel = $1 AND idx >= $2 AND idx < $3 ORDER BY idx",
);
const CITATIONS: Statement = Statement::new(
    "citations of entries",
    "SELECT idx, file FROM citation WHERE channel = $1 AND idx >= $2 AND idx < $3 ORDER BY idx, file",
);
const PARTS: Statement = Statement::new(
    "parts of a file",
    "SELECT part, sha256, length FROM file_part WHERE file = $1 ORDER BY part",
);
const SET_CHANNEL: Statement = Statement::new(
    "set channel",
    "UPDATE channel SET kind = $2, parent = $3, size = $4, last_log_time_ms = $5 WHERE id = $1",
);
const SET_WITHDRAWN: Statement = Statement::new(
    "set withdrawn",
    "UPDATE release SET withdrawn_at = $3, key_material = NULL, rendition = NULL, heading = NULL \
     WHERE publication = $1 AND idx = $2",
);

/// Every statement here, for the test that prepares them.
#[must_use]
pub fn statements() -> Vec<Statement> {
    vec![WITH_WRAPS, CITATIONS, PARTS, SET_CHANNEL, SET_WITHDRAWN]
}

/// A part's row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoredPart {
    /// Its number.
    pub part: u32,
    /// SHA-256.
    pub sha256: Digest,
    /// Bytes.
    pub length: u64,
}

/// The indexes of entries that have wraps beside them.
pub async fn with_wraps(pool: &Pool, channel: &ChannelId, range: (u64, u64)) -> Result<Vec<u64>, DbError> {
    let rows = pool.rows(&WITH_WRAPS, &values(channel, range)).await?;
    rows.iter().map(|row| row.u64(0)).collect()
}

/// The files that entries cite, as the projection says.
pub async fn citations(
    pool: &Pool,
    channel: &ChannelId,
    range: (u64, u64),
) -> Result<Vec<(u64, FileId)>, DbError> {
    let rows = pool.rows(&CITATIONS, &values(channel, range)).await?;
    rows.iter().map(|row| Ok((row.u64(0)?, row.id(1)?))).collect()
}

/// The parts of a file, of which there are at most
/// [`FILE_PARTS_MAX`](chancery_core::limits::FILE_PARTS_MAX).
pub async fn parts(pool: &Pool, file: &FileId) -> Result<Vec<StoredPart>, DbError> {
    let rows = pool.rows(&PARTS, &[file.as_bytes().into()]).await?;
    rows.iter()
        .map(|row| Ok(StoredPart { part: small(row.u64(0)?)?, sha256: row.id(1)?, length: row.u64(2)? }))
        .collect()
}

/// Sets a channel's row to what the logs say.
pub async fn set_channel(
    tx: &mut Tx,
    channel: &ChannelId,
    (kind, parent): (ChannelKind, Option<ChannelId>),
    size: u64,
    last_log_time_ms: u64,
) -> Result<u64, DbError> {
    let parent = parent.as_ref().map(|parent| &parent.as_bytes()[..]);
    let values = [
        channel.as_bytes().into(),
        kind.as_str().into(),
        parent.into(),
        i64_of(size).into(),
        i64_of(last_log_time_ms).into(),
    ];
    tx.execute(&SET_CHANNEL, &values).await
}

/// Ends a release at the withdrawal that the log names.
pub async fn set_withdrawn(
    tx: &mut Tx,
    publication: &ChannelId,
    index: u64,
    withdrawn_at: u64,
) -> Result<u64, DbError> {
    let values = [publication.as_bytes().into(), i64_of(index).into(), i64_of(withdrawn_at).into()];
    tx.execute(&SET_WITHDRAWN, &values).await
}

fn values(channel: &ChannelId, (from, to): (u64, u64)) -> [Value<'_>; 3] {
    [channel.as_bytes().into(), i64_of(from).into(), i64_of(to).into()]
}

fn small(number: u64) -> Result<u32, DbError> {
    u32::try_from(number).map_err(|_| DbError::Column { column: 0, expected: "a small number" })
}

fn i64_of(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
