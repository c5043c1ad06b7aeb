//! The directory: who may bring in and send away whom, and whose keys are whose.

mod apply;
mod devices;
mod people;
mod replacement;
mod state_keys;
mod teams;

use super::table::{MemberRole, Standing, allows};
use crate::act::{AdmitState, Author, FoundDirectory, Role, SignedAct, Statement, VerifiedAct};
use crate::channel_statement;
use crate::error::Reason;
use crate::id::{InstrumentCode, KeyId};
use crate::mechanism::{ChannelKind, Mechanism};
use crate::name::{KeyAlgorithm, directory_channel, key_id};
use crate::state::{Directory, DirectoryAt, Person};

/// The leave to append one act to the directory. Only [`decide_directory`] makes one.
#[derive(Debug)]
pub struct DirectoryPermit {
    act: SignedAct,
}

impl DirectoryPermit {
    /// The act that is allowed.
    #[must_use]
    pub fn act(&self) -> &SignedAct {
        &self.act
    }
}

/// Who speaks, with what is needed to judge what they may say.
#[derive(Debug, Clone, Copy)]
enum Speaker<'a> {
    /// The mechanism root.
    Root,
    /// A person, by one of their devices.
    Person(Person<'a>),
    /// A person who has the recovery sheet and a device that is to be added.
    Recovering(Person<'a>),
}

/// What an act of the directory is judged by.
#[derive(Clone, Copy)]
struct Scene<'a> {
    mechanism: &'a Mechanism,
    directory: &'a Directory,
    now: DirectoryAt<'a>,
    log_time_ms: u64,
    speaker: Speaker<'a>,
    act: &'a SignedAct,
    second: SecondSignature,
}

/// Whether the second custodian has been asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum SecondSignature {
    /// The signature is there wherever one is needed.
    Given,
    /// It is still to come: nothing is refused for the lack of it.
    Awaited,
}

/// Decides whether `act` may be the next entry of the directory, at this log time.
///
/// # Errors
/// The reason for which it may not.
pub fn decide_directory(
    mechanism: &Mechanism,
    directory: &Directory,
    act: VerifiedAct,
    log_time_ms: u64,
) -> Result<DirectoryPermit, Reason> {
    decide_with(mechanism, directory, act, log_time_ms, SecondSignature::Given)
}

/// Decides whether acts of the root could be the next entries of the directory, all or none, once the second
/// custodian has signed them. Nobody gets a permit: they are decided once more when they are appended.
///
/// # Errors
/// The reason for which they could not.
pub fn decide_but_second(
    mechanism: &Mechanism,
    directory: &Directory,
    acts: Vec<VerifiedAct>,
    log_time_ms: u64,
) -> Result<(), Reason> {
    let mut directory = directory.clone();
    let log_time_ms = log_time_ms.max(directory.last_log_time_ms);
    for act in acts {
        let permit = decide_with(mechanism, &directory, act, log_time_ms, SecondSignature::Awaited)?;
        directory.apply(permit, log_time_ms);
    }
    Ok(())
}

fn decide_with(
    mechanism: &Mechanism,
    directory: &Directory,
    act: VerifiedAct,
    log_time_ms: u64,
    second: SecondSignature,
) -> Result<DirectoryPermit, Reason> {
    let content = act.act().content();
    let header = &content.header;
    if header.channel != directory_channel(&directory.root) {
        return Err(Reason::OtherChannel);
    }
    if directory.acts.contains_key(&header.act_id) {
        return Err(Reason::ActIdUsed);
    }
    let now = directory.now(log_time_ms);
    let speaker = speaker(directory, &now, &act)?;
    let standing = match speaker {
        Speaker::Root => Standing::Root,
        Speaker::Person(person) | Speaker::Recovering(person) => match person.role {
            Role::Officer => Standing::Officer,
            Role::FocalPoint => Standing::Member(MemberRole::FocalPoint, None),
            Role::Expert => Standing::Member(MemberRole::Expert, None),
            Role::Observer => Standing::Member(MemberRole::Observer, None),
        },
    };
    allows(mechanism, standing, ChannelKind::Directory, content.statement.kind(), None)?;
    if !directory.log.went_through(&header.seen) {
        return Err(Reason::BadSeen);
    }
    if header.basis.is_some() {
        return Err(Reason::BadBasis);
    }
    if header.epoch != 0 {
        return Err(Reason::StaleEpoch);
    }
    let first = directory.log.size() == 0;
    if first != matches!(content.statement, Statement::FoundDirectory(_)) {
        return Err(Reason::NotGenesis);
    }
    let scene = Scene { mechanism, directory, now, log_time_ms, speaker, act: act.act(), second };
    if matches!(speaker, Speaker::Root)
        && directory.foundation.as_ref().is_some_and(FoundDirectory::second_always)
    {
        scene.signed_twice()?;
    }
    details(&scene, &content.statement)?;
    Ok(DirectoryPermit { act: act.into_act() })
}

