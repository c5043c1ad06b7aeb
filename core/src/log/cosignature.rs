//! Cosignatures: C2SP `tlog-cosignature`, type Ed25519, by the devices of a channel's readers.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::checkpoint::{
    Checkpoint, CheckpointError, NOTE_BYTES_MAX, NoteKey, SignedCheckpoint, note_key_hash, origin,
    signature_line,
};
use crate::id::{ChannelId, DeviceId, KeyId};

/// The name of a device's key as a cosigner.
#[must_use]
pub fn cosigner(root: &KeyId, device: &DeviceId) -> String {
    format!("chancery/{root}/device/{device}")
}

/// What a device signs: at this time the largest head that it had verified was this.
///
/// It begins otherwise than every [`crate::name::signature_input`], so the same key may sign both.
#[must_use]
pub fn cosignature_message(time_s: u64, checkpoint: &Checkpoint) -> Vec<u8> {
    format!("cosignature/v1\ntime {time_s}\n{}", checkpoint.text()).into_bytes()
}

/// A device's word that it has verified a log up to a checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cosignature {
    /// Whose word.
    pub device: DeviceId,
    /// When, by the device's clock: seconds since 1970 UTC.
    pub time_s: u64,
    key_hash: [u8; 4],
    signature: [u8; 64],
}

impl Cosignature {
    /// A signature over [`cosignature_message`] under a device's key.
    #[must_use]
    pub fn new(root: &KeyId, device: DeviceId, key: &[u8; 32], time_s: u64, signature: [u8; 64]) -> Self {
        let key_hash = note_key_hash(&cosigner(root, &device), NoteKey::Cosigner, key);
        Self { device, time_s, key_hash, signature }
    }

    /// The line of a note.
    #[must_use]
    pub fn line(&self, root: &KeyId) -> String {
        let timestamped = [&self.time_s.to_be_bytes()[..], &self.signature].concat();
        signature_line(&cosigner(root, &self.device), self.key_hash, &timestamped)
    }

    /// Reads a line. Whether the signature holds is another question.
    fn parse(line: &str, root: &KeyId) -> Option<Self> {
        let prefix = format!("\u{2014} chancery/{root}/device/");
        let (device, encoded) = line.strip_prefix(&prefix)?.split_once(' ')?;
        let bytes = STANDARD.decode(encoded).ok()?;
        let (key_hash, timestamped) = bytes.split_first_chunk::<4>()?;
        let (time, signature) = timestamped.split_first_chunk::<8>()?;
        let time_s = u64::from_be_bytes(*time);
        let signature = signature.try_into().ok()?;
        (time_s <= TIME_MAX).then_some(Self {
            device: device.parse().ok()?,
            time_s,
            key_hash: *key_hash,
            signature,
        })
    }

    /// Whether it is this key's over this checkpoint.
    ///
    /// # Errors
    /// [`CosignatureError::OtherKey`], [`CosignatureError::BadSignature`].
    pub fn verify(
        &self,
        root: &KeyId,
        checkpoint: &Checkpoint,
        key: &[u8; 32],
    ) -> Result<(), CosignatureError> {
        if self.key_hash != note_key_hash(&cosigner(root, &self.device), NoteKey::Cosigner, key) {
            return Err(CosignatureError::OtherKey);
        }
        ring::signature::UnparsedPublicKey::new(&ring::signature::ED25519, key)
            .verify(&cosignature_message(self.time_s, checkpoint), &self.signature)
            .map_err(|_| CosignatureError::BadSignature)
    }
}

/// A checkpoint under the log key with the word of one device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CosignedCheckpoint {
    /// The checkpoint, whose signature holds.
    pub signed: SignedCheckpoint,
    /// The device's word, whose signature was not looked at.
    pub cosignature: Cosignature,
}

/// A note is not a checkpoint of this log with the word of a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CosignatureError {
    /// Not the one form of a checkpoint with two lines.
    #[error("the note is not a checkpoint with the line of one device")]
    Malformed,
    /// The checkpoint does not hold.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The line names another key than the device's.
    #[error("the line is of another key than the device's")]
    OtherKey,
    /// The device's signature does not hold.
    #[error("the device's signature does not hold")]
    BadSignature,
}

