//! The one place here that draws randomness: for the server's own keys.

use ring::rand::SystemRandom;
use ring::signature::Ed25519KeyPair;
use zeroize::Zeroizing;

/// The system's randomness failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the system gives no random bytes")]
pub struct NoRandomness;

/// A new Ed25519 key in PKCS#8 (DER).
#[expect(clippy::disallowed_methods, reason = "the one place that draws randomness")]
pub fn make_ed25519_key() -> Result<Zeroizing<Vec<u8>>, NoRandomness> {
    let key = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).map_err(|_| NoRandomness)?;
    Ok(Zeroizing::new(key.as_ref().to_vec()))
}
