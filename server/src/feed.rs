//! Wake-ups for watchers: which channels grew, and to what size. Numbers only.
//!
//! A wake-up makes a watcher prompt, never correct: it re-reads the store after its own index, and a slow
//! poll stands behind the feed. So a mailbox keeps only the newest size of each channel, and is never
//! larger than the list of channels its watcher follows.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chancery_core::id::ChannelId;
use tokio::sync::Notify;

/// The in-process feed. Cheap to clone.
#[derive(Clone, Default)]
pub struct Feed(Arc<Topics>);

/// The watchers of each channel. A topic goes with its last watcher.
#[derive(Default)]
struct Topics(Mutex<HashMap<ChannelId, Vec<Arc<Mailbox>>>>);

#[derive(Default)]
struct Mailbox {
    moved: Mutex<Vec<Moved>>,
    wake: Notify,
}

/// A channel that grew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moved {
    /// The channel.
    pub channel: ChannelId,
    /// Entries in its log now, or more.
    pub size: u64,
}

/// One watcher's place in the feed; dropped, it leaves.
pub struct Subscription {
    topics: Arc<Topics>,
    channels: Box<[ChannelId]>,
    mailbox: Arc<Mailbox>,
}

impl Feed {
    /// Tells the watchers of `channel` that its log has `size` entries. Called after the commit.
    pub fn publish(&self, channel: ChannelId, size: u64) {
        // The list is copied out, so that a crowd of watchers does not hold up other channels.
        let watchers = match self.0.lock().get(&channel) {
            Some(watchers) => watchers.clone(),
            None => return,
        };
        for mailbox in watchers {
            mailbox.put(Moved { channel, size });
        }
    }

    /// Watches `channels` from now on: subscribe first, then read the store, and nothing is missed.
    ///
    /// The number of channels is the caller's to bound
    /// ([`WATCHED_CHANNELS_MAX`](chancery_core::limits::WATCHED_CHANNELS_MAX)).
    #[must_use]
    pub fn subscribe(&self, channels: impl IntoIterator<Item = ChannelId>) -> Subscription {
        let mut channels: Vec<ChannelId> = channels.into_iter().collect();
        channels.sort_unstable();
        channels.dedup();
        let mailbox = Arc::new(Mailbox::default());
        let mut topics = self.0.lock();
        for channel in &channels {
            topics.entry(*channel).or_default().push(mailbox.clone());
        }
        drop(topics);
        Subscription { topics: self.0.clone(), channels: channels.into(), mailbox }
    }

    /// The channels that anyone watches, in no order: what a poll behind the feed has to ask for.
    #[must_use]
    pub fn watched(&self) -> Vec<ChannelId> {
        self.0.lock().keys().copied().collect()
    }
}

impl Subscription {
    /// Waits until a channel moved, and takes all that moved since the last call.
    ///
    /// It may be dropped while it waits: nothing is lost.
    pub async fn moved(&mut self) -> Vec<Moved> {
        loop {
            let moved = std::mem::take(&mut *lock(&self.mailbox.moved));
            if !moved.is_empty() {
                return moved;
            }
            // A wake-up between the look and the wait is kept by `notify_one`.
            self.mailbox.wake.notified().await;
        }
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        let mut topics = self.topics.lock();
        for channel in &self.channels {
            if let Some(watchers) = topics.get_mut(channel) {
                if let Some(place) = watchers.iter().position(|mailbox| Arc::ptr_eq(mailbox, &self.mailbox)) {
                    watchers.swap_remove(place);
                }
                if watchers.is_empty() {
                    topics.remove(channel);
                }
            }
        }
    }
}

impl Mailbox {
    fn put(&self, news: Moved) {
        let mut moved = lock(&self.moved);
        match moved.iter_mut().find(|old| old.channel == news.channel) {
            // Commits may be announced out of order.
            Some(old) => old.size = old.size.max(news.size),
            None => moved.push(news),
        }
        drop(moved);
        self.wake.notify_one();
    }
}

impl Topics {
    fn lock(&self) -> MutexGuard<'_, HashMap<ChannelId, Vec<Arc<Mailbox>>>> {
        lock(&self.0)
    }
}

/// No code panics while it holds one of these locks, and what they guard is whole after each line.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: ChannelId = ChannelId::new([1; 16]);
    const B: ChannelId = ChannelId::new([2; 16]);
    const C: ChannelId = ChannelId::new([3; 16]);

    #[tokio::test]
    async fn a_watcher_hears_of_its_channels_only_and_of_the_newest_size() {
        let feed = Feed::default();
        let mut watcher = feed.subscribe([A, B, A]);
        feed.publish(C, 1);
        feed.publish(A, 2);
        feed.publish(B, 7);
        feed.publish(A, 4);
        feed.publish(A, 3);
        let moved = watcher.moved().await;
        assert_eq!(moved, [Moved { channel: A, size: 4 }, Moved { channel: B, size: 7 }]);

        let (news, ()) = tokio::join!(watcher.moved(), async { feed.publish(B, 8) });
        assert_eq!(news, [Moved { channel: B, size: 8 }]);
    }

    #[tokio::test]
    async fn who_leaves_leaves_nothing_behind() {
        let feed = Feed::default();
        let (first, second) = (feed.subscribe([A, B]), feed.subscribe([B]));
        drop(first);
        assert_eq!(feed.watched(), [B]);
        drop(second);
        assert!(feed.watched().is_empty());
        feed.publish(A, 1);
    }

    #[tokio::test]
    async fn a_crowd_hears_one_post() {
        let feed = Feed::default();
        let mut crowd: Vec<_> = (0..10_000).map(|_| feed.subscribe([A])).collect();
        feed.publish(A, 1);
        for watcher in &mut crowd {
            assert_eq!(watcher.moved().await, [Moved { channel: A, size: 1 }]);
        }
        drop(crowd);
        assert!(feed.watched().is_empty());
    }

    #[tokio::test]
    async fn a_dropped_wait_loses_nothing() {
        let feed = Feed::default();
        let mut watcher = feed.subscribe([A]);
        {
            let mut waiting = Box::pin(watcher.moved());
            let pending =
                std::future::poll_fn(|cx| std::task::Poll::Ready(waiting.as_mut().poll(cx).is_pending()));
            assert!(pending.await);
            feed.publish(A, 1);
        }
        assert_eq!(watcher.moved().await.len(), 1);
    }
}
