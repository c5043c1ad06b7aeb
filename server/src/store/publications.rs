//! Rows of what is opened beyond its channel: beside the entry of a publication log, what opens its post.
//!
//! The log itself, with grants and withdrawals, is in `entry` as every log is. What stands here is served
//! until it is withdrawn, and is then cleared. Here it is only read: an append writes it ([`super::log`]).

use bytes::Bytes;
use chancery_core::act::Rendition;
use chancery_core::id::{ActId, ChannelId, FileId, StateCode};

use super::db::{DbError, Pool, Row, Statement};

/// One disclosure, as lists show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disclosed {
    /// Index of the grant in the publication log.
    pub index: u64,
    /// The `SignedStatement` with the grant.
    pub grant: Bytes,
    /// When it was opened.
    pub log_time_ms: u64,
    /// Index and log time of the withdrawal; none while it is live.
    pub withdrawn: Option<(u64, u64)>,
    /// The rendition without text and files, encoded; only of a live public one.
    pub heading: Option<Bytes>,
}

/// All that is served of one live disclosure, beside its grant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// Channel of the post.
    pub channel: ChannelId,
    /// The post.
    pub act_id: ActId,
    /// Generation of the all-parties key; 0 for the public.
    pub generation: u64,
    /// The revision key, or its wrap.
    pub key_material: Bytes,
    /// The encoded rendition; only of a public one.
    pub rendition: Option<Bytes>,
    /// The sealed body of the post.
    pub body: Bytes,
}

/// Disclosures in the order of the log, from index `start` on; those withdrawn stand as tombstones.
pub async fn page(
    pool: &Pool,
    publication: &ChannelId,
    start: u64,
    most: u32,
) -> Result<Vec<Disclosed>, DbError> {
    let values = [publication.as_bytes().into(), count(start).into(), most.into()];
    pool.rows(&PAGE, &values).await?.iter().map(disclosed).collect()
}

/// One disclosure, and what is served of it while it is live.
pub async fn find(
    pool: &Pool,
    publication: &ChannelId,
    index: u64,
) -> Result<Option<(Disclosed, Option<Opened>)>, DbError> {
    let values = [publication.as_bytes().into(), count(index).into()];
    let Some(row) = pool.row(&READ_RELEASE, &values).await? else { return Ok(None) };
    let summary = disclosed(&row)?;
    let opened = match (row.optional_blob(9)?, summary.withdrawn) {
        (Some(key_material), None) => Some(Opened {
            channel: row.id(6)?,
            act_id: row.id(7)?,
            generation: row.u64(8)?,
            key_material: Bytes::copy_from_slice(key_material),
            rendition: row.optional_blob(10)?.map(Bytes::copy_from_slice),
            body: Bytes::copy_from_slice(row.blob(11)?),
        }),
        _ => None,
    };
    Ok(Some((summary, opened)))
}

/// The States that have opened something in this publication channel, by code.
pub async fn states(pool: &Pool, publication: &ChannelId) -> Result<Vec<StateCode>, DbError> {
    let rows = pool.rows(&LIST_STATES, &[publication.as_bytes().into()]).await?;
    rows.iter().map(|row| state(row, 0)).collect()
}

/// What one State has opened, in the order of the log, from index `start` on.
pub async fn page_of_state(
    pool: &Pool,
    publication: &ChannelId,
    state: StateCode,
    start: u64,
    most: u32,
) -> Result<Vec<Disclosed>, DbError> {
    let values = [publication.as_bytes().into(), state.as_str().into(), count(start).into(), most.into()];
    pool.rows(&PAGE_OF_STATE, &values).await?.iter().map(disclosed).collect()
}

/// The file in clear of an attachment of a live public release.
pub async fn attachment(
    pool: &Pool,
    publication: &ChannelId,
    index: u64,
    position: u32,
) -> Result<Option<FileId>, DbError> {
    let values = [publication.as_bytes().into(), count(index).into(), position.into()];
    pool.row(&READ_ATTACHMENT, &values).await?.map(|row| row.id(0)).transpose()
}

/// What lists show of a rendition, encoded.
#[must_use]
pub fn heading(rendition: &Rendition) -> Bytes {
    let heading = Rendition {
        language: rendition.language,
        title: rendition.title.clone(),
        text: String::new(),
        about: rendition.about.clone(),
        step: rendition.step,
        files: Vec::new(),
    };
    heading.encode().into()
}

fn disclosed(row: &Row) -> Result<Disclosed, DbError> {
    let withdrawn = match row.optional_i64(3)? {
        Some(_) => Some((row.u64(3)?, row.u64(4)?)),
        None => None,
    };
    Ok(Disclosed {
        index: row.u64(0)?,
        grant: Bytes::copy_from_slice(row.blob(1)?),
        log_time_ms: row.u64(2)?,
        withdrawn,
        heading: row.optional_blob(5)?.map(Bytes::copy_from_slice),
    })
}

fn state(row: &Row, column: usize) -> Result<StateCode, DbError> {
    row.text(column)?.parse().map_err(|_| DbError::Column { column, expected: "a State's code" })
}

/// Above every index there can be, so that an index behind it finds nothing.
fn count(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// The columns that [`disclosed`] reads. A macro, for only that joins constant texts.
macro_rules! select_disclosed {
    () => {
        "SELECT release.idx, granted.signed_act, granted.log_time_ms, release.withdrawn_at, \
         withdrawn.log_time_ms, release.heading FROM release \
         JOIN entry AS granted ON granted.channel = release.publication AND granted.idx = release.idx \
         LEFT JOIN entry AS withdrawn \
         ON withdrawn.channel = release.publication AND withdrawn.idx = release.withdrawn_at "
    };
}
const PAGE: Statement = Statement::new(
    "page of disclosures",
    concat!(
        select_disclosed!(),
        "WHERE release.publication = $1 AND release.idx >= $2 ORDER BY release.idx LIMIT $3"
    ),
);
const READ_RELEASE: Statement = Statement::new(
    "read release",
    "SELECT release.idx, granted.signed_act, granted.log_time_ms, release.withdrawn_at, \
     withdrawn.log_time_ms, release.heading, release.channel, release.act_id, release.generation, \
     release.key_material, release.rendition, body.bytes FROM release \
     JOIN entry AS granted ON granted.channel = release.publication AND granted.idx = release.idx \
     JOIN entry AS post ON post.channel = release.channel AND post.act_id = release.act_id \
     JOIN body ON body.channel = post.channel AND body.idx = post.idx \
     LEFT JOIN entry AS withdrawn \
     ON withdrawn.channel = release.publication AND withdrawn.idx = release.withdrawn_at \
     WHERE release.publication = $1 AND release.idx = $2",
);
const LIST_STATES: Statement = Statement::new(
    "list disclosing States",
    "SELECT DISTINCT state FROM release WHERE publication = $1 ORDER BY state LIMIT 1000",
);
const PAGE_OF_STATE: Statement = Statement::new(
    "page of a State's disclosures",
    concat!(
        select_disclosed!(),
        "WHERE release.publication = $1 AND release.state = $2 AND release.idx >= $3 \
         ORDER BY release.idx LIMIT $4"
    ),
);
const READ_ATTACHMENT: Statement = Statement::new(
    "read attachment",
    "SELECT rendition_file.file FROM rendition_file JOIN release \
     ON release.publication = rendition_file.publication AND release.idx = rendition_file.idx \
     WHERE rendition_file.publication = $1 AND rendition_file.idx = $2 AND rendition_file.position = $3 \
     AND release.withdrawn_at IS NULL",
);

#[cfg(test)]
mod tests;