impl CosignedCheckpoint {
    /// Reads a cosigned checkpoint of a channel and checks the log key's signature. The device's is checked by
    /// [`CosignedCheckpoint::verify`], when its key is known.
    ///
    /// # Errors
    /// [`CosignatureError::Malformed`], [`CosignatureError::Checkpoint`].
    pub fn open(
        note: &str,
        root: &KeyId,
        channel: &ChannelId,
        log_key: &[u8; 32],
    ) -> Result<Self, CosignatureError> {
        if note.len() > NOTE_BYTES_MAX {
            return Err(CosignatureError::Malformed);
        }
        let signed = SignedCheckpoint::open(note, &origin(root, channel), log_key)?;
        let line = note.trim_end_matches('\n').rsplit('\n').next().unwrap_or_default();
        let cosignature = Cosignature::parse(line, root).ok_or(CosignatureError::Malformed)?;
        let cosigned = Self { signed, cosignature };
        // What is verified is encoded again from this: there is no second form and no third line.
        if cosigned.note(root) == note { Ok(cosigned) } else { Err(CosignatureError::Malformed) }
    }

    /// The note.
    #[must_use]
    pub fn note(&self, root: &KeyId) -> String {
        self.signed.note() + &self.cosignature.line(root)
    }

    /// Whether the device's signature is of this key and holds.
    ///
    /// # Errors
    /// As [`Cosignature::verify`].
    pub fn verify(&self, root: &KeyId, key: &[u8; 32]) -> Result<(), CosignatureError> {
        self.cosignature.verify(root, &self.signed.checkpoint, key)
    }
}

/// The latest time that C2SP allows.
const TIME_MAX: u64 = u64::MAX / 2;

#[cfg(test)]
mod tests {
    use ring::signature::{Ed25519KeyPair, KeyPair};

    use super::*;
    use crate::act::TreeHead;
    use crate::id::Digest;

    const ROOT: KeyId = KeyId::new([1; 32]);
    const CHANNEL: ChannelId = ChannelId::new([2; 16]);
    const DEVICE: DeviceId = DeviceId::new([3; 16]);

    struct Pair(Ed25519KeyPair, [u8; 32]);

    fn pair(seed: u8) -> Pair {
        let pair = Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap();
        let public = pair.public_key().as_ref().try_into().unwrap();
        Pair(pair, public)
    }

    impl Pair {
        fn sign(&self, message: &[u8]) -> [u8; 64] {
            self.0.sign(message).as_ref().try_into().unwrap()
        }
    }

    fn cosigned(time_s: u64) -> (CosignedCheckpoint, String, Pair, Pair) {
        let (log, device) = (pair(7), pair(8));
        let head = TreeHead { size: 42, root: Digest::of(b"root") };
        let checkpoint = Checkpoint { origin: origin(&ROOT, &CHANNEL), head };
        let note = checkpoint.note(&log.1, &log.sign(checkpoint.text().as_bytes()));
        let signed = SignedCheckpoint::open(&note, &checkpoint.origin, &log.1).unwrap();
        let signature = device.sign(&cosignature_message(time_s, &checkpoint));
        let cosignature = Cosignature::new(&ROOT, DEVICE, &device.1, time_s, signature);
        let cosigned = CosignedCheckpoint { signed, cosignature };
        let note = cosigned.note(&ROOT);
        (cosigned, note, log, device)
    }

    #[test]
    fn a_cosigned_checkpoint_reads_back_and_holds_for_its_key_alone() {
        let (made, note, log, device) = cosigned(1_679_315_147);
        let read = CosignedCheckpoint::open(&note, &ROOT, &CHANNEL, &log.1).unwrap();
        assert_eq!(read, made);
        assert_eq!(read.verify(&ROOT, &device.1), Ok(()));
        assert_eq!(read.verify(&ROOT, &log.1), Err(CosignatureError::OtherKey));
        // The log's own reader passes over the line.
        assert!(Checkpoint::open(&note, &origin(&ROOT, &CHANNEL), &log.1).is_ok());
    }

    #[test]
    fn what_is_signed_is_what_c2sp_says() {
        let (made, ..) = cosigned(1_679_315_147);
        let message = String::from_utf8(cosignature_message(1_679_315_147, &made.signed.checkpoint)).unwrap();
        assert_eq!(message, format!("cosignature/v1\ntime 1679315147\n{}", made.signed.checkpoint.text()));
    }

