//! Bodies, boxes, wraps and citations against what their acts name.

use std::collections::{BTreeSet, HashMap};

use bytes::Bytes;
use chancery_core::act::Statement;
use chancery_core::id::{ChannelId, Digest, FileId};
use chancery_core::log::{Tree, wrap_leaf};

use super::{Check, Finding};
use crate::app::AppError;
use crate::store::audit;
use crate::store::db::Source;
use crate::store::log::{self, WrapRow};

/// What stands beside some entries of a log.
#[derive(Default)]
pub(super) struct Stored {
    bodies: HashMap<u64, Bytes>,
    boxes: HashMap<u64, Bytes>,
    wraps: HashMap<u64, Vec<WrapRow>>,
    citations: HashMap<u64, BTreeSet<FileId>>,
}

impl Stored {
    /// Everything beside the entries of a range.
    pub(super) async fn read(
        check: &Check<'_>,
        channel: &ChannelId,
        range: (u64, u64),
    ) -> Result<Self, AppError> {
        let mut source = Source::Pool(check.pool);
        let mut stored = Self::default();
        let limit = u32::try_from(range.1 - range.0).unwrap_or(u32::MAX);
        for entry in log::full_entries(&mut source, channel, range, limit).await? {
            stored.bodies.extend(entry.body.map(|body| (entry.index, body)));
            stored.boxes.extend(entry.previous_box.map(|bytes| (entry.index, bytes)));
        }
        for index in audit::with_wraps(check.pool, channel, range).await? {
            stored.wraps.insert(index, log::wraps(&mut source, channel, index).await?);
        }
        for (index, file) in audit::citations(check.pool, channel, range).await? {
            stored.citations.entry(index).or_default().insert(file);
        }
        Ok(stored)
    }

    /// Compares what stands beside an entry with its act.
    pub(super) fn compare(
        &self,
        statement: &Statement,
        channel: ChannelId,
        index: u64,
        tell: &mut dyn FnMut(Finding),
    ) {
        let named = statement.beside();
        let body_is = match (self.bodies.get(&index), named.body) {
            (None, None) => true,
            (Some(body), Some(named)) => {
                body.len() as u64 == named.length && Digest::of(body) == named.sha256
            }
            (Some(_), None) | (None, Some(_)) => false,
        };
        let box_is = self.boxes.get(&index).map(|bytes| Digest::of(bytes)) == named.previous_box;
        let wraps = self.wraps.get(&index).map_or(&[][..], Vec::as_slice);
        let wraps_are = match named.recipients {
            None => wraps.is_empty(),
            Some(named) => {
                let in_order = wraps.iter().map(|wrap| wrap.recipient).eq(named.key_ids.iter().copied());
                let leaves = wraps.iter().map(|wrap| wrap_leaf(&wrap.recipient, &wrap.bytes));
                in_order && Tree::of(leaves).head().root == named.wraps_root
            }
        };
        for (is, what) in [(body_is, "body"), (box_is, "box"), (wraps_are, "list of wraps")] {
            if !is {
                tell(Finding::Beside { channel, index, what });
            }
        }
        let cited: BTreeSet<FileId> = match statement {
            Statement::Post(post) => post.files.iter().copied().collect(),
            _ => BTreeSet::new(),
        };
        if *self.citations.get(&index).unwrap_or(&BTreeSet::new()) != cited {
            tell(Finding::Citations { channel, index });
        }
    }
}
