//! The words under which things are shown.

use chancery_core::act::{Audience, Role, ThreadStep};
use chancery_core::mechanism::ItemKind;
use jiff::Timestamp;

/// A log time for people: minutes, UTC.
#[must_use]
pub fn date(ms: u64) -> String {
    let time = i64::try_from(ms).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok());
    time.map_or_else(|| format!("{ms} ms"), |time| time.strftime("%Y-%m-%d %H:%M UTC").to_string())
}

/// A length for people, exact.
#[must_use]
pub fn bytes(length: u64) -> String {
    let digits = length.to_string();
    let mut out = String::with_capacity(digits.len() * 2);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out.push_str(if length == 1 { " byte" } else { " bytes" });
    out
}

/// What a section is called.
#[must_use]
pub const fn kind(kind: ItemKind) -> &'static str {
    match kind {
        ItemKind::Response => "Response",
        ItemKind::Document => "Document",
        ItemKind::Clarification => "Clarification",
        ItemKind::Feedback => "Written feedback",
        ItemKind::MeetingRecord => "Record of a meeting",
        ItemKind::Coordination => "Coordination",
        ItemKind::Observations => "List of observations",
        ItemKind::Summary => "Summary",
        ItemKind::FollowUp => "Follow-up",
        ItemKind::GoodPractice => "Good practice",
        ItemKind::Draft => "Draft",
    }
}

/// What a message of a thread is called.
#[must_use]
pub const fn step(step: ThreadStep) -> &'static str {
    match step {
        ThreadStep::Question => "Question",
        ThreadStep::Reply => "Reply",
        ThreadStep::NoFurtherInformation => "No further information",
    }
}

/// What a person is called.
#[must_use]
pub const fn role(role: Role) -> &'static str {
    match role {
        Role::Officer => "secretariat",
        Role::FocalPoint => "focal point",
        Role::Expert => "expert",
        Role::Observer => "observer",
    }
}

/// Whom a disclosure reaches.
#[must_use]
pub const fn audience(audience: Audience) -> &'static str {
    match audience {
        Audience::AllParties => "all parties",
        Audience::Public => "the public",
    }
}

/// Another person's words without the characters that turn the direction of what stands around them: a file
/// name must not be able to show another ending than it has.
pub(super) fn plain(words: &str) -> String {
    let turns =
        |c: char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}');
    words.chars().map(|c| if turns(c) { '\u{fffd}' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_and_dates_read_plainly() {
        for (length, expect) in [
            (0, "0 bytes"),
            (1, "1 byte"),
            (999, "999 bytes"),
            (1_000, "1,000 bytes"),
            (1_234_567, "1,234,567 bytes"),
        ] {
            assert_eq!(bytes(length), expect);
        }
        assert_eq!(date(1_800_000_000_123), "2027-01-15 08:00 UTC");
        assert_eq!(date(u64::MAX), format!("{} ms", u64::MAX));
    }

    #[test]
    fn a_name_cannot_turn_what_stands_around_it() {
        assert_eq!(plain("annex\u{202e}fdp.exe"), "annex\u{fffd}fdp.exe");
        assert_eq!(plain("سؤال"), "سؤال");
    }
}
