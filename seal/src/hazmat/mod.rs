//! The algorithms of suite 0x01. Nothing here knows what a channel or an act is; nothing outside `hazmat`
//! names an algorithm.

pub(crate) mod argon2id;
pub(crate) mod chunked;
pub(crate) mod ed25519;
pub(crate) mod hkdf;
pub(crate) mod hpke;
pub(crate) mod sha256;
pub(crate) mod shamir;
pub(crate) mod xchacha;

#[cfg(test)]
mod peer_tests;
#[cfg(test)]
mod wycheproof;
