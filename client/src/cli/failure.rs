//! How a command fails: one form for people and one for programs, and the exit code.

use std::fmt::Display;
use std::io::{self, Write as _};
use std::process::ExitCode;

use chancery_core::error::{Class, Reason};
use serde::Serialize;

/// Exit codes, a contract of `docs/interface.md`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Done.
    Done = 0,
    /// The arguments or the input are wrong.
    Usage = 2,
    /// The rules refuse it.
    Refused = 3,
    /// There is no such thing, or not for this person.
    NotFound = 4,
    /// The state is another one, or another was faster.
    Conflict = 5,
    /// What was read does not verify.
    Verification = 6,
    /// The server, the disk or something else outside is away.
    Unavailable = 7,
    /// The home is locked: in use, or another passphrase.
    Locked = 8,
    /// Our bug.
    Bug = 70,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Why a command did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Failure {
    /// A code for programs.
    pub(crate) reason: String,
    /// The paragraph of the mechanism's source behind it.
    pub(crate) paragraph: Option<u16>,
    /// What happened.
    pub(crate) message: String,
    /// Whether an act that the command sent before it failed stands in a log, or may stand there.
    pub(crate) changed: bool,
    /// What to do next.
    pub(crate) next: String,
    /// The file, act or entry at which a verification failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) at: Option<String>,
    /// The exit code.
    #[serde(skip)]
    pub(crate) exit: Exit,
}

/// The line on standard error. Its fields stand in the order of the declaration.
#[derive(Serialize)]
struct Told<'a> {
    error: &'a Failure,
}

impl Failure {
    /// A failure of this kind.
    pub(crate) fn new(exit: Exit, reason: &str, message: impl Into<String>, next: impl Into<String>) -> Self {
        Self {
            reason: reason.to_owned(),
            paragraph: None,
            message: message.into(),
            changed: false,
            next: next.into(),
            at: None,
            exit,
        }
    }

    /// Wrong arguments or input.
    pub(crate) fn usage(message: impl Into<String>, next: impl Into<String>) -> Self {
        Self::new(Exit::Usage, "USAGE", message, next)
    }

    /// A person was asked and did not agree; `undone` says what was not done.
    pub(crate) fn not_confirmed(undone: &str) -> Self {
        Self::new(Exit::Usage, "NOT_CONFIRMED", undone, "Answer yes, or give --yes.")
    }

    /// Something named is not there.
    pub(crate) fn not_found(message: impl Into<String>, next: impl Into<String>) -> Self {
        Self::new(Exit::NotFound, "NOT_FOUND", message, next)
    }

    /// The system does not read or write a file or folder.
    pub(super) fn of_io(what: impl Display, error: &io::Error) -> Self {
        let message = format!("{what}: {error}");
        let next = match error.kind() {
            io::ErrorKind::NotFound => {
                return Self::not_found(message, "Check the name, and that the folder is there.");
            }
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                "Make room on the disk and try again."
            }
            _ => "Check the disk, and the rights of the file and its folder.",
        };
        Self::new(Exit::Unavailable, "DISK", message, next)
    }

    /// Our bug.
    pub(crate) fn bug(message: impl Into<String>) -> Self {
        let next = "Report this, with the version and what you did; leave out keys and texts.";
        Self::new(Exit::Bug, "BUG", message, next)
    }

    /// The rules refuse it.
    pub(crate) fn of_reason(reason: Reason) -> Self {
        let exit = exit_of(reason);
        let paragraph = reason.paragraph();
        Self { paragraph, ..Self::new(exit, reason.code(), reason.message(), reason.next()) }
    }

    /// What the argument parser says; none if it was asked for help or its version, which it prints.
    pub(super) fn of_arguments(error: &clap::Error, json: bool) -> Option<Self> {
        let shown = error.render();
        if !error.use_stderr() {
            let _ = write!(std::io::stdout(), "{shown}");
            return None;
        }
        let text = shown.to_string();
        let message = text.strip_prefix("error: ").unwrap_or(&text).trim_end();
        if !json {
            return Some(Self::usage(message, ""));
        }
        // The names of what is missing stand in lines of their own, and then comes advice for people.
        let told: Vec<&str> = message.lines().take_while(|line| !line.is_empty()).map(str::trim).collect();
        Some(Self::usage(told.join(" "), "See `chancery --help`."))
    }

    /// Prints it to standard error. If that is closed there is nobody to tell.
    pub(super) fn print(&self, json: bool) {
        let mut out = std::io::stderr().lock();
        let _ = if json {
            let line = serde_json::to_string(&Told { error: self }).unwrap_or_default();
            writeln!(out, "{line}")
        } else {
            write!(out, "{}", self.text())
        };
    }

    fn text(&self) -> String {
        let paragraph = self.paragraph.map(|number| format!(" (\u{b6}{number})")).unwrap_or_default();
        let mut text = format!("chancery: {}{paragraph}\n", self.message);
        if let Some(at) = &self.at {
            text.push_str(&format!("At: {at}\n"));
        }
        if self.changed {
            text.push_str("Something was changed, or may have been: look before you repeat it.\n");
        } else if self.exit != Exit::Usage {
            text.push_str("Nothing was changed.\n");
        }
        if !self.next.is_empty() {
            text.push_str(&format!("{}\n", self.next));
        }
        super::output::harmless(&text)
    }
}

/// The exit code of a reason of the rules.
pub(super) fn exit_of(reason: Reason) -> Exit {
    match (reason, reason.class()) {
        (Reason::NotAMember | Reason::NoSuchSubject, _) => Exit::NotFound,
        (_, Class::Conflict) => Exit::Conflict,
        (_, Class::Standing | Class::Input | Class::Limit) => Exit::Refused,
        (_, Class::Outside) => Exit::Unavailable,
        (_, Class::Bug) => Exit::Bug,
    }
}
