//! Small random histories of a strand: people and officers come and go, write, rotate and complain. Whatever
//! happens, who can open a post is who the policy says may read it.

use std::collections::BTreeMap;

use chancery_client::identity::{Identity, KemSeeds};
use chancery_core::act::{
    AmendReview, Complain, Fault, Reviewer, RevokeDevice, Role, Statement, Team, VerifiedAct,
};
use chancery_core::error::Reason;
use chancery_core::id::Digest;
use chancery_core::log::{verify_consistency, verify_inclusion};
use chancery_core::mechanism::ItemKind;
use chancery_core::policy::{author_key, decide, reads};
use chancery_core::state::Channel;
use chancery_seal::kem::KemKeyPair;
use chancery_seal::secret::{KemSeed, SigningSeed};
use chancery_seal::sign::SigningKey;
use chancery_tests::stage::{At, NOW_MS, Stage, What};
use chancery_tests::{anew, instrument, person, state};
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

/// Who may come later.
const NEWCOMERS: [&str; 4] = ["first", "second", "third", "fourth"];
const NEW_OFFICERS: [&str; 2] = ["clerk", "registrar"];

/// Those who bring in and show out, and stay.
const FOCAL_POINTS: [&str; 2] = ["chile", "kenya"];

/// What happens next; who is meant is found among those there are.
#[derive(Debug, Clone)]
enum Step {
    Post(Index),
    Rotate(Index),
    Join(Index),
    ShowOut(Index),
    Complain(Index),
    Enrol(bool),
    Leave(Index),
    NewTeam,
    OfficerComes,
    OfficerGoes(Index),
    /// A laptop is stolen, and its device revoked by the State's focal point.
    LoseDevice(Index),
    /// The person is certified anew, under the old id.
    CertifyAnew(Index),
    /// Portugal comes into the review, or leaves it.
    Amend,
}

fn step() -> impl Strategy<Value = Step> {
    let who = any::<Index>;
    prop_oneof![
        8 => who().prop_map(Step::Post),
        2 => who().prop_map(Step::Rotate),
        4 => who().prop_map(Step::Join),
        2 => who().prop_map(Step::ShowOut),
        1 => who().prop_map(Step::Complain),
        2 => any::<bool>().prop_map(Step::Enrol),
        1 => who().prop_map(Step::Leave),
        1 => Just(Step::NewTeam),
        1 => Just(Step::OfficerComes),
        1 => who().prop_map(Step::OfficerGoes),
        2 => who().prop_map(Step::LoseDevice),
        3 => who().prop_map(Step::CertifyAnew),
        1 => Just(Step::Amend),
    ]
}

/// A stage with what each person must be able to open.
struct History {
    stage: Stage,
    /// The team's keys before the current one.
    old_team_keys: Vec<KemKeyPair>,
    /// How many of these an officer holds, the current one counted.
    officers: BTreeMap<&'static str, usize>,
    /// The texts posted.
    posted: Vec<String>,
    /// How many posts there were when a person last was a reader.
    seen: BTreeMap<&'static str, usize>,
    /// What thieves hold: the keys of a lost device, and how many posts there were when it was lost.
    stolen: Vec<(Identity, usize)>,
    /// Who was certified anew when nobody could hand them the secret of this epoch.
    waiting: BTreeMap<&'static str, u64>,
}

impl History {
    fn new() -> Self {
        let officers = BTreeMap::from([("officer", 1), ("deputy", 1)]);
        let mut new = Self {
            stage: Stage::open(),
            old_team_keys: Vec::new(),
            officers,
            posted: Vec::new(),
            seen: BTreeMap::new(),
            stolen: Vec::new(),
            waiting: BTreeMap::new(),
        };
        new.look();
        new
    }

