//! What replays, readers and checks read.

use bytes::Bytes;
use chancery_core::id::{ActId, ChannelId, Digest, KeyId};
use chancery_core::mechanism::ChannelKind;

use super::{ChannelRow, EntryRow, FullEntry, WrapRow, i64_of};
use crate::store::db::{DbError, Row, Source, Statement, Value};

const HEADS: Statement = Statement::new(
    "heads",
    "SELECT id, kind, parent, size, last_log_time_ms FROM channel \
     WHERE id IN ($1, $2, $3, $4, $5, $6, $7, $8)",
);
const CHANNELS_AFTER: Statement = Statement::new(
    "channels after",
    "SELECT id, kind, parent, size, last_log_time_ms FROM channel WHERE id > $1 ORDER BY id LIMIT $2",
);
const ENTRIES: Statement = Statement::new(
    "entries",
    "SELECT idx, act_id, signed_act, log_time_ms, leaf_hash FROM entry \
     WHERE channel = $1 AND idx >= $2 AND idx < $3 ORDER BY idx LIMIT $4",
);
const LEAVES: Statement = Statement::new(
    "leaves",
    "SELECT idx, leaf_hash, log_time_ms FROM entry \
     WHERE channel = $1 AND idx >= $2 AND idx < $3 ORDER BY idx LIMIT $4",
);
const LENGTHS: Statement = Statement::new(
    "entry lengths",
    "SELECT CAST(length(e.signed_act) + coalesce(length(b.bytes), 0) AS bigint) FROM entry e \
     LEFT JOIN body b ON b.channel = e.channel AND b.idx = e.idx \
     WHERE e.channel = $1 AND e.idx >= $2 AND e.idx < $3 ORDER BY e.idx LIMIT $4",
);
const FULL_ENTRIES: Statement = Statement::new(
    "full entries",
    "SELECT e.idx, e.signed_act, e.log_time_ms, b.bytes, p.bytes FROM entry e \
     LEFT JOIN body b ON b.channel = e.channel AND b.idx = e.idx \
     LEFT JOIN previous_box p ON p.channel = e.channel AND p.idx = e.idx \
     WHERE e.channel = $1 AND e.idx >= $2 AND e.idx < $3 ORDER BY e.idx LIMIT $4",
);
const OWN_WRAPS: Statement = Statement::new(
    "own wraps",
    "SELECT idx, position, recipient, bytes FROM wrap \
     WHERE recipient IN ($1, $2, $3, $4, $5, $6, $7, $8) AND channel = $9 AND idx >= $10 AND idx < $11 \
     ORDER BY idx, position",
);
const WRAPS: Statement = Statement::new(
    "wraps of an entry",
    "SELECT idx, position, recipient, bytes FROM wrap WHERE channel = $1 AND idx = $2 ORDER BY position",
);
const RELEASES: Statement = Statement::new(
    "releases",
    "SELECT idx, channel, act_id, audience, withdrawn_at FROM release \
     WHERE publication = $1 AND idx >= $2 ORDER BY idx LIMIT $3",
);
pub(super) const STATEMENTS: [Statement; 9] =
    [HEADS, CHANNELS_AFTER, ENTRIES, LEAVES, LENGTHS, FULL_ENTRIES, OWN_WRAPS, WRAPS, RELEASES];

/// Ids in one statement; a shorter list repeats its last.
const IDS: usize = 8;

