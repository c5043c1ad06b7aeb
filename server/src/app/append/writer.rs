//! The writer: one task, through which every append goes in its turn.
//!
//! It takes what is waiting, up to a bound, and lands it in one transaction: one commit costs a disk a
//! flush, and many together cost little more. What came first is decided first.

use std::sync::Arc;

use chancery_core::error::WireReason;
use chancery_core::id::ChannelId;
use chancery_core::limits::{BODY_BYTES_MAX, PAYLOAD_BYTES_MAX};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};

use super::Prepared;
use super::group::Group;
use crate::app::AppError;
use crate::app::world::View;

/// Requests of one channel that land together or not at all.
pub(super) struct Request {
    pub(super) channel: ChannelId,
    pub(super) entries: Vec<Prepared>,
}

/// Where a request's acts stand, in a log that is durable.
pub(super) struct Landed {
    pub(super) view: View,
    pub(super) places: Vec<Place>,
}

/// Where an act stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) index: u64,
    pub(super) log_time_ms: u64,
}

/// A request in the queue, with its share of the queue's bound.
struct Waiting {
    request: Request,
    reply: oneshot::Sender<Result<Landed, AppError>>,
    share: OwnedSemaphorePermit,
}

/// The way into the queue.
pub(in crate::app) struct Writer {
    queue: mpsc::Sender<Waiting>,
    space: Arc<Semaphore>,
}

impl Writer {
    /// Starts the task; it ends when the writer is dropped and the queue is empty.
    pub(in crate::app) fn start(group: Group) -> Self {
        let (queue, waiting) = mpsc::channel(QUEUE_REQUESTS_MAX);
        tokio::spawn(run(group, waiting));
        Self { queue, space: Arc::new(Semaphore::new(QUEUE_KIB_MAX)) }
    }

    /// Waits for the request's turn and its outcome. If the caller goes away, the request still lands.
    pub(super) async fn land(&self, channel: ChannelId, entries: Vec<Prepared>) -> Result<Landed, AppError> {
        let share = u32::try_from(weight_kib(&entries)).unwrap_or(u32::MAX);
        let share = self.space.clone().try_acquire_many_owned(share).map_err(|_| WireReason::TooMany)?;
        let (reply, outcome) = oneshot::channel();
        let waiting = Waiting { request: Request { channel, entries }, reply, share };
        self.queue.try_send(waiting).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => WireReason::TooMany,
            mpsc::error::TrySendError::Closed(_) => WireReason::Stopping,
        })?;
        outcome.await.map_err(|_| WireReason::Stopping)?
    }
}

async fn run(mut group: Group, mut waiting: mpsc::Receiver<Waiting>) {
    let mut batch = Vec::with_capacity(GROUP_REQUESTS_MAX);
    while let Some(first) = waiting.recv().await {
        batch.push(first);
        // Calls that are ready to be queued take their turn before the group closes.
        tokio::task::yield_now().await;
        while batch.len() < GROUP_REQUESTS_MAX
            && let Ok(next) = waiting.try_recv()
        {
            batch.push(next);
        }
        let (requests, replies): (Vec<_>, Vec<_>) =
            batch.drain(..).map(|one| (one.request, (one.reply, one.share))).unzip();
        let outcomes = group.land(&requests).await;
        for ((reply, share), outcome) in replies.into_iter().zip(outcomes) {
            // Whoever asked may be gone; the acts stand all the same, and a repeat gets their receipts.
            let _ = reply.send(outcome);
            drop(share);
        }
    }
}

fn weight_kib(entries: &[Prepared]) -> usize {
    let bytes = entries.iter().map(|entry| {
        let beside = &entry.beside;
        let wraps: usize = beside.wraps.iter().map(|(_, wrap)| wrap.len()).sum();
        let renditions: usize =
            beside.releases.iter().flat_map(|release| &release.rendition).map(bytes::Bytes::len).sum();
        entry.act.act().bytes().len() + beside.body.as_ref().map_or(0, bytes::Bytes::len) + wraps + renditions
    });
    bytes.sum::<usize>() / 1024 + 1
}

/// Requests of one transaction.
const GROUP_REQUESTS_MAX: usize = 64;
/// Requests that wait; beyond it a caller is told at once.
const QUEUE_REQUESTS_MAX: usize = 4_096;
/// What waits, in KiB: 64 MiB, and at least one request of any size.
const QUEUE_KIB_MAX: usize = 64 * 1024;
const _: () = assert!(QUEUE_KIB_MAX * 1024 > 64 * (BODY_BYTES_MAX + PAYLOAD_BYTES_MAX));
