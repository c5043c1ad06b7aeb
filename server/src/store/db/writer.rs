//! The one connection that writes to SQLite. Callers queue for it here, in order, and not in SQLite's busy handler.
//!
//! It is not in a pool of sqlx: a pool gives a connection to the next caller only after a task of its own has
//! asked the database whether it is alive, and every post would wait for that.

use std::sync::Arc;
use std::time::Duration;

use sqlx::{Connection as _, Executor as _, Sqlite, SqliteConnection};
use tokio::sync::{Mutex, OwnedMutexGuard};

use super::{DbError, within};

/// The connection, or the place in the queue for it. Cheap to clone.
#[derive(Clone)]
pub(super) struct SqliteWriter(Arc<Mutex<State>>);

struct State {
    /// None once it is closed.
    connection: Option<SqliteConnection>,
    /// Whether a transaction may be open: one that was dropped is undone before the next begins.
    open: bool,
}

/// A transaction, which holds the connection. It begins with its first statement.
pub(super) struct WriterTx(OwnedMutexGuard<State>);

impl SqliteWriter {
    pub(super) fn new(connection: SqliteConnection) -> Self {
        Self(Arc::new(Mutex::new(State { connection: Some(connection), open: false })))
    }

    /// Waits for the connection.
    pub(super) async fn begin(&self, limit: Duration) -> Result<WriterTx, DbError> {
        let work = async {
            let mut state = Arc::clone(&self.0).lock_owned().await;
            if state.open {
                // Whoever had it went away; if the commit was done all the same, there is nothing to undo.
                let _ = run(&mut state, "ROLLBACK").await;
                state.open = false;
            }
            if state.connection.is_none() {
                return Err(sqlx::Error::PoolClosed);
            }
            Ok(WriterTx(state))
        };
        within("begin", limit, Box::pin(work)).await
    }

    /// Prepares a statement, outside a transaction.
    pub(super) async fn prepare(
        &self,
        name: &'static str,
        limit: Duration,
        sql: &'static str,
    ) -> Result<(), DbError> {
        let work = async {
            let mut state = self.0.lock().await;
            let connection = state.connection.as_mut().ok_or(sqlx::Error::PoolClosed)?;
            connection.prepare(sqlx::SqlSafeStr::into_sql_str(sql)).await.map(drop)
        };
        within(name, limit, Box::pin(work)).await
    }

    /// Waits for the transaction that runs, then closes the connection.
    pub(super) async fn close(&self) {
        let connection = self.0.lock().await.connection.take();
        if let Some(connection) = connection {
            // The folding of the write-ahead log into the file is no more than convenient.
            let _ = connection.close().await;
        }
    }
}

impl WriterTx {
    /// The connection, in the transaction.
    pub(super) async fn connection(&mut self) -> Result<&mut SqliteConnection, sqlx::Error> {
        if !self.0.open {
            self.0.open = true;
            run(&mut self.0, BEGIN).await?;
        }
        self.0.connection.as_mut().ok_or(sqlx::Error::PoolClosed)
    }

    /// The connection, and how the next text must start.
    pub(super) fn beginning(&mut self) -> Result<(&mut SqliteConnection, &'static str), sqlx::Error> {
        let first = if self.0.open { "" } else { BEGIN };
        self.0.open = true;
        Ok((self.0.connection.as_mut().ok_or(sqlx::Error::PoolClosed)?, first))
    }

    pub(super) async fn commit(self) -> Result<(), sqlx::Error> {
        self.end("COMMIT").await
    }

    pub(super) async fn rollback(self) -> Result<(), sqlx::Error> {
        self.end("ROLLBACK").await
    }

    async fn end(mut self, sql: &'static str) -> Result<(), sqlx::Error> {
        if self.0.open {
            run(&mut self.0, sql).await?;
            self.0.open = false;
        }
        Ok(())
    }
}

async fn run(state: &mut State, sql: &'static str) -> Result<(), sqlx::Error> {
    let connection = state.connection.as_mut().ok_or(sqlx::Error::PoolClosed)?;
    sqlx::query::<Sqlite>(sql).execute(connection).await.map(drop)
}

const BEGIN: &str = "BEGIN IMMEDIATE;";
