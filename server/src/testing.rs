//! A deployment with real keys, real seals and real signatures, whose acts all go through [`App::append`].

pub(crate) mod turnover;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use chancery_client::compose::{
    Composed, NewRevision, RecipientKey, Signer, Standpoint, add_member, new_epoch, post, wrap_to,
};
use chancery_client::identity::Identity;
use chancery_client::keyring::Keyring;
use chancery_core::act::{
    AdmitPerson, AdmitState, Audience, Author, Basis, CertifyStateKey, Disclose, FoundDirectory, Membership,
    NewTeamGeneration, OpenChannel, OpenReview, Opening, PersonCard, PostBody, PostRef, RegionalGroup,
    Rendition, Reviewer, Role, SignedStatement, Standing, StateStatement, Statement, Team, Withdraw,
};
use chancery_core::id::{
    ActId, ChannelId, DeviceId, Digest, InstrumentCode, KeyId, SectionId, StateCode, TeamId, UserId,
};
use chancery_core::mechanism::{ItemKind, Language, Mechanism, UNTOC};
use chancery_core::name::{directory_channel, team_scope};
use chancery_core::state::{Channel, Directory};
use chancery_seal::kem::KemKeyPair;
use chancery_seal::random::make_bytes;
use chancery_seal::secret::{EpochSecret, KemSeed};
use chancery_seal::sign::SigningKey;
use chancery_seal::wrap::{Purpose, WrapInfo, commit};

use crate::app::append::{NewEntry, NewRelease, Receipt};
use crate::app::certify::{Own, certify};
use crate::app::world::View;
use crate::app::{App, AppError, Caller, LogKey, Parts};
use crate::blobs::Blobs;
use crate::gate::{Connections, PeerKey};
use crate::random::make_ed25519_key;
use crate::store::db::Pool;

/// When everything begins.
pub(crate) const NOW_MS: u64 = 1_800_000_000_000;
/// Key id of the server's TLS key, where there is no gate.
pub(crate) const SERVER_TLS: KeyId = KeyId::new([8; 32]);

/// A deployment: a root, four States with their focal points, a secretariat with one officer.
pub(crate) struct World {
    pub(crate) app: App,
    pub(crate) pool: Pool,
    pub(crate) blobs: Blobs,
    pub(crate) root: SigningKey,
    pub(crate) log_key: Vec<u8>,
    pub(crate) custodian: KeyId,
    pub(crate) clock: Arc<AtomicU64>,
    pub(crate) state_keys: BTreeMap<StateCode, SigningKey>,
    pub(crate) team: TeamId,
    pub(crate) officer: Identity,
    pub(crate) focal: BTreeMap<&'static str, Identity>,
    _folder: tempfile::TempDir,
}

/// A review of Chile with its strand on firearms, opened by Chile's focal point; Kenya and Portugal review.
pub(crate) struct Strand {
    pub(crate) review: ChannelId,
    pub(crate) id: ChannelId,
    pub(crate) ring: Keyring,
}

impl World {
    /// Founds the deployment in an empty database.
    pub(crate) async fn found(pool: Pool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = SigningKey::make().unwrap();
        let log_key = make_ed25519_key().unwrap().to_vec();
        let custodian = KeyId::new(make_bytes().unwrap());
        let own = own(&root, &log_key);
        let statement = Statement::FoundDirectory(FoundDirectory {
            root_key: root.public(),
            mechanism: own.mechanism,
            log_key: own.log_key,
            server_tls_key: own.server_tls_key,
            custodian_tls_key: custodian,
            second: None,
        });
        let fingerprint = root.key_id();
        let standpoint = Standpoint {
            channel: directory_channel(&fingerprint),
            author: Author::Root,
            clock_ms: NOW_MS,
            seen: Directory::new(fingerprint).log.head(),
            epoch: 0,
            basis: None,
        };
        let act = Signer { key: &root, root: &fingerprint }.act(&standpoint, random(), statement).unwrap();
        let mechanism = Mechanism::parse(UNTOC).unwrap();
        certify(&pool, &own, &mechanism, act.bytes().clone(), NOW_MS).await.unwrap();
        let clock = Arc::new(AtomicU64::new(NOW_MS));
        let blobs = Blobs::open_folder(folder.path().join("files")).await.unwrap();
        let app = start(&pool, &blobs, &root, &log_key, &clock, Connections::new(8)).await;
        let officer = person();
        let focal = ["CL", "KE", "PT", "JP"].map(|code| (code, person())).into();
        let mut world = Self {
            app,
            pool,
            blobs,
            root,
            log_key,
            custodian,
            clock,
            state_keys: BTreeMap::new(),
            team: random(),
            officer,
            focal,
            _folder: folder,
        };
        world.people().await;
        world
    }

