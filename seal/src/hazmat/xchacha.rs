//! XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03) with a random nonce, for the local store.
//!
//! ```text
//! +------------+------------------+----------+
//! | nonce (24) | ciphertext (len) | tag (16) |
//! +------------+------------------+----------+
//! ```
//!
//! It is `HChaCha20` once, and then ChaCha20-Poly1305 under the subkey (section 2.3 of the draft). The second is
//! ring's: a home that holds a long log opens megabytes at every start, and ring takes less than half as long
//! as the pure-Rust crate. The tests compare the two.

use chacha20::{R20, hchacha};
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
use zeroize::Zeroizing;

use crate::SealError;

/// What the nonce and the tag add.
pub(crate) const OVERHEAD_BYTES: usize = NONCE_BYTES + TAG_BYTES;

pub(crate) const NONCE_BYTES: usize = 24;
const TAG_BYTES: usize = 16;
/// The part of the nonce that goes into the subkey; the rest is the inner nonce.
const SUBKEY_NONCE_BYTES: usize = 16;

/// Appends `nonce || ciphertext || tag` to `out`. The nonce must be random and fresh.
pub(crate) fn seal(
    key: &[u8; 32],
    nonce: &[u8; NONCE_BYTES],
    aad: &[u8],
    plaintext: &[u8],
    out: &mut Vec<u8>,
) -> Result<(), SealError> {
    let (key, inner) = subkey(key, nonce)?;
    out.reserve_exact(plaintext.len() + OVERHEAD_BYTES);
    out.extend_from_slice(nonce);
    let start = out.len();
    out.extend_from_slice(plaintext);
    let tag = key
        .seal_in_place_separate_tag(inner, Aad::from(aad), &mut out[start..])
        .map_err(|_| SealError::Bug("XChaCha20-Poly1305 seals up to 256 GiB"))?;
    out.extend_from_slice(tag.as_ref());
    Ok(())
}

/// Opens `nonce || ciphertext || tag`.
pub(crate) fn open(key: &[u8; 32], aad: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealError> {
    let mut plaintext = Zeroizing::new(sealed.to_vec());
    open_in_place(key, aad, &mut plaintext)?;
    Ok(plaintext)
}

/// Makes `nonce || ciphertext || tag` the plaintext. What is left of a failure means nothing.
pub(crate) fn open_in_place(key: &[u8; 32], aad: &[u8], sealed: &mut Vec<u8>) -> Result<(), SealError> {
    let nonce = sealed.first_chunk::<NONCE_BYTES>().copied().ok_or(SealError::Tag)?;
    let (key, inner) = subkey(key, &nonce)?;
    let opened = key.open_within(inner, Aad::from(aad), sealed, NONCE_BYTES..);
    let length = opened.map_err(|_| SealError::Tag)?.len();
    sealed.truncate(length);
    Ok(())
}

/// The key and the nonce of the ChaCha20-Poly1305 inside: zeros before the rest of the nonce.
fn subkey(key: &[u8; 32], nonce: &[u8; NONCE_BYTES]) -> Result<(LessSafeKey, Nonce), SealError> {
    let (first, rest) =
        nonce.split_first_chunk::<SUBKEY_NONCE_BYTES>().ok_or(SealError::Bug("a nonce has 24 bytes"))?;
    let subkey = Zeroizing::new(<[u8; 32]>::from(hchacha::<R20>(key.into(), first.into())));
    let key = UnboundKey::new(&CHACHA20_POLY1305, &*subkey)
        .map_err(|_| SealError::Bug("ChaCha20-Poly1305 takes a key of 32 bytes"))?;
    let mut inner = [0; 12];
    inner[4..].copy_from_slice(rest);
    Ok((LessSafeKey::new(key), Nonce::assume_unique_for_key(inner)))
}
