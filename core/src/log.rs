//! The log of a channel: an RFC 6962 tree over its entries, signed checkpoints, and proofs
//! (`docs/formats/log.md`).
//!
//! Nothing here stores or fetches; a [`Tree`] is a value that is cheap to clone.

mod checkpoint;
mod cosignature;
mod entry_proof;
mod fork;
mod proof;
mod tree;

pub use checkpoint::{Checkpoint, CheckpointError, SignedCheckpoint, origin, parse_origin};
#[cfg(test)]
pub(crate) use checkpoint::{NoteKey, note_key_hash};
pub use cosignature::{Cosignature, CosignatureError, CosignedCheckpoint, cosignature_message, cosigner};
pub use entry_proof::{ENTRY_PROOF_BYTES_MAX, EntryProof, EntryProofError};
pub use fork::{FORK_PROOF_BYTES_MAX, ForkError, ForkProof, ProvenFork};
pub use proof::{ProofError, verify_consistency, verify_inclusion, verify_wrap};
pub use tree::{Tree, leaf_hash, wrap_leaf};
