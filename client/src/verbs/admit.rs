//! An inviter admits those who have answered: checks that the keys come from whoever was given the
//! invitation, and certifies them.

use bytes::Bytes;
use chancery_core::act::{
    AddDevice, AdmitPerson, CertifyStateKey, DeviceKeys, Membership, PersonCard, PersonKeys, Recertify, Role,
    StateStatement, Statement,
};
use chancery_core::error::Reason;
use chancery_core::id::{DeviceId, Digest, UserId};
use chancery_core::name::{KeyAlgorithm, key_id};

use super::invite::{Kept, Terms};
use super::root_state;
use super::state_key::{StateKeyKept, keep_state_key};
use super::teams::{self, TeamKept};
use super::{cards, user_key};
use crate::compose::{Composed, RecipientKey};
use crate::fingerprint;
use crate::home::{Family, Holder};
use crate::invitation::Meant;
use crate::link::{Enrolment, EnrolmentRequest, IncomingInvitation};
use crate::second::RootActs;
use crate::sync::{Prepared, Session, SessionError, with_current_state_key};

/// One of the inviter's invitations.
#[derive(Debug)]
pub struct Candidate {
    /// What the server finds it by.
    pub lookup: [u8; 32],
    /// What it is for.
    pub terms: Terms,
    /// Who is meant, as the inviter wrote.
    pub card: Option<PersonCard>,
    /// When it expires, milliseconds of UTC.
    pub expires_ms: u64,
    /// How it stands.
    pub standing: Standing,
    /// Answers that were rejected so far.
    pub rejected: u32,
}

/// How an invitation stands.
#[derive(Debug)]
pub enum Standing {
    /// The newcomer has not answered.
    Waiting,
    /// The newcomer has answered, and the answer comes from whoever was given the invitation.
    Ready(Box<Newcomer>),
    /// An answer that does not come from whoever was given the invitation, or is not well-formed.
    Forged,
    /// Closed.
    Void,
    /// Nobody has answered in time.
    Expired,
}

/// A newcomer's answer, checked.
#[derive(Debug)]
pub struct Newcomer {
    /// The public keys.
    pub keys: Answered,
    /// What both sides can compare: see [`fingerprint::of_keys`].
    pub fingerprint: String,
    pub(super) request: EnrolmentRequest,
}

/// Whose keys were handed in.
#[derive(Debug)]
pub enum Answered {
    /// A newcomer's, or those of a person who is certified anew.
    Person(PersonKeys),
    /// A further device's.
    Device(DeviceKeys),
}

impl Answered {
    /// The person.
    #[must_use]
    pub const fn user(&self) -> UserId {
        match self {
            Self::Person(keys) => keys.user,
            Self::Device(keys) => keys.user,
        }
    }

    /// The device.
    #[must_use]
    pub const fn device(&self) -> DeviceId {
        match self {
            Self::Person(keys) => keys.device,
            Self::Device(keys) => keys.device,
        }
    }
}

/// A person who was admitted.
#[derive(Debug)]
pub struct Admitted {
    /// The person.
    pub user: UserId,
    /// The device.
    pub device: DeviceId,
    /// As what.
    pub terms: Terms,
    /// Who it is, as the inviter wrote.
    pub card: Option<PersonCard>,
    /// What both sides can compare.
    pub fingerprint: String,
    /// Whether the person's State key was certified with it.
    pub state_key: bool,
    /// What was done for the State's key.
    pub state_keys: Vec<StateKeyKept>,
    /// What was done so that the newcomer can read.
    pub teams: Vec<TeamKept>,
}

/// The inviter's invitations, each with how it stands.
///
/// # Errors
/// [`SessionError`].
pub async fn candidates(session: &mut Session) -> Result<Vec<Candidate>, SessionError> {
    session.sync_directory().await?;
    let mut candidates = Vec::new();
    for incoming in session.link.list_invitations().await? {
        // Opened by another home of the same inviter: only that one can check the answer.
        let Some(kept) = Kept::read(session, &incoming.lookup)? else { continue };
        candidates.push(Candidate {
            lookup: incoming.lookup,
            terms: kept.terms.clone(),
            card: kept.card(),
            expires_ms: incoming.expires_ms,
            standing: standing(&incoming, &kept),
            rejected: incoming.rejected,
        });
    }
    Ok(candidates)
}

