//! The beginning of a move file and its list of records, of any bytes: no panic, and a list that decodes encodes to
//! the same bytes.
#![no_main]

use chancery_client::home::{Manifest, MoveFile};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = MoveFile::begin("file".into(), bytes);
    if let Ok(manifest) = Manifest::decode(bytes) {
        assert_eq!(manifest.encode(), bytes);
    }
});
