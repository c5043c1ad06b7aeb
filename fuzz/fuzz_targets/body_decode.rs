//! What stands inside sealed bodies: whatever parses encodes to the same bytes.
#![no_main]

use chancery_core::act::{PersonCard, PostBody, Rendition};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Ok(body) = PostBody::decode(data) {
        assert_eq!(body.encode(), data);
    }
    if let Ok(card) = PersonCard::decode(data) {
        assert_eq!(card.encode(), data);
    }
    if let Ok(rendition) = Rendition::decode(data) {
        assert_eq!(rendition.encode(), data);
    }
});
