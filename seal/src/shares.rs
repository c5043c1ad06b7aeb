//! A State's key in shares: so many of its people put it together again, and fewer learn nothing of it.

use std::collections::BTreeMap;

use crate::SealError;
use crate::hazmat::shamir;
use crate::secret::{SigningSeed, StateShare};
use crate::sign::SigningKey;

/// The most shares of one key.
pub const SHARES_MAX: u8 = 32;

/// Splits a key into `count` shares, of which `threshold` are needed.
///
/// # Errors
///
/// [`SealError::Threshold`] unless `2 <= threshold <= count <= 32`.
pub fn split(key: &SigningKey, threshold: u8, count: u8) -> Result<Vec<StateShare>, SealError> {
    if threshold < 2 || threshold > count || count > SHARES_MAX {
        return Err(SealError::Threshold);
    }
    let shares = shamir::split(key.seed().as_bytes(), threshold, count)?;
    Ok(shares.iter().map(|share| StateShare::from_bytes(**share)).collect())
}

/// Puts a key together again from shares by their positions. Only the key whose public half is `public` comes out:
/// never a wrong one.
///
/// # Errors
///
/// [`SealError::TooFewShares`]; [`SealError::WrongShares`] if they are not of this key.
pub fn combine(
    shares: &BTreeMap<u8, StateShare>,
    threshold: u8,
    public: &[u8; 32],
) -> Result<SigningKey, SealError> {
    let points: Vec<(u8, &[u8; 32])> =
        shares.iter().map(|(position, share)| (*position, share.as_bytes())).collect();
    let found = shares.len();
    let seed = shamir::combine(&points, threshold)?
        .ok_or(SealError::TooFewShares { threshold: u64::from(threshold), found: found as u64 })?;
    let key = SigningKey::from_seed(SigningSeed::from_bytes(*seed))?;
    if key.public() == *public { Ok(key) } else { Err(SealError::WrongShares) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some(shares: &[StateShare], positions: &[u8]) -> BTreeMap<u8, StateShare> {
        let copy =
            |position: &u8| (*position, StateShare::from_bytes(*shares[usize::from(*position)].as_bytes()));
        positions.iter().map(copy).collect()
    }

    #[test]
    fn so_many_shares_give_the_key_and_fewer_an_error() {
        let key = SigningKey::make().unwrap();
        for (threshold, count) in [(2, 2), (2, 3), (3, 5), (32, 32)] {
            let shares = split(&key, threshold, count).unwrap();
            assert_eq!(shares.len(), usize::from(count));
            let all: Vec<u8> = (0..count).collect();
            let (first, last) = (&all[..usize::from(threshold)], &all[usize::from(count - threshold)..]);
            for positions in [first, last, &all[..]] {
                let found = combine(&some(&shares, positions), threshold, &key.public()).unwrap();
                assert_eq!(found.seed().as_bytes(), key.seed().as_bytes());
            }
            let fewer = some(&shares, &all[1..usize::from(threshold)]);
            let refused = combine(&fewer, threshold, &key.public()).unwrap_err();
            let found = u64::from(threshold) - 1;
            assert_eq!(refused, SealError::TooFewShares { threshold: u64::from(threshold), found });
            // Who pretends that fewer are enough gets no key either.
            let refused = combine(&fewer, threshold - 1, &key.public()).unwrap_err();
            assert_eq!(refused, SealError::WrongShares);
        }
    }

    #[test]
    fn wrong_shares_never_give_a_key() {
        let key = SigningKey::make().unwrap();
        let shares = split(&key, 2, 3).unwrap();
        let again = split(&key, 2, 3).unwrap();
        let mut mixed = some(&shares, &[0]);
        mixed.extend(some(&again, &[1]));
        assert_eq!(combine(&mixed, 2, &key.public()).unwrap_err(), SealError::WrongShares, "two deposits");
        let mut altered = some(&shares, &[0, 1, 2]);
        altered.insert(2, StateShare::from_bytes([0; 32]));
        assert_eq!(combine(&altered, 2, &key.public()).unwrap_err(), SealError::WrongShares, "altered");
        let other = SigningKey::make().unwrap().public();
        let refused = combine(&some(&shares, &[0, 1]), 2, &other).unwrap_err();
        assert_eq!(refused, SealError::WrongShares, "another key");
    }

    #[test]
    fn thresholds_are_of_use() {
        let key = SigningKey::make().unwrap();
        for (threshold, count) in [(0, 3), (1, 3), (4, 3), (2, 33), (0, 0)] {
            assert_eq!(split(&key, threshold, count).unwrap_err(), SealError::Threshold);
        }
    }
}
