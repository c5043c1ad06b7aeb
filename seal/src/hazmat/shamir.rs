//! Shamir's sharing of 32 bytes over GF(256). The share at position p is the value at x = p + 1.

use blahaj::{Share, Sharks};
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use zeroize::{Zeroize as _, Zeroizing};

use crate::{SealError, random};

/// `count` shares of the secret, of which `threshold` put it together again and fewer say nothing of it.
pub(crate) fn split(
    secret: &[u8; 32],
    threshold: u8,
    count: u8,
) -> Result<Vec<Zeroizing<[u8; 32]>>, SealError> {
    // The library draws its coefficients from a generator that it is given.
    let mut generator = StdRng::from_seed(*random::make_secret::<32>()?);
    let dealt = Sharks(threshold).dealer_rng(secret, &mut generator);
    dealt.take(usize::from(count)).map(|share| ordinates(&share)).collect()
}

/// The secret behind shares at these positions; none if there are fewer than `threshold` of them. Wrong shares
/// give a wrong secret: the caller must know it by something else.
pub(crate) fn combine(
    shares: &[(u8, &[u8; 32])],
    threshold: u8,
) -> Result<Option<Zeroizing<[u8; 32]>>, SealError> {
    let mut points = Vec::with_capacity(shares.len());
    for (position, share) in shares {
        let x = position.checked_add(1).ok_or(SealError::Bug("a share has a position under 255"))?;
        let mut bytes = Zeroizing::new(Vec::with_capacity(33));
        bytes.push(x);
        bytes.extend_from_slice(*share);
        points.push(Share::try_from(bytes.as_slice()).map_err(|_| SealError::Bug("a share has 33 bytes"))?);
    }
    let Ok(mut secret) = Sharks(threshold).recover(&points) else { return Ok(None) };
    let whole = secret.first_chunk().map(|bytes: &[u8; 32]| Zeroizing::new(*bytes));
    secret.zeroize();
    Ok(whole)
}

fn ordinates(share: &Share) -> Result<Zeroizing<[u8; 32]>, SealError> {
    let bytes = Zeroizing::new(Vec::from(share));
    let ordinates = bytes.last_chunk().filter(|_| bytes.len() == 33);
    ordinates.map(|bytes| Zeroizing::new(*bytes)).ok_or(SealError::Bug("a share has 33 bytes"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made by hand: over GF(256) with the polynomial x^8+x^4+x^3+x^2+1, the line s + c·x at 1 is s XOR c, and at 2
    /// s XOR (c times x).
    #[test]
    fn two_points_of_a_known_line() {
        let (secret, slope) = ([0x53_u8; 32], 0xca_u8);
        let doubled = (slope << 1) ^ 0x1d;
        let (one, two) = ([0x53 ^ slope; 32], [0x53 ^ doubled; 32]);
        let found = combine(&[(0, &one), (1, &two)], 2).unwrap().unwrap();
        assert_eq!(*found, secret);
        assert_eq!(*combine(&[(1, &two), (0, &one)], 2).unwrap().unwrap(), secret, "in any order");
        assert!(combine(&[(0, &one)], 2).unwrap().is_none());
        assert_ne!(*combine(&[(0, &two), (1, &one)], 2).unwrap().unwrap(), secret, "at other positions");
    }
}
