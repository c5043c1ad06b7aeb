//! The archive record: a dialogue in one file, for reading and for verifying offline (`docs/formats/record.md`).
//!
//! [`write`] makes it from logs as verified, [`verify`] checks it with nothing but the fingerprint of the root.
//! Both make its pages by the same functions of the same acts. Where files come from is not known here.

pub mod container;
pub mod dialogue;
pub mod json;
pub mod logs;
pub mod manifest;
pub mod names;
pub mod verify;
pub mod write;

#[cfg(test)]
mod tests;
