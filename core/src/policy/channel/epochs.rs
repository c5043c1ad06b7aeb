//! Epochs and those who hold them: who makes the next, who joins, who leaves, who complains.

use super::{Effect, Scene, standing};
use crate::act::{AddMember, Complain, Fault, Kind, NewEpoch, Role, ShareEpoch};
use crate::error::Reason;
use crate::id::{ActId, UserId};
use crate::limits::RECIPIENTS_MAX;
use crate::mechanism::Side;
use crate::policy::table::{MemberRole, Standing, allows};
use crate::state::{Epoch, Person, Place};

pub(super) fn new_epoch(scene: &Scene<'_>, act_id: ActId, act: &NewEpoch) -> Result<Effect, Reason> {
    let channel = scene.channel;
    let founding = channel.awaits_founders(scene.roster, &scene.directory);
    if founding {
        first_epoch_by_its_own_side(scene)?;
    }
    let next = channel.epoch.as_ref().map_or(0, |epoch| epoch.number + 1);
    if act.number != next {
        return Err(Reason::WrongGeneration);
    }
    let own = |epoch: &Epoch| epoch.suspended && epoch.author == scene.author.user;
    if channel.epoch.as_ref().is_some_and(own) && another_could_rotate(scene) {
        return Err(Reason::EpochSuspended);
    }
    current_team(scene)?;
    let expected = channel.epoch_recipients(scene.roster, &scene.directory);
    let secretariat = channel.secretariat_key(scene.roster, &scene.directory);
    let reads = channel.place.secretariat_reads();
    let exact = !expected.is_empty()
        && act.recipients.key_ids == expected
        && act.secretariat.as_ref().map(|wrap| wrap.key_id) == secretariat
        && secretariat.is_some() == reads
        // Who begins a channel anew, because nobody is left in it, does not know its last secret.
        && act.previous_box.is_some() != founding;
    if !exact {
        return Err(Reason::WrongRecipients);
    }
    let members = if founding {
        scene.roster.founders(&channel.place, &scene.directory)
    } else {
        channel.entitled(scene.roster, &scene.directory).map(|person| person.user).collect()
    };
    let epoch = Epoch {
        number: next,
        act: act_id,
        author: scene.author.user,
        commitment: act.commitment,
        keys: expected.into_iter().collect(),
        secretariat,
        suspended: false,
    };
    Ok(Effect::Rotated { epoch, members })
}

/// The secretariat opens a channel; its key is made by those whose channel it is.
fn first_epoch_by_its_own_side(scene: &Scene<'_>) -> Result<(), Reason> {
    let own = match (&scene.channel.place, scene.standing) {
        (Place::Review, standing) => standing == Standing::Officer,
        (Place::Strand { .. }, Standing::Member(MemberRole::FocalPoint, Some(side))) => {
            side == Side::StateUnderReview
        }
        (
            Place::Coordination { .. } | Place::Delegation { .. },
            Standing::Member(MemberRole::FocalPoint, _),
        ) => true,
        _ => false,
    };
    if own { Ok(()) } else { Err(Reason::NotGenesis) }
}

/// Whether there is a person beside the author who may make an epoch here: where there is none, the maker of
/// a suspended epoch may make the next, or the channel would stand still for ever.
fn another_could_rotate(scene: &Scene<'_>) -> bool {
    let kind = scene.channel.place.kind();
    let writes = |person: &Person<'_>| {
        standing(scene.channel, scene.roster, &scene.directory, person)
            .is_ok_and(|standing| allows(scene.mechanism, standing, kind, Kind::NewEpoch, None).is_ok())
    };
    scene.directory.persons().any(|person| person.user != scene.author.user && writes(&person))
}

/// Nobody who has left the secretariat's team knows the key that it would read with.
fn current_team(scene: &Scene<'_>) -> Result<(), Reason> {
    let team = scene.roster.team();
    let stale = scene.channel.place.secretariat_reads()
        && scene.directory.team(&team).is_some()
        && !scene.directory.team_is_current(&team);
    if stale { Err(Reason::StaleTeam) } else { Ok(()) }
}

