//! Keys, wraps, sealed bodies and files: the only crate of Chancery that can open content. The server
//! does not link it.
//!
//! The public modules are the safe front: they take and give typed keys and ids, bind everything to its
//! place through [`chancery_core::name::context`], choose every nonce themselves and name no algorithm.
//! The algorithms are in the private module `hazmat`. The byte formats are specified in `docs/formats/`:
//! `sealing.md`, `keys.md`, `files.md` and `store.md`.
//!
//! There is no IO here, no clock and no policy: who may read or write is decided in `chancery-core`, and
//! signatures are verified there too.

pub mod body;
mod error;
pub mod file;
mod hazmat;
pub mod invitation;
pub mod kem;
pub mod keystore;
pub mod padding;
pub mod previous;
pub mod random;
pub mod record;
pub mod recovery;
pub mod revision;
pub mod secret;
pub mod shares;
pub mod sign;
pub mod team_box;
pub mod wrap;

#[cfg(test)]
mod vectors;

pub use error::SealError;