fn standing(incoming: &IncomingInvitation, kept: &Kept) -> Standing {
    match (incoming.state, &incoming.redemption) {
        (Enrolment::Invited, _) => Standing::Waiting,
        (Enrolment::Void, _) => Standing::Void,
        (Enrolment::Expired, _) => Standing::Expired,
        (Enrolment::Redeemed | Enrolment::Admitted, None) => Standing::Forged,
        (Enrolment::Redeemed | Enrolment::Admitted, Some(redemption)) => {
            let genuine = kept.secret().check(&redemption.request, &redemption.mac).is_ok();
            let newcomer = genuine.then(|| newcomer(&redemption.request, &kept.terms)).flatten();
            newcomer.map_or(Standing::Forged, |newcomer| Standing::Ready(Box::new(newcomer)))
        }
    }
}

fn newcomer(request: &Bytes, terms: &Terms) -> Option<Newcomer> {
    let request = EnrolmentRequest::decode(request).ok()?;
    let keys = match terms.meant {
        Meant::Newcomer | Meant::Again(_) if !request.of_device => {
            Answered::Person(PersonKeys::decode(&request.keys).ok()?)
        }
        Meant::Device(_) if request.of_device => Answered::Device(DeviceKeys::decode(&request.keys).ok()?),
        Meant::Newcomer | Meant::Device(_) | Meant::Again(_) => return None,
    };
    let with_state_key = terms.role == Role::FocalPoint && terms.meant == Meant::Newcomer;
    let meant = match terms.meant {
        Meant::Newcomer => true,
        Meant::Device(user) | Meant::Again(user) => keys.user() == user,
    };
    if request.state_key.is_some() != with_state_key || !meant {
        return None;
    }
    Some(Newcomer { fingerprint: fingerprint::of_keys(&request.keys), keys, request })
}

/// Admits one who has answered, and closes the invitation. After a crash in the middle, doing it again
/// finishes it.
///
/// # Errors
/// [`SessionError::Refused`] by the policy; [`Reason::BadPossession`] for an answer that was forged;
/// [`SessionError::NotAnswered`].
pub async fn admit(session: &mut Session, candidate: Candidate) -> Result<Admitted, SessionError> {
    let newcomer = answered(&candidate.standing)?;
    let (user, device) = (newcomer.keys.user(), newcomer.keys.device());
    let terms = candidate.terms;
    // Takes 72 hours and two acts of its own.
    if terms.replaces {
        return Err(Reason::SeatTaken.into());
    }
    let mut state_key = false;
    if session.now().by_device(&device).is_none() {
        state_key = with_current_state_key(session, async |session| {
            let acts = acts(session, newcomer, &terms)?;
            let certifies = acts.len() > 1;
            session.append(session.directory().id(), acts).await?;
            Ok(certifies)
        })
        .await?;
    }
    close_answered(session, &candidate.lookup, candidate.card.as_ref(), user).await?;
    let (state_keys, kept) = match session.home.keys().holder {
        Holder::Custodian { .. } | Holder::Second { .. } => (Vec::new(), Vec::new()),
        Holder::Person(_) => (keep_state_key(session).await?, teams::keep_teams(session).await?),
    };
    let fingerprint = newcomer.fingerprint.clone();
    Ok(Admitted {
        user,
        device,
        terms,
        card: candidate.card,
        fingerprint,
        state_key,
        state_keys,
        teams: kept,
    })
}

/// Puts the acts of the root that admit those who have answered into a file, all in one, for the second custodian.
/// Their invitations are closed when the acts are sent. Those who were admitted before have no part in it: their
/// invitations are closed now. Nothing if that is all of them.
///
/// # Errors
/// As [`admit`], and of [`root_state::state`].
pub async fn admit_by_file(
    session: &mut Session,
    candidates: &[Candidate],
) -> Result<Option<Box<RootActs>>, SessionError> {
    session.home.root_key()?;
    let mut all = Vec::new();
    for candidate in candidates {
        let newcomer = answered(&candidate.standing)?;
        if candidate.terms.replaces {
            return Err(Reason::SeatTaken.into());
        }
        if session.now().by_device(&newcomer.keys.device()).is_some() {
            let user = newcomer.keys.user();
            close_answered(session, &candidate.lookup, candidate.card.as_ref(), user).await?;
            continue;
        }
        all.extend(statements(session, newcomer, &candidate.terms)?);
    }
    if all.is_empty() {
        return Ok(None);
    }
    Ok(Some(root_state::file(session, all)?))
}

