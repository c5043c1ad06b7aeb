//! Logs as verified: how a copy grows by what a server hands out, and everything for which it does not.
//!
//! Pure: entries and the checkpoint that covers them go in, and either the copy has grown by exactly these
//! entries or nothing has changed and the [`VerifyError`] names the first entry that is wrong. The copy's own
//! tree is rebuilt from the entries; it has the checkpoint's root only if every entry is included and the log
//! continues the one verified before, so no proof has to be asked for. An act is judged by the same `decide`
//! that the server runs, at exactly the states that its basis names.
//!
//! Not here: whether sealed content opens ([`crate::keyring`]), where entries come from, and whether a server
//! withholds what it has.

mod checkpoints;
mod copy;
mod error;
mod gossip;
mod grow;
mod parallel;
mod publication;

pub use checkpoints::{CHECKPOINTS_BYTES_MAX, Checkpoints, NotCheckpoints};
pub use copy::{ChannelCopy, DirectoryCopy};
pub use error::{At, Fault, VerifyError};
pub(crate) use gossip::device_of;
pub use gossip::{Confirmation, Forked, OwnView, Tally, Word};
pub use grow::{Growth, basis_needed, extend_channel, extend_channel_headers, extend_directory};
pub(crate) use parallel::each_in_parallel;
pub use parallel::in_parallel;
pub use publication::{PublicationCopy, compare_publication, extend_publication};
