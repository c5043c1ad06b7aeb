//! Verification of proofs, by `ct-merkle`.

use ct_merkle::{ConsistencyProof, InclusionProof, RootHash};
use sha2::Sha256;

use crate::act::TreeHead;
use crate::id::{Digest, KeyId};
use crate::limits::LOG_ENTRIES_MAX;

/// Digests of the longest proof: the path in a tree of at most 2^63 leaves.
pub(super) const PATH_MAX: usize = 63;

/// A proof does not show what it should.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// The entry is not in the tree at that place.
    #[error("the entry is not in the log at that place")]
    NotIncluded,
    /// The older tree is not the beginning of the newer one.
    #[error("the newer log does not continue the older one")]
    Inconsistent,
}

/// Checks that an entry stands at `index` in the log with this head.
///
/// # Errors
/// [`ProofError::NotIncluded`].
pub fn verify_inclusion(
    head: &TreeHead,
    index: u64,
    signed: &[u8],
    log_time_ms: u64,
    proof: &[Digest],
) -> Result<(), ProofError> {
    let mut leaf = signed.to_vec();
    leaf.extend(log_time_ms.to_be_bytes());
    let proof = InclusionProof::try_from_bytes(concat(proof)).map_err(|_| ProofError::NotIncluded)?;
    let root = root(head).ok_or(ProofError::NotIncluded)?;
    root.verify_inclusion(&leaf, index, &proof).map_err(|_| ProofError::NotIncluded)
}

/// Checks that a wrap to `recipient` stands at `position` in an act's list of wraps of this size and root.
///
/// # Errors
/// [`ProofError::NotIncluded`].
pub fn verify_wrap(
    wraps: &TreeHead,
    position: u64,
    recipient: &KeyId,
    wrap: &[u8],
    path: &[Digest],
) -> Result<(), ProofError> {
    let leaf = [recipient.as_bytes(), wrap].concat();
    let proof = InclusionProof::try_from_bytes(concat(path)).map_err(|_| ProofError::NotIncluded)?;
    let root = root(wraps).ok_or(ProofError::NotIncluded)?;
    root.verify_inclusion(&leaf, position, &proof).map_err(|_| ProofError::NotIncluded)
}

/// Checks that the log with head `new` continues the one with head `old`. An empty log is continued by any.
///
/// # Errors
/// [`ProofError::Inconsistent`].
pub fn verify_consistency(old: &TreeHead, new: &TreeHead, proof: &[Digest]) -> Result<(), ProofError> {
    if old.size == 0 {
        let nothing = Digest::of(&[]);
        let empty = old.root == nothing && proof.is_empty() && (new.size > 0 || new.root == nothing);
        return if empty { Ok(()) } else { Err(ProofError::Inconsistent) };
    }
    let proof = ConsistencyProof::try_from_bytes(concat(proof)).map_err(|_| ProofError::Inconsistent)?;
    let (old, new) = root(old).zip(root(new)).ok_or(ProofError::Inconsistent)?;
    new.verify_consistency(&old, &proof).map_err(|_| ProofError::Inconsistent)
}

/// None for a size that no log has: the library computes node numbers that would overflow.
fn root(head: &TreeHead) -> Option<RootHash<Sha256>> {
    (head.size <= LOG_ENTRIES_MAX).then(|| RootHash::new((*head.root.as_bytes()).into(), head.size))
}

fn concat(proof: &[Digest]) -> Vec<u8> {
    proof.iter().flat_map(|digest| *digest.as_bytes()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whoever signs a checkpoint chooses its size.
    #[test]
    fn sizes_that_no_log_has_are_refused() {
        let head = |size| TreeHead { size, root: Digest::of(b"root") };
        for size in [LOG_ENTRIES_MAX + 1, u64::MAX / 2, u64::MAX / 2 + 1, u64::MAX - 1, u64::MAX] {
            let (huge, key) = (head(size), KeyId::new([0; 32]));
            assert_eq!(verify_inclusion(&huge, 1, b"act", 1, &[]), Err(ProofError::NotIncluded));
            assert_eq!(verify_wrap(&huge, size - 1, &key, b"wrap", &[]), Err(ProofError::NotIncluded));
            assert_eq!(verify_consistency(&head(1), &huge, &[]), Err(ProofError::Inconsistent));
            assert_eq!(verify_consistency(&huge, &huge, &[]), Err(ProofError::Inconsistent));
        }
    }
}
