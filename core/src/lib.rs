//! What Chancery's server and clients must agree on: ids, limits, the mechanism as data, acts, policy,
//! state and the log. Everything here is a pure function of its arguments.
//!
//! There is no IO here, no clock, no randomness and no decryption: times and random bytes are
//! arguments, and the keys that open content live in `chancery-seal`, which the server does not link.

pub mod act;
pub mod error;
pub mod file;
pub mod id;
pub mod limits;
pub mod log;
pub mod mechanism;
pub mod name;
pub mod policy;
pub mod safety_number;
pub mod state;
mod state_name;

#[cfg(test)]
mod vectors;
