//! What a focal point or an officer does so that everyone who should read can read, and nobody else: first
//! secrets, newcomers brought in, leavers shown out, stale secrets replaced. Doing it twice does nothing more.

use std::fmt;

use chancery_core::act::{PersonCard, Role, Statement};
use chancery_core::error::{Class, Reason};
use chancery_core::id::{ActId, ChannelId, StateCode, UserId};
use chancery_core::state::{Channel, DirectoryAt, Person, Place, Roster};
use chancery_seal::random::make_bytes;

use crate::compose::{RecipientKey, add_member};
use crate::keyring::OpenError;
use crate::sync::{Prepared, Session, SessionError};
use crate::verbs::lost::{Lost, lost};
use crate::verbs::share_epoch::share_epoch;
use crate::verbs::{cards, user_key};

/// One thing that was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Upkept {
    /// A channel got its first secret, or was begun anew because nobody was left in it.
    Begun {
        /// The channel.
        channel: ChannelId,
        /// Of one that was begun anew: what is lost.
        lost: Option<Lost>,
    },
    /// A person was brought in.
    Joined {
        /// The channel.
        channel: ChannelId,
        /// The person.
        user: UserId,
    },
    /// People who are gone were shown out, and the secret was replaced.
    Left {
        /// The channel.
        channel: ChannelId,
        /// The people.
        users: Vec<UserId>,
    },
    /// A secret that someone held who should not was replaced.
    Rotated {
        /// The channel.
        channel: ChannelId,
    },
    /// The secret was handed to the new keys of members.
    Shared {
        /// The channel.
        channel: ChannelId,
        /// The members.
        users: Vec<UserId>,
    },
    /// Something is to be done and waits for somebody else.
    PutOff {
        /// The channel.
        channel: ChannelId,
        /// For what it waits.
        reason: Reason,
    },
}

/// Brings every channel of the person's State, or of the person's secretariat team, into order.
///
/// # Errors
/// [`SessionError`]; what was done before it stays done.
pub async fn upkeep(session: &mut Session) -> Result<Vec<Upkept>, SessionError> {
    user_key::renew(session).await?;
    session.sync_all().await?;
    let mut done = Vec::new();
    let me = session.person()?.identity.user;
    let Some(person) = session.now().person(&me) else { return Ok(done) };
    let (role, state) = (person.role, person.state);
    if role == Role::Observer {
        return Ok(done);
    }
    for channel in in_order(session) {
        let kept = in_one(session, channel, (me, role, state), &mut done).await;
        let Err(error) = kept else { continue };
        // Who came after the key was made, or lost it, waits for a member who holds it to make the next.
        if matches!(error, SessionError::Open(OpenError::NoSecret(_))) {
            done.push(Upkept::PutOff { channel, reason: Reason::StaleEpoch });
            continue;
        }
        let Some(reason) = error.reason() else { return Err(error) };
        session.sync_channel(channel).await?;
        // Another was faster: it is done. Anything else waits for somebody, and keeps no other channel waiting.
        if reason.class() != Class::Conflict || matches!(reason, Reason::StaleTeam | Reason::EpochSuspended) {
            done.push(Upkept::PutOff { channel, reason });
        }
    }
    Ok(done)
}

async fn in_one(
    session: &mut Session,
    channel: ChannelId,
    (me, role, state): (UserId, Role, Option<StateCode>),
    done: &mut Vec<Upkept>,
) -> Result<(), SessionError> {
    if role == Role::FocalPoint {
        begin(session, channel, state, done).await?;
        show_out(session, channel, me, done).await?;
    }
    let newcomers = newcomers(session, channel, me);
    // An expert makes the next key only where it lets a focal point in, and leaves the rest to focal points.
    if role != Role::Expert || !newcomers.is_empty() {
        renew(session, channel, role, done).await?;
    }
    let users = share_epoch(session, channel, me).await?;
    if !users.is_empty() {
        done.push(Upkept::Shared { channel, users });
    }
    for (user, key) in newcomers {
        join(session, channel, user, key).await?;
        done.push(Upkept::Joined { channel, user });
    }
    Ok(())
}

/// Reviews first: whoever reads a strand has to read the review it is judged by.
fn in_order(session: &Session) -> Vec<ChannelId> {
    let mut channels: Vec<_> = session.channels().map(|c| (c.state.place != Place::Review, c.id())).collect();
    channels.sort_unstable();
    channels.into_iter().map(|(_, id)| id).collect()
}

/// The first secret of the own side's channels, or the next where nobody is left in one.
async fn begin(
    session: &mut Session,
    id: ChannelId,
    state: Option<StateCode>,
    done: &mut Vec<Upkept>,
) -> Result<(), SessionError> {
    let Some((channel, roster, now)) = surroundings(session, id) else { return Ok(()) };
    let own = match &channel.place {
        Place::Review => false,
        Place::Strand { .. } => state == Some(roster.0.state),
        Place::Coordination { .. } | Place::Delegation { .. } => true,
    };
    if own && channel.awaits_founders(roster, &now) {
        // Another focal point may have been faster.
        session.rotate_unless_done(id).await?;
        done.push(Upkept::Begun { channel: id, lost: lost(session, id) });
    }
    Ok(())
}

