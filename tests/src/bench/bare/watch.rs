//! Watchers: every entry that was taken, to each of them. Nobody is asked what he may read.

use std::pin::Pin;

use bytes::Bytes;
use chancery_proto::v1;
use chancery_proto::v1::watch_entries_response::Event;
use tokio::sync::broadcast;
use tokio_stream::wrappers::BroadcastStream;
use tokio_stream::{Stream, StreamExt as _, once};
use tonic::Status;

/// Those who watch.
pub(super) struct Watchers(broadcast::Sender<v1::WatchEntriesResponse>);

/// What one of them gets.
pub(super) type Watched = Pin<Box<dyn Stream<Item = Result<v1::WatchEntriesResponse, Status>> + Send>>;

impl Watchers {
    pub(super) fn new() -> Self {
        Self(broadcast::Sender::new(EVENTS_WAITING))
    }

    pub(super) fn tell(&self, channel: Bytes, index: u64, signed_act: Bytes, body: Bytes) {
        let entries = vec![v1::Entry { index, signed: signed_act, body, ..Default::default() }];
        let news = v1::NewEntries { channel, entries, checkpoint: String::new() };
        // Nobody may be there.
        let _ = self.0.send(v1::WatchEntriesResponse { event: Some(Event::NewEntries(news)) });
    }

    /// A sign of life at once, as from the real server, and then what comes.
    pub(super) fn watch(&self) -> Watched {
        let alive = v1::WatchEntriesResponse { event: Some(Event::Heartbeat(v1::Heartbeat::default())) };
        let news = BroadcastStream::new(self.0.subscribe());
        let news = news.map(|news| news.map_err(|_| Status::data_loss("too slow")));
        Box::pin(once(Ok(alive)).chain(news))
    }
}

const EVENTS_WAITING: usize = 64;
