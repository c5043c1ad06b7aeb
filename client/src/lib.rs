//! The Chancery client: what a person's device does.
//!
//! So far: a person's keys ([`identity`]), acts made, sealed and signed ([`compose`]), and channels opened
//! with the keys one holds ([`keyring`]). All of it is pure but for the random bytes of keys and ids. What
//! talks to a server, keeps a local store and presents verbs stands on these and is not there yet.

pub mod compose;
pub mod identity;
pub mod keyring;
