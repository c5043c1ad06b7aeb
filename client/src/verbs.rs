//! All that a person can do, one verb in each module. The command line only presents what they return.

pub mod admit;
pub mod ask;
pub mod cards;
pub mod channels;
pub mod complain;
pub mod deployment;
pub mod find;
pub mod fingerprint;
pub mod invite;
pub mod join;
pub mod members;
pub mod open_review;
pub mod people;
pub mod post;
pub mod remove_person;
pub mod reply;
pub mod root_admit_state;
pub mod root_certify;
pub mod root_init;
pub mod seen;
pub mod teams;
pub mod thread;
pub mod upkeep;
pub mod verify;
pub mod watch;
