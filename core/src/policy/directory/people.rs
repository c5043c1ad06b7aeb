//! People: admitted, seated otherwise, certified anew, removed.

use super::{Scene, Speaker, kem_is_taken};
use crate::act::{AdmitPerson, Membership, PersonKeys, Recertify, Reseat, Role, Team, verify_bytes};
use crate::error::Reason;
use crate::id::{Digest, StateCode, UserId};
use crate::limits::RECIPIENTS_MAX;
use crate::name::{KeyAlgorithm, Namespace, key_id};
use crate::policy::statements;
use crate::state::{Directory, Person};

pub(super) fn admit(scene: &Scene<'_>, act: &AdmitPerson) -> Result<(), Reason> {
    possessed(scene, &act.keys, &act.keys_bytes, &act.possession)?;
    if scene.directory.persons.contains_key(&act.keys.user) || keys_are_taken(scene.directory, &act.keys) {
        return Err(Reason::AlreadyThere);
    }
    if let Some(state) = act.state
        && scene.now.team_recipients(&Team::State(state)).len() >= RECIPIENTS_MAX
    {
        return Err(Reason::TooManyReaders);
    }
    not_past(scene, act.expires_ms)?;
    match (scene.speaker, act.role) {
        (Speaker::Root, Role::Officer) => {
            let plain = act.state.is_none() && act.instruments.is_empty() && act.membership.is_none();
            let of_a_team = act.secretariat_team.is_some() && act.expires_ms.is_none();
            if plain && of_a_team { Ok(()) } else { Err(Reason::NotEntitled) }
        }
        (Speaker::Root, Role::FocalPoint) => first_focal_point(scene, act),
        (Speaker::Root, Role::Expert | Role::Observer) => Err(Reason::FocalPointRequired),
        (Speaker::Person(_) | Speaker::Recovering(_), Role::Officer) => Err(Reason::RootOnly),
        (
            Speaker::Person(author) | Speaker::Recovering(author),
            Role::FocalPoint | Role::Expert | Role::Observer,
        ) => {
            let state = author.state.filter(|state| act.state == Some(*state)).ok_or(Reason::NotEntitled)?;
            let expected = Membership {
                state,
                role: act.role,
                instruments: act.instruments.clone(),
                keys: Digest::of(&act.keys_bytes),
                expires_ms: act.expires_ms,
            };
            if act.secretariat_team.is_some() {
                return Err(Reason::OutsideMechanism);
            }
            seat_is_whole(scene, &expected)?;
            let signed = act.membership.as_ref().ok_or(Reason::BadStatement)?;
            statements::membership(signed, &expected, &scene.now)
        }
    }
}

/// The root seats a State's first focal point. Whoever comes later needs the State's own word, or a replacement
/// that everyone sees 72 hours before it holds (¶18).
fn first_focal_point(scene: &Scene<'_>, act: &AdmitPerson) -> Result<(), Reason> {
    let plain = act.instruments.is_empty() && act.membership.is_none() && act.secretariat_team.is_none();
    let state = act.state.filter(|state| plain && scene.now.state(state).is_some());
    let state = state.ok_or(Reason::NotEntitled)?;
    let taken = scene.now.state_key(&state).is_some() || scene.now.focal_points(state).next().is_some();
    if taken { Err(Reason::SeatTaken) } else { Ok(()) }
}

pub(super) fn reseat(scene: &Scene<'_>, act: &Reseat) -> Result<(), Reason> {
    let author = scene.person()?;
    let person = scene.now.person(&act.user).ok_or(Reason::NoSuchSubject)?;
    let state = author.state.filter(|state| person.state == Some(*state)).ok_or(Reason::NotEntitled)?;
    not_past(scene, act.expires_ms)?;
    if author.user == act.user && is_longer(act.expires_ms, author.expires_ms) {
        return Err(Reason::OwnEnd);
    }
    let expected = Membership {
        state,
        role: act.role,
        instruments: act.instruments.clone(),
        keys: person.record().certified,
        expires_ms: act.expires_ms,
    };
    seat_is_whole(scene, &expected)?;
    if author.role != Role::FocalPoint {
        // Only who has put the State's key together again can have this word.
        if author.user != act.user || act.role != Role::FocalPoint {
            return Err(Reason::FocalPointRequired);
        }
        return statements::membership_by_newest(&act.membership, &expected, &scene.now);
    }
    if act.role != Role::FocalPoint || act.expires_ms.is_some() {
        stays_with_a_focal_point(scene, state, &person)?;
    }
    statements::membership(&act.membership, &expected, &scene.now)
}

