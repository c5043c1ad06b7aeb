//! The one place of the benchmark that reads a clock.

use std::time::{Duration, Instant};

/// A moment to measure from.
#[derive(Debug, Clone, Copy)]
pub struct Watch(Instant);

impl Watch {
    /// From now on.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "a benchmark measures")]
    pub fn start() -> Self {
        Self(Instant::now())
    }

    /// The time since.
    #[must_use]
    pub fn elapsed(self) -> Duration {
        self.0.elapsed()
    }

    /// The seconds since.
    #[must_use]
    pub fn seconds(self) -> f64 {
        self.elapsed().as_secs_f64()
    }

    /// The milliseconds since.
    #[must_use]
    pub fn ms(self) -> f64 {
        self.seconds() * 1_000.0
    }
}
