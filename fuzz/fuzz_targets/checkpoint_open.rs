//! Signed notes from a server.
#![no_main]

use chancery_core::log::Checkpoint;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &str| {
    let _ = Checkpoint::open(data, "chancery/root/channel", &[7; 32]);
});
