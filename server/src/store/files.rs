//! Rows of files, their parts and what cites them. The bytes themselves are in [`crate::blobs`].
//!
//! An append claims the files that it cites, and the collection of garbage dooms files that nothing cites.
//! Both change the file's own row first, so one waits for the other, on both engines, and then finds what
//! the other left: a file is cited or removed, never both.

use chancery_core::file::FileUse;
use chancery_core::id::{ChannelId, Digest, FileId, UserId};

use super::db::{DbError, Pool, Row, Source, Statement, Tx, Value};

/// How far a file has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileState {
    /// Parts are missing.
    Open,
    /// Every part is durable.
    Complete,
    /// Its parts are being removed.
    Doomed,
}

/// A file, as its row has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Id.
    pub id: FileId,
    /// The only channel whose acts may cite it.
    pub channel: ChannelId,
    /// Who uploads it.
    pub uploader: UserId,
    /// Bytes in all.
    pub length_bytes: u64,
    /// What it is for.
    pub usage: FileUse,
    /// Parts that are durable.
    pub received_parts: u32,
    /// How far it has come.
    pub state: FileState,
}

/// A new file.
#[derive(Debug, Clone, Copy)]
pub struct NewFile {
    /// Id.
    pub id: FileId,
    /// Its channel.
    pub channel: ChannelId,
    /// Who uploads it.
    pub uploader: UserId,
    /// Bytes in all.
    pub length_bytes: u64,
    /// What it is for.
    pub usage: FileUse,
    /// Whether it has no part at all, and so is complete.
    pub empty: bool,
}

/// A part that has become durable.
#[derive(Debug, Clone, Copy)]
pub struct NewPart {
    /// The file.
    pub file: FileId,
    /// Its number.
    pub part: u32,
    /// SHA-256 of its bytes.
    pub sha256: Digest,
    /// Its length.
    pub length_bytes: u64,
    /// Whether the file is complete with it.
    pub completes: bool,
}

/// Enters a file, unless its id is taken; `false` then.
pub async fn insert(tx: &mut Tx, file: &NewFile, now_ms: u64) -> Result<bool, DbError> {
    let sha256 = match &file.usage {
        FileUse::Sealed => None,
        FileUse::Rendition(sha256) => Some(&sha256.as_bytes()[..]),
    };
    let values = [
        file.id.as_bytes().into(),
        file.channel.as_bytes().into(),
        file.uploader.as_bytes().into(),
        i64_of(file.length_bytes).into(),
        sha256.is_some().into(),
        sha256.into(),
        file.empty.into(),
        i64_of(now_ms).into(),
    ];
    Ok(tx.execute(&INSERT_FILE, &values).await? == 1)
}

/// A file.
pub async fn find(source: &mut Source<'_>, file: &FileId) -> Result<Option<File>, DbError> {
    source.row(&READ_FILE, &[file.as_bytes().into()]).await?.map(|row| file_of(&row)).transpose()
}

/// Unfinished uploads of one person.
pub async fn open_uploads(tx: &mut Tx, uploader: &UserId) -> Result<u64, DbError> {
    let row = tx.row(&COUNT_OPEN, &[uploader.as_bytes().into()]).await?;
    row.map_or(Ok(0), |row| row.u64(0))
}

/// The SHA-256 of a part that is durable.
pub async fn part(source: &mut Source<'_>, file: &FileId, part: u32) -> Result<Option<Digest>, DbError> {
    source.row(&READ_PART, &[file.as_bytes().into(), part.into()]).await?.map(|row| row.id(0)).transpose()
}

/// Counts a durable part, if it is the next one of an open file; `false` otherwise, and nothing is changed.
pub async fn receive_part(tx: &mut Tx, part: &NewPart, now_ms: u64) -> Result<bool, DbError> {
    let file = Value::from(part.file.as_bytes());
    let counts = [file, part.part.into(), i64_of(now_ms).into(), part.completes.into()];
    if tx.execute(&COUNT_PART, &counts).await? == 0 {
        return Ok(false);
    }
    let row = [file, part.part.into(), part.sha256.as_bytes().into(), i64_of(part.length_bytes).into()];
    tx.execute(&INSERT_PART, &row).await?;
    Ok(true)
}

