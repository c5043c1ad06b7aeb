//! A directory by the real rules: a State whose key is replaced by its own word and by the custodians, and an expert
//! who loses a device.

use bytes::Bytes;
use chancery_core::act::{
    AddDevice, AdmitPerson, AdmitState, AnnounceReplacement, Author, CertifyStateKey, CompleteReplacement,
    DeviceKeys, FoundDirectory, Handed, KeySuccession, Membership, Recipients, RegionalGroup,
    ReplaceStateKey, RevokeDevice, Role, SignedStatement, Standing, StateStatement, Statement, VerifiedAct,
};
use chancery_core::id::{ActId, Digest, KeyId, StateCode};
use chancery_core::limits::REPLACEMENT_DELAY_MS;
use chancery_core::log::{Tree, leaf_hash};
use chancery_core::mechanism::{Mechanism, UNTOC};
use chancery_core::name::{Namespace, directory_channel};
use chancery_core::policy::decide_directory;
use chancery_seal::random::make_bytes;
use chancery_seal::sign::SigningKey;

use super::chain::{self, Fact, KeyWord, Step, Subject, Word, chain};
use super::changes::{Acknowledged, Circle, Told, to_tell};
use super::standing::{Ended, standing};
use crate::compose::{Signer, Standpoint};
use crate::entry::Entry;
use crate::identity::Identity;
use crate::verify::DirectoryCopy;

const START_MS: u64 = 1_800_000_000_000;
const MINUTE_MS: u64 = 60_000;

struct Play {
    root: SigningKey,
    mechanism: Mechanism,
    copy: DirectoryCopy,
    now_ms: u64,
    focal: Identity,
    expert: Identity,
    /// The expert's second device.
    second: Identity,
    state_key: SigningKey,
}

impl Play {
    /// Entries 0 to 6: the founding, Kenya, its focal point, its key, an expert, the expert's second device, and
    /// an act by the first device's hand: the revocation of nothing yet.
    fn new() -> Self {
        let root = SigningKey::make().unwrap();
        let person = |tls: u8| Identity::make(KeyId::new([tls; 32])).unwrap();
        let mut play = Self {
            copy: DirectoryCopy::new(root.key_id()),
            mechanism: Mechanism::parse(UNTOC).unwrap(),
            now_ms: START_MS,
            focal: person(1),
            expert: person(2),
            second: person(3),
            state_key: SigningKey::make().unwrap(),
            root,
        };
        play.found();
        play
    }

    fn found(&mut self) {
        self.root_says(Statement::FoundDirectory(FoundDirectory {
            root_key: self.root.public(),
            mechanism: Mechanism::digest(UNTOC),
            log_key: [7; 32],
            server_tls_key: KeyId::new([8; 32]),
            custodian_tls_key: KeyId::new([9; 32]),
            second: None,
        }));
        let standings = vec![("untoc".parse().unwrap(), Standing::Party)];
        self.root_says(Statement::AdmitState(AdmitState {
            state: kenya(),
            group: RegionalGroup::Africa,
            standings,
        }));
        let focal = self.admission(&self.focal, Role::FocalPoint, None);
        self.root_says(Statement::AdmitPerson(focal));
        let key = self.state_key.public();
        self.root_says(Statement::CertifyStateKey(CertifyStateKey { state: kenya(), key, generation: 0 }));
        let word = self.membership(&self.expert, Role::Expert);
        let expert = self.admission(&self.expert, Role::Expert, Some(word));
        self.focal_says(Statement::AdmitPerson(expert));
        let add = self.second_device();
        self.expert_says(add);
    }

    fn admission(&self, person: &Identity, role: Role, word: Option<SignedStatement>) -> AdmitPerson {
        let keys = person.public_keys();
        let instruments = if role == Role::Expert { vec!["untoc".parse().unwrap()] } else { Vec::new() };
        AdmitPerson {
            keys_bytes: Bytes::from(keys.encode()),
            keys,
            possession: person.possession(&self.root.key_id()),
            role,
            state: Some(kenya()),
            instruments,
            secretariat_team: None,
            membership: word,
            expires_ms: None,
        }
    }

    fn membership(&self, person: &Identity, role: Role) -> SignedStatement {
        self.state_says(&StateStatement::Membership(Membership {
            state: kenya(),
            role,
            instruments: vec!["untoc".parse().unwrap()],
            keys: Digest::of(&person.public_keys().encode()),
            expires_ms: None,
        }))
    }

    fn state_says(&self, statement: &StateStatement) -> SignedStatement {
        Signer { key: &self.state_key, root: &self.root.key_id() }.statement(statement).unwrap()
    }

