//! The seam between the store's statements and the two engines, SQLite and PostgreSQL.
//!
//! One SQL text serves both: `$1` placeholders, `RETURNING`, `ON CONFLICT DO NOTHING`, row-value
//! comparison, and columns of `bigint`, `text` and `blob` (a domain over `bytea` on PostgreSQL).
//! The engines are told apart here and nowhere else, by closed enums. There is no query here.

mod batch;
mod error;
mod migrate;
mod pool;
mod row;
mod source;
mod statement;
#[cfg(test)]
pub(crate) mod testing;
mod tx;
mod url;
mod value;
mod writer;

pub use batch::Batch;
pub use error::DbError;
pub use pool::{Engine, Pool, PoolLimits};
pub use row::Row;
pub use source::Source;
pub use statement::{InsertRows, Statement};
pub use tx::Tx;
pub use url::DatabaseUrl;
pub use value::{Kind, Value};

/// Runs `method` of a query with `sql` and `values` on an executor, within the limit of time.
///
/// A macro, because a function over both engines would need a page of bounds on sqlx's types.
macro_rules! run {
    ($db:ty, $arguments:expr, $name:expr, $sql:expr, $limit:expr, $method:ident, $executor:expr) => {{
        let query = sqlx::query_with::<$db, _>($sql, $arguments);
        // Boxed: sqlx's futures are several KiB each, and every verb that asks would hold all of them.
        $crate::store::db::within($name, $limit, Box::pin(query.$method($executor))).await
    }};
}
use run;

/// Waits for `work` up to `limit`; a slow statement is logged by its name.
#[expect(clippy::disallowed_methods, reason = "measures how long a statement runs, and decides nothing")]
async fn within<T>(
    name: &'static str,
    limit: std::time::Duration,
    work: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, DbError> {
    use tracing::Instrument as _;

    let started = std::time::Instant::now();
    let work = work.instrument(tracing::debug_span!("query", statement = name));
    let outcome = match tokio::time::timeout(limit, work).await {
        Ok(outcome) => outcome.map_err(|error| DbError::from_sqlx(name, &error)),
        Err(_elapsed) => Err(DbError::Timeout { statement: name }),
    };
    let elapsed = started.elapsed();
    if elapsed > SLOW {
        tracing::warn!(statement = name, elapsed_ms = elapsed.as_millis(), "slow query");
    }
    outcome
}

const SLOW: std::time::Duration = std::time::Duration::from_secs(1);

#[cfg(test)]
mod tests;