/// Members who are gone, or whom the place is not open to any more, and the next secret, in one append.
async fn show_out(
    session: &mut Session,
    id: ChannelId,
    me: UserId,
    done: &mut Vec<Upkept>,
) -> Result<(), SessionError> {
    let Some((channel, roster, now)) = surroundings(session, id) else { return Ok(()) };
    if !channel.members.contains(&me) {
        return Ok(());
    }
    let users: Vec<UserId> =
        channel.members.iter().filter(|user| !entitled(channel, roster, &now, user)).copied().collect();
    if users.is_empty() {
        return Ok(());
    }
    let mut acts: Vec<Prepared> = Vec::new();
    for user in &users {
        acts.push(session.sign(id, Statement::RemoveMember(*user))?.into());
    }
    acts.push(session.prepare_epoch(id)?.into());
    session.append(id, acts).await?;
    done.push(Upkept::Left { channel: id, users });
    Ok(())
}

/// A secret that holds a key which is not current any more.
async fn renew(
    session: &mut Session,
    id: ChannelId,
    role: Role,
    done: &mut Vec<Upkept>,
) -> Result<(), SessionError> {
    let Some((channel, roster, now)) = surroundings(session, id) else { return Ok(()) };
    let Some(epoch) = &channel.epoch else { return Ok(()) };
    let may = role != Role::Officer || channel.place == Place::Review;
    let current = !epoch.suspended && channel.epoch_is_current(epoch, roster, &now);
    let anew = channel.awaits_founders(roster, &now);
    if may && !current {
        session.rotate_unless_done(id).await?;
        done.push(if anew {
            Upkept::Begun { channel: id, lost: lost(session, id) }
        } else {
            Upkept::Rotated { channel: id }
        });
    }
    Ok(())
}

/// Whom a focal point brings in: people of the own State whom the place is open to, and a focal point of another
/// State without one. An expert brings in focal points of the own State.
fn newcomers(session: &Session, id: ChannelId, me: UserId) -> Vec<(UserId, RecipientKey)> {
    let Some((channel, roster, now)) = surroundings(session, id) else { return Vec::new() };
    let Some(me) = now.person(&me).filter(|me| channel.members.contains(&me.user)) else { return Vec::new() };
    if channel.epoch.is_none() || roster.seat(&channel.place, &me).is_none() {
        return Vec::new();
    }
    let represented = |state: Option<StateCode>| {
        let mut members = channel.members.iter().filter_map(|user| now.person(user));
        members.any(|member| member.state == state && member.role == Role::FocalPoint)
    };
    let may = |person: &Person<'_>| match (me.role, person.role) {
        (Role::FocalPoint, Role::FocalPoint) => person.state == me.state || !represented(person.state),
        (Role::FocalPoint, _) | (Role::Expert, Role::FocalPoint) => person.state == me.state,
        _ => false,
    };
    now.persons()
        .filter(|person| !channel.members.contains(&person.user))
        .filter(|person| roster.seat(&channel.place, person).is_some())
        .filter(may)
        .filter_map(|person| {
            let key = person.key()?;
            Some((person.user, RecipientKey { id: key.kem_id, public: key.kem.clone() }))
        })
        .collect()
}

/// Brings one person into a channel, with the card that the members see.
///
/// # Errors
/// [`SessionError`].
pub(crate) async fn join(
    session: &mut Session,
    id: ChannelId,
    user: UserId,
    key: RecipientKey,
) -> Result<ActId, SessionError> {
    let empty = PersonCard { name: String::new(), post: String::new(), contact: String::new() };
    let card = cards::of(session, user)?.unwrap_or(empty);
    let standpoint = session.standpoint(id)?;
    let ring = session.keyring(id).ok_or(SessionError::NoSuchChannel(id))?;
    let secret = ring.secret(standpoint.epoch)?;
    let act_id = ActId::new(make_bytes()?);
    let composed = add_member(session.signer()?, &standpoint, act_id, secret, (user, key), &card)?;
    session.append(id, vec![composed.into()]).await?;
    Ok(act_id)
}

fn surroundings(session: &Session, id: ChannelId) -> Option<(&Channel, &Roster, DirectoryAt<'_>)> {
    Some((&session.channel(id)?.state, session.roster(id)?, session.now()))
}

fn entitled(channel: &Channel, roster: &Roster, now: &DirectoryAt<'_>, user: &UserId) -> bool {
    now.person(user).is_some_and(|person| roster.seat(&channel.place, &person).is_some())
}

impl Upkept {
    /// The channel.
    #[must_use]
    pub const fn channel(&self) -> ChannelId {
        match self {
            Self::Begun { channel, .. }
            | Self::Joined { channel, .. }
            | Self::Left { channel, .. }
            | Self::Rotated { channel }
            | Self::Shared { channel, .. }
            | Self::PutOff { channel, .. } => *channel,
        }
    }

    /// The word in JSON.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Begun { .. } => "begun",
            Self::Joined { .. } => "joined",
            Self::Left { .. } => "left",
            Self::Rotated { .. } => "rotated",
            Self::Shared { .. } => "shared",
            Self::PutOff { .. } => "put-off",
        }
    }
}

impl fmt::Display for Upkept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PutOff { reason, .. } => write!(f, "waits: {reason}"),
            Self::Begun { lost: None, .. } => f.write_str("made its first key"),
            Self::Begun { lost: Some(_), .. } => f.write_str("nobody was left in it, so it was begun anew"),
            Self::Joined { user, .. } => write!(f, "brought in {user}"),
            Self::Left { users, .. } => {
                write!(f, "showed out {} who left, and made the next key", users.len())
            }
            Self::Shared { users, .. } => write!(f, "handed its key to {} with new keys", users.len()),
            Self::Rotated { .. } => {
                f.write_str("made the next key: the last one was held by someone who has left, or by a device that was shut out")
            }
        }
    }
}
