//! A recovery sheet as somebody types it: what reads is written again to the same.
#![no_main]

use chancery_client::sheet::{parse, parse_words, text};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &str| {
    let _ = parse_words(input);
    if let Ok((line, secret)) = parse(input) {
        let written = text(&line, &secret).expect("what was read has a place in the format");
        let (again, same) = parse(&written).expect("what was written reads");
        assert_eq!(again, line);
        assert_eq!(same.as_bytes(), secret.as_bytes());
    }
});