fn entitled<'a>(scene: &Scene<'a>, user: &UserId) -> Option<Person<'a>> {
    scene.directory.person(user).filter(|person| scene.roster.seat(&scene.channel.place, person).is_some())
}

pub(super) fn add_member(scene: &Scene<'_>, act: &AddMember) -> Result<Effect, Reason> {
    current_epoch(scene)?;
    let person = scene.directory.person(&act.user).ok_or(Reason::NoSuchSubject)?;
    if scene.channel.members.contains(&act.user) {
        return Err(Reason::AlreadyThere);
    }
    // More could join, but nobody could make the next epoch for them.
    if scene.channel.members.len() >= RECIPIENTS_MAX {
        return Err(Reason::TooManyReaders);
    }
    // A focal point brings in its own people, and another State's successor focal point; an expert, where no
    // focal point of the State is left inside, the next.
    let own = person.state == scene.author.state;
    let successor = person.role == Role::FocalPoint;
    if scene.author.role != Role::FocalPoint && !(own && successor) {
        return Err(Reason::FocalPointRequired);
    }
    if !(own || successor) || entitled(scene, &act.user).is_none() {
        return Err(Reason::NotEntitled);
    }
    let key = person.kem_id().ok_or(Reason::NoCurrentKey)?;
    if act.recipients.key_ids != [key] {
        return Err(Reason::WrongRecipients);
    }
    Ok(Effect::Joined { user: act.user, key })
}

/// A member whose own key was replaced while nobody made a new epoch, or who had none when it was made.
pub(super) fn share_epoch(scene: &Scene<'_>, act: &ShareEpoch) -> Result<Effect, Reason> {
    let epoch = current_epoch(scene)?;
    if !scene.channel.members.contains(&act.user) {
        return Err(Reason::NoSuchSubject);
    }
    let person = entitled(scene, &act.user).ok_or(Reason::NotEntitled)?;
    let key = person.kem_id().ok_or(Reason::NoCurrentKey)?;
    if epoch.keys.contains(&key) {
        return Err(Reason::AlreadyThere);
    }
    if act.recipients.key_ids != [key] {
        return Err(Reason::WrongRecipients);
    }
    Ok(Effect::Joined { user: act.user, key })
}

pub(super) fn remove_member(scene: &Scene<'_>, user: &UserId) -> Result<Effect, Reason> {
    if !scene.channel.members.contains(user) {
        return Err(Reason::NoSuchSubject);
    }
    // One who is gone, or not entitled any more, may be shown out by any focal point.
    let own = entitled(scene, user).is_none_or(|person| person.state == scene.author.state);
    if own { Ok(Effect::Left(*user)) } else { Err(Reason::NotEntitled) }
}

/// No act adds content, or brings in a reader, under a secret that someone holds who should not, or that a
/// reader could not open.
pub(super) fn current_epoch<'a>(scene: &Scene<'a>) -> Result<&'a Epoch, Reason> {
    let channel = scene.channel;
    let epoch = channel.epoch.as_ref().ok_or(Reason::NotGenesis)?;
    if epoch.suspended {
        return Err(Reason::EpochSuspended);
    }
    current_team(scene)?;
    let current = channel.epoch_is_current(epoch, scene.roster, &scene.directory);
    if current { Ok(epoch) } else { Err(Reason::StaleEpoch) }
}

pub(super) fn complain(scene: &Scene<'_>, act: &Complain) -> Result<Effect, Reason> {
    let channel = scene.channel;
    let cited = match act.fault {
        Fault::File(file) => channel.posts.get(&act.act_id).is_some_and(|post| post.files.contains(&file)),
        Fault::Wrap | Fault::PreviousBox | Fault::Body => channel.acts.contains_key(&act.act_id),
    };
    if !cited {
        return Err(Reason::NoSuchSubject);
    }
    // The maker of an epoch holds its secret, and makes the next one if something is wrong.
    let by_another = |epoch: &Epoch| epoch.act == act.act_id && epoch.author != scene.author.user;
    let about_the_epoch = channel.epoch.as_ref().is_some_and(by_another);
    let suspends = about_the_epoch && matches!(act.fault, Fault::Wrap | Fault::PreviousBox);
    Ok(Effect::Complained { suspends })
}
