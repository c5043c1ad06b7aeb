//! The Chancery client: what a person's device does.
//!
//! Pure, but for the random bytes of keys and ids: a person's keys ([`identity`]), acts made, sealed and
//! signed ([`compose`]), channels opened with the keys one holds ([`keyring`]), and entries as they travel
//! ([`entry`]). A home on the disk keeps keys and records ([`home`]); the link is the road to the server
//! ([`link`]). What comes over it is verified ([`verify`]) and kept by a session ([`sync`]), which sends through
//! an outbox ([`outbox`]); all that a person can do with it is a verb ([`verbs`]). Files go and come sealed, in
//! parts ([`files`]). One renderer shows sections everywhere ([`render`]). What leaves the system proves itself
//! offline: the record of a dialogue ([`archive`]) and the bundle of a public item ([`bundle`]). What the two
//! custodians of a root hand each other is in [`second`]. The demo ([`demo`]) plays a
//! whole review with these programs.

pub mod archive;
pub mod bundle;
pub mod cli;
pub mod clock;
pub mod compose;
pub mod demo;
pub mod entry;
pub mod files;
pub mod fingerprint;
pub mod home;
pub mod identity;
pub mod invitation;
pub mod keyring;
pub mod link;
pub mod outbox;
pub mod render;
pub mod second;
pub mod sheet;
pub mod sync;
pub mod verbs;
pub mod verify;
pub mod words;
