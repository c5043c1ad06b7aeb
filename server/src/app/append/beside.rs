//! What stands beside an act must be what the act names: nothing more, nothing less, nothing else.

use bytes::Bytes;
use chancery_core::act::{Grant, SignedAct, StateStatement, Statement};
use chancery_core::error::WireReason;
use chancery_core::id::{Digest, KeyId};
use chancery_core::limits::{BODY_BYTES_MAX, PREVIOUS_BOX_BYTES, WRAP_BYTES};
use chancery_core::log::{Tree, wrap_leaf};

use super::{NewEntry, NewRelease};
use crate::app::AppError;
use crate::store::publications::heading;

/// What stands beside an act and is what the act names.
#[derive(Debug, Clone, Default)]
pub(super) struct Beside {
    pub(super) body: Option<Bytes>,
    pub(super) wraps: Vec<(KeyId, Bytes)>,
    pub(super) previous_box: Option<Bytes>,
    pub(super) releases: Vec<Release>,
}

/// What opens one post, to be kept beside its grant.
#[derive(Debug, Clone)]
pub(super) struct Release {
    pub(super) key_material: Bytes,
    pub(super) rendition: Option<Bytes>,
    pub(super) heading: Option<Bytes>,
    /// SHA-256 and length of each file in clear that the rendition shows.
    pub(super) files: Vec<(Digest, u64)>,
}

impl Beside {
    /// Compares all of it with the act.
    pub(super) fn check(act: &SignedAct, entry: NewEntry) -> Result<Self, AppError> {
        let statement = &act.content().statement;
        let named = statement.beside();
        let body = present(entry.body);
        if body.as_ref().is_some_and(|body| body.len() > BODY_BYTES_MAX) {
            return Err(WireReason::TooLarge.into());
        }
        let body_is = match (&body, named.body) {
            (None, None) => true,
            (Some(body), Some(named)) => {
                body.len() as u64 == named.length && Digest::of(body) == named.sha256
            }
            (Some(_), None) | (None, Some(_)) => false,
        };
        let previous_box = present(entry.previous_box);
        let box_is = match (&previous_box, named.previous_box) {
            (None, None) => true,
            (Some(bytes), Some(named)) => bytes.len() == PREVIOUS_BOX_BYTES && Digest::of(bytes) == named,
            (Some(_), None) | (None, Some(_)) => false,
        };
        let recipients = named.recipients.map_or(&[][..], |recipients| &recipients.key_ids[..]);
        let wraps_are = recipients.len() == entry.wraps.len()
            && entry.wraps.iter().all(|wrap| wrap.len() == WRAP_BYTES)
            && named.recipients.is_none_or(|named| {
                let leaves = named.key_ids.iter().zip(&entry.wraps);
                Tree::of(leaves.map(|(key, wrap)| wrap_leaf(key, wrap))).head().root == named.wraps_root
            });
        if !(body_is && box_is && wraps_are) {
            return Err(WireReason::BesideMismatch.into());
        }
        let wraps = recipients.iter().copied().zip(entry.wraps).collect();
        Ok(Self { body, wraps, previous_box, releases: releases(statement, entry.releases)? })
    }
}

/// On the wire an absent field is an empty one.
fn present(bytes: Bytes) -> Option<Bytes> {
    (!bytes.is_empty()).then_some(bytes)
}

fn releases(statement: &Statement, releases: Vec<NewRelease>) -> Result<Vec<Release>, AppError> {
    let grants = match statement {
        Statement::Disclose(act) => &act.grants[..],
        _ => &[],
    };
    if grants.len() != releases.len() {
        return Err(WireReason::BesideMismatch.into());
    }
    grants
        .iter()
        .zip(releases)
        .map(|(signed, release)| match signed.content() {
            StateStatement::Grant(grant) => release_of(grant, release),
            // The policy says what is wrong with it.
            StateStatement::Withdrawal(_)
            | StateStatement::Clearance(_)
            | StateStatement::Membership(_)
            | StateStatement::KeySuccession(_)
            | StateStatement::Objection(_) => Err(WireReason::BesideMismatch.into()),
        })
        .collect()
}

/// The server cannot open anything, but it can see that a public key is the one committed to, and that a
/// rendition is the one that the State has signed.
fn release_of(grant: &Grant, release: NewRelease) -> Result<Release, AppError> {
    let NewRelease { key_material, rendition } = release;
    let bytes = present(rendition);
    if bytes.as_ref().is_some_and(|bytes| bytes.len() > BODY_BYTES_MAX) {
        return Err(WireReason::TooLarge.into());
    }
    let rendition =
        grant.check_release(&key_material, bytes.as_deref()).map_err(|_| WireReason::BesideMismatch)?;
    let heading = rendition.as_ref().map(heading);
    let files = rendition.iter().flat_map(|rendition| &rendition.files);
    let files = files.map(|file| (file.sha256, file.length)).collect();
    Ok(Release { key_material, rendition: bytes, heading, files })
}
