//! The Merkle tree of RFC 6962, section 2.1.

use imbl::Vector;

use crate::act::TreeHead;
use crate::id::{Digest, KeyId};

/// The leaf hash of an entry: SHA-256(0x00 || signed bytes || log time as u64-BE milliseconds).
#[must_use]
pub fn leaf_hash(signed: &[u8], log_time_ms: u64) -> Digest {
    hash(&[&[0], signed, &log_time_ms.to_be_bytes()])
}

/// The leaf hash of a wrap in an act's list of wraps: SHA-256(0x00 || key id || wrap).
#[must_use]
pub fn wrap_leaf(recipient: &KeyId, wrap: &[u8]) -> Digest {
    hash(&[&[0], recipient.as_bytes(), wrap])
}

/// An append-only Merkle tree that knows its root at every size it ever had.
///
/// Level 0 holds the leaf hashes; level `k` the roots of the complete subtrees of `2^k` leaves. The vectors
/// share structure, so a clone costs nothing and an older value stays as it was.
#[derive(Debug, Clone, Default, serde::Deserialize, serde::Serialize)]
pub struct Tree {
    levels: Vec<Vector<Digest>>,
}

impl Tree {
    /// A tree over these leaf hashes.
    pub fn of(leaves: impl IntoIterator<Item = Digest>) -> Self {
        let mut tree = Self::default();
        for leaf in leaves {
            tree.push(leaf);
        }
        tree
    }

    /// Number of leaves.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.levels.first().map_or(0, |leaves| leaves.len() as u64)
    }

    /// Size and root.
    #[must_use]
    pub fn head(&self) -> TreeHead {
        TreeHead { size: self.size(), root: self.range_root(0, self.size()) }
    }

    /// The root when the tree had `size` leaves; none if it never had so many.
    #[must_use]
    pub fn root_at(&self, size: u64) -> Option<Digest> {
        (size <= self.size()).then(|| self.range_root(0, size))
    }

    /// Whether the tree went through exactly this head.
    #[must_use]
    pub fn went_through(&self, head: &TreeHead) -> bool {
        self.root_at(head.size) == Some(head.root)
    }

    /// Appends one leaf hash.
    pub fn push(&mut self, leaf: Digest) {
        let mut node = leaf;
        let mut level = 0;
        loop {
            if level == self.levels.len() {
                self.levels.push(Vector::new());
            }
            let nodes = &mut self.levels[level];
            nodes.push_back(node);
            if nodes.len() % 2 == 1 {
                return;
            }
            node = parent(&nodes[nodes.len() - 2], &nodes[nodes.len() - 1]);
            level += 1;
        }
    }

    /// The inclusion proof of leaf `index` in the tree of `size` leaves (RFC 6962, section 2.1.1), leaf to
    /// root; none if there is no such leaf or size.
    #[must_use]
    pub fn inclusion_proof(&self, index: u64, size: u64) -> Option<Vec<Digest>> {
        if index >= size || size > self.size() {
            return None;
        }
        let (mut start, mut end) = (0, size);
        let mut path = Vec::new();
        while end - start > 1 {
            let middle = start + split(end - start);
            if index < middle {
                path.push(self.range_root(middle, end));
                end = middle;
            } else {
                path.push(self.range_root(start, middle));
                start = middle;
            }
        }
        path.reverse();
        Some(path)
    }

    /// The consistency proof between two sizes (RFC 6962, section 2.1.2); none unless
    /// `0 < old <= new <= size`.
    #[must_use]
    pub fn consistency_proof(&self, old: u64, new: u64) -> Option<Vec<Digest>> {
        if old == 0 || old > new || new > self.size() {
            return None;
        }
        let (mut start, mut end) = (0, new);
        let mut path = Vec::new();
        // `old` lies in (start, end]; the subtree [start, old) is known to the verifier while start is 0.
        while end != old {
            let middle = start + split(end - start);
            if old <= middle {
                path.push(self.range_root(middle, end));
                end = middle;
            } else {
                path.push(self.range_root(start, middle));
                start = middle;
            }
        }
        if start != 0 {
            path.push(self.range_root(start, end));
        }
        path.reverse();
        Some(path)
    }

    /// The root over leaves `start..end`, where the range is a node of some tree of this log: `start` is a
    /// multiple of the smallest power of two that is not less than the length.
    fn range_root(&self, start: u64, end: u64) -> Digest {
        match end - start {
            0 => Digest::of(&[]),
            length if length.is_power_of_two() => {
                let level = length.trailing_zeros();
                // INVARIANT: complete subtrees below `size` are all in `levels`, and a node's position
                // fits in memory because its leaves do.
                self.levels[level as usize][usize::try_from(start >> level).unwrap_or(usize::MAX)]
            }
            length => {
                let middle = start + split(length);
                parent(&self.range_root(start, middle), &self.range_root(middle, end))
            }
        }
    }
}

