//! The Chancery client: what a person's device does.
//!
//! Pure, but for the random bytes of keys and ids: a person's keys ([`identity`]), acts made, sealed and
//! signed ([`compose`]), channels opened with the keys one holds ([`keyring`]), and entries as they travel
//! ([`entry`]). A home on the disk keeps keys and records ([`home`]); the link is the road to the server
//! ([`link`]).

pub mod archive;
pub mod bundle;
pub mod cli;
pub mod clock;
pub mod compose;
pub mod entry;
pub mod home;
pub mod identity;
pub mod invitation;
pub mod keyring;
pub mod link;
pub mod render;
pub mod verify;
