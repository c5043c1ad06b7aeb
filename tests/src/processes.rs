//! A deployment of real processes in which everything is done by the command line: the server, and a home for
//! everyone, each command a process of its own.

use std::io::Write as _;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use chancery_client::home::Home;
use serde_json::Value;
use tempfile::TempDir;

use crate::detour::Detour;
use crate::faketime::Clock;
use crate::field::program;
use crate::page::page;
use crate::probe::Stored;
use crate::terminal::Terminal;

/// The passphrase of every home.
pub const PASSPHRASE: &str = "correct horse battery staple";

/// A running deployment.
#[derive(Debug)]
pub struct Town {
    folder: TempDir,
    server: Child,
    port: u16,
    public_port: u16,
}

/// What a command said.
#[derive(Debug)]
pub struct Said {
    /// How it ended.
    pub status: ExitStatus,
    /// Its JSON lines.
    pub lines: Vec<Value>,
    /// The error, if it failed.
    pub error: Option<Value>,
    /// What it warned of.
    pub notices: Vec<Value>,
}

/// Who speaks as the root.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Custodians {
    /// One custodian.
    One,
    /// A second one, whose signature is needed where a State objects.
    Two,
    /// A second one, whose signature every act of the root needs.
    TwoAlways,
}

/// Everyone of the usual review of Chile: the officer and four focal points.
pub const FOCAL_POINTS: [(&str, &str, &str); 4] = [
    ("chile", "CL", "latin-america-caribbean"),
    ("kenya", "KE", "africa"),
    ("portugal", "PT", "western-europe-others"),
    ("japan", "JP", "asia-pacific"),
];

impl Town {
    /// Founds a deployment, starts its server, admits everyone and opens the review of Chile: Kenya reviews the
    /// Convention and firearms, Portugal firearms alone. Every channel is begun.
    #[must_use]
    pub fn with_review() -> Self {
        Self::with_review_by(Custodians::One)
    }

    /// As [`Town::with_review`], with a second custodian for objections, whose home is called `second`.
    #[must_use]
    pub fn with_review_by(custodians: Custodians) -> Self {
        let town = Self::founded_by(custodians);
        town.done("root", &["root", "admit-state", "CL", "--group", FOCAL_POINTS[0].2, "--party", PARTY]);
        for (_, state, group) in &FOCAL_POINTS[1..] {
            town.done("root", &["root", "admit-state", state, "--group", group, "--party", PARTY]);
        }
        town.invited("root", &["root", "invite", "--role", "officer", "--team", "NEW"], "officer");
        for (who, state, _) in FOCAL_POINTS {
            town.invited("root", &["root", "invite", "--role", "focal-point", "--state", state], who);
        }
        town.done("root", &["root", "admit", "--all"]);
        for who in ["officer", "chile", "kenya", "portugal", "japan"] {
            town.done(who, &["join"]);
        }
        town.done("officer", &["upkeep"]);
        town.done(
            "officer",
            &[
                "review",
                "open",
                "--state",
                "CL",
                "--instruments",
                "untoc,firearms",
                "--reviewer",
                "KE:untoc,firearms",
                "--reviewer",
                "PT:firearms",
                "--languages",
                "en,es",
            ],
        );
        for who in ["chile", "kenya", "portugal"] {
            town.done(who, &["upkeep"]);
        }
        town
    }

    /// Founds a deployment and starts its server; only the custodians are there.
    #[must_use]
    pub fn founded() -> Self {
        Self::founded_by(Custodians::One)
    }

