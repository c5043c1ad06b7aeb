//! Keys of teams.

use super::{Scene, Speaker, kem_is_taken};
use crate::act::{NewTeamGeneration, Role, ShareTeam, Team};
use crate::error::Reason;
use crate::name::{KeyAlgorithm, key_id};

/// A State's team is its focal point's to manage, a secretariat team its officers', all parties any officer's.
fn manages(scene: &Scene<'_>, team: &Team) -> Result<(), Reason> {
    let Speaker::Person(author) = scene.speaker else { return Err(Reason::OfficerOnly) };
    match team {
        Team::State(state) if author.state == Some(*state) => Ok(()),
        Team::State(_) => Err(Reason::NotEntitled),
        Team::Secretariat(id) if author.secretariat_team == Some(*id) => Ok(()),
        Team::AllParties if author.role == Role::Officer => Ok(()),
        Team::Secretariat(_) | Team::AllParties => Err(Reason::OfficerOnly),
    }
}

pub(super) fn new_generation(scene: &Scene<'_>, act: &NewTeamGeneration) -> Result<(), Reason> {
    manages(scene, &act.team)?;
    let now = scene.now;
    let next = now.team(&act.team).map_or(0, |generation| generation.number + 1);
    if act.generation != next {
        return Err(Reason::WrongGeneration);
    }
    if kem_is_taken(scene.directory, &key_id(KeyAlgorithm::XWing, &act.kem)) {
        return Err(Reason::AlreadyThere);
    }
    let expected = now.team_recipients(&act.team);
    // Who manages the team may have come after all who held its key.
    let boxed = act.previous_box.is_some() == (next > 0 && !now.team_is_lost(&act.team));
    let exact = !expected.is_empty() && act.recipients.key_ids == expected;
    if exact && boxed { Ok(()) } else { Err(Reason::WrongRecipients) }
}

pub(super) fn share(scene: &Scene<'_>, act: &ShareTeam) -> Result<(), Reason> {
    manages(scene, &act.team)?;
    let now = scene.now;
    let current = now.team(&act.team).ok_or(Reason::NoSuchSubject)?;
    if act.generation != current.number {
        return Err(Reason::WrongGeneration);
    }
    match act.recipients.key_ids.as_slice() {
        [one] if now.team_recipients(&act.team).contains(one) => Ok(()),
        _ => Err(Reason::WrongRecipients),
    }
}
