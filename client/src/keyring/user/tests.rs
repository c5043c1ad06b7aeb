use bytes::Bytes;
use chancery_core::act::{
    AddDevice, AdmitPerson, Author, Handed, NewUserKey, Role, SetRecovery, VerifiedAct,
};
use chancery_core::id::{KeyId, TeamId};
use chancery_core::mechanism::{Mechanism, UNTOC};
use chancery_core::name::{Namespace, directory_channel};
use chancery_core::policy::decide_directory;
use chancery_core::state::Directory;
use chancery_seal::previous::box_previous;
use chancery_seal::random::make_bytes;
use chancery_seal::secret::RecoverySecret;
use chancery_seal::sign::SigningKey;
use chancery_seal::wrap::commit;

use super::*;
use crate::compose::{RecipientKey, Signer, Standpoint, wrap_to};
use crate::entry::OwnWrap;

/// An officer's directory, with what its acts bring along.
struct World {
    root: SigningKey,
    directory: Directory,
    entries: Vec<Entry>,
    first: Identity,
    /// The seed of every generation.
    seeds: Vec<[u8; 32]>,
}

type Beside = (Vec<Bytes>, Option<Bytes>);

impl World {
    fn new() -> Self {
        let root = SigningKey::make().unwrap();
        let first = Identity::make(KeyId::new([1; 32])).unwrap();
        let seeds = vec![*first.seeds().user.as_bytes()];
        let directory = Directory::new(root.key_id());
        let mut world = Self { root, directory, entries: Vec::new(), first, seeds };
        let found = chancery_core::act::FoundDirectory {
            root_key: world.root.public(),
            mechanism: Mechanism::digest(UNTOC),
            log_key: [2; 32],
            server_tls_key: KeyId::new([3; 32]),
            custodian_tls_key: KeyId::new([4; 32]),
            second: None,
        };
        world.append(None, Statement::FoundDirectory(found), (Vec::new(), None));
        let keys = world.first.public_keys();
        let admitted = AdmitPerson {
            keys_bytes: keys.encode().into(),
            keys,
            possession: world.first.possession(&world.root.key_id()),
            role: Role::Officer,
            state: None,
            instruments: Vec::new(),
            secretariat_team: Some(TeamId::new([5; 16])),
            membership: None,
            expires_ms: None,
        };
        world.append(None, Statement::AdmitPerson(admitted), (Vec::new(), None));
        world
    }

    /// An act of the first device, or of the root, with every wrap handed out.
    fn append(&mut self, by: Option<&SigningKey>, statement: Statement, beside: Beside) {
        let root = self.root.key_id();
        let author = by.map_or(Author::Root, |_| self.first.author());
        let standpoint = Standpoint {
            channel: directory_channel(&root),
            author,
            clock_ms: 1,
            seen: self.directory.log.head(),
            epoch: 0,
            basis: None,
        };
        let key = by.unwrap_or(&self.root);
        let signer = Signer { key, root: &root };
        let act = signer.act(&standpoint, ActId::new(make_bytes().unwrap()), statement).unwrap();
        let recipients = act.content().statement.beside().recipients.cloned();
        let ids = recipients.map(|recipients| recipients.key_ids).unwrap_or_default();
        let own_wraps = ids.into_iter().zip(&beside.0).map(|(key_id, wrap)| OwnWrap {
            key_id,
            wrap: wrap.clone(),
            position: 0,
            path: Vec::new(),
        });
        self.entries.push(Entry {
            index: self.directory.log.size(),
            signed: act.bytes().clone(),
            log_time_ms: 1,
            body: None,
            own_wraps: own_wraps.collect(),
            previous_box: beside.1,
        });
        let verified = VerifiedAct::new(act, key.public(), &root).unwrap();
        let mechanism = Mechanism::parse(UNTOC).unwrap();
        let permit = decide_directory(&mechanism, &self.directory, verified, 1).unwrap();
        self.directory.apply(permit, 1);
    }

    fn by_first(&mut self, statement: Statement, beside: Beside) {
        let key = SigningKey::from_seed(chancery_seal::secret::SigningSeed::from_bytes(
            *self.first.sign.seed().as_bytes(),
        ));
        self.append(Some(&key.unwrap()), statement, beside);
    }

    fn info(&self) -> WrapInfo {
        user_info(self.first.user, self.seeds.len() as u64 - 1)
    }

    /// `seed` as the newest generation's, to one key.
    fn handed(&self, seed: &[u8; 32], to: &KemKeyPair) -> (Handed, Vec<Bytes>) {
        let recipient = RecipientKey { id: to.key_id(), public: Bytes::copy_from_slice(to.public()) };
        let (recipients, wraps) = wrap_to(&self.info(), seed, vec![recipient]).unwrap();
        (Handed { commitment: commit(&self.info(), seed), recipients }, wraps)
    }

    /// A further device, handed `seed`.
    fn add(&mut self, seed: &[u8; 32]) -> Identity {
        let tls = KeyId::new(make_bytes().unwrap());
        let device = Identity::make_for(self.first.user, tls).unwrap();
        let (handed, wraps) = self.handed(seed, &device.device_kem);
        let keys = device.device_keys();
        let bytes = keys.encode();
        let root = self.root.key_id();
        let possession = device.sign.sign(Namespace::DevicePossession, &root, &bytes);
        let added = AddDevice { keys, keys_bytes: bytes.into(), possession, handed: Some(handed) };
        self.by_first(Statement::AddDevice(added), (wraps, None));
        device
    }

