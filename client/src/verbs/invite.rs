//! An inviter opens an invitation: the custodians for officers and for a State's first focal point, a focal point
//! for the State's own people.

use chancery_core::act::{PersonCard, Role};
use chancery_core::error::Reason;
use chancery_core::id::{InstrumentCode, StateCode, TeamId, UserId};
use chancery_seal::secret::InvitationSecret;
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, Zeroizing};

use crate::home::{Family, Holder, HomeError};
use crate::invitation::{Invitation, InvitationError, Meant};
use crate::sync::{Session, SessionError};

/// What a person is invited as.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// The role.
    pub role: Role,
    /// The State; none for an officer.
    pub state: Option<StateCode>,
    /// The instruments of an expert or observer.
    pub instruments: Vec<InstrumentCode>,
    /// The team of an officer.
    pub team: Option<TeamId>,
    /// From when on the person is not there any more, milliseconds of UTC (¶18).
    pub expires_ms: Option<u64>,
    /// Whether the newcomer takes the place of a State's focal points whose key is lost.
    pub replaces: bool,
    /// Who is meant to answer.
    pub meant: Meant,
}

impl Terms {
    /// What a newcomer is invited as for good, in nobody's place.
    #[must_use]
    pub const fn of(role: Role, state: Option<StateCode>) -> Self {
        Self {
            role,
            state,
            instruments: Vec::new(),
            team: None,
            expires_ms: None,
            replaces: false,
            meant: Meant::Newcomer,
        }
    }
}

/// An invitation that was opened.
#[derive(Debug)]
pub struct Invited {
    /// What the server finds it by.
    pub lookup: [u8; 32],
    /// The text to hand over, by a road that others cannot read.
    pub text: Zeroizing<String>,
    /// What it is for.
    pub terms: Terms,
    /// When it expires, milliseconds of UTC.
    pub expires_ms: u64,
}

/// An invitation could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum InviteError {
    /// The session.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// The server's address has no place in an invitation.
    #[error(transparent)]
    Text(#[from] InvitationError),
}

/// What the inviter keeps until the newcomer is admitted.
#[derive(Serialize, Deserialize)]
pub(crate) struct Kept {
    secret: [u8; 16],
    pub(crate) terms: Terms,
    card: Vec<u8>,
    pub(crate) expires_ms: u64,
}

impl Drop for Kept {
    fn drop(&mut self) {
        self.secret.zeroize();
    }
}

impl Kept {
    /// What is kept of an invitation of this secret.
    pub(crate) fn new(secret: &InvitationSecret, terms: Terms, card: &PersonCard) -> Self {
        Self { secret: *secret.as_bytes(), terms, card: card.encode(), expires_ms: u64::MAX }
    }

    pub(crate) const fn secret(&self) -> InvitationSecret {
        InvitationSecret::from_bytes(self.secret)
    }

    pub(crate) fn card(&self) -> Option<PersonCard> {
        PersonCard::decode(&self.card).ok()
    }

    /// The invitation under a lookup value, if this home opened it.
    pub(crate) fn read(session: &Session, lookup: &[u8; 32]) -> Result<Option<Self>, HomeError> {
        let kept = session.home.get(Family::Invitation, lookup)?;
        Ok(kept.and_then(|bytes| postcard::from_bytes(&bytes).ok()))
    }
}

/// The terms under which a person who is in the directory answers: a further device, or certified anew.
///
/// # Errors
/// [`Reason::NoSuchSubject`].
pub fn terms_of(session: &Session, user: UserId, meant: Meant) -> Result<Terms, Reason> {
    let person = session.now().person(&user).ok_or(Reason::NoSuchSubject)?;
    // Certified anew, a person stays as long as before.
    Ok(Terms {
        instruments: person.instruments.to_vec(),
        team: person.secretariat_team,
        expires_ms: person.expires_ms,
        meant,
        ..Terms::of(person.role, person.state)
    })
}