/// Calls an open file complete; `false` if it is not open with that many parts.
pub async fn complete(tx: &mut Tx, file: &FileId, parts: u32) -> Result<bool, DbError> {
    Ok(tx.execute(&COMPLETE_FILE, &[file.as_bytes().into(), parts.into()]).await? == 1)
}

/// Takes hold of the files that acts of this transaction mean to cite, and returns those that there are, in
/// no order. None of them is removed before the transaction ends, nor a day after.
pub async fn claim(tx: &mut Tx, files: &[FileId], now_ms: u64) -> Result<Vec<File>, DbError> {
    let mut found = Vec::with_capacity(files.len());
    for ids in files.chunks(IDS) {
        let mut values: Vec<Value<'_>> = vec![i64_of(now_ms).into()];
        // A shorter list repeats its last.
        values.extend((0..IDS).map(|n| Value::from(ids[n.min(ids.len() - 1)].as_bytes())));
        for row in tx.rows(&CLAIM_FILES, &values).await? {
            found.push(file_of(&row)?);
        }
    }
    Ok(found)
}

/// Takes hold, as [`claim`] does, of a complete file in clear of the channel with this hash and length.
pub async fn claim_clear(
    tx: &mut Tx,
    channel: &ChannelId,
    (sha256, length_bytes): (&Digest, u64),
    now_ms: u64,
) -> Result<Option<FileId>, DbError> {
    let values = [
        i64_of(now_ms).into(),
        channel.as_bytes().into(),
        sha256.as_bytes().into(),
        i64_of(length_bytes).into(),
    ];
    tx.row(&CLAIM_CLEAR_FILE, &values).await?.map(|row| row.id(0)).transpose()
}

/// Whether some act cites the file. A file's channel is that of the acts that cite it.
pub async fn is_cited(pool: &Pool, file: &FileId) -> Result<bool, DbError> {
    Ok(pool.row(&READ_CITATION, &[file.as_bytes().into()]).await?.is_some())
}

/// Whether a post that cites the file is open in this publication channel at present.
pub async fn is_opened(pool: &Pool, publication: &ChannelId, file: &FileId) -> Result<bool, DbError> {
    let values = [publication.as_bytes().into(), file.as_bytes().into()];
    Ok(pool.row(&READ_OPENED, &values).await?.is_some())
}

/// Whether the file is an attachment of a live public release.
pub async fn is_in_rendition(pool: &Pool, file: &FileId) -> Result<bool, DbError> {
    Ok(pool.row(&READ_RENDITION_FILE, &[file.as_bytes().into()]).await?.is_some())
}

/// Files that nothing cites and nobody touched since `before_ms`, the oldest first.
pub async fn garbage(pool: &Pool, before_ms: u64, most: u32) -> Result<Vec<FileId>, DbError> {
    let rows = pool.rows(&LIST_GARBAGE, &[i64_of(before_ms).into(), most.into()]).await?;
    rows.iter().map(|row| row.id(0)).collect()
}

/// Takes an uncited file, untouched since `before_ms`, out of use; `false` if it is not so any more. From
/// the commit on nothing is added to it and nothing can cite it, and its parts may be removed.
pub async fn doom(tx: &mut Tx, file: &FileId, before_ms: u64) -> Result<bool, DbError> {
    Ok(tx.execute(&DOOM_FILE, &[file.as_bytes().into(), i64_of(before_ms).into()]).await? == 1)
}

/// Takes an open file, whose bytes are not what was announced, out of use at once.
pub async fn doom_open(tx: &mut Tx, file: &FileId) -> Result<bool, DbError> {
    Ok(tx.execute(&DOOM_OPEN_FILE, &[file.as_bytes().into()]).await? == 1)
}

