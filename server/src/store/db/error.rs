//! What can go wrong between a statement and its engine.

use sqlx::error::ErrorKind;
use sqlx::migrate::MigrateError;

/// A failed statement, named, without a word of the engine's own text: PostgreSQL quotes values there, and
/// no stored value may reach a log line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DbError {
    /// The outside world: no answer, or no free connection, within the limit. After a commit the outcome
    /// is unknown: look up the act id before trying again.
    #[error("the database did not answer within the limit ({statement})")]
    Timeout {
        /// Name of the statement.
        statement: &'static str,
    },
    /// The outside world: the connection failed.
    #[error("the database cannot be reached ({statement})")]
    Unavailable {
        /// Name of the statement.
        statement: &'static str,
    },
    /// A lost race: nothing was written, the whole transaction may be tried again.
    #[error("another writer held the rows too long ({statement})")]
    Conflict {
        /// Name of the statement.
        statement: &'static str,
    },
    /// Our bug: a constraint refused a row. Constraints are a safety net, not control flow.
    #[error("a constraint refused the rows ({statement})")]
    Constraint {
        /// Name of the statement.
        statement: &'static str,
    },
    /// Our bug: a statement tried to change a row of an insert-only table.
    #[error("the table is insert-only ({statement})")]
    InsertOnly {
        /// Name of the statement.
        statement: &'static str,
    },
    /// The engine refused for a reason of its own (disk full, damaged page, wrong SQL).
    #[error("the database refused with code {code} ({statement})")]
    Engine {
        /// Name of the statement.
        statement: &'static str,
        /// SQLSTATE on PostgreSQL, extended result code on SQLite; empty if there is none.
        code: String,
    },
    /// The file of the database is damaged.
    #[error("the file of the database is damaged ({statement}): stop the server, and restore a backup")]
    Damaged {
        /// Name of the statement.
        statement: &'static str,
    },
    /// Our bug, or a database that someone altered: a column does not hold what the statement promises.
    #[error("column {column} of the row is not {expected}")]
    Column {
        /// Place in the row, from 0.
        column: usize,
        /// What it should hold.
        expected: &'static str,
    },
    /// Our bug: the number of values is not a multiple of the statement's columns.
    #[error("{values} values do not fill whole rows ({statement})")]
    Values {
        /// Name of the statement.
        statement: &'static str,
        /// Values given.
        values: usize,
    },
    /// The database was last opened by a newer release.
    #[error(
        "the database has schema version {version}, which this release does not know; nothing was changed. \
         Start a release that knows it, or restore the backup made before the upgrade"
    )]
    UnknownSchema {
        /// The unknown version.
        version: i64,
    },
    /// A version of the schema is not the one that this release holds under that number.
    #[error("schema version {version} of the database is not the released one; nothing was changed")]
    AlteredSchema {
        /// The altered version.
        version: i64,
    },
    /// The URL does not name a database.
    #[error("a database URL is sqlite:///absolute/path or postgres://user@host/name")]
    Url,
}

impl DbError {
    pub(super) fn from_sqlx(statement: &'static str, error: &sqlx::Error) -> Self {
        match error {
            sqlx::Error::Database(error) => from_engine(statement, error.as_ref()),
            sqlx::Error::PoolTimedOut => Self::Timeout { statement },
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed => Self::Unavailable { statement },
            _ => Self::Engine { statement, code: String::new() },
        }
    }

    pub(super) fn from_migrate(error: &MigrateError) -> Self {
        match error {
            MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => {
                Self::from_sqlx("migrate", error)
            }
            MigrateError::VersionMissing(version) => Self::UnknownSchema { version: *version },
            MigrateError::VersionMismatch(version) | MigrateError::Dirty(version) => {
                Self::AlteredSchema { version: *version }
            }
            _ => Self::Engine { statement: "migrate", code: String::new() },
        }
    }
}

fn from_engine(statement: &'static str, error: &dyn sqlx::error::DatabaseError) -> DbError {
    let code = error.code().unwrap_or_default();
    match code.as_ref() {
        // SQLite: a trigger raised. PostgreSQL: our trigger's restrict_violation.
        "1811" | "23001" => DbError::InsertOnly { statement },
        // SQLite: BUSY and LOCKED with their extended codes. PostgreSQL: serialization failure, deadlock,
        // lock not available.
        "5" | "261" | "517" | "773" | "6" | "262" | "40001" | "40P01" | "55P03" => {
            DbError::Conflict { statement }
        }
        // SQLite: CORRUPT with its extended codes, and NOTADB. PostgreSQL: data or index corrupted.
        "11" | "267" | "523" | "779" | "26" | "XX001" | "XX002" => DbError::Damaged { statement },
        // PostgreSQL: statement_timeout.
        "57014" => DbError::Timeout { statement },
        // PostgreSQL: the server stops, starts, or has no connection left.
        "57P01" | "57P02" | "57P03" | "53300" => DbError::Unavailable { statement },
        _ => match error.kind() {
            ErrorKind::UniqueViolation
            | ErrorKind::ForeignKeyViolation
            | ErrorKind::NotNullViolation
            | ErrorKind::CheckViolation
            | ErrorKind::ExclusionViolation => DbError::Constraint { statement },
            _ => DbError::Engine { statement, code: code.into_owned() },
        },
    }
}