/// The rows of these channels, of those that exist, in no order.
pub async fn heads(source: &mut Source<'_>, channels: &[ChannelId]) -> Result<Vec<ChannelRow>, DbError> {
    let mut rows = Vec::with_capacity(channels.len());
    for ids in channels.chunks(IDS) {
        let values: [Value<'_>; IDS] = std::array::from_fn(|n| ids[n.min(ids.len() - 1)].as_bytes().into());
        for row in source.rows(&HEADS, &values).await? {
            rows.push(channel_row(&row)?);
        }
    }
    Ok(rows)
}

/// The row of one channel.
pub async fn channel(source: &mut Source<'_>, channel: &ChannelId) -> Result<Option<ChannelRow>, DbError> {
    Ok(heads(source, &[*channel]).await?.pop())
}

/// Channels by id, after `after`.
pub async fn channels_after(
    source: &mut Source<'_>,
    after: &[u8],
    limit: u32,
) -> Result<Vec<ChannelRow>, DbError> {
    let rows = source.rows(&CHANNELS_AFTER, &[after.into(), limit.into()]).await?;
    rows.iter().map(channel_row).collect()
}

/// Entries from `from` on, before `to`, at most `limit`.
pub async fn entries(
    source: &mut Source<'_>,
    channel: &ChannelId,
    (from, to): (u64, u64),
    limit: u32,
) -> Result<Vec<EntryRow>, DbError> {
    let rows = source.rows(&ENTRIES, &range(channel, (from, to), limit)).await?;
    rows.iter()
        .map(|row| {
            Ok(EntryRow {
                channel: *channel,
                index: row.u64(0)?,
                act_id: row.id(1)?,
                signed: Bytes::copy_from_slice(row.blob(2)?),
                log_time_ms: row.u64(3)?,
                leaf: row.id(4)?,
            })
        })
        .collect()
}

/// One entry.
pub async fn entry(
    source: &mut Source<'_>,
    channel: &ChannelId,
    index: u64,
) -> Result<Option<EntryRow>, DbError> {
    Ok(entries(source, channel, (index, index + 1), 1).await?.pop())
}

/// Index, leaf hash and log time of entries from `from` on, before `to`, at most `limit`.
pub async fn leaves(
    source: &mut Source<'_>,
    channel: &ChannelId,
    (from, to): (u64, u64),
    limit: u32,
) -> Result<Vec<(u64, Digest, u64)>, DbError> {
    let rows = source.rows(&LEAVES, &range(channel, (from, to), limit)).await?;
    rows.iter().map(|row| Ok((row.u64(0)?, row.id(1)?, row.u64(2)?))).collect()
}

/// Bytes of each entry with its body, in order: a page is measured before it is read.
pub async fn entry_lengths(
    source: &mut Source<'_>,
    channel: &ChannelId,
    (from, to): (u64, u64),
    limit: u32,
) -> Result<Vec<u64>, DbError> {
    let rows = source.rows(&LENGTHS, &range(channel, (from, to), limit)).await?;
    rows.iter().map(|row| row.u64(0)).collect()
}

/// Entries with their bodies and boxes. The caller has measured them with [`entry_lengths`].
pub async fn full_entries(
    source: &mut Source<'_>,
    channel: &ChannelId,
    (from, to): (u64, u64),
    limit: u32,
) -> Result<Vec<FullEntry>, DbError> {
    let rows = source.rows(&FULL_ENTRIES, &range(channel, (from, to), limit)).await?;
    rows.iter()
        .map(|row| {
            Ok(FullEntry {
                index: row.u64(0)?,
                signed: Bytes::copy_from_slice(row.blob(1)?),
                log_time_ms: row.u64(2)?,
                body: row.optional_blob(3)?.map(Bytes::copy_from_slice),
                previous_box: row.optional_blob(4)?.map(Bytes::copy_from_slice),
            })
        })
        .collect()
}

/// The wraps to any of `keys` beside entries from `from` on, before `to`.
pub async fn own_wraps(
    source: &mut Source<'_>,
    channel: &ChannelId,
    keys: &[KeyId],
    (from, to): (u64, u64),
) -> Result<Vec<WrapRow>, DbError> {
    let mut wraps = Vec::new();
    for keys in keys.chunks(IDS) {
        let mut values: Vec<Value<'_>> =
            (0..IDS).map(|n| keys[n.min(keys.len() - 1)].as_bytes().into()).collect();
        values.extend([Value::from(channel.as_bytes()), i64_of(from).into(), i64_of(to).into()]);
        for row in source.rows(&OWN_WRAPS, &values).await? {
            wraps.push(wrap_row(&row)?);
        }
    }
    Ok(wraps)
}

/// All wraps beside an entry, in order; an act has at most
/// [`RECIPIENTS_MAX`](chancery_core::limits::RECIPIENTS_MAX).
pub async fn wraps(
    source: &mut Source<'_>,
    channel: &ChannelId,
    index: u64,
) -> Result<Vec<WrapRow>, DbError> {
    let rows = source.rows(&WRAPS, &[channel.as_bytes().into(), i64_of(index).into()]).await?;
    rows.iter().map(wrap_row).collect()
}

/// A release as the check compares it with its publication log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredRelease {
    /// Index of the grant.
    pub index: u64,
    /// The post's channel.
    pub channel: ChannelId,
    /// The post.
    pub act_id: ActId,
    /// To whom.
    pub audience: String,
    /// Index of the withdrawal.
    pub withdrawn_at: Option<u64>,
}

/// Releases of a publication, from index `from` on.
pub async fn releases(
    source: &mut Source<'_>,
    publication: &ChannelId,
    from: u64,
    limit: u32,
) -> Result<Vec<StoredRelease>, DbError> {
    let values = [publication.as_bytes().into(), i64_of(from).into(), limit.into()];
    let rows = source.rows(&RELEASES, &values).await?;
    rows.iter()
        .map(|row| {
            Ok(StoredRelease {
                index: row.u64(0)?,
                channel: row.id(1)?,
                act_id: row.id(2)?,
                audience: row.text(3)?.to_owned(),
                withdrawn_at: row
                    .optional_i64(4)?
                    .map(|at| {
                        u64::try_from(at).map_err(|_| DbError::Column { column: 4, expected: "a count" })
                    })
                    .transpose()?,
            })
        })
        .collect()
}

fn range(channel: &ChannelId, (from, to): (u64, u64), limit: u32) -> [Value<'_>; 4] {
    [channel.as_bytes().into(), i64_of(from).into(), i64_of(to).into(), limit.into()]
}

fn channel_row(row: &Row) -> Result<ChannelRow, DbError> {
    let kind: ChannelKind =
        row.text(1)?.parse().map_err(|_| DbError::Column { column: 1, expected: "a kind of channel" })?;
    let parent = row
        .optional_blob(2)?
        .map(|id| ChannelId::try_from(id).map_err(|_| DbError::Column { column: 2, expected: "an id" }))
        .transpose()?;
    Ok(ChannelRow { id: row.id(0)?, kind, parent, size: row.u64(3)?, last_log_time_ms: row.u64(4)? })
}

fn wrap_row(row: &Row) -> Result<WrapRow, DbError> {
    Ok(WrapRow {
        index: row.u64(0)?,
        position: row.u64(1)?,
        recipient: row.id(2)?,
        bytes: Bytes::copy_from_slice(row.blob(3)?),
    })
}