    async fn people(&mut self) {
        for code in ["CL", "KE", "PT", "JP"] {
            let standings =
                ["firearms", "som", "tip", "untoc"].map(|code| (instrument(code), Standing::Party));
            let admitted = AdmitState {
                state: state(code),
                group: RegionalGroup::Africa,
                standings: standings.to_vec(),
            };
            self.by_root(Statement::AdmitState(admitted)).await.unwrap();
            let focal = self.admission(&self.focal[code], Role::FocalPoint, Some(state(code)), &[], false);
            self.by_root(focal).await.unwrap();
            let key = SigningKey::make().unwrap();
            let certified = CertifyStateKey { state: state(code), key: key.public(), generation: 0 };
            self.by_root(Statement::CertifyStateKey(certified)).await.unwrap();
            self.state_keys.insert(state(code), key);
        }
        let officer = self.admission(&self.officer, Role::Officer, None, &[], false);
        self.by_root(officer).await.unwrap();
        self.new_team(Team::Secretariat(self.team), vec![recipient(&self.officer)]).await;
    }

    /// Makes the first generation of a team's key, by the officer.
    pub(crate) async fn new_team(&self, team: Team, recipients: Vec<RecipientKey>) -> KemKeyPair {
        let seed = KemSeed::make().unwrap();
        let kem = KemKeyPair::from_seed(&seed).unwrap();
        let scope = team_scope(&self.root.key_id(), team).into();
        let info = WrapInfo { purpose: Purpose::Team, scope, generation: 0 };
        let (recipients, wraps) = wrap_to(&info, seed.as_bytes(), recipients).unwrap();
        let statement = Statement::NewTeamGeneration(NewTeamGeneration {
            team,
            generation: 0,
            kem: Bytes::copy_from_slice(kem.public()),
            commitment: commit(&info, seed.as_bytes()),
            previous_box: None,
            recipients,
        });
        let act = self.act(&self.officer, &self.directory_id(), statement).await;
        let entry = NewEntry { wraps, ..bare(&act) };
        self.app.append(&self.caller(&self.officer), self.directory_id(), vec![entry]).await.unwrap();
        kem
    }

    /// What admits a person; with the State's word for all but officers and focal points.
    pub(crate) fn admission(
        &self,
        person: &Identity,
        role: Role,
        of: Option<StateCode>,
        instruments: &[&str],
        by_state: bool,
    ) -> Statement {
        let keys = person.public_keys();
        let keys_bytes = Bytes::from(keys.encode());
        let instruments: Vec<InstrumentCode> = instruments.iter().map(|code| instrument(code)).collect();
        let root = self.root.key_id();
        let membership = of.filter(|_| by_state).map(|code| {
            let keys = Digest::of(&keys_bytes);
            let instruments = instruments.clone();
            let membership = Membership { state: code, role, instruments, keys, expires_ms: None };
            let signer = Signer { key: &self.state_keys[&code], root: &root };
            signer.statement(&StateStatement::Membership(membership)).unwrap()
        });
        Statement::AdmitPerson(AdmitPerson {
            keys,
            keys_bytes,
            possession: person.possession(&root),
            role,
            state: of,
            instruments,
            secretariat_team: (role == Role::Officer).then_some(self.team),
            membership,
            expires_ms: None,
        })
    }