fn speaker<'a>(
    directory: &Directory,
    now: &DirectoryAt<'a>,
    act: &VerifiedAct,
) -> Result<Speaker<'a>, Reason> {
    let content = act.act().content();
    let Author::Person { user, device } = content.header.author else {
        // The first act brings the root's key; its fingerprint is the deployment's name.
        let is_root = key_id(KeyAlgorithm::Ed25519, act.key()) == directory.root;
        return if is_root { Ok(Speaker::Root) } else { Err(Reason::WrongSigner) };
    };
    let person = now.person(&user).ok_or(Reason::UnknownDevice)?;
    if let Some(device) = person.device(&device) {
        let signed = device.sign == *act.key();
        return if signed { Ok(Speaker::Person(person)) } else { Err(Reason::WrongSigner) };
    }
    // The sheet does one thing: it adds the device in whose name it speaks.
    match (&content.statement, person.recovery()) {
        (Statement::AddDevice(add), Some(sheet)) if add.keys.device == device => {
            let signed = sheet.sign == *act.key();
            if signed { Ok(Speaker::Recovering(person)) } else { Err(Reason::WrongSigner) }
        }
        _ => Err(Reason::UnknownDevice),
    }
}

fn details(scene: &Scene<'_>, statement: &Statement) -> Result<(), Reason> {
    match statement {
        Statement::FoundDirectory(act) => found(scene, act),
        Statement::AdmitState(act) => admit_state(scene, act),
        Statement::AmendState(act) => {
            scene.now.state(&act.state).ok_or(Reason::NoSuchSubject)?;
            known_instruments(scene, &act.standings)
        }
        Statement::CertifyStateKey(act) => state_keys::certify(scene, act),
        Statement::AdmitPerson(act) => people::admit(scene, act),
        Statement::RemovePerson(user) => people::remove(scene, user),
        Statement::Reseat(act) => people::reseat(scene, act),
        Statement::Recertify(act) => people::recertify(scene, act),
        Statement::AddDevice(act) => devices::add(scene, act),
        Statement::RevokeDevice(act) => devices::revoke(scene, act),
        Statement::NewUserKey(act) => devices::new_user_key(scene, act),
        Statement::SetRecovery(act) => devices::set_recovery(scene, act),
        Statement::ReplaceStateKey(act) => state_keys::replace(scene, act),
        Statement::ShareStateKey(act) => state_keys::share(scene, act),
        Statement::DepositShares(act) => state_keys::deposit_shares(scene, act),
        Statement::GiveShare(act) => state_keys::give_share(scene, act),
        Statement::AnnounceReplacement(act) => replacement::announce(scene, act),
        Statement::ObjectToReplacement(act) => replacement::object(scene, act),
        Statement::CompleteReplacement(act) => replacement::complete(scene, act),
        Statement::NewTeamGeneration(act) => teams::new_generation(scene, act),
        Statement::ShareTeam(act) => teams::share(scene, act),
        channel_statement!() => Err(Reason::WrongChannel),
    }
}

impl<'a> Scene<'a> {
    /// The person who speaks by a device.
    fn person(&self) -> Result<Person<'a>, Reason> {
        match self.speaker {
            Speaker::Person(person) => Ok(person),
            Speaker::Root | Speaker::Recovering(_) => Err(Reason::NotEntitled),
        }
    }

    /// The second custodian has signed the act too.
    fn signed_twice(&self) -> Result<(), Reason> {
        if self.second == SecondSignature::Awaited {
            return Ok(());
        }
        let second = self.directory.foundation.as_ref().and_then(|foundation| foundation.second);
        let twice = second.is_some_and(|second| self.act.is_signed_twice(&second.key, &self.directory.root));
        if twice { Ok(()) } else { Err(Reason::SecondCustodianRequired) }
    }
}

fn found(scene: &Scene<'_>, act: &FoundDirectory) -> Result<(), Reason> {
    let second_is_another = act.second.is_none_or(|second| second.key != act.root_key);
    if key_id(KeyAlgorithm::Ed25519, &act.root_key) == scene.directory.root && second_is_another {
        Ok(())
    } else {
        Err(Reason::WrongSigner)
    }
}

fn admit_state(scene: &Scene<'_>, act: &AdmitState) -> Result<(), Reason> {
    if scene.now.state(&act.state).is_some() {
        return Err(Reason::AlreadyThere);
    }
    known_instruments(scene, &act.standings)
}

fn known_instruments(
    scene: &Scene<'_>,
    standings: &[(InstrumentCode, crate::act::Standing)],
) -> Result<(), Reason> {
    let known = standings.iter().all(|(instrument, _)| scene.mechanism.instrument(instrument).is_some());
    if known { Ok(()) } else { Err(Reason::OutsideMechanism) }
}

/// Whether a person or a team has, or had, this X-Wing key. Two recipients with one key could never both be
/// named in a list of recipients, which is a set.
fn kem_is_taken(directory: &Directory, kem: &KeyId) -> bool {
    directory.kems.contains_key(kem)
        || directory.teams.values().flatten().any(|generation| generation.kem_id == *kem)
}
