//! Bundles: no bytes hold under a root that nobody has, and none make the verifier stop otherwise than by an error.
#![no_main]

use std::io::Cursor;

use chancery_client::bundle::verify;
use chancery_core::id::KeyId;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    assert!(verify(Cursor::new(data), &KeyId::new([0; 32])).is_err());
});