    /// Admits a new expert of a State for firearms.
    pub(crate) async fn expert(&self, code: &'static str) -> Identity {
        self.expert_on(code, KeyId::new(make_bytes().unwrap())).await
    }

    /// As [`World::expert`], on a device with this TLS key.
    pub(crate) async fn expert_on(&self, code: &'static str, tls_key: KeyId) -> Identity {
        let expert = Identity::make(tls_key).unwrap();
        let statement = self.admission(&expert, Role::Expert, Some(state(code)), &["firearms"], true);
        let act = self.act(&self.focal[code], &self.directory_id(), statement).await;
        self.send(&self.focal[code], self.directory_id(), vec![bare(&act)]).await.unwrap();
        expert
    }

    /// An act of the root, sent by the custodians' machine.
    pub(crate) async fn by_root(&self, statement: Statement) -> Result<Vec<Receipt>, AppError> {
        let root = self.root.key_id();
        let standpoint = Standpoint {
            author: Author::Root,
            ..self.standpoint_of(Author::Root, &self.directory_id()).await
        };
        let act = Signer { key: &self.root, root: &root }.act(&standpoint, random(), statement).unwrap();
        let caller = Caller::Custodian { tls_key: self.custodian };
        self.app.append(&caller, self.directory_id(), vec![bare(&act.into())]).await
    }

    pub(crate) fn directory_id(&self) -> ChannelId {
        self.app.world().directory_id()
    }

    /// The person as the server knows the holder of the TLS key.
    pub(crate) fn caller(&self, person: &Identity) -> Caller {
        Caller::of(&self.app.world().kept_directory().state, person.tls_key, self.app.now_ms())
    }

    pub(crate) async fn directory(&self) -> Directory {
        self.app.directory().await.unwrap().state.clone()
    }

    pub(crate) async fn channel(&self, id: &ChannelId) -> Channel {
        match self.app.view(id).await.unwrap() {
            Some(View::Channel { channel, .. }) => channel.state.clone(),
            _ => panic!("no channel {id}"),
        }
    }

    pub(crate) async fn size(&self, id: &ChannelId) -> u64 {
        self.app.view(id).await.unwrap().map_or(0, |view| view.log().size())
    }

    /// Where the person stands in a channel now.
    pub(crate) async fn standpoint(&self, person: &Identity, id: &ChannelId) -> Standpoint {
        self.standpoint_of(person.author(), id).await
    }

    async fn standpoint_of(&self, author: Author, id: &ChannelId) -> Standpoint {
        let directory = self.directory().await;
        let at =
            |seen, epoch, basis| Standpoint { channel: *id, author, clock_ms: NOW_MS, seen, epoch, basis };
        if *id == self.directory_id() {
            return at(directory.log.head(), 0, None);
        }
        let (seen, epoch, review) = match self.app.view(id).await.unwrap() {
            Some(View::Channel { channel, review }) => {
                let epoch = channel.state.epoch.as_ref().map_or(0, |epoch| epoch.number);
                (channel.state.log.head(), epoch, review.map(|review| review.state.log.head()))
            }
            Some(view) => (view.log().head(), 0, None),
            None => (chancery_core::log::Tree::default().head(), 0, None),
        };
        at(seen, epoch, Some(Basis { directory: directory.log.head(), review }))
    }

    /// Signs a statement where the person stands now.
    pub(crate) async fn act(&self, person: &Identity, id: &ChannelId, statement: Statement) -> Composed {
        let root = self.root.key_id();
        let standpoint = self.standpoint(person, id).await;
        Signer { key: &person.sign, root: &root }.act(&standpoint, random(), statement).unwrap().into()
    }

