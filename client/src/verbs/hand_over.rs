//! A focal point hands over to the next: seats the successor, hands on the State's and the team's key, brings the
//! successor into every channel, and leaves.
//!
//! Every step looks at what is there already, so that a hand-over that was interrupted goes on where it was. The
//! keys that the leaver knew are replaced by the successor's next command.

use chancery_core::act::{PersonCard, Role, Statement};
use chancery_core::error::{Reason, WireReason};
use chancery_core::id::{ChannelId, InstrumentCode, StateCode, UserId};
use serde::{Deserialize, Serialize};

use super::admit::{Candidate, Standing, admit, candidates};
use super::reseat::{Seat, reseat};
use super::state_key::{StateKeyKept, keep_state_key};
use super::teams::{TeamKept, keep_teams};
use super::upkeep::{Upkept, upkeep};
use super::{cards, people};
use crate::home::Family;
use crate::link::{Link, LinkError};
use crate::outbox;
use crate::sync::{Session, SessionError};
use crate::verify::ChannelCopy;

/// What the one who hands over is afterwards.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum After {
    /// Focal point as before, beside the other.
    Stays,
    /// Not in the directory any more.
    Leaves,
    /// Expert, on these instruments.
    Expert(Vec<InstrumentCode>),
}

/// A hand-over, as it would be done.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The State.
    pub state: StateCode,
    /// The successor.
    pub user: UserId,
    /// Who that is, where it is known here.
    pub card: Option<PersonCard>,
    /// What the successor is now; none for one who has answered an invitation.
    pub role: Option<Role>,
    /// From when on the successor is not there any more, milliseconds of UTC.
    pub expires_ms: Option<u64>,
    /// The channels into which the successor is brought.
    pub channels: Vec<ChannelId>,
    /// What becomes of oneself.
    pub after: After,
    lookup: Option<[u8; 32]>,
}

/// What was done.
#[derive(Debug)]
pub struct HandedOver {
    /// For the State's key.
    pub state_key: Vec<StateKeyKept>,
    /// For teams.
    pub teams: Vec<TeamKept>,
    /// In channels.
    pub channels: Vec<Upkept>,
    /// Channels in which the successor could not be brought yet. While there are any, nobody leaves.
    pub left_out: Vec<ChannelId>,
    /// Whether what was to become of oneself has been done.
    pub finished: bool,
}

/// What is kept until a hand-over is finished.
#[derive(Serialize, Deserialize)]
struct Begun {
    user: UserId,
    lookup: Option<[u8; 32]>,
    expires_ms: Option<u64>,
    after: After,
}

/// What handing over to a person would do. Changes nothing. `to` is a person of the State, or one who has answered
/// an invitation as its focal point; without it a hand-over that was begun is meant.
///
/// # Errors
/// [`Reason::FocalPointRequired`]; [`Reason::NoSuchSubject`]; [`Reason::LastFocalPoint`] if nobody would be left
/// for good; [`Reason::OutsideMechanism`] for an instrument that is not reviewed.
pub async fn plan(
    session: &mut Session,
    to: Option<&str>,
    expires_ms: Option<u64>,
    after: After,
) -> Result<Plan, SessionError> {
    session.sync_all().await?;
    let (state, _) = session.newest_state_key()?;
    let begun = match to {
        None => begun(session)?.ok_or_else(|| SessionError::NotFound {
            what: "hand-over that was begun",
            name: String::new(),
        })?,
        Some(to) => {
            let (user, lookup, until) = successor(session, to).await?;
            // Whoever was admitted by one that was interrupted has an invitation that is to be closed.
            let before = begun(session)?.filter(|before| before.user == user);
            let lookup = lookup.or(before.and_then(|before| before.lookup));
            Begun { user, lookup, expires_ms: expires_ms.or(until), after }
        }
    };
    let now = session.now();
    let person = now.person(&begun.user);
    let of_state = person.is_none_or(|person| person.state == Some(state));
    if !of_state || begun.user == session.person()?.identity.user {
        return Err(Reason::NotEntitled.into());
    }
    let plan = Plan {
        state,
        user: begun.user,
        card: cards::of(session, begun.user)?,
        role: person.map(|person| person.role),
        expires_ms: begun.expires_ms,
        channels: without(session, begun.user),
        after: begun.after,
        lookup: begun.lookup,
    };
    check(session, &plan)?;
    Ok(plan)
}

