//! Argon2id (RFC 9106), version 0x13, in the one profile of this version.

use argon2::{Algorithm, Argon2, Params, Version};
use zeroize::Zeroizing;

use crate::SealError;

/// 64 MiB.
pub(crate) const MEMORY_KIB: u32 = 64 * 1024;
/// Three passes.
pub(crate) const PASSES: u32 = 3;
/// One lane.
pub(crate) const LANES: u32 = 1;

/// `Argon2id(passphrase, salt)`, 32 bytes. Takes about a tenth of a second and 64 MiB.
pub(crate) fn derive(passphrase: &[u8], salt: &[u8; 16]) -> Result<Zeroizing<[u8; 32]>, SealError> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, Some(32))
        .map_err(|_| SealError::Bug("the Argon2id profile is valid"))?;
    let mut key = Zeroizing::new([0; 32]);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(passphrase, salt, &mut *key)
        .map_err(|_| SealError::Bug("Argon2id refused its input, or there is no memory for it"))?;
    Ok(key)
}
