//! Following channels: new entries as they come, and signs of life, so that silence is visible.
//!
//! A wake-up makes it prompt; what is sent is read from the store after the watcher's own index. Each round
//! asks again whether the caller may read, so a watch ends with the right to it, at the latest with the next
//! sign of life.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use chancery_core::error::WireReason;
use chancery_core::id::ChannelId;
use chancery_core::limits::{PAGE_ENTRIES_MAX, WATCHED_CHANNELS_MAX};
use tokio::time::{Interval, MissedTickBehavior, interval};

use super::read::ReadEntry;
use super::{App, AppError, Caller};
use crate::feed::Subscription;

/// What a watcher is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WatchEvent {
    /// New entries of one channel, and a checkpoint that covers them.
    Entries {
        /// The channel.
        channel: ChannelId,
        /// The entries, in order.
        entries: Vec<ReadEntry>,
        /// Signed note.
        checkpoint: String,
    },
    /// A sign of life: a checkpoint of every channel that moved since the last one.
    Heartbeat {
        /// The server's clock.
        server_time_ms: u64,
        /// Signed notes.
        checkpoints: Vec<String>,
    },
}

/// One caller's watch of some channels.
pub struct Watch {
    app: App,
    caller: Caller,
    /// By channel, the index of the first entry not yet sent.
    next: HashMap<ChannelId, u64>,
    /// Channels that may have entries to send.
    behind: BTreeSet<ChannelId>,
    /// Channels whose checkpoint is due with the next heartbeat.
    moved: BTreeSet<ChannelId>,
    subscription: Subscription,
    heartbeat: Interval,
}

impl App {
    /// Follows channels, each from an index on.
    ///
    /// # Errors
    /// [`AppError::NOT_FOUND`] if one of them is not there for the caller.
    pub async fn watch(&self, caller: Caller, channels: Vec<(ChannelId, u64)>) -> Result<Watch, AppError> {
        if !caller.is_enrolled() {
            return Err(WireReason::NotEnrolled.into());
        }
        if channels.len() > WATCHED_CHANNELS_MAX {
            return Err(WireReason::TooLarge.into());
        }
        let next: HashMap<ChannelId, u64> = channels.iter().copied().collect();
        if next.is_empty() || next.len() != channels.len() {
            return Err(WireReason::Malformed.into());
        }
        // First the place in the feed, then the store: nothing falls between.
        let subscription = self.feed().subscribe(next.keys().copied());
        for channel in next.keys() {
            self.readable(&caller, channel).await?;
        }
        let mut heartbeat = interval(HEARTBEAT);
        heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let all: BTreeSet<ChannelId> = next.keys().copied().collect();
        Ok(Watch {
            app: self.clone(),
            caller,
            next,
            behind: all.clone(),
            moved: all,
            subscription,
            heartbeat,
        })
    }
}

impl Watch {
    /// Waits for the next event.
    ///
    /// # Errors
    /// After an error the watch is over: [`AppError::NOT_FOUND`] when the caller may no longer read,
    /// [`WireReason::Stopping`] when the server stops.
    pub async fn next(&mut self) -> Result<WatchEvent, AppError> {
        loop {
            if self.app.stopping().is_cancelled() {
                return Err(WireReason::Stopping.into());
            }
            if let Some(channel) = self.behind.first().copied() {
                match self.page(channel).await? {
                    Some(event) => return Ok(event),
                    None => continue,
                }
            }
            tokio::select! {
                biased;
                () = self.app.stopping().cancelled() => {}
                moved = self.subscription.moved() => {
                    self.behind.extend(moved.iter().map(|moved| moved.channel));
                    self.moved.extend(moved.iter().map(|moved| moved.channel));
                }
                _ = self.heartbeat.tick() => return self.beat().await,
            }
        }
    }

    /// The next entries of a channel, or none when there are no more for now.
    async fn page(&mut self, channel: ChannelId) -> Result<Option<WatchEvent>, AppError> {
        let start = self.next.get(&channel).copied().unwrap_or_default();
        let view = self.app.readable(&self.caller, &channel).await?;
        let entries = self.app.entries(&self.caller, &channel, &view, start, PAGE_ENTRIES_MAX).await?;
        let end = start + entries.len() as u64;
        if end >= view.log().size() {
            self.behind.remove(&channel);
        }
        if entries.is_empty() {
            return Ok(None);
        }
        self.next.insert(channel, end);
        self.moved.remove(&channel);
        let checkpoint = self.app.checkpoint(&channel, &view);
        Ok(Some(WatchEvent::Entries { channel, entries, checkpoint }))
    }

    async fn beat(&mut self) -> Result<WatchEvent, AppError> {
        let mut checkpoints = Vec::with_capacity(self.moved.len());
        for channel in self.next.keys() {
            let view = self.app.readable(&self.caller, channel).await?;
            if self.moved.contains(channel) {
                checkpoints.push(self.app.checkpoint(channel, &view));
            }
        }
        self.moved.clear();
        Ok(WatchEvent::Heartbeat { server_time_ms: self.app.now_ms(), checkpoints })
    }
}

/// Between two signs of life.
pub(super) const HEARTBEAT: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests;
