//! The one place of the client that reads the clock, and what can be wrong with it.

use std::time::{SystemTime, UNIX_EPOCH};

use chancery_core::limits::CLOCK_AHEAD_MS_MAX;

/// Now, in milliseconds of UTC since 1970. A clock set before 1970 reads 0.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the one place that reads the clock")]
pub fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// This machine's clock and one that it contradicts. Which of the two is wrong, no program can know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Skew {
    /// This machine's clock.
    pub own_ms: u64,
    /// What it is compared with.
    pub other_ms: u64,
    /// Where that comes from.
    pub other: Other,
}

/// What a clock is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Other {
    /// The newest log time that this home has verified. Time was there already.
    Seen,
    /// The server's clock at the same moment.
    Server,
}

impl Skew {
    /// Against the newest log time that was verified: one's own clock cannot be before it.
    #[must_use]
    pub fn against_seen(own_ms: u64, seen_ms: u64) -> Option<Self> {
        let behind_ms = seen_ms.saturating_sub(own_ms);
        (behind_ms > BEHIND_MS_MAX).then_some(Self { own_ms, other_ms: seen_ms, other: Other::Seen })
    }

    /// Against the server's clock: so far apart, one of the two refuses or misdates what the other does.
    #[must_use]
    pub fn against_server(own_ms: u64, server_ms: u64) -> Option<Self> {
        let apart_ms = own_ms.abs_diff(server_ms);
        let skew = Self { own_ms, other_ms: server_ms, other: Other::Server };
        (apart_ms > CLOCK_AHEAD_MS_MAX).then_some(skew)
    }

    /// Whether this machine's clock is the earlier one.
    #[must_use]
    pub const fn is_behind(&self) -> bool {
        self.own_ms < self.other_ms
    }

    /// By how much.
    #[must_use]
    pub const fn apart_ms(&self) -> u64 {
        self.own_ms.abs_diff(self.other_ms)
    }
}

/// Two clocks that are both kept right are closer than this.
const BEHIND_MS_MAX: u64 = 2 * 60 * 1_000;

#[cfg(test)]
mod tests {
    use super::*;

    const NOON_MS: u64 = 1_800_000_000_000;
    const MINUTE_MS: u64 = 60_000;

    #[test]
    fn a_clock_is_wrong_if_it_contradicts_another_one() {
        let check = |found: Option<Skew>, behind: Option<bool>| {
            assert_eq!(found.map(|skew| skew.is_behind()), behind, "{found:?}");
        };
        check(Skew::against_seen(NOON_MS, 0), None);
        check(Skew::against_seen(NOON_MS, NOON_MS), None);
        check(Skew::against_seen(NOON_MS, NOON_MS + 2 * MINUTE_MS), None);
        check(Skew::against_seen(NOON_MS, NOON_MS + 2 * MINUTE_MS + 1), Some(true));
        check(Skew::against_seen(0, NOON_MS), Some(true));
        check(Skew::against_server(NOON_MS, NOON_MS + 10 * MINUTE_MS), None);
        check(Skew::against_server(NOON_MS, NOON_MS - 10 * MINUTE_MS), None);
        check(Skew::against_server(NOON_MS, NOON_MS + 10 * MINUTE_MS + 1), Some(true));
        check(Skew::against_server(NOON_MS, NOON_MS - 10 * MINUTE_MS - 1), Some(false));
    }
}
