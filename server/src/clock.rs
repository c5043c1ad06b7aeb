//! The one place here that reads the clock. Elsewhere the time is an argument.

use std::time::{SystemTime, UNIX_EPOCH};

/// Milliseconds of UTC since 1970; 0 before.
#[expect(clippy::disallowed_methods, reason = "the one place that reads the clock")]
#[must_use]
pub fn now_ms() -> u64 {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX)
}
