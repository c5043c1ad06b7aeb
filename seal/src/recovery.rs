//! The keys of a recovery sheet: one signs the act that brings in a new device, the other opens the person's key.

use chancery_core::name::{Label, context};

use crate::SealError;
use crate::hazmat::hkdf;
use crate::kem::KemKeyPair;
pub use crate::secret::RecoverySecret;
use crate::secret::{KemSeed, SigningSeed};
use crate::sign::SigningKey;

impl RecoverySecret {
    /// The key that may add a device.
    ///
    /// # Errors
    /// [`SealError`] if the derivation fails, which is not the caller's fault.
    pub fn signing_key(&self) -> Result<SigningKey, SealError> {
        let seed = hkdf::derive(self.as_bytes(), &context(Label::RecoverySign, &[]))?;
        SigningKey::from_seed(SigningSeed::from_bytes(*seed))
    }

    /// The key to which the person's own key is wrapped.
    ///
    /// # Errors
    /// [`SealError`] if the derivation fails, which is not the caller's fault.
    pub fn kem(&self) -> Result<KemKeyPair, SealError> {
        let seed = hkdf::derive(self.as_bytes(), &context(Label::RecoveryKem, &[]))?;
        KemKeyPair::from_seed(&KemSeed::from_bytes(*seed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_secret_gives_two_keys_and_always_the_same() {
        let (one, again) = (RecoverySecret::from_bytes([7; 32]), RecoverySecret::from_bytes([7; 32]));
        let other = RecoverySecret::from_bytes([8; 32]);
        let sign = |secret: &RecoverySecret| secret.signing_key().unwrap();
        let kem = |secret: &RecoverySecret| secret.kem().unwrap().key_id();
        assert_eq!(sign(&one).public(), sign(&again).public());
        assert_eq!(kem(&one), kem(&again));
        assert_ne!(sign(&one).public(), sign(&other).public());
        assert_ne!(kem(&one), kem(&other));
        let plain = KemKeyPair::from_seed(&KemSeed::from_bytes(*sign(&one).seed().as_bytes())).unwrap();
        assert_ne!(kem(&one), plain.key_id(), "not from one seed");
    }
}
