//! What is allowed: the one place that decides.
//!
//! [`decide_directory`] and [`decide`] are pure. The server runs them before it appends, and every client
//! runs the same two on everything it reads, so that a server that appends more than they allow is found
//! out. They make the permits; a permit is the only thing that `apply` takes.
//!
//! Beside them stand [`check_body`], for rules over the content of bodies, which the server cannot see, and
//! [`check_fresh`], which only a server can ask. Not here: the signature of an act
//! ([`crate::act::VerifiedAct`]).

mod author;
mod body;
mod channel;
mod directory;
mod reading;
mod statements;
mod table;

pub use author::author_key;
pub use body::{BodyFault, BodyNote, BodyScene, check_body};
pub use channel::{ChannelPermit, World, decide, is_shared};
pub use directory::{DirectoryPermit, decide_but_second, decide_directory};
pub use reading::{check_fresh, check_upload, reads, reads_all_parties};
pub use table::{MemberRole, Standing, allows, print_table};
