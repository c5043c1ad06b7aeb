//! The stage of the demo: the server's process, a home and a process for each role, and what they answer.
//!
//! Everything is done by the two programs as anyone would run them; nothing here reaches into them.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use chancery_seal::random::make_bytes;
use serde_json::Value;

use super::DemoError;

/// One role: a person, or the custodians, with a home and a passphrase of their own.
#[derive(Debug, Clone)]
pub(crate) struct Role {
    /// How the transcript names the role.
    pub(crate) title: &'static str,
    /// Name of the home's folder.
    pub(crate) name: &'static str,
}

/// What a command that was refused said.
#[derive(Debug, Clone)]
pub(crate) struct Refusal {
    /// Exit code.
    pub(crate) exit: i32,
    /// Reason code.
    pub(crate) reason: String,
    /// Paragraph of the source.
    pub(crate) paragraph: Option<u64>,
    /// What happened.
    pub(crate) message: String,
    /// Where a verification failed.
    pub(crate) at: Option<String>,
}

/// The folder of one demo and the programs in it.
#[derive(Debug)]
pub(crate) struct Stage {
    folder: PathBuf,
    client: PathBuf,
    server: PathBuf,
    running: Option<Running>,
}

/// The running server; ended when dropped.
#[derive(Debug)]
struct Running {
    process: Child,
    listen: SocketAddr,
    public: SocketAddr,
}

impl Stage {
    /// A stage in an empty folder. `client` is this very program; the server stands beside it.
    pub(crate) fn new(folder: PathBuf, client: PathBuf) -> Result<Self, DemoError> {
        let server = client.with_file_name(format!("chancery-server{}", std::env::consts::EXE_SUFFIX));
        if !server.is_file() {
            return Err(DemoError::NoServer { path: server });
        }
        for part in ["homes", "passphrases", "server", "documents", "bundles"] {
            make_folder(&folder.join(part))?;
        }
        Ok(Self { folder, client, server, running: None })
    }

    /// A path of this demo.
    pub(crate) fn path(&self, part: &str) -> PathBuf {
        self.folder.join(part)
    }

    /// The role's home.
    pub(crate) fn home(&self, role: &Role) -> PathBuf {
        self.folder.join("homes").join(role.name)
    }

    /// The file with the role's passphrase.
    pub(crate) fn passphrase_file(&self, role: &Role) -> PathBuf {
        self.folder.join("passphrases").join(role.name)
    }

    /// Address of the people's listener.
    pub(crate) fn listen(&self) -> Result<SocketAddr, DemoError> {
        self.running.as_ref().map(|running| running.listen).ok_or(DemoError::NotRunning)
    }

    /// Address of the public page.
    pub(crate) fn public(&self) -> Result<SocketAddr, DemoError> {
        self.running.as_ref().map(|running| running.public).ok_or(DemoError::NotRunning)
    }

    /// Gives a role a random passphrase, in a file that only this user reads.
    pub(crate) fn cast(&self, role: &Role) -> Result<(), DemoError> {
        let passphrase = hex::encode(make_bytes::<12>()?);
        let file = self.passphrase_file(role);
        let mut options = fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options
            .open(&file)
            .and_then(|mut out| writeln!(out, "{passphrase}"))
            .map_err(|error| DemoError::file(&file, &error))
    }

    /// Runs `chancery` as a role and returns its JSON lines.
    pub(crate) fn run(&self, role: &Role, arguments: &[&str]) -> Result<Vec<Value>, DemoError> {
        match self.attempt(role, arguments)? {
            Ok(lines) => Ok(lines),
            Err(refusal) => Err(unexpected(role.title, arguments, &refusal)),
        }
    }

    /// Runs `chancery` as a role, where it must be refused for this reason.
    pub(crate) fn refused(
        &self,
        role: &Role,
        arguments: &[&str],
        reason: &str,
    ) -> Result<Refusal, DemoError> {
        match self.attempt(role, arguments)? {
            Err(refusal) if refusal.reason == reason => Ok(refusal),
            Err(refusal) => Err(unexpected(role.title, arguments, &refusal)),
            Ok(_) => Err(DemoError::NotRefused { who: role.title, command: arguments.join(" ") }),
        }
    }

    /// Enrols a role: the invitation goes to the program's standard input, never among its arguments.
    pub(crate) fn join(&self, role: &Role, invitation: &str) -> Result<(), DemoError> {
        let input = format!("{invitation}\n{}", self.passphrase(role)?);
        let mut command = self.client_of(role);
        command.args(["join", "-", "--accept"]);
        match finish(command, &input, &self.client)? {
            Ok(_) => Ok(()),
            Err(refusal) => Err(unexpected(role.title, &["join"], &refusal)),
        }
    }

    fn attempt(&self, role: &Role, arguments: &[&str]) -> Result<Result<Vec<Value>, Refusal>, DemoError> {
        let mut command = self.client_of(role);
        command.args(arguments);
        finish(command, &self.passphrase(role)?, &self.client)
    }

    fn client_of(&self, role: &Role) -> Command {
        let mut command = Command::new(&self.client);
        command.arg("--home").arg(self.home(role)).args(["--passphrase-fd", "0", "--json"]);
        command
    }

    fn passphrase(&self, role: &Role) -> Result<String, DemoError> {
        let file = self.passphrase_file(role);
        fs::read_to_string(&file).map_err(|error| DemoError::file(&file, &error))
    }

    /// Runs `chancery` as one who has no home and no account.
    pub(crate) fn run_public(&self, arguments: &[&str]) -> Result<Vec<Value>, DemoError> {
        self.publicly(arguments)?.map_err(|refusal| unexpected("the public", arguments, &refusal))
    }