    fn names(&self) -> Vec<&'static str> {
        self.stage.people.keys().copied().collect()
    }

    fn channel(&self) -> &Channel {
        &self.stage.logs[&At::Strand].channel
    }

    /// Takes a step; what the policy refuses does not happen.
    fn take(&mut self, step: &Step) {
        let names = self.names();
        let who = |index: &Index| *index.get(&names);
        match step {
            Step::Post(by) => self.post(who(by)),
            Step::Rotate(by) => {
                let _ = self.stage.rotate(who(by), At::Strand);
            }
            // By whoever of the two may.
            Step::Join(whom) => {
                let _ = FOCAL_POINTS.map(|by| self.stage.join(by, At::Strand, who(whom)));
            }
            Step::ShowOut(whom) => {
                let user = self.stage.people[who(whom)].user;
                let out = Statement::RemoveMember(user);
                let _ = FOCAL_POINTS.map(|by| self.stage.act(by, At::Strand, out.clone()));
            }
            Step::Complain(by) => {
                let act_id = self.channel().epoch.as_ref().unwrap().act;
                let complaint = Complain { act_id, fault: Fault::Wrap };
                let _ = self.stage.act(who(by), At::Strand, Statement::Complain(complaint));
            }
            Step::Enrol(chile) => {
                let (code, focal) = if *chile { ("CL", "chile") } else { ("KE", "kenya") };
                if let Some(name) = NEWCOMERS.into_iter().find(|name| !names.contains(name)) {
                    let _ = self.stage.enrol(name, Role::Expert, code, Some(focal));
                }
            }
            Step::Leave(whom) => {
                let name = who(whom);
                if !self.officers.contains_key(name) && !FOCAL_POINTS.contains(&name) {
                    self.leave(name);
                }
            }
            Step::NewTeam => self.new_team(),
            Step::OfficerComes => {
                if let Some(name) = NEW_OFFICERS.into_iter().find(|name| !names.contains(name)) {
                    let newcomer = person();
                    self.stage.all.admit(&newcomer, Role::Officer, None, &[]).unwrap();
                    self.stage.people.insert(name, newcomer);
                    self.officers.insert(name, 0);
                    self.new_team();
                }
            }
            Step::OfficerGoes(whom) => {
                let others: Vec<_> =
                    self.officers.keys().copied().filter(|name| *name != "officer").collect();
                let name = *whom.get(&others);
                self.leave(name);
            }
            Step::LoseDevice(whom) => self.lose_device(who(whom)),
            Step::CertifyAnew(whom) => self.certify_anew(who(whom)),
            Step::Amend => self.amend(),
        }
        self.look();
    }

    /// Of experts and observers: their focal point is there to help.
    fn focal_point_of(&self, name: &str) -> Option<&'static str> {
        let state = self.stage.all.directory.now(NOW_MS).person(&self.stage.people[name].user)?.state?;
        let focal = FOCAL_POINTS.into_iter().find(|focal| state_of(focal) == state.as_str());
        focal.filter(|_| !FOCAL_POINTS.contains(&name))
    }

    fn lose_device(&mut self, name: &'static str) {
        let Some(focal) = self.focal_point_of(name) else { return };
        let identity = &self.stage.people[name];
        let (user, device) = (identity.user, identity.device);
        // What was posted until the revocation, the thief opens, if the person could read it.
        let now = self.stage.all.directory.now(NOW_MS);
        let holds = now.person(&user).is_some_and(|person| person.device(&device).is_some());
        let seen = self.seen.get(name).copied().unwrap_or(0);
        if holds
            && self.stage.directory(focal, Statement::RevokeDevice(RevokeDevice { user, device })).is_ok()
        {
            self.stolen.push((copy_of(&self.stage.people[name]), seen));
        }
    }

    /// New keys under the old id; whoever may hands the new key what the old one held.
    fn certify_anew(&mut self, name: &'static str) {
        let Some(focal) = self.focal_point_of(name) else { return };
        let old = &self.stage.people[name];
        let fresh = anew(old.user);
        let seen = self.seen.get(name).copied().unwrap_or(0);
        let held = self.stage.all.directory.now(NOW_MS).person(&old.user).is_some_and(|p| p.key().is_some());
        if self.stage.recertify(focal, &fresh).is_err() {
            return;
        }
        let old = self.stage.people.insert(name, fresh).unwrap();
        // The new keys have read nothing yet.
        self.seen.remove(name);
        if held {
            self.stolen.push((old, seen));
        }
        if self.channel().members.contains(&self.stage.people[name].user) {
            self.hand_secret_to(name);
        }
    }

    /// Another member hands a member's new key the current secret, or makes the next one for everybody. Where no
    /// other member may, the person waits for the next secret.
    fn hand_secret_to(&mut self, name: &'static str) {
        let others: Vec<_> = self.names().into_iter().filter(|other| *other != name).collect();
        for other in others {
            for _ in 0..3 {
                match self.stage.share_epoch(other, At::Strand, name) {
                    Ok(()) => return,
                    Err(Reason::StaleTeam) => self.new_team(),
                    // A new secret goes to every member's key.
                    Err(Reason::StaleEpoch | Reason::EpochSuspended) => {
                        if self.stage.rotate(other, At::Strand).is_ok() {
                            return;
                        }
                    }
                    Err(_) => break,
                }
            }
        }
        self.waiting.insert(name, self.epoch());
    }

    fn epoch(&self) -> u64 {
        self.channel().epoch.as_ref().unwrap().number
    }

    /// Portugal reviews on firearms, or does not any more. Its focal point is brought in by another.
    fn amend(&mut self) {
        let mut reviewers = self.stage.roster().0.reviewers.clone();
        let portugal = state("PT");
        let before = reviewers.len();
        reviewers.retain(|reviewer| reviewer.state != portugal);
        if reviewers.len() == before {
            reviewers.push(Reviewer { state: portugal, instruments: vec![instrument("firearms")] });
        }
        let amended = Statement::AmendReview(AmendReview { reviewers });
        self.stage.act("officer", At::Review, amended).unwrap();
    }

    /// Posts as a client does: what must be made anew before is made by the next who writes.
    fn post(&mut self, by: &str) {
        for _ in 0..3 {
            match self.stage.post(by, At::Strand, What::new(ItemKind::Clarification)) {
                Ok(act) => return self.posted.push(format!("by {by}: {act}")),
                Err(Reason::StaleTeam) => self.new_team(),
                Err(Reason::StaleEpoch | Reason::EpochSuspended) => {
                    let _ = self.stage.rotate(by, At::Strand);
                }
                Err(_) => return,
            }
        }
    }

    fn leave(&mut self, name: &str) {
        let user = self.stage.people[name].user;
        let _ = self.stage.directory("root", Statement::RemovePerson(user));
    }

    /// A new key for the team; those in it reach the earlier ones by the boxes of previous seeds.
    fn new_team(&mut self) {
        let (statement, key) = self.stage.team_generation(Team::Secretariat(self.stage.all.team));
        self.stage.directory("officer", statement).unwrap();
        self.old_team_keys.push(std::mem::replace(&mut self.stage.all.team_kem, key));
        let now = self.stage.all.directory.now(NOW_MS);
        for (name, keys) in &mut self.officers {
            if now.person(&self.stage.people[name].user).is_some() {
                *keys = self.old_team_keys.len() + 1;
            }
        }
    }

    /// Notes who reads now, and checks that membership says the same.
    fn look(&mut self) {
        let (channel, roster, now) =
            (self.channel(), self.stage.roster(), self.stage.all.directory.now(NOW_MS));
        let mut readers = Vec::new();
        for (name, identity) in &self.stage.people {
            let Some(person) = now.person(&identity.user) else { continue };
            let may = reads(channel, roster, &now, &person);
            let member =
                channel.members.contains(&person.user) && roster.seat(&channel.place, &person).is_some();
            assert_eq!(may, member || self.officers.contains_key(name), "{name}");
            // Who has lost every device reads nothing until certified anew, and handed a secret.
            if may && person.key().is_some() && self.waiting.get(name) != Some(&self.epoch()) {
                readers.push(*name);
            }
        }
        for name in readers {
            self.seen.insert(name, self.posted.len());
        }
    }

    /// What a person opens with all that the server has.
    fn opened(&self, name: &str, identity: &Identity) -> Vec<String> {
        let log = &self.stage.logs[&At::Strand];
        let team_keys = self.old_team_keys.iter().chain([&self.stage.all.team_kem]);
        let held = self.officers.get(name).copied().unwrap_or(0);
        let rings = team_keys.take(held).map(|key| log.opened(&log.keyring(key)));
        // Each ring opens a beginning of the log; together they open the longest.
        rings.chain([self.opened_with(identity)]).max_by_key(Vec::len).unwrap()
    }

    /// What the keys of one device open with all that the server has.
    fn opened_with(&self, identity: &Identity) -> Vec<String> {
        let log = &self.stage.logs[&At::Strand];
        let own = [&identity.user_kem, &identity.device_kem];
        own.map(|key| log.opened(&log.keyring(key))).into_iter().max_by_key(Vec::len).unwrap()
    }
}

