//! The Chancery server: it orders and keeps signed acts, enforces the rules, and can read nothing.
//!
//! From the wire inwards: [`gate`] turns a TLS peer into a key id, [`api`] decodes, [`app`] decides with the
//! policy and writes, [`store`] holds every statement of SQL.
//! Beside them stand [`blobs`] (the bytes of files), [`feed`] (wake-ups of watchers), [`public`] (read-only
//! pages for everyone), [`observe`] (logs) and [`config`]. Nothing here can open a body: the crate that can
//! is not linked.

pub mod api;
pub mod app;
pub mod blobs;
pub mod clock;
pub mod config;
pub mod feed;
pub mod gate;
pub mod observe;
pub mod public;
pub mod random;
pub mod store;
#[cfg(test)]
pub(crate) mod testing;
