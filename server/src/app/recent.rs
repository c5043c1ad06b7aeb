//! The newest entries, in memory: what a crowd of watchers asks for at once, just after it was committed.
//!
//! It is only ever a copy of what the store has below a log's size, so an entry that is not here is read from
//! there. The oldest go first, over all channels.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chancery_core::id::ChannelId;

use crate::store::log::{FullEntry, NewRows, WrapRow};

/// An entry with all that stands beside it.
#[derive(Debug)]
pub(super) struct RecentEntry {
    pub(super) entry: FullEntry,
    pub(super) wraps: Vec<WrapRow>,
}

/// The newest entries of each channel.
#[derive(Debug, Default)]
pub(super) struct Recent(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    /// By channel, entries without a gap.
    channels: HashMap<ChannelId, VecDeque<Arc<RecentEntry>>>,
    /// Channels in the order in which their entries came; one for each entry kept.
    order: VecDeque<ChannelId>,
    bytes: usize,
}

impl Recent {
    /// Keeps what a transaction has added and committed.
    pub(super) fn keep(&self, rows: NewRows) {
        let mut bodies: HashMap<_, _> =
            rows.bodies.into_iter().map(|(id, n, body)| ((id, n), body)).collect();
        let mut boxes: HashMap<_, _> =
            rows.boxes.into_iter().map(|(id, n, bytes)| ((id, n), bytes)).collect();
        let mut wraps: HashMap<_, Vec<WrapRow>> = HashMap::new();
        for (channel, wrap) in rows.wraps {
            wraps.entry((channel, wrap.index)).or_default().push(wrap);
        }
        let mut kept = self.lock();
        for row in rows.entries {
            let place = (row.channel, row.index);
            let entry = FullEntry {
                index: row.index,
                signed: row.signed,
                log_time_ms: row.log_time_ms,
                body: bodies.remove(&place),
                previous_box: boxes.remove(&place),
            };
            let wraps = wraps.remove(&place).unwrap_or_default();
            kept.push(row.channel, Arc::new(RecentEntry { entry, wraps }));
        }
    }

    /// The entries from `start` on, before `end`, if all of them are here.
    pub(super) fn range(&self, channel: &ChannelId, start: u64, end: u64) -> Option<Vec<Arc<RecentEntry>>> {
        let kept = self.lock();
        let entries = kept.channels.get(channel)?;
        let first = entries.front()?.entry.index;
        let from = usize::try_from(start.checked_sub(first)?).ok()?;
        let to = usize::try_from(end.checked_sub(first)?).ok()?;
        (from < to && to <= entries.len()).then(|| entries.range(from..to).cloned().collect())
    }

    /// No code panics while it holds the lock, and what it guards is whole after each line.
    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn push(&mut self, channel: ChannelId, entry: Arc<RecentEntry>) {
        // Another replica may have written in between: then what is older is of no use to a reader here.
        let last = self.channels.get(&channel).and_then(VecDeque::back);
        if last.is_some_and(|last| last.entry.index + 1 != entry.entry.index) {
            self.forget(&channel);
        }
        self.bytes += entry.bytes();
        self.channels.entry(channel).or_default().push_back(entry);
        self.order.push_back(channel);
        while self.bytes > BYTES_MAX {
            let Some(oldest) = self.order.pop_front() else { return };
            self.drop_first(&oldest);
        }
    }

    fn drop_first(&mut self, channel: &ChannelId) {
        let Some(entries) = self.channels.get_mut(channel) else { return };
        if let Some(entry) = entries.pop_front() {
            self.bytes -= entry.bytes();
        }
        if entries.is_empty() {
            self.channels.remove(channel);
        }
    }

    fn forget(&mut self, channel: &ChannelId) {
        if let Some(entries) = self.channels.remove(channel) {
            self.bytes -= entries.iter().map(|entry| entry.bytes()).sum::<usize>();
            self.order.retain(|other| other != channel);
        }
    }
}

impl RecentEntry {
    /// Bytes of an entry in memory, roughly.
    pub(super) fn bytes(&self) -> usize {
        let beside = [&self.entry.body, &self.entry.previous_box];
        let beside: usize = beside.into_iter().flatten().map(bytes::Bytes::len).sum();
        let wraps: usize = self.wraps.iter().map(|wrap| wrap.bytes.len() + 96).sum();
        256 + self.entry.signed.len() + beside + wraps
    }
}

const BYTES_MAX: usize = 8 * 1024 * 1024;

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use chancery_core::id::{ActId, Digest};

    use super::*;
    use crate::store::log::EntryRow;

    const A: ChannelId = ChannelId::new([1; 16]);
    const B: ChannelId = ChannelId::new([2; 16]);

    fn rows(channel: ChannelId, indexes: std::ops::Range<u64>, bytes: usize) -> NewRows {
        let row = |index| EntryRow {
            channel,
            index,
            act_id: ActId::new([0; 16]),
            signed: Bytes::from(vec![0; bytes]),
            log_time_ms: index,
            leaf: Digest::of(b""),
        };
        let bodies = indexes.clone().map(|index| (channel, index, Bytes::from(vec![7; 3]))).collect();
        NewRows { entries: indexes.map(row).collect(), bodies, ..NewRows::default() }
    }

    fn held(recent: &Recent, channel: &ChannelId, start: u64, end: u64) -> Option<Vec<u64>> {
        let entries = recent.range(channel, start, end)?;
        assert!(entries.iter().all(|entry| entry.entry.body.as_deref() == Some(&[7; 3][..])));
        Some(entries.iter().map(|entry| entry.entry.index).collect())
    }

    #[test]
    fn a_range_is_given_whole_or_not_at_all() {
        let recent = Recent::default();
        recent.keep(rows(A, 5..8, 10));
        recent.keep(rows(A, 8..9, 10));
        for (start, end, expect) in [
            (5, 9, Some(vec![5, 6, 7, 8])),
            (7, 8, Some(vec![7])),
            (4, 9, None),
            (5, 10, None),
            (9, 9, None),
            (0, 3, None),
        ] {
            assert_eq!(held(&recent, &A, start, end), expect, "{start}..{end}");
        }
        assert_eq!(held(&recent, &B, 5, 6), None);
    }

    #[test]
    fn a_gap_forgets_what_was_before_it() {
        let recent = Recent::default();
        recent.keep(rows(A, 0..3, 10));
        recent.keep(rows(A, 5..6, 10));
        assert_eq!((held(&recent, &A, 0, 1), held(&recent, &A, 5, 6)), (None, Some(vec![5])));
        assert_eq!(recent.lock().order.len(), 1);
    }

    #[test]
    fn the_oldest_go_first() {
        let recent = Recent::default();
        recent.keep(rows(A, 0..1, 10));
        recent.keep(rows(B, 0..5, BYTES_MAX / 4));
        assert_eq!((held(&recent, &A, 0, 1), held(&recent, &B, 3, 5)), (None, Some(vec![3, 4])));
        let kept = recent.lock();
        assert!(kept.bytes <= BYTES_MAX);
        assert_eq!(kept.order.len(), kept.channels.values().map(VecDeque::len).sum::<usize>());
    }
}
