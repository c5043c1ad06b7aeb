//! Acts and State statements: whatever parses is in its one encoding.
#![no_main]

use chancery_core::act::{SignedAct, SignedStatement};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Ok(act) = SignedAct::decode(data.to_vec()) {
        assert_eq!(act.bytes(), data);
    }
    if let Ok(statement) = SignedStatement::decode(data.to_vec()) {
        assert_eq!(statement.bytes(), data);
    }
});
