//! A newcomer joins under an invitation: makes keys, hands in the public ones, waits to be admitted, and then
//! checks that the directory holds exactly these keys.

use chancery_core::act::{Role, Team};
use chancery_core::id::{InstrumentCode, StateCode, TeamId, UserId};
use chancery_core::name::Namespace;
use chancery_core::state::UserKey;
use chancery_seal::sign::SigningKey;
use zeroize::Zeroizing;

use super::replacement::{Pending, pending};
use super::state_key::{StateKeyKept, keep_state_key};
use super::teams::{TeamKept, keep_teams};
use crate::fingerprint;
use crate::home::{Family, Holder, Home, HomeError, Keys, Person, TlsIdentity};
use crate::identity::Identity;
use crate::invitation::{Invitation, InvitationError, Meant};
use crate::link::{Code, Enrolment, EnrolmentRequest, Link, LinkError};
use crate::sync::{Session, SessionError};

/// What a newcomer accepts before keys are made (¶37).
pub const CONFIDENTIALITY: &str = "\
The reviewing States, their governmental experts involved in the review and the secretariat maintain the
confidentiality of all information obtained in the course of, or used in, a country review (paragraph 37 of
the procedures and rules). What you read here you read for the review alone: do not pass it on, and keep
this device and its passphrase to yourself. What a State opens to all parties or to the public is opened by
its own focal point.";

/// How one's enrolment stands.
#[derive(Debug)]
pub enum Enrolled {
    /// The keys are handed in; the inviter has to admit them.
    Waiting,
    /// In the directory, with exactly the keys of this home.
    Admitted {
        /// What one is.
        membership: Box<Membership>,
        /// What was done, at the first time, for the State's key.
        state_keys: Vec<StateKeyKept>,
        /// What was done, at the first time, for the teams whose keys one makes.
        teams: Vec<TeamKept>,
        /// The session in which it was found, to go on with.
        session: Box<Session>,
    },
    /// The invitation was used by another, or closed without admitting this home.
    Void,
    /// Nobody has answered the invitation in time.
    Expired,
}

/// What one is in the directory, as verified.
#[derive(Debug)]
pub struct Membership {
    /// The person.
    pub user: UserId,
    /// The role.
    pub role: Role,
    /// The State.
    pub state: Option<StateCode>,
    /// The instruments of an expert or observer.
    pub instruments: Vec<InstrumentCode>,
    /// The team of an officer.
    pub secretariat_team: Option<TeamId>,
    /// From when on one is not there any more, milliseconds of UTC.
    pub expires_ms: Option<u64>,
    /// The announced replacement of the State's focal points and key.
    pub replacement: Option<Pending>,
    /// Whether this home holds its State's current key.
    pub state_key: bool,
    /// Whether this home holds its team's current key; it may come with the inviter's next work.
    pub team_key: bool,
}

