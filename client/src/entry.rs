//! Entries of a log with what stands beside them: as a server hands them out, and as a writer hands them in.
//!
//! Nothing here is verified. The home stores these types, so their fields are part of its format.

use bytes::Bytes;
use chancery_core::id::{Digest, KeyId};
use serde::{Deserialize, Serialize};

/// An entry of a log, as handed out to one reader.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Its place in the log, from 0.
    pub index: u64,
    /// The signed act; in a publication log the signed statement.
    pub signed: Bytes,
    /// When the server took it, milliseconds of UTC.
    pub log_time_ms: u64,
    /// The sealed body.
    pub body: Option<Bytes>,
    /// The wraps that are addressed to the reader.
    pub own_wraps: Vec<OwnWrap>,
    /// The previous secret, boxed under the new one.
    pub previous_box: Option<Bytes>,
}

/// An entry as its record has it: what is borrowed here lies in the record's bytes.
#[derive(Deserialize)]
struct Kept<'a> {
    index: u64,
    signed: &'a [u8],
    log_time_ms: u64,
    body: Option<&'a [u8]>,
    own_wraps: Vec<OwnWrap>,
    previous_box: Option<&'a [u8]>,
}

impl Entry {
    /// The entries that a record of the home holds; none if another version wrote it. They share its bytes.
    pub(crate) fn decode_all(record: &Bytes) -> Option<Vec<Self>> {
        let kept: Vec<Kept<'_>> = postcard::from_bytes(record).ok()?;
        let shared = |bytes: &[u8]| record.slice_ref(bytes);
        let entry = |kept: Kept<'_>| Self {
            index: kept.index,
            signed: shared(kept.signed),
            log_time_ms: kept.log_time_ms,
            body: kept.body.map(shared),
            own_wraps: kept.own_wraps,
            previous_box: kept.previous_box.map(shared),
        };
        Some(kept.into_iter().map(entry).collect())
    }
}

/// A wrap addressed to the reader, with its path to the root that the act names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnWrap {
    /// The reader's key.
    pub key_id: KeyId,
    /// The wrap.
    pub wrap: Bytes,
    /// Its position among the act's recipients.
    pub position: u64,
    /// RFC 6962 inclusion proof in the tree of the act's wraps.
    pub path: Vec<Digest>,
}

/// An act on its way to a log, with what has to be handed in beside it. The outbox stores exactly this.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outgoing {
    /// The signed act.
    pub act: Bytes,
    /// Its sealed body.
    pub body: Option<Bytes>,
    /// Its wraps, in the order of the recipients.
    pub wraps: Vec<Bytes>,
    /// The previous secret, boxed under the new one.
    pub previous_box: Option<Bytes>,
    /// What opens each post of a disclosure, in the order of its grants.
    pub releases: Vec<Release>,
}

/// What opens one disclosed post.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Release {
    /// For the public the revision key; otherwise its wrap to the all-parties key.
    pub key_material: Bytes,
    /// An encoded rendition; only for the public.
    pub rendition: Option<Bytes>,
}

/// The server's word that an act stands in the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// Its place in the log, from 0.
    pub index: u64,
    /// When the server took it, milliseconds of UTC.
    pub log_time_ms: u64,
    /// RFC 6962 inclusion proof in the checkpoint's tree.
    pub inclusion_proof: Vec<Digest>,
    /// Signed note of a size that covers the entry.
    pub checkpoint: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_come_back_as_they_were_kept() {
        let bytes = |byte: u8, length: usize| Bytes::from(vec![byte; length]);
        let wrap = OwnWrap {
            key_id: KeyId::new([1; 32]),
            wrap: bytes(2, 9),
            position: 3,
            path: vec![Digest::of(b"")],
        };
        let full = Entry {
            index: 7,
            signed: bytes(4, 300),
            log_time_ms: u64::MAX,
            body: Some(bytes(5, 0)),
            own_wraps: vec![wrap],
            previous_box: Some(bytes(6, 88)),
        };
        let bare = Entry { body: None, own_wraps: Vec::new(), previous_box: None, ..full.clone() };
        let entries = vec![full, bare];
        let record = Bytes::from(postcard::to_stdvec(&entries).unwrap());
        assert_eq!(Entry::decode_all(&record), Some(entries));
        assert_eq!(Entry::decode_all(&record.slice(..record.len() - 1)), None);
    }
}
