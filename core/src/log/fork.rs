//! The proof that a log was forked: two checkpoints under one log key of which neither continues the other.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;

use super::checkpoint::{CheckpointError, SignedCheckpoint, parse_origin};
use super::proof::{PATH_MAX, verify_consistency};
use super::tree::Tree;
use crate::act::{ActError, SignedAct, Statement, TreeHead};
use crate::id::{ChannelId, Digest, KeyId};
use crate::name::{KeyAlgorithm, key_id};

/// Longest proof of a fork.
pub const FORK_PROOF_BYTES_MAX: usize = 32_768;
const MAGIC: &str = "chancery/v1/fork-proof";

/// Two checkpoints of one log that cannot both be true.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForkProof {
    /// Entry 0 of the directory: the root's certificate of the log key.
    pub founding: Bytes,
    /// The root of the beginning of the second log that has the size of the first.
    pub begins: Digest,
    /// The consistency proof between that and the second; none where the sizes are equal.
    pub path: Vec<Digest>,
    /// The checkpoint of the smaller size, as a signed note.
    pub first: String,
    /// The other.
    pub second: String,
}

/// What a proof shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProvenFork {
    /// Whose log.
    pub channel: ChannelId,
    /// What the log key said at the smaller size.
    pub first: TreeHead,
    /// What it said at the other.
    pub second: TreeHead,
    /// The root at the size of the first in the log of the second.
    pub begins: Digest,
}

/// A file does not prove that a log was forked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ForkError {
    /// Not of the form of a proof.
    #[error("the file is not a proof of a fork in its one form")]
    Malformed,
    /// Of another version, or of something else.
    #[error("the file is not a proof of a fork of this version")]
    OtherVersion,
    /// The founding is no act.
    #[error("the founding does not hold: {0}")]
    Founding(#[from] ActError),
    /// The founding is not of the root whose fingerprint was given.
    #[error("the founding is not of the root whose fingerprint was given")]
    OtherRoot,
    /// A checkpoint does not hold.
    #[error("{0}")]
    Checkpoint(#[from] CheckpointError),
    /// The checkpoints are of two logs.
    #[error("the two checkpoints are of different logs")]
    TwoLogs,
    /// The first is the larger one.
    #[error("the first checkpoint is larger than the second")]
    WrongOrder,
    /// The beginning is not the second log's.
    #[error("the second checkpoint's log does not have that beginning")]
    OtherBeginning,
    /// One continues the other.
    #[error("the two checkpoints agree: the second continues the first")]
    Consistent,
}

impl ForkProof {
    /// The proof that `other` is no beginning of the log that `own` is a checkpoint of, whose tree this is; none
    /// if it is one, or if it is larger: then it takes the tree of the other.
    #[must_use]
    pub fn make(
        founding: Bytes,
        tree: &Tree,
        own: &SignedCheckpoint,
        other: &SignedCheckpoint,
    ) -> Option<Self> {
        let (first, second) = (other.head(), own.head());
        let same_log = own.checkpoint.origin == other.checkpoint.origin;
        if !same_log || first.size > second.size || !tree.went_through(&second) {
            return None;
        }
        let begins = tree.root_at(first.size)?;
        let path = if first.size == 0 || first.size == second.size {
            Vec::new()
        } else {
            tree.consistency_proof(first.size, second.size)?
        };
        (begins != first.root).then(|| Self {
            founding,
            begins,
            path,
            first: other.note(),
            second: own.note(),
        })
    }

    /// The one text form.
    #[must_use]
    pub fn encode(&self) -> String {
        let founding = STANDARD.encode(&self.founding);
        let mut text =
            format!("{MAGIC}\nfounding {founding}\nbegins {}\n", STANDARD.encode(self.begins.as_bytes()));
        for digest in &self.path {
            text.push_str(&STANDARD.encode(digest.as_bytes()));
            text.push('\n');
        }
        text + "\n" + &self.first + "\n" + &self.second
    }

    /// Parses the one text form.
    ///
    /// # Errors
    /// [`ForkError::Malformed`], [`ForkError::OtherVersion`].
    pub fn decode(bytes: &[u8]) -> Result<Self, ForkError> {
        if bytes.len() > FORK_PROOF_BYTES_MAX {
            return Err(ForkError::Malformed);
        }
        let text = std::str::from_utf8(bytes).map_err(|_| ForkError::Malformed)?;
        if text.split('\n').next() != Some(MAGIC) {
            return Err(ForkError::OtherVersion);
        }
        let proof = Self::parse(text).ok_or(ForkError::Malformed)?;
        // What is verified is encoded again from this: there is no second form.
        if proof.encode() == text { Ok(proof) } else { Err(ForkError::Malformed) }
    }

    fn parse(text: &str) -> Option<Self> {
        let parts: Vec<&str> = text.split("\n\n").collect();
        let [head, first, first_lines, second, second_lines] = parts[..] else { return None };
        let mut lines = head.split('\n').skip(1);
        let founding = STANDARD.decode(lines.next()?.strip_prefix("founding ")?).ok()?;
        let digest = |line: &str| Digest::try_from(STANDARD.decode(line).ok()?.as_slice()).ok();
        let begins = digest(lines.next()?.strip_prefix("begins ")?)?;
        let path = lines.map(digest).collect::<Option<Vec<_>>>().filter(|path| path.len() <= PATH_MAX)?;
        Some(Self {
            founding: founding.into(),
            begins,
            path,
            first: format!("{first}\n\n{first_lines}\n"),
            second: format!("{second}\n\n{second_lines}"),
        })
    }

    /// Checks that the log key of the deployment with this root signed two histories.
    ///
    /// # Errors
    /// [`ForkError`]: the first of the reasons for which the file proves nothing.
    pub fn verify(&self, root: &KeyId) -> Result<ProvenFork, ForkError> {
        let log_key = self.log_key(root)?;
        let (channel, first) = opened(&self.first, root, &log_key)?;
        let (other, second) = opened(&self.second, root, &log_key)?;
        if other != channel {
            return Err(ForkError::TwoLogs);
        }
        if first.size > second.size {
            return Err(ForkError::WrongOrder);
        }
        let begins = TreeHead { size: first.size, root: self.begins };
        let continues = if first.size == second.size {
            begins == second && self.path.is_empty()
        } else {
            verify_consistency(&begins, &second, &self.path).is_ok()
        };
        if !continues {
            return Err(ForkError::OtherBeginning);
        }
        if begins == first {
            return Err(ForkError::Consistent);
        }
        Ok(ProvenFork { channel, first, second, begins: self.begins })
    }

    /// The log key that the root certified.
    fn log_key(&self, root: &KeyId) -> Result<[u8; 32], ForkError> {
        let act = SignedAct::decode(self.founding.clone())?;
        let Statement::FoundDirectory(found) = &act.content().statement else {
            return Err(ForkError::OtherRoot);
        };
        if key_id(KeyAlgorithm::Ed25519, &found.root_key) != *root {
            return Err(ForkError::OtherRoot);
        }
        act.verify(&found.root_key, root)?;
        Ok(found.log_key)
    }
}

fn opened(note: &str, root: &KeyId, log_key: &[u8; 32]) -> Result<(ChannelId, TreeHead), ForkError> {
    let origin = note.split('\n').next().unwrap_or_default();
    let (deployment, channel) = parse_origin(origin).ok_or(ForkError::Malformed)?;
    if deployment != *root {
        return Err(ForkError::OtherRoot);
    }
    Ok((channel, SignedCheckpoint::open_alone(note, origin, log_key)?.head()))
}

#[cfg(test)]
mod tests;
