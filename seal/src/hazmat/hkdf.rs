//! HKDF (RFC 5869) and HMAC (RFC 2104) with SHA-256, by ring.

use ring::{hkdf, hmac};
use zeroize::Zeroizing;

use crate::SealError;

/// `HKDF-SHA256(ikm = secret, salt = empty, info, L = 32)`.
pub(crate) fn derive(secret: &[u8], info: &[u8]) -> Result<Zeroizing<[u8; 32]>, SealError> {
    let mut key = Zeroizing::new([0; 32]);
    hkdf::Salt::new(hkdf::HKDF_SHA256, &[])
        .extract(secret)
        .expand(&[info], hkdf::HKDF_SHA256)
        .and_then(|okm| okm.fill(&mut *key))
        .map_err(|_| SealError::Bug("HKDF refused 32 bytes"))?;
    Ok(key)
}

/// `HMAC-SHA256(key, message)`.
pub(crate) fn mac(key: &[u8; 32], message: &[u8]) -> Result<[u8; 32], SealError> {
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), message);
    tag.as_ref().try_into().map_err(|_| SealError::Bug("HMAC-SHA256 has 32 bytes"))
}

/// Whether `tag` is `HMAC-SHA256(key, message)`, in constant time.
pub(crate) fn mac_matches(key: &[u8; 32], message: &[u8], tag: &[u8]) -> bool {
    hmac::verify(&hmac::Key::new(hmac::HMAC_SHA256, key), message, tag).is_ok()
}