    /// As [`Town::founded`]; a second custodian's home is called `second`.
    #[must_use]
    pub fn founded_by(custodians: Custodians) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (port, public_port) = (free_port(), free_port());
        let root = run(&mut client(folder.path(), "root", &["root", "init"])).one("root");
        let root = root["root"].as_str().unwrap().to_owned();
        let data = folder.path().join("data");
        let mechanism = Path::new(env!("CARGO_MANIFEST_DIR")).join("../mechanisms/untoc.toml");
        let mut init = Command::new(program("chancery-server"));
        init.arg("init").arg("--data").arg(&data).arg("--root").arg(&root);
        init.arg("--mechanism").arg(&mechanism).arg("--address").arg(format!("127.0.0.1:{port}"));
        let printed = init.output().unwrap();
        assert!(printed.status.success(), "{}", String::from_utf8_lossy(&printed.stderr));
        let printed = String::from_utf8(printed.stdout).unwrap();
        let request =
            printed.split_whitespace().find(|word| word.starts_with("chancery-request-1.")).unwrap();
        let certificate = folder.path().join("certificate");
        let mut certify = client(folder.path(), "root", &["root", "certify", request]);
        certify.arg("--mechanism").arg(&mechanism).arg("--out").arg(&certificate);
        if custodians != Custodians::One {
            let made = run(&mut client(folder.path(), "second", &["root", "init", "--second", &root]));
            certify.arg("--second").arg(made.one("second-custodian")["line"].as_str().unwrap());
        }
        if custodians == Custodians::TwoAlways {
            certify.arg("--second-always");
        }
        run(&mut certify).expect_done();
        let mut install = Command::new(program("chancery-server"));
        install.arg("certify").arg("--data").arg(&data).arg(&certificate);
        install.stdout(Stdio::null()).stderr(Stdio::null());
        assert!(install.status().unwrap().success());
        let server = serve(&data, (port, public_port), Clock::RIGHT);
        Self { folder, server, port, public_port }
    }

    /// Runs a command in somebody's home.
    #[must_use]
    pub fn run(&self, who: &str, args: &[&str]) -> Said {
        run(&mut client(self.folder.path(), who, args))
    }

    /// As [`Town::run`], on a machine with another clock.
    #[must_use]
    pub fn run_at(&self, clock: Clock, who: &str, args: &[&str]) -> Said {
        let mut command = client(self.folder.path(), who, args);
        clock.set(&mut command);
        run(&mut command)
    }

    /// Starts a command in somebody's home at a terminal, where a person is asked.
    #[must_use]
    pub fn at_terminal(&self, who: &str, args: &[&str]) -> Terminal {
        let home = self.home(who);
        let all = [&["--home", home.to_str().unwrap()], args].concat();
        Terminal::start(&program("chancery"), &all)
    }

    /// As [`Town::run`], with a file open on descriptor 3.
    #[must_use]
    pub fn run_with(&self, who: &str, args: &[&str], file: &Path) -> Said {
        let inner = client(self.folder.path(), who, args);
        let mut command = Command::new("sh");
        command.args(["-c", "exec \"$@\" 3<\"$FILE\"", "sh"]).arg(inner.get_program()).args(inner.get_args());
        command.env("FILE", file).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        run(&mut command)
    }

    /// The folder of somebody's home.
    #[must_use]
    pub fn home(&self, who: &str) -> PathBuf {
        self.folder.path().join("homes").join(who)
    }

    /// A path of this deployment.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Fingerprint of the root, as everyone's home has it.
    #[must_use]
    pub fn root(&self) -> String {
        self.run("root", &["root", "show"]).one("deployment")["root"].as_str().unwrap().to_owned()
    }

    /// The keys of somebody's home.
    #[must_use]
    pub fn open_home(&self, who: &str) -> Home {
        Home::open(&self.home(who), PASSPHRASE).unwrap()
    }

    /// Everything that the server keeps, read from its folder.
    #[must_use]
    pub fn stored(&self) -> Stored {
        let root = self.root().parse().unwrap();
        let data = self.path("data");
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(Stored::read(&root, &data, &data.join("files")))
    }

    /// A page for the public: its status and body.
    #[must_use]
    pub fn page(&self, path: &str) -> (u16, Vec<u8>) {
        page(([127, 0, 0, 1], self.public_port).into(), path)
    }

    /// Starts a command in somebody's home, and does not wait for it.
    #[must_use]
    pub fn start(&self, who: &str, args: &[&str]) -> Child {
        start(&mut client(self.folder.path(), who, args))
    }

    /// Runs a command that must be done.
    #[expect(clippy::must_use_candidate, reason = "it is called for what it does")]
    pub fn done(&self, who: &str, args: &[&str]) -> Vec<Value> {
        self.run(who, args).expect_done()
    }

    /// Runs a command that must be refused, with this exit code; gives the reason.
    #[must_use]
    pub fn refused(&self, who: &str, args: &[&str], exit: i32) -> String {
        let said = self.run(who, args);
        assert_eq!(said.status.code(), Some(exit), "{who} {args:?}: {said:?}");
        said.error.unwrap()["reason"].as_str().unwrap().to_owned()
    }

    /// Has `inviter` invite somebody, who answers and waits to be admitted.
    pub fn invited(&self, inviter: &str, args: &[&str], who: &str) {
        let said = self.run(inviter, args).expect_done();
        let line = said.iter().find_map(|line| line["invitation"].as_str()).unwrap().to_owned();
        let said = self.run(who, &["join", "--accept", &line]);
        assert!(said.status.success() || said.status.code() == Some(5), "{said:?}");
    }

    /// The posts of a section, as one reader sees them.
    #[must_use]
    pub fn posts(&self, who: &str, section: &str) -> Vec<Value> {
        let lines = self.done(who, &["thread", section]);
        lines.into_iter().filter(|line| line["kind"] == "post").collect()
    }

    /// Ends the server at once, without a word, and starts it again.
    pub fn crash_server(&mut self) {
        self.stop_server();
        self.start_server();
    }

    /// Ends the server at once; [`Town::start_server`] starts it again.
    pub fn stop_server(&mut self) {
        self.server.kill().unwrap();
        self.server.wait().unwrap();
    }

    /// Starts the server anew behind a road that can be broken. Homes know the road's address for the server's.
    pub fn behind_a_detour(&mut self) -> Detour {
        self.stop_server();
        let road = std::mem::replace(&mut self.port, free_port());
        self.start_server();
        Detour::open(road, self.port)
    }

    /// Copies all that the server keeps, while it is stopped.
    pub fn copy_data(&mut self) {
        self.stop_server();
        copy_folder(&self.folder.path().join("data"), &self.folder.path().join("copy"));
        self.start_server();
    }

    /// Puts the copy back, as an operator would who restores an old backup, or who wishes something unsaid.
    pub fn restore_data(&mut self) {
        self.stop_server();
        std::fs::remove_dir_all(self.folder.path().join("data")).unwrap();
        copy_folder(&self.folder.path().join("copy"), &self.folder.path().join("data"));
        self.start_server();
    }

    /// Starts the server after [`Town::stop_server`].
    pub fn start_server(&mut self) {
        self.start_server_at(Clock::RIGHT);
    }

    /// As [`Town::start_server`], with another clock.
    pub fn start_server_at(&mut self, clock: Clock) {
        self.server = serve(&self.folder.path().join("data"), (self.port, self.public_port), clock);
    }
}

