//! Files of checkpoints from another person: what decodes has one form.
#![no_main]

use chancery_client::verify::Checkpoints;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Ok(read) = Checkpoints::decode(data) {
        assert_eq!(read.encode().as_bytes(), data);
    }
});
