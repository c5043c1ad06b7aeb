//! Further devices, recovery sheets and people who come and go, by real acts.

use bytes::Bytes;
use chancery_client::compose::{RecipientKey, Signer, Standpoint, wrap_to};
use chancery_client::identity::{Identity, KemSeeds};
use chancery_core::act::{
    AddDevice, AdmitPerson, AnnounceReplacement, CompleteReplacement, DeviceKeys, Handed, Membership,
    NewUserKey, Recertify, Role, SetRecovery, SignedAct, StateStatement, Statement,
};
use chancery_core::id::{ActId, ChannelId, Digest, KeyId, UserId};
use chancery_core::limits::REPLACEMENT_DELAY_MS;
use chancery_core::log::Tree;
use chancery_core::name::Namespace;
use chancery_core::state::Person;
use chancery_seal::kem::KemKeyPair;
use chancery_seal::secret::KemSeed;
use chancery_seal::sign::SigningKey;
use chancery_seal::wrap::{Purpose, Scope, WrapInfo, commit};

use super::{NOW_MS, World, bare, random, state};
use crate::app::AppError;
use crate::app::append::{NewEntry, Receipt};

impl World {
    /// The log time at which acts land now.
    pub(crate) fn now_ms(&self) -> u64 {
        self.app.now_ms()
    }

    /// The public keys of a device as it signs them, handed the person's key or not.
    pub(crate) fn add_device(&self, device: &Identity, handed: Option<Handed>) -> AddDevice {
        let keys = device_keys(device);
        let keys_bytes = Bytes::from(keys.encode());
        let possession = device.sign.sign(Namespace::DevicePossession, &self.root.key_id(), &keys_bytes);
        AddDevice { keys, keys_bytes, possession, handed }
    }

    /// Adds a further device of the person, with this TLS key.
    pub(crate) async fn further(&self, person: &Identity, tls_key: KeyId) -> Identity {
        let device = further_device(person, tls_key);
        self.bring_in(person, &device).await;
        device
    }

    /// Adds this device by another of the person.
    pub(crate) async fn bring_in(&self, person: &Identity, device: &Identity) {
        let (handed, wraps) = self.hand(person, &device.device_kem).await;
        let statement = Statement::AddDevice(self.add_device(device, Some(handed)));
        self.land(person, statement, wraps).await.unwrap();
    }

    /// The person's current seed, wrapped to a key of their own.
    async fn hand(&self, person: &Identity, to: &KemKeyPair) -> (Handed, Vec<Bytes>) {
        let directory = self.directory().await;
        let known = directory.now(self.now_ms()).person(&person.user).unwrap();
        let info = user_info(person.user, known.newest_key().unwrap().generation);
        let seed = person.seeds().user.as_bytes();
        let (recipients, wraps) = wrap_to(&info, seed, vec![key(to)]).unwrap();
        (Handed { commitment: commit(&info, seed), recipients }, wraps)
    }

    /// Sets a recovery sheet of the person, and returns its signing key.
    pub(crate) async fn sheet(&self, person: &Identity) -> SigningKey {
        let sign = SigningKey::make().unwrap();
        let kem = KemKeyPair::from_seed(&KemSeed::make().unwrap()).unwrap();
        let (handed, wraps) = self.hand(person, &kem).await;
        let kem = Bytes::copy_from_slice(kem.public());
        let statement = Statement::SetRecovery(SetRecovery { sign: sign.public(), kem, handed });
        self.land(person, statement, wraps).await.unwrap();
        sign
    }

    /// What a sheet signs to bring in `device`, as `change` leaves it.
    pub(crate) fn by_sheet(
        &self,
        sheet: &SigningKey,
        device: &Identity,
        change: impl FnOnce(&mut AddDevice),
    ) -> SignedAct {
        let mut act = self.add_device(device, None);
        change(&mut act);
        self.signed_by_sheet(sheet, device, Statement::AddDevice(act))
    }

