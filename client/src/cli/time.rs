//! Times as people and programs see them.

/// Milliseconds of UTC as RFC 3339.
pub(crate) fn rfc3339(ms: u64) -> String {
    let time = i64::try_from(ms).ok().and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok());
    time.map_or_else(|| "(no time)".to_owned(), |time| time.to_string())
}

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
}
