//! A file of checkpoints: what one person shows another of the logs that both read. It names nobody.

use std::collections::BTreeMap;

use chancery_core::id::{ChannelId, KeyId};
use chancery_core::log::{SignedCheckpoint, parse_origin};

/// Longest file of checkpoints.
pub const CHECKPOINTS_BYTES_MAX: usize = 8 * 1024 * 1024;
const CHECKPOINTS_MAX: usize = 8_192;
const MAGIC: &str = "chancery/v1/checkpoints\n";

/// Checkpoints of several logs, as signed notes by the origin of their log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Checkpoints(BTreeMap<String, String>);

/// A file is not one of checkpoints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the file is not one of checkpoints in its one form, or is too long")]
pub struct NotCheckpoints;

impl Checkpoints {
    /// These checkpoints, one of each log.
    #[must_use]
    pub fn of(signed: impl IntoIterator<Item = SignedCheckpoint>) -> Self {
        Self(signed.into_iter().map(|one| (one.checkpoint.origin.clone(), one.note())).collect())
    }

    /// The one text form.
    #[must_use]
    pub fn encode(&self) -> String {
        self.0.values().fold(MAGIC.to_owned(), |text, note| text + "\n" + note)
    }

    /// Parses the one text form. No signature is looked at.
    ///
    /// # Errors
    /// [`NotCheckpoints`].
    pub fn decode(bytes: &[u8]) -> Result<Self, NotCheckpoints> {
        let text = std::str::from_utf8(bytes).ok().filter(|text| text.len() <= CHECKPOINTS_BYTES_MAX);
        let text = text.ok_or(NotCheckpoints)?;
        let mut rest = text.strip_prefix(MAGIC).ok_or(NotCheckpoints)?;
        let mut notes = BTreeMap::new();
        while !rest.is_empty() {
            let (note, after) = next(rest).filter(|_| notes.len() < CHECKPOINTS_MAX).ok_or(NotCheckpoints)?;
            let origin = note.split('\n').next().filter(|origin| parse_origin(origin).is_some());
            notes.insert(origin.ok_or(NotCheckpoints)?.to_owned(), note.to_owned());
            rest = after;
        }
        // Encoded again: one form, in order, none twice.
        let read = Self(notes);
        if read.encode() == text { Ok(read) } else { Err(NotCheckpoints) }
    }

    /// Each log's deployment and channel, and its note.
    pub fn iter(&self) -> impl Iterator<Item = (KeyId, ChannelId, &str)> {
        self.0.iter().filter_map(|(origin, note)| {
            let (root, channel) = parse_origin(origin)?;
            Some((root, channel, note.as_str()))
        })
    }
}

/// An empty line, a note of five lines (three, an empty one, one of signature), and what comes after.
fn next(rest: &str) -> Option<(&str, &str)> {
    let rest = rest.strip_prefix('\n')?;
    let (end, _) = rest.match_indices('\n').nth(4)?;
    Some(rest.split_at(end + 1))
}

#[cfg(test)]
mod tests {
    use chancery_core::act::TreeHead;
    use chancery_core::id::Digest;
    use chancery_core::log::{Checkpoint, origin};
    use ring::signature::{Ed25519KeyPair, KeyPair};

    use super::*;

    fn signed(channel: u8) -> SignedCheckpoint {
        let key = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap();
        let public = key.public_key().as_ref().try_into().unwrap();
        let origin = origin(&KeyId::new([1; 32]), &ChannelId::new([channel; 16]));
        let head = TreeHead { size: 3, root: Digest::of(b"root") };
        let checkpoint = Checkpoint { origin: origin.clone(), head };
        let signature = key.sign(checkpoint.text().as_bytes()).as_ref().try_into().unwrap();
        SignedCheckpoint::open(&checkpoint.note(&public, &signature), &origin, &public).unwrap()
    }

    #[test]
    fn a_file_reads_back() {
        for channels in [&[][..], &[4], &[9, 4, 5]] {
            let made = Checkpoints::of(channels.iter().copied().map(signed));
            let read = Checkpoints::decode(made.encode().as_bytes()).unwrap();
            assert_eq!(read, made);
            let mut expect: Vec<ChannelId> = channels.iter().map(|n| ChannelId::new([*n; 16])).collect();
            expect.sort_unstable();
            assert_eq!(read.iter().map(|(_, channel, _)| channel).collect::<Vec<_>>(), expect);
        }
    }

    #[test]
    fn every_second_form_is_refused() {
        let (one, two) = (signed(4).note(), signed(5).note());
        let text = Checkpoints::of([signed(4), signed(5)]).encode();
        for other in [
            String::new(),
            "chancery/v2/checkpoints\n".to_owned(),
            format!("{MAGIC}\n{two}\n{one}"),
            format!("{MAGIC}\n{one}\n{one}"),
            format!("{MAGIC}{one}"),
            format!("{text}\n"),
            text.trim_end().to_owned(),
            text.replace("chancery/01", "chancery/0x"),
            text.replace('\n', "\r\n"),
            text.clone() + &"\n".repeat(CHECKPOINTS_BYTES_MAX),
        ] {
            assert_eq!(Checkpoints::decode(other.as_bytes()), Err(NotCheckpoints), "{}", other.len());
        }
        assert_eq!(Checkpoints::decode(b"\xff"), Err(NotCheckpoints));
    }
}
