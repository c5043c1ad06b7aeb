//! The custodians send acts of the root that the second one has countersigned.

use chancery_core::act::{SignedAct, Statement};
use chancery_core::error::Reason;
use chancery_core::id::{ActId, UserId};

use super::admit::close_invitations_of;
use crate::second::{RootActs, RootActsError};
use crate::sync::{Prepared, Session, SessionError};

/// What was sent.
#[derive(Debug)]
pub struct RootSent {
    /// The acts with their indices in the directory.
    pub entries: Vec<(ActId, u64)>,
    /// Whether they stood there already.
    pub already: bool,
    /// Why the invitations that they answer could not be closed, if so: the acts stand all the same.
    pub unclosed: Option<SessionError>,
}

/// Acts were not sent.
#[derive(Debug, thiserror::Error)]
pub enum RootSendError {
    /// The session.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// The file.
    #[error(transparent)]
    Acts(#[from] RootActsError),
    /// As the directory stands now, the rules refuse them.
    #[error("{0}")]
    Stale(Reason),
    /// They need the second custodian's signature, and do not have it.
    #[error("the second custodian has not signed these acts")]
    NotCountersigned,
    /// Other bytes stand in the directory under an act's id.
    #[error("act {0} stands in the directory already, with other signatures or another content")]
    Taken(ActId),
}

/// Whether these acts may be sent from this home, and which of them stand in the directory already: asked before
/// anybody is shown what they say.
///
/// # Errors
/// [`RootSendError`].
pub async fn examine(session: &mut Session, file: &RootActs) -> Result<Vec<SignedAct>, RootSendError> {
    session.home.root_key().map_err(SessionError::from)?;
    if !file.check(session.root())?.countersigned {
        return Err(RootSendError::NotCountersigned);
    }
    session.sync_directory().await?;
    let mut left = Vec::new();
    for act in file.acts() {
        if !stands(session, act)? {
            left.push(act.clone());
        }
    }
    Ok(left)
}

/// Sends acts of the root, all or none, and closes the invitations that they answer. What stands in the directory
/// already is not sent again.
///
/// # Errors
/// [`RootSendError`]; nothing was sent.
pub async fn send(session: &mut Session, file: &RootActs) -> Result<RootSent, RootSendError> {
    let left = examine(session, file).await?;
    let already = left.is_empty();
    if !already {
        let acts = left.into_iter().map(Prepared::from).collect();
        session.append(session.directory().id(), acts).await.map_err(stale)?;
    }
    let unclosed = close_invitations_of(session, &seated(file)).await.err();
    let index = |act: &SignedAct| {
        let id = act.content().header.act_id;
        session.directory().state.acts.get(&id).map(|index| (id, *index))
    };
    Ok(RootSent { entries: file.acts().iter().filter_map(index).collect(), already, unclosed })
}

/// Whether exactly this act stands in the directory.
fn stands(session: &Session, act: &SignedAct) -> Result<bool, RootSendError> {
    let (id, directory) = (act.content().header.act_id, session.directory());
    let Some(index) = directory.state.acts.get(&id) else { return Ok(false) };
    let entry = usize::try_from(*index).ok().and_then(|index| directory.entries.get(index));
    let same = entry.and_then(|entry| entry.act().ok()).is_some_and(|there| there == *act);
    if same { Ok(true) } else { Err(RootSendError::Taken(id)) }
}

/// What was true when the file was made may not be any more. That is not the second custodian's to mend.
fn stale(error: SessionError) -> RootSendError {
    match error.reason() {
        Some(Reason::SecondCustodianRequired) => RootSendError::NotCountersigned,
        Some(reason) => RootSendError::Stale(reason),
        None => error.into(),
    }
}

/// Whose keys the acts certify.
fn seated(file: &RootActs) -> Vec<UserId> {
    let user = |act: &SignedAct| match &act.content().statement {
        Statement::AdmitPerson(admit) => Some(admit.keys.user),
        Statement::Recertify(anew) => Some(anew.keys.user),
        Statement::CompleteReplacement(_) => file.announced().map(|announced| announced.keys.user),
        _ => None,
    };
    file.acts().iter().filter_map(user).collect()
}
