//! The machine's clock, where it cannot be right: what both clocks show, and what to do.

use super::failure::{Exit, Failure};
use super::output::Notice;
use super::time::{rfc3339, span};
use crate::clock::{Other, Skew, now_ms};

/// A warning.
pub(super) fn notice(skew: &Skew) -> Notice {
    let reason = if skew.is_behind() { "CLOCK_BEHIND" } else { "CLOCK_AHEAD" };
    Notice { reason, message: sentence(skew), next: NEXT }
}

/// Nothing was sent: what was written could not be read back.
pub(super) fn refused(skew: &Skew) -> Failure {
    Failure::new(Exit::Unavailable, "CLOCK_BEHIND", sentence(skew), NEXT)
}

/// An entry of a log is from the future. Told by itself it is no evidence against the server.
pub(super) fn entry_ahead(ahead_ms: u64) -> Failure {
    let own_ms = now_ms();
    let message = format!(
        "This machine's clock shows {}, and the entry was logged at {}, {} later.",
        rfc3339(seconds(own_ms)),
        rfc3339(seconds(own_ms.saturating_add(ahead_ms))),
        span(ahead_ms)
    );
    Failure::new(Exit::Unavailable, "LOG_TIME_AHEAD", message, NEXT)
}

fn sentence(skew: &Skew) -> String {
    let own = rfc3339(seconds(skew.own_ms));
    let other = rfc3339(seconds(skew.other_ms));
    let apart = span(skew.apart_ms());
    match skew.other {
        Other::Seen => format!(
            "This machine's clock shows {own}, and this home has verified an entry logged at {other}, {apart} later."
        ),
        Other::Server => {
            let way = if skew.is_behind() { "later" } else { "earlier" };
            format!("This machine's clock shows {own}, and the server's shows {other}, {apart} {way}.")
        }
    }
}

const fn seconds(ms: u64) -> u64 {
    ms - ms % 1_000
}

const NEXT: &str = "Set this machine's clock, with its time zone. If it is right, the server's is not: tell the secretariat.";

#[cfg(test)]
mod tests {
    use super::*;

    const NOON_MS: u64 = 1_800_014_400_000;

    #[test]
    fn both_clocks_are_named() {
        let check = |own_ms, other_ms, other, reason: &str, message: &str| {
            let found = notice(&Skew { own_ms, other_ms, other });
            assert_eq!((found.reason, found.message.as_str()), (reason, message));
        };
        let later = NOON_MS + 3_900_000;
        check(
            NOON_MS,
            later,
            Other::Seen,
            "CLOCK_BEHIND",
            "This machine's clock shows 2027-01-15T12:00:00Z, and this home has verified an entry logged at \
             2027-01-15T13:05:00Z, 65 minutes later.",
        );
        check(
            NOON_MS + 7,
            later,
            Other::Server,
            "CLOCK_BEHIND",
            "This machine's clock shows 2027-01-15T12:00:00Z, and the server's shows 2027-01-15T13:05:00Z, 64 \
             minutes later.",
        );
        check(
            later,
            NOON_MS,
            Other::Server,
            "CLOCK_AHEAD",
            "This machine's clock shows 2027-01-15T13:05:00Z, and the server's shows 2027-01-15T12:00:00Z, 65 \
             minutes earlier.",
        );
    }
}