    fn second_device(&self) -> Statement {
        let keys = DeviceKeys {
            user: self.expert.user,
            device: self.second.device,
            sign: self.second.sign.public(),
            kem: Bytes::copy_from_slice(self.second.device_kem.public()),
            tls_key: self.second.tls_key,
        };
        let bytes = keys.encode();
        Statement::AddDevice(AddDevice {
            possession: self.second.sign.sign(Namespace::DevicePossession, &self.root.key_id(), &bytes),
            keys,
            keys_bytes: Bytes::from(bytes),
            handed: Some(handed(self.second.device_kem.key_id())),
        })
    }

    /// Entry 6: the lost first device is revoked by the second.
    fn lose_a_device(&mut self) {
        let device = self.expert.device;
        let author = Author::Person { user: self.expert.user, device: self.second.device };
        let statement = Statement::RevokeDevice(RevokeDevice { user: self.expert.user, device });
        let key = clone(&self.second.sign);
        self.append(author, &key, statement);
    }

    /// Entry 7: the next State key, with the word of the one before.
    fn replace_key(&mut self) {
        let next = SigningKey::make().unwrap();
        let (state, key, generation) = (kenya(), next.public(), 1);
        let succession =
            self.state_says(&StateStatement::KeySuccession(KeySuccession { state, key, generation }));
        let handed = handed(self.focal.user_kem.key_id());
        let act = ReplaceStateKey { state, key, generation, succession, handed };
        self.focal_says(Statement::ReplaceStateKey(act));
        self.state_key = next;
    }

    /// Entries 8 and 9: announced, and completed after the delay.
    fn replace_by_custodians(&mut self) -> Identity {
        let successor = Identity::make(KeyId::new([4; 32])).unwrap();
        let keys = successor.public_keys();
        let key = SigningKey::make().unwrap().public();
        self.root_says(Statement::AnnounceReplacement(AnnounceReplacement {
            state: kenya(),
            keys_bytes: Bytes::from(keys.encode()),
            keys,
            possession: successor.possession(&self.root.key_id()),
            key,
        }));
        let announcement = self.copy.entries.last().unwrap().act().unwrap().content().header.act_id;
        self.now_ms += REPLACEMENT_DELAY_MS;
        let act = CompleteReplacement { announcement, state: kenya(), key, generation: 2 };
        self.root_says(Statement::CompleteReplacement(act));
        successor
    }

    fn root_says(&mut self, statement: Statement) {
        let key = clone(&self.root);
        self.append(Author::Root, &key, statement);
    }

    fn focal_says(&mut self, statement: Statement) {
        let (author, key) = (self.focal.author(), clone(&self.focal.sign));
        self.append(author, &key, statement);
    }

    fn expert_says(&mut self, statement: Statement) {
        let (author, key) = (self.expert.author(), clone(&self.expert.sign));
        self.append(author, &key, statement);
    }

    fn append(&mut self, author: Author, key: &SigningKey, statement: Statement) {
        let root = self.root.key_id();
        let (channel, seen) = (directory_channel(&root), self.copy.head());
        let at = Standpoint { channel, author, clock_ms: self.now_ms, seen, epoch: 0, basis: None };
        let act = Signer { key, root: &root }.act(&at, ActId::new(make_bytes().unwrap()), statement).unwrap();
        let entry = Entry {
            index: self.copy.head().size,
            signed: act.bytes().clone(),
            log_time_ms: self.now_ms,
            body: None,
            own_wraps: Vec::new(),
            previous_box: None,
        };
        let act = VerifiedAct::new(act, key.public(), &root).unwrap();
        let permit = decide_directory(&self.mechanism, &self.copy.state, act, self.now_ms).unwrap();
        self.copy.state.apply(permit, self.now_ms);
        self.copy.entries.push(entry);
        self.now_ms += MINUTE_MS;
    }

    fn facts(&self, subject: Subject) -> Vec<(u64, Fact)> {
        let steps = chain(&self.copy, subject).unwrap();
        steps.into_iter().map(|step| (step.index, step.fact)).collect()
    }

    fn told(&self, told: &Told, people: &[&Identity]) -> Vec<(u64, &'static str)> {
        let people = people.iter().map(|person| person.user).collect();
        let due = to_tell(told, &self.steps(), &Circle { own_device: None, people });
        due.iter().map(|step| (step.index, step.fact.code())).collect()
    }

    fn steps(&self) -> Vec<Step> {
        chain::since(&self.copy, 0).unwrap()
    }
}

fn kenya() -> StateCode {
    "KE".parse().unwrap()
}

fn handed(to: KeyId) -> Handed {
    let wraps_root = Tree::of([leaf_hash(b"wrap", 0)]).head().root;
    Handed { commitment: Digest::of(b"seed"), recipients: Recipients { key_ids: vec![to], wraps_root } }
}

fn clone(key: &SigningKey) -> SigningKey {
    SigningKey::from_seed(chancery_seal::secret::SigningSeed::from_bytes(*key.seed().as_bytes())).unwrap()
}

