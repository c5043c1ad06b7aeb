//! The directory: who may bring in and send away whom, and whose keys are whose.

use super::statements;
use super::table::{MemberRole, Standing, allows};
use crate::act::{
    AdmitPerson, AdmitState, Author, CertifyStateKey, FoundDirectory, Membership, NewTeamGeneration,
    PersonKeys, Role, ShareTeam, SignedAct, Statement, Team, VerifiedAct, verify_bytes,
};
use crate::error::Reason;
use crate::id::{Digest, KeyId, UserId};
use crate::limits::RECIPIENTS_MAX;
use crate::log::leaf_hash;
use crate::mechanism::{ChannelKind, Mechanism};
use crate::name::{KeyAlgorithm, Namespace, directory_channel, key_id};
use crate::state::{Device, Directory, Foundation, Person, StateRecord, TeamGeneration};

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
enum Speaker<'a> {
    Root,
    Person(&'a Person),
}

/// Decides whether `act` may be the next entry of the directory.
///
/// # Errors
/// The reason for which it may not.
pub fn decide_directory(
    mechanism: &Mechanism,
    directory: &Directory,
    act: VerifiedAct,
) -> Result<DirectoryPermit, Reason> {
    let content = act.act().content();
    let header = &content.header;
    if header.channel != directory_channel(&directory.root) {
        return Err(Reason::OtherChannel);
    }
    if directory.acts.contains_key(&header.act_id) {
        return Err(Reason::ActIdUsed);
    }
    let speaker = speaker(directory, &act)?;
    let standing = match speaker {
        Speaker::Root => Standing::Root,
        Speaker::Person(person) => match person.role {
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
    details(mechanism, directory, &speaker, &content.statement)?;
    Ok(DirectoryPermit { act: act.into_act() })
}

fn speaker<'a>(directory: &'a Directory, act: &VerifiedAct) -> Result<Speaker<'a>, Reason> {
    match act.act().content().header.author {
        Author::Root => {
            // The first act brings the root's key; its fingerprint is the deployment's name.
            if key_id(KeyAlgorithm::Ed25519, act.key()) == directory.root {
                Ok(Speaker::Root)
            } else {
                Err(Reason::WrongSigner)
            }
        }
        Author::Person { user, device } => {
            let person = directory.now().by_device(&device).filter(|person| person.user == user);
            let person = person.ok_or(Reason::UnknownDevice)?;
            if person.device.sign == *act.key() {
                Ok(Speaker::Person(person))
            } else {
                Err(Reason::WrongSigner)
            }
        }
    }
}

fn details(
    mechanism: &Mechanism,
    directory: &Directory,
    speaker: &Speaker<'_>,
    statement: &Statement,
) -> Result<(), Reason> {
    match statement {
        Statement::FoundDirectory(act) => found(directory, act),
        Statement::AdmitState(act) => admit_state(mechanism, directory, act),
        Statement::CertifyStateKey(act) => certify_state_key(directory, act),
        Statement::AdmitPerson(act) => admit_person(mechanism, directory, speaker, act),
        Statement::RemovePerson(user) => remove_person(directory, speaker, user),
        Statement::NewTeamGeneration(act) => new_team_generation(directory, speaker, act),
        Statement::ShareTeam(act) => share_team(directory, speaker, act),
        Statement::OpenReview(_)
        | Statement::OpenChannel(_)
        | Statement::NewEpoch(_)
        | Statement::AddMember(_)
        | Statement::RemoveMember(_)
        | Statement::Post(_)
        | Statement::Disclose(_)
        | Statement::Withdraw(_)
        | Statement::Complain(_) => Err(Reason::WrongChannel),
    }
}

fn found(directory: &Directory, act: &FoundDirectory) -> Result<(), Reason> {
    if key_id(KeyAlgorithm::Ed25519, &act.root_key) == directory.root {
        Ok(())
    } else {
        Err(Reason::WrongSigner)
    }
}

fn admit_state(mechanism: &Mechanism, directory: &Directory, act: &AdmitState) -> Result<(), Reason> {
    if directory.now().state(&act.state).is_some() {
        return Err(Reason::AlreadyThere);
    }
    let known = act.standings.iter().all(|(instrument, _)| mechanism.instrument(instrument).is_some());
    if known { Ok(()) } else { Err(Reason::OutsideMechanism) }
}

fn certify_state_key(directory: &Directory, act: &CertifyStateKey) -> Result<(), Reason> {
    let record = directory.now().state(&act.state).ok_or(Reason::NoSuchSubject)?;
    // A State has one key for now; its replacement is an act of its own kind, with its own delay.
    if !record.keys.is_empty() {
        return Err(Reason::AlreadyThere);
    }
    if act.generation == 0 { Ok(()) } else { Err(Reason::WrongGeneration) }
}

