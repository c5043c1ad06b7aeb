//! Every generation of a person's own key: made on this device, wrapped to it, or reached through the boxes of
//! later ones. Secrets of channels, teams and States are addressed to one of these.

use std::collections::BTreeMap;

use chancery_core::act::{NewUserKey, Statement};
use chancery_core::id::{ActId, Digest, KeyId, UserId};
use chancery_core::state::{PersonRecord, UserKey};
use chancery_seal::SealError;
use chancery_seal::kem::KemKeyPair;
use chancery_seal::previous::unbox_seed;
use chancery_seal::secret::KemSeed;
use chancery_seal::wrap::{Purpose, WrapInfo, unwrap};

use super::Alert;
use crate::entry::Entry;
use crate::identity::Identity;

/// The generations of one person's own key that this device opens.
#[derive(Debug, Default)]
pub struct UserRing {
    keys: BTreeMap<u64, Opened>,
    by_id: BTreeMap<KeyId, u64>,
}

#[derive(Debug)]
struct Opened {
    seed: KemSeed,
    pair: KemKeyPair,
}

/// A seed of the person's key that an act hands to somebody.
struct HandedSeed<'a> {
    act: ActId,
    generation: u64,
    commitment: Digest,
    entry: &'a Entry,
}

impl UserRing {
    /// Opens what is addressed to the device of `identity`, or to the recovery sheet with the key `sheet`, and from
    /// each generation back. `record` is the person's in the directory. A seed whose public half is not the key
    /// in the directory is never held: that is an alert on who handed it on.
    #[must_use]
    pub fn open(
        record: &PersonRecord,
        identity: &Identity,
        sheet: Option<&KemKeyPair>,
        directory: &[Entry],
    ) -> (Self, Vec<Alert>) {
        let (mut ring, mut alerts) = (Self::default(), Vec::new());
        let made_here = record.keys.iter().find(|key| key.kem_id == identity.user_kem.key_id());
        let seed = KemSeed::from_bytes(*identity.seeds().user.as_bytes());
        // What is in the directory is this very key, so that nothing can fail but the machine.
        let _ = made_here.map(|key| ring.hold(key, seed));
        let mut boxes: BTreeMap<u64, (ActId, &Entry)> = BTreeMap::new();
        // Acts are in log order, so the generation that an act hands on is the newest at its place.
        for entry in directory {
            if let Some((generation, id)) = made(entry, record) {
                boxes.insert(generation, (id, entry));
            }
            let Some(handed) = handed(entry, record) else { continue };
            for wrap in &handed.entry.own_wraps {
                let pairs = std::iter::once(&identity.device_kem).chain(sheet);
                let Some(pair) = pairs.into_iter().find(|pair| pair.key_id() == wrap.key_id) else {
                    continue;
                };
                if ring.take(record, &handed, pair, &wrap.wrap).is_err() {
                    alerts.push(Alert::wrap(handed.act));
                }
            }
        }
        ring.step_back(record, &boxes, &mut alerts);
        (ring, alerts)
    }

    /// The seed of one generation.
    #[must_use]
    pub fn seed(&self, generation: u64) -> Option<&KemSeed> {
        self.keys.get(&generation).map(|key| &key.seed)
    }

    /// The key pair of this id.
    #[must_use]
    pub fn pair(&self, id: &KeyId) -> Option<&KemKeyPair> {
        self.by_id.get(id).and_then(|generation| self.keys.get(generation)).map(|key| &key.pair)
    }

    /// How many generations are open.
    #[must_use]
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether none is open.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    fn take(
        &mut self,
        record: &PersonRecord,
        handed: &HandedSeed<'_>,
        pair: &KemKeyPair,
        wrap: &[u8],
    ) -> Result<(), SealError> {
        let key = generation(record, handed.generation).ok_or(SealError::SecretCommitment)?;
        let seed = unwrap(&user_info(record.user, handed.generation), &handed.commitment, pair, wrap)?;
        self.hold(key, KemSeed::from_bytes(*seed))
    }

    fn step_back(
        &mut self,
        record: &PersonRecord,
        boxes: &BTreeMap<u64, (ActId, &Entry)>,
        alerts: &mut Vec<Alert>,
    ) {
        for (newer, (act, entry)) in boxes.iter().rev() {
            let Some(before) = newer.checked_sub(1).filter(|before| !self.keys.contains_key(before)) else {
                continue;
            };
            let (Some(held), Some(sealed)) = (self.keys.get(newer), &entry.previous_box) else { continue };
            let Some(key) = generation(record, before) else { continue };
            let opened = unbox_seed(&user_info(record.user, *newer), held.seed.as_bytes(), sealed);
            if opened.and_then(|seed| self.hold(key, KemSeed::from_bytes(*seed))).is_err() {
                alerts.push(Alert::previous_box(*act));
            }
        }
    }

    fn hold(&mut self, key: &UserKey, seed: KemSeed) -> Result<(), SealError> {
        let pair = KemKeyPair::from_seed(&seed)?;
        if pair.key_id() != key.kem_id {
            return Err(SealError::SecretCommitment);
        }
        self.by_id.insert(key.kem_id, key.generation);
        self.keys.insert(key.generation, Opened { seed, pair });
        Ok(())
    }
}

fn generation(record: &PersonRecord, number: u64) -> Option<&UserKey> {
    record.keys.iter().find(|key| key.generation == number)
}

/// The generation that the entry makes, if it makes one of this person's.
fn made(entry: &Entry, record: &PersonRecord) -> Option<(u64, ActId)> {
    let act = entry.act().ok()?;
    let content = act.content();
    match &content.statement {
        Statement::NewUserKey(NewUserKey { generation, .. }) if content.user() == Some(record.user) => {
            Some((*generation, content.header.act_id))
        }
        _ => None,
    }
}

/// What the entry hands to a device or a sheet of this person, if it does.
fn handed<'a>(entry: &'a Entry, record: &PersonRecord) -> Option<HandedSeed<'a>> {
    if entry.own_wraps.is_empty() {
        return None;
    }
    let act = entry.act().ok()?;
    let content = act.content();
    if content.user() != Some(record.user) {
        return None;
    }
    let newest = || record.keys.iter().rev().find(|key| key.since < entry.index).map(|key| key.generation);
    let (generation, commitment) = match &content.statement {
        Statement::NewUserKey(act) => (act.generation, act.commitment),
        Statement::AddDevice(act) => (newest()?, act.handed.as_ref()?.commitment),
        Statement::SetRecovery(act) => (newest()?, act.handed.commitment),
        _ => return None,
    };
    Some(HandedSeed { act: content.header.act_id, generation, commitment, entry })
}

/// Which seed of a person's own key is meant.
#[must_use]
pub fn user_info(user: UserId, generation: u64) -> WrapInfo {
    WrapInfo { purpose: Purpose::User, scope: user.into(), generation }
}

#[cfg(test)]
mod tests;
