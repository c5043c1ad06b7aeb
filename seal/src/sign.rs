//! Signing. One key signs payloads of many namespaces; a signature is valid in its own only.

use chancery_core::id::{DeviceId, KeyId};
use chancery_core::log::{Checkpoint, Cosignature, cosignature_message};
use chancery_core::name::{self, KeyAlgorithm, Namespace};

use crate::SealError;
use crate::hazmat::ed25519::Signer;
use crate::secret::SigningSeed;

/// A signing key of a device, a State, a root or a log.
pub struct SigningKey {
    seed: SigningSeed,
    signer: Signer,
    public: [u8; 32],
    id: KeyId,
}

impl SigningKey {
    /// A new random key.
    pub fn make() -> Result<Self, SealError> {
        Self::from_seed(SigningSeed::make()?)
    }

    /// The key of this seed.
    pub fn from_seed(seed: SigningSeed) -> Result<Self, SealError> {
        let signer = Signer::from_seed(seed.as_bytes())?;
        let public = signer.public()?;
        Ok(Self { seed, signer, public, id: name::key_id(KeyAlgorithm::Ed25519, &public) })
    }

    /// The seed, to be stored sealed.
    #[must_use]
    pub const fn seed(&self) -> &SigningSeed {
        &self.seed
    }

    /// The public key.
    #[must_use]
    pub const fn public(&self) -> [u8; 32] {
        self.public
    }

    /// The name of the public key.
    #[must_use]
    pub const fn key_id(&self) -> KeyId {
        self.id
    }

    /// Signs `payload` under `namespace`, for the deployment with this root. The signature covers
    /// [`name::signature_input`] and is verified by `chancery-core`.
    #[must_use]
    pub fn sign(&self, namespace: Namespace, root: &KeyId, payload: &[u8]) -> [u8; 64] {
        self.signer.sign(&name::signature_input(namespace, &self.id, root, payload))
    }

    /// The word of the device whose key this is that it has verified a log up to a checkpoint: C2SP
    /// `cosignature/v1`, whose message begins otherwise than every [`name::signature_input`].
    #[must_use]
    pub fn cosign(
        &self,
        root: &KeyId,
        device: DeviceId,
        checkpoint: &Checkpoint,
        time_s: u64,
    ) -> Cosignature {
        let signature = self.signer.sign(&cosignature_message(time_s, checkpoint));
        Cosignature::new(root, device, &self.public, time_s, signature)
    }
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SigningKey({})", self.id)
    }
}

#[cfg(test)]
mod tests {
    use ring::signature::{ED25519, UnparsedPublicKey};

    use super::*;

    #[test]
    fn a_signature_holds_for_its_namespace_signer_root_and_payload_only() {
        let key = SigningKey::make().unwrap();
        let (root, other) = (KeyId::new([1; 32]), KeyId::new([2; 32]));
        let signature = key.sign(Namespace::Grant, &root, b"payload");
        let valid = |namespace, signer: &KeyId, root: &KeyId, payload: &[u8]| {
            let input = name::signature_input(namespace, signer, root, payload);
            UnparsedPublicKey::new(&ED25519, key.public()).verify(&input, &signature).is_ok()
        };
        assert!(valid(Namespace::Grant, &key.key_id(), &root, b"payload"));
        assert!(!valid(Namespace::Clearance, &key.key_id(), &root, b"payload"));
        assert!(!valid(Namespace::Grant, &other, &root, b"payload"));
        assert!(!valid(Namespace::Grant, &key.key_id(), &other, b"payload"));
        assert!(!valid(Namespace::Grant, &key.key_id(), &root, b"Payload"));
    }

    #[test]
    fn a_cosignature_holds_for_its_key_and_checkpoint_only() {
        use chancery_core::act::TreeHead;
        use chancery_core::id::Digest;

        let (key, root) = (SigningKey::make().unwrap(), KeyId::new([1; 32]));
        let checkpoint = |size| Checkpoint {
            origin: "chancery/origin".to_owned(),
            head: TreeHead { size, root: Digest::of(b"root") },
        };
        let cosignature = key.cosign(&root, DeviceId::new([2; 16]), &checkpoint(1), 9);
        assert!(cosignature.verify(&root, &checkpoint(1), &key.public()).is_ok());
        assert!(cosignature.verify(&root, &checkpoint(2), &key.public()).is_err());
        assert!(cosignature.verify(&root, &checkpoint(1), &SigningKey::make().unwrap().public()).is_err());
    }

    #[test]
    fn the_seed_gives_the_same_key_again() {
        let key = SigningKey::make().unwrap();
        let again = SigningKey::from_seed(SigningSeed::from_bytes(*key.seed().as_bytes())).unwrap();
        assert_eq!((key.public(), key.key_id()), (again.public(), again.key_id()));
        assert_eq!(format!("{key:?}"), format!("SigningKey({})", key.key_id()));
    }
}