impl Drop for Town {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

impl Said {
    /// The lines of a command that was done.
    #[expect(clippy::must_use_candidate, reason = "it is called for what it does")]
    pub fn expect_done(self) -> Vec<Value> {
        assert!(self.status.success(), "{self:?}");
        self.lines
    }

    /// The one line of a kind.
    #[must_use]
    pub fn one(self, kind: &str) -> Value {
        self.expect_done().into_iter().find(|line| line["kind"] == kind).unwrap()
    }
}

/// What a command that was started has said, once it has ended.
#[must_use]
pub fn wait(child: Child) -> Said {
    let output = child.wait_with_output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let parse = |line: &str| serde_json::from_str::<Value>(line).ok();
    let told: Vec<Value> = text(&output.stderr).lines().filter_map(parse).collect();
    let of = |kind: &str| told.iter().filter_map(|line| line.get(kind).cloned()).collect::<Vec<_>>();
    Said {
        status: output.status,
        lines: text(&output.stdout).lines().map(|line| parse(line).unwrap()).collect(),
        error: of("error").pop(),
        notices: of("notice"),
    }
}

const PARTY: &str = "untoc,tip,som,firearms";

fn run(command: &mut Command) -> Said {
    wait(start(command))
}

fn start(command: &mut Command) -> Child {
    let mut child = command.spawn().unwrap();
    // One that needs no passphrase may have ended already.
    let _ = writeln!(child.stdin.take().unwrap(), "{PASSPHRASE}");
    child
}

fn client(folder: &Path, who: &str, args: &[&str]) -> Command {
    let mut command = Command::new(program("chancery"));
    command
        .arg("--home")
        .arg(folder.join("homes").join(who))
        .args(["--json", "--passphrase-fd", "0"])
        .args(args);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn serve(data: &Path, (port, public_port): (u16, u16), clock: Clock) -> Child {
    let mut command = Command::new(program("chancery-server"));
    command.arg("serve").arg("--data").arg(data);
    command.args([
        "--listen",
        &format!("127.0.0.1:{port}"),
        "--public-listen",
        &format!("127.0.0.1:{public_port}"),
    ]);
    clock.set(&mut command);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    until(Duration::from_secs(30), || {
        assert!(child.try_wait().unwrap().is_none(), "the server ended");
        TcpStream::connect(("127.0.0.1", port)).is_ok()
    });
    child
}

/// Waits for a condition.
pub fn until(limit: Duration, mut holds: impl FnMut() -> bool) {
    #[expect(clippy::disallowed_methods, reason = "a limit for a test that hangs")]
    let end = Instant::now() + limit;
    while !holds() {
        #[expect(clippy::disallowed_methods, reason = "a limit for a test that hangs")]
        let now = Instant::now();
        assert!(now < end, "it did not come about in {limit:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_folder(&entry.path(), &to);
        } else {
            std::fs::copy(entry.path(), to).unwrap();
        }
    }
}

fn free_port() -> u16 {
    TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port()
}
