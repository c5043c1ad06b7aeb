//! XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03) with a random nonce, for the local store.
//!
//! ```text
//! +------------+------------------+----------+
//! | nonce (24) | ciphertext (len) | tag (16) |
//! +------------+------------------+----------+
//! ```

use chacha20poly1305::{AeadInOut, KeyInit, Tag, XChaCha20Poly1305, XNonce};
use zeroize::Zeroizing;

use crate::SealError;

/// What the nonce and the tag add.
pub(crate) const OVERHEAD_BYTES: usize = NONCE_BYTES + TAG_BYTES;

pub(crate) const NONCE_BYTES: usize = 24;
const TAG_BYTES: usize = 16;

/// Appends `nonce || ciphertext || tag` to `out`. The nonce must be random and fresh.
pub(crate) fn seal(
    key: &[u8; 32],
    nonce: &[u8; NONCE_BYTES],
    aad: &[u8],
    plaintext: &[u8],
    out: &mut Vec<u8>,
) -> Result<(), SealError> {
    out.reserve_exact(plaintext.len() + OVERHEAD_BYTES);
    out.extend_from_slice(nonce);
    let start = out.len();
    out.extend_from_slice(plaintext);
    let tag = XChaCha20Poly1305::new(key.into())
        .encrypt_inout_detached(&XNonce::from(*nonce), aad, (&mut out[start..]).into())
        .map_err(|_| SealError::Bug("XChaCha20-Poly1305 seals up to 256 GiB"))?;
    out.extend_from_slice(&tag);
    Ok(())
}

/// Opens `nonce || ciphertext || tag`.
pub(crate) fn open(key: &[u8; 32], aad: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealError> {
    let (nonce, rest) = sealed.split_first_chunk::<NONCE_BYTES>().ok_or(SealError::Tag)?;
    let (ciphertext, tag) = rest.split_last_chunk::<TAG_BYTES>().ok_or(SealError::Tag)?;
    let mut plaintext = Zeroizing::new(ciphertext.to_vec());
    XChaCha20Poly1305::new(key.into())
        .decrypt_inout_detached(&XNonce::from(*nonce), aad, plaintext.as_mut_slice().into(), &Tag::from(*tag))
        .map_err(|_| SealError::Tag)?;
    Ok(plaintext)
}
