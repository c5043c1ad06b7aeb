//! A channel's secret is handed to the new key of a member: whoever writes there may do it, and it is always an act.

use chancery_core::act::{Role, ShareEpoch, Statement};
use chancery_core::id::{ChannelId, UserId};

use crate::compose::{Composed, RecipientKey, epoch_info, wrap_to};
use crate::sync::{Session, SessionError};

/// Hands the current secret to every member with a seat whose own key it does not name. Returns to whom.
///
/// # Errors
/// [`SessionError`].
pub(crate) async fn share_epoch(
    session: &mut Session,
    id: ChannelId,
    me: UserId,
) -> Result<Vec<UserId>, SessionError> {
    let missing = missing(session, id, me);
    let mut done = Vec::new();
    for (user, key) in missing {
        let standpoint = session.standpoint(id)?;
        let ring = session.keyring(id).ok_or(SessionError::NoSuchChannel(id))?;
        let secret = ring.secret(standpoint.epoch)?;
        let info = epoch_info(id, standpoint.epoch);
        let (recipients, wraps) = wrap_to(&info, secret.as_bytes(), vec![key])?;
        let act = session.sign(id, Statement::ShareEpoch(ShareEpoch { user, recipients }))?;
        session.append(id, vec![Composed { act, body: None, wraps, previous_box: None }.into()]).await?;
        done.push(user);
    }
    Ok(done)
}

/// Nothing is handed on under a secret that owes a successor, nor by one who does not hold it or only reads.
fn missing(session: &Session, id: ChannelId, me: UserId) -> Vec<(UserId, RecipientKey)> {
    let (Some(copy), Some(roster)) = (session.channel(id), session.roster(id)) else { return Vec::new() };
    let (channel, now) = (&copy.state, session.now());
    let writes = now.person(&me).is_some_and(|person| {
        matches!(person.role, Role::FocalPoint | Role::Expert) && channel.members.contains(&me)
    });
    let Some(epoch) = channel.epoch.as_ref().filter(|_| writes) else { return Vec::new() };
    let holds = session.keyring(id).is_some_and(|ring| ring.secret(epoch.number).is_ok());
    if !holds || epoch.suspended || !channel.epoch_is_current(epoch, roster, &now) {
        return Vec::new();
    }
    let without = |person: chancery_core::state::Person<'_>| {
        let key = person.key().filter(|key| !epoch.keys.contains(&key.kem_id))?;
        Some((person.user, RecipientKey { id: key.kem_id, public: key.kem.clone() }))
    };
    channel.entitled(roster, &now).filter_map(without).collect()
}