    /// The next generation, whose box holds `boxed` in place of the seed before.
    fn rotate(&mut self, boxed: Option<[u8; 32]>) {
        let seed = KemSeed::make().unwrap();
        let before = boxed.unwrap_or(*self.seeds.last().unwrap());
        self.seeds.push(*seed.as_bytes());
        let info = self.info();
        let boxed = Bytes::from(box_previous(&info, seed.as_bytes(), &before).unwrap());
        let person = self.directory.now(1).person(&self.first.user).unwrap();
        let devices = person.devices().map(|one| RecipientKey { id: one.kem_id, public: one.kem.clone() });
        let sheet = person.recovery().map(|one| RecipientKey { id: one.kem_id, public: one.kem.clone() });
        let (recipients, wraps) = wrap_to(&info, seed.as_bytes(), devices.chain(sheet).collect()).unwrap();
        let made = NewUserKey {
            generation: info.generation,
            kem: Bytes::copy_from_slice(KemKeyPair::from_seed(&seed).unwrap().public()),
            commitment: commit(&info, seed.as_bytes()),
            previous_box: Some(Digest::of(&boxed)),
            recipients,
        };
        self.by_first(Statement::NewUserKey(made), (wraps, Some(boxed)));
    }

    fn open(&self, identity: &Identity, sheet: Option<&KemKeyPair>) -> (UserRing, Vec<Alert>) {
        let record = self.directory.record(&self.first.user).unwrap();
        UserRing::open(record, identity, sheet, &self.entries)
    }

    fn newest(&self) -> [u8; 32] {
        *self.seeds.last().unwrap()
    }

    /// Which generations open to `identity`, each with its own seed, and how many alerts there are.
    fn check(&self, identity: &Identity, sheet: Option<&KemKeyPair>, open: &[u64], alerts: usize) {
        let (ring, found) = self.open(identity, sheet);
        for (seed, generation) in self.seeds.iter().zip(0..) {
            let held = ring.seed(generation).map(KemSeed::as_bytes);
            assert_eq!(held, open.contains(&generation).then_some(seed), "generation {generation}");
        }
        assert_eq!((ring.len(), found.len()), (open.len(), alerts));
    }
}

#[test]
fn every_device_and_the_sheet_open_every_generation() {
    let mut world = World::new();
    world.check(&world.first, None, &[0], 0);
    let second = world.add(&world.newest());
    world.check(&second, None, &[0], 0);
    world.rotate(None);
    let third = world.add(&world.newest());
    let secret = RecoverySecret::make().unwrap();
    let kem = secret.kem().unwrap();
    let (handed, wraps) = world.handed(&world.newest(), &kem);
    let sign = secret.signing_key().unwrap().public();
    let set = SetRecovery { sign, kem: Bytes::copy_from_slice(kem.public()), handed };
    world.by_first(Statement::SetRecovery(set), (wraps, None));
    world.rotate(None);
    let stranger = Identity::make_for(world.first.user, KeyId::new([9; 32])).unwrap();
    for identity in [&world.first, &second, &third] {
        world.check(identity, None, &[0, 1, 2], 0);
    }
    world.check(&stranger, None, &[], 0);
    world.check(&stranger, Some(&kem), &[0, 1, 2], 0);
    let (ring, _) = world.open(&world.first, None);
    let newest = &world.directory.record(&world.first.user).unwrap().keys[2];
    assert!(ring.pair(&newest.kem_id).is_some() && ring.pair(&KeyId::new([0; 32])).is_none());
}

#[test]
fn a_seed_that_is_not_the_key_in_the_directory_is_never_held() {
    let mut world = World::new();
    let cheated = world.add(&[7; 32]);
    world.check(&cheated, None, &[], 1);
    world.rotate(Some([8; 32]));
    // It gets the next one by its own wrap; what the box holds is no key of the person's.
    world.check(&cheated, None, &[1], 2);
    world.check(&world.first, None, &[0, 1], 0);
}

#[test]
fn an_altered_wrap_and_box_are_alerts_and_another_person_s_acts_are_passed_over() {
    let mut world = World::new();
    let second = world.add(&world.newest());
    world.rotate(None);
    let rotation = world.entries.len() - 1;
    for wrap in &mut world.entries[rotation].own_wraps {
        wrap.wrap = Bytes::from(vec![0; wrap.wrap.len()]);
    }
    world.check(&second, None, &[0], 1);
    let mut world = World::new();
    let second = world.add(&world.newest());
    world.entries[2].own_wraps.clear();
    world.rotate(None);
    world.check(&second, None, &[0, 1], 0);
    let boxed = world.entries[3].previous_box.clone().unwrap();
    world.entries[3].previous_box = Some(vec![0; boxed.len()].into());
    world.check(&second, None, &[1], 1);
    world.entries[3].previous_box = None;
    world.check(&second, None, &[1], 0);

    let mut other = World::new();
    other.add(&other.newest());
    world.entries.extend(other.entries);
    world.check(&second, None, &[1], 0);
}
