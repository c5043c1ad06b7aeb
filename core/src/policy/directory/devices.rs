//! A person's devices, key and recovery sheet.

use super::{Scene, Speaker, kem_is_taken};
use crate::act::{AddDevice, NewUserKey, RevokeDevice, Role, SetRecovery, verify_bytes};
use crate::error::Reason;
use crate::id::{DeviceId, KeyId};
use crate::limits::DEVICES_MAX;
use crate::name::{KeyAlgorithm, Namespace, key_id};
use crate::state::Directory;

pub(super) fn add(scene: &Scene<'_>, act: &AddDevice) -> Result<(), Reason> {
    let keys = &act.keys;
    let root = &scene.directory.root;
    verify_bytes(Namespace::DevicePossession, &keys.sign, root, &act.keys_bytes, &act.possession)
        .map_err(|_| Reason::BadPossession)?;
    let kem_id = key_id(KeyAlgorithm::XWing, &keys.kem);
    if is_taken(scene.directory, &keys.device, &keys.sign, &keys.tls_key, &kem_id) {
        return Err(Reason::AlreadyThere);
    }
    let (person, handed) = match scene.speaker {
        Speaker::Root => return Err(Reason::NotEntitled),
        Speaker::Person(person) => (person, Some(vec![kem_id])),
        // Who has the sheet opens the person's key with it, and makes the next one from the new device.
        Speaker::Recovering(person) => (person, None),
    };
    if keys.user != person.user {
        return Err(Reason::NotEntitled);
    }
    if person.devices().count() >= DEVICES_MAX {
        return Err(Reason::TooManyKeys);
    }
    let found = act.handed.as_ref().map(|handed| &handed.recipients.key_ids);
    if found == handed.as_ref() { Ok(()) } else { Err(Reason::WrongRecipients) }
}

pub(super) fn revoke(scene: &Scene<'_>, act: &RevokeDevice) -> Result<(), Reason> {
    let person = scene.now.person(&act.user).ok_or(Reason::NoSuchSubject)?;
    person.device(&act.device).ok_or(Reason::NoSuchSubject)?;
    match scene.speaker {
        Speaker::Recovering(_) => Err(Reason::NotEntitled),
        Speaker::Root => match person.role {
            Role::Officer | Role::FocalPoint => Ok(()),
            Role::Expert | Role::Observer => Err(Reason::FocalPointRequired),
        },
        Speaker::Person(author) if author.user == person.user => {
            if person.devices().count() > 1 {
                Ok(())
            } else {
                Err(Reason::LastDevice)
            }
        }
        Speaker::Person(author) => {
            let of_own_state = author.state.is_some() && author.state == person.state;
            match author.role {
                Role::FocalPoint if of_own_state => Ok(()),
                Role::FocalPoint | Role::Officer => Err(Reason::NotEntitled),
                Role::Expert | Role::Observer => Err(Reason::FocalPointRequired),
            }
        }
    }
}

pub(super) fn new_user_key(scene: &Scene<'_>, act: &NewUserKey) -> Result<(), Reason> {
    let person = scene.person()?;
    let next = person.newest_key().map_or(0, |key| key.generation + 1);
    if act.generation != next {
        return Err(Reason::WrongGeneration);
    }
    if kem_is_taken(scene.directory, &key_id(KeyAlgorithm::XWing, &act.kem)) {
        return Err(Reason::AlreadyThere);
    }
    let exact = act.recipients.key_ids == person.own_recipients() && act.previous_box.is_some();
    if exact { Ok(()) } else { Err(Reason::WrongRecipients) }
}

pub(super) fn set_recovery(scene: &Scene<'_>, act: &SetRecovery) -> Result<(), Reason> {
    scene.person()?;
    let kem_id = key_id(KeyAlgorithm::XWing, &act.kem);
    if kem_is_taken(scene.directory, &kem_id) || scene.directory.signers.contains(&act.sign) {
        return Err(Reason::AlreadyThere);
    }
    if act.handed.recipients.key_ids == [kem_id] { Ok(()) } else { Err(Reason::WrongRecipients) }
}

/// Ids and keys are never used twice, not even after their holder has left, and not for two purposes.
pub(super) fn is_taken(
    directory: &Directory,
    device: &DeviceId,
    sign: &[u8; 32],
    tls_key: &KeyId,
    kem_id: &KeyId,
) -> bool {
    let machine = directory.foundation.as_ref().is_some_and(|foundation| {
        [foundation.server_tls_key, foundation.custodian_tls_key].contains(tls_key)
    });
    machine
        || directory.devices.contains_key(device)
        || directory.tls_keys.contains_key(tls_key)
        || directory.signers.contains(sign)
        || kem_is_taken(directory, kem_id)
}
