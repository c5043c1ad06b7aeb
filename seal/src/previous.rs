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
    let secret = unbox(newer, newer_secret, bytes)?;
    wrap::check(commitment, &wrap::commit(&previous, &secret))?;
    Ok(secret)
}

/// As [`unbox_previous`], for a seed whose first generation no act commits to: the caller compares the key that
/// the seed gives with the public key in the directory, which says the same.
///
/// # Errors
///
/// [`SealError::Commitment`] and [`SealError::Tag`], as there.
pub fn unbox_seed(
    newer: &WrapInfo,
    newer_secret: &[u8; 32],
    bytes: &[u8],
) -> Result<Zeroizing<[u8; 32]>, SealError> {
    previous_of(newer)?;
    unbox(newer, newer_secret, bytes)
}

fn unbox(newer: &WrapInfo, newer_secret: &[u8; 32], bytes: &[u8]) -> Result<Zeroizing<[u8; 32]>, SealError> {
    if bytes.len() != BOX_BYTES {
        let (expected, found) = (BOX_BYTES as u64, bytes.len() as u64);
        return Err(SealError::Length { what: "the box of the previous secret", expected, found });
    }
    let key = hkdf::derive(newer_secret, &newer.context(Label::PreviousBoxKey, &[]))?;
    let opened = chunked::open(CIPHER, &key, &newer.context(Label::PreviousBox, &[]), bytes)?;
    let secret = opened.first_chunk().ok_or(SealError::Bug("a box of the right length holds 32 bytes"))?;
    Ok(Zeroizing::new(*secret))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wrap::{Purpose, Scope, commit};

    const NEWER: WrapInfo = WrapInfo { purpose: Purpose::Epoch, scope: Scope::new([1; 16]), generation: 3 };
    const PREVIOUS: WrapInfo = WrapInfo { generation: 2, ..NEWER };

    #[test]
    fn the_newer_secret_opens_the_previous_one() {
        let boxed = box_previous(&NEWER, &[3; 32], &[2; 32]).unwrap();
        assert_eq!(boxed.len(), BOX_BYTES);
        let commitment = commit(&PREVIOUS, &[2; 32]);
        assert_eq!(*unbox_previous(&NEWER, &[3; 32], &commitment, &boxed).unwrap(), [2; 32]);

        let later = WrapInfo { generation: 4, ..NEWER };
        let team = WrapInfo { purpose: Purpose::Team, ..NEWER };
        for (info, secret, expected) in [
            (NEWER, [4; 32], SealError::Commitment),
            (later, [3; 32], SealError::Commitment),
            (team, [3; 32], SealError::Commitment),
        ] {
            assert_eq!(unbox_previous(&info, &secret, &commitment, &boxed).unwrap_err(), expected);
        }
    }

    #[test]
    fn a_box_of_another_secret_is_refused() {
        let boxed = box_previous(&NEWER, &[3; 32], &[9; 32]).unwrap();
        let refused = unbox_previous(&NEWER, &[3; 32], &commit(&PREVIOUS, &[2; 32]), &boxed).unwrap_err();
        assert_eq!(refused, SealError::SecretCommitment);
    }

    #[test]
    fn the_first_generation_has_none() {
        let first = WrapInfo { generation: 0, ..NEWER };
        assert_eq!(box_previous(&first, &[1; 32], &[0; 32]).unwrap_err(), SealError::FirstGeneration);
        let refused = unbox_previous(&first, &[1; 32], &commit(&first, &[0; 32]), &[]).unwrap_err();
        assert_eq!(refused, SealError::FirstGeneration);
    }

    #[test]
    fn cut_boxes_are_refused() {
        let boxed = box_previous(&NEWER, &[3; 32], &[2; 32]).unwrap();
        let commitment = commit(&PREVIOUS, &[2; 32]);
        for bytes in [&boxed[1..], &boxed[..BOX_BYTES - 1], &[]] {
            let refused = unbox_previous(&NEWER, &[3; 32], &commitment, bytes).unwrap_err();
            assert!(matches!(refused, SealError::Length { .. }));
        }
    }
}
