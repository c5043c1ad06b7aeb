//! The head and the manifest of a move file (`docs/formats/store.md`). No path stands in either: a file is a
//! family, which is one of ours, and a name, whose bytes the reader spells in hexadecimal.

use chancery_core::id::Digest;
use chancery_seal::keystore::KEYSTORE_BYTES_MAX;

use super::super::records::{FILE_BYTES_MAX, FILE_BYTES_MIN};
use super::super::{Family, RECORD_NAME_BYTES_MAX};
use super::MoveFault;

/// Most records of a move file.
pub const MOVED_RECORDS_MAX: usize = 262_144;
/// Most bytes of a move file's records together.
pub const MOVED_BYTES_MAX: u64 = 64 * 1024 * 1024 * 1024;
/// Longest sealed manifest: that of so many records, with nonce and tag.
pub(super) const SEALED_BYTES_MAX: u64 = (MOVED_RECORDS_MAX * LISTED_BYTES_MAX + 40) as u64;

/// ```text
/// +----------------+-------------+------------------+
/// | "CHANMOVE" (8) | version (1) | u32-LE keys' (4) |
/// +----------------+-------------+------------------+
/// ```
pub(super) const HEAD_BYTES: usize = MAGIC.len() + 1 + 4;
const MAGIC: &[u8; 8] = b"CHANMOVE";
const VERSION: u8 = 1;

/// A record, as the manifest lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its family.
    pub family: Family,
    /// Its name.
    pub name: Vec<u8>,
    /// Length of its file.
    pub length: u64,
    /// SHA-256 of its file.
    pub sha256: Digest,
}

/// Every record of a home, in the order in which their files follow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest(Vec<Listed>);

impl Manifest {
    /// Of records in the order of their families' names and then of their names.
    ///
    /// # Errors
    /// [`MoveFault::TooMany`], [`MoveFault::TooLarge`], [`MoveFault::Manifest`].
    pub fn new(records: Vec<Listed>) -> Result<Self, MoveFault> {
        if records.len() > MOVED_RECORDS_MAX {
            return Err(MoveFault::TooMany);
        }
        let key = |listed: &Listed| (listed.family.as_str(), listed.name.clone());
        let ascending = records.windows(2).all(|two| key(&two[0]) < key(&two[1]));
        let sound = |listed: &Listed| {
            (FILE_BYTES_MIN..=FILE_BYTES_MAX).contains(&listed.length)
                && listed.name.len() <= RECORD_NAME_BYTES_MAX
        };
        if !ascending || !records.iter().all(sound) {
            return Err(MoveFault::Manifest);
        }
        let manifest = Self(records);
        // Each is bounded, and so is their number: the sum does not wrap.
        if manifest.bytes() > MOVED_BYTES_MAX { Err(MoveFault::TooLarge) } else { Ok(manifest) }
    }

    /// The records.
    #[must_use]
    pub fn records(&self) -> &[Listed] {
        &self.0
    }

    /// Bytes of all records together.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.0.iter().map(|listed| listed.length).sum()
    }

    /// For each record `u8 length || family || u8 length || name || u64-LE length of the file || SHA-256 (32)`.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        for listed in &self.0 {
            short(&mut out, listed.family.as_str().as_bytes());
            short(&mut out, &listed.name);
            out.extend_from_slice(&listed.length.to_le_bytes());
            out.extend_from_slice(listed.sha256.as_bytes());
        }
        out
    }

    /// # Errors
    /// [`MoveFault::Manifest`] if it is not exactly what [`Manifest::encode`] writes, and as [`Manifest::new`].
    pub fn decode(mut bytes: &[u8]) -> Result<Self, MoveFault> {
        let mut records = Vec::new();
        while !bytes.is_empty() {
            if records.len() == MOVED_RECORDS_MAX {
                return Err(MoveFault::TooMany);
            }
            records.push(listed(&mut bytes).ok_or(MoveFault::Manifest)?);
        }
        Self::new(records)
    }
}

/// The head of a move file with a key store of so many bytes.
pub(super) fn head(keystore: &[u8]) -> Result<[u8; HEAD_BYTES], MoveFault> {
    let length = u32::try_from(keystore.len()).map_err(|_| MoveFault::TooLarge)?;
    let mut out = [0; HEAD_BYTES];
    out[..MAGIC.len()].copy_from_slice(MAGIC);
    out[MAGIC.len()] = VERSION;
    out[MAGIC.len() + 1..].copy_from_slice(&length.to_le_bytes());
    Ok(out)
}

/// Length of the key store that follows a head.
pub(super) fn read_head(head: &[u8; HEAD_BYTES]) -> Result<usize, MoveFault> {
    let (magic, rest) = head.split_at(MAGIC.len());
    let (version, length) = rest.split_at(1);
    if magic != MAGIC {
        return Err(MoveFault::NotOne);
    }
    if version != [VERSION] {
        return Err(MoveFault::Newer);
    }
    let length = length.first_chunk().map_or(0, |length| u32::from_le_bytes(*length));
    let length = usize::try_from(length).map_err(|_| MoveFault::TooLarge)?;
    if length > KEYSTORE_BYTES_MAX { Err(MoveFault::TooLarge) } else { Ok(length) }
}

