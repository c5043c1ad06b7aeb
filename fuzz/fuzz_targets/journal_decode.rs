//! A journal of any bytes: no panic, and what decodes encodes to the same bytes.
#![no_main]

use chancery_seal::file::FileJournal;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(journal) = FileJournal::decode(bytes) {
        assert_eq!(&**journal.encode(), bytes);
    }
});
