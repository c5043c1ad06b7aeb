//! Channels, their entries, and what stands beside an entry.
//!
//! Writes come in batches: the writer gathers the rows of a whole group of appends and puts them in with one
//! statement for each table.

mod read;
mod write;

use bytes::Bytes;
use chancery_core::act::Audience;
use chancery_core::id::{ActId, ChannelId, Digest, FileId, KeyId, StateCode};
use chancery_core::mechanism::ChannelKind;

use super::db::{InsertRows, Statement};

pub use read::{
    StoredRelease, channel, channels_after, entries, entry, entry_lengths, full_entries, heads, leaves,
    own_wraps, releases, wraps,
};
pub use write::{
    Grow, append, clear_citations, grow, insert, insert_channels, insert_citations, lock, withdraw,
};

/// A channel's row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChannelRow {
    /// Id.
    pub id: ChannelId,
    /// What it is.
    pub kind: ChannelKind,
    /// The review that opened it; none for a review, the directory and the publications.
    pub parent: Option<ChannelId>,
    /// Entries in its log.
    pub size: u64,
    /// Log time of the newest.
    pub last_log_time_ms: u64,
}

/// An entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryRow {
    /// Whose log.
    pub channel: ChannelId,
    /// Its place.
    pub index: u64,
    /// Act id.
    pub act_id: ActId,
    /// The envelope as received.
    pub signed: Bytes,
    /// When it was appended.
    pub log_time_ms: u64,
    /// Its leaf.
    pub leaf: Digest,
}

/// An entry as it is read, with its body and box.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FullEntry {
    /// Its place.
    pub index: u64,
    /// The envelope as received.
    pub signed: Bytes,
    /// When it was appended.
    pub log_time_ms: u64,
    /// The sealed body.
    pub body: Option<Bytes>,
    /// The boxed previous secret.
    pub previous_box: Option<Bytes>,
}

/// A secret wrapped to one recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrapRow {
    /// Index of its act.
    pub index: u64,
    /// Place in the act's list.
    pub position: u64,
    /// The recipient's key.
    pub recipient: KeyId,
    /// The wrap.
    pub bytes: Bytes,
}

/// What opens a disclosed post, at its place in a publication log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReleaseRow {
    /// The publication channel.
    pub publication: ChannelId,
    /// Index of the grant there.
    pub index: u64,
    /// The post's channel.
    pub channel: ChannelId,
    /// The post.
    pub act_id: ActId,
    /// To whom it is opened.
    pub audience: Audience,
    /// The State that opens it.
    pub state: StateCode,
    /// Generation of the all-parties key; 0 for the public.
    pub generation: u64,
    /// The revision key, or its wrap.
    pub key_material: Bytes,
    /// The text in clear; only for the public.
    pub rendition: Option<Bytes>,
    /// What lists show of the rendition ([`heading`](super::publications::heading)); only for the public.
    pub heading: Option<Bytes>,
    /// The clear files of the rendition, in its order ([`claim_clear`](super::files::claim_clear)).
    pub files: Vec<(Digest, FileId)>,
}

/// All rows that a group of appends adds.
#[derive(Debug, Default)]
pub struct NewRows {
    /// Channels, of size 0.
    pub channels: Vec<(ChannelId, ChannelKind, Option<ChannelId>)>,
    /// Entries.
    pub entries: Vec<EntryRow>,
    /// Bodies, by their entries.
    pub bodies: Vec<(ChannelId, u64, Bytes)>,
    /// Wraps, by their entries.
    pub wraps: Vec<(ChannelId, WrapRow)>,
    /// Boxes, by their entries.
    pub boxes: Vec<(ChannelId, u64, Bytes)>,
    /// Citations: file, channel and index of the citing act. The files are claimed in the same transaction
    /// ([`claim`](super::files::claim)).
    pub citations: Vec<(FileId, ChannelId, u64)>,
    /// Releases.
    pub releases: Vec<ReleaseRow>,
    /// Releases that end: channel, act and audience, and the index of the withdrawal.
    pub withdrawals: Vec<(ChannelId, ActId, Audience, u64)>,
}

impl NewRows {
    /// How many rows there are of each kind, to return to with [`NewRows::truncate`].
    #[must_use]
    pub fn lengths(&self) -> [usize; 8] {
        [
            self.channels.len(),
            self.entries.len(),
            self.bodies.len(),
            self.wraps.len(),
            self.boxes.len(),
            self.citations.len(),
            self.releases.len(),
            self.withdrawals.len(),
        ]
    }

    /// Forgets the rows added since.
    pub fn truncate(&mut self, lengths: [usize; 8]) {
        let [channels, entries, bodies, wraps, boxes, citations, releases, withdrawals] = lengths;
        self.channels.truncate(channels);
        self.entries.truncate(entries);
        self.bodies.truncate(bodies);
        self.wraps.truncate(wraps);
        self.boxes.truncate(boxes);
        self.citations.truncate(citations);
        self.releases.truncate(releases);
        self.withdrawals.truncate(withdrawals);
    }
}

/// Every statement here, for the test that prepares them.
#[must_use]
pub fn statements() -> (Vec<Statement>, Vec<&'static InsertRows>) {
    let mut statements = read::STATEMENTS.to_vec();
    statements.extend(write::STATEMENTS);
    (statements, write::INSERTS.to_vec())
}

/// The database's `bigint` for a number that stays far below its bound.
fn i64_of(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;
