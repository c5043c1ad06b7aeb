//! Proofs of a fork from anyone: what decodes has one form, and without the root's signature proves nothing.
#![no_main]

use chancery_core::id::KeyId;
use chancery_core::log::ForkProof;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Ok(proof) = ForkProof::decode(data) {
        assert_eq!(proof.encode().as_bytes(), data);
        assert!(proof.verify(&KeyId::new([1; 32])).is_err());
    }
});