    /// Any statement in the name of `device`, signed by a sheet that knows nothing of the log.
    pub(crate) fn signed_by_sheet(
        &self,
        sheet: &SigningKey,
        device: &Identity,
        statement: Statement,
    ) -> SignedAct {
        self.sheet_act(sheet, device, (self.directory_id(), random()), statement)
    }

    /// What a sheet signs to bring in `device`, under this place and id.
    pub(crate) fn by_sheet_at(
        &self,
        sheet: &SigningKey,
        device: &Identity,
        place: (ChannelId, ActId),
    ) -> SignedAct {
        self.sheet_act(sheet, device, place, Statement::AddDevice(self.add_device(device, None)))
    }

    fn sheet_act(
        &self,
        sheet: &SigningKey,
        device: &Identity,
        (channel, act_id): (ChannelId, ActId),
        statement: Statement,
    ) -> SignedAct {
        let (root, seen) = (self.root.key_id(), Tree::default().head());
        let author = device.author();
        let standpoint = Standpoint { channel, author, clock_ms: NOW_MS, seen, epoch: 0, basis: None };
        Signer { key: sheet, root: &root }.act(&standpoint, act_id, statement).unwrap()
    }

    /// The next generation of the person's own key, made on this device.
    pub(crate) async fn new_user_key(&self, device: &Identity) -> Result<Vec<Receipt>, AppError> {
        let directory = self.directory().await;
        let person = directory.now(self.now_ms()).person(&device.user).unwrap();
        let generation = person.newest_key().unwrap().generation + 1;
        let (seed, info) = (KemSeed::make().unwrap(), user_info(device.user, generation));
        let (recipients, wraps) = wrap_to(&info, seed.as_bytes(), own_keys(&person)).unwrap();
        let previous_box = Bytes::from_static(&[7; chancery_core::limits::PREVIOUS_BOX_BYTES]);
        let statement = Statement::NewUserKey(NewUserKey {
            generation,
            kem: Bytes::copy_from_slice(KemKeyPair::from_seed(&seed).unwrap().public()),
            commitment: commit(&info, seed.as_bytes()),
            previous_box: Some(Digest::of(&previous_box)),
            recipients,
        });
        let act = self.act(device, &self.directory_id(), statement).await;
        let entry = NewEntry { wraps, previous_box, ..bare(&act) };
        self.send(device, self.directory_id(), vec![entry]).await
    }

    /// Certifies a person anew on a device with this TLS key, by the focal point `by` of Chile.
    pub(crate) async fn recertify(&self, by: &Identity, user: UserId, tls_key: KeyId) -> Identity {
        let fresh = identity(user, KemSeed::make().unwrap(), tls_key);
        let keys = fresh.public_keys();
        let keys_bytes = Bytes::from(keys.encode());
        let directory = self.directory().await;
        let known = directory.now(self.now_ms()).person(&user).unwrap();
        let word = Membership {
            state: state("CL"),
            role: known.role,
            instruments: known.instruments.to_vec(),
            keys: Digest::of(&keys_bytes),
            expires_ms: known.expires_ms,
        };
        let membership = Some(self.word(word));
        let possession = fresh.possession(&self.root.key_id());
        let statement = Statement::Recertify(Recertify { keys, keys_bytes, possession, membership });
        self.land(by, statement, Vec::new()).await.unwrap();
        fresh
    }

