//! What an allowed act of the directory makes true.

use super::DirectoryPermit;
use crate::act::{
    Act, AddDevice, AnnounceReplacement, CompleteReplacement, DepositShares, NewUserKey, Reseat, SetRecovery,
    Statement,
};
use crate::channel_statement;
use crate::id::{ActId, DeviceId, Digest, KeyId, StateCode, UserId};
use crate::log::leaf_hash;
use crate::name::{KeyAlgorithm, key_id};
use crate::state::{
    Deposit, Device, Directory, PersonRecord, Recovery, Replacement, Seat, StateKey, StateRecord,
    TeamGeneration, UserKey,
};

impl Directory {
    /// Makes true what the permit allows, as the next entry of the log.
    pub fn apply(&mut self, permit: DirectoryPermit, log_time_ms: u64) {
        let index = self.log.size();
        let act = permit.act;
        self.log.push(leaf_hash(act.bytes(), log_time_ms));
        self.last_log_time_ms = log_time_ms;
        let content = act.content();
        self.acts.insert(content.header.act_id, index);
        self.make_true(index, content, log_time_ms);
    }

    fn make_true(&mut self, index: u64, act: &Act, log_time_ms: u64) {
        let act_id = act.header.act_id;
        match &act.statement {
            Statement::FoundDirectory(a) => self.foundation = Some(a.clone()),
            Statement::AdmitState(a) => {
                self.states.insert(a.state, StateRecord::admitted(index, a));
            }
            Statement::AmendState(a) => {
                self.state_mut(a.state, |state| state.standings.push((index, a.standings.clone())));
            }
            Statement::CertifyStateKey(a) => {
                let holders = self.now(log_time_ms).state_key_recipients(a.state);
                self.next_state_key(index, a.state, a.key, &holders);
            }
            Statement::AdmitPerson(a) => self.seat(PersonRecord::admitted(index, a)),
            Statement::RemovePerson(user) => self.person_mut(*user, |person| person.until = Some(index)),
            Statement::Reseat(a) => self.reseat(index, a),
            Statement::Recertify(a) => {
                self.person_mut(a.keys.user, |person| {
                    person.void_keys(index);
                    person.take_keys(index, &a.keys);
                    person.certified = Digest::of(&a.keys_bytes);
                });
                self.index_keys(a.keys.user);
            }
            Statement::AddDevice(a) => self.add_device(index, a),
            Statement::RevokeDevice(a) => self.revoke(index, a.user, a.device),
            Statement::NewUserKey(a) => self.new_user_key(index, act, a),
            Statement::SetRecovery(a) => self.set_recovery(index, act, a),
            Statement::ReplaceStateKey(a) => {
                self.next_state_key(index, a.state, a.key, &a.handed.recipients.key_ids);
            }
            Statement::ShareStateKey(a) => self.state_mut(a.state, |state| {
                if let Some(key) = state.keys.last_mut() {
                    key.holders.extend(a.handed.recipients.key_ids.iter().map(|key| (index, *key)));
                }
            }),
            Statement::DepositShares(a) => self.deposit(index, act_id, a),
            Statement::AnnounceReplacement(a) => self.announce(index, act_id, a, log_time_ms),
            Statement::ObjectToReplacement(a) => self.object(index, act.user(), &a.announcement),
            Statement::CompleteReplacement(a) => self.complete(index, a),
            Statement::NewTeamGeneration(a) => {
                self.teams.entry(a.team).or_default().push(TeamGeneration::new(index, a));
            }
            Statement::ShareTeam(a) => {
                if let Some(current) = self.teams.get_mut(&a.team).and_then(|all| all.last_mut()) {
                    current.holders.extend(a.recipients.key_ids.iter().map(|key| (index, *key)));
                }
            }
            // A share that was handed on is its receiver's matter; the others have no permit here.
            channel_statement!(Statement::GiveShare(_)) => {}
        }
    }

    fn seat(&mut self, person: PersonRecord) {
        let user = person.user;
        self.persons.insert(user, person);
        self.index_keys(user);
    }

    fn reseat(&mut self, index: u64, a: &Reseat) {
        self.person_mut(a.user, |person| {
            person.seats.push(Seat {
                since: index,
                role: a.role,
                instruments: a.instruments.clone(),
                expires_ms: a.expires_ms,
            });
        });
    }

    fn add_device(&mut self, index: u64, a: &AddDevice) {
        let device = Device {
            since: index,
            until: None,
            id: a.keys.device,
            sign: a.keys.sign,
            kem: a.keys.kem.clone(),
            kem_id: key_id(KeyAlgorithm::XWing, &a.keys.kem),
            tls_key: a.keys.tls_key,
        };
        self.person_mut(a.keys.user, |person| {
            if let (Some(key), true) = (person.keys.last_mut(), a.handed.is_some()) {
                key.holders.push((index, device.kem_id));
            }
            person.devices.push(device);
        });
        self.index_keys(a.keys.user);
    }

