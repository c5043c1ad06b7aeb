//! The replacement of a State's focal points and key without the key's word: announced, and completed at the
//! earliest 72 hours later. Meanwhile everyone sees it, and the State can object.

use super::{Scene, people, state_keys};
use crate::act::{AnnounceReplacement, CompleteReplacement, ObjectToReplacement, Objection};
use crate::error::Reason;
use crate::limits::REPLACEMENT_DELAY_MS;
use crate::policy::statements;

pub(super) fn announce(scene: &Scene<'_>, act: &AnnounceReplacement) -> Result<(), Reason> {
    // A State that never had a key gets its first without delay.
    scene.now.state_key(&act.state).ok_or(Reason::NoSuchSubject)?;
    people::possessed(scene, &act.keys, &act.keys_bytes, &act.possession)?;
    let known = scene.directory.persons.contains_key(&act.keys.user);
    let taken = known || people::keys_are_taken(scene.directory, &act.keys);
    if taken || state_keys::is_taken(scene.directory, &act.key) {
        return Err(Reason::AlreadyThere);
    }
    Ok(())
}

pub(super) fn object(scene: &Scene<'_>, act: &ObjectToReplacement) -> Result<(), Reason> {
    let state = scene.person()?.state.ok_or(Reason::NotEntitled)?;
    let pending = scene.now.replacement(&state).filter(|pending| pending.act == act.announcement);
    let pending = pending.ok_or(Reason::NoSuchSubject)?;
    if pending.objected.is_some() {
        return Err(Reason::AlreadyThere);
    }
    statements::objection(&act.objection, Objection { state, announcement: act.announcement }, &scene.now)
}

pub(super) fn complete(scene: &Scene<'_>, act: &CompleteReplacement) -> Result<(), Reason> {
    let pending = scene.now.replacement(&act.state).filter(|pending| pending.act == act.announcement);
    let pending = pending.filter(|pending| pending.key == act.key).ok_or(Reason::NoSuchSubject)?;
    if scene.log_time_ms < pending.announced_ms.saturating_add(REPLACEMENT_DELAY_MS) {
        return Err(Reason::TooSoon);
    }
    if pending.objected.is_some() {
        scene.signed_twice()?;
    }
    let next = scene.now.state_key(&act.state).map_or(0, |key| key.generation + 1);
    if act.generation != next {
        return Err(Reason::WrongGeneration);
    }
    // Somebody may have come in with these keys since.
    let known = scene.directory.persons.contains_key(&pending.keys.user);
    let taken = known || people::keys_are_taken(scene.directory, &pending.keys);
    if taken || state_keys::is_taken(scene.directory, &act.key) {
        return Err(Reason::AlreadyThere);
    }
    Ok(())
}