    /// Sends entries over the person's own connection.
    pub(crate) async fn send(
        &self,
        person: &Identity,
        id: ChannelId,
        entries: Vec<NewEntry>,
    ) -> Result<Vec<Receipt>, AppError> {
        self.app.append(&self.caller(person), id, entries).await
    }

    /// Signs a statement and sends it.
    pub(crate) async fn state_in(
        &self,
        person: &Identity,
        id: ChannelId,
        statement: Statement,
    ) -> Result<Vec<Receipt>, AppError> {
        let act = self.act(person, &id, statement).await;
        self.send(person, id, vec![bare(&act)]).await
    }

    /// Opens the review with its first epoch.
    pub(crate) async fn open_review(&self) -> (ChannelId, Keyring) {
        let review = random();
        self.state_in(&self.officer, review, Statement::OpenReview(self.roster())).await.unwrap();
        let mut ring = Keyring::new(review);
        self.rotate(&self.officer, review, &mut ring).await.unwrap();
        (review, ring)
    }

    /// Kenya reviews the Convention and firearms, Portugal firearms alone.
    pub(crate) fn roster(&self) -> OpenReview {
        let reviewer = |code: &str, instruments: &[&str]| Reviewer {
            state: state(code),
            instruments: instruments.iter().map(|code| instrument(code)).collect(),
        };
        OpenReview {
            state: state("CL"),
            instruments: vec![instrument("firearms"), instrument("untoc")],
            reviewers: vec![reviewer("KE", &["firearms", "untoc"]), reviewer("PT", &["firearms"])],
            secretariat_team: self.team,
            languages: vec![Language::En, Language::Es],
        }
    }

    /// Opens a channel of the review; it has no epoch yet.
    pub(crate) async fn open_channel(&self, review: ChannelId, opening: Opening) -> ChannelId {
        let channel = random();
        let statement = Statement::OpenChannel(OpenChannel { channel, opening });
        self.state_in(&self.officer, review, statement).await.unwrap();
        channel
    }

    /// The review with its strand on firearms, both with an epoch.
    pub(crate) async fn strand(&self) -> Strand {
        let (review, _) = self.open_review().await;
        let id = self.open_channel(review, Opening::Strand(instrument("firearms"))).await;
        let mut ring = Keyring::new(id);
        self.rotate(&self.focal["CL"], id, &mut ring).await.unwrap();
        Strand { review, id, ring }
    }

    /// Makes the next epoch of a channel.
    pub(crate) async fn rotate(
        &self,
        person: &Identity,
        id: ChannelId,
        ring: &mut Keyring,
    ) -> Result<Vec<Receipt>, AppError> {
        let (composed, secret, number) = self.epoch(person, id, ring).await;
        let receipts = self.send(person, id, vec![entry(&composed)]).await?;
        ring.hold(number, secret);
        Ok(receipts)
    }

    /// The next epoch of a channel, signed and not sent.
    pub(crate) async fn epoch(
        &self,
        person: &Identity,
        id: ChannelId,
        ring: &Keyring,
    ) -> (Composed, EpochSecret, u64) {
        let view = self.app.view(&id).await.unwrap().unwrap();
        let View::Channel { channel, .. } = &view else { panic!("no channel") };
        let (channel, roster) = (&channel.state, view.roster().unwrap());
        let directory = self.directory().await;
        let now = directory.now(NOW_MS);
        let readers = channel.epoch_recipients(roster, &now).into_iter();
        let of = |id: KeyId| now.by_kem(&id).unwrap().key().unwrap().kem.clone();
        let readers = readers.map(|id| RecipientKey { id, public: of(id) }).collect();
        let team = channel.secretariat_key(roster, &now).map(|id| {
            let public = now.team(&roster.team()).unwrap().kem.clone();
            RecipientKey { id, public }
        });
        let secret = EpochSecret::make().unwrap();
        let standpoint = self.standpoint(person, &id).await;
        let previous = ring.secret(standpoint.epoch).ok().filter(|_| channel.epoch.is_some());
        let number = channel.epoch.as_ref().map_or(0, |epoch| epoch.number + 1);
        let root = self.root.key_id();
        let signer = Signer { key: &person.sign, root: &root };
        let composed = new_epoch(signer, &standpoint, random(), &secret, previous, readers, team).unwrap();
        (composed, secret, number)
    }

