//! Proofs of one entry: whatever parses is in its one form.
#![no_main]

use chancery_core::log::EntryProof;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Ok(proof) = EntryProof::decode(data) {
        assert_eq!(proof.encode().as_bytes(), data);
    }
});