/// An enrolment did not come about.
#[derive(Debug, thiserror::Error)]
pub enum JoinError {
    /// The home.
    #[error(transparent)]
    Home(#[from] HomeError),
    /// The server.
    #[error(transparent)]
    Link(#[from] LinkError),
    /// The session.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// The invitation that this home keeps does not read.
    #[error(transparent)]
    Invitation(#[from] InvitationError),
    /// The directory holds other keys for this person than this home's, or another role or State than the
    /// invitation said.
    #[error("the directory's record of you is not what this home asked for: its {0} differs")]
    OtherRecord(&'static str),
    /// The directory has no such person.
    #[error("you are not in the directory, or no longer")]
    NotListed,
}

/// The keys of a newcomer who accepts an invitation.
///
/// # Errors
/// [`HomeError`] if the machine gives no random bytes.
pub fn newcomer_keys(invitation: &Invitation) -> Result<Keys, HomeError> {
    let tls = TlsIdentity::make()?;
    let person = Person {
        identity: match invitation.meant {
            Meant::Newcomer => Identity::make(tls.key_id())?,
            Meant::Device(user) | Meant::Again(user) => Identity::make_for(user, tls.key_id())?,
        },
        role: invitation.role,
        state: invitation.state,
        // Who is a focal point already is handed the State's key.
        state_key: match (invitation.role, invitation.meant) {
            (Role::FocalPoint, Meant::Newcomer) => Some(SigningKey::make()?),
            _ => None,
        },
    };
    let server = Some(invitation.server.clone());
    Ok(Keys { root: invitation.root, server, tls, holder: Holder::Person(Box::new(person)) })
}

/// Asks, before anything is made, whether the server of an invitation is there and holds the pinned key.
///
/// # Errors
/// [`LinkError`].
pub async fn reach(invitation: &Invitation, keys: &Keys) -> Result<(), LinkError> {
    Link::connect(&invitation.server, &keys.tls).await.map(drop)
}

/// Remembers the invitation in a new home until its newcomer is admitted.
///
/// # Errors
/// [`HomeError`].
pub fn remember(home: &Home, invitation: &Invitation) -> Result<(), JoinError> {
    let text = invitation.text()?;
    Ok(home.put(Family::Invitation, OWN, text.as_bytes())?)
}

/// Whether the home's enrolment is not finished.
fn is_open(home: &Home) -> Result<bool, HomeError> {
    Ok(home.get(Family::Invitation, OWN)?.is_some())
}

/// How a home's own invitation stands that another is to take the place of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Former {
    /// It is this one.
    Same,
    /// It waits, for its answer or for admission.
    Waits,
    /// It is good for nothing any more.
    Over,
    /// The person has been admitted.
    Admitted,
}

/// How the invitation under which a home was made stands, seen from another one.
///
/// # Errors
/// [`JoinError`].
pub async fn former(home: &Home, other: &Invitation) -> Result<Former, JoinError> {
    let Some(own) = remembered(home)? else { return Ok(Former::Admitted) };
    let lookup = own.lookup().map_err(HomeError::from)?;
    if lookup == other.lookup().map_err(HomeError::from)? {
        return Ok(Former::Same);
    }
    let link = Link::connect(home.server()?, &home.keys().tls).await?;
    Ok(match link.enrolment(&lookup).await {
        Ok(Enrolment::Invited | Enrolment::Redeemed) => Former::Waits,
        Ok(Enrolment::Admitted) => Former::Admitted,
        Ok(Enrolment::Void | Enrolment::Expired) | Err(LinkError::Refused { code: Code::NotFound, .. }) => {
            Former::Over
        }
        Err(error) => return Err(error.into()),
    })
}

/// Puts another invitation, with keys made for it, in the place of one that is over. The keys come first: under
/// the old invitation the server takes none of them.
///
/// # Errors
/// [`JoinError`].
pub fn begin_anew(home: &mut Home, keys: Keys, invitation: &Invitation) -> Result<(), JoinError> {
    home.update_keys(|own| *own = keys)?;
    remember(home, invitation)
}

/// What the newcomer reads to the inviter, who sees the same.
///
/// # Errors
/// [`HomeError::NotAPerson`].
pub fn own_fingerprint(home: &Home) -> Result<String, JoinError> {
    let further = remembered(home)?.is_some_and(|invitation| matches!(invitation.meant, Meant::Device(_)));
    let identity = &home.person()?.identity;
    let keys = if further { identity.device_keys().encode() } else { identity.public_keys().encode() };
    Ok(fingerprint::of_keys(&keys))
}

/// Hands in the keys, unless that was done, and asks how the enrolment stands. Admitted, it checks the
/// directory and forgets the invitation.
///
/// # Errors
/// [`JoinError`].
pub async fn enrol(home: Home) -> Result<Enrolled, JoinError> {
    if let Some(invitation) = remembered(&home)? {
        let link = Link::connect(home.server()?, &home.keys().tls).await?;
        let lookup = invitation.lookup().map_err(HomeError::from)?;
        match standing(&link, &home, &invitation, &lookup).await? {
            Enrolment::Invited | Enrolment::Redeemed => return Ok(Enrolled::Waiting),
            Enrolment::Void => return Ok(Enrolled::Void),
            Enrolment::Expired => return Ok(Enrolled::Expired),
            Enrolment::Admitted => {}
        }
    }
    // A session is large, and this future is held by others.
    Box::pin(admitted(home)).await
}

/// What one who is in the directory finds there, and does once.
async fn admitted(home: Home) -> Result<Enrolled, JoinError> {
    let mut session = Session::open(home).await?;
    let mut membership = check(&session)?;
    let (mut state_keys, mut teams) = (Vec::new(), Vec::new());
    if is_open(&session.home)? {
        settle(&mut session, &membership)?;
        state_keys = keep_state_key(&mut session).await?;
        teams = keep_teams(&mut session).await?;
        membership = check(&session)?;
    }
    let (membership, session) = (Box::new(membership), Box::new(session));
    Ok(Enrolled::Admitted { membership, state_keys, teams, session })
}

fn remembered(home: &Home) -> Result<Option<Invitation>, JoinError> {
    let Some(text) = home.get(Family::Invitation, OWN)? else { return Ok(None) };
    let text = Zeroizing::new(String::from_utf8_lossy(&text).into_owned());
    Ok(Some(text.parse::<Invitation>()?))
}

/// A server says nothing of an invitation to a key that has not redeemed it.
async fn standing(
    link: &Link,
    home: &Home,
    invitation: &Invitation,
    lookup: &[u8; 32],
) -> Result<Enrolment, JoinError> {
    match link.enrolment(lookup).await {
        Err(LinkError::Refused { code: Code::NotFound, .. }) | Ok(Enrolment::Invited) => {}
        asked => return Ok(asked?),
    }
    let request = request(home, invitation.meant)?;
    let mac = invitation.secret.mac(&request.encode()).map_err(HomeError::from)?;
    link.redeem(lookup, &request, &mac).await?;
    Ok(link.enrolment(lookup).await?)
}

fn request(home: &Home, meant: Meant) -> Result<EnrolmentRequest, HomeError> {
    let person = home.person()?;
    let (keys, namespace, of_device) = match meant {
        Meant::Newcomer | Meant::Again(_) => {
            (person.identity.public_keys().encode(), Namespace::Possession, false)
        }
        Meant::Device(_) => (person.identity.device_keys().encode(), Namespace::DevicePossession, true),
    };
    let possession = person.identity.sign.sign(namespace, &home.keys().root, &keys);
    let state_key = person.state_key.as_ref().map(SigningKey::public);
    Ok(EnrolmentRequest { keys: keys.into(), of_device, possession, state_key })
}

/// The directory, as verified up from the root, holds exactly this home's keys and what it was invited as.
///
/// # Errors
/// [`JoinError::NotListed`], [`JoinError::OtherRecord`].
pub fn check(session: &Session) -> Result<Membership, JoinError> {
    let own = session.person()?;
    let keys = own.identity.public_keys();
    let now = session.now();
    let listed = now.person(&keys.user).ok_or(JoinError::NotListed)?;
    let newest = listed.newest_key().ok_or(JoinError::NotListed)?;
    let device = listed.device(&keys.device).ok_or(JoinError::NotListed)?;
    // What one is may change with the years; at first it is what the invitation said.
    let open = is_open(&session.home)?;
    for (what, same) in [
        ("role", !open || listed.role == own.role),
        ("State", listed.state == own.state),
        ("key", is_own(session, newest)),
        ("device's signing key", device.sign == keys.device_sign),
        ("device's key", device.kem == keys.device_kem),
        ("device's TLS key", device.tls_key == keys.device_tls_key),
    ] {
        if !same {
            return Err(JoinError::OtherRecord(what));
        }
    }
    let team = listed.state.map(Team::State).or(listed.secretariat_team.map(Team::Secretariat));
    let newest = team.and_then(|team| Some((team, now.team(&team)?.number)));
    Ok(Membership {
        user: keys.user,
        role: listed.role,
        state: listed.state,
        instruments: listed.instruments.to_vec(),
        secretariat_team: listed.secretariat_team,
        expires_ms: listed.expires_ms,
        replacement: pending(session).into_iter().find(|pending| Some(pending.state) == listed.state),
        state_key: session.state_key().is_ok(),
        team_key: newest.is_some_and(|(team, number)| session.teams().get(team, number).is_some()),
    })
}

/// The person's newest key was made here, or opens to this home; a wrap that does not open is an alert.
fn is_own(session: &Session, newest: &UserKey) -> bool {
    session.own_keys().pair(&newest.kem_id).is_some()
}

/// Forgets the invitation, and a State key that was not certified: the State has another one.
fn settle(session: &mut Session, membership: &Membership) -> Result<(), JoinError> {
    let made = session.home.person()?.state_key.as_ref().map(SigningKey::public);
    let record = membership.state.and_then(|state| session.now().state(&state));
    let certified = record.is_some_and(|state| state.keys.iter().any(|key| Some(key.key) == made));
    if made.is_some() && !certified {
        session.home.update_keys(|keys| {
            if let Holder::Person(person) = &mut keys.holder {
                person.state_key = None;
            }
        })?;
    }
    Ok(session.home.remove(Family::Invitation, OWN)?)
}

/// The name of the record with one's own invitation; those that one opened are named by 32 bytes.
const OWN: &[u8] = b"own";
