//! The archive record: a dialogue in one file, for reading and for verifying offline (`docs/formats/record.md`).

pub mod container;
pub mod logs;
pub mod names;