fn state_of(focal: &str) -> &'static str {
    match focal {
        "chile" => "CL",
        _ => "KE",
    }
}

/// The same keys in other hands.
fn copy_of(identity: &Identity) -> Identity {
    let copied = |seed: &KemSeed| KemSeed::from_bytes(*seed.as_bytes());
    let seeds = KemSeeds { user: copied(&identity.seeds().user), device: copied(&identity.seeds().device) };
    let sign = SigningKey::from_seed(SigningSeed::from_bytes(*identity.sign.seed().as_bytes())).unwrap();
    Identity::restore(identity.user, identity.device, sign, seeds, identity.tls_key).unwrap()
}

fn digest(channel: &Channel) -> Digest {
    Digest::of(format!("{channel:?}").as_bytes())
}

/// Decides and applies one entry of the strand, in the newest world.
fn fold(stage: &Stage, channel: &mut Channel, index: usize) {
    let entry = &stage.logs[&At::Strand].entries[index];
    let author = entry.act.content().header.author;
    assert!(author != chancery_core::act::Author::Root);
    let key = author_key(&stage.all.directory, &entry.act).unwrap();
    let act = VerifiedAct::new(entry.act.clone(), key, &stage.all.root.key_id()).unwrap();
    let permit = decide(stage.world(At::Strand), channel, act, NOW_MS).unwrap();
    channel.apply(permit, NOW_MS);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn who_opens_a_post_is_who_may_read_it(steps in proptest::collection::vec(step(), 1..28)) {
        let mut history = History::new();
        for step in &steps {
            history.take(step);
        }
        for (name, identity) in &history.stage.people {
            let may = history.seen.get(name).copied().unwrap_or(0);
            prop_assert_eq!(history.opened(name, identity), &history.posted[..may], "{}", name);
        }
        for (thief, seen) in &history.stolen {
            let opened = history.opened_with(thief);
            prop_assert_eq!(opened, &history.posted[..*seen], "a lost device");
        }
        prop_assert!(history.posted.is_empty() || history.seen.contains_key("officer"));
    }

    #[test]
    fn a_log_folds_to_one_state_from_any_snapshot_and_proves_every_entry(
        steps in proptest::collection::vec(step(), 1..20),
        at in any::<Index>(),
        old in any::<Index>(),
    ) {
        let mut history = History::new();
        for step in &steps {
            history.take(step);
        }
        let (stage, expected) = (&history.stage, history.channel());
        let count = stage.logs[&At::Strand].entries.len();
        let mut folded = Channel::new(expected.id, expected.place.clone());
        let mut snapshots = vec![postcard::to_stdvec(&folded).unwrap()];
        for index in 0..count {
            fold(stage, &mut folded, index);
            snapshots.push(postcard::to_stdvec(&folded).unwrap());
        }
        prop_assert_eq!(digest(&folded), digest(expected));
        let start = at.index(count + 1);
        let mut resumed: Channel = postcard::from_bytes(&snapshots[start]).unwrap();
        for index in start..count {
            fold(stage, &mut resumed, index);
        }
        prop_assert_eq!(digest(&resumed), digest(expected));

        let (log, head) = (&expected.log, expected.log.head());
        for (index, entry) in (0..).zip(&stage.logs[&At::Strand].entries) {
            let path = log.inclusion_proof(index, head.size).unwrap();
            prop_assert!(verify_inclusion(&head, index, entry.act.bytes(), NOW_MS, &path).is_ok());
            prop_assert!(verify_inclusion(&head, index, entry.act.bytes(), NOW_MS + 1, &path).is_err());
        }
        let old = 1 + old.index(count) as u64;
        let old_head = chancery_core::act::TreeHead { size: old, root: log.root_at(old).unwrap() };
        let path = log.consistency_proof(old, head.size).unwrap();
        prop_assert!(verify_consistency(&old_head, &head, &path).is_ok());
    }
}

