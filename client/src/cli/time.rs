//! Times as people and programs see them.

/// Milliseconds of UTC as RFC 3339.
pub(crate) fn rfc3339(ms: u64) -> String {
    let time = i64::try_from(ms).ok().and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok());
    time.map_or_else(|| "(no time)".to_owned(), |time| time.to_string())
}

/// A length of time in words: the largest unit of which there are at least two.
pub(crate) fn span(ms: u64) -> String {
    let units = [(DAY_MS, "days"), (60 * MINUTE_MS, "hours"), (MINUTE_MS, "minutes"), (1_000, "seconds")];
    let fits = units.into_iter().find(|(unit_ms, name)| {
        // Up to two hours minutes say more.
        ms / unit_ms >= if *name == "hours" { 3 } else { 2 }
    });
    fits.map_or_else(|| format!("{ms} milliseconds"), |(unit_ms, name)| format!("{} {name}", ms / unit_ms))
}

const MINUTE_MS: u64 = 60 * 1_000;
const DAY_MS: u64 = 24 * 60 * MINUTE_MS;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_rfc_3339() {
        let check = |ms, expected: &str| assert_eq!(rfc3339(ms), expected);
        check(0, "1970-01-01T00:00:00Z");
        check(1_800_000_000_123, "2027-01-15T08:00:00.123Z");
        check(u64::MAX, "(no time)");
    }

    #[test]
    fn lengths_of_time_in_words() {
        let check = |ms, expected: &str| assert_eq!(span(ms), expected);
        check(0, "0 milliseconds");
        check(2_000, "2 seconds");
        check(600_001, "10 minutes");
        check(2 * 60 * MINUTE_MS, "120 minutes");
        check(3 * 60 * MINUTE_MS, "3 hours");
        check(10 * DAY_MS, "10 days");
    }
}
