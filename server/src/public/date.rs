//! Log times as people and browsers read them.

use std::fmt::Write as _;

/// A log time, in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Date {
    year: u64,
    month: u64,
    day: u64,
    second_of_day: u64,
}

impl Date {
    /// The date of a time in milliseconds since 1970.
    pub(super) fn of(ms: u64) -> Self {
        // The year 9999: four digits are what a browser reads.
        let seconds = (ms / 1_000).min(253_402_300_799);
        let (days, second_of_day) = (seconds / 86_400, seconds % 86_400);
        // Years counted from March, so that the leap day is the last: Hinnant, "chrono-compatible low-level
        // date algorithms", civil_from_days, for days since 1970.
        let shifted = days + 719_468;
        let era = shifted / 146_097;
        let day_of_era = shifted % 146_097;
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let from_march = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * from_march + 2) / 5 + 1;
        let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
        let year = era * 400 + year_of_era + u64::from(month <= 2);
        Self { year, month, day, second_of_day }
    }

    /// As HTML: `<time datetime="2027-05-03T10:11:12Z">3 May 2027</time>`.
    pub(super) fn html(&self) -> String {
        let Self { year, month, day, second_of_day: s } = self;
        let (hour, minute, second) = (s / 3_600, s / 60 % 60, s % 60);
        let mut out = String::new();
        let _ = write!(
            out,
            "<time datetime=\"{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z\">{}</time>",
            self.text()
        );
        out
    }

    /// As people write it: `3 May 2027`.
    pub(super) fn text(&self) -> String {
        let month = usize::try_from(self.month - 1).ok().and_then(|month| MONTHS.get(month));
        format!("{} {} {}", self.day, month.unwrap_or(&""), self.year)
    }
}

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_dates() {
        for (ms, expect) in [
            (0, "<time datetime=\"1970-01-01T00:00:00Z\">1 January 1970</time>"),
            (951_782_400_000, "<time datetime=\"2000-02-29T00:00:00Z\">29 February 2000</time>"),
            (951_868_799_999, "<time datetime=\"2000-02-29T23:59:59Z\">29 February 2000</time>"),
            (951_868_800_000, "<time datetime=\"2000-03-01T00:00:00Z\">1 March 2000</time>"),
            (1_735_689_599_000, "<time datetime=\"2024-12-31T23:59:59Z\">31 December 2024</time>"),
            (1_800_000_000_000, "<time datetime=\"2027-01-15T08:00:00Z\">15 January 2027</time>"),
            (4_107_542_400_000, "<time datetime=\"2100-03-01T00:00:00Z\">1 March 2100</time>"),
            (u64::MAX, "<time datetime=\"9999-12-31T23:59:59Z\">31 December 9999</time>"),
        ] {
            assert_eq!(Date::of(ms).html(), expect);
        }
    }
}