    /// Runs `chancery` as one without an account, where verification must fail; returns what it said.
    pub(crate) fn fails_to_verify(&self, arguments: &[&str]) -> Result<Refusal, DemoError> {
        match self.publicly(arguments)? {
            Err(refusal) if refusal.exit == 6 => Ok(refusal),
            Err(refusal) => Err(unexpected("a verifier", arguments, &refusal)),
            Ok(_) => Err(DemoError::NotRefused { who: "a verifier", command: arguments.join(" ") }),
        }
    }

    fn publicly(&self, arguments: &[&str]) -> Result<Result<Vec<Value>, Refusal>, DemoError> {
        let mut command = Command::new(&self.client);
        command.arg("--json").args(arguments);
        finish(command, "", &self.client)
    }

    /// Runs a command of the server's program and returns what it printed.
    pub(crate) fn server_command(&self, arguments: &[&str]) -> Result<String, DemoError> {
        let output = Command::new(&self.server)
            .args(arguments)
            .stdin(Stdio::null())
            .output()
            .map_err(|error| DemoError::file(&self.server, &error))?;
        if output.status.success() {
            Ok(String::from_utf8_lossy(&output.stdout).into_owned())
        } else {
            Err(DemoError::Unexpected {
                who: "the operator",
                command: arguments.join(" "),
                said: String::from_utf8_lossy(&output.stderr).into_owned(),
            })
        }
    }

    /// Starts the server and waits until it says that it is ready.
    pub(crate) fn serve(&mut self, listen: SocketAddr) -> Result<(), DemoError> {
        let log = self.path("server/log");
        let log = fs::File::create(&log).map_err(|error| DemoError::file(&log, &error))?;
        let mut process = Command::new(&self.server)
            .arg("serve")
            .arg("--data")
            .arg(self.path("server/data"))
            .arg("--files")
            .arg(self.path("server/files"))
            .args(["--listen", &listen.to_string(), "--public-listen", "127.0.0.1:0"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .map_err(|error| DemoError::file(&self.server, &error))?;
        let mut line = String::new();
        if let Some(out) = process.stdout.take() {
            let _ = BufReader::new(out).read_line(&mut line);
        }
        let address =
            |name: &str| line.split_whitespace().find_map(|word| word.strip_prefix(name)?.parse().ok());
        if let (Some(listen), Some(public)) = (address("listen="), address("public=")) {
            self.running = Some(Running { process, listen, public });
            return Ok(());
        }
        let _ = process.kill();
        let _ = process.wait();
        Err(DemoError::ServerFailed { log: self.path("server/log") })
    }

    /// Writes a file of the demo.
    pub(crate) fn write(&self, part: &str, bytes: &[u8]) -> Result<PathBuf, DemoError> {
        let file = self.path(part);
        fs::File::create(&file)
            .and_then(|mut out| out.write_all(bytes))
            .map_err(|error| DemoError::file(&file, &error))?;
        Ok(file)
    }
}

impl Drop for Running {
    /// Asks the server to stop, as a service manager would, and ends it where nobody can be asked.
    fn drop(&mut self) {
        let asked = cfg!(unix)
            && Command::new("kill")
                .arg(self.process.id().to_string())
                .status()
                .is_ok_and(|status| status.success());
        if !asked {
            let _ = self.process.kill();
        }
        let _ = self.process.wait();
    }
}

fn unexpected(who: &'static str, arguments: &[&str], refusal: &Refusal) -> DemoError {
    let Refusal { exit, reason, message, .. } = refusal;
    let said = format!("exit {exit}, {reason}: {message}");
    DemoError::Unexpected { who, command: arguments.join(" "), said }
}

/// Runs a client to its end: its JSON lines, or how it refused.
fn finish(
    mut command: Command,
    input: &str,
    program: &Path,
) -> Result<Result<Vec<Value>, Refusal>, DemoError> {
    let failed = |error: std::io::Error| DemoError::file(program, &error);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(failed)?;
    if let Some(mut stdin) = child.stdin.take() {
        // A program that needs no input may be gone already.
        let _ = stdin.write_all(input.as_bytes());
    }
    let output = child.wait_with_output().map_err(failed)?;
    if output.status.success() {
        let lines = String::from_utf8_lossy(&output.stdout);
        let lines =
            lines.lines().map(|line| serde_json::from_str(line).map_err(|_| DemoError::Answer("JSON lines")));
        return Ok(Ok(lines.collect::<Result<_, _>>()?));
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let error: Value = said
        .lines()
        .find_map(|line| serde_json::from_str::<Value>(line).ok()?.get("error").cloned())
        .unwrap_or_default();
    let text = |field: &str| error[field].as_str().unwrap_or_default().to_owned();
    Ok(Err(Refusal {
        exit: output.status.code().unwrap_or(-1),
        reason: text("reason"),
        paragraph: error["paragraph"].as_u64(),
        at: error["at"].as_str().map(ToOwned::to_owned),
        message: if error.is_null() { said.into_owned() } else { text("message") },
    }))
}

/// A port of loopback that was free a moment ago: the server's address must be known before it is certified.
pub(crate) fn free_address() -> Result<SocketAddr, DemoError> {
    TcpListener::bind("127.0.0.1:0")
        .and_then(|listener| listener.local_addr())
        .map_err(|error| DemoError::file(Path::new("127.0.0.1"), &error))
}

fn make_folder(folder: &Path) -> Result<(), DemoError> {
    fs::create_dir_all(folder).map_err(|error| DemoError::file(folder, &error))
}
