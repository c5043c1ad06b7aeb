//! The log of a channel: an RFC 6962 tree over its entries, signed checkpoints, and proofs
//! (`docs/formats/log.md`).
//!
//! Nothing here stores or fetches; a [`Tree`] is a value that is cheap to clone.

mod checkpoint;
mod entry_proof;
mod proof;
mod tree;

#[cfg(test)]
pub(crate) use checkpoint::note_key_hash;
pub use checkpoint::{Checkpoint, CheckpointError, origin};
pub use entry_proof::{ENTRY_PROOF_BYTES_MAX, EntryProof, EntryProofError};
pub use proof::{ProofError, verify_consistency, verify_inclusion, verify_wrap};
pub use tree::{Tree, leaf_hash, wrap_leaf};