/// Removes the rows of a doomed file, whose parts are gone.
pub async fn remove(tx: &mut Tx, file: &FileId) -> Result<(), DbError> {
    for statement in [&DELETE_RENDITION_FILES, &DELETE_PARTS, &DELETE_FILE] {
        tx.execute(statement, &[file.as_bytes().into()]).await?;
    }
    Ok(())
}

/// The files whose ids begin with the byte `first` and come after `after`, in order of id.
pub async fn page(pool: &Pool, first: u8, after: Option<FileId>, most: u32) -> Result<Vec<File>, DbError> {
    let bound = |fill: u8| {
        let mut id = [fill; FileId::LEN_BYTES];
        id[0] = first;
        FileId::new(id)
    };
    let (from, to) = (after.unwrap_or(bound(0)), bound(0xff));
    let values = [from.as_bytes().into(), after.is_none().into(), to.as_bytes().into(), most.into()];
    pool.rows(&PAGE, &values).await?.iter().map(file_of).collect()
}

/// The number and length of each part of a file, in order, for the check of store against database.
pub async fn parts(pool: &Pool, file: &FileId) -> Result<Vec<(u32, u64)>, DbError> {
    let rows = pool.rows(&LIST_PARTS, &[file.as_bytes().into()]).await?;
    rows.iter().map(|row| Ok((part_number(row, 0)?, row.u64(1)?))).collect()
}

fn file_of(row: &Row) -> Result<File, DbError> {
    let usage = match row.optional_blob(4)? {
        None => FileUse::Sealed,
        Some(_) => FileUse::Rendition(row.id(4)?),
    };
    let state = match (row.bool(6)?, row.bool(7)?) {
        (_, true) => FileState::Doomed,
        (true, false) => FileState::Complete,
        (false, false) => FileState::Open,
    };
    Ok(File {
        id: row.id(0)?,
        channel: row.id(1)?,
        uploader: row.id(2)?,
        length_bytes: row.u64(3)?,
        usage,
        received_parts: part_number(row, 5)?,
        state,
    })
}

fn part_number(row: &Row, column: usize) -> Result<u32, DbError> {
    u32::try_from(row.i64(column)?).map_err(|_| DbError::Column { column, expected: "a number of parts" })
}

