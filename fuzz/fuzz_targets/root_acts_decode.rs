//! Acts of a root in a file, and a second custodian's line, from anyone: what decodes has one form, and nothing of it
//! is the root's without the root's signature.
#![no_main]

use chancery_client::second::{RootActs, SecondLine};
use chancery_core::id::KeyId;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Ok(acts) = RootActs::decode(data) {
        assert_eq!(acts.encode().as_bytes(), data);
        assert!(acts.check(&KeyId::new([1; 32])).is_err());
    }
    if let Ok(line) = std::str::from_utf8(data).unwrap_or_default().parse::<SecondLine>() {
        assert_eq!(line.text().parse(), Ok(line));
    }
});
