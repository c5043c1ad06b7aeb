//! Ids and codes as text: whatever parses prints as a text that parses to the same.
#![no_main]

use std::fmt::{Debug, Display};
use std::str::FromStr;

use chancery_core::id::{
    ActId, ChannelId, Digest, FileId, InstrumentCode, KeyId, SectionId, StateCode, UserId,
};
use chancery_core::mechanism::{Disclosure, ItemKind, Language, QuestionId, Side};
use libfuzzer_sys::fuzz_target;

fn reads_back<T: FromStr + Display + PartialEq + Debug>(text: &str) {
    if let Ok(value) = text.parse::<T>() {
        assert_eq!(value.to_string().parse::<T>().ok(), Some(value));
    }
}

fuzz_target!(|text: &str| {
    reads_back::<ActId>(text);
    reads_back::<ChannelId>(text);
    reads_back::<Digest>(text);
    reads_back::<FileId>(text);
    reads_back::<InstrumentCode>(text);
    reads_back::<KeyId>(text);
    reads_back::<SectionId>(text);
    reads_back::<StateCode>(text);
    reads_back::<UserId>(text);
    reads_back::<Disclosure>(text);
    reads_back::<ItemKind>(text);
    reads_back::<Language>(text);
    reads_back::<QuestionId>(text);
    reads_back::<Side>(text);
});
