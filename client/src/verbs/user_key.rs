//! A person's own key: handed to a device or a recovery sheet, and made anew when somebody knew it who should not.

use bytes::Bytes;
use chancery_core::act::{Handed, NewUserKey, RevokeDevice, Statement};
use chancery_core::error::Reason;
use chancery_core::id::{DeviceId, Digest};
use chancery_seal::kem::KemKeyPair;
use chancery_seal::previous::box_previous;
use chancery_seal::secret::KemSeed;
use chancery_seal::wrap::commit;

use crate::compose::{Composed, RecipientKey, wrap_to};
use crate::keyring::user_info;
use crate::sync::{Prepared, Session, SessionError};

/// The person's newest key, wrapped to one key of their own.
///
/// # Errors
/// [`Reason::NoCurrentKey`] if this device does not hold it.
pub(crate) fn hand(session: &Session, recipient: RecipientKey) -> Result<(Handed, Vec<Bytes>), SessionError> {
    let user = session.person()?.identity.user;
    let newest = session.now().person(&user).and_then(|person| person.newest_key());
    let newest = newest.ok_or(Reason::UnknownDevice)?;
    let seed = session.own_keys().seed(newest.generation).ok_or(Reason::NoCurrentKey)?;
    let info = user_info(user, newest.generation);
    let (recipients, wraps) = wrap_to(&info, seed.as_bytes(), vec![recipient])?;
    Ok((Handed { commitment: commit(&info, seed.as_bytes()), recipients }, wraps))
}

/// The next generation of the person's own key, to every device but `without` and to the recovery sheet.
///
/// # Errors
/// [`Reason::NoCurrentKey`] if this device does not hold the one before.
pub(crate) fn next(session: &Session, without: &[DeviceId]) -> Result<Composed, SessionError> {
    let user = session.person()?.identity.user;
    let person = session.now().person(&user).ok_or(Reason::UnknownDevice)?;
    let newest = person.newest_key().ok_or(Reason::UnknownDevice)?;
    let before = session.own_keys().seed(newest.generation).ok_or(Reason::NoCurrentKey)?;
    let generation = newest.generation + 1;
    let (info, seed) = (user_info(user, generation), KemSeed::make()?);
    let pair = KemKeyPair::from_seed(&seed)?;
    let devices = person.devices().filter(|device| !without.contains(&device.id));
    let devices = devices.map(|device| RecipientKey { id: device.kem_id, public: device.kem.clone() });
    let sheet = person.recovery().map(|sheet| RecipientKey { id: sheet.kem_id, public: sheet.kem.clone() });
    let (recipients, wraps) = wrap_to(&info, seed.as_bytes(), devices.chain(sheet).collect())?;
    let boxed = Bytes::from(box_previous(&info, seed.as_bytes(), before.as_bytes())?);
    let statement = Statement::NewUserKey(NewUserKey {
        generation,
        kem: Bytes::copy_from_slice(pair.public()),
        commitment: commit(&info, seed.as_bytes()),
        previous_box: Some(Digest::of(&boxed)),
        recipients,
    });
    let act = session.sign(session.directory().id(), statement)?;
    Ok(Composed { act, body: None, wraps, previous_box: Some(boxed) })
}

/// Shuts out devices of one's own and makes the next key, in one append. With no device named, only the key.
///
/// # Errors
/// [`SessionError`].
pub(crate) async fn replace(session: &mut Session, lost: &[DeviceId]) -> Result<(), SessionError> {
    let (user, directory) = (session.person()?.identity.user, session.directory().id());
    let mut acts: Vec<Prepared> = Vec::new();
    for device in lost {
        let statement = Statement::RevokeDevice(RevokeDevice { user, device: *device });
        acts.push(session.sign(directory, statement)?.into());
    }
    acts.push(next(session, lost)?.into());
    session.append(directory, acts).await.map(drop)
}

/// Makes the person's next key, if somebody knew the newest who should not: a device that another has shut out, or
/// a recovery sheet that was replaced. Returns whether it did.
///
/// # Errors
/// [`SessionError`].
pub async fn renew(session: &mut Session) -> Result<bool, SessionError> {
    session.sync_directory().await?;
    let user = session.person()?.identity.user;
    let owes = |session: &Session| session.now().person(&user).is_some_and(|person| person.key().is_none());
    if !owes(session) {
        return Ok(false);
    }
    match replace(session, &[]).await {
        Ok(()) => Ok(true),
        // Another device of the person's was faster.
        Err(error) if error.reason() == Some(Reason::WrongGeneration) => {
            session.sync_directory().await?;
            if owes(session) { Err(error) } else { Ok(false) }
        }
        Err(error) => Err(error),
    }
}