/// Who has answered an invitation that is open.
fn answered(standing: &Standing) -> Result<&Newcomer, SessionError> {
    match standing {
        Standing::Ready(newcomer) => Ok(newcomer),
        Standing::Forged => Err(Reason::BadPossession.into()),
        Standing::Waiting => Err(SessionError::NotAnswered("was not answered yet")),
        Standing::Void => Err(SessionError::NotAnswered("is closed")),
        Standing::Expired => Err(SessionError::NotAnswered("has expired")),
    }
}

/// Closes the invitations that these people have answered, now that they are in the directory.
///
/// # Errors
/// [`SessionError`].
pub(super) async fn close_invitations_of(
    session: &mut Session,
    users: &[UserId],
) -> Result<(), SessionError> {
    if users.is_empty() {
        return Ok(());
    }
    for candidate in candidates(session).await? {
        let Standing::Ready(newcomer) = &candidate.standing else { continue };
        let user = newcomer.keys.user();
        if users.contains(&user) {
            close_answered(session, &candidate.lookup, candidate.card.as_ref(), user).await?;
        }
    }
    Ok(())
}

async fn close_answered(
    session: &Session,
    lookup: &[u8; 32],
    card: Option<&PersonCard>,
    user: UserId,
) -> Result<(), SessionError> {
    if let Some(card) = card {
        cards::keep(&session.home, user, card)?;
    }
    session.link.close_invitation(lookup, true).await?;
    Ok(session.home.remove(Family::Invitation, lookup)?)
}

/// Rejects an answer that does not come from whoever was given the invitation. The invitation waits for another;
/// returns how many more it takes.
///
/// # Errors
/// [`Reason::NoSuchSubject`] if the answer is not forged.
pub async fn reject(session: &Session, candidate: &Candidate) -> Result<u32, SessionError> {
    match candidate.standing {
        Standing::Forged => Ok(session.link.reject_answer(&candidate.lookup, candidate.rejected).await?),
        Standing::Waiting | Standing::Ready(_) | Standing::Void | Standing::Expired => {
            Err(Reason::NoSuchSubject.into())
        }
    }
}

/// Closes an invitation without admitting anyone.
///
/// # Errors
/// [`SessionError`].
pub async fn refuse(session: &Session, candidate: &Candidate) -> Result<(), SessionError> {
    session.link.close_invitation(&candidate.lookup, false).await?;
    Ok(session.home.remove(Family::Invitation, &candidate.lookup)?)
}

/// The acts that let in whoever has answered.
fn acts(session: &Session, newcomer: &Newcomer, terms: &Terms) -> Result<Vec<Prepared>, SessionError> {
    if let Answered::Device(keys) = &newcomer.keys {
        return Ok(vec![add_device(session, keys, &newcomer.request)?.into()]);
    }
    let directory = session.directory().id();
    let signed = |statement| Ok(session.sign(directory, statement)?.into());
    statements(session, newcomer, terms)?.into_iter().map(signed).collect()
}

/// A further device of one's own, with the person's newest key.
fn add_device(
    session: &Session,
    keys: &DeviceKeys,
    request: &EnrolmentRequest,
) -> Result<Composed, SessionError> {
    let recipient = RecipientKey { id: key_id(KeyAlgorithm::XWing, &keys.kem), public: keys.kem.clone() };
    let (handed, wraps) = user_key::hand(session, recipient)?;
    let statement = Statement::AddDevice(AddDevice {
        keys: keys.clone(),
        keys_bytes: request.keys.clone(),
        possession: request.possession,
        handed: Some(handed),
    });
    let act = session.sign(session.directory().id(), statement)?;
    Ok(Composed { act, body: None, wraps, previous_box: None })
}

/// What is stated of a person who has answered: certified anew, or admitted, and then a focal point's State key
/// certified where the State has none: who is there then is known to hold it.
fn statements(session: &Session, newcomer: &Newcomer, terms: &Terms) -> Result<Vec<Statement>, SessionError> {
    let Answered::Person(keys) = &newcomer.keys else { return Err(Reason::NotEntitled.into()) };
    let by_root = matches!(session.home.keys().holder, Holder::Custodian { .. });
    let membership = if by_root { None } else { Some(membership(session, newcomer, terms)?) };
    let (keys, keys_bytes) = (keys.clone(), newcomer.request.keys.clone());
    let possession = newcomer.request.possession;
    if let Meant::Again(_) = terms.meant {
        return Ok(vec![Statement::Recertify(Recertify { keys, keys_bytes, possession, membership })]);
    }
    let mut statements = vec![Statement::AdmitPerson(AdmitPerson {
        keys,
        keys_bytes,
        possession,
        role: terms.role,
        state: terms.state,
        instruments: terms.instruments.clone(),
        secretariat_team: terms.team,
        membership,
        expires_ms: terms.expires_ms,
    })];
    let now = session.now();
    if let (true, Some(state), Some(key)) = (by_root, terms.state, newcomer.request.state_key)
        && now.state_key(&state).is_none()
    {
        statements.push(Statement::CertifyStateKey(CertifyStateKey { state, key, generation: 0 }));
    }
    Ok(statements)
}

