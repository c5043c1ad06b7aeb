//! All that a person can do, one verb in each module. The command line only presents what they return.

pub mod ask;
pub mod cards;
pub mod channels;
pub mod complain;
pub mod find;
pub mod members;
pub mod open_review;
pub mod post;
pub mod reply;
pub mod root_certify;
pub mod root_init;
pub mod seen;
pub mod thread;
pub mod upkeep;
pub mod verify;
pub mod watch;
