//! Everything that is kept in the database. No other module contains SQL.

pub mod audit;
pub mod cosignatures;
pub mod db;
pub mod files;
pub mod invitations;
pub mod log;
pub mod publications;
#[cfg(test)]
pub(crate) mod testing;
