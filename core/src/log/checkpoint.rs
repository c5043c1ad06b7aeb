//! Checkpoints: C2SP `tlog-checkpoint` signed notes.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::act::TreeHead;
use crate::id::{ChannelId, Digest, KeyId};

/// Longest note that is read.
const NOTE_BYTES_MAX: usize = 4_096;
/// The signature type of Ed25519 notes (C2SP `signed-note`).
const ED25519: u8 = 0x01;

/// The origin line of a channel's log, which is also the name of the key that signs it.
#[must_use]
pub fn origin(root: &KeyId, channel: &ChannelId) -> String {
    format!("chancery/{root}/{channel}")
}

/// A statement of the server: at this size the log of this origin has this root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which log, as [`origin`] names it.
    pub origin: String,
    /// Its size and root.
    pub head: TreeHead,
}

/// A note is not a checkpoint of this log under this key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// Not of the form of a checkpoint.
    #[error("the note is not a checkpoint")]
    Malformed,
    /// A checkpoint of another log.
    #[error("the checkpoint is of another log")]
    OtherLog,
    /// No line is signed by the log key.
    #[error("the checkpoint is not signed by the log key")]
    NotSigned,
    /// The log key's signature does not hold.
    #[error("the checkpoint's signature does not hold")]
    BadSignature,
}

impl Checkpoint {
    /// The text that is signed: origin, size and root, a line each.
    #[must_use]
    pub fn text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.head.size, STANDARD.encode(self.head.root.as_bytes()))
    }

    /// The whole note, given the log key's Ed25519 signature over [`Checkpoint::text`].
    #[must_use]
    pub fn note(&self, log_key: &[u8; 32], signature: &[u8; 64]) -> String {
        let mut line = note_key_hash(&self.origin, log_key).to_vec();
        line.extend(signature);
        format!("{}\n\u{2014} {} {}\n", self.text(), self.origin, STANDARD.encode(line))
    }

    /// Reads a note and checks the log key's signature. Lines of other signers are passed over.
    ///
    /// # Errors
    /// [`CheckpointError`].
    pub fn open(note: &str, expected_origin: &str, log_key: &[u8; 32]) -> Result<Self, CheckpointError> {
        if note.len() > NOTE_BYTES_MAX {
            return Err(CheckpointError::Malformed);
        }
        let (text, signatures) = note.rsplit_once("\n\n").ok_or(CheckpointError::Malformed)?;
        let checkpoint = Self::parse(text)?;
        if checkpoint.origin != expected_origin {
            return Err(CheckpointError::OtherLog);
        }
        let key_hash = note_key_hash(expected_origin, log_key);
        let signature = signatures
            .lines()
            .filter_map(|line| {
                line.strip_prefix("\u{2014} ")?.strip_prefix(expected_origin)?.strip_prefix(' ')
            })
            .filter_map(|encoded| STANDARD.decode(encoded).ok())
            .find_map(|line| line.strip_prefix(&key_hash).map(<[u8]>::to_vec))
            .ok_or(CheckpointError::NotSigned)?;
        ring::signature::UnparsedPublicKey::new(&ring::signature::ED25519, log_key)
            .verify(checkpoint.text().as_bytes(), &signature)
            .map_err(|_| CheckpointError::BadSignature)?;
        Ok(checkpoint)
    }

    /// Exactly three lines, the size in its one decimal form: what is verified is encoded again from this.
    fn parse(text: &str) -> Result<Self, CheckpointError> {
        let mut lines = text.split('\n');
        let (Some(origin), Some(size), Some(root), None) =
            (lines.next(), lines.next(), lines.next(), lines.next())
        else {
            return Err(CheckpointError::Malformed);
        };
        let root = STANDARD.decode(root).map_err(|_| CheckpointError::Malformed)?;
        let head = TreeHead {
            size: size.parse().map_err(|_| CheckpointError::Malformed)?,
            root: Digest::try_from(root.as_slice()).map_err(|_| CheckpointError::Malformed)?,
        };
        let checkpoint = Self { origin: origin.to_owned(), head };
        if checkpoint.text().strip_suffix('\n') == Some(text) {
            Ok(checkpoint)
        } else {
            Err(CheckpointError::Malformed)
        }
    }
}

/// C2SP `signed-note`: SHA-256(name || 0x0A || type || public key), first four bytes.
pub(crate) fn note_key_hash(name: &str, key: &[u8; 32]) -> [u8; 4] {
    let mut input = name.as_bytes().to_vec();
    input.extend([b'\n', ED25519]);
    input.extend(key);
    let digest = Digest::of(&input);
    let [a, b, c, d, ..] = *digest.as_bytes();
    [a, b, c, d]
}

#[cfg(test)]
mod tests {
    use ring::signature::{Ed25519KeyPair, KeyPair};

    use super::*;

    fn signed(size: u64) -> (String, String, [u8; 32]) {
        let key = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap();
        let public: [u8; 32] = key.public_key().as_ref().try_into().unwrap();
        let origin = origin(&KeyId::new([1; 32]), &ChannelId::new([2; 16]));
        let head = TreeHead { size, root: Digest::of(b"root") };
        let checkpoint = Checkpoint { origin: origin.clone(), head };
        let signature = key.sign(checkpoint.text().as_bytes()).as_ref().try_into().unwrap();
        (checkpoint.note(&public, &signature), origin, public)
    }

    #[test]
    fn a_note_reads_back() {
        let (note, origin, key) = signed(42);
        let checkpoint = Checkpoint::open(&note, &origin, &key).unwrap();
        assert_eq!(checkpoint.head, TreeHead { size: 42, root: Digest::of(b"root") });
        let with_witness = format!("{note}\u{2014} witness.example AAAA\n");
        assert_eq!(Checkpoint::open(&with_witness, &origin, &key), Ok(checkpoint));
    }

    #[test]
    fn every_other_note_is_refused() {
        use CheckpointError::{BadSignature, Malformed, NotSigned, OtherLog};
        let (note, origin, key) = signed(42);
        let check = |note: &str, origin: &str, key: &[u8; 32], expect| {
            assert_eq!(Checkpoint::open(note, origin, key), Err(expect), "{note}");
        };
        check(&note.replace("\n42\n", "\n43\n"), &origin, &key, BadSignature);
        check(&note.replace("\n42\n", "\n042\n"), &origin, &key, Malformed);
        check(&note.replace("\n42\n", "\n42\nextension\n"), &origin, &key, Malformed);
        check(&note, "chancery/other", &key, OtherLog);
        check(&note, &origin, &[9; 32], NotSigned);
        check(note.split('\u{2014}').next().unwrap(), &origin, &key, NotSigned);
        check("", &origin, &key, Malformed);
        check(&"x".repeat(NOTE_BYTES_MAX + 1), &origin, &key, Malformed);
    }
}
