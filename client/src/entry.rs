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
