//! One's own devices, and shutting out one that is lost. What one calls them stays in this home.

use chancery_core::act::{RevokeDevice, Statement};
use chancery_core::error::Reason;
use chancery_core::id::{DeviceId, UserId};

use super::root_state::{Stated, Way, state as state_as_root};
use super::user_key;
use crate::home::Family;
use crate::sync::{Session, SessionError};

/// A device of a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The device.
    pub device: DeviceId,
    /// What one calls it here.
    pub name: Option<String>,
    /// When it was added, milliseconds of UTC.
    pub since_ms: u64,
    /// When it was shut out, milliseconds of UTC.
    pub until_ms: Option<u64>,
    /// Whether it is this one.
    pub this: bool,
}

/// A device was shut out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Revoked {
    /// Whose it was.
    pub user: UserId,
    /// The device.
    pub device: DeviceId,
    /// What becomes of the person's own key, which the device knew.
    pub next_key: NextKey,
}

/// The key of a person after one that a device knew which was shut out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NextKey {
    /// It was made at once, by the person.
    Made,
    /// One of the person's other devices makes it.
    Awaited,
    /// The person has no other device: it comes with a device by the recovery sheet, or with new keys.
    NoDevice,
}

/// The devices that a person has, or had, oldest first: one's own, or another's.
///
/// # Errors
/// [`SessionError`]; [`Reason::NoSuchSubject`].
pub async fn devices(session: &mut Session, of: Option<UserId>) -> Result<Vec<Listed>, SessionError> {
    session.sync_directory().await?;
    let own = session.home.person().ok().map(|person| (person.identity.user, person.identity.device));
    let user = of.or(own.map(|(user, _)| user)).ok_or(Reason::NoSuchSubject)?;
    let directory = session.directory();
    let record = directory.state.record(&user).ok_or(Reason::NoSuchSubject)?;
    let time = |index: u64| {
        let entry = usize::try_from(index).ok().and_then(|at| directory.entries.get(at));
        entry.map_or(0, |entry| entry.log_time_ms)
    };
    let listed = record.devices.iter().map(|device| {
        let name = session.home.get(Family::Device, device.id.as_bytes())?;
        Ok(Listed {
            device: device.id,
            name: name.map(|name| String::from_utf8_lossy(&name).into_owned()),
            since_ms: time(device.since),
            until_ms: device.until.map(time),
            this: own.is_some_and(|(_, own)| own == device.id),
        })
    });
    listed.collect()
}

/// The device in force of a person whose id begins with these digits, or that is called so here.
///
/// # Errors
/// [`SessionError::NotFound`], [`SessionError::Ambiguous`]; [`SessionError::ShutOut`] if only one that is shut out
/// is meant.
pub async fn find(session: &mut Session, of: Option<UserId>, name: &str) -> Result<DeviceId, SessionError> {
    let digits = name.to_ascii_lowercase();
    let all = devices(session, of).await?;
    let is_meant = |one: &&Listed| {
        let by_id = digits.len() >= 4 && one.device.to_string().starts_with(&digits);
        by_id || one.name.as_deref() == Some(name)
    };
    let (found, gone): (Vec<&Listed>, Vec<&Listed>) =
        all.iter().filter(is_meant).partition(|one| one.until_ms.is_none());
    match (found.as_slice(), gone.as_slice()) {
        ([one], _) => Ok(one.device),
        ([], [gone, ..]) => Err(SessionError::ShutOut(gone.device)),
        ([], []) => Err(SessionError::NotFound { what: "device", name: name.to_owned() }),
        _ => Err(SessionError::Ambiguous { what: "device", name: name.to_owned() }),
    }
}

/// Calls a device of one's own by a name, in this home alone.
///
/// # Errors
/// [`SessionError::Home`].
pub fn call(session: &Session, device: DeviceId, name: &str) -> Result<(), SessionError> {
    if name.is_empty() {
        return Ok(session.home.remove(Family::Device, device.as_bytes())?);
    }
    Ok(session.home.put(Family::Device, device.as_bytes(), name.as_bytes())?)
}

/// Shuts out a device. One's own, by another of one's own: with the person's next key in the same append, so that
/// nothing written later opens to whoever has it. Another's, by the State's focal point: the
/// person's next device that comes online makes the key.
///
/// # Errors
/// [`SessionError::Refused`] by the policy.
pub async fn revoke(
    session: &mut Session,
    of: Option<UserId>,
    device: DeviceId,
) -> Result<Revoked, SessionError> {
    session.sync_directory().await?;
    let own = session.home.person().ok().map(|person| person.identity.user);
    let user = of.or(own).ok_or(Reason::NoSuchSubject)?;
    if own == Some(user) {
        user_key::replace(session, &[device]).await?;
        return Ok(Revoked { user, device, next_key: NextKey::Made });
    }
    let statement = Statement::RevokeDevice(RevokeDevice { user, device });
    session.state_in_directory(statement, Vec::new()).await?;
    Ok(revoked(session, user, device))
}

/// Shuts out a device of an officer or focal point, as the root.
///
/// # Errors
/// As [`state_as_root`].
pub async fn revoke_as_root(
    session: &mut Session,
    user: UserId,
    device: DeviceId,
    way: Way,
) -> Result<Stated<Revoked>, SessionError> {
    let statement = Statement::RevokeDevice(RevokeDevice { user, device });
    let stated = state_as_root(session, vec![statement], way).await?;
    Ok(stated.map(|()| revoked(session, user, device)))
}

/// Another's device, which was shut out.
fn revoked(session: &Session, user: UserId, device: DeviceId) -> Revoked {
    let others = session.now().person(&user).is_some_and(|person| person.devices().next().is_some());
    Revoked { user, device, next_key: if others { NextKey::Awaited } else { NextKey::NoDevice } }
}
