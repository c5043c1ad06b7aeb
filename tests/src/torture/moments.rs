//! When things happen, from a seed: the same seed waits the same times.

use std::time::Duration;

/// `SplitMix64`, which is enough to choose moments.
#[derive(Debug)]
pub struct Moments(u64);

impl Moments {
    /// The moments of a seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// How long to wait before the next kill.
    pub fn wait(&mut self) -> Duration {
        Duration::from_millis(SOONEST_MS + self.next() % (LATEST_MS - SOONEST_MS))
    }

    /// Bytes of a document.
    pub fn bytes(&mut self, length: usize) -> Vec<u8> {
        std::iter::repeat_with(|| self.next().to_le_bytes()).flatten().take(length).collect()
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

const SOONEST_MS: u64 = 20;
const LATEST_MS: u64 = 900;