/// Opens an invitation. `card` says who is meant, in words that stay in this home until they are sealed to a
/// channel's members.
///
/// # Errors
/// [`InviteError`]; [`SessionError::Refused`] if the newcomer could not be admitted under these terms by this inviter.
pub async fn invite(
    session: &mut Session,
    mut terms: Terms,
    card: &PersonCard,
) -> Result<Invited, InviteError> {
    session.sync_directory().await?;
    terms.instruments.sort_unstable();
    terms.instruments.dedup();
    may_invite(session, &terms).map_err(SessionError::from)?;
    let invitation = Invitation {
        server: session.home.server().map_err(SessionError::from)?.clone(),
        root: *session.root(),
        meant: terms.meant,
        role: terms.role,
        state: terms.state,
        secret: InvitationSecret::make().map_err(SessionError::from)?,
    };
    let (text, lookup) = (invitation.text()?, invitation.lookup().map_err(SessionError::from)?);
    let mut kept = Kept::new(&invitation.secret, terms.clone(), card);
    // Kept first: an invitation that the server knows and nobody can answer is of no use.
    keep(session, &lookup, &kept)?;
    kept.expires_ms = match session.link.create_invitation(&lookup).await {
        Ok(expires_ms) => expires_ms,
        Err(error) => {
            session.home.remove(Family::Invitation, &lookup).map_err(SessionError::from)?;
            return Err(SessionError::from(error).into());
        }
    };
    keep(session, &lookup, &kept)?;
    Ok(Invited { lookup, text, terms, expires_ms: kept.expires_ms })
}

fn keep(session: &Session, lookup: &[u8; 32], kept: &Kept) -> Result<(), SessionError> {
    let bytes = postcard::to_stdvec(kept).map_err(|_| SessionError::Bug("an invitation can be kept"))?;
    Ok(session.home.put(Family::Invitation, lookup, &Zeroizing::new(bytes))?)
}

/// The same as the policy will ask of the admission, asked before anybody is bothered.
fn may_invite(session: &Session, terms: &Terms) -> Result<(), Reason> {
    match terms.meant {
        Meant::Newcomer => may_invite_newcomer(session, terms),
        Meant::Device(user) => {
            let own = session.home.person().is_ok_and(|own| own.identity.user == user);
            if own { Ok(()) } else { Err(Reason::NotEntitled) }
        }
        Meant::Again(user) => may_certify_anew(session, user),
    }
}

/// A person of one's own State, by another of its focal points; an officer by the custodians.
fn may_certify_anew(session: &Session, user: UserId) -> Result<(), Reason> {
    let now = session.now();
    let person = now.person(&user).ok_or(Reason::NoSuchSubject)?;
    let Ok(own) = session.home.person() else {
        return match person.role {
            Role::Officer => Ok(()),
            Role::FocalPoint => Err(Reason::SeatTaken),
            Role::Expert | Role::Observer => Err(Reason::FocalPointRequired),
        };
    };
    let me = now.person(&own.identity.user).filter(|me| me.role == Role::FocalPoint);
    let me = me.ok_or(Reason::FocalPointRequired)?;
    let own_state = me.state == person.state && me.user != user;
    if own_state { Ok(()) } else { Err(Reason::NotEntitled) }
}

fn may_invite_newcomer(session: &Session, terms: &Terms) -> Result<(), Reason> {
    let now = session.now();
    if terms.expires_ms.is_some_and(|end| end <= Session::now_ms()) {
        return Err(Reason::PastEnd);
    }
    let by_root = matches!(session.home.keys().holder, Holder::Custodian { .. });
    match terms.role {
        Role::Officer if by_root => {
            if terms.team.is_some() {
                Ok(())
            } else {
                Err(Reason::NotEntitled)
            }
        }
        Role::FocalPoint if by_root => {
            let state = terms.state.filter(|state| now.state(state).is_some());
            let state = state.ok_or(Reason::NoSuchSubject)?;
            let has_key = now.state_key(&state).is_some();
            match (has_key || now.focal_points(state).next().is_some(), terms.replaces) {
                (true, false) => Err(Reason::SeatTaken),
                (_, true) if !has_key => Err(Reason::NoSuchSubject),
                _ => Ok(()),
            }
        }
        Role::Officer => Err(Reason::RootOnly),
        Role::FocalPoint | Role::Expert | Role::Observer => {
            let own = session.home.person().ok().filter(|_| !by_root);
            let own = own.and_then(|person| now.person(&person.identity.user));
            let own = own.filter(|person| person.role == Role::FocalPoint);
            let own = own.ok_or(Reason::FocalPointRequired)?;
            if own.state != terms.state {
                return Err(Reason::NotEntitled);
            }
            let known = |code| session.mechanism().instrument(code).is_some();
            let on_everything = terms.role == Role::FocalPoint;
            let some = terms.instruments.is_empty() == on_everything && terms.instruments.iter().all(known);
            if some { Ok(()) } else { Err(Reason::OutsideMechanism) }
        }
    }
}
