//! The JSON lines as `docs/interface.md` promises them, and the sentences.

use chancery_core::act::Kind;
use chancery_core::id::{ActId, ChannelId, DeviceId, KeyId, StateCode};

use super::*;
use crate::verbs::trust::standing::StateWord;

const WHEN_MS: u64 = 1_800_000_000_000;

fn user(byte: u8) -> UserId {
    UserId::new([byte; 16])
}

fn device(byte: u8) -> DeviceId {
    DeviceId::new([byte; 16])
}

fn kenya() -> StateCode {
    "KE".parse().unwrap()
}

fn step(by: Option<u8>, fact: Fact) -> Step {
    let by = by.map(|byte| (user(byte), device(byte)));
    Step { index: 7, act: ActId::new([0xac; 16]), log_time_ms: WHEN_MS, by, fact }
}

fn names(user: UserId) -> String {
    format!("<{}>", short(user))
}

#[test]
fn steps_as_programs_read_them() {
    let check = |step: &Step, expected: &str| {
        assert_eq!(changes::fields(step).to_string(), expected.replace('\n', ""));
    };
    check(
        &step(None, Fact::Founded(KeyId::new([1; 32]))),
        r#"{"act":"acacacacacacacacacacacacacacacac","by":null,"by_device":null,"device":null,"generation":null,
"index":7,"log_time":"2027-01-15T08:00:00Z","role":null,"state":null,"step":"founded","user":null,
"word":null,"word_generation":null}"#,
    );
    check(
        &step(
            None,
            Fact::StateKey { state: kenya(), generation: 2, word: KeyWord::Custodians { objected: true } },
        ),
        r#"{"act":"acacacacacacacacacacacacacacacac","by":null,"by_device":null,"device":null,"generation":2,
"index":7,"log_time":"2027-01-15T08:00:00Z","role":null,"state":"KE","step":"state-key","user":null,
"word":"custodians","word_generation":null}"#,
    );
    let word = Word::State(kenya(), 3);
    check(
        &step(
            Some(1),
            Fact::Admitted { user: user(2), role: Role::Expert, of: Some(kenya()), word, device: device(5) },
        ),
        r#"{"act":"acacacacacacacacacacacacacacacac","by":"01010101010101010101010101010101",
"by_device":"01010101010101010101010101010101","device":"05050505050505050505050505050505","generation":null,
"index":7,"log_time":"2027-01-15T08:00:00Z","role":"expert","state":"KE","step":"admitted",
"user":"02020202020202020202020202020202","word":"state","word_generation":3}"#,
    );
    check(
        &step(Some(2), Fact::DeviceAdded { user: user(2), device: device(2), by_sheet: true }),
        r#"{"act":"acacacacacacacacacacacacacacacac","by":"02020202020202020202020202020202",
"by_device":"02020202020202020202020202020202","device":"02020202020202020202020202020202","generation":null,
"index":7,"log_time":"2027-01-15T08:00:00Z","role":null,"state":null,"step":"device-added",
"user":"02020202020202020202020202020202","word":"recovery-sheet","word_generation":null}"#,
    );
}

#[test]
fn steps_as_people_read_them() {
    let check = |step: &Step, expected: &str| assert_eq!(told(step, &names), expected);
    let key = |generation, word| Fact::StateKey { state: kenya(), generation, word };
    check(&step(None, key(0, KeyWord::Root)), "The root certified Kenya's key of generation 0.");
    check(
        &step(Some(1), key(1, KeyWord::KeyBefore)),
        "Kenya replaced its key by generation 1, with the word of the one before.",
    );
    check(
        &step(None, key(2, KeyWord::Custodians { objected: false })),
        "The custodians replaced Kenya's focal points and key by generation 2, after 72 hours and without the word of the key before.",
    );
    let word = Word::State(kenya(), 1);
    check(
        &step(
            Some(1),
            Fact::Admitted { user: user(2), role: Role::Expert, of: Some(kenya()), word, device: device(5) },
        ),
        "Kenya, by <01010101> with its key of generation 1, admitted <02020202> as an expert of Kenya with the device 05050505.",
    );
    check(
        &step(Some(2), Fact::DeviceAdded { user: user(2), device: device(5), by_sheet: false }),
        "<02020202> added the device 05050505 from the device 02020202.",
    );
    check(
        &step(None, Fact::DeviceRevoked { user: user(2), device: device(5) }),
        "The device 05050505 of <02020202> was revoked by the root.",
    );
}

fn standing() -> Standing {
    let ended = Some(Ended { index: 9, log_time_ms: WHEN_MS + 86_400_000 });
    Standing {
        channel: ChannelId::new([0xcc; 16]),
        index: 41,
        act: ActId::new([0xac; 16]),
        log_time_ms: WHEN_MS,
        statement: Kind::Post,
        directory_size: 8,
        author: Some((user(2), device(5))),
        device_revoked: ended,
        author_left: None,
        seat_until_ms: Some(WHEN_MS + 2 * 86_400_000),
        word: Some(StateWord { state: kenya(), generation: 0, replaced: ended }),
    }
}

#[test]
fn an_act_of_a_revoked_device_is_valid_in_both_forms() {
    assert_eq!(
        act_text(&standing(), &names),
        "Act acacacacacacacacacacacacacacacac (post), entry 41 of channel cccccccccccccccccccccccccccccccc: signed on \
         2027-01-15 08:00 UTC by <02020202> with the device 05050505. Valid: it was judged by the first 8 entries of \
         the directory.\nThe device was revoked on 2027-01-16 08:00 UTC (entry 9): valid, it was made before.\nKenya's \
         key of generation 0, whose word it carries, was replaced on 2027-01-16 08:00 UTC (entry 9): valid, it was \
         made before.\nIts author's seat ends by itself on 2027-01-17 08:00 UTC: what was made before stays valid."
    );
    assert_eq!(
        act_fields(&standing()).to_string(),
        r#"{"act":"acacacacacacacacacacacacacacacac","author_left":null,"channel":"cccccccccccccccccccccccccccccccc",
"device":"05050505050505050505050505050505","device_revoked":{"index":9,"log_time":"2027-01-16T08:00:00Z"},"directory_size":8,
"index":41,"log_time":"2027-01-15T08:00:00Z","seat_until":"2027-01-17T08:00:00Z","state_word":{"generation":0,"replaced":{"index":9,"log_time":"2027-01-16T08:00:00Z"},
"state":"KE"},"statement":"post","user":"02020202020202020202020202020202","valid":true}"#
            .replace('\n', "")
    );
}
