//! Everything that is kept in the database. No other module contains SQL.

pub mod db;
pub mod log;