/// The steps do reach what they are about: histories in which nothing happens would pass too.
#[test]
fn histories_have_leavers_late_joiners_and_new_keys() {
    let mut runner = TestRunner::deterministic();
    let (mut left, mut late, mut rotated, mut turned, mut stolen) = (0, 0, 0, 0, 0);
    for _ in 0..32 {
        let steps = proptest::collection::vec(step(), 20..28).new_tree(&mut runner).unwrap().current();
        let mut history = History::new();
        for step in &steps {
            history.take(step);
        }
        let posts = history.posted.len();
        left += history.seen.values().filter(|seen| (1..posts).contains(*seen)).count();
        let newcomers = NEWCOMERS.iter().chain(&NEW_OFFICERS);
        late += newcomers.filter(|name| history.seen.get(*name).is_some_and(|seen| *seen > 0)).count();
        rotated += history.channel().epoch.as_ref().map_or(0, |epoch| epoch.number);
        turned += history.old_team_keys.len();
        stolen += history.stolen.iter().filter(|(_, seen)| (1..posts).contains(seen)).count();
    }
    let all = [(left, 10), (late, 10), (turned, 10), (stolen, 10)];
    assert!(rotated > 20 && all.iter().all(|(count, least)| count > least), "{rotated} {all:?}");
}
