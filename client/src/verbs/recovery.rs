//! A person's recovery sheet: made, and tried.

use bytes::Bytes;
use chancery_core::act::{SetRecovery, Statement};
use chancery_core::error::Reason;
use chancery_seal::secret::RecoverySecret;

use super::user_key;
use crate::compose::RecipientKey;
use crate::sheet::SheetLine;
use crate::sync::{Session, SessionError};

/// How a sheet stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It is the person's sheet, and would bring in a new device.
    InForce,
    /// It is not the person's, or was replaced since.
    NotInForce,
    /// The person has none.
    None,
}

/// What the line of the person's own sheet says.
///
/// # Errors
/// [`SessionError`].
pub fn line(session: &Session) -> Result<SheetLine, SessionError> {
    let user = session.person()?.identity.user;
    let person = session.now().person(&user).ok_or(Reason::UnknownDevice)?;
    Ok(SheetLine {
        server: session.home.server()?.clone(),
        root: *session.root(),
        user,
        role: person.role,
        state: person.state,
    })
}

/// Whether the person has a sheet in force, as far as this session has read.
///
/// # Errors
/// [`SessionError`].
pub fn has_one(session: &Session) -> Result<bool, SessionError> {
    let user = session.person()?.identity.user;
    let person = session.now().person(&user).ok_or(Reason::UnknownDevice)?;
    Ok(person.recovery().is_some())
}

/// Puts a sheet in force, in place of the one before. Call it when the sheet has been tried: what nobody can read
/// back recovers nothing. A sheet that is replaced still knows the person's key, so the next one is made at once.
///
/// # Errors
/// [`SessionError`].
pub async fn put_in_force(session: &mut Session, secret: &RecoverySecret) -> Result<(), SessionError> {
    session.sync_directory().await?;
    user_key::renew(session).await?;
    let kem = secret.kem()?;
    let public = Bytes::copy_from_slice(kem.public());
    let (handed, wraps) = user_key::hand(session, RecipientKey { id: kem.key_id(), public: public.clone() })?;
    let sign = secret.signing_key()?.public();
    let statement = Statement::SetRecovery(SetRecovery { sign, kem: public, handed });
    session.state_in_directory(statement, wraps).await?;
    user_key::renew(session).await.map(drop)
}

/// Compares a sheet with the directory.
///
/// # Errors
/// [`SessionError`].
pub async fn standing(session: &mut Session, secret: &RecoverySecret) -> Result<Standing, SessionError> {
    session.sync_directory().await?;
    let user = session.person()?.identity.user;
    let person = session.now().person(&user).ok_or(Reason::UnknownDevice)?;
    let Some(sheet) = person.recovery() else { return Ok(Standing::None) };
    let same = sheet.sign == secret.signing_key()?.public() && sheet.kem_id == secret.kem()?.key_id();
    Ok(if same { Standing::InForce } else { Standing::NotInForce })
}
