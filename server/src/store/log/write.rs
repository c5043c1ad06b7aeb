//! What appends write.

use chancery_core::act::Audience;
use chancery_core::id::{ActId, ChannelId};

use super::{NewRows, i64_of};
use crate::store::db::{Batch, DbError, InsertRows, Statement, Tx, Value};

const GROW: Statement = Statement::new(
    "grow channel",
    "UPDATE channel SET size = $2, last_log_time_ms = $3 WHERE id = $1 AND size = $4",
);
const LOCK: Statement = Statement::new("lock channel", "UPDATE channel SET size = size WHERE id = $1");
const WITHDRAW: Statement = Statement::new(
    "withdraw release",
    "UPDATE release SET key_material = NULL, rendition = NULL, heading = NULL, withdrawn_at = $4 \
     WHERE channel = $1 AND act_id = $2 AND audience = $3 AND idx < $4 AND withdrawn_at IS NULL",
);
const CLEAR_CITATIONS: Statement = Statement::new("clear citations", "DELETE FROM citation");
pub(super) const STATEMENTS: [Statement; 4] = [GROW, LOCK, WITHDRAW, CLEAR_CITATIONS];

static CHANNELS: InsertRows =
    InsertRows::new("insert channels", "INSERT INTO channel (id, kind, parent)", 3, "");
static ENTRIES: InsertRows = InsertRows::new(
    "insert entries",
    "INSERT INTO entry (channel, idx, act_id, signed_act, log_time_ms, leaf_hash)",
    6,
    "",
);
static BODIES: InsertRows = InsertRows::new("insert bodies", "INSERT INTO body (channel, idx, bytes)", 3, "");
static WRAPS: InsertRows =
    InsertRows::new("insert wraps", "INSERT INTO wrap (channel, idx, position, recipient, bytes)", 5, "");
static BOXES: InsertRows =
    InsertRows::new("insert boxes", "INSERT INTO previous_box (channel, idx, bytes)", 3, "");
static CITATIONS: InsertRows =
    InsertRows::new("insert citations", "INSERT INTO citation (file, channel, idx)", 3, "");
static RELEASES: InsertRows = InsertRows::new(
    "insert releases",
    "INSERT INTO release \
     (publication, idx, channel, act_id, audience, state, generation, key_material, rendition, heading)",
    10,
    "",
);
static RENDITION_FILES: InsertRows = InsertRows::new(
    "insert rendition files",
    "INSERT INTO rendition_file (publication, idx, position, sha256, file)",
    5,
    "",
);
pub(super) static INSERTS: [&InsertRows; 8] =
    [&CHANNELS, &ENTRIES, &BODIES, &WRAPS, &BOXES, &CITATIONS, &RELEASES, &RENDITION_FILES];

/// A channel's growth in one transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grow {
    /// The channel.
    pub channel: ChannelId,
    /// Its size before.
    pub from: u64,
    /// Its size after.
    pub to: u64,
    /// Log time of the newest entry.
    pub last_log_time_ms: u64,
}

impl Grow {
    fn values(&self) -> Vec<Value<'_>> {
        vec![
            self.channel.as_bytes().into(),
            i64_of(self.to).into(),
            i64_of(self.last_log_time_ms).into(),
            i64_of(self.from).into(),
        ]
    }
}

/// Takes the row lock of channels that will grow. The caller passes them in ascending order, so that no two
/// transactions of PostgreSQL wait for one another.
pub async fn lock(tx: &mut Tx, channels: &[ChannelId]) -> Result<(), DbError> {
    for channel in channels {
        tx.execute(&LOCK, &[channel.as_bytes().into()]).await?;
    }
    Ok(())
}

/// Lets a channel grow, if it still has the size it had. False means that another replica was first.
pub async fn grow(tx: &mut Tx, grow: &Grow) -> Result<bool, DbError> {
    append(tx, std::slice::from_ref(grow), &NewRows::default()).await
}

/// Puts all rows in; one statement for each table that has any.
pub async fn insert(tx: &mut Tx, rows: &NewRows) -> Result<(), DbError> {
    insert_channels(tx, rows).await?;
    append(tx, &[], rows).await.map(drop)
}

/// Lets channels grow, and puts all rows in but those of channels. False means that another replica was first.
pub async fn append(tx: &mut Tx, grown: &[Grow], rows: &NewRows) -> Result<bool, DbError> {
    let mut batch = Batch::new("append");
    // Before the entries: this waits for a replica that is at it, and sees what it has left.
    for grow in grown {
        batch.push(GROW, grow.values(), 1);
    }
    entries(&mut batch, rows)?;
    beside(&mut batch, rows)?;
    citations(&mut batch, rows)?;
    releases(&mut batch, rows)?;
    if !tx.run(&batch).await? {
        return Ok(false);
    }
    for (channel, act_id, audience, at) in &rows.withdrawals {
        withdraw(tx, channel, act_id, *audience, *at).await?;
    }
    Ok(true)
}

