//! Connections to one database.

use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{ConnectOptions as _, Executor as _, Postgres, Sqlite};

use super::migrate::migrator;
use super::tx::{Inner as TxInner, SqliteTx};
use super::value::{Value, postgres_arguments, sqlite_arguments};
use super::writer::SqliteWriter;
use super::{DatabaseUrl, DbError, Row, Statement, Tx, run, within};

/// Which engine a pool speaks to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// The embedded default.
    Sqlite,
    /// For several replicas of the server.
    Postgres,
}

/// Limits on connections and waits.
#[derive(Debug, Clone, Copy)]
pub struct PoolLimits {
    /// Connections that read at once (SQLite: beside the one that writes; PostgreSQL: all connections).
    pub connections_max: u32,
    /// Longest wait for a free connection.
    pub acquire_max: Duration,
    /// Longest wait for a lock that another writer holds.
    pub lock_max: Duration,
    /// Longest run of one statement; PostgreSQL stops it there, and we stop waiting a second later.
    pub statement_max: Duration,
}

impl Default for PoolLimits {
    fn default() -> Self {
        Self {
            connections_max: 8,
            acquire_max: Duration::from_secs(5),
            lock_max: Duration::from_secs(5),
            statement_max: Duration::from_secs(15),
        }
    }
}

/// The connections to one database. Cheap to clone.
#[derive(Clone)]
pub struct Pool {
    inner: Inner,
    limit: Duration,
    commit_limit: Duration,
}

#[derive(Clone)]
enum Inner {
    /// SQLite takes one writer at a time.
    Sqlite {
        writer: SqliteWriter,
        readers: SqlitePool,
    },
    Postgres(PgPool),
}

impl Pool {
    /// Connects and brings the schema up to date.
    ///
    /// # Errors
    /// [`DbError::UnknownSchema`] and [`DbError::AlteredSchema`] when the database is not of this release;
    /// nothing is changed then.
    pub async fn open(url: &DatabaseUrl, limits: &PoolLimits) -> Result<Self, DbError> {
        let inner = match url {
            DatabaseUrl::Sqlite(path) => open_sqlite(path, limits).await?,
            DatabaseUrl::Postgres(options) => open_postgres(options, limits).await?,
        };
        Ok(Self {
            inner,
            limit: limits.statement_max + SERVER_FIRST,
            // PostgreSQL ends its wait for a standby at `statement_timeout` and calls the commit a success.
            // A receipt must not follow from that: we stop waiting before, and call the outcome unknown.
            commit_limit: limits.statement_max * 3 / 4,
        })
    }

    /// The engine.
    #[must_use]
    pub fn engine(&self) -> Engine {
        match self.inner {
            Inner::Sqlite { .. } => Engine::Sqlite,
            Inner::Postgres(_) => Engine::Postgres,
        }
    }

    /// Begins a transaction that writes: on SQLite it takes the only connection that does, and `BEGIN IMMEDIATE`
    /// goes with the first statement; READ COMMITTED on PostgreSQL, where the first statement takes the lock of
    /// the channel's row.
    pub async fn begin(&self) -> Result<Tx, DbError> {
        let inner = match &self.inner {
            Inner::Sqlite { writer, .. } => {
                TxInner::Sqlite(SqliteTx::Writer(writer.begin(self.limit).await?))
            }
            Inner::Postgres(pool) => {
                TxInner::Postgres(within("begin", self.limit, Box::pin(pool.begin())).await?)
            }
        };
        Ok(Tx::new(inner, self.limit, self.commit_limit))
    }

