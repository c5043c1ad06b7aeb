//! How often strangers have failed within an hour, in bounded memory.
//!
//! What they would have to guess has 128 bits or more, so no limit here keeps a secret. The limits keep guesses
//! from being cheap, and the audit log from being flooded. They are of the process, not of a connection: a
//! peer that connects again has no new tries, and one that makes a new key for each meets its address's limit.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};

use chancery_core::error::WireReason;
use chancery_core::id::{KeyId, UserId};
use chancery_core::limits::{FAILED_LOOKUPS_MAX, FAILED_PER_ADDRESS_MAX, FAILED_RECOVERIES_MAX};

use super::AppError;
use crate::gate::PeerKey;

/// The failures of strangers.
#[derive(Debug)]
pub(super) struct Tries {
    /// Invitations that are not there, by peer.
    pub(super) lookups: Table<KeyId>,
    /// Recoveries, by peer.
    pub(super) recoveries: Table<KeyId>,
    /// Recoveries, by the person named, there or not.
    pub(super) persons: Table<UserId>,
    /// Both, by address.
    addresses: Table<IpAddr>,
}

impl Default for Tries {
    fn default() -> Self {
        Self {
            lookups: Table::new(FAILED_LOOKUPS_MAX),
            recoveries: Table::new(FAILED_RECOVERIES_MAX),
            persons: Table::new(FAILED_RECOVERIES_MAX),
            addresses: Table::new(FAILED_PER_ADDRESS_MAX),
        }
    }
}

impl Tries {
    /// Whether the peer may try.
    pub(super) fn allowed(&self, table: &Table<KeyId>, peer: &PeerKey, now_ms: u64) -> Result<(), AppError> {
        let spent = self.addresses.is_spent(&network(peer), now_ms) || table.is_spent(&peer.key, now_ms);
        if spent { Err(WireReason::TooMany.into()) } else { Ok(()) }
    }

    /// Counts a failure of the peer; says whether it was the last that the peer's key or address had.
    pub(super) fn failed(&self, table: &Table<KeyId>, peer: &PeerKey, now_ms: u64) -> bool {
        let of_key = table.failed(&peer.key, now_ms);
        let of_address = self.addresses.failed(&network(peer), now_ms);
        of_key || of_address
    }
}

/// Failures by what they are counted for.
#[derive(Debug)]
pub(super) struct Table<K> {
    max: u32,
    failed: Mutex<HashMap<K, Failed>>,
}

#[derive(Debug, Clone, Copy)]
struct Failed {
    since_ms: u64,
    times: u32,
}

impl Failed {
    const fn is_over(&self, now_ms: u64) -> bool {
        now_ms >= self.since_ms.saturating_add(PERIOD_MS)
    }
}

impl<K: Copy + Eq + Hash> Table<K> {
    fn new(max: u32) -> Self {
        Self { max, failed: Mutex::default() }
    }

    /// Whether no try is left in this hour.
    pub(super) fn is_spent(&self, key: &K, now_ms: u64) -> bool {
        let failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        failed.get(key).is_some_and(|failed| failed.times >= self.max && !failed.is_over(now_ms))
    }

    /// Counts a failure; says whether it was the last of this hour.
    pub(super) fn failed(&self, key: &K, now_ms: u64) -> bool {
        let mut table = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        if table.len() >= ROWS_MAX && !table.contains_key(key) {
            table.retain(|_, failed| !failed.is_over(now_ms));
            if table.len() >= ROWS_MAX {
                // A flood from everywhere: to forget it costs less than memory without a bound.
                table.clear();
            }
        }
        let failed = table.entry(*key).or_insert(Failed { since_ms: now_ms, times: 0 });
        if failed.is_over(now_ms) {
            *failed = Failed { since_ms: now_ms, times: 0 };
        }
        failed.times = failed.times.saturating_add(1);
        failed.times == self.max
    }
}

/// What counts as one address: of IPv6 the first 64 bits, for the rest is its owner's to choose.
fn network(peer: &PeerKey) -> IpAddr {
    match peer.addr.ip().to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
    }
}

const PERIOD_MS: u64 = 60 * 60 * 1_000;
const ROWS_MAX: usize = 10_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(key: u8, address: &str) -> PeerKey {
        PeerKey { key: KeyId::new([key; 32]), addr: (address.parse::<IpAddr>().unwrap(), 1).into() }
    }

    #[test]
    fn a_peer_may_fail_so_often_in_an_hour() {
        let tries = Tries::default();
        let (one, other) = (peer(1, "192.0.2.1"), peer(2, "192.0.2.1"));
        let allowed = |peer: &PeerKey, now_ms| tries.allowed(&tries.lookups, peer, now_ms).is_ok();
        for n in 1..=FAILED_LOOKUPS_MAX {
            assert!(allowed(&one, 5));
            assert_eq!(tries.failed(&tries.lookups, &one, 5), n == FAILED_LOOKUPS_MAX);
        }
        assert!(!allowed(&one, 6));
        assert!(!allowed(&peer(1, "198.51.100.9"), 6), "wherever the key connects from");
        assert!(allowed(&other, 6));
        assert!(tries.allowed(&tries.recoveries, &one, 6).is_ok(), "each kind has tries of its own");
        assert!(allowed(&one, 5 + PERIOD_MS));
        tries.failed(&tries.lookups, &one, 5 + PERIOD_MS);
        assert!(allowed(&one, 6 + PERIOD_MS));
    }

    #[test]
    fn a_fresh_key_for_each_try_meets_the_limit_of_the_address() {
        for (from, also, other) in [
            ("192.0.2.1", "::ffff:192.0.2.1", "192.0.2.2"),
            ("2001:db8:1:2::3", "2001:db8:1:2:ffff::9", "2001:db8:1:3::3"),
        ] {
            let tries = Tries::default();
            for n in 0..FAILED_PER_ADDRESS_MAX {
                let peer = peer(u8::try_from(n).unwrap(), from);
                assert!(tries.allowed(&tries.recoveries, &peer, 5).is_ok());
                assert_eq!(tries.failed(&tries.recoveries, &peer, 5), n + 1 == FAILED_PER_ADDRESS_MAX);
            }
            for (address, expect) in [(from, false), (also, false), (other, true)] {
                let allowed = tries.allowed(&tries.lookups, &peer(200, address), 6);
                assert_eq!(allowed.is_ok(), expect, "{address}");
            }
        }
    }

    #[test]
    fn memory_is_bounded() {
        let table = Table::new(1);
        let rows = u32::try_from(ROWS_MAX).unwrap();
        for n in 0..rows {
            table.failed(&n, u64::from(n / (rows - 1)) * PERIOD_MS);
        }
        assert!(table.is_spent(&(rows - 1), PERIOD_MS));
        table.failed(&rows, PERIOD_MS);
        let held = table.failed.lock().unwrap().len();
        assert_eq!(held, 2, "first go those whose hour is over");
        assert!(table.is_spent(&(rows - 1), PERIOD_MS));
        for n in 0..2 * rows {
            table.failed(&n, PERIOD_MS);
            assert!(table.failed.lock().unwrap().len() <= ROWS_MAX);
        }
    }
}