    /// Admits a second focal point of Chile until `expires_ms`, on a device with this TLS key.
    pub(crate) async fn until(&self, tls_key: KeyId, expires_ms: u64) -> Identity {
        let newcomer = Identity::make(tls_key).unwrap();
        let keys = newcomer.public_keys();
        let keys_bytes = Bytes::from(keys.encode());
        let word = Membership {
            state: state("CL"),
            role: Role::FocalPoint,
            instruments: Vec::new(),
            keys: Digest::of(&keys_bytes),
            expires_ms: Some(expires_ms),
        };
        let statement = Statement::AdmitPerson(AdmitPerson {
            keys,
            keys_bytes,
            possession: newcomer.possession(&self.root.key_id()),
            role: Role::FocalPoint,
            state: Some(state("CL")),
            instruments: Vec::new(),
            secretariat_team: None,
            membership: Some(self.word(word)),
            expires_ms: Some(expires_ms),
        });
        self.land(&self.focal["CL"], statement, Vec::new()).await.unwrap();
        newcomer
    }

    /// Announces the replacement of Chile's focal points and key, and completes it 72 hours later.
    pub(crate) async fn replace(&self) -> Identity {
        let successor = super::person();
        let (keys, key) = (successor.public_keys(), SigningKey::make().unwrap().public());
        let announced = AnnounceReplacement {
            state: state("CL"),
            keys_bytes: Bytes::from(keys.encode()),
            keys,
            possession: successor.possession(&self.root.key_id()),
            key,
        };
        self.by_root(Statement::AnnounceReplacement(announced)).await.unwrap();
        let announcement = self.pending().await;
        self.later(REPLACEMENT_DELAY_MS);
        let completed = CompleteReplacement { announcement, state: state("CL"), key, generation: 1 };
        self.by_root(Statement::CompleteReplacement(completed)).await.unwrap();
        successor
    }

    async fn pending(&self) -> ActId {
        let directory = self.directory().await;
        directory.now(self.now_ms()).replacement(&state("CL")).unwrap().act
    }

    fn word(&self, membership: Membership) -> chancery_core::act::SignedStatement {
        let root = self.root.key_id();
        let signer = Signer { key: &self.state_keys[&membership.state], root: &root };
        signer.statement(&StateStatement::Membership(membership)).unwrap()
    }

    /// Signs a statement of the directory where the person stands, and sends it with these wraps.
    async fn land(
        &self,
        by: &Identity,
        statement: Statement,
        wraps: Vec<Bytes>,
    ) -> Result<Vec<Receipt>, AppError> {
        let act = self.act(by, &self.directory_id(), statement).await;
        self.send(by, self.directory_id(), vec![NewEntry { wraps, ..bare(&act) }]).await
    }
}

/// The public keys of a device that is not the person's first.
fn device_keys(device: &Identity) -> DeviceKeys {
    DeviceKeys {
        user: device.user,
        device: device.device,
        sign: device.sign.public(),
        kem: Bytes::copy_from_slice(device.device_kem.public()),
        tls_key: device.tls_key,
    }
}

/// A device of the same person, of which nobody knows yet.
pub(crate) fn further_device(person: &Identity, tls_key: KeyId) -> Identity {
    identity(person.user, KemSeed::from_bytes(*person.seeds().user.as_bytes()), tls_key)
}

fn identity(user: UserId, own: KemSeed, tls_key: KeyId) -> Identity {
    let seeds = KemSeeds { user: own, device: KemSeed::make().unwrap() };
    Identity::restore(user, random(), SigningKey::make().unwrap(), seeds, tls_key).unwrap()
}

/// The keys of a person's devices and sheet.
fn own_keys(person: &Person<'_>) -> Vec<RecipientKey> {
    let devices = person.devices().map(|device| (device.kem_id, device.kem.clone()));
    let sheet = person.recovery().map(|sheet| (sheet.kem_id, sheet.kem.clone()));
    devices.chain(sheet).map(|(id, public)| RecipientKey { id, public }).collect()
}

fn key(kem: &KemKeyPair) -> RecipientKey {
    RecipientKey { id: kem.key_id(), public: Bytes::copy_from_slice(kem.public()) }
}

fn user_info(user: UserId, generation: u64) -> WrapInfo {
    WrapInfo { purpose: Purpose::User, scope: Scope::new(*user.as_bytes()), generation }
}
