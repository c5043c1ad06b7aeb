//! Where the database is.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use sqlx::postgres::PgConnectOptions;

use super::DbError;

/// `sqlite:///absolute/path` or `postgres://user:password@host/name`. Neither form prints a password.
#[derive(Clone)]
pub enum DatabaseUrl {
    /// A file, made when it is absent; its folder must exist.
    Sqlite(PathBuf),
    /// A database of a PostgreSQL server.
    Postgres(Box<PgConnectOptions>),
}

impl FromStr for DatabaseUrl {
    type Err = DbError;

    fn from_str(text: &str) -> Result<Self, DbError> {
        if let Some(path) = text.strip_prefix("sqlite://") {
            let path = PathBuf::from(path);
            return if path.is_absolute() { Ok(Self::Sqlite(path)) } else { Err(DbError::Url) };
        }
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            let options = PgConnectOptions::from_str(text).map_err(|_| DbError::Url)?;
            return Ok(Self::Postgres(Box::new(options)));
        }
        Err(DbError::Url)
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite://{}", path.display()),
            Self::Postgres(options) => {
                write!(f, "postgres://{}/{}", options.get_host(), options.get_database().unwrap_or_default())
            }
        }
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DatabaseUrl({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_name_a_database_and_hide_the_password() {
        for (text, expect) in [
            ("sqlite:///var/lib/chancery/chancery.db", Some("sqlite:///var/lib/chancery/chancery.db")),
            ("postgres://app:secret@db.example/chancery", Some("postgres://db.example/chancery")),
            ("sqlite://relative.db", None),
            ("sqlite://:memory:", None),
            ("mysql://host/name", None),
            ("", None),
        ] {
            let shown = text.parse::<DatabaseUrl>().ok().map(|url| url.to_string());
            assert_eq!(shown.as_deref(), expect, "{text}");
        }
        let url: DatabaseUrl = "postgres://app:secret@db.example/chancery".parse().unwrap();
        assert!(!format!("{url:?}").contains("secret"));
    }
}