pub(super) fn recertify(scene: &Scene<'_>, act: &Recertify) -> Result<(), Reason> {
    possessed(scene, &act.keys, &act.keys_bytes, &act.possession)?;
    let person = scene.now.person(&act.keys.user).ok_or(Reason::NoSuchSubject)?;
    if keys_are_taken(scene.directory, &act.keys) {
        return Err(Reason::AlreadyThere);
    }
    match (scene.speaker, person.role) {
        (Speaker::Root, Role::Officer) => {
            if act.membership.is_none() {
                Ok(())
            } else {
                Err(Reason::BadStatement)
            }
        }
        (Speaker::Root, Role::FocalPoint) => Err(Reason::SeatTaken),
        (Speaker::Root, Role::Expert | Role::Observer) => Err(Reason::FocalPointRequired),
        (Speaker::Person(_) | Speaker::Recovering(_), Role::Officer) => Err(Reason::RootOnly),
        (
            Speaker::Person(author) | Speaker::Recovering(author),
            Role::FocalPoint | Role::Expert | Role::Observer,
        ) => {
            let state = author.state.filter(|state| person.state == Some(*state));
            let state = state.filter(|_| author.user != person.user).ok_or(Reason::NotEntitled)?;
            let expected = Membership {
                state,
                role: person.role,
                instruments: person.instruments.to_vec(),
                keys: Digest::of(&act.keys_bytes),
                expires_ms: person.expires_ms,
            };
            let signed = act.membership.as_ref().ok_or(Reason::BadStatement)?;
            statements::membership(signed, &expected, &scene.now)
        }
    }
}

pub(super) fn remove(scene: &Scene<'_>, user: &UserId) -> Result<(), Reason> {
    let person = scene.now.person(user).ok_or(Reason::NoSuchSubject)?;
    match (scene.speaker, person.role) {
        (Speaker::Recovering(_), _) => Err(Reason::NotEntitled),
        (Speaker::Person(_), Role::Officer) => Err(Reason::RootOnly),
        (Speaker::Person(author), _) if author.state != person.state => Err(Reason::NotEntitled),
        (Speaker::Root, _) | (Speaker::Person(_), Role::Expert | Role::Observer) => Ok(()),
        (Speaker::Person(_), Role::FocalPoint) => {
            let state = person.state.ok_or(Reason::NotEntitled)?;
            stays_with_a_focal_point(scene, state, &person)
        }
    }
}

/// Without `leaver` the State still has a focal point for good who was handed its key.
fn stays_with_a_focal_point(scene: &Scene<'_>, state: StateCode, leaver: &Person<'_>) -> Result<(), Reason> {
    let mut others = scene.now.focal_points(state).filter(|person| person.user != leaver.user);
    let stays = others.any(|other| other.expires_ms.is_none() && scene.now.holds_state_key(&other));
    if stays || leaver.role != Role::FocalPoint { Ok(()) } else { Err(Reason::LastFocalPoint) }
}

/// Focal points work on everything, others on what is named; and nobody becomes an officer by a State's word.
fn seat_is_whole(scene: &Scene<'_>, seat: &Membership) -> Result<(), Reason> {
    let known = seat.instruments.iter().all(|code| scene.mechanism.instrument(code).is_some());
    let whole = match seat.role {
        Role::FocalPoint => seat.instruments.is_empty(),
        Role::Expert | Role::Observer => !seat.instruments.is_empty(),
        Role::Officer => false,
    };
    if known && whole { Ok(()) } else { Err(Reason::OutsideMechanism) }
}

fn not_past(scene: &Scene<'_>, expires_ms: Option<u64>) -> Result<(), Reason> {
    if expires_ms.is_some_and(|end| end <= scene.log_time_ms) { Err(Reason::PastEnd) } else { Ok(()) }
}

/// Whether a seat with this end lasts longer than one with the end `before`; none is for good.
fn is_longer(end: Option<u64>, before: Option<u64>) -> bool {
    before.is_some_and(|before| end.is_none_or(|end| end > before))
}

/// Whoever asks holds the device key among the keys.
pub(super) fn possessed(
    scene: &Scene<'_>,
    keys: &PersonKeys,
    bytes: &[u8],
    possession: &[u8; 64],
) -> Result<(), Reason> {
    verify_bytes(Namespace::Possession, &keys.device_sign, &scene.directory.root, bytes, possession)
        .map_err(|_| Reason::BadPossession)
}

/// Ids and keys are never used twice, not even after their holder has left, and not for two purposes.
pub(super) fn keys_are_taken(directory: &Directory, keys: &PersonKeys) -> bool {
    let wrapped_to = [&keys.user_kem, &keys.device_kem].map(|kem| key_id(KeyAlgorithm::XWing, kem));
    wrapped_to[0] == wrapped_to[1]
        || kem_is_taken(directory, &wrapped_to[0])
        || super::devices::is_taken(
            directory,
            &keys.device,
            &keys.device_sign,
            &keys.device_tls_key,
            &wrapped_to[1],
        )
}
