//! Reading channels, entries and proofs. Whoever may not read a channel gets the answer of an absent one.

use std::sync::Arc;

use bytes::Bytes;
use chancery_core::act::Role;
use chancery_core::error::WireReason;
use chancery_core::id::{ChannelId, Digest, KeyId};
use chancery_core::limits::{PAGE_BYTES_MAX, PAGE_ENTRIES_MAX};
use chancery_core::log::{Tree, wrap_leaf};
use chancery_core::mechanism::ChannelKind;
use chancery_core::policy;
use chancery_core::state::{Channel, Directory};

use super::recent::RecentEntry;
use super::world::View;
use super::{App, AppError, Caller};
use crate::store::db::Source;
use crate::store::log::{self, ChannelRow, FullEntry, WrapRow};

/// A channel in a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListedChannel {
    /// Id.
    pub id: ChannelId,
    /// What it is.
    pub kind: ChannelKind,
    /// Its review; none for a review, the directory and the publications.
    pub review: Option<ChannelId>,
    /// Entries in its log.
    pub size: u64,
}

/// Entries in order, and a checkpoint that covers them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The entries.
    pub entries: Vec<ReadEntry>,
    /// Signed note.
    pub checkpoint: String,
}

/// An entry with what stands beside it for the caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadEntry {
    /// Its place.
    pub index: u64,
    /// The envelope as received.
    pub signed: Bytes,
    /// When it was appended.
    pub log_time_ms: u64,
    /// The sealed body.
    pub body: Option<Bytes>,
    /// The caller's own wraps.
    pub own_wraps: Vec<OwnWrap>,
    /// The boxed previous secret.
    pub previous_box: Option<Bytes>,
}

/// A wrap of the caller's, with its path in the act's list of wraps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnWrap {
    /// The key it is to.
    pub key_id: KeyId,
    /// The wrap.
    pub wrap: Bytes,
    /// Its place in the list.
    pub position: u64,
    /// Its inclusion proof under the act's wraps root.
    pub path: Vec<Digest>,
}

impl App {
    /// The channels that the caller reads, by id, after `after`; with the id to go on after, if there are more.
    pub async fn list_channels(
        &self,
        caller: &Caller,
        after: Option<ChannelId>,
        limit: u32,
    ) -> Result<(Vec<ListedChannel>, Option<ChannelId>), AppError> {
        if !caller.is_enrolled() {
            return Err(WireReason::NotEnrolled.into());
        }
        let directory = self.directory().await?;
        let mut source = Source::Pool(self.pool());
        let mut after = after.map_or_else(Vec::new, |id| id.as_bytes().to_vec());
        let mut listed = Vec::new();
        loop {
            let rows = log::channels_after(&mut source, &after, ROWS_PER_READ).await?;
            let Some(last) = rows.last() else { return Ok((listed, None)) };
            after = last.id.as_bytes().to_vec();
            for row in &rows {
                if self.is_listed(caller, &directory.state, row).await? {
                    let ChannelRow { id, kind, parent, size, .. } = *row;
                    listed.push(ListedChannel { id, kind, review: parent, size });
                    if listed.len() == limit as usize {
                        return Ok((listed, Some(id)));
                    }
                }
            }
        }
    }

    /// As [`Caller::reads`], without folding channels that are not for the caller's State or team at all.
    async fn is_listed(
        &self,
        caller: &Caller,
        directory: &Directory,
        row: &ChannelRow,
    ) -> Result<bool, AppError> {
        let (Caller::Person(known), Some(parent)) = (caller, row.parent) else {
            return match self.view(&row.id).await? {
                Some(view) => Ok(caller.reads(directory, &view, self.now_ms())),
                None => Ok(false),
            };
        };
        let now = directory.now(self.now_ms());
        let Some(person) = now.person(&known.user) else { return Ok(false) };
        let review = self.view(&parent).await?;
        let Some(View::Channel { channel: review, .. }) = review else { return Ok(false) };
        let place = review.state.opened(&row.id, review.state.log.size());
        let (Some(place), Some(roster)) = (place, review.state.roster()) else { return Ok(false) };
        if person.role == Role::Officer {
            // An officer reads by team and kind of channel; what is in it makes no difference.
            let channel = Channel::new(row.id, place);
            return Ok(policy::reads(&channel, roster, &now, &person));
        }
        if roster.seat(&place, &person).is_none() {
            return Ok(false);
        }
        let view = self.view(&row.id).await?;
        Ok(view.is_some_and(|view| caller.reads(directory, &view, self.now_ms())))
    }

    /// Entries of a channel from `start` on: at most `limit`, and as many bytes as a page has.
    pub async fn list_entries(
        &self,
        caller: &Caller,
        channel: &ChannelId,
        start: u64,
        limit: u32,
    ) -> Result<Page, AppError> {
        let view = self.readable(caller, channel).await?;
        let entries = self.entries(caller, channel, &view, start, limit).await?;
        Ok(Page { entries, checkpoint: self.checkpoint(channel, &view) })
    }

    /// The newest checkpoint of a channel.
    pub async fn newest_checkpoint(&self, caller: &Caller, channel: &ChannelId) -> Result<String, AppError> {
        let view = self.readable(caller, channel).await?;
        Ok(self.checkpoint(channel, &view))
    }

