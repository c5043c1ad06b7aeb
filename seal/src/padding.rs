//! Padding, so that a sealed length says little: everything is sealed at max(1 KiB, Padmé) bytes.
//!
//! Padmé (Nikitin et al., "Reducing Metadata Leakage from Encrypted Files and Communication with PURBs",
//! `PoPETs` 2019) keeps as many leading bits of a length as the length of its exponent, and adds at most 12 %.
//!
//! ```text
//! +-------------------+---------+-----------+
//! | u64-LE length (8) | content | 0 0 0 ... |   in total padded_bytes(8 + length)
//! +-------------------+---------+-----------+
//! ```

use zeroize::Zeroizing;

use crate::SealError;

/// Nothing is sealed shorter than this.
pub const PADDED_BYTES_MIN: u64 = 1_024;

const LENGTH_BYTES: usize = 8;

/// The length to which `bytes` are padded: max(1 KiB, Padmé). Lengths over 2^62 are not padded (nothing
/// that long is sealed).
#[must_use]
pub const fn padded_bytes(bytes: u64) -> u64 {
    if bytes <= PADDED_BYTES_MIN {
        return PADDED_BYTES_MIN;
    }
    if bytes > 1 << 62 {
        return bytes;
    }
    let exponent = bytes.ilog2();
    let kept_bits = exponent.ilog2() + 1;
    let mask = (1 << (exponent - kept_bits)) - 1;
    (bytes + mask) & !mask
}

/// `u64-LE length || content || zeros`.
#[must_use]
pub fn pad(content: &[u8]) -> Zeroizing<Vec<u8>> {
    let bytes = LENGTH_BYTES + content.len();
    // A length that does not fit the address space could not have been allocated.
    let padded = usize::try_from(padded_bytes(bytes as u64)).unwrap_or(bytes);
    let mut out = Zeroizing::new(Vec::with_capacity(padded));
    out.extend_from_slice(&(content.len() as u64).to_le_bytes());
    out.extend_from_slice(content);
    out.resize(padded, 0);
    out
}

/// The content of `padded`.
///
/// # Errors
///
/// [`SealError::Padding`] unless `padded` is exactly what [`pad`] makes of its content: one content has one
/// padded form.
pub fn unpad(padded: &[u8]) -> Result<&[u8], SealError> {
    let (length, rest) = padded.split_first_chunk::<LENGTH_BYTES>().ok_or(SealError::Padding)?;
    let length = usize::try_from(u64::from_le_bytes(*length)).map_err(|_| SealError::Padding)?;
    let (content, zeros) = rest.split_at_checked(length).ok_or(SealError::Padding)?;
    let expected = padded_bytes((LENGTH_BYTES + length) as u64);
    let right = padded.len() as u64 == expected && zeros.iter().all(|byte| *byte == 0);
    right.then_some(content).ok_or(SealError::Padding)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn padded_lengths() {
        for (bytes, padded) in [
            (0, 1_024),
            (1_024, 1_024),
            (1_025, 1_088),
            (1_088, 1_088),
            (2_048, 2_048),
            (10_000, 10_240),
            (1 << 20, 1 << 20),
            ((1 << 20) + 1, (1 << 20) + (1 << 15)),
            (1 << 31, 1 << 31),
        ] {
            assert_eq!(padded_bytes(bytes), padded, "{bytes}");
        }
    }

    #[test]
    fn other_paddings_are_refused() {
        let good = pad(b"content");
        assert_eq!(unpad(&good), Ok(&b"content"[..]));
        let mut not_zero = good.to_vec();
        not_zero[1_023] = 1;
        let mut longer = good.to_vec();
        longer.resize(1_088, 0);
        let mut wrong_length = good.to_vec();
        wrong_length[7] = 0xff;
        let mut shorter_content = good.to_vec();
        shorter_content[0] = 6;
        for bad in
            [not_zero, longer, wrong_length, shorter_content, good[..1_023].to_vec(), vec![], vec![0; 7]]
        {
            assert_eq!(unpad(&bad), Err(SealError::Padding));
        }
    }

    proptest! {
        #[test]
        fn padding_is_monotone_and_small(bytes in 0_u64..1 << 40) {
            let padded = padded_bytes(bytes);
            prop_assert!(padded >= bytes && padded_bytes(padded) == padded);
            prop_assert!(padded_bytes(bytes + 1) >= padded);
            prop_assert!(bytes < PADDED_BYTES_MIN || (padded - bytes) * 100 <= bytes * 12);
        }

        #[test]
        fn unpad_takes_only_what_pad_makes(content in prop::collection::vec(any::<u8>(), 0..5_000)) {
            let padded = pad(&content);
            prop_assert_eq!(unpad(&padded), Ok(&content[..]));
        }
    }
}
