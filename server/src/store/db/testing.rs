//! Databases for tests: every test of the store runs on both engines.
//!
//! PostgreSQL refuses to run as root and must not outlive the tests, so a small shell script, run as an
//! unprivileged user, makes a cluster in a temporary folder and removes it when its standard input ends:
//! when the test process goes, in whatever way, the cluster goes.

use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::MetadataExt as _;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use sqlx::{Connection as _, Executor as _, PgConnection};

use super::{DatabaseUrl, Pool, PoolLimits, Statement};

/// Runs `test` on a fresh database of each engine.
pub(crate) async fn on_both(test: impl AsyncFn(Pool)) {
    let folder = tempfile::tempdir().unwrap();
    let url = DatabaseUrl::Sqlite(folder.path().join("test.db"));
    run(&url, &test).await;
    run(&postgres_url().await, &test).await;
}

async fn run(url: &DatabaseUrl, test: &impl AsyncFn(Pool)) {
    let pool = Pool::open(url, &PoolLimits::default()).await.unwrap();
    // On the heap: a test's future is large.
    Box::pin(test(pool.clone())).await;
    pool.close().await;
}

/// A new, empty database of this process's cluster.
pub(crate) async fn postgres_url() -> DatabaseUrl {
    static NEXT: AtomicU32 = AtomicU32::new(0);

    let cluster = Cluster::shared();
    let name = format!("test_{}", NEXT.fetch_add(1, Ordering::Relaxed));
    let mut connection = PgConnection::connect(&cluster.url("postgres")).await.unwrap();
    connection.execute(sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}"))).await.unwrap();
    connection.close().await.unwrap();
    cluster.url(&name).parse().unwrap()
}

/// A running cluster.
struct Cluster {
    /// Its standard input is the cluster's life line.
    _script: Child,
    socket_folder: String,
}

impl Cluster {
    /// One for the process. A static is never dropped, but its life line is cut when the process ends.
    fn shared() -> &'static Self {
        static CLUSTER: OnceLock<Cluster> = OnceLock::new();
        CLUSTER.get_or_init(Self::start)
    }

    fn start() -> Self {
        let mut script = unprivileged_shell()
            .args(["-c", SCRIPT])
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("a shell");
        let mut line = String::new();
        BufReader::new(script.stdout.take().unwrap()).read_line(&mut line).unwrap();
        match line.trim().split_once(' ') {
            Some(("ready", folder)) => Self { socket_folder: folder.to_owned(), _script: script },
            _ => panic!(
                "These tests need PostgreSQL's initdb and pg_ctl, on PATH or in /usr/lib/postgresql/*/bin. \
                 Install them (apt-get install postgresql) and run the tests again. The cluster said: {line:?}"
            ),
        }
    }

    fn url(&self, database: &str) -> String {
        format!("postgres://test@localhost/{database}?host={}", self.socket_folder)
    }
}

/// A shell as this user, or as one without privileges when this is root.
fn unprivileged_shell() -> Command {
    let probe = tempfile::tempdir().unwrap();
    let root = std::fs::metadata(probe.path()).unwrap().uid() == 0;
    if !root {
        return Command::new("sh");
    }
    let passwd = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let user = if passwd.lines().any(|line| line.starts_with("postgres:")) { "postgres" } else { "nobody" };
    let mut command = Command::new("setpriv");
    command.args(["--reuid", user, "--clear-groups", "sh"]);
    command
}

/// Says `ready <folder>` once the cluster takes connections on a socket in that folder, or why it does not.
const SCRIPT: &str = r#"
for bin in $(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V); do PATH="$bin:$PATH"; done
for program in initdb pg_ctl; do
    command -v $program >/dev/null || { echo "user $(id -u) finds no $program in $PATH"; exit 1; }
done
folder=$(mktemp -d "${TMPDIR:-/tmp}/chancery-pg.XXXXXX") || { echo "no temporary folder"; exit 1; }
# The server and the shell are one session: a signal of the terminal must reach the tests only.
trap '' INT TERM HUP
initdb -D "$folder/data" -U test -A trust -N --no-instructions --no-locale -E UTF8 >"$folder/log" 2>&1 &&
pg_ctl -D "$folder/data" -w -t 60 -l "$folder/log" start >/dev/null 2>&1 \
    -o "-k $folder -c listen_addresses= -c fsync=off -c synchronous_commit=off -c full_page_writes=off \
        -c shared_buffers=16MB -c max_connections=50 -c autovacuum=off" &&
echo "ready $folder" || echo "$(tail -n 1 "$folder/log")"
exec >/dev/null
cat >/dev/null
pg_ctl -D "$folder/data" -m immediate stop >/dev/null 2>&1
rm -rf "$folder"
"#;

/// Prepares every statement of a module on both engines. `source` is the module's own text: a statement
/// that is not in the list is found by its absence.
pub(crate) async fn prepare_all(source: &str, statements: &[Statement]) {
    // Concatenated, so that these words are not counted themselves.
    let made = source.matches(concat!("Statement", "::new(")).count();
    assert_eq!(made, statements.len(), "list every statement");
    on_both(async |pool: Pool| {
        for statement in statements {
            assert_eq!(pool.prepare(statement).await, Ok(()), "{}", statement.name());
        }
    })
    .await;
}
