//! Mechanism files and questionnaires.
#![no_main]

use chancery_core::mechanism::Mechanism;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &str| {
    let _ = Mechanism::parse(data);
});
