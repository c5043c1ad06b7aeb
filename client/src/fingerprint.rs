//! What two people compare by voice to be sure that they mean the same keys.

use chancery_core::id::Digest;

/// Thirty digits in groups of five over a newcomer's encoded public keys: about 100 bits. Comparing them is a
/// second check; the invitation's secret is the first.
#[must_use]
pub fn of_keys(keys: &[u8]) -> String {
    let digest = Digest::of(keys);
    let groups = digest.as_bytes().chunks_exact(5).map(|bytes| {
        let number = bytes.iter().fold(0_u64, |number, byte| (number << 8) | u64::from(*byte));
        format!("{:05}", number % 100_000)
    });
    groups.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn six_groups_of_five_digits() {
        // SHA-256 of nothing begins e3b0c44298: 977,923,228,312.
        let shown = of_keys(b"");
        assert_eq!(shown.len(), 35);
        assert!(shown.starts_with("28312 "), "{shown}");
        assert_ne!(shown, of_keys(b"x"));
    }
}