/// The largest power of two less than `length`, which is at least 2.
fn split(length: u64) -> u64 {
    1 << (length - 1).ilog2()
}

fn parent(left: &Digest, right: &Digest) -> Digest {
    hash(&[&[1], left.as_bytes(), right.as_bytes()])
}

fn hash(parts: &[&[u8]]) -> Digest {
    let mut context = ring::digest::Context::new(&ring::digest::SHA256);
    for part in parts {
        context.update(part);
    }
    let mut out = [0; 32];
    out.copy_from_slice(context.finish().as_ref());
    Digest::new(out)
}

#[cfg(test)]
mod tests {
    use ct_merkle::mem_backed_tree::MemoryBackedTree;
    use proptest::prelude::*;
    use sha2::Sha256;

    use super::*;
    use crate::log::{verify_consistency, verify_inclusion};

    /// Leaf hashes whose inputs are `log time` alone, as the peer implementation hashes them.
    fn leaves(count: u64) -> impl Iterator<Item = Digest> {
        (0..count).map(|n| leaf_hash(b"", n))
    }

    #[test]
    fn roots_equal_those_of_another_implementation() {
        let mut peer = MemoryBackedTree::<Sha256, [u8; 8]>::new();
        let mut tree = Tree::default();
        for n in 0..130_u64 {
            peer.push(n.to_be_bytes());
            tree.push(leaf_hash(b"", n));
            assert_eq!(tree.head().root.as_bytes()[..], peer.root().as_bytes()[..], "size {}", n + 1);
        }
    }

    #[test]
    fn the_empty_tree_has_the_hash_of_nothing() {
        assert_eq!(Tree::default().head(), TreeHead { size: 0, root: Digest::of(b"") });
    }

    proptest! {
        #[test]
        fn proofs_hold_and_no_other_leaf_or_size_passes(size in 1_u64..200, a in 0_u64..200, b in 1_u64..200) {
            let tree = Tree::of(leaves(size));
            let head = tree.head();
            let index = a % size;
            let proof = tree.inclusion_proof(index, size).unwrap();
            prop_assert!(verify_inclusion(&head, index, b"", index, &proof).is_ok());
            prop_assert!(verify_inclusion(&head, index, b"", index + 1, &proof).is_err());
            prop_assert!(size == 1 || verify_inclusion(&head, (index + 1) % size, b"", index, &proof).is_err());

            let old = 1 + b % size;
            let old_head = TreeHead { size: old, root: tree.root_at(old).unwrap() };
            let proof = tree.consistency_proof(old, size).unwrap();
            prop_assert!(verify_consistency(&old_head, &head, &proof).is_ok());
            let forged = TreeHead { size: old, root: Digest::of(b"another history") };
            prop_assert!(verify_consistency(&forged, &head, &proof).is_err());
        }
    }

    #[test]
    fn proofs_of_what_is_not_there_are_not_made() {
        let tree = Tree::of(leaves(5));
        assert_eq!(tree.inclusion_proof(5, 5), None);
        assert_eq!(tree.inclusion_proof(0, 6), None);
        assert_eq!(tree.consistency_proof(0, 5), None);
        assert_eq!(tree.consistency_proof(4, 6), None);
        assert_eq!(tree.consistency_proof(5, 4), None);
        assert_eq!(tree.root_at(6), None);
    }
}
