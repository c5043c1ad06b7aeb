//! A newcomer's keys: whatever parses is in its one encoding.
#![no_main]

use chancery_core::act::PersonKeys;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Ok(keys) = PersonKeys::decode(data) {
        assert_eq!(keys.encode(), data);
    }
});
