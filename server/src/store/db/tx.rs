//! One transaction.

use std::time::Duration;

use sqlx::{Postgres, Sqlite, Transaction};

use super::value::{Value, postgres_arguments, sqlite_arguments};
use super::{DbError, InsertRows, Row, Statement, run, within};

/// An open transaction. Dropped without [`Tx::commit`] it rolls back.
#[must_use = "a transaction rolls back when it is dropped"]
pub struct Tx {
    inner: Inner,
    limit: Duration,
    commit_limit: Duration,
}

pub(super) enum Inner {
    Sqlite(Transaction<'static, Sqlite>),
    Postgres(Transaction<'static, Postgres>),
}

impl Tx {
    pub(super) fn new(inner: Inner, limit: Duration, commit_limit: Duration) -> Self {
        Self { inner, limit, commit_limit }
    }

    /// Runs a statement and returns the number of rows it touched, for the caller to check.
    pub async fn execute(&mut self, statement: &Statement, values: &[Value<'_>]) -> Result<u64, DbError> {
        let Statement { name, sql } = *statement;
        match &mut self.inner {
            Inner::Sqlite(tx) => {
                let arguments = sqlite_arguments(values).map_err(|error| DbError::from_sqlx(name, &error))?;
                Ok(run!(Sqlite, arguments, name, sql, self.limit, execute, &mut **tx)?.rows_affected())
            }
            Inner::Postgres(tx) => {
                let arguments =
                    postgres_arguments(values).map_err(|error| DbError::from_sqlx(name, &error))?;
                Ok(run!(Postgres, arguments, name, sql, self.limit, execute, &mut **tx)?.rows_affected())
            }
        }
    }

    /// Reads one row, if there is one; also the row of a `RETURNING`.
    pub async fn row(&mut self, statement: &Statement, values: &[Value<'_>]) -> Result<Option<Row>, DbError> {
        let Statement { name, sql } = *statement;
        match &mut self.inner {
            Inner::Sqlite(tx) => {
                let arguments = sqlite_arguments(values).map_err(|error| DbError::from_sqlx(name, &error))?;
                Ok(run!(Sqlite, arguments, name, sql, self.limit, fetch_optional, &mut **tx)?
                    .map(Row::sqlite))
            }
            Inner::Postgres(tx) => {
                let arguments =
                    postgres_arguments(values).map_err(|error| DbError::from_sqlx(name, &error))?;
                Ok(run!(Postgres, arguments, name, sql, self.limit, fetch_optional, &mut **tx)?
                    .map(Row::postgres))
            }
        }
    }

    /// Reads rows. The statement must have a `LIMIT`, or be bounded by a key.
    pub async fn rows(&mut self, statement: &Statement, values: &[Value<'_>]) -> Result<Vec<Row>, DbError> {
        let Statement { name, sql } = *statement;
        match &mut self.inner {
            Inner::Sqlite(tx) => {
                let arguments = sqlite_arguments(values).map_err(|error| DbError::from_sqlx(name, &error))?;
                let rows = run!(Sqlite, arguments, name, sql, self.limit, fetch_all, &mut **tx)?;
                Ok(rows.into_iter().map(Row::sqlite).collect())
            }
            Inner::Postgres(tx) => {
                let arguments =
                    postgres_arguments(values).map_err(|error| DbError::from_sqlx(name, &error))?;
                let rows = run!(Postgres, arguments, name, sql, self.limit, fetch_all, &mut **tx)?;
                Ok(rows.into_iter().map(Row::postgres).collect())
            }
        }
    }

    /// Inserts the rows that lie one after another in `values`, in as few statements as may be, and returns
    /// the number of rows that went in.
    pub async fn insert_rows(
        &mut self,
        insert: &'static InsertRows,
        values: &[Value<'_>],
    ) -> Result<u64, DbError> {
        if !values.len().is_multiple_of(insert.columns()) {
            return Err(DbError::Values { statement: insert.name(), values: values.len() });
        }
        let mut rest = values;
        let mut inserted = 0;
        while !rest.is_empty() {
            let (statement, rows) = insert.next(rest.len() / insert.columns());
            let (batch, after) = rest.split_at(rows * insert.columns());
            inserted += self.execute(&statement, batch).await?;
            rest = after;
        }
        Ok(inserted)
    }

    /// Marks a place to which [`Tx::undo`] can return. There is one place at a time.
    pub async fn mark(&mut self) -> Result<(), DbError> {
        self.execute(&MARK, &[]).await.map(drop)
    }

    /// Keeps what was written since [`Tx::mark`].
    pub async fn keep(&mut self) -> Result<(), DbError> {
        self.execute(&KEEP, &[]).await.map(drop)
    }

    /// Undoes what was written since [`Tx::mark`]; on PostgreSQL the way on after a failed statement.
    pub async fn undo(&mut self) -> Result<(), DbError> {
        self.execute(&UNDO, &[]).await?;
        self.execute(&KEEP, &[]).await.map(drop)
    }

    /// Makes everything durable. After a [`DbError::Timeout`] or [`DbError::Unavailable`] the outcome is
    /// unknown.
    pub async fn commit(self) -> Result<(), DbError> {
        match self.inner {
            Inner::Sqlite(tx) => within("commit", self.commit_limit, Box::pin(tx.commit())).await,
            Inner::Postgres(tx) => within("commit", self.commit_limit, Box::pin(tx.commit())).await,
        }
    }

    /// Undoes everything and waits until it is undone.
    pub async fn rollback(self) -> Result<(), DbError> {
        match self.inner {
            Inner::Sqlite(tx) => within("rollback", self.limit, Box::pin(tx.rollback())).await,
            Inner::Postgres(tx) => within("rollback", self.limit, Box::pin(tx.rollback())).await,
        }
    }
}

const MARK: Statement = Statement::new("mark", "SAVEPOINT mark");
const KEEP: Statement = Statement::new("keep", "RELEASE SAVEPOINT mark");
const UNDO: Statement = Statement::new("undo", "ROLLBACK TO SAVEPOINT mark");