    fn revoke(&mut self, index: u64, user: UserId, id: DeviceId) {
        self.person_mut(user, |person| {
            let device = person.devices.iter_mut().find(|device| device.id == id);
            if let Some(device) = device {
                device.until = Some(index);
            }
        });
    }

    fn new_user_key(&mut self, index: u64, act: &Act, a: &NewUserKey) {
        let Some(user) = act.user() else { return };
        self.person_mut(user, |person| {
            person.keys.push(UserKey {
                since: index,
                generation: a.generation,
                kem: a.kem.clone(),
                kem_id: key_id(KeyAlgorithm::XWing, &a.kem),
                holders: a.recipients.key_ids.iter().map(|key| (index, *key)).collect(),
            });
        });
        self.index_keys(user);
    }

    fn set_recovery(&mut self, index: u64, act: &Act, a: &SetRecovery) {
        let Some(user) = act.user() else { return };
        let kem_id = key_id(KeyAlgorithm::XWing, &a.kem);
        self.person_mut(user, |person| {
            person.void_recovery(index);
            if let Some(key) = person.keys.last_mut() {
                key.holders.push((index, kem_id));
            }
            let kem = a.kem.clone();
            person.recoveries.push(Recovery { since: index, until: None, sign: a.sign, kem, kem_id });
        });
        self.index_keys(user);
    }

    fn next_state_key(&mut self, index: u64, state: StateCode, key: [u8; 32], holders: &[KeyId]) {
        let holders = holders.iter().map(|holder| (index, *holder)).collect();
        self.state_mut(state, |state| {
            let generation = state.keys.len() as u64;
            state.keys.push(StateKey { since: index, generation, key, holders });
        });
    }

    fn deposit(&mut self, index: u64, act: ActId, a: &DepositShares) {
        self.state_mut(a.state, |state| {
            state.deposits.push(Deposit {
                since: index,
                act,
                generation: a.generation,
                threshold: a.threshold,
                holders: a.recipients.key_ids.clone(),
            });
        });
    }

    fn announce(&mut self, index: u64, act: ActId, a: &AnnounceReplacement, log_time_ms: u64) {
        self.state_mut(a.state, |state| {
            // Nobody wears a State out by announcing again: its objection stands until one is completed.
            let earlier = state.replacements.iter_mut().find(|one| one.closed.is_none());
            let objected = earlier.and_then(|earlier| {
                earlier.closed = Some(index);
                earlier.objected
            });
            state.replacements.push(Replacement {
                since: index,
                act,
                announced_ms: log_time_ms,
                keys: a.keys.clone(),
                keys_digest: Digest::of(&a.keys_bytes),
                key: a.key,
                objected,
                closed: None,
            });
        });
    }

    fn object(&mut self, index: u64, user: Option<UserId>, announcement: &ActId) {
        let person = user.and_then(|user| self.persons.get(&user));
        let Some(state) = person.and_then(|person| person.state) else { return };
        self.state_mut(state, |state| {
            let pending = state.replacements.iter_mut().find(|pending| pending.act == *announcement);
            if let Some(pending) = pending {
                pending.objected = Some(index);
            }
        });
    }

    /// The State's focal points are those announced, and nobody else; its key too.
    fn complete(&mut self, index: u64, a: &CompleteReplacement) {
        let Some(record) = self.states.get_mut(&a.state) else { return };
        let Some(done) = record.replacements.iter_mut().find(|one| one.act == a.announcement) else { return };
        done.closed = Some(index);
        let (keys, certified) = (done.keys.clone(), done.keys_digest);
        let old: Vec<UserId> = self.at(index, 0).focal_points(a.state).map(|person| person.user).collect();
        for user in old {
            self.person_mut(user, |person| person.until = Some(index));
        }
        let successor = PersonRecord::successor(index, a.state, &keys, certified);
        let holders: Vec<KeyId> = successor.keys.iter().map(|key| key.kem_id).collect();
        self.seat(successor);
        self.next_state_key(index, a.state, a.key, &holders);
    }

    /// Everything by which a person's keys are found, and by which they are known to be taken.
    fn index_keys(&mut self, user: UserId) {
        let Some(person) = self.persons.get(&user) else { return };
        for device in &person.devices {
            self.devices.insert(device.id, user);
            self.tls_keys.insert(device.tls_key, user);
            self.signers.insert(device.sign);
            self.kems.insert(device.kem_id, user);
        }
        for key in &person.keys {
            self.kems.insert(key.kem_id, user);
        }
        for recovery in &person.recoveries {
            self.signers.insert(recovery.sign);
            self.kems.insert(recovery.kem_id, user);
        }
    }

    fn person_mut(&mut self, user: UserId, change: impl FnOnce(&mut PersonRecord)) {
        if let Some(person) = self.persons.get_mut(&user) {
            change(person);
        }
    }

    fn state_mut(&mut self, state: StateCode, change: impl FnOnce(&mut StateRecord)) {
        if let Some(record) = self.states.get_mut(&state) {
            change(record);
        }
    }
}
