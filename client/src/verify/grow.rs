//! How the copy of a log grows.

use std::collections::BTreeMap;

use chancery_core::act::{Act, Author, Beside, PersonKeys, SignedAct, Statement, TreeHead, VerifiedAct};
use chancery_core::channel_statement;
use chancery_core::error::Reason;
use chancery_core::id::{ChannelId, DeviceId, Digest, KeyId, UserId};
use chancery_core::limits::CLOCK_AHEAD_MS_MAX;
use chancery_core::log::{Checkpoint, Tree, origin, verify_wrap};
use chancery_core::mechanism::Mechanism;
use chancery_core::name::{KeyAlgorithm, key_id};
use chancery_core::policy::{World, author_key, decide, decide_directory};
use chancery_core::state::Directory;

use super::{At, ChannelCopy, DirectoryCopy, Fault, VerifyError, in_parallel};
use crate::entry::Entry;

/// What a server hands out of a log.
#[derive(Debug, Clone)]
pub struct Growth {
    /// The entries after those that the copy has, up to what the checkpoint covers.
    pub entries: Vec<Entry>,
    /// The signed checkpoint.
    pub note: String,
    /// This machine's clock, milliseconds of UTC.
    pub now_ms: u64,
}

/// Grows the directory by what a server handed out.
///
/// # Errors
/// [`VerifyError`]; the copy has not changed.
pub fn extend_directory(
    mechanism: &Mechanism,
    copy: &mut DirectoryCopy,
    growth: Growth,
) -> Result<(), VerifyError> {
    let channel = copy.id();
    in_order(channel, copy.head().size, &growth.entries)?;
    let keys = directory_keys(&copy.state, &growth.entries);
    let root = copy.state.root;
    let verified = verified(channel, &growth.entries, &root, Bodies::Needed, |act| keys.of(act))?;
    let mut state = copy.state.clone();
    for (entry, act) in growth.entries.iter().zip(verified) {
        let at = At { index: entry.index, act: Some(act.act().content().header.act_id) };
        let found = |fault| VerifyError { channel, at: Some(at), fault };
        log_time(state.last_log_time_ms, entry.log_time_ms, growth.now_ms).map_err(found)?;
        let permit = decide_directory(mechanism, &state, act, entry.log_time_ms)
            .map_err(|r| found(Fault::Refused(r)))?;
        state.apply(permit, entry.log_time_ms);
    }
    let whole = |fault| VerifyError { channel, at: None, fault };
    let foundation = state.foundation.as_ref().ok_or_else(|| whole(Fault::NotFounded))?;
    covered(&root, &channel, &foundation.log_key, &copy.state.log, &state.log, &growth.note)
        .map_err(whole)?;
    copy.state = state;
    copy.entries.extend(growth.entries);
    copy.note = Some(growth.note);
    Ok(())
}

/// Grows a channel with members by what a server handed out. The world must reach as far as the entries'
/// bases do ([`basis_needed`]).
///
/// # Errors
/// [`VerifyError`]; the copy has not changed.
pub fn extend_channel(world: World<'_>, copy: &mut ChannelCopy, growth: Growth) -> Result<(), VerifyError> {
    grow_channel(world, copy, growth, Bodies::Needed)
}

/// As [`extend_channel`], where entries may stand without the bodies that they name: in a record of one section.
///
/// # Errors
/// [`VerifyError`]; the copy has not changed.
pub fn extend_channel_headers(
    world: World<'_>,
    copy: &mut ChannelCopy,
    growth: Growth,
) -> Result<(), VerifyError> {
    grow_channel(world, copy, growth, Bodies::MayBeAbsent)
}

/// Whether an entry has to come with the body that its act names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bodies {
    Needed,
    MayBeAbsent,
}

fn grow_channel(
    world: World<'_>,
    copy: &mut ChannelCopy,
    growth: Growth,
    bodies: Bodies,
) -> Result<(), VerifyError> {
    let channel = copy.id();
    let whole = |fault| VerifyError { channel, at: None, fault };
    in_order(channel, copy.head().size, &growth.entries)?;
    let root = world.directory.root;
    let key_of = |act: &SignedAct| device_key(world.directory, act);
    let verified = verified(channel, &growth.entries, &root, bodies, key_of)?;
    let mut state = copy.state.clone();
    let mut key_acts = Vec::new();
    for (entry, act) in growth.entries.iter().zip(verified) {
        let at = At { index: entry.index, act: Some(act.act().content().header.act_id) };
        let found = |fault| VerifyError { channel, at: Some(at), fault };
        log_time(state.last_log_time_ms, entry.log_time_ms, growth.now_ms).map_err(found)?;
        let permit = decide(world, &state, act, entry.log_time_ms).map_err(|r| found(Fault::Refused(r)))?;
        if hands_out_a_secret(&permit.act().content().statement) {
            key_acts.push(entry.index);
        }
        state.apply(permit, entry.log_time_ms);
    }
    let foundation = world.directory.foundation.as_ref().ok_or_else(|| whole(Fault::NotFounded))?;
    covered(&root, &channel, &foundation.log_key, &copy.state.log, &state.log, &growth.note)
        .map_err(whole)?;
    copy.state = state;
    copy.key_acts.extend(key_acts);
    copy.entries.extend(growth.entries);
    copy.note = Some(growth.note);
    Ok(())
}