    #[test]
    fn altered_times_heads_and_types_do_not_hold() {
        let (made, note, log, device) = cosigned(1_000);
        let (_, later, ..) = cosigned(1_001);
        let own_line = note.rsplit_once("\n\u{2014}").unwrap().1;
        let (lines, later_line) = later.rsplit_once("\n\u{2014}").unwrap();
        // The time of one under the signature of the other.
        let encoded = |line: &str| STANDARD.decode(line.trim_end().rsplit_once(' ').unwrap().1).unwrap();
        let (own, other) = (encoded(own_line), encoded(later_line));
        let mixed = STANDARD.encode([&other[..12], &own[12..]].concat());
        let name = cosigner(&ROOT, &DEVICE);
        let open = |line: &str| {
            let note = format!("{lines}\n\u{2014} {name} {line}\n");
            CosignedCheckpoint::open(&note, &ROOT, &CHANNEL, &log.1).unwrap().verify(&ROOT, &device.1)
        };
        assert_eq!(open(&mixed), Err(CosignatureError::BadSignature));
        // A plain note signature under the device's key, as type 0x01 would have it.
        let plain = note_key_hash(&name, NoteKey::Log, &device.1);
        let typed = STANDARD.encode([&plain[..], &own[4..]].concat());
        assert_eq!(open(&typed), Err(CosignatureError::OtherKey));
        let untimed = device.sign(made.signed.checkpoint.text().as_bytes());
        let untimed = STANDARD.encode([&own[..12], &untimed].concat());
        assert_eq!(open(&untimed), Err(CosignatureError::BadSignature));
        // The line under another checkpoint of the same log.
        let head = TreeHead { size: 43, root: Digest::of(b"root") };
        let other = Checkpoint { head, ..made.signed.checkpoint };
        assert_eq!(made.cosignature.verify(&ROOT, &other, &device.1), Err(CosignatureError::BadSignature));
    }

    #[test]
    fn every_other_note_is_refused() {
        let (_, note, log, _) = cosigned(1_000);
        let (rest, line) = note.rsplit_once("\n\u{2014}").unwrap();
        let line = format!("\u{2014}{line}");
        let check = |note: &str| {
            let error = CosignedCheckpoint::open(note, &ROOT, &CHANNEL, &log.1).unwrap_err();
            let malformed = [CosignatureError::Malformed, CheckpointError::Malformed.into()];
            assert!(malformed.contains(&error), "{error}: {note}");
        };
        check("");
        check(&"x".repeat(NOTE_BYTES_MAX + 1));
        check(&format!("{rest}\n"));
        check(&format!("{note}{line}"));
        check(&format!("{note}\u{2014} witness.example AAAA\n"));
        check(&format!("{note}\n"));
        check(note.trim_end());
        check(&note.replace("/device/", "/person/"));
        check(&note.replace(&DEVICE.to_string(), "03"));
        check(&note.replace(&line, &line.replace("03", "0X")));
        check(&note[..note.len() - 5]);
        // A time that C2SP does not allow.
        let bytes = STANDARD.decode(line.trim_end().rsplit_once(' ').unwrap().1).unwrap();
        let late = STANDARD.encode([&bytes[..4], &[0xff; 8], &bytes[12..]].concat());
        let name = cosigner(&ROOT, &DEVICE);
        check(&format!("{rest}\n\u{2014} {name} {late}\n"));
        // The device's line before the log's.
        let (text, log_line) = rest.split_once("\n\n").unwrap();
        check(&format!("{text}\n\n{line}{log_line}\n"));
        // Another log, another deployment, another log key.
        let other = ChannelId::new([9; 16]);
        let opened = CosignedCheckpoint::open(&note, &ROOT, &other, &log.1);
        assert_eq!(opened, Err(CheckpointError::OtherLog.into()));
        let opened = CosignedCheckpoint::open(&note, &KeyId::new([9; 32]), &CHANNEL, &log.1);
        assert_eq!(opened, Err(CheckpointError::OtherLog.into()));
        let opened = CosignedCheckpoint::open(&note, &ROOT, &CHANNEL, &pair(9).1);
        assert_eq!(opened, Err(CheckpointError::NotSigned.into()));
    }
}
