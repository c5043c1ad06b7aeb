//! A server with a deployment's real keys that lies about one log: it answers through the real gate and the real
//! services, and falsifies what it hands out of the channel named. Its checkpoints are signed by the real log key
//! over the falsified tree, so nothing but the client's own checks stands against it.
//!
//! Not here: a client. `tests/hostile.rs` drives the real one against this.

pub mod attack;
pub mod forge;
pub mod rng;
pub mod service;
