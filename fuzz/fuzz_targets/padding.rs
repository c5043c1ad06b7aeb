//! Padded plaintext of any bytes: no panic, and what is taken apart is what `pad` makes of it.
#![no_main]

use chancery_seal::padding::{pad, unpad};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(content) = unpad(bytes) {
        assert_eq!(&**pad(content), bytes);
    }
    assert_eq!(unpad(&pad(bytes)), Ok(bytes));
});
