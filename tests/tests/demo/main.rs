//! The played demo, looked at from outside: what its server's bytes open to whom, what the server refuses past
//! the client's own rules, and what is found when a proof is tampered with.

mod opens;
mod proofs;
mod wire;

use std::collections::BTreeSet;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use chancery_tests::played::Played;

#[test]
fn nothing_that_was_written_is_found_on_the_server() {
    let played = Played::copy();
    let bytes = everything(&played.path("server"));
    assert!(bytes.len() > 1024 * 1024 / 4, "the server's bytes");
    let markers = played.markers(false);
    assert!(markers.len() > 15, "{markers:?}");
    for (word, place) in &markers {
        for (form, needle) in forms(word) {
            assert!(!contains(&bytes, &needle), "{place}, as {form}");
        }
    }
    // The search itself works: what was made public is there, in clear.
    for (word, place) in played.markers(true) {
        assert!(contains(&bytes, word.as_bytes()), "{place}");
    }
}

#[test]
fn check_finds_nothing_after_the_demo_nor_after_a_rebuild() {
    let played = Played::copy();
    for command in ["check", "rebuild", "check"] {
        let said = played.server_command(command);
        assert_eq!(said.exit, 0, "{command}: {said:?}");
    }
}

/// Every byte of every file under a folder, and the names of the files.
fn everything(folder: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap()) {
        bytes.extend_from_slice(entry.file_name().as_encoded_bytes());
        if entry.file_type().unwrap().is_dir() {
            bytes.extend(everything(&entry.path()));
        } else {
            bytes.extend(std::fs::read(entry.path()).unwrap());
        }
    }
    bytes
}

/// How a word may look where it was written down without care.
fn forms(word: &str) -> Vec<(&'static str, Vec<u8>)> {
    let utf16 = |bytes: fn(u16) -> [u8; 2]| word.encode_utf16().flat_map(bytes).collect::<Vec<u8>>();
    let mut forms = vec![
        ("UTF-8", word.into()),
        ("upper case", word.to_uppercase().into()),
        ("UTF-16, little end first", utf16(u16::to_le_bytes)),
        ("UTF-16, big end first", utf16(u16::to_be_bytes)),
        ("hexadecimal", hex::encode(word).into()),
    ];
    // In base64 a word looks otherwise at each of three places; its first and last characters hang on what
    // stands beside it.
    for shift in 0..3 {
        let padded = [&[b'.'; 2][..shift], word.as_bytes()].concat();
        let whole = padded.len() / 3 * 3;
        for engine in [STANDARD, URL_SAFE_NO_PAD] {
            let encoded = engine.encode(&padded[..whole]);
            forms.push(("base64", encoded[(shift * 8).div_ceil(6)..].into()));
        }
    }
    forms
}

fn contains(bytes: &[u8], needle: &[u8]) -> bool {
    let last = needle[needle.len() - 1];
    let ends = bytes.iter().enumerate().filter(|(_, byte)| **byte == last);
    ends.into_iter().any(|(end, _)| bytes[..=end].ends_with(needle))
}

/// A set of texts.
fn set<'a>(texts: impl IntoIterator<Item = &'a str>) -> BTreeSet<String> {
    texts.into_iter().map(ToOwned::to_owned).collect()
}

#[test]
fn the_search_for_words_finds_each_form() {
    for (form, needle) in forms("ref00n00") {
        assert!(needle.len() >= 8, "{form}");
        assert!(contains(&[b"before ", &needle[..], b" after"].concat(), &needle), "{form}");
    }
    for text in ["xref00n00x", "xxref00n00xx", "ref00n00", "xxxref00n00xxx"] {
        let encoded = STANDARD.encode(text);
        assert!(forms("ref00n00").iter().any(|(_, form)| contains(encoded.as_bytes(), form)), "{text}");
    }
}
