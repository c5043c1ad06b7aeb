//! The previous secret, boxed under the next: whoever joins reads the archive.

use chancery_core::id::Digest;
use chancery_core::name::Label;
use zeroize::Zeroizing;

use crate::hazmat::chunked::{self, CIPHER};
use crate::hazmat::hkdf;
use crate::wrap::{self, WrapInfo};
use crate::{SealError, random};

/// Length of every box in bytes.
pub const BOX_BYTES: usize = chunked::HEADER_BYTES + 32 + chunked::TAG_BYTES;

/// Seals the previous secret under the newer one. `newer` says which secret `newer_secret` is; the previous
/// one is of the same purpose and scope, one generation before.
///
/// # Errors
///
/// [`SealError::FirstGeneration`] if there is no generation before.
pub fn box_previous(
    newer: &WrapInfo,
    newer_secret: &[u8; 32],
    previous_secret: &[u8; 32],
) -> Result<Vec<u8>, SealError> {
    previous_of(newer)?;
    box_with_salt(newer, newer_secret, previous_secret, &random::make_bytes()?)
}

/// Opens what [`box_previous`] made and checks the secret against `commitment`, which stands in the act that
/// introduced the previous generation ([`wrap::commit`]).
///
/// # Errors
///
/// [`SealError::SecretCommitment`], [`SealError::Commitment`] and [`SealError::Tag`] are reasons for a
/// complaint, as for [`wrap::unwrap`].
pub fn unbox_previous(
    newer: &WrapInfo,
    newer_secret: &[u8; 32],
    commitment: &Digest,
    bytes: &[u8],
) -> Result<Zeroizing<[u8; 32]>, SealError> {
    let previous = previous_of(newer)?;
    if bytes.len() != BOX_BYTES {
        let (expected, found) = (BOX_BYTES as u64, bytes.len() as u64);
        return Err(SealError::Length { what: "the box of the previous secret", expected, found });
    }
    let key = hkdf::derive(newer_secret, &newer.context(Label::PreviousBoxKey, &[]))?;
    let opened = chunked::open(CIPHER, &key, &newer.context(Label::PreviousBox, &[]), bytes)?;
    let secret = opened.first_chunk().ok_or(SealError::Bug("a box of the right length holds 32 bytes"))?;
    let secret = Zeroizing::new(*secret);
    wrap::check(commitment, &wrap::commit(&previous, &secret))?;
    Ok(secret)
}

pub(crate) fn box_with_salt(
    newer: &WrapInfo,
    newer_secret: &[u8; 32],
    previous_secret: &[u8; 32],
    salt: &[u8; chunked::SALT_BYTES],
) -> Result<Vec<u8>, SealError> {
    let key = hkdf::derive(newer_secret, &newer.context(Label::PreviousBoxKey, &[]))?;
    chunked::seal(CIPHER, &key, salt, &newer.context(Label::PreviousBox, &[]), previous_secret)
}

fn previous_of(newer: &WrapInfo) -> Result<WrapInfo, SealError> {
    let generation = newer.generation.checked_sub(1).ok_or(SealError::FirstGeneration)?;
    Ok(WrapInfo { generation, ..*newer })
}
