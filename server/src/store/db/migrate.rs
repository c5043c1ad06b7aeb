//! The schema: the shared migrations and one engine's own, merged by version.

use std::borrow::Cow;

use sqlx::SqlSafeStr as _;
use sqlx::migrate::{Migration, MigrationType, Migrator};

use super::pool::Engine;

/// What the engine's database must have been through. sqlx refuses a database with a version that is not
/// in the list (a newer release made it), or with another text under a known version.
pub(super) fn migrator(engine: Engine) -> Migrator {
    let own: &[Source] = match engine {
        Engine::Sqlite => &SQLITE,
        Engine::Postgres => &POSTGRES,
    };
    let mut all: Vec<Migration> = SHARED.iter().chain(own).map(Source::migration).collect();
    all.sort_by_key(|migration| migration.version);
    Migrator::with_migrations(all)
}

struct Source {
    version: i64,
    name: &'static str,
    sql: &'static str,
}

impl Source {
    fn migration(&self) -> Migration {
        let name = Cow::Borrowed(self.name);
        Migration::new(self.version, name, MigrationType::Simple, self.sql.into_sql_str(), false)
    }
}

const SHARED: [Source; 3] = [
    Source { version: 2, name: "tables", sql: include_str!("../../../../migrations/0002_tables.sql") },
    Source {
        version: 4,
        name: "cosignature",
        sql: include_str!("../../../../migrations/0004_cosignature.sql"),
    },
    Source {
        version: 5,
        name: "invitation_rejected",
        sql: include_str!("../../../../migrations/0005_invitation_rejected.sql"),
    },
];

const SQLITE: [Source; 1] = [Source {
    version: 3,
    name: "guards",
    sql: include_str!("../../../../migrations/sqlite/0003_guards.sql"),
}];

const POSTGRES: [Source; 2] = [
    Source { version: 1, name: "blob", sql: include_str!("../../../../migrations/postgres/0001_blob.sql") },
    Source {
        version: 3,
        name: "guards",
        sql: include_str!("../../../../migrations/postgres/0003_guards.sql"),
    },
];

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// Every file of the folder is built in, under its own version, and no version stands twice in a list.
    #[test]
    fn the_lists_hold_every_file() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../migrations");
        for (folder, sources) in [("", &SHARED[..]), ("sqlite", &SQLITE[..]), ("postgres", &POSTGRES[..])] {
            let mut on_disk: Vec<String> = std::fs::read_dir(root.join(folder))
                .unwrap()
                .map(|entry| entry.unwrap().file_name().into_string().unwrap())
                .filter(|name| Path::new(name).extension().is_some_and(|extension| extension == "sql"))
                .collect();
            on_disk.sort();
            let listed: Vec<String> =
                sources.iter().map(|source| format!("{:04}_{}.sql", source.version, source.name)).collect();
            assert_eq!(on_disk, listed, "migrations/{folder}");
        }
        for engine in [Engine::Sqlite, Engine::Postgres] {
            let versions: Vec<i64> = migrator(engine).iter().map(|migration| migration.version).collect();
            assert!(versions.is_sorted_by(|a, b| a < b), "{engine:?}: {versions:?}");
        }
    }
}
