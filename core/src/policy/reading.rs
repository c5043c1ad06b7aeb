//! Who reads, and whether an act was judged by what still holds: what a server asks beside `decide`.

use super::channel::{World, standing};
use super::table::allows;
use crate::act::{Author, Kind, SignedAct, Statement};
use crate::error::Reason;
use crate::file::FileUse;
use crate::id::{StateCode, UserId};
use crate::mechanism::Mechanism;
use crate::state::{Channel, DirectoryAt, Person, Roster};

/// Whether `person`, who is in the directory at this moment, reads `channel`: the one answer for lists,
/// entries, bodies, files, proofs and streams.
#[must_use]
pub fn reads(channel: &Channel, roster: &Roster, directory: &DirectoryAt<'_>, person: &Person<'_>) -> bool {
    standing(channel, roster, directory, person).is_ok()
}

/// Whether `person` may bring a file of this use to `channel`: who may write there, and for a public
/// rendition who may disclose. An act that cites the file is decided on its own.
///
/// # Errors
/// The reason for which not; [`Reason::NotAMember`] before all others.
pub fn check_upload(
    mechanism: &Mechanism,
    channel: &Channel,
    roster: &Roster,
    directory: &DirectoryAt<'_>,
    person: &Person<'_>,
    usage: FileUse,
) -> Result<(), Reason> {
    let standing = standing(channel, roster, directory, person)?;
    let place = channel.place.kind();
    match usage {
        FileUse::Rendition(_) => allows(mechanism, standing, place, Kind::Disclose, None),
        FileUse::Sealed => {
            let items = mechanism.items().filter(|(_, rule)| rule.channel == place);
            let mut refused = Reason::WrongChannel;
            for (item, _) in items {
                match allows(mechanism, standing, place, Kind::Post, Some(item)) {
                    Ok(()) => return Ok(()),
                    // What an officer or an observer is told of one kind holds for all of them.
                    Err(reason) => refused = reason,
                }
            }
            Err(refused)
        }
    }
}

/// Whether `person` reads what is opened to all parties (¶40): people of State parties, and officers.
#[must_use]
pub fn reads_all_parties(directory: &DirectoryAt<'_>, person: &Person<'_>) -> bool {
    person.state.is_none_or(|state| directory.is_party_to_any(&state))
}

/// Checks that what `act` was judged by at its basis still holds in the newest `world`, at this log time: its
/// author and device, its State's key, the channel's readers and its secretariat key, and whom it brings in.
///
/// Only a server that orders acts can ask this: a reader of the log cannot know what was newest then.
///
/// # Errors
/// [`Reason::StaleBasis`]; [`Reason::BadBasis`] where there is no such basis.
pub fn check_fresh(
    world: World<'_>,
    channel: &Channel,
    act: &SignedAct,
    log_time_ms: u64,
) -> Result<(), Reason> {
    let content = act.content();
    let basis = content.header.basis.ok_or(Reason::BadBasis)?;
    let review = world.review.unwrap_or(channel);
    let heads = (world.directory.log.head(), world.review.map(|review| review.log.head()));
    if heads == (basis.directory, basis.review) {
        return Ok(());
    }
    let then = world.directory.at_head(&basis.directory, log_time_ms).ok_or(Reason::BadBasis)?;
    let now = world.directory.now(log_time_ms);
    // A review's own acts are judged by what it is at their place.
    let roster_then = match &basis.review {
        Some(head) => review.roster_at(head.size),
        None => review.roster(),
    };
    let Author::Person { user, device } = content.header.author else { return Err(Reason::WrongChannel) };
    let author = now.person(&user).filter(|person| person.device(&device).is_some());
    let state = author.and_then(|person| person.state);
    let subject = match &content.statement {
        Statement::AddMember(act) => Some(act.user),
        Statement::ShareEpoch(act) => Some(act.user),
        _ => None,
    };
    let same_readers = |roster: &Roster| {
        same_state_key(&now, &then, roster.0.state)
            && channel.epoch_recipients(roster, &now) == channel.epoch_recipients(roster, &then)
            && channel.secretariat_key(roster, &now) == channel.secretariat_key(roster, &then)
    };
    let same = author.is_some()
        && same_person(&now, &then, &user)
        && state.is_none_or(|state| same_state_key(&now, &then, state))
        && roster_then == review.roster()
        && roster_then.is_none_or(same_readers)
        && subject.is_none_or(|user| same_person(&now, &then, &user));
    if same { Ok(()) } else { Err(Reason::StaleBasis) }
}

fn same_person(now: &DirectoryAt<'_>, then: &DirectoryAt<'_>, user: &UserId) -> bool {
    match (now.person(user), then.person(user)) {
        (Some(now), Some(then)) => now.is_as(&then),
        (now, then) => now.is_none() && then.is_none(),
    }
}

/// The key that signs what the State says, and whether it still may.
fn same_state_key(now: &DirectoryAt<'_>, then: &DirectoryAt<'_>, state: StateCode) -> bool {
    let known = |directory: &DirectoryAt<'_>| {
        let generation = directory.state_key(&state).map(|key| key.generation);
        (generation, directory.state_key_is_current(&state))
    };
    known(now) == known(then)
}

#[cfg(test)]
mod tests;