impl Plan {
    /// The same hand-over, after which one leaves the directory.
    ///
    /// # Errors
    /// [`Reason::LastFocalPoint`] if nobody would be left for good.
    pub fn and_leave(self, session: &Session) -> Result<Self, SessionError> {
        let plan = Self { after: After::Leaves, ..self };
        check(session, &plan)?;
        Ok(plan)
    }
}

/// Hands over. What is done already is not done again.
///
/// # Errors
/// [`SessionError`]; what was done before it stays done, and the next time it goes on from there.
pub async fn hand_over(session: &mut Session, plan: &Plan) -> Result<HandedOver, SessionError> {
    keep(session, plan)?;
    if let Some(lookup) = plan.lookup {
        admit_newcomer(session, plan, &lookup).await?;
    }
    seat(session, plan).await?;
    let mut done = HandedOver {
        state_key: keep_state_key(session).await?,
        teams: keep_teams(session).await?,
        channels: upkeep(session).await?,
        left_out: without(session, plan.user),
        finished: false,
    };
    let now = session.now();
    let successor = now.person(&plan.user).ok_or(Reason::NoSuchSubject)?;
    if !now.holds_state_key(&successor) {
        return Err(Reason::NoCurrentKey.into());
    }
    if !done.left_out.is_empty() && plan.after != After::Stays {
        return Ok(done);
    }
    match &plan.after {
        After::Stays => {}
        After::Leaves => leave(session).await?,
        After::Expert(instruments) => {
            let me = session.person()?.identity.user;
            let expires_ms = session.now().person(&me).and_then(|me| me.expires_ms);
            let instruments = instruments.clone();
            reseat(session, me, &Seat { role: Role::Expert, instruments, expires_ms }).await?;
        }
    }
    session.home.remove(Family::HandOver, BEGUN)?;
    done.finished = true;
    Ok(done)
}

/// The successor whom these words name, and the end that the invitation has.
async fn successor(
    session: &mut Session,
    to: &str,
) -> Result<(UserId, Option<[u8; 32]>, Option<u64>), SessionError> {
    match people::find(session, to) {
        Ok(user) => {
            // Who is focal point for a time remains so, unless the one who hands over says otherwise.
            let seated = session.now().person(&user).filter(|person| person.role == Role::FocalPoint);
            return Ok((user, None, seated.and_then(|person| person.expires_ms)));
        }
        Err(SessionError::Refused(Reason::NoSuchSubject)) => {}
        Err(error) => return Err(error),
    }
    let digits = to.to_ascii_lowercase();
    let meant = |candidate: &Candidate, user: UserId| {
        let by_digits = |id: String| digits.len() >= 4 && id.starts_with(&digits);
        by_digits(hex::encode(candidate.lookup))
            || by_digits(user.to_string())
            || candidate.card.as_ref().is_some_and(|card| card.name == to)
    };
    let mut found = Vec::new();
    for candidate in candidates(session).await? {
        if let Standing::Ready(newcomer) = &candidate.standing
            && candidate.terms.role == Role::FocalPoint
            && meant(&candidate, newcomer.keys.user())
        {
            // So that the person is called by name from here on.
            if let Some(card) = &candidate.card {
                cards::keep(&session.home, newcomer.keys.user(), card)?;
            }
            found.push((newcomer.keys.user(), Some(candidate.lookup), candidate.terms.expires_ms));
        }
    }
    match found.as_slice() {
        [one] => Ok(*one),
        [] => Err(Reason::NoSuchSubject.into()),
        _ => Err(SessionError::Ambiguous { what: "person", name: to.to_owned() }),
    }
}

/// What is refused at its end is not begun.
fn check(session: &Session, plan: &Plan) -> Result<(), SessionError> {
    if let After::Expert(instruments) = &plan.after
        && !instruments.iter().all(|code| session.mechanism().instrument(code).is_some())
    {
        return Err(Reason::OutsideMechanism.into());
    }
    stays_in_good_hands(session, plan)
}

