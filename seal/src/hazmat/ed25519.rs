//! Ed25519 (RFC 8032) signing, by ring. Verification is in `chancery-core`.

use ring::signature::{Ed25519KeyPair, KeyPair as _};

use crate::SealError;

/// A key pair expanded from its seed.
pub(crate) struct Signer(Ed25519KeyPair);

impl Signer {
    pub(crate) fn from_seed(seed: &[u8; 32]) -> Result<Self, SealError> {
        Ed25519KeyPair::from_seed_unchecked(seed)
            .map(Self)
            .map_err(|_| SealError::Bug("every 32 bytes are an Ed25519 seed"))
    }

    pub(crate) fn public(&self) -> Result<[u8; 32], SealError> {
        let public = self.0.public_key().as_ref();
        public.try_into().map_err(|_| SealError::Bug("an Ed25519 public key has 32 bytes"))
    }

    pub(crate) fn sign(&self, message: &[u8]) -> [u8; 64] {
        let mut out = [0; 64];
        out.copy_from_slice(self.0.sign(message).as_ref());
        out
    }
}
