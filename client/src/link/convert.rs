//! Between the messages of the wire and our types.

use bytes::Bytes;
use chancery_core::id::Digest;
use chancery_proto::v1;

use super::LinkError;
use crate::entry::{Entry, Outgoing, OwnWrap, Receipt};

/// A fixed-length id of an answer.
pub(super) fn id<'a, T: TryFrom<&'a [u8]>>(bytes: &'a [u8], field: &'static str) -> Result<T, LinkError> {
    T::try_from(bytes).map_err(|_| LinkError::Protocol(field))
}

/// An id that may be absent.
pub(super) fn optional_id<'a, T: TryFrom<&'a [u8]>>(
    bytes: &'a [u8],
    field: &'static str,
) -> Result<Option<T>, LinkError> {
    if bytes.is_empty() { Ok(None) } else { id(bytes, field).map(Some) }
}

/// A Merkle path.
pub(super) fn path(proof: &[Bytes], field: &'static str) -> Result<Vec<Digest>, LinkError> {
    if proof.len() > PATH_MAX {
        return Err(LinkError::Protocol(field));
    }
    proof.iter().map(|digest| id(digest, field)).collect()
}

/// An id on its way to the server.
pub(super) fn wire(id: &[u8]) -> Bytes {
    Bytes::copy_from_slice(id)
}

/// Bytes that are absent when empty.
pub(super) fn present(bytes: Bytes) -> Option<Bytes> {
    (!bytes.is_empty()).then_some(bytes)
}

pub(super) fn entry(message: v1::Entry) -> Result<Entry, LinkError> {
    Ok(Entry {
        index: message.index,
        signed: message.signed,
        log_time_ms: message.log_time_ms,
        body: present(message.body),
        own_wraps: message.own_wraps.into_iter().map(own_wrap).collect::<Result<_, _>>()?,
        previous_box: present(message.previous_box),
    })
}

fn own_wrap(message: v1::OwnWrap) -> Result<OwnWrap, LinkError> {
    Ok(OwnWrap {
        key_id: id(&message.key_id, "own_wraps.key_id")?,
        wrap: message.wrap,
        position: message.position,
        path: path(&message.path, "own_wraps.path")?,
    })
}

pub(super) fn receipt(message: v1::Receipt) -> Result<Receipt, LinkError> {
    Ok(Receipt {
        index: message.index,
        log_time_ms: message.log_time_ms,
        inclusion_proof: path(&message.inclusion_proof, "receipts.inclusion_proof")?,
        checkpoint: message.checkpoint,
    })
}

pub(super) fn new_entry(outgoing: &Outgoing) -> v1::NewEntry {
    let release = |release: &crate::entry::Release| v1::Release {
        key_material: release.key_material.clone(),
        rendition: release.rendition.clone().unwrap_or_default(),
    };
    v1::NewEntry {
        signed_act: outgoing.act.clone(),
        body: outgoing.body.clone().unwrap_or_default(),
        wraps: outgoing.wraps.clone(),
        previous_box: outgoing.previous_box.clone().unwrap_or_default(),
        releases: outgoing.releases.iter().map(release).collect(),
    }
}

/// A tree of 2^63 leaves has paths no longer than this; a consistency proof has one node more.
const PATH_MAX: usize = 64;
