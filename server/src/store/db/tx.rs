//! One transaction.

use std::time::Duration;

use sqlx::{AssertSqlSafe, Either, Executor as _, Postgres, Sqlite, SqliteConnection, Transaction};
use tokio_stream::StreamExt as _;

use super::value::{Value, postgres_arguments, sqlite_arguments};
use super::writer::WriterTx;
use super::{Batch, DbError, InsertRows, Row, Statement, run, within};

/// An open transaction. Dropped without [`Tx::commit`] it rolls back.
#[must_use = "a transaction rolls back when it is dropped"]
pub struct Tx {
    inner: Inner,
    limit: Duration,
    commit_limit: Duration,
}

pub(super) enum Inner {
    Sqlite(SqliteTx),
    Postgres(Transaction<'static, Postgres>),
}

/// A transaction of one of the connections that only read, or of the one that writes.
pub(super) enum SqliteTx {
    Reader(Transaction<'static, Sqlite>),
    Writer(WriterTx),
}

impl SqliteTx {
    async fn connection(&mut self) -> Result<&mut SqliteConnection, sqlx::Error> {
        match self {
            Self::Reader(tx) => Ok(&mut *tx),
            Self::Writer(tx) => tx.connection().await,
        }
    }

    fn beginning(&mut self) -> Result<(&mut SqliteConnection, &'static str), sqlx::Error> {
        match self {
            Self::Reader(tx) => Ok((&mut *tx, "")),
            Self::Writer(tx) => tx.beginning(),
        }
    }

    /// Runs all statements, as one text, until one has not touched as many rows as it must. What one of them
    /// fails of bears its name.
    async fn run(&mut self, batch: &Batch<'_>) -> Result<Result<bool, DbError>, sqlx::Error> {
        let values: Vec<_> = batch.steps().iter().flat_map(|step| step.values.iter().copied()).collect();
        let arguments = sqlite_arguments(&values)?;
        let (connection, first) = self.beginning()?;
        let query = sqlx::query_with::<Sqlite, _>(AssertSqlSafe(batch.text(first)), arguments);
        let mut outcomes = connection.fetch_many(query);
        let begin = (!first.is_empty()).then_some(("begin", None));
        let steps = batch.steps().iter().map(|step| (step.statement.name, Some(step.rows)));
        for (name, rows) in begin.into_iter().chain(steps) {
            match outcomes.next().await {
                Some(Ok(Either::Left(done))) if rows.is_none_or(|rows| rows == done.rows_affected()) => {}
                Some(Err(error)) => return Ok(Err(DbError::from_sqlx(name, &error))),
                _ => return Ok(Ok(false)),
            }
        }
        Ok(Ok(true))
    }

    async fn commit(self) -> Result<(), sqlx::Error> {
        match self {
            Self::Reader(tx) => tx.commit().await,
            Self::Writer(tx) => tx.commit().await,
        }
    }

    async fn rollback(self) -> Result<(), sqlx::Error> {
        match self {
            Self::Reader(tx) => tx.rollback().await,
            Self::Writer(tx) => tx.rollback().await,
        }
    }
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
                let connection = within("begin", self.limit, Box::pin(tx.connection())).await?;
                Ok(run!(Sqlite, arguments, name, sql, self.limit, execute, connection)?.rows_affected())
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
                let connection = within("begin", self.limit, Box::pin(tx.connection())).await?;
                Ok(run!(Sqlite, arguments, name, sql, self.limit, fetch_optional, connection)?
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
                let connection = within("begin", self.limit, Box::pin(tx.connection())).await?;
                let rows = run!(Sqlite, arguments, name, sql, self.limit, fetch_all, connection)?;
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
        let mut inserted = 0;
        for (statement, values) in insert.statements(values)? {
            inserted += self.execute(&statement, values).await?;
        }
        Ok(inserted)
    }

    /// Runs statements together. False when one did not touch as many rows as it must; the transaction is then
    /// good for nothing but to be undone.
    pub async fn run(&mut self, batch: &Batch<'_>) -> Result<bool, DbError> {
        if let Inner::Sqlite(tx) = &mut self.inner {
            return within(batch.name(), self.limit, Box::pin(tx.run(batch))).await?;
        }
        for step in batch.steps() {
            if self.execute(&step.statement, &step.values).await? != step.rows {
                return Ok(false);
            }
        }
        Ok(true)
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
