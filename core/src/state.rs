//! The state of a log: what its acts, in order, have made true.
//!
//! A state is a value. `apply` is in [`crate::policy`], because only a permit may change a state; here is
//! what a state holds and what can be asked of it. Every record knows the index since which it holds, so
//! that the state at any earlier size, a basis, can be asked of the newest one.

mod channel;
mod directory;
mod person;
mod states;

pub use channel::{Channel, Epoch, Place, PostRecord, Roster, Section};
pub use directory::{Directory, DirectoryAt, TeamGeneration};
pub use person::{Device, Person, PersonRecord, Recovery, Seat, UserKey};
pub use states::{Deposit, Replacement, StateKey, StateRecord};
