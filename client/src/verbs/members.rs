//! Who is in a channel, and bringing in or showing out one person.

use chancery_core::act::{PersonCard, Role, Statement};
use chancery_core::error::Reason;
use chancery_core::id::{ChannelId, StateCode, UserId};

use crate::compose::RecipientKey;
use crate::sync::{Prepared, Session, SessionError};
use crate::verbs::{cards, upkeep};

/// A member of a channel.
#[derive(Debug, Clone)]
pub struct Member {
    /// The person.
    pub user: UserId,
    /// As what; none if the person has left the directory.
    pub role: Option<Role>,
    /// The State.
    pub state: Option<StateCode>,
    /// Name and contact, where they are known.
    pub card: Option<PersonCard>,
}

/// The members of a channel.
///
/// # Errors
/// [`SessionError`].
pub async fn members(session: &mut Session, channel: ChannelId) -> Result<Vec<Member>, SessionError> {
    session.sync_channel(channel).await?;
    let copy = session.channel(channel).ok_or(SessionError::NoSuchChannel(channel))?;
    let now = session.now();
    let member = |user: &UserId| {
        let person = now.person(user);
        Ok(Member {
            user: *user,
            role: person.map(|person| person.role),
            state: person.and_then(|person| person.state),
            card: cards::of(session, *user)?,
        })
    };
    copy.state.members.iter().map(member).collect()
}

/// Brings a person into a channel. A stale secret is replaced first.
///
/// # Errors
/// [`SessionError`].
pub async fn add_member(session: &mut Session, channel: ChannelId, user: UserId) -> Result<(), SessionError> {
    session.sync_directory().await?;
    session.sync_channel(channel).await?;
    let person = session.now().person(&user).ok_or(Reason::NoSuchSubject)?;
    let key = person.key().ok_or(Reason::NoCurrentKey)?;
    let key = RecipientKey { id: key.kem_id, public: key.kem.clone() };
    match upkeep::join(session, channel, user, key.clone()).await {
        Err(error) if error.reason() == Some(Reason::StaleEpoch) => {
            session.sync_channel(channel).await?;
            session.rotate_unless_done(channel).await?;
            upkeep::join(session, channel, user, key).await.map(drop)
        }
        joined => joined.map(drop),
    }
}

/// Shows a person out of a channel, and makes the next secret in the same append.
///
/// # Errors
/// [`SessionError`].
pub async fn remove_member(
    session: &mut Session,
    channel: ChannelId,
    user: UserId,
) -> Result<(), SessionError> {
    session.sync_directory().await?;
    session.sync_channel(channel).await?;
    let gone = session.sign(channel, Statement::RemoveMember(user))?.into();
    let roster = session.roster(channel).ok_or(SessionError::NoSuchChannel(channel))?;
    let epoch: Prepared = session.prepare_epoch_of(channel, roster, Some(user))?.into();
    session.append(channel, vec![gone, epoch]).await.map(drop)
}
