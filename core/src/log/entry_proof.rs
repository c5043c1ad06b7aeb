//! What proves one entry offline: a C2SP `tlog-proof@v1` whose extra data is the entry's log time.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::checkpoint::{Checkpoint, CheckpointError};
use super::proof::{PATH_MAX, verify_inclusion};
use crate::id::Digest;

/// Longest text of a proof.
pub const ENTRY_PROOF_BYTES_MAX: usize = 16_384;
const MAGIC: &str = "c2sp.org/tlog-proof@v1";

/// One entry's place in a log, with the checkpoint of a tree that holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryProof {
    /// The entry's log time.
    pub log_time_ms: u64,
    /// The entry's index.
    pub index: u64,
    /// Its inclusion proof, from the leaf to the root.
    pub path: Vec<Digest>,
    /// A checkpoint of the tree, as a signed note.
    pub checkpoint: String,
}

/// A proof does not show that the entry is in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EntryProofError {
    /// Not of the form of a proof with a log time.
    #[error("the text is not a proof of one entry")]
    Malformed,
    /// Its checkpoint does not hold.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The entry is not in the tree.
    #[error(transparent)]
    Proof(#[from] super::ProofError),
}

impl EntryProof {
    /// The one text form.
    #[must_use]
    pub fn encode(&self) -> String {
        let time = STANDARD.encode(self.log_time_ms.to_be_bytes());
        let mut text = format!("{MAGIC}\nextra {time}\nindex {}\n", self.index);
        for digest in &self.path {
            text.push_str(&STANDARD.encode(digest.as_bytes()));
            text.push('\n');
        }
        text.push('\n');
        text.push_str(&self.checkpoint);
        text
    }

    /// Parses the one text form.
    ///
    /// # Errors
    /// [`EntryProofError::Malformed`].
    pub fn decode(bytes: &[u8]) -> Result<Self, EntryProofError> {
        let text = std::str::from_utf8(bytes).ok().filter(|text| text.len() <= ENTRY_PROOF_BYTES_MAX);
        let proof = text.and_then(Self::parse).ok_or(EntryProofError::Malformed)?;
        // What is verified is encoded again from this: there is no second form.
        if proof.encode().as_bytes() == bytes { Ok(proof) } else { Err(EntryProofError::Malformed) }
    }

    fn parse(text: &str) -> Option<Self> {
        let (head, checkpoint) = text.split_once("\n\n")?;
        let mut lines = head.split('\n');
        if lines.next()? != MAGIC {
            return None;
        }
        let time = STANDARD.decode(lines.next()?.strip_prefix("extra ")?).ok()?;
        let index = lines.next()?.strip_prefix("index ")?.parse().ok()?;
        let digest = |line| Digest::try_from(STANDARD.decode(line).ok()?.as_slice()).ok();
        let path = lines.map(digest).collect::<Option<Vec<_>>>().filter(|path| path.len() <= PATH_MAX)?;
        let log_time_ms = u64::from_be_bytes(time.try_into().ok()?);
        Some(Self { log_time_ms, index, path, checkpoint: checkpoint.to_owned() })
    }

    /// Checks that `signed` is the entry, in the log of `origin` under `log_key`; returns the checkpoint.
    ///
    /// # Errors
    /// [`EntryProofError::Checkpoint`], [`EntryProofError::Proof`].
    pub fn verify(
        &self,
        signed: &[u8],
        origin: &str,
        log_key: &[u8; 32],
    ) -> Result<Checkpoint, EntryProofError> {
        let checkpoint = Checkpoint::open(&self.checkpoint, origin, log_key)?;
        verify_inclusion(&checkpoint.head, self.index, signed, self.log_time_ms, &self.path)?;
        Ok(checkpoint)
    }
}

#[cfg(test)]
mod tests {
    use ring::signature::{Ed25519KeyPair, KeyPair};

    use super::*;
    use crate::id::{ChannelId, KeyId};
    use crate::log::{ProofError, Tree, leaf_hash, origin};

    fn proof() -> (EntryProof, String, [u8; 32]) {
        let key = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap();
        let public: [u8; 32] = key.public_key().as_ref().try_into().unwrap();
        let tree = Tree::of((0..5_u64).map(|n| leaf_hash(b"entry", 1_000 + n)));
        let origin = origin(&KeyId::new([1; 32]), &ChannelId::new([2; 16]));
        let checkpoint = Checkpoint { origin: origin.clone(), head: tree.head() };
        let signature = key.sign(checkpoint.text().as_bytes()).as_ref().try_into().unwrap();
        let path = tree.inclusion_proof(3, 5).unwrap();
        let note = checkpoint.note(&public, &signature);
        (EntryProof { log_time_ms: 1_003, index: 3, path, checkpoint: note }, origin, public)
    }

    #[test]
    fn a_proof_reads_back_and_holds_for_its_entry_alone() {
        let (proof, origin, key) = proof();
        let read = EntryProof::decode(proof.encode().as_bytes()).unwrap();
        assert_eq!(read, proof);
        assert_eq!(read.verify(b"entry", &origin, &key).unwrap().head.size, 5);
        let not_included = Err(EntryProofError::Proof(ProofError::NotIncluded));
        assert_eq!(read.verify(b"other", &origin, &key), not_included);
        for other in [
            EntryProof { index: 2, ..proof.clone() },
            EntryProof { log_time_ms: 1_004, ..proof.clone() },
            EntryProof { path: proof.path[1..].to_vec(), ..proof.clone() },
        ] {
            assert_eq!(other.verify(b"entry", &origin, &key), not_included, "{other:?}");
        }
        let other_log = Err(EntryProofError::Checkpoint(CheckpointError::OtherLog));
        assert_eq!(proof.verify(b"entry", "chancery/other", &key), other_log);
    }

    #[test]
    fn every_second_form_is_refused() {
        let text = proof().0.encode();
        for other in [
            String::new(),
            text.replace("@v1", "@v2"),
            text.replace("index 3", "index 03"),
            text.replace("index 3", "index +3"),
            text.replace("extra ", "extra  "),
            text.replacen('\n', "\r\n", 1),
            text.lines().filter(|line| !line.starts_with("extra")).fold(String::new(), |t, l| t + l + "\n"),
            text.replace("extra AAAA", "extra AAA"),
            text.replacen("\n\n", "\nAAAA\n\n", 1),
            text.replace("\n\n", "\n"),
            "x".repeat(ENTRY_PROOF_BYTES_MAX + 1),
        ] {
            assert_eq!(EntryProof::decode(other.as_bytes()), Err(EntryProofError::Malformed), "{other}");
        }
        assert_eq!(EntryProof::decode(b"\xff"), Err(EntryProofError::Malformed));
    }
}
