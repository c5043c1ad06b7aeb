//! Checkpoints: C2SP `tlog-checkpoint` signed notes.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::act::TreeHead;
use crate::id::{ChannelId, Digest, KeyId};

/// Longest note that is read.
pub(super) const NOTE_BYTES_MAX: usize = 4_096;

/// What a line of a note is signed as (C2SP `signed-note`, `tlog-cosignature`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoteKey {
    /// Ed25519 over the text.
    Log = 0x01,
    /// Ed25519 over time and text.
    Cosigner = 0x04,
}

/// The origin line of a channel's log, which is also the name of the key that signs it.
#[must_use]
pub fn origin(root: &KeyId, channel: &ChannelId) -> String {
    format!("chancery/{root}/{channel}")
}

/// The deployment and the channel that an origin names, if it is one in its one form.
#[must_use]
pub fn parse_origin(text: &str) -> Option<(KeyId, ChannelId)> {
    let (root, channel) = text.strip_prefix("chancery/")?.split_once('/')?;
    let (root, channel) = (root.parse().ok()?, channel.parse().ok()?);
    (origin(&root, &channel) == text).then_some((root, channel))
}

/// A statement of the server: at this size the log of this origin has this root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which log, as [`origin`] names it.
    pub origin: String,
    /// Its size and root.
    pub head: TreeHead,
}

/// A checkpoint with the log key's signature: what convinces anyone who knows the log key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedCheckpoint {
    /// The checkpoint.
    pub checkpoint: Checkpoint,
    log_key: [u8; 32],
    signature: [u8; 64],
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
        let line =
            signature_line(&self.origin, note_key_hash(&self.origin, NoteKey::Log, log_key), signature);
        format!("{}\n{line}", self.text())
    }

    /// Reads a note and checks the log key's signature. Lines of other signers are passed over.
    ///
    /// # Errors
    /// [`CheckpointError`].
    pub fn open(note: &str, expected_origin: &str, log_key: &[u8; 32]) -> Result<Self, CheckpointError> {
        SignedCheckpoint::open(note, expected_origin, log_key).map(|signed| signed.checkpoint)
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

impl SignedCheckpoint {
    /// As [`Checkpoint::open`], and keeps the signature.
    ///
    /// # Errors
    /// [`CheckpointError`].
    pub fn open(note: &str, expected_origin: &str, log_key: &[u8; 32]) -> Result<Self, CheckpointError> {
        if note.len() > NOTE_BYTES_MAX {
            return Err(CheckpointError::Malformed);
        }
        let (text, signatures) = note.rsplit_once("\n\n").ok_or(CheckpointError::Malformed)?;
        let checkpoint = Checkpoint::parse(text)?;
        if checkpoint.origin != expected_origin {
            return Err(CheckpointError::OtherLog);
        }
        let key_hash = note_key_hash(expected_origin, NoteKey::Log, log_key);
        let signature = signatures
            .lines()
            .filter_map(|line| {
                line.strip_prefix("\u{2014} ")?.strip_prefix(expected_origin)?.strip_prefix(' ')
            })
            .filter_map(|encoded| STANDARD.decode(encoded).ok())
            .find_map(|line| line.strip_prefix(&key_hash).map(<[u8]>::to_vec))
            .ok_or(CheckpointError::NotSigned)?;
        let signature: [u8; 64] = signature.try_into().map_err(|_| CheckpointError::BadSignature)?;
        ring::signature::UnparsedPublicKey::new(&ring::signature::ED25519, log_key)
            .verify(checkpoint.text().as_bytes(), &signature)
            .map_err(|_| CheckpointError::BadSignature)?;
        Ok(Self { checkpoint, log_key: *log_key, signature })
    }

    /// As [`SignedCheckpoint::open`] of a note that has the log key's line, in its one form, and nothing else.
    ///
    /// # Errors
    /// [`CheckpointError`].
    pub fn open_alone(
        note: &str,
        expected_origin: &str,
        log_key: &[u8; 32],
    ) -> Result<Self, CheckpointError> {
        let signed = Self::open(note, expected_origin, log_key)?;
        if signed.note() == note { Ok(signed) } else { Err(CheckpointError::Malformed) }
    }

    /// The note with the log key's line alone.
    #[must_use]
    pub fn note(&self) -> String {
        self.checkpoint.note(&self.log_key, &self.signature)
    }

    /// Size and root.
    #[must_use]
    pub const fn head(&self) -> TreeHead {
        self.checkpoint.head
    }
}

/// C2SP `signed-note`: an em dash, the name, and the key hash with the signature.
pub(super) fn signature_line(name: &str, key_hash: [u8; 4], signature: &[u8]) -> String {
    let line = [&key_hash[..], signature].concat();
    format!("\u{2014} {name} {}\n", STANDARD.encode(line))
}

/// C2SP `signed-note`: SHA-256(name || 0x0A || type || public key), first four bytes.
pub(crate) fn note_key_hash(name: &str, kind: NoteKey, key: &[u8; 32]) -> [u8; 4] {
    let mut input = name.as_bytes().to_vec();
    input.extend([b'\n', kind as u8]);
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
    fn a_note_alone_has_one_line_and_one_form() {
        let (note, origin, key) = signed(42);
        assert_eq!(SignedCheckpoint::open_alone(&note, &origin, &key).unwrap().note(), note);
        for other in [
            format!("{note}\u{2014} witness.example AAAA\n"),
            note.trim_end().to_owned(),
            format!("{note}\n"),
            note.replace("\n\n", "\n\n\u{2014} witness.example AAAA\n"),
        ] {
            let opened = SignedCheckpoint::open_alone(&other, &origin, &key);
            assert!(opened.is_err(), "{other}");
        }
    }

    #[test]
    fn an_origin_reads_back_in_its_one_form_alone() {
        let (root, channel) = (KeyId::new([0xab; 32]), ChannelId::new([2; 16]));
        let text = origin(&root, &channel);
        assert_eq!(parse_origin(&text), Some((root, channel)));
        let more = format!("{text}/");
        for other in ["", "chancery/", &text[1..], &text[..text.len() - 2], &more, &text.to_uppercase()] {
            assert_eq!(parse_origin(other), None, "{other}");
        }
        assert_eq!(parse_origin(&text.replace("ab", "AB")), None);
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