fn short(out: &mut Vec<u8>, bytes: &[u8]) {
    // Names of families and of records are shorter.
    out.push(u8::try_from(bytes.len()).unwrap_or(u8::MAX));
    out.extend_from_slice(bytes);
}

fn listed(bytes: &mut &[u8]) -> Option<Listed> {
    let family = take_short(bytes)?;
    let family = Family::ALL.iter().copied().find(|known| known.as_str().as_bytes() == family)?;
    let name = take_short(bytes)?.to_vec();
    let length = u64::from_le_bytes(*take(bytes, 8)?.first_chunk()?);
    let sha256 = Digest::new(*take(bytes, 32)?.first_chunk()?);
    Some(Listed { family, name, length, sha256 })
}

fn take_short<'a>(bytes: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (length, rest) = bytes.split_first()?;
    *bytes = rest;
    take(bytes, usize::from(*length))
}

fn take<'a>(bytes: &mut &'a [u8], count: usize) -> Option<&'a [u8]> {
    let (taken, rest) = bytes.split_at_checked(count)?;
    *bytes = rest;
    Some(taken)
}

/// Of one record: both lengths, the longest name of a family there will be, the longest name, length and hash.
const LISTED_BYTES_MAX: usize = 1 + 20 + 1 + RECORD_NAME_BYTES_MAX + 8 + 32;

#[cfg(test)]
mod tests {
    use super::*;

    fn record(family: Family, name: &[u8], length: u64) -> Listed {
        Listed { family, name: name.to_vec(), length, sha256: Digest::of(name) }
    }

    #[test]
    fn a_manifest_reads_back_and_every_cut_is_refused() {
        assert!(Family::ALL.iter().all(|family| family.as_str().len() <= 20));
        let records = vec![
            record(Family::Card, b"", FILE_BYTES_MIN),
            record(Family::Card, b"\0", FILE_BYTES_MAX),
            record(Family::Outbox, &[7; RECORD_NAME_BYTES_MAX], 100),
        ];
        let manifest = Manifest::new(records).unwrap();
        let bytes = manifest.encode();
        assert_eq!(Manifest::decode(&bytes).unwrap(), manifest);
        let boundaries: Vec<usize> =
            (1..=2).map(|count| Manifest(manifest.0[..count].to_vec()).encode().len()).collect();
        for length in (1..bytes.len()).filter(|length| !boundaries.contains(length)) {
            assert_eq!(Manifest::decode(&bytes[..length]), Err(MoveFault::Manifest), "cut at {length}");
        }
    }

    #[test]
    fn what_no_home_has_is_refused() {
        let check = |what: &str, records: &[Listed], expected: MoveFault| {
            let encoded = Manifest(records.to_vec()).encode();
            assert_eq!(Manifest::decode(&encoded), Err(expected), "{what}");
        };
        let sound = record(Family::Card, b"a", 100);
        let other = record(Family::Card, b"b", 100);
        check("twice", &[sound.clone(), sound.clone()], MoveFault::Manifest);
        check("out of order", &[other, sound.clone()], MoveFault::Manifest);
        check(
            "families out of order",
            &[record(Family::Outbox, b"", 100), sound.clone()],
            MoveFault::Manifest,
        );
        check("no record", &[record(Family::Card, b"a", FILE_BYTES_MIN - 1)], MoveFault::Manifest);
        check("too long", &[record(Family::Card, b"a", FILE_BYTES_MAX + 1)], MoveFault::Manifest);
        let long = record(Family::Card, &[0; RECORD_NAME_BYTES_MAX + 1], 100);
        check("a long name", &[long], MoveFault::Manifest);
        let numbered = |count: u32, length| -> Vec<Listed> {
            (0..count).map(|n| record(Family::Card, &n.to_be_bytes(), length)).collect()
        };
        check("too large", &numbered(1_025, FILE_BYTES_MAX), MoveFault::TooLarge);
        check("too many", &numbered(262_145, 100), MoveFault::TooMany);
        for family in ["", "..", "card/..", "unknown"] {
            let mut bytes = Manifest(vec![sound.clone()]).encode();
            let mut foreign = Vec::new();
            short(&mut foreign, family.as_bytes());
            bytes.splice(..5, foreign);
            assert_eq!(Manifest::decode(&bytes), Err(MoveFault::Manifest), "{family:?}");
        }
    }

    #[test]
    fn a_head_names_the_length_of_the_key_store() {
        let good = head(&[0; 77]).unwrap();
        assert_eq!(read_head(&good), Ok(77));
        let with = |at: usize, value: u8| {
            let mut altered = good;
            altered[at] = value;
            read_head(&altered)
        };
        assert_eq!(with(0, b'X'), Err(MoveFault::NotOne));
        assert_eq!(with(8, 2), Err(MoveFault::Newer));
        assert_eq!(with(12, 0x7f), Err(MoveFault::TooLarge));
    }
}