/// The State's word that the newcomer belongs to it.
fn membership(
    session: &Session,
    newcomer: &Newcomer,
    terms: &Terms,
) -> Result<chancery_core::act::SignedMembership, SessionError> {
    let state = terms.state.ok_or(Reason::NotEntitled)?;
    let membership = Membership {
        state,
        role: terms.role,
        instruments: terms.instruments.clone(),
        keys: Digest::of(&newcomer.request.keys),
        expires_ms: terms.expires_ms,
    };
    session.state_word(&StateStatement::Membership(membership))
}

#[cfg(test)]
mod tests {
    use chancery_core::id::KeyId;
    use chancery_core::name::Namespace;
    use chancery_seal::secret::InvitationSecret;

    use super::*;
    use crate::identity::Identity;
    use crate::link::Redemption;

    fn kept(role: Role) -> Kept {
        let terms = Terms::of(role, Some("CL".parse().unwrap()));
        let card = PersonCard { name: String::new(), post: String::new(), contact: String::new() };
        Kept::new(&InvitationSecret::from_bytes([3; 16]), terms, &card)
    }

    fn answer(state_key: Option<[u8; 32]>) -> EnrolmentRequest {
        let identity = Identity::make(KeyId::new([7; 32])).unwrap();
        let keys = Bytes::from(identity.public_keys().encode());
        let possession = identity.sign.sign(Namespace::Possession, &KeyId::new([1; 32]), &keys);
        EnrolmentRequest { keys, of_device: false, possession, state_key }
    }

    fn word(state: Enrolment, request: &[u8], mac: &[u8], role: Role) -> &'static str {
        let redemption =
            Some(Redemption { request: Bytes::copy_from_slice(request), mac: Bytes::copy_from_slice(mac) });
        let incoming = IncomingInvitation { lookup: [0; 32], state, expires_ms: 0, redemption, rejected: 0 };
        match standing(&incoming, &kept(role)) {
            Standing::Waiting => "waiting",
            Standing::Ready(_) => "ready",
            Standing::Forged => "forged",
            Standing::Void => "void",
            Standing::Expired => "expired",
        }
    }

    #[test]
    fn only_an_answer_of_whoever_was_invited_is_ready() {
        let secret = InvitationSecret::from_bytes([3; 16]);
        let good = answer(None).encode();
        let mac = secret.mac(&good).unwrap();
        let check = |request: &[u8], mac: &[u8], role, expected| {
            assert_eq!(word(Enrolment::Redeemed, request, mac, role), expected);
        };
        check(&good, &mac, Role::Expert, "ready");
        assert_eq!(word(Enrolment::Admitted, &good, &mac, Role::Expert), "ready", "to be finished");
        assert_eq!(word(Enrolment::Invited, &good, &mac, Role::Expert), "waiting");
        assert_eq!(word(Enrolment::Void, &good, &mac, Role::Expert), "void");
        assert_eq!(word(Enrolment::Expired, &good, &mac, Role::Expert), "expired");

        let other = InvitationSecret::from_bytes([4; 16]).mac(&good).unwrap();
        check(&good, &other, Role::Expert, "forged");
        check(&good, &mac[..31], Role::Expert, "forged");
        check(&answer(None).encode(), &mac, Role::Expert, "forged");

        // Well authenticated, but not of the form.
        let check = |request: &[u8], role, expected| {
            assert_eq!(word(Enrolment::Redeemed, request, &secret.mac(request).unwrap(), role), expected);
        };
        check(&good, Role::FocalPoint, "forged");
        check(&answer(Some([5; 32])).encode(), Role::FocalPoint, "ready");
        check(&answer(Some([5; 32])).encode(), Role::Expert, "forged");
        check(&[&good[..], &[0x78, 1]].concat(), Role::Expert, "forged");
        check(&good[..good.len() - 1], Role::Expert, "forged");
        check(&[], Role::Expert, "forged");
        let cut = EnrolmentRequest { keys: Bytes::from_static(b"keys"), ..answer(None) };
        check(&cut.encode(), Role::Expert, "forged");
    }
}