fn admit_person(
    mechanism: &Mechanism,
    directory: &Directory,
    speaker: &Speaker<'_>,
    act: &AdmitPerson,
) -> Result<(), Reason> {
    let keys = &act.keys;
    let root = &directory.root;
    verify_bytes(Namespace::Possession, &keys.device_sign, root, &act.keys_bytes, &act.possession)
        .map_err(|_| Reason::BadPossession)?;
    if taken(directory, keys) {
        return Err(Reason::AlreadyThere);
    }
    if let Some(state) = act.state
        && directory.now().team_recipients(&Team::State(state)).len() >= RECIPIENTS_MAX
    {
        return Err(Reason::TooManyReaders);
    }
    match (speaker, act.role) {
        (Speaker::Root, Role::Officer) => {
            let plain = act.state.is_none() && act.instruments.is_empty() && act.membership.is_none();
            if plain && act.secretariat_team.is_some() { Ok(()) } else { Err(Reason::NotEntitled) }
        }
        (Speaker::Root, Role::FocalPoint) => {
            let plain =
                act.instruments.is_empty() && act.membership.is_none() && act.secretariat_team.is_none();
            let state = act.state.and_then(|state| directory.now().state(&state));
            if plain && state.is_some() { Ok(()) } else { Err(Reason::NotEntitled) }
        }
        (Speaker::Root, Role::Expert | Role::Observer) => Err(Reason::FocalPointRequired),
        (Speaker::Person(_), Role::Officer | Role::FocalPoint) => Err(Reason::RootOnly),
        (Speaker::Person(author), Role::Expert | Role::Observer) => {
            let state = author.state.filter(|state| act.state == Some(*state)).ok_or(Reason::NotEntitled)?;
            let known = act.instruments.iter().all(|code| mechanism.instrument(code).is_some());
            if !known || act.instruments.is_empty() || act.secretariat_team.is_some() {
                return Err(Reason::OutsideMechanism);
            }
            let expected = Membership {
                state,
                role: act.role,
                instruments: act.instruments.clone(),
                keys: Digest::of(&act.keys_bytes),
            };
            let signed = act.membership.as_ref().ok_or(Reason::BadStatement)?;
            statements::membership(signed, &expected, &directory.now())
        }
    }
}

/// Ids and keys are never used twice, not even after their holder has left, and not for two purposes.
fn taken(directory: &Directory, keys: &PersonKeys) -> bool {
    let machine = directory.foundation.as_ref().is_some_and(|foundation| {
        [foundation.server_tls_key, foundation.custodian_tls_key].contains(&keys.device_tls_key)
    });
    let wrapped_to = [&keys.user_kem, &keys.device_kem].map(|kem| key_id(KeyAlgorithm::XWing, kem));
    machine
        || wrapped_to[0] == wrapped_to[1]
        || wrapped_to.iter().any(|kem| kem_is_taken(directory, kem))
        || directory.persons.contains_key(&keys.user)
        || directory.devices.contains_key(&keys.device)
        || directory.persons.values().any(|person| {
            person.device.tls_key == keys.device_tls_key || person.device.sign == keys.device_sign
        })
}

/// Whether a person or a team has, or had, this X-Wing key. Two recipients with one key could never both be
/// named in a list of recipients, which is a set.
fn kem_is_taken(directory: &Directory, kem: &KeyId) -> bool {
    directory.kems.contains_key(kem)
        || directory.teams.values().flatten().any(|generation| generation.kem_id == *kem)
}

fn remove_person(directory: &Directory, speaker: &Speaker<'_>, user: &UserId) -> Result<(), Reason> {
    let person = directory.now().person(user).ok_or(Reason::NoSuchSubject)?;
    match (speaker, person.role) {
        (Speaker::Root, _) => Ok(()),
        (Speaker::Person(author), Role::Expert | Role::Observer) if author.state == person.state => Ok(()),
        (Speaker::Person(_), Role::Expert | Role::Observer) => Err(Reason::NotEntitled),
        (Speaker::Person(_), Role::Officer | Role::FocalPoint) => Err(Reason::RootOnly),
    }
}

/// A State's team is its focal point's to manage, a secretariat team its officers', all parties any officer's.
fn manages(speaker: &Speaker<'_>, team: &Team) -> Result<(), Reason> {
    let Speaker::Person(author) = speaker else { return Err(Reason::OfficerOnly) };
    match team {
        Team::State(state) if author.state == Some(*state) => Ok(()),
        Team::State(_) => Err(Reason::NotEntitled),
        Team::Secretariat(id) if author.secretariat_team == Some(*id) => Ok(()),
        Team::AllParties if author.role == Role::Officer => Ok(()),
        Team::Secretariat(_) | Team::AllParties => Err(Reason::OfficerOnly),
    }
}

