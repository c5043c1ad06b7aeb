//! Who reads, and whether an act was judged by what still holds: what a server asks beside `decide`.

use super::channel::{World, standing};
use super::table::allows;
use crate::act::{Author, Kind, SignedAct, Statement};
use crate::error::Reason;
use crate::file::FileUse;
use crate::mechanism::Mechanism;
use crate::state::{Channel, DirectoryAt, Person, Roster};

/// Whether `person`, who is in the directory at this moment, reads `channel`: the one answer for lists,
/// entries, bodies, files, proofs and streams.
#[must_use]
pub fn reads(channel: &Channel, roster: &Roster, directory: &DirectoryAt<'_>, person: &Person) -> bool {
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
    person: &Person,
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
pub fn reads_all_parties(directory: &DirectoryAt<'_>, person: &Person) -> bool {
    person.state.is_none_or(|state| directory.is_party_to_any(&state))
}

/// Checks that what `act` was judged by at its basis still holds in the newest `world`: its author and
/// device, its State's key, the channel's readers and its secretariat key, and whom it brings in.
///
/// Only a server that orders acts can ask this: a reader of the log cannot know what was newest then.
///
/// # Errors
/// [`Reason::StaleBasis`]; [`Reason::BadBasis`] where there is no such basis.
pub fn check_fresh(
    world: World<'_>,
    channel: &Channel,
    roster: &Roster,
    act: &SignedAct,
) -> Result<(), Reason> {
    let content = act.content();
    let basis = content.header.basis.ok_or(Reason::BadBasis)?;
    if basis.directory == world.directory.log.head() {
        return Ok(());
    }
    let then = world.directory.at_head(&basis.directory).ok_or(Reason::BadBasis)?;
    let now = world.directory.now();
    let Author::Person { device, .. } = content.header.author else { return Err(Reason::WrongChannel) };
    let author = now.by_device(&device);
    let state = author.and_then(|person| person.state);
    let subject = match &content.statement {
        Statement::AddMember(act) => Some(act.user),
        _ => None,
    };
    let same = author == then.by_device(&device)
        && state.is_none_or(|state| now.state_key(&state) == then.state_key(&state))
        && state_key_of_review(roster, &now) == state_key_of_review(roster, &then)
        && channel.epoch_recipients(roster, &now) == channel.epoch_recipients(roster, &then)
        && channel.secretariat_key(roster, &now) == channel.secretariat_key(roster, &then)
        && subject.is_none_or(|user| now.person(&user) == then.person(&user));
    if same { Ok(()) } else { Err(Reason::StaleBasis) }
}

/// The key that signs grants and withdrawals.
fn state_key_of_review<'a>(roster: &Roster, directory: &DirectoryAt<'a>) -> Option<&'a [u8; 32]> {
    directory.state_key(&roster.0.state)
}

#[cfg(test)]
mod tests;