    /// Begins a transaction whose reads all see one moment. It must not write.
    pub async fn begin_read(&self) -> Result<Tx, DbError> {
        let inner = match &self.inner {
            Inner::Sqlite { readers, .. } => {
                let tx = within("begin read", self.limit, Box::pin(readers.begin())).await?;
                TxInner::Sqlite(SqliteTx::Reader(tx))
            }
            Inner::Postgres(pool) => TxInner::Postgres(
                within(
                    "begin read",
                    self.limit,
                    Box::pin(pool.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")),
                )
                .await?,
            ),
        };
        Ok(Tx::new(inner, self.limit, self.commit_limit))
    }

    /// Reads one row outside a transaction, if there is one.
    pub async fn row(&self, statement: &Statement, values: &[Value<'_>]) -> Result<Option<Row>, DbError> {
        let Statement { name, sql } = *statement;
        match &self.inner {
            Inner::Sqlite { readers, .. } => {
                let arguments = sqlite_arguments(values).map_err(|error| DbError::from_sqlx(name, &error))?;
                Ok(run!(Sqlite, arguments, name, sql, self.limit, fetch_optional, readers)?.map(Row::sqlite))
            }
            Inner::Postgres(pool) => {
                let arguments =
                    postgres_arguments(values).map_err(|error| DbError::from_sqlx(name, &error))?;
                Ok(run!(Postgres, arguments, name, sql, self.limit, fetch_optional, pool)?.map(Row::postgres))
            }
        }
    }

    /// Reads rows outside a transaction. The statement must have a `LIMIT`.
    pub async fn rows(&self, statement: &Statement, values: &[Value<'_>]) -> Result<Vec<Row>, DbError> {
        let Statement { name, sql } = *statement;
        match &self.inner {
            Inner::Sqlite { readers, .. } => {
                let arguments = sqlite_arguments(values).map_err(|error| DbError::from_sqlx(name, &error))?;
                let rows = run!(Sqlite, arguments, name, sql, self.limit, fetch_all, readers)?;
                Ok(rows.into_iter().map(Row::sqlite).collect())
            }
            Inner::Postgres(pool) => {
                let arguments =
                    postgres_arguments(values).map_err(|error| DbError::from_sqlx(name, &error))?;
                let rows = run!(Postgres, arguments, name, sql, self.limit, fetch_all, pool)?;
                Ok(rows.into_iter().map(Row::postgres).collect())
            }
        }
    }

    /// Prepares a statement without running it, to learn that the engine accepts it.
    pub async fn prepare(&self, statement: &Statement) -> Result<(), DbError> {
        let Statement { name, sql } = *statement;
        match &self.inner {
            Inner::Sqlite { writer, .. } => writer.prepare(name, self.limit, sql).await,
            Inner::Postgres(pool) => {
                within(name, self.limit, async {
                    pool.prepare(sqlx::SqlSafeStr::into_sql_str(sql)).await.map(drop)
                })
                .await
            }
        }
    }

    /// Waits for the transactions that run, then closes every connection. On SQLite the last one folds the
    /// write-ahead log into the file.
    pub async fn close(&self) {
        match &self.inner {
            Inner::Sqlite { writer, readers } => {
                readers.close().await;
                writer.close().await;
            }
            Inner::Postgres(pool) => pool.close().await,
        }
    }
}

async fn open_sqlite(path: &std::path::Path, limits: &PoolLimits) -> Result<Inner, DbError> {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        // A receipt is a promise: every commit reaches the disk before it is answered.
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        // Without it REPLACE would delete rows of an insert-only table past its triggers.
        .pragma("recursive_triggers", "ON")
        // What is cleared, as the key of a withdrawn disclosure is, is overwritten in the file.
        .pragma("secure_delete", "ON")
        // Folding the write-ahead log into the file takes two more flushes, for which posts wait: seldom.
        .pragma("wal_autocheckpoint", "4000")
        .busy_timeout(limits.lock_max)
        .statement_cache_capacity(STATEMENTS_CACHED)
        .disable_statement_logging();
    let pool = || SqlitePoolOptions::new().acquire_timeout(limits.acquire_max).test_before_acquire(false);

    let mut writer = within("open", limits.acquire_max, Box::pin(options.connect())).await?;
    migrator(Engine::Sqlite).run(&mut writer).await.map_err(|error| DbError::from_migrate(&error))?;
    let readers = pool().max_connections(limits.connections_max).connect_lazy_with(options.read_only(true));
    Ok(Inner::Sqlite { writer: SqliteWriter::new(writer), readers })
}

async fn open_postgres(options: &PgConnectOptions, limits: &PoolLimits) -> Result<Inner, DbError> {
    let milliseconds = |limit: Duration| limit.as_millis().to_string();
    let options = options
        .clone()
        .application_name("chancery-server")
        .options([
            ("statement_timeout", milliseconds(limits.statement_max)),
            ("lock_timeout", milliseconds(limits.lock_max)),
            // A replica that hangs between two statements must not hold a channel's row for ever.
            ("idle_in_transaction_session_timeout", milliseconds(limits.statement_max)),
        ])
        .statement_cache_capacity(STATEMENTS_CACHED)
        .disable_statement_logging();
    let pool =
        PgPoolOptions::new().max_connections(limits.connections_max).acquire_timeout(limits.acquire_max);
    let pool = within("open", limits.acquire_max, pool.connect_with(options)).await?;
    migrator(Engine::Postgres).run(&pool).await.map_err(|error| DbError::from_migrate(&error))?;
    Ok(Inner::Postgres(pool))
}

/// Prepared statements kept by each connection: all of ours, with every size of the batched inserts.
const STATEMENTS_CACHED: usize = 256;
/// PostgreSQL's own limit comes first, so that a transaction ends there in good order.
const SERVER_FIRST: Duration = Duration::from_secs(1);
