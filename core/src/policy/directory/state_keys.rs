//! The key of a State: certified by the root, replaced with its own word, handed to focal points, split among
//! the State's people.

use super::Scene;
use crate::act::{CertifyStateKey, DepositShares, GiveShare, KeySuccession, ReplaceStateKey, ShareStateKey};
use crate::error::Reason;
use crate::id::{KeyId, StateCode};
use crate::limits::SHARES_MAX;
use crate::policy::statements;
use crate::state::{Directory, Person, StateKey};

pub(super) fn certify(scene: &Scene<'_>, act: &CertifyStateKey) -> Result<(), Reason> {
    scene.now.state(&act.state).ok_or(Reason::NoSuchSubject)?;
    // The root certifies the first. What comes after has the State's own word, or the delay of a replacement.
    if scene.now.state_key(&act.state).is_some() || is_taken(scene.directory, &act.key) {
        return Err(Reason::AlreadyThere);
    }
    // It is the key of those who are the State's focal points at this place.
    if scene.now.state_key_recipients(act.state).is_empty() {
        return Err(Reason::NoSuchSubject);
    }
    if act.generation == 0 { Ok(()) } else { Err(Reason::WrongGeneration) }
}

pub(super) fn replace(scene: &Scene<'_>, act: &ReplaceStateKey) -> Result<(), Reason> {
    let (_, current) = own_key(scene, act.state)?;
    if act.generation != current.generation + 1 {
        return Err(Reason::WrongGeneration);
    }
    if is_taken(scene.directory, &act.key) {
        return Err(Reason::AlreadyThere);
    }
    let expected = KeySuccession { state: act.state, key: act.key, generation: act.generation };
    statements::succession(&act.succession, expected, &scene.now)?;
    let recipients = scene.now.state_key_recipients(act.state);
    let exact = !recipients.is_empty() && act.handed.recipients.key_ids == recipients;
    if exact { Ok(()) } else { Err(Reason::WrongRecipients) }
}

pub(super) fn share(scene: &Scene<'_>, act: &ShareStateKey) -> Result<(), Reason> {
    current_key(scene, act.state, act.generation)?;
    let entitled = scene.now.state_key_recipients(act.state);
    match act.handed.recipients.key_ids.as_slice() {
        [one] if entitled.contains(one) => Ok(()),
        _ => Err(Reason::WrongRecipients),
    }
}

pub(super) fn deposit_shares(scene: &Scene<'_>, act: &DepositShares) -> Result<(), Reason> {
    current_key(scene, act.state, act.generation)?;
    let holders = &act.recipients.key_ids;
    if holders.len() > SHARES_MAX {
        return Err(Reason::TooManyKeys);
    }
    let own = |key: &KeyId| scene.now.by_kem(key).is_some_and(|person| person.state == Some(act.state));
    let possible = act.threshold >= 2 && usize::try_from(act.threshold).is_ok_and(|m| m <= holders.len());
    if possible && holders.iter().all(own) { Ok(()) } else { Err(Reason::WrongRecipients) }
}

pub(super) fn give_share(scene: &Scene<'_>, act: &GiveShare) -> Result<(), Reason> {
    let author = scene.person()?;
    let state = author.state.ok_or(Reason::NotEntitled)?;
    let record = scene.now.state(&state).ok_or(Reason::NotEntitled)?;
    let newest = scene.now.state_key(&state).map(|key| key.generation);
    let deposit = record.deposits.iter().find(|deposit| deposit.act == act.deposit);
    let deposit =
        deposit.filter(|deposit| Some(deposit.generation) == newest).ok_or(Reason::NoSuchSubject)?;
    let position = usize::try_from(act.position).ok();
    let holder = position.and_then(|position| deposit.holders.get(position)).ok_or(Reason::NoSuchSubject)?;
    // The share may have been handed to an older key of the holder.
    if scene.directory.owner_of(holder) != Some(&author.user) {
        return Err(Reason::NotEntitled);
    }
    let to = scene.now.person(&act.to).filter(|person| person.state == Some(state));
    let key = to.ok_or(Reason::NoSuchSubject)?.kem_id().ok_or(Reason::NoCurrentKey)?;
    if act.recipients.key_ids == [key] { Ok(()) } else { Err(Reason::WrongRecipients) }
}

/// The author, of this State, and its newest key.
fn own_key<'a>(scene: &Scene<'a>, state: StateCode) -> Result<(Person<'a>, &'a StateKey), Reason> {
    let author = scene.person()?;
    if author.state != Some(state) {
        return Err(Reason::NotEntitled);
    }
    Ok((author, scene.now.state_key(&state).ok_or(Reason::NoSuchSubject)?))
}

/// Nothing more is done with a key that owes a successor.
fn current_key(scene: &Scene<'_>, state: StateCode, generation: u64) -> Result<(), Reason> {
    let (_, current) = own_key(scene, state)?;
    if generation != current.generation {
        return Err(Reason::WrongGeneration);
    }
    if scene.now.state_key_is_current(&state) { Ok(()) } else { Err(Reason::StaleStateKey) }
}

/// Whether the key is, or was, a State's, a device's or a recovery sheet's.
pub(super) fn is_taken(directory: &Directory, key: &[u8; 32]) -> bool {
    directory.signers.contains(key)
        || directory.states.values().flat_map(|state| &state.keys).any(|known| known.key == *key)
}
