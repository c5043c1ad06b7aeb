//! The process of `chancery-server`, and where the programs are.

use std::fs::OpenOptions;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

use chancery_core::id::KeyId;

/// A server that runs. Dropped, it is killed.
#[derive(Debug)]
pub struct Server {
    child: Child,
    listen: SocketAddr,
    public: SocketAddr,
    /// Held open: a server whose output nobody reads would fail.
    _out: BufReader<ChildStdout>,
}

impl Server {
    /// Starts it in its data folder, at `address` or on a free port, and waits for the line that says that it is
    /// ready. What it logs is added to the file `log`.
    #[must_use]
    pub fn start(data: &Path, log: &Path, address: Option<&str>) -> Self {
        let mut command = Command::new(program("chancery-server"));
        command.arg("serve").arg("--data").arg(data);
        command.args(["--listen", address.unwrap_or(FREE_PORT), "--public-listen", FREE_PORT]);
        Self::spawn(command, log)
    }

    /// As [`Server::start`], for any program that says when it is ready in the same words.
    #[must_use]
    pub fn spawn(mut command: Command, log: &Path) -> Self {
        let log_file = OpenOptions::new().create(true).append(true).open(log).unwrap();
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log_file).spawn().unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        out.read_line(&mut line).unwrap();
        let (Some(listen), Some(public)) = (word(&line, "listen="), word(&line, "public=")) else {
            let _ = child.kill();
            let _ = child.wait();
            panic!("the server is not ready: {line:?} {}", std::fs::read_to_string(log).unwrap());
        };
        Self { child, listen, public, _out: out }
    }

    /// Where devices reach it.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.listen
    }

    /// Where its public pages are.
    #[must_use]
    pub const fn public(&self) -> SocketAddr {
        self.public
    }

    /// Its process.
    #[must_use]
    pub fn process(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A program of this workspace, built beside the one that runs.
#[must_use]
pub fn program(name: &str) -> PathBuf {
    let own = std::env::current_exe().unwrap();
    // Tests run in a folder beneath that of the programs.
    let found = own.ancestors().skip(1).take(2).map(|folder| folder.join(name)).find(|path| path.is_file());
    found.unwrap_or_else(|| {
        panic!("{name} is not built; run `cargo build --workspace`, with --release if this is")
    })
}

/// `chancery-server init`: the line that the custodians certify.
pub(super) fn init(data: &Path, root: &KeyId, mechanism: &Path) -> String {
    let mut command = Command::new(program("chancery-server"));
    command.args(["init", "--root", &root.to_string(), "--data"]).arg(data).arg("--mechanism").arg(mechanism);
    run(command).trim().to_owned()
}

/// `chancery-server certify`.
pub(super) fn certify(data: &Path, certificate: &Path) {
    let mut command = Command::new(program("chancery-server"));
    command.args(["certify", "--data"]).arg(data).arg(certificate);
    run(command);
}

fn run(mut command: Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn word(line: &str, name: &str) -> Option<SocketAddr> {
    line.split_whitespace().find_map(|word| word.strip_prefix(name))?.parse().ok()
}

const FREE_PORT: &str = "127.0.0.1:0";
