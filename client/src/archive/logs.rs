//! The logs of a record, as bytes.

use bytes::Bytes;
use chancery_core::limits::PAYLOAD_BYTES_MAX;

use crate::entry::Entry;

/// The bytes are not those of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("entry {0} is cut off or too long")]
pub struct Malformed(pub u64);

/// `u32-LE length || signed || u64-BE log time`, for each entry.
#[must_use]
pub fn encode(entries: &[Entry]) -> Vec<u8> {
    let mut out = Vec::new();
    for entry in entries {
        // INVARIANT: entries of a verified copy are within the limits of an act.
        out.extend(u32::try_from(entry.signed.len()).unwrap_or(u32::MAX).to_le_bytes());
        out.extend(&entry.signed);
        out.extend(entry.log_time_ms.to_be_bytes());
    }
    out
}

/// The entries, with nothing beside them.
///
/// # Errors
/// [`Malformed`].
pub fn decode(bytes: Vec<u8>) -> Result<Vec<Entry>, Malformed> {
    let mut rest = Bytes::from(bytes);
    let mut entries = Vec::new();
    while !rest.is_empty() {
        let index = entries.len() as u64;
        let length: [u8; 4] =
            take(&mut rest, 4).and_then(|b| b[..].try_into().ok()).ok_or(Malformed(index))?;
        let length = usize::try_from(u32::from_le_bytes(length)).unwrap_or(usize::MAX);
        if length > ENVELOPE_BYTES_MAX {
            return Err(Malformed(index));
        }
        let signed = take(&mut rest, length).ok_or(Malformed(index))?;
        let time: [u8; 8] = take(&mut rest, 8).and_then(|b| b[..].try_into().ok()).ok_or(Malformed(index))?;
        let log_time_ms = u64::from_be_bytes(time);
        entries.push(Entry {
            index,
            signed,
            log_time_ms,
            body: None,
            own_wraps: Vec::new(),
            previous_box: None,
        });
    }
    Ok(entries)
}

fn take(rest: &mut Bytes, length: usize) -> Option<Bytes> {
    (rest.len() >= length).then(|| rest.split_to(length))
}

const ENVELOPE_BYTES_MAX: usize = PAYLOAD_BYTES_MAX + 256;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn entry(index: u64, signed: Vec<u8>, log_time_ms: u64) -> Entry {
        Entry {
            index,
            signed: signed.into(),
            log_time_ms,
            body: None,
            own_wraps: Vec::new(),
            previous_box: None,
        }
    }

    #[test]
    fn what_is_cut_off_is_named() {
        let bytes = encode(&[entry(0, vec![1; 3], 5), entry(1, vec![2; 4], 6)]);
        assert_eq!(bytes.len(), 31);
        for (cut, expect) in [(1, 0), (14, 0), (16, 1), (30, 1)] {
            assert_eq!(decode(bytes[..cut].to_vec()), Err(Malformed(expect)), "{cut}");
        }
        assert_eq!(decode(u32::MAX.to_le_bytes().to_vec()), Err(Malformed(0)));
    }

    proptest! {
        #[test]
        fn logs_read_back(signed in prop::collection::vec((prop::collection::vec(any::<u8>(), 0..50), any::<u64>()), 0..9)) {
            let entries: Vec<_> = (0..).zip(signed).map(|(n, (signed, time))| entry(n, signed, time)).collect();
            prop_assert_eq!(decode(encode(&entries)), Ok(entries));
        }

        #[test]
        fn whatever_parses_is_in_the_one_form(bytes in prop::collection::vec(0_u8..4, 0..60)) {
            if let Ok(entries) = decode(bytes.clone()) {
                prop_assert_eq!(encode(&entries), bytes);
            }
        }
    }
}
