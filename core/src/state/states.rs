//! States of the roster: their standing and their keys.

use serde::{Deserialize, Serialize};

use super::person::since_until;
use crate::act::{AdmitState, PersonKeys, RegionalGroup, Standing};
use crate::id::{ActId, Digest, InstrumentCode, KeyId};

/// A State of the roster, with all that was ever true of it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct StateRecord {
    /// Index of the act that admitted it.
    pub since: u64,
    /// Its regional group.
    pub group: RegionalGroup,
    /// Its standing by instrument, oldest first, each with the index of the act that gave it.
    pub standings: Vec<(u64, Vec<(InstrumentCode, Standing)>)>,
    /// Its keys, oldest generation first.
    pub keys: Vec<StateKey>,
    /// Announced replacements of its focal points and key, oldest first.
    pub replacements: Vec<Replacement>,
    /// Shares of its keys, oldest first.
    pub deposits: Vec<Deposit>,
}

/// One generation of a State's key.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct StateKey {
    /// Index of the act that made it the State's.
    pub since: u64,
    /// Number, from 0.
    pub generation: u64,
    /// Ed25519 key.
    pub key: [u8; 32],
    /// The keys of those who hold it, each with the index of the act that handed it to them.
    pub holders: Vec<(u64, KeyId)>,
}

/// An announced replacement of a State's focal points and key.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct Replacement {
    /// Index of the announcement.
    pub since: u64,
    /// The announcement.
    pub act: ActId,
    /// Its log time, in milliseconds.
    pub announced_ms: u64,
    /// The next focal point's keys.
    pub keys: PersonKeys,
    /// SHA-256 of their encoding.
    pub keys_digest: Digest,
    /// The next State key.
    pub key: [u8; 32],
    /// Index of the State's objection, to this one or to the one that was announced before it.
    pub objected: Option<u64>,
    /// Index of the act that completed it, or announced another in its place.
    pub closed: Option<u64>,
}

/// A State's key in shares.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct Deposit {
    /// Index of the act.
    pub since: u64,
    /// The act.
    pub act: ActId,
    /// Of which generation of the key.
    pub generation: u64,
    /// How many shares put it together again.
    pub threshold: u32,
    /// The holders' keys, in the order of the shares.
    pub holders: Vec<KeyId>,
}

impl StateRecord {
    pub(crate) fn admitted(since: u64, act: &AdmitState) -> Self {
        Self {
            since,
            group: act.group,
            standings: vec![(since, act.standings.clone())],
            keys: Vec::new(),
            replacements: Vec::new(),
            deposits: Vec::new(),
        }
    }

    /// Its standing when the directory had `size` entries.
    #[must_use]
    pub fn standings_at(&self, size: u64) -> &[(InstrumentCode, Standing)] {
        let then = self.standings.iter().rev().find(|(since, _)| *since < size);
        then.map_or(&[], |(_, standings)| standings)
    }

    /// Its key when the directory had `size` entries.
    #[must_use]
    pub fn key_at(&self, size: u64) -> Option<&StateKey> {
        self.keys.iter().rev().find(|key| key.since < size)
    }

    /// The replacement that was announced and not done when the directory had `size` entries.
    #[must_use]
    pub fn replacement_at(&self, size: u64) -> Option<&Replacement> {
        self.replacements.iter().rev().find(|one| since_until(one.since, one.closed, size))
    }
}