/// Ends a release: what opens the post is gone, its tombstone stays. Returns how many it ended.
pub async fn withdraw(
    tx: &mut Tx,
    channel: &ChannelId,
    act_id: &ActId,
    audience: Audience,
    at: u64,
) -> Result<u64, DbError> {
    let audience = audience.as_str();
    let values = [channel.as_bytes().into(), act_id.as_bytes().into(), audience.into(), i64_of(at).into()];
    tx.execute(&WITHDRAW, &values).await
}

/// Drops every citation; a rebuild puts them in again.
pub async fn clear_citations(tx: &mut Tx) -> Result<(), DbError> {
    tx.execute(&CLEAR_CITATIONS, &[]).await.map(drop)
}

/// Puts citations in.
pub async fn insert_citations(tx: &mut Tx, rows: &NewRows) -> Result<(), DbError> {
    let mut batch = Batch::new("insert citations");
    citations(&mut batch, rows)?;
    tx.run(&batch).await.map(drop)
}

/// Puts the rows of new channels in.
pub async fn insert_channels(tx: &mut Tx, rows: &NewRows) -> Result<(), DbError> {
    let mut values = Vec::with_capacity(rows.channels.len() * CHANNELS.columns());
    for (id, kind, parent) in &rows.channels {
        let parent = parent.as_ref().map(|parent| &parent.as_bytes()[..]);
        values.extend([Value::from(id.as_bytes()), kind.as_str().into(), parent.into()]);
    }
    tx.insert_rows(&CHANNELS, &values).await.map(drop)
}

fn entries<'r>(batch: &mut Batch<'r>, rows: &'r NewRows) -> Result<(), DbError> {
    let mut values = Vec::with_capacity(rows.entries.len() * ENTRIES.columns());
    for entry in &rows.entries {
        values.extend([
            Value::from(entry.channel.as_bytes()),
            i64_of(entry.index).into(),
            entry.act_id.as_bytes().into(),
            entry.signed[..].into(),
            i64_of(entry.log_time_ms).into(),
            entry.leaf.as_bytes().into(),
        ]);
    }
    batch.insert(&ENTRIES, &values)
}

fn beside<'r>(batch: &mut Batch<'r>, rows: &'r NewRows) -> Result<(), DbError> {
    for (insert, beside) in [(&BODIES, &rows.bodies), (&BOXES, &rows.boxes)] {
        let mut values = Vec::with_capacity(beside.len() * insert.columns());
        for (channel, index, bytes) in beside {
            values.extend([Value::from(channel.as_bytes()), i64_of(*index).into(), bytes[..].into()]);
        }
        batch.insert(insert, &values)?;
    }
    let mut values = Vec::with_capacity(rows.wraps.len() * WRAPS.columns());
    for (channel, wrap) in &rows.wraps {
        values.extend([
            Value::from(channel.as_bytes()),
            i64_of(wrap.index).into(),
            i64_of(wrap.position).into(),
            wrap.recipient.as_bytes().into(),
            wrap.bytes[..].into(),
        ]);
    }
    batch.insert(&WRAPS, &values)
}

fn citations<'r>(batch: &mut Batch<'r>, rows: &'r NewRows) -> Result<(), DbError> {
    let mut values = Vec::with_capacity(rows.citations.len() * CITATIONS.columns());
    for (file, channel, index) in &rows.citations {
        values.extend([Value::from(file.as_bytes()), channel.as_bytes().into(), i64_of(*index).into()]);
    }
    batch.insert(&CITATIONS, &values)
}

fn releases<'r>(batch: &mut Batch<'r>, rows: &'r NewRows) -> Result<(), DbError> {
    let mut values = Vec::with_capacity(rows.releases.len() * RELEASES.columns());
    let mut files = Vec::new();
    for release in &rows.releases {
        values.extend([
            Value::from(release.publication.as_bytes()),
            i64_of(release.index).into(),
            release.channel.as_bytes().into(),
            release.act_id.as_bytes().into(),
            release.audience.as_str().into(),
            release.state.as_str().into(),
            i64_of(release.generation).into(),
            release.key_material[..].into(),
            release.rendition.as_deref().into(),
            release.heading.as_deref().into(),
        ]);
        for (position, (sha256, file)) in (0_i64..).zip(&release.files) {
            files.extend([
                Value::from(release.publication.as_bytes()),
                i64_of(release.index).into(),
                position.into(),
                sha256.as_bytes().into(),
                file.as_bytes().into(),
            ]);
        }
    }
    batch.insert(&RELEASES, &values)?;
    batch.insert(&RENDITION_FILES, &files)
}