/// Whoever leaves must leave another behind for good.
fn stays_in_good_hands(session: &Session, plan: &Plan) -> Result<(), SessionError> {
    let me = session.person()?.identity.user;
    let now = session.now();
    let mut others = now.focal_points(plan.state).filter(|one| one.user != me && one.user != plan.user);
    let another = others.any(|one| one.expires_ms.is_none() && now.holds_state_key(&one));
    if plan.after == After::Stays || plan.expires_ms.is_none() || another {
        Ok(())
    } else {
        Err(Reason::LastFocalPoint.into())
    }
}

async fn admit_newcomer(session: &mut Session, plan: &Plan, lookup: &[u8; 32]) -> Result<(), SessionError> {
    let found = candidates(session).await?.into_iter().find(|candidate| candidate.lookup == *lookup);
    match found {
        Some(mut candidate) => {
            candidate.terms.expires_ms = plan.expires_ms;
            admit(session, candidate).await.map(drop)
        }
        // Admitted before this hand-over was interrupted.
        None if session.now().person(&plan.user).is_some() => Ok(()),
        None => Err(Reason::NoSuchSubject.into()),
    }
}

async fn seat(session: &mut Session, plan: &Plan) -> Result<(), SessionError> {
    session.sync_directory().await?;
    let person = session.now().person(&plan.user).ok_or(Reason::NoSuchSubject)?;
    if person.role == Role::FocalPoint && person.expires_ms == plan.expires_ms {
        return Ok(());
    }
    let seat = Seat { role: Role::FocalPoint, instruments: Vec::new(), expires_ms: plan.expires_ms };
    reseat(session, plan.user, &seat).await
}

/// The channels of which the person is a member and the successor, who would have a seat there as focal point, is
/// not.
fn without(session: &Session, successor: UserId) -> Vec<ChannelId> {
    let Ok(own) = session.person() else { return Vec::new() };
    let now = session.now();
    let Some(me) = now.person(&own.identity.user) else { return Vec::new() };
    let inside = session.channels().filter(|copy| copy.state.members.contains(&me.user));
    let seated = inside.filter(|copy| {
        let roster = session.roster(copy.id());
        roster.is_some_and(|roster| roster.seat(&copy.state.place, &me).is_some())
    });
    seated.filter(|copy| !copy.state.members.contains(&successor)).map(ChannelCopy::id).collect()
}

async fn leave(session: &mut Session) -> Result<(), SessionError> {
    let me = session.person()?.identity.user;
    match session.state_in_directory(Statement::RemovePerson(me), Vec::new()).await {
        // The server knows this device no more: it is done.
        Err(SessionError::Link(error)) if is_gone(&error) => Ok(()),
        // It ends the connections of who has left, often before it has answered.
        Err(SessionError::Waits { act, cause }) => {
            let link = Link::connect(session.home.server()?, &session.home.keys().tls).await?;
            match link.list_channels().await {
                Err(error) if is_gone(&error) => Ok(outbox::remove(&session.home, act)?),
                _ => Err(SessionError::Waits { act, cause }),
            }
        }
        sent => sent.map(drop),
    }
}

fn is_gone(error: &LinkError) -> bool {
    error.reason() == Some(WireReason::NotEnrolled.code())
}

fn begun(session: &Session) -> Result<Option<Begun>, SessionError> {
    let kept = session.home.get(Family::HandOver, BEGUN)?;
    Ok(kept.and_then(|bytes| postcard::from_bytes(&bytes).ok()))
}

fn keep(session: &Session, plan: &Plan) -> Result<(), SessionError> {
    let begun = Begun {
        user: plan.user,
        lookup: plan.lookup,
        expires_ms: plan.expires_ms,
        after: plan.after.clone(),
    };
    let bytes = postcard::to_stdvec(&begun).map_err(|_| SessionError::Bug("a hand-over can be kept"))?;
    Ok(session.home.put(Family::HandOver, BEGUN, &bytes)?)
}

const BEGUN: &[u8] = b"begun";