/// How far the directory, and the review, must reach for these entries to be judged. Entries that do not parse
/// ask for nothing: [`extend_channel`] names them.
#[must_use]
pub fn basis_needed(entries: &[Entry]) -> (u64, u64) {
    entries.iter().filter_map(|entry| entry.act().ok()?.content().header.basis).fold((0, 0), |far, basis| {
        let review = basis.review.map_or(0, |review| review.size);
        (far.0.max(basis.directory.size), far.1.max(review))
    })
}

pub(super) fn in_order(channel: ChannelId, size: u64, entries: &[Entry]) -> Result<(), VerifyError> {
    for (expected, entry) in (size..).zip(entries) {
        if entry.index != expected {
            let fault = Fault::OutOfOrder { expected, found: entry.index };
            return Err(VerifyError { channel, at: Some(At { index: expected, act: None }), fault });
        }
    }
    Ok(())
}

/// Every signature, and what stands beside every act. Whether the key is the author's at this place is decided
/// after, in order.
fn verified(
    channel: ChannelId,
    entries: &[Entry],
    root: &KeyId,
    bodies: Bodies,
    key_of: impl Fn(&SignedAct) -> Result<[u8; 32], Fault> + Sync,
) -> Result<Vec<VerifiedAct>, VerifyError> {
    let verify = |entry: &Entry| {
        let act = entry.act().map_err(|error| (None, Fault::of_act(error)))?;
        let id = Some(act.content().header.act_id);
        let key = key_of(&act).map_err(|fault| (id, fault))?;
        beside(entry, &act.content().statement.beside(), bodies).map_err(|fault| (id, fault))?;
        VerifiedAct::new(act, key, root).map_err(|error| (id, Fault::of_act(error)))
    };
    in_parallel(entries, verify).map_err(|(n, (act, fault))| {
        let at = Some(At { index: entries[n].index, act });
        VerifyError { channel, at, fault }
    })
}

/// What was handed out beside an act is what the act names. A wrap or box may be withheld here: whoever needs
/// it finds out when it does not open.
fn beside(entry: &Entry, named: &Beside<'_>, bodies: Bodies) -> Result<(), Fault> {
    match (named.body, &entry.body) {
        (None, None) => {}
        (Some(_), None) if bodies == Bodies::MayBeAbsent => {}
        (Some(_), None) => return Err(Fault::NoBody),
        (Some(named), Some(body))
            if named.length == body.len() as u64 && named.sha256 == Digest::of(body) => {}
        (_, Some(_)) => return Err(Fault::OtherBody),
    }
    if let Some(boxed) = &entry.previous_box
        && named.previous_box != Some(Digest::of(boxed))
    {
        return Err(Fault::OtherBox);
    }
    for own in &entry.own_wraps {
        let recipients = named.recipients.ok_or(Fault::OtherWrap)?;
        let at_its_place = usize::try_from(own.position).ok().and_then(|n| recipients.key_ids.get(n));
        let wraps = TreeHead { size: recipients.key_ids.len() as u64, root: recipients.wraps_root };
        let included = verify_wrap(&wraps, own.position, &own.key_id, &own.wrap, &own.path).is_ok();
        if at_its_place != Some(&own.key_id) || !included {
            return Err(Fault::OtherWrap);
        }
    }
    Ok(())
}

/// The key of the device that an act of a channel names, as the directory had it at the act's basis.
fn device_key(directory: &Directory, act: &SignedAct) -> Result<[u8; 32], Fault> {
    let header = &act.content().header;
    if header.author == Author::Root {
        return Err(Fault::Refused(Reason::WrongChannel));
    }
    header.basis.ok_or(Fault::Refused(Reason::BadBasis))?;
    // Whether the person was still there at the entry's log time is asked in order, when it is decided.
    author_key(directory, act).map_err(Fault::Refused)
}

/// Keys under which acts of the directory may be signed: those known, and those that the very same acts bring.
struct DirectoryKeys<'a> {
    directory: &'a Directory,
    root: Option<[u8; 32]>,
    devices: BTreeMap<DeviceId, [u8; 32]>,
    sheets: Vec<(UserId, [u8; 32])>,
}

