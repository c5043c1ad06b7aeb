//! The keys of a State that a home holds: the one made in it at the enrolment, and those that were handed to its
//! person since.

use std::collections::BTreeMap;

use chancery_core::act::{Handed, Statement};
use chancery_core::id::{ActId, KeyId, StateCode};
use chancery_core::name::state_key_scope;
use chancery_core::state::StateKey;
use chancery_seal::SealError;
use chancery_seal::kem::KemKeyPair;
use chancery_seal::secret::SigningSeed;
use chancery_seal::sign::SigningKey;
use chancery_seal::wrap::{Purpose, Scope, WrapInfo, unwrap};

use super::Alert;
use crate::entry::Entry;

/// The keys of one State that a person's home holds, by generation.
#[derive(Debug, Default)]
pub struct StateKeyRing {
    keys: BTreeMap<u64, SigningKey>,
    /// Generations that are in the directory for this person, so that each of their devices opens them.
    handed: Vec<u64>,
}

impl StateKeyRing {
    /// Opens every generation among `certified`, the State's keys as the directory has them, that is addressed
    /// to one of the keys that `own` finds, and takes up the one that was made in this home. A seed whose public
    /// half is not the key that was certified is never held: that is an alert on who handed it on.
    #[must_use]
    pub fn open<'a>(
        root: &KeyId,
        (state, certified): (StateCode, &[StateKey]),
        directory: &[Entry],
        made_here: Option<&SigningKey>,
        own: impl Fn(&KeyId) -> Option<&'a KemKeyPair>,
    ) -> (Self, Vec<Alert>) {
        let (mut ring, mut alerts) = (Self::default(), Vec::new());
        for entry in directory.iter().filter(|entry| !entry.own_wraps.is_empty()) {
            let Some((act, generation, handed)) = handed(entry, state) else { continue };
            let Some(key) = certified.iter().find(|key| key.generation == generation) else { continue };
            let info = state_key_info(root, state, generation);
            for wrap in &entry.own_wraps {
                let Some(pair) = own(&wrap.key_id) else { continue };
                let opened = unwrap(&info, &handed.commitment, pair, &wrap.wrap);
                let held = opened.and_then(|seed| ring.hold(key, SigningSeed::from_bytes(*seed)));
                match held {
                    Ok(()) => ring.handed.push(generation),
                    Err(_) => alerts.push(Alert::wrap(act)),
                }
            }
        }
        if let Some(made) = made_here {
            let same = certified.iter().find(|key| key.key == made.public());
            let seed = SigningSeed::from_bytes(*made.seed().as_bytes());
            // What was certified is this very key, so that nothing can fail but the machine.
            let _ = same.map(|key| ring.hold(key, seed));
        }
        (ring, alerts)
    }

    /// One generation.
    #[must_use]
    pub fn get(&self, generation: u64) -> Option<&SigningKey> {
        self.keys.get(&generation)
    }

    /// Whether the directory hands this generation to the person, and not this one home alone holds it.
    #[must_use]
    pub fn is_handed(&self, generation: u64) -> bool {
        self.handed.contains(&generation)
    }

    fn hold(&mut self, certified: &StateKey, seed: SigningSeed) -> Result<(), SealError> {
        let key = SigningKey::from_seed(seed)?;
        if key.public() != certified.key {
            return Err(SealError::SecretCommitment);
        }
        self.keys.insert(certified.generation, key);
        Ok(())
    }
}

/// Which generation of this State's key the entry hands on, if it does.
fn handed(entry: &Entry, own: StateCode) -> Option<(ActId, u64, Handed)> {
    let act = entry.act().ok()?;
    let content = act.content();
    let (state, generation, handed) = match &content.statement {
        Statement::ReplaceStateKey(act) => (act.state, act.generation, &act.handed),
        Statement::ShareStateKey(act) => (act.state, act.generation, &act.handed),
        _ => return None,
    };
    (state == own).then(|| (content.header.act_id, generation, handed.clone()))
}