    /// Brings a person into a channel.
    pub(crate) async fn join(&self, by: &Identity, id: ChannelId, ring: &Keyring, newcomer: &Identity) {
        let card = PersonCard { name: "A. Person".into(), post: "Expert".into(), contact: String::new() };
        let standpoint = self.standpoint(by, &id).await;
        let root = self.root.key_id();
        let signer = Signer { key: &by.sign, root: &root };
        let secret = ring.secret(standpoint.epoch).unwrap();
        let subject = (newcomer.user, recipient(newcomer));
        let composed = add_member(signer, &standpoint, random(), secret, subject, &card).unwrap();
        self.send(by, id, vec![entry(&composed)]).await.unwrap();
    }

    /// A revision, sealed and signed, and not sent.
    pub(crate) async fn revision(
        &self,
        person: &Identity,
        code: &str,
        strand: &Strand,
        (section, previous, kind): (SectionId, Option<ActId>, ItemKind),
        body: &PostBody,
    ) -> (ActId, NewEntry) {
        let standpoint = self.standpoint(person, &strand.id).await;
        let root = self.root.key_id();
        let signer = Signer { key: &person.sign, root: &root };
        let act_id = random();
        let clears = self.app.mechanism().item(kind).cleared.then(|| &self.state_keys[&state(code)]);
        let revision = NewRevision { state: state(code), section, previous, kind, body, clears };
        let secret = strand.ring.secret(standpoint.epoch).unwrap();
        let composed = post(signer, &standpoint, act_id, secret, &revision).unwrap();
        (act_id, entry(&composed))
    }

    /// A question of Kenya's focal point in a section of its own, sealed and signed, and not sent.
    pub(crate) async fn question(&self, strand: &Strand, text: &str) -> (ActId, NewEntry) {
        let place = (random(), None, ItemKind::Clarification);
        self.revision(&self.focal["KE"], "KE", strand, place, &body(text)).await
    }

    /// The disclosure, or withdrawal, of one post to an audience, with what opens it.
    pub(crate) async fn disclosure(
        &self,
        strand: &Strand,
        act_id: ActId,
        audience: Audience,
        material: (Bytes, Option<&Rendition>),
    ) -> NewEntry {
        let (post, signer_key) = (self.post_ref(strand, act_id).await, &self.state_keys[&state("CL")]);
        let (root, section) = (self.root.key_id(), post.section);
        let signer = Signer { key: signer_key, root: &root };
        let (key_material, rendition) = material;
        let grants = vec![signer.grant(post, audience, rendition).unwrap()];
        let statement = Statement::Disclose(Disclose { section, audience, grants });
        let act = self.act(&self.focal["CL"], &strand.id, statement).await;
        let rendition = rendition.map(|rendition| Bytes::from(rendition.encode())).unwrap_or_default();
        NewEntry { releases: vec![NewRelease { key_material, rendition }], ..bare(&act) }
    }

    pub(crate) async fn withdrawal(&self, strand: &Strand, act_id: ActId, audience: Audience) -> NewEntry {
        let post = self.post_ref(strand, act_id).await;
        let root = self.root.key_id();
        let signer = Signer { key: &self.state_keys[&state("CL")], root: &root };
        let withdrawals: Vec<SignedStatement> = vec![signer.withdrawal(&post, audience).unwrap()];
        let statement = Statement::Withdraw(Withdraw { section: post.section, audience, withdrawals });
        bare(&self.act(&self.focal["CL"], &strand.id, statement).await)
    }

    pub(crate) async fn post_ref(&self, strand: &Strand, act_id: ActId) -> PostRef {
        let record = self.channel(&strand.id).await.posts[&act_id].clone();
        let (section, kind, body) = (record.section, record.kind, record.body);
        PostRef { state: state("CL"), channel: strand.id, section, act_id, kind, body }
    }

