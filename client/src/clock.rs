//! The one place of the client that reads the clock.

use std::time::{SystemTime, UNIX_EPOCH};

/// Now, in milliseconds of UTC since 1970. A clock set before 1970 reads 0.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the one place that reads the clock")]
pub fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