    /// The inclusion proof of an entry in the log of some size.
    pub async fn inclusion_proof(
        &self,
        caller: &Caller,
        channel: &ChannelId,
        index: u64,
        size: u64,
    ) -> Result<Vec<Digest>, AppError> {
        let view = self.readable(caller, channel).await?;
        view.log().inclusion_proof(index, size).ok_or(AppError::NOT_FOUND)
    }

    /// The consistency proof between two sizes; an empty log is continued by every log, without a proof.
    pub async fn consistency_proof(
        &self,
        caller: &Caller,
        channel: &ChannelId,
        old: u64,
        new: u64,
    ) -> Result<Vec<Digest>, AppError> {
        let view = self.readable(caller, channel).await?;
        if old == 0 && new <= view.log().size() {
            return Ok(Vec::new());
        }
        view.log().consistency_proof(old, new).ok_or(AppError::NOT_FOUND)
    }

    /// The entries of a page. What is read lies below the view's size, where nothing ever changes.
    pub(super) async fn entries(
        &self,
        caller: &Caller,
        channel: &ChannelId,
        view: &View,
        start: u64,
        limit: u32,
    ) -> Result<Vec<ReadEntry>, AppError> {
        let size = view.log().size();
        if start >= size {
            return Ok(Vec::new());
        }
        let limit = limit.clamp(1, PAGE_ENTRIES_MAX);
        let end = size.min(start.saturating_add(limit.into()));
        let own = own_keys(caller, &self.directory().await?.state);
        if let Some(recent) = self.0.recent.range(channel, start, end) {
            return recent_page(&recent, &own);
        }
        let mut source = Source::Pool(self.pool());
        // A page is measured before it is read: bodies of a page could be 256 MiB.
        let lengths = log::entry_lengths(&mut source, channel, (start, end), limit).await?;
        let end = start + fitting(&lengths);
        let full = log::full_entries(&mut source, channel, (start, end), limit).await?;
        let mut entries: Vec<ReadEntry> = full.into_iter().map(read_entry).collect();
        if entries.len() as u64 != end - start {
            return Err(AppError::Bug("entries below a log's size are missing"));
        }
        for wrap in log::own_wraps(&mut source, channel, &own, (start, end)).await? {
            let place = usize::try_from(wrap.index - start).unwrap_or(usize::MAX);
            let all = log::wraps(&mut source, channel, wrap.index).await?;
            if let Some(entry) = entries.get_mut(place) {
                entry.own_wraps.push(own_wrap(&wrap, &all)?);
            }
        }
        Ok(entries)
    }
}

fn read_entry(entry: FullEntry) -> ReadEntry {
    let FullEntry { index, signed, log_time_ms, body, previous_box } = entry;
    ReadEntry { index, signed, log_time_ms, body, own_wraps: Vec::new(), previous_box }
}

/// A page of what was just committed, for the many who ask for it at once.
fn recent_page(recent: &[Arc<RecentEntry>], own: &[KeyId]) -> Result<Vec<ReadEntry>, AppError> {
    let lengths: Vec<u64> = recent.iter().map(|entry| entry.bytes() as u64).collect();
    let most = usize::try_from(fitting(&lengths)).unwrap_or(usize::MAX);
    recent
        .iter()
        .take(most)
        .map(|recent| {
            let mut entry = read_entry(recent.entry.clone());
            for wrap in recent.wraps.iter().filter(|wrap| own.contains(&wrap.recipient)) {
                entry.own_wraps.push(own_wrap(wrap, &recent.wraps)?);
            }
            Ok(entry)
        })
        .collect()
}

/// How many entries of these lengths make a page: it closes at the entry that passes its bound.
fn fitting(lengths: &[u64]) -> u64 {
    let mut bytes = 0;
    let mut entries = 0;
    for length in lengths {
        bytes += length;
        entries += 1;
        if bytes >= PAGE_BYTES_MAX as u64 {
            break;
        }
    }
    entries
}

fn own_wrap(wrap: &WrapRow, all: &[WrapRow]) -> Result<OwnWrap, AppError> {
    let tree = Tree::of(all.iter().map(|wrap| wrap_leaf(&wrap.recipient, &wrap.bytes)));
    let path = tree.inclusion_proof(wrap.position, tree.size());
    let path = path.ok_or(AppError::Bug("a wrap outside its list"))?;
    Ok(OwnWrap { key_id: wrap.recipient, wrap: wrap.bytes.clone(), position: wrap.position, path })
}

/// The keys whose wraps are the caller's: every generation of the person's key, those of the person's devices
/// and recovery sheets, and every generation of the person's team, so that a newcomer opens what was wrapped to
/// the team before, and a new device what was wrapped to the person before.
fn own_keys(caller: &Caller, directory: &Directory) -> Vec<KeyId> {
    let Caller::Person(person) = caller else { return Vec::new() };
    let Some(record) = directory.record(&person.user) else { return Vec::new() };
    let own = record.keys.iter().map(|key| key.kem_id);
    let devices = record.devices.iter().map(|device| device.kem_id);
    let sheets = record.recoveries.iter().map(|recovery| recovery.kem_id);
    let mut keys: Vec<KeyId> = own.chain(devices).chain(sheets).collect();
    if let Some(team) = person.team() {
        keys.extend(directory.all_generations(&team).map(|generation| generation.kem_id));
    }
    keys
}

/// Rows of channels looked through at a time.
const ROWS_PER_READ: u32 = 512;

#[cfg(test)]
mod tests;