    /// A second server on the same database.
    pub(crate) async fn replica(&self) -> App {
        self.with_connections(Connections::new(8)).await
    }

    /// A server on the same database, over the connections of a gate.
    pub(crate) async fn with_connections(&self, connections: Connections) -> App {
        start(&self.pool, &self.blobs, &self.root, &self.log_key, &self.clock, connections).await
    }

    /// Moves the clock.
    pub(crate) fn later(&self, ms: u64) {
        self.clock.fetch_add(ms, Ordering::Relaxed);
    }
}

async fn start(
    pool: &Pool,
    blobs: &Blobs,
    root: &SigningKey,
    log_key: &[u8],
    clock: &Arc<AtomicU64>,
    connections: Connections,
) -> App {
    let clock = clock.clone();
    App::start(Parts {
        pool: pool.clone(),
        blobs: blobs.clone(),
        connections,
        mechanism_file: Bytes::from_static(UNTOC.as_bytes()),
        log_key: LogKey::from_pkcs8(log_key).unwrap(),
        server_tls_key: SERVER_TLS,
        root: root.key_id(),
        clock: Arc::new(move || clock.load(Ordering::Relaxed)),
    })
    .await
    .unwrap()
}

fn own(root: &SigningKey, log_key: &[u8]) -> Own {
    Own {
        root: root.key_id(),
        log_key: *LogKey::from_pkcs8(log_key).unwrap().public(),
        server_tls_key: SERVER_TLS,
        mechanism: Digest::of(UNTOC.as_bytes()),
    }
}

/// An act with all that stands beside it.
pub(crate) fn entry(composed: &Composed) -> NewEntry {
    NewEntry {
        signed: composed.act.bytes().clone(),
        body: composed.body.clone().unwrap_or_default(),
        wraps: composed.wraps.clone(),
        previous_box: composed.previous_box.clone().unwrap_or_default(),
        releases: Vec::new(),
    }
}

/// An act with nothing beside it.
pub(crate) fn bare(composed: &Composed) -> NewEntry {
    NewEntry { signed: composed.act.bytes().clone(), ..NewEntry::default() }
}

/// The key that a person's secrets are wrapped to.
pub(crate) fn recipient(person: &Identity) -> RecipientKey {
    let public = Bytes::copy_from_slice(person.user_kem.public());
    RecipientKey { id: person.user_kem.key_id(), public }
}

/// A new person, whose TLS key is a name only.
pub(crate) fn person() -> Identity {
    Identity::make(KeyId::new(make_bytes().unwrap())).unwrap()
}

/// A body of this text.
pub(crate) fn body(text: &str) -> PostBody {
    PostBody {
        language: Language::En,
        title: String::new(),
        text: text.to_owned(),
        binding: None,
        step: None,
        attachments: Vec::new(),
        reason: String::new(),
    }
}

/// A State's code.
pub(crate) fn state(code: &str) -> StateCode {
    code.parse().unwrap()
}

/// An instrument's code.
pub(crate) fn instrument(code: &str) -> InstrumentCode {
    code.parse().unwrap()
}

/// A random id.
pub(crate) fn random<T: From16>() -> T {
    T::from16(make_bytes().unwrap())
}

/// An id of 16 bytes.
pub(crate) trait From16 {
    fn from16(bytes: [u8; 16]) -> Self;
}

macro_rules! from16 {
    ($($id:ident),*) => { $(impl From16 for $id { fn from16(bytes: [u8; 16]) -> Self { Self::new(bytes) } })* };
}
from16!(ActId, ChannelId, DeviceId, SectionId, TeamId, UserId);

/// A peer that holds this TLS key.
pub(crate) fn peer(key: KeyId) -> PeerKey {
    PeerKey { key, addr: ([192, 0, 2, 1], 1).into() }
}