fn directory_keys<'a>(directory: &'a Directory, entries: &[Entry]) -> DirectoryKeys<'a> {
    let root = directory.foundation.as_ref().map(|foundation| foundation.root_key);
    let mut keys = DirectoryKeys { directory, root, devices: BTreeMap::new(), sheets: Vec::new() };
    for act in entries.iter().filter_map(|entry| entry.act().ok()) {
        keys.take(act.content());
    }
    keys
}

impl DirectoryKeys<'_> {
    fn take(&mut self, act: &Act) {
        match &act.statement {
            Statement::FoundDirectory(founding) => self.root = self.root.or(Some(founding.root_key)),
            Statement::AdmitPerson(admitted) => self.take_device(&admitted.keys),
            Statement::Recertify(again) => self.take_device(&again.keys),
            Statement::AnnounceReplacement(announced) => self.take_device(&announced.keys),
            Statement::AddDevice(added) => {
                self.devices.insert(added.keys.device, added.keys.sign);
            }
            Statement::SetRecovery(set) => self.sheets.extend(act.user().map(|user| (user, set.sign))),
            // The device of a successor who was announced earlier.
            Statement::CompleteReplacement(done) => {
                if let Some(pending) = self.directory.now(0).replacement(&done.state) {
                    self.devices.insert(pending.keys.device, pending.keys.device_sign);
                }
            }
            channel_statement!(
                Statement::AdmitState(_),
                Statement::CertifyStateKey(_),
                Statement::RemovePerson(_),
                Statement::NewTeamGeneration(_),
                Statement::ShareTeam(_),
                Statement::AmendState(_),
                Statement::Reseat(_),
                Statement::RevokeDevice(_),
                Statement::NewUserKey(_),
                Statement::ReplaceStateKey(_),
                Statement::ShareStateKey(_),
                Statement::DepositShares(_),
                Statement::GiveShare(_),
                Statement::ObjectToReplacement(_)
            ) => {}
        }
    }

    fn take_device(&mut self, keys: &PersonKeys) {
        self.devices.insert(keys.device, keys.device_sign);
    }

    fn of(&self, act: &SignedAct) -> Result<[u8; 32], Fault> {
        let content = act.content();
        let Author::Person { user, device } = content.header.author else {
            return self.root.ok_or(Fault::Refused(Reason::NotGenesis));
        };
        // A device that is being added speaks through the person's recovery sheet.
        let own = matches!(&content.statement, Statement::AddDevice(added) if added.keys.device == device);
        let key = if own { self.sheet(&user, &act.signer()) } else { self.device(&user, &device) };
        key.ok_or(Fault::Refused(Reason::UnknownDevice))
    }

    /// A device may have been revoked since, or in these very acts: that is asked in order.
    fn device(&self, user: &UserId, id: &DeviceId) -> Option<[u8; 32]> {
        let record = self.directory.record(user);
        let known = record.and_then(|record| record.devices.iter().find(|device| device.id == *id));
        known.map(|device| device.sign).or_else(|| self.devices.get(id).copied())
    }

    fn sheet(&self, user: &UserId, signer: &KeyId) -> Option<[u8; 32]> {
        let known = self.directory.record(user).into_iter().flat_map(|record| &record.recoveries);
        let brought = self.sheets.iter().filter(|(of, _)| of == user).map(|(_, key)| *key);
        let mut keys = known.map(|recovery| recovery.sign).chain(brought);
        keys.find(|key| key_id(KeyAlgorithm::Ed25519, key) == *signer)
    }
}

/// Whether the act brings its channel's secret to somebody.
const fn hands_out_a_secret(statement: &Statement) -> bool {
    matches!(statement, Statement::NewEpoch(_) | Statement::AddMember(_) | Statement::ShareEpoch(_))
}

pub(super) const fn log_time(last_ms: u64, found_ms: u64, now_ms: u64) -> Result<(), Fault> {
    if found_ms < last_ms {
        return Err(Fault::TimeBack);
    }
    let ahead_ms = found_ms.saturating_sub(now_ms);
    if ahead_ms > CLOCK_AHEAD_MS_MAX { Err(Fault::TimeAhead { ahead_ms }) } else { Ok(()) }
}

/// The checkpoint is the log key's, goes on from what was kept, and covers exactly the grown log.
pub(super) fn covered(
    root: &KeyId,
    channel: &ChannelId,
    log_key: &[u8; 32],
    kept: &Tree,
    grown: &Tree,
    note: &str,
) -> Result<(), Fault> {
    let head = Checkpoint::open(note, &origin(root, channel), log_key)?.head;
    if head.size < kept.size() {
        return Err(Fault::RolledBack { kept: kept.size(), offered: head.size });
    }
    if head.size != grown.size() {
        return Err(Fault::NotCovered { size: head.size, found: grown.size() });
    }
    if grown.head() == head { Ok(()) } else { Err(Fault::Forked { size: head.size }) }
}