#[test]
fn the_chain_of_a_person_goes_from_the_root_through_the_state_to_the_devices() {
    let mut play = Play::new();
    play.lose_a_device();
    play.replace_key();
    let (user, first, second) = (play.expert.user, play.expert.device, play.second.device);
    let key = |generation, word| Fact::StateKey { state: kenya(), generation, word };
    let word = Word::State(kenya(), 0);
    assert_eq!(
        play.facts(Subject::Person(user)),
        [
            (0, Fact::Founded(play.root.key_id())),
            (1, Fact::StateAdmitted(kenya())),
            (3, key(0, KeyWord::Root)),
            (4, Fact::Admitted { user, role: Role::Expert, of: Some(kenya()), word, device: first }),
            (5, Fact::DeviceAdded { user, device: second, by_sheet: false }),
            (6, Fact::DeviceRevoked { user, device: first }),
            (7, key(1, KeyWord::KeyBefore)),
        ]
    );
}

#[test]
fn a_replacement_by_the_custodians_stands_in_every_chain_that_it_touches() {
    let mut play = Play::new();
    play.lose_a_device();
    play.replace_key();
    let successor = play.replace_by_custodians();
    let by_custodians =
        Fact::StateKey { state: kenya(), generation: 2, word: KeyWord::Custodians { objected: false } };
    let of_state = play.facts(Subject::State(kenya()));
    assert_eq!(of_state[4..], [(8, Fact::ReplacementAnnounced(kenya())), (9, by_custodians)]);
    let old = play.facts(Subject::Person(play.focal.user));
    assert_eq!(old.last(), Some(&(9, Fact::Removed(play.focal.user))));
    let new = play.facts(Subject::Person(successor.user));
    let (user, device) = (successor.user, successor.device);
    let word = Word::Custodians(kenya());
    assert_eq!(
        new.last(),
        Some(&(9, Fact::Admitted { user, role: Role::FocalPoint, of: Some(kenya()), word, device }))
    );
}

#[test]
fn an_act_stays_valid_after_its_device_and_its_states_key_are_gone() {
    let mut play = Play::new();
    let at =
        |play: &Play, index: usize| standing(&play.copy, play.copy.id(), &play.copy.entries[index]).unwrap();
    let before = at(&play, 5);
    assert_eq!((before.device_revoked, before.author_left), (None, None));
    assert_eq!(at(&play, 4).word.unwrap().replaced, None);
    play.lose_a_device();
    play.replace_key();
    play.replace_by_custodians();
    let ended = |index: u64| {
        let log_time_ms = play.copy.entries[usize::try_from(index).unwrap()].log_time_ms;
        Some(Ended { index, log_time_ms })
    };
    let by_lost_device = at(&play, 5);
    assert_eq!(by_lost_device.device_revoked, ended(6));
    assert_eq!(by_lost_device.directory_size, 5);
    let admission = at(&play, 4);
    assert_eq!((admission.author_left, admission.device_revoked), (ended(9), None));
    let word = admission.word.unwrap();
    assert_eq!((word.generation, word.replaced), (0, ended(7)));
    let succession = at(&play, 7).word.unwrap();
    assert_eq!((succession.generation, succession.replaced), (0, ended(7)));
    assert_eq!((at(&play, 8).author, at(&play, 8).word), (None, None));
}

#[test]
fn changes_are_told_once_and_a_replacement_until_it_is_acknowledged() {
    let mut play = Play::new();
    let mut told = Told::default();
    told.acknowledge(play.copy.head().size, &play.steps(), Acknowledged::Told);
    assert_eq!(play.told(&told, &[&play.expert]), []);
    play.lose_a_device();
    play.replace_key();
    assert_eq!(play.told(&told, &[]), [(7, "state-key")]);
    assert_eq!(play.told(&told, &[&play.expert]), [(6, "device-revoked"), (7, "state-key")]);
    told.acknowledge(play.copy.head().size, &play.steps(), Acknowledged::Told);
    assert_eq!(play.told(&told, &[&play.expert]), []);
    play.replace_by_custodians();
    let both = [(8, "replacement-announced"), (9, "state-key")];
    for what in [Acknowledged::Told, Acknowledged::State("CL".parse().unwrap()), Acknowledged::State(kenya())]
    {
        assert_eq!(play.told(&told, &[]), both);
        told.acknowledge(play.copy.head().size, &play.steps(), what);
    }
    assert_eq!(play.told(&told, &[]), []);
}

#[test]
fn what_the_own_device_did_is_no_news() {
    let mut play = Play::new();
    let mut told = Told::default();
    told.acknowledge(play.copy.head().size, &play.steps(), Acknowledged::All);
    play.lose_a_device();
    let circle = |device| Circle { own_device: Some(device), people: [play.expert.user].into() };
    assert_eq!(to_tell(&told, &play.steps(), &circle(play.second.device)), []);
    assert_eq!(to_tell(&told, &play.steps(), &circle(play.focal.device)).len(), 1);
}
