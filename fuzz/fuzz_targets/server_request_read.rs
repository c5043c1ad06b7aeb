//! Requests of servers as people paste them.
#![no_main]

use chancery_core::act::ServerRequest;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &str| {
    let _ = ServerRequest::read(data);
});
