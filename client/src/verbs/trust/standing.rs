//! An act at its place: who signed it, by which device, with which State key, and what became of these since. What
//! was valid at its place stays valid; that is why a revocation or a new key raises no alarm about it.

use chancery_core::act::{ActError, Author, Kind, SignedAct, SignedStatement, Statement};
use chancery_core::id::{ActId, ChannelId, DeviceId, StateCode, UserId};

use super::chain;
use crate::entry::Entry;
use crate::verify::DirectoryCopy;

/// An entry of the directory that ended something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ended {
    /// The entry.
    pub index: u64,
    /// Its log time, milliseconds of UTC.
    pub log_time_ms: u64,
}

/// A State's word in an act.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StateWord {
    /// The State.
    pub state: StateCode,
    /// The generation of its key.
    pub generation: u64,
    /// When the key was replaced.
    pub replaced: Option<Ended>,
}

/// An act at its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Its channel.
    pub channel: ChannelId,
    /// Its place in the channel's log.
    pub index: u64,
    /// The act.
    pub act: ActId,
    /// Its log time, milliseconds of UTC.
    pub log_time_ms: u64,
    /// What it states.
    pub statement: Kind,
    /// Size of the directory by which it was judged.
    pub directory_size: u64,
    /// Its author and their device; none if it is the root's.
    pub author: Option<(UserId, DeviceId)>,
    /// When the device was revoked.
    pub device_revoked: Option<Ended>,
    /// When the author left the directory.
    pub author_left: Option<Ended>,
    /// From when on the author's seat ends by itself, milliseconds of UTC.
    pub seat_until_ms: Option<u64>,
    /// The State's word in it.
    pub word: Option<StateWord>,
}

/// An act of a verified copy at its place. For an act of the directory `entry` is one of its own entries.
///
/// # Errors
/// [`ActError`]; of a verified copy never.
pub fn standing(directory: &DirectoryCopy, channel: ChannelId, entry: &Entry) -> Result<Standing, ActError> {
    let signed: SignedAct = entry.act()?;
    let act = signed.content();
    let ended = |index: Option<u64>| {
        let entry = index.and_then(|index| directory.entries.get(usize::try_from(index).ok()?));
        entry.map(|entry| Ended { index: entry.index, log_time_ms: entry.log_time_ms })
    };
    let author = match act.header.author {
        Author::Root => None,
        Author::Person { user, device } => Some((user, device)),
    };
    let record = author.and_then(|(user, _)| directory.state.record(&user));
    let device = author.and_then(|(_, id)| record?.devices.iter().find(|device| device.id == id));
    let word = state_word(&act.statement).and_then(|said| {
        let state = record?.state?;
        let generation = chain::generation(directory, state, said)?;
        let keys = &directory.state.at(u64::MAX, 0).state(&state)?.keys;
        let next = keys.iter().find(|key| key.generation == generation + 1);
        Some(StateWord { state, generation, replaced: ended(next.map(|key| key.since)) })
    });
    Ok(Standing {
        channel,
        index: entry.index,
        act: act.header.act_id,
        log_time_ms: entry.log_time_ms,
        statement: act.statement.kind(),
        directory_size: act.header.basis.map_or(entry.index, |basis| basis.directory.size),
        author,
        device_revoked: ended(device.and_then(|device| device.until)),
        author_left: ended(record.and_then(|record| record.until)),
        seat_until_ms: record.and_then(|record| record.seats.last()?.expires_ms),
        word,
    })
}

/// A State's word that an act carries.
fn state_word(statement: &Statement) -> Option<&SignedStatement> {
    match statement {
        Statement::Post(post) => post.clearance.as_ref(),
        Statement::Disclose(act) => act.grants.first(),
        Statement::Withdraw(act) => act.withdrawals.first(),
        Statement::AdmitPerson(act) => act.membership.as_ref(),
        Statement::Reseat(act) => Some(&act.membership),
        Statement::Recertify(act) => act.membership.as_ref(),
        Statement::ReplaceStateKey(act) => Some(&act.succession),
        Statement::ObjectToReplacement(act) => Some(&act.objection),
        _ => None,
    }
}