/// The database's `bigint` for a number that stays far below its bound.
fn i64_of(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// Ids in one statement.
const IDS: usize = 8;

const INSERT_FILE: Statement = Statement::new(
    "insert file",
    "INSERT INTO file (id, channel, uploader, sealed_length, clear, sha256, complete, touched_ms) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING",
);
const READ_FILE: Statement = Statement::new(
    "read file",
    "SELECT id, channel, uploader, sealed_length, sha256, received_parts, complete, doomed \
     FROM file WHERE id = $1",
);
const COUNT_OPEN: Statement = Statement::new(
    "count open uploads",
    "SELECT count(*) FROM file WHERE uploader = $1 AND complete = 0 AND doomed = 0",
);
const READ_PART: Statement =
    Statement::new("read file part", "SELECT sha256 FROM file_part WHERE file = $1 AND part = $2");
const COUNT_PART: Statement = Statement::new(
    "count file part",
    "UPDATE file SET received_parts = received_parts + 1, touched_ms = $3, complete = $4 \
     WHERE id = $1 AND received_parts = $2 AND complete = 0 AND doomed = 0",
);
const INSERT_PART: Statement = Statement::new(
    "insert file part",
    "INSERT INTO file_part (file, part, sha256, length) VALUES ($1, $2, $3, $4)",
);
const COMPLETE_FILE: Statement = Statement::new(
    "complete file",
    "UPDATE file SET complete = 1 WHERE id = $1 AND received_parts = $2 AND complete = 0 AND doomed = 0",
);
const CLAIM_FILES: Statement = Statement::new(
    "claim files",
    "UPDATE file SET touched_ms = $1 WHERE id IN ($2, $3, $4, $5, $6, $7, $8, $9) AND doomed = 0 \
     RETURNING id, channel, uploader, sealed_length, sha256, received_parts, complete, doomed",
);
const CLAIM_CLEAR_FILE: Statement = Statement::new(
    "claim clear file",
    "UPDATE file SET touched_ms = $1 WHERE complete = 1 AND id = \
     (SELECT id FROM file WHERE channel = $2 AND sha256 = $3 AND sealed_length = $4 AND complete = 1 \
      ORDER BY id LIMIT 1) RETURNING id",
);
const READ_CITATION: Statement =
    Statement::new("read citation", "SELECT idx FROM citation WHERE file = $1 LIMIT 1");
const READ_OPENED: Statement = Statement::new(
    "read opened file",
    "SELECT release.idx FROM citation \
     JOIN entry ON entry.channel = citation.channel AND entry.idx = citation.idx \
     JOIN release ON release.channel = entry.channel AND release.act_id = entry.act_id \
     WHERE citation.file = $2 AND release.publication = $1 AND release.withdrawn_at IS NULL LIMIT 1",
);
const READ_RENDITION_FILE: Statement = Statement::new(
    "read rendition file",
    "SELECT release.idx FROM rendition_file JOIN release \
     ON release.publication = rendition_file.publication AND release.idx = rendition_file.idx \
     WHERE rendition_file.file = $1 AND release.withdrawn_at IS NULL LIMIT 1",
);
const LIST_GARBAGE: Statement = Statement::new(
    "list garbage",
    "SELECT id FROM file WHERE touched_ms < $1 \
     AND NOT EXISTS (SELECT idx FROM citation WHERE citation.file = file.id) \
     AND NOT EXISTS (SELECT release.idx FROM rendition_file JOIN release \
         ON release.publication = rendition_file.publication AND release.idx = rendition_file.idx \
         WHERE rendition_file.file = file.id AND release.withdrawn_at IS NULL) \
     ORDER BY touched_ms, id LIMIT $2",
);
// INVARIANT: whoever cites the file claims it first, and so moves `touched_ms`. PostgreSQL, after it has
// waited for that row, looks at the row anew, but not at the other tables.
const DOOM_FILE: Statement = Statement::new(
    "doom file",
    "UPDATE file SET complete = 0, doomed = 1 WHERE id = $1 AND touched_ms < $2 \
     AND NOT EXISTS (SELECT idx FROM citation WHERE citation.file = file.id) \
     AND NOT EXISTS (SELECT release.idx FROM rendition_file JOIN release \
         ON release.publication = rendition_file.publication AND release.idx = rendition_file.idx \
         WHERE rendition_file.file = file.id AND release.withdrawn_at IS NULL)",
);
const DOOM_OPEN_FILE: Statement =
    Statement::new("doom open file", "UPDATE file SET doomed = 1 WHERE id = $1 AND complete = 0");
const DELETE_RENDITION_FILES: Statement = Statement::new(
    "delete rendition files",
    "DELETE FROM rendition_file WHERE file = $1 \
     AND EXISTS (SELECT id FROM file WHERE id = $1 AND doomed = 1)",
);
const DELETE_PARTS: Statement = Statement::new(
    "delete file parts",
    "DELETE FROM file_part WHERE file = $1 AND EXISTS (SELECT id FROM file WHERE id = $1 AND doomed = 1)",
);
const DELETE_FILE: Statement = Statement::new("delete file", "DELETE FROM file WHERE id = $1 AND doomed = 1");
const PAGE: Statement = Statement::new(
    "page of files",
    "SELECT id, channel, uploader, sealed_length, sha256, received_parts, complete, doomed FROM file \
     WHERE (id > $1 OR (id = $1 AND $2 = 1)) AND id <= $3 ORDER BY id LIMIT $4",
);
// Bounded by the key: a file has `FILE_PARTS_MAX` parts at most.
const LIST_PARTS: Statement =
    Statement::new("list file parts", "SELECT part, length FROM file_part WHERE file = $1 ORDER BY part");

#[cfg(test)]
mod tests;