/// Which seed of a State's key is meant.
#[must_use]
pub fn state_key_info(root: &KeyId, state: StateCode, generation: u64) -> WrapInfo {
    WrapInfo { purpose: Purpose::StateKey, scope: Scope::new(state_key_scope(root, state)), generation }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use chancery_core::act::{
        Author, KeySuccession, ReplaceStateKey, ShareStateKey, StateStatement, TreeHead,
    };
    use chancery_core::id::{ChannelId, DeviceId, Digest, UserId};
    use chancery_seal::secret::KemSeed;
    use chancery_seal::wrap::commit;

    use super::*;
    use crate::compose::{RecipientKey, Signer, Standpoint, wrap_to};
    use crate::entry::OwnWrap;

    const ROOT: KeyId = KeyId::new([1; 32]);

    fn chile() -> StateCode {
        "CL".parse().unwrap()
    }

    fn pair() -> KemKeyPair {
        KemKeyPair::from_seed(&KemSeed::make().unwrap()).unwrap()
    }

    /// An entry that hands `seed` on as `generation` of the State's key, to `to` alone.
    fn entry(state: StateCode, generation: u64, replaces: bool, seed: [u8; 32], to: &KemKeyPair) -> Entry {
        let info = state_key_info(&ROOT, state, generation);
        let recipient = RecipientKey { id: to.key_id(), public: Bytes::copy_from_slice(to.public()) };
        let (recipients, wraps) = wrap_to(&info, &seed, vec![recipient]).unwrap();
        let handed = Handed { commitment: commit(&info, &seed), recipients };
        let (key, signer) = ([7; 32], SigningKey::make().unwrap());
        let signer = Signer { key: &signer, root: &ROOT };
        let statement = if replaces {
            let succession = StateStatement::KeySuccession(KeySuccession { state, key, generation });
            let succession = signer.statement(&succession).unwrap();
            Statement::ReplaceStateKey(ReplaceStateKey { state, key, generation, succession, handed })
        } else {
            Statement::ShareStateKey(ShareStateKey { state, generation, handed })
        };
        let standpoint = Standpoint {
            channel: ChannelId::new([2; 16]),
            author: Author::Person { user: UserId::new([3; 16]), device: DeviceId::new([4; 16]) },
            clock_ms: 1,
            seen: TreeHead { size: 0, root: Digest::of(b"") },
            epoch: 0,
            basis: None,
        };
        let act = signer.act(&standpoint, ActId::new([5; 16]), statement).unwrap();
        let wrap = OwnWrap { key_id: to.key_id(), wrap: wraps[0].clone(), position: 0, path: Vec::new() };
        Entry {
            index: 0,
            signed: act.bytes().clone(),
            log_time_ms: 1,
            body: None,
            own_wraps: vec![wrap],
            previous_box: None,
        }
    }

    #[test]
    fn what_is_certified_and_addressed_to_oneself_is_held() {
        let keys: Vec<SigningKey> = (0..3).map(|_| SigningKey::make().unwrap()).collect();
        let certified: Vec<StateKey> = keys
            .iter()
            .zip(0..)
            .map(|(key, generation)| StateKey {
                since: generation,
                generation,
                key: key.public(),
                holders: Vec::new(),
            })
            .collect();
        let seed = |n: usize| *keys[n].seed().as_bytes();
        let (own, before, other) = (pair(), pair(), pair());
        let find = |id: &KeyId| [&own, &before].into_iter().find(|pair| pair.key_id() == *id);
        let check = |entry: Entry, held: Option<u64>, alerts: usize, what: &str| {
            let (ring, alarms) = StateKeyRing::open(&ROOT, (chile(), &certified), &[entry], None, find);
            for generation in 0..4 {
                assert_eq!(ring.get(generation).is_some(), held == Some(generation), "{what}");
                assert_eq!(ring.is_handed(generation), held == Some(generation), "{what}");
            }
            assert_eq!(alarms.len(), alerts, "{what}");
        };
        check(entry(chile(), 1, true, seed(1), &own), Some(1), 0, "replaced");
        check(entry(chile(), 2, false, seed(2), &before), Some(2), 0, "shared, to an older key of one's own");
        check(entry(chile(), 1, false, seed(1), &other), None, 0, "to another");
        check(entry("PE".parse().unwrap(), 1, false, seed(1), &own), None, 0, "another State's");
        check(entry(chile(), 1, false, seed(2), &own), None, 1, "another generation's seed");
        check(entry(chile(), 1, true, [9; 32], &own), None, 1, "a seed of nothing");
        check(entry(chile(), 3, true, seed(2), &own), None, 0, "a generation that was not certified");
        let mut altered = entry(chile(), 1, true, seed(1), &own);
        altered.own_wraps[0].wrap = Bytes::from(vec![0; 1_168]);
        check(altered, None, 1, "a wrap that does not open");

        let open =
            |made: &SigningKey| StateKeyRing::open(&ROOT, (chile(), &certified), &[], Some(made), find);
        let (ring, _) = open(&keys[0]);
        assert!(ring.get(0).is_some() && !ring.is_handed(0), "made here, and nowhere else");
        let (ring, _) = open(&SigningKey::make().unwrap());
        assert!((0..3).all(|generation| ring.get(generation).is_none()), "made here, and never certified");
    }
}
