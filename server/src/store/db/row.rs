//! One row of an answer.

use sqlx::Row as _;
use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;

use super::DbError;

/// A row; its columns are read by their place in the statement, from 0.
pub struct Row(Inner);

enum Inner {
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

macro_rules! optional {
    ($row:expr, $column:expr, $type:ty, $expected:literal) => {
        match &$row.0 {
            Inner::Sqlite(row) => row.try_get::<Option<$type>, _>($column),
            Inner::Postgres(row) => row.try_get::<Option<$type>, _>($column),
        }
        .map_err(|_| DbError::Column { column: $column, expected: $expected })
    };
}

// Not by sqlx's own conversion, which on SQLite reads a null as 0 or as nothing.
macro_rules! present {
    ($row:expr, $column:expr, $type:ty, $expected:literal) => {
        optional!($row, $column, $type, $expected)?
            .ok_or(DbError::Column { column: $column, expected: $expected })
    };
}

impl Row {
    pub(super) fn sqlite(row: SqliteRow) -> Self {
        Self(Inner::Sqlite(row))
    }

    pub(super) fn postgres(row: PgRow) -> Self {
        Self(Inner::Postgres(row))
    }

    /// A `bigint`.
    pub fn i64(&self, column: usize) -> Result<i64, DbError> {
        present!(self, column, i64, "a number")
    }

    /// A `bigint` that counts something.
    pub fn u64(&self, column: usize) -> Result<u64, DbError> {
        u64::try_from(self.i64(column)?).map_err(|_| DbError::Column { column, expected: "a count" })
    }

    /// A `bigint` of 0 or 1.
    pub fn bool(&self, column: usize) -> Result<bool, DbError> {
        match self.i64(column)? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(DbError::Column { column, expected: "0 or 1" }),
        }
    }

    /// A `text`.
    pub fn text(&self, column: usize) -> Result<&str, DbError> {
        present!(self, column, &str, "text")
    }

    /// A `blob`.
    pub fn blob(&self, column: usize) -> Result<&[u8], DbError> {
        present!(self, column, &[u8], "bytes")
    }

    /// A `bigint` that may be absent.
    pub fn optional_i64(&self, column: usize) -> Result<Option<i64>, DbError> {
        optional!(self, column, i64, "a number or null")
    }

    /// A `blob` that may be absent.
    pub fn optional_blob(&self, column: usize) -> Result<Option<&[u8]>, DbError> {
        optional!(self, column, &[u8], "bytes or null")
    }

    /// A `blob` that is an id or a digest.
    pub fn id<'r, T: TryFrom<&'r [u8]>>(&'r self, column: usize) -> Result<T, DbError> {
        T::try_from(self.blob(column)?).map_err(|_| DbError::Column { column, expected: "an id" })
    }
}
