//! Closing the connections of those whom the directory knows no more.
//!
//! An act that shuts a device out closes its connections at once, on the server that appended it. The end of a
//! person's time is no act, and another server's act is not this one's: both are found here, with every sign of
//! life. Who was never known is left alone: newcomers wait for their enrolment.

use tokio::time::{MissedTickBehavior, interval};

use super::watch::HEARTBEAT;
use super::{App, AppError};

impl App {
    /// Sweeps with every sign of life, until the server stops.
    pub async fn sweep_until_stopped(&self) {
        let mut every = interval(HEARTBEAT);
        every.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = self.stopping().cancelled() => return,
                _ = every.tick() => {}
            }
            if let Err(error) = self.sweep().await {
                tracing::warn!(%error, "connections could not be compared with the directory; it is tried again");
            }
        }
    }

    /// Closes the connections of every key that was a device's and is none now. Returns how many there were.
    pub(crate) async fn sweep(&self) -> Result<usize, AppError> {
        let directory = self.directory().await?;
        let now = directory.state.now(self.now_ms());
        let connections = self.connections();
        let mut closed = 0;
        for key in connections.keys() {
            if directory.state.ever_had_tls_key(&key) && now.by_tls_key(&key).is_none() {
                closed += connections.close(&key);
            }
        }
        if closed > 0 {
            tracing::info!(closed, "connections of devices that are no longer of the directory closed");
        }
        Ok(closed)
    }
}
