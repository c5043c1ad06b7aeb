//! A demo that was played to its end, shared by every test of a run: it takes most of a minute, and each test
//! works on a copy of its own.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::UNIX_EPOCH;

use chancery_client::home::Home;
use serde_json::Value;
use tempfile::TempDir;

use crate::field::{Server, program};

/// A copy of the played demo. Dropped, it stops its server and goes.
#[derive(Debug)]
pub struct Played {
    /// The server; it is not started with the copy.
    pub server: Option<Server>,
    index: Value,
    folder: TempDir,
}

/// What a program said at its end.
#[derive(Debug)]
pub struct Said {
    /// Its exit code.
    pub exit: i32,
    /// The JSON lines it printed.
    pub lines: Vec<Value>,
    /// `error` of what it printed to stderr, if it was in JSON; null otherwise.
    pub error: Value,
    /// All of stderr.
    pub stderr: String,
}

impl Played {
    /// A copy to work on. The first test of these programs plays the demo, and the others wait for it.
    #[must_use]
    pub fn copy() -> Self {
        let folder = tempfile::Builder::new().prefix("chancery-played-").tempdir().unwrap();
        copy_folder(&original(), folder.path());
        let index = fs::read(folder.path().join("demo.json")).unwrap();
        Self { server: None, index: serde_json::from_slice(&index).unwrap(), folder }
    }

    /// A path in the copy, by its name in the demo's folder.
    #[must_use]
    pub fn path(&self, part: &str) -> PathBuf {
        self.folder.path().join(part)
    }

    /// The home of a role.
    #[must_use]
    pub fn home(&self, role: &str) -> PathBuf {
        self.path("homes").join(role)
    }

    /// The passphrase of a role.
    #[must_use]
    pub fn passphrase(&self, role: &str) -> String {
        let line = fs::read_to_string(self.path("passphrases").join(role)).unwrap();
        line.trim_end().to_owned()
    }

    /// The home of a role, opened.
    #[must_use]
    pub fn open(&self, role: &str) -> Home {
        Home::open(&self.home(role), &self.passphrase(role)).unwrap()
    }

    /// An id that the demo noted.
    #[must_use]
    pub fn id(&self, name: &str) -> &str {
        self.index["ids"][name].as_str().unwrap_or_else(|| panic!("demo.json has no id {name}"))
    }

    /// The planted words, with where each stands: of those made public, or of all others.
    #[must_use]
    pub fn markers(&self, public: bool) -> Vec<(String, String)> {
        let all = self.index["markers"].as_array().unwrap().iter();
        let text = |marker: &Value, name: &str| marker[name].as_str().unwrap().to_owned();
        all.filter(|marker| marker["public"] == public)
            .map(|marker| (text(marker, "word"), text(marker, "place")))
            .collect()
    }

    /// The roles that have homes.
    #[must_use]
    pub fn roles(&self) -> Vec<String> {
        self.index["homes"].as_object().unwrap().keys().cloned().collect()
    }

    /// Starts the server of the copy, at a free port, and tells these homes of it.
    pub fn serve(&mut self, roles: &[&str]) {
        let (data, files) = (self.path("server/data"), self.path("server/files"));
        let mut command = Command::new(program("chancery-server"));
        command.arg("serve").arg("--data").arg(data).arg("--files").arg(files);
        command.args(["--listen", FREE_PORT, "--public-listen", FREE_PORT]);
        let server = Server::spawn(command, &self.path("server/log"));
        let address = server.address().to_string();
        for role in roles {
            let told = |keys: &mut chancery_client::home::Keys| {
                if let Some(server) = &mut keys.server {
                    server.address.clone_from(&address);
                }
            };
            self.open(role).update_keys(told).unwrap();
        }
        self.server = Some(server);
    }

    /// Runs `chancery` as a role.
    #[must_use]
    pub fn run(&self, role: &str, arguments: &[&str]) -> Said {
        self.run_with(role, arguments, "")
    }

    /// As [`Played::run`], with more on standard input after the passphrase.
    #[must_use]
    pub fn run_with(&self, role: &str, arguments: &[&str], input: &str) -> Said {
        let mut command = Command::new(program("chancery"));
        command.arg("--home").arg(self.home(role)).args(["--passphrase-fd", "0", "--json"]).args(arguments);
        finish(command, &format!("{}\n{input}", self.passphrase(role)))
    }

    /// Runs a command of the server's program on the copy's data.
    #[must_use]
    pub fn server_command(&self, name: &str) -> Said {
        let mut command = Command::new(program("chancery-server"));
        let (data, files) = (self.path("server/data"), self.path("server/files"));
        command.arg(name).arg("--data").arg(data).arg("--files").arg(files);
        finish(command, "")
    }
}

/// Runs `chancery` as one who has no home.
#[must_use]
pub fn run_publicly(arguments: &[&str]) -> Said {
    let mut command = Command::new(program("chancery"));
    command.arg("--json").args(arguments);
    finish(command, "")
}

/// Runs a program to its end.
#[must_use]
pub fn finish(mut command: Command, input: &str) -> Said {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // One that reads nothing may be gone already.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    let json = |line: &str| serde_json::from_str::<Value>(line).ok();
    let error = stderr.lines().find_map(|line| json(line)?.get("error").cloned()).unwrap_or_default();
    let lines = String::from_utf8_lossy(&output.stdout).lines().filter_map(json).collect();
    Said { exit: output.status.code().unwrap_or(-1), lines, error, stderr }
}

impl Said {
    /// The lines, if the program succeeded.
    #[must_use]
    pub fn ok(self) -> Vec<Value> {
        assert_eq!(self.exit, 0, "{}", self.stderr);
        self.lines
    }

    /// The exit code and the reason of a refusal.
    #[must_use]
    pub fn refusal(&self) -> (i32, &str) {
        (self.exit, self.error["reason"].as_str().unwrap_or_default())
    }
}

/// The folder of the demo that these very programs have played; played now if no test has yet.
fn original() -> PathBuf {
    let client = program("chancery");
    let server = program("chancery-server");
    let folder = client.parent().and_then(Path::parent).unwrap().join("tmp");
    fs::create_dir_all(&folder).unwrap();
    let lock = File::create(folder.join("played.lock")).unwrap();
    lock.lock().unwrap();
    let played = folder.join(format!("played-{}-{}", made(&client), made(&server)));
    if !played.join("demo.json").is_file() {
        for old in fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap()) {
            if old.file_name().to_string_lossy().starts_with("played-") {
                fs::remove_dir_all(old.path()).unwrap();
            }
        }
        let making = folder.join("played-unfinished");
        let mut command = Command::new(&client);
        command.args(["demo", "--keep"]).arg(&making);
        let said = finish(command, "");
        assert_eq!(said.exit, 0, "the demo: {}", said.stderr);
        // Only a demo that was played to its end has the name by which tests find it.
        fs::rename(making, &played).unwrap();
    }
    played
}

/// When a program was built.
fn made(program: &Path) -> u128 {
    let modified = fs::metadata(program).unwrap().modified().unwrap();
    modified.duration_since(UNIX_EPOCH).unwrap().as_nanos()
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(|entry| entry.unwrap()) {
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_folder(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}

const FREE_PORT: &str = "127.0.0.1:0";