fn new_team_generation(
    directory: &Directory,
    speaker: &Speaker<'_>,
    act: &NewTeamGeneration,
) -> Result<(), Reason> {
    manages(speaker, &act.team)?;
    let now = directory.now();
    let next = now.team(&act.team).map_or(0, |generation| generation.number + 1);
    if act.generation != next {
        return Err(Reason::WrongGeneration);
    }
    if kem_is_taken(directory, &key_id(KeyAlgorithm::XWing, &act.kem)) {
        return Err(Reason::AlreadyThere);
    }
    let expected = now.team_recipients(&act.team);
    let boxed = act.previous_box.is_some() == (next > 0);
    let exact = !expected.is_empty() && act.recipients.key_ids == expected;
    if exact && boxed { Ok(()) } else { Err(Reason::WrongRecipients) }
}

fn share_team(directory: &Directory, speaker: &Speaker<'_>, act: &ShareTeam) -> Result<(), Reason> {
    manages(speaker, &act.team)?;
    let now = directory.now();
    let current = now.team(&act.team).ok_or(Reason::NoSuchSubject)?;
    if act.generation != current.number {
        return Err(Reason::WrongGeneration);
    }
    match act.recipients.key_ids.as_slice() {
        [one] if now.team_recipients(&act.team).contains(one) => Ok(()),
        _ => Err(Reason::WrongRecipients),
    }
}

impl Directory {
    /// Makes true what the permit allows, as the next entry of the log.
    pub fn apply(&mut self, permit: DirectoryPermit, log_time_ms: u64) {
        let index = self.log.size();
        let act = permit.act;
        self.log.push(leaf_hash(act.bytes(), log_time_ms));
        self.last_log_time_ms = log_time_ms;
        let content = act.content();
        self.acts.insert(content.header.act_id, index);
        match &content.statement {
            Statement::FoundDirectory(a) => {
                self.foundation = Some(Foundation {
                    root_key: a.root_key,
                    mechanism: a.mechanism,
                    log_key: a.log_key,
                    server_tls_key: a.server_tls_key,
                    custodian_tls_key: a.custodian_tls_key,
                });
            }
            Statement::AdmitState(a) => {
                let standings = a.standings.clone();
                self.states.insert(a.state, StateRecord { since: index, standings, keys: Vec::new() });
            }
            Statement::CertifyStateKey(a) => {
                if let Some(record) = self.states.get_mut(&a.state) {
                    record.keys.push((index, a.key));
                }
            }
            Statement::AdmitPerson(a) => {
                let person = person(index, a);
                self.devices.insert(person.device.id, person.user);
                self.kems.insert(person.kem_id, person.user);
                self.kems.insert(key_id(KeyAlgorithm::XWing, &person.device.kem), person.user);
                self.persons.insert(person.user, person);
            }
            Statement::RemovePerson(user) => {
                if let Some(person) = self.persons.get_mut(user) {
                    person.until = Some(index);
                }
            }
            Statement::NewTeamGeneration(a) => {
                self.teams.entry(a.team).or_default().push(TeamGeneration::new(index, a));
            }
            Statement::ShareTeam(a) => {
                if let Some(current) = self.teams.get_mut(&a.team).and_then(|all| all.last_mut()) {
                    current.holders.extend(a.recipients.key_ids.iter().map(|key| (index, *key)));
                }
            }
            // These have no permit here.
            Statement::OpenReview(_)
            | Statement::OpenChannel(_)
            | Statement::NewEpoch(_)
            | Statement::AddMember(_)
            | Statement::RemoveMember(_)
            | Statement::Post(_)
            | Statement::Disclose(_)
            | Statement::Withdraw(_)
            | Statement::Complain(_) => {}
        }
    }
}

fn person(since: u64, act: &AdmitPerson) -> Person {
    let keys = &act.keys;
    Person {
        since,
        until: None,
        user: keys.user,
        role: act.role,
        state: act.state,
        instruments: act.instruments.clone(),
        secretariat_team: act.secretariat_team,
        kem: keys.user_kem.clone(),
        kem_id: key_id(KeyAlgorithm::XWing, &keys.user_kem),
        device: Device {
            id: keys.device,
            sign: keys.device_sign,
            kem: keys.device_kem.clone(),
            tls_key: keys.device_tls_key,
        },
    }
}
