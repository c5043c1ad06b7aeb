//! What every command runs in: the home's place, the passphrase's, and the output.

use std::env;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use zeroize::Zeroizing;

use super::Global;
use super::failure::Failure;
use super::output::{Notice, Output};
use super::{clock, prompt};
use crate::clock::Skew;
use crate::home::{Home, HomeError, Keys};
use crate::sync::{Landed, Session};

/// What every command runs in.
#[derive(Debug)]
pub(crate) struct Context {
    home: Option<PathBuf>,
    passphrase_fd: Option<u32>,
    /// Where results go.
    pub(crate) out: Output,
    /// Where a session says that the machine's clock cannot be right.
    skew: OnceLock<Arc<OnceLock<Skew>>>,
    told: AtomicBool,
    /// Where a session says what it has done.
    landed: OnceLock<Arc<Landed>>,
}

impl Context {
    pub(super) fn new(global: &Global) -> Self {
        let home = global.home.clone().or_else(default_home);
        let out = Output::new(global.json);
        Self {
            home,
            passphrase_fd: global.passphrase_fd,
            out,
            skew: OnceLock::new(),
            told: AtomicBool::new(false),
            landed: OnceLock::new(),
        }
    }

    /// The folder of the home, whether there is one or not.
    pub(crate) fn home_dir(&self) -> Result<&PathBuf, Failure> {
        self.home.as_ref().ok_or_else(|| {
            Failure::usage("this system names no folder for data", "Name your home with --home DIR.")
        })
    }

    /// The folder of a home that is there: asked first, so that nobody types a passphrase for nothing.
    pub(super) fn present_home(&self) -> Result<&PathBuf, Failure> {
        let dir = self.home_dir()?;
        if Home::is_at(dir) { Ok(dir) } else { Err(HomeError::Absent { dir: dir.clone() }.into()) }
    }

    /// Where the passphrase is to be read; none if it is asked for.
    pub(super) const fn passphrase_fd(&self) -> Option<u32> {
        self.passphrase_fd
    }

    /// Opens the home, asking for its passphrase.
    pub(crate) fn open_home(&self) -> Result<Home, Failure> {
        let dir = self.present_home()?;
        Ok(Home::open(dir, &self.passphrase()?)?)
    }

    /// The passphrase of a home that exists.
    pub(super) fn passphrase(&self) -> Result<Zeroizing<String>, Failure> {
        prompt::passphrase(self.passphrase_fd)
    }

    /// Takes note of where a session says that the clock cannot be right, and tells it if it has; and of where it
    /// says what it has done.
    pub(super) fn heed(&self, session: &Session) {
        let _ = self.skew.set(session.skew());
        let _ = self.landed.set(session.landed());
        self.tell_clock();
    }

    /// Whether the command has sent an act that stands, or may stand.
    pub(super) fn has_sent(&self) -> bool {
        self.landed.get().is_some_and(|landed| landed.any())
    }

    /// Says of an act that could not be read back that it is done.
    pub(super) fn tell_unread(&self) {
        if let Some(unread) = self.landed.get().and_then(|landed| landed.unread()) {
            self.out.notice(&Notice {
                reason: "NOT_READ_BACK",
                message: format!(
                    "Act {} stands in the log as entry {}; only reading it back failed: {}.",
                    unread.act, unread.index, unread.why
                ),
                next: "Do not repeat it: the next command reads the log up to it.",
            });
        }
    }

    /// Warns of the machine's clock, once in a command.
    pub(super) fn tell_clock(&self) {
        let found = self.skew.get().and_then(|skew| skew.get());
        if let Some(skew) = found
            && !self.told.swap(true, Ordering::Relaxed)
        {
            self.out.notice(&clock::notice(skew));
        }
    }

    /// Makes a new home, asking for a passphrase.
    pub(crate) fn create_home(&self, keys: Keys) -> Result<Home, Failure> {
        let dir = self.home_dir()?;
        if Home::is_at(dir) {
            return Err(HomeError::Exists { dir: dir.clone() }.into());
        }
        let passphrase: Zeroizing<String> = prompt::new_passphrase(self.passphrase_fd)?;
        Ok(Home::create(dir, &passphrase, keys)?)
    }
}

/// `$CHANCERY_HOME`, or the folder that the system has for a program's data.
fn default_home() -> Option<PathBuf> {
    let named = |name: &str| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    named("CHANCERY_HOME").or_else(|| {
        if cfg!(windows) {
            named("LOCALAPPDATA").map(|data| data.join("Chancery"))
        } else if cfg!(target_os = "macos") {
            env::home_dir().map(|home| home.join("Library/Application Support/Chancery"))
        } else {
            let data = named("XDG_DATA_HOME").filter(|data| data.is_absolute());
            data.or_else(|| env::home_dir().map(|home| home.join(".local/share")))
                .map(|data| data.join("chancery"))
        }
    })
}
