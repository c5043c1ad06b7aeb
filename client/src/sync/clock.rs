//! Whether this machine's clock can be right: compared with the newest log time that the home has verified, and
//! with the server's clock before anything is written.

use std::sync::{Arc, OnceLock};

use super::{Session, SessionError};
use crate::clock::{Skew, now_ms};
use crate::home::{Family, Home, HomeError};

/// What a session knows of the time.
#[derive(Debug)]
pub(super) struct Witness {
    /// The newest log time that is kept in the home.
    kept_ms: u64,
    skew: Arc<OnceLock<Skew>>,
    /// Whether the server's clock was asked for.
    asked: bool,
}

impl Witness {
    /// What the home has seen, against the clock now.
    pub(super) fn open(home: &Home) -> Result<Self, HomeError> {
        let kept = home.get(Family::Directory, NAME)?;
        let kept_ms = kept.and_then(|kept| kept.first_chunk().copied()).map_or(0, u64::from_le_bytes);
        let witness = Self { kept_ms, skew: Arc::default(), asked: false };
        witness.tell(Skew::against_seen(now_ms(), kept_ms));
        Ok(witness)
    }

    /// The first contradiction stands.
    fn tell(&self, skew: Option<Skew>) {
        if let Some(skew) = skew {
            let _ = self.skew.set(skew);
        }
    }
}

impl Session {
    /// The first contradiction that was found between this machine's clock and another, once there is one. It
    /// goes on being filled in while the session works.
    #[must_use]
    pub fn skew(&self) -> Arc<OnceLock<Skew>> {
        Arc::clone(&self.witness.skew)
    }

    /// Remembers the newest log time that was verified.
    pub(super) fn witnessed(&mut self, log_time_ms: u64) -> Result<(), HomeError> {
        self.witness.tell(Skew::against_seen(now_ms(), log_time_ms));
        if log_time_ms > self.witness.kept_ms.saturating_add(KEPT_EVERY_MS) {
            self.home.put(Family::Directory, NAME, &log_time_ms.to_le_bytes())?;
            self.witness.kept_ms = log_time_ms;
        }
        Ok(())
    }

    /// Compares this machine's clock with what the server has just said that its own shows.
    pub fn server_time(&self, server_ms: u64) {
        self.witness.tell(Skew::against_server(now_ms(), server_ms));
    }

    /// Before the first write of a session. One whose clock is behind could not read its own act back: the act
    /// would be there, and the command would say that nothing was done.
    ///
    /// # Errors
    /// [`SessionError::Clock`].
    pub(super) async fn check_clock(&mut self) -> Result<(), SessionError> {
        if self.witness.asked {
            return Ok(());
        }
        // A server that does not answer now is told by the write itself.
        let Ok(info) = self.link.server().await else { return Ok(()) };
        self.witness.asked = true;
        let skew = Skew::against_server(now_ms(), info.time_ms);
        self.witness.tell(skew);
        match skew.filter(Skew::is_behind) {
            Some(skew) => Err(SessionError::Clock(skew)),
            None => Ok(()),
        }
    }
}

const NAME: &[u8] = b"clock";
/// A minute more or less says nothing, and each write costs two flushes of the disk.
const KEPT_EVERY_MS: u64 = 60 * 1_000;
