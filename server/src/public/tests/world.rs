//! A small deployment whose rows are written directly, and its pages behind a real listener.

use std::net::SocketAddr;
use std::sync::Arc;

use chancery_core::act::{
    Act, AdmitPerson, AdmitState, Author, CertifyStateKey, FoundDirectory, Grant, Header, PersonKeys,
    PostRef, RegionalGroup, Rendition, RenditionFile, Role, SealedBody, SignedAct, SignedStatement, Standing,
    StateStatement, Statement, Withdrawal, assemble_act, assemble_statement,
};
use chancery_core::file::FileUse;
use chancery_core::id::{ActId, ChannelId, DeviceId, Digest, FileId, KeyId, SectionId, StateCode, UserId};
use chancery_core::log::{Tree, leaf_hash};
use chancery_core::mechanism::{ChannelKind, ItemKind, Language, UNTOC};
use chancery_core::name::{
    KeyAlgorithm, Label, Namespace, context, directory_channel, key_id, publication_channel, signature_input,
};
use http_body_util::{BodyExt as _, Empty};
use hyper_util::rt::TokioIo;
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

use super::super::*;
use crate::app::{LogKey, Parts};
use crate::blobs::Blobs;
use crate::gate::Connections;
use crate::store::db::{DatabaseUrl, Pool, PoolLimits};
use crate::store::files::{NewFile, NewPart};
use crate::store::log::{EntryRow, Grow, NewRows, ReleaseRow};
use crate::store::{files, log, publications};

pub(super) const NOW_MS: u64 = 1_800_000_000_000;
pub(super) const DAY_MS: u64 = 24 * 60 * 60 * 1_000;
pub(super) const STRAND: ChannelId = ChannelId::new([1; 16]);
pub(super) const R: [u8; 32] = [9; 32];
pub(super) const LAW: &[u8] = b"%PDF-1.7 the text of a law";
/// What no page may ever show.
pub(super) const HIDDEN: &str = "a-person-or-a-secret";

pub(super) struct Signer(Ed25519KeyPair);

impl Signer {
    pub(super) fn of(seed: u8) -> Self {
        Self(Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap())
    }

    fn of_text(text: &str) -> Self {
        let seed = Digest::of(text.as_bytes());
        Self(Ed25519KeyPair::from_seed_unchecked(seed.as_bytes()).unwrap())
    }

    pub(super) fn public(&self) -> [u8; 32] {
        self.0.public_key().as_ref().try_into().unwrap()
    }

    pub(super) fn key_id(&self) -> KeyId {
        key_id(KeyAlgorithm::Ed25519, &self.public())
    }

    pub(super) fn sign(&self, namespace: Namespace, root: &KeyId, payload: &[u8]) -> [u8; 64] {
        let input = signature_input(namespace, &self.key_id(), root, payload);
        self.0.sign(&input).as_ref().try_into().unwrap()
    }
}

/// A deployment whose logs are written row by row.
pub(super) struct World {
    pub(super) pool: Pool,
    pub(super) blobs: Blobs,
    pub(super) root: Signer,
    pub(super) log_key: Vec<u8>,
    pub(super) directory: Tree,
    pub(super) public: Tree,
    pub(super) posts: u64,
    _folder: tempfile::TempDir,
}

impl World {
    pub(super) async fn new(states: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = DatabaseUrl::Sqlite(folder.path().join("test.db"));
        let pool = Pool::open(&url, &PoolLimits::default()).await.unwrap();
        let blobs = Blobs::open_folder(folder.path().join("files")).await.unwrap();
        let log_key = crate::random::make_ed25519_key().unwrap().to_vec();
        let root = Signer::of(1);
        let (directory, public) = (Tree::default(), Tree::default());
        let mut new = Self { pool, blobs, root, log_key, directory, public, posts: 0, _folder: folder };
        let channels = vec![
            (new.directory_id(), ChannelKind::Directory, None),
            (new.public_id(), ChannelKind::Publication, None),
            (STRAND, ChannelKind::Strand, None),
        ];
        new.insert(NewRows { channels, ..NewRows::default() }).await;
        let log_key = LogKey::from_pkcs8(&new.log_key).unwrap();
        new.by_root(Statement::FoundDirectory(FoundDirectory {
            root_key: new.root.public(),
            mechanism: Digest::of(UNTOC.as_bytes()),
            log_key: *log_key.public(),
            server_tls_key: KeyId::new([8; 32]),
            custodian_tls_key: KeyId::new([7; 32]),
            second: None,
        }))
        .await;
        for state in states {
            new.admit(state).await;
        }
        new
    }

    pub(super) fn directory_id(&self) -> ChannelId {
        directory_channel(&self.root.key_id())
    }

    pub(super) fn public_id(&self) -> ChannelId {
        publication_channel(&self.root.key_id(), Audience::Public)
    }

    pub(super) fn state_key(state: &str) -> Signer {
        Signer::of_text(&format!("the key of {state}"))
    }

    pub(super) async fn admit(&mut self, state: &str) {
        let code: StateCode = state.parse().unwrap();
        let standings = vec![("untoc".parse().unwrap(), Standing::Party)];
        let admitted = AdmitState { state: code, group: RegionalGroup::Africa, standings };
        self.by_root(Statement::AdmitState(admitted)).await;
        self.by_root(Statement::AdmitPerson(self.focal_point(code))).await;
        let key = Self::state_key(state).public();
        self.by_root(Statement::CertifyStateKey(CertifyStateKey { state: code, key, generation: 0 })).await;
    }

    /// Somebody whose key it is.
    fn focal_point(&self, state: StateCode) -> AdmitPerson {
        let [a, b] = *state.as_str().as_bytes() else { panic!("two letters") };
        let device = Signer::of_text(state.as_str());
        let kem = |of: u8| Bytes::from([[a, b, of].as_slice(), &[0; 1_213]].concat());
        let id = [[a, b].as_slice(), &[0; 14]].concat();
        let keys = PersonKeys {
            user: UserId::try_from(id.as_slice()).unwrap(),
            user_kem: kem(1),
            device: DeviceId::try_from(id.as_slice()).unwrap(),
            device_sign: device.public(),
            device_kem: kem(2),
            device_tls_key: device.key_id(),
        };
        let keys_bytes = Bytes::from(keys.encode());
        AdmitPerson {
            possession: device.sign(Namespace::Possession, &self.root.key_id(), &keys_bytes),
            keys,
            keys_bytes,
            role: Role::FocalPoint,
            state: Some(state),
            instruments: Vec::new(),
            secretariat_team: None,
            membership: None,
            expires_ms: None,
        }
    }

    pub(super) async fn by_root(&mut self, statement: Statement) {
        let root = self.root.key_id();
        let header = Header {
            channel: self.directory_id(),
            act_id: ActId::new(u128::from(self.directory.size()).to_be_bytes()),
            author: Author::Root,
            clock_ms: NOW_MS,
            seen: self.directory.head(),
            epoch: 0,
            basis: None,
        };
        let act = Act { header, statement };
        let payload = act.encode();
        let signature = self.root.sign(Namespace::Act(act.statement.kind()), &root, &payload);
        let signed: SignedAct = assemble_act(payload, signature, root).unwrap();
        let (channel, index) = (self.directory_id(), self.directory.size());
        let id = signed.content().header.act_id;
        let rows = NewRows {
            entries: vec![entry(channel, index, id, signed.bytes().clone(), NOW_MS)],
            ..NewRows::default()
        };
        self.directory.push(leaf_hash(signed.bytes(), NOW_MS));
        self.insert(rows).await;
    }

    pub(super) fn state_statement(&self, state: &str, statement: &StateStatement) -> SignedStatement {
        let key = Self::state_key(state);
        let payload = statement.encode();
        let signature = key.sign(statement.namespace(), &self.root.key_id(), &payload);
        assemble_statement(payload, signature, key.key_id()).unwrap()
    }

    /// Opens a new post to the public, a day after the one before; returns its index.
    pub(super) async fn open(&mut self, state: &str, rendition: &Rendition) -> u64 {
        self.posts += 1;
        let act_id = ActId::new(u128::from(self.posts).to_be_bytes());
        let section = SectionId::new([4; 16]);
        let place = [&STRAND.as_bytes()[..], section.as_bytes(), act_id.as_bytes(), &R];
        let sealed = Bytes::from(format!("sealed {}", self.posts));
        let post = PostRef {
            state: state.parse().unwrap(),
            channel: STRAND,
            section,
            act_id,
            kind: ItemKind::Response,
            body: SealedBody {
                length: sealed.len() as u64,
                sha256: Digest::of(&sealed),
                key_commitment: Digest::of(&context(Label::RevisionCommitment, &place)),
            },
        };
        let bytes = Bytes::from(rendition.encode());
        let grant = Grant { post, audience: Audience::Public, rendition: Some(Digest::of(&bytes)) };
        assert!(grant.check_release(&R, Some(&bytes)).is_ok());
        let attached = self.attach(rendition).await;
        let signed = self.state_statement(state, &StateStatement::Grant(grant));
        let index = self.public.size();
        let post_entry = entry(STRAND, self.posts, act_id, HIDDEN.into(), NOW_MS);
        let release = ReleaseRow {
            publication: self.public_id(),
            index,
            channel: STRAND,
            act_id,
            audience: Audience::Public,
            state: state.parse().unwrap(),
            generation: 0,
            key_material: Bytes::copy_from_slice(&R),
            rendition: Some(bytes),
            heading: Some(publications::heading(rendition)),
            files: attached,
        };
        let rows = NewRows {
            entries: vec![post_entry],
            bodies: vec![(STRAND, self.posts, sealed)],
            ..NewRows::default()
        };
        self.insert(rows).await;
        self.publish(&signed, NewRows { releases: vec![release], ..NewRows::default() }).await
    }

    pub(super) async fn attach(&self, rendition: &Rendition) -> Vec<(Digest, FileId)> {
        let mut attached = Vec::new();
        for (at, named) in rendition.files.iter().enumerate() {
            let id = FileId::new((u128::from(self.posts) << 8 | at as u128).to_be_bytes());
            let usage = FileUse::Rendition(named.sha256);
            let length_bytes = named.length;
            let uploader = UserId::new([3; 16]);
            let mut tx = self.pool.begin().await.unwrap();
            let file = NewFile { id, channel: STRAND, uploader, length_bytes, usage, empty: false };
            files::insert(&mut tx, &file, NOW_MS).await.unwrap();
            let part = NewPart { file: id, part: 0, sha256: named.sha256, length_bytes, completes: true };
            files::receive_part(&mut tx, &part, NOW_MS).await.unwrap();
            tx.commit().await.unwrap();
            let stored = self.blobs.put_part(id, 0, Bytes::from_static(LAW), named.sha256).await.unwrap();
            stored.await.unwrap();
            attached.push((named.sha256, id));
        }
        attached
    }

    pub(super) async fn withdraw(&mut self, state: &str, post: u64) {
        let act_id = ActId::new(u128::from(post).to_be_bytes());
        let withdrawal = Withdrawal {
            state: state.parse().unwrap(),
            channel: STRAND,
            section: SectionId::new([4; 16]),
            act_id,
            audience: Audience::Public,
        };
        let signed = self.state_statement(state, &StateStatement::Withdrawal(withdrawal));
        let withdrawals = vec![(STRAND, act_id, Audience::Public, self.public.size())];
        self.publish(&signed, NewRows { withdrawals, ..NewRows::default() }).await;
    }

    pub(super) async fn publish(&mut self, signed: &SignedStatement, mut rows: NewRows) -> u64 {
        let index = self.public.size();
        let log_time_ms = NOW_MS + index * DAY_MS;
        let id = ActId::new((1_000 + u128::from(index)).to_be_bytes());
        rows.entries.push(entry(self.public_id(), index, id, signed.bytes().clone(), log_time_ms));
        self.public.push(leaf_hash(signed.bytes(), log_time_ms));
        self.insert(rows).await;
        index
    }

    /// Inserts rows and lets their channels grow.
    pub(super) async fn insert(&self, rows: NewRows) {
        let mut tx = self.pool.begin().await.unwrap();
        log::insert(&mut tx, &rows).await.unwrap();
        for entry in rows.entries.iter().filter(|entry| entry.channel != STRAND) {
            let (from, to) = (entry.index, entry.index + 1);
            let grow = Grow { channel: entry.channel, from, to, last_log_time_ms: entry.log_time_ms };
            assert_eq!(log::grow(&mut tx, &grow).await, Ok(true));
        }
        tx.commit().await.unwrap();
    }

    pub(super) async fn serve(&self, limits: PublicLimits) -> Served {
        let app = App::start(Parts {
            pool: self.pool.clone(),
            blobs: self.blobs.clone(),
            connections: Connections::new(1),
            mechanism_file: Bytes::from_static(UNTOC.as_bytes()),
            log_key: LogKey::from_pkcs8(&self.log_key).unwrap(),
            server_tls_key: KeyId::new([8; 32]),
            root: self.root.key_id(),
            clock: Arc::new(|| NOW_MS),
        })
        .await
        .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stop = CancellationToken::new();
        let task = tokio::spawn(serve(listener, app, limits, stop.clone()));
        Served { address, stop, task }
    }
}

pub(super) fn entry(
    channel: ChannelId,
    index: u64,
    act_id: ActId,
    signed: Bytes,
    log_time_ms: u64,
) -> EntryRow {
    let leaf = leaf_hash(&signed, log_time_ms);
    EntryRow { channel, index, act_id, signed, log_time_ms, leaf }
}

pub(super) fn rendition(title: &str, text: &str) -> Rendition {
    Rendition {
        language: Language::En,
        title: title.to_owned(),
        text: text.to_owned(),
        about: Some(("firearms".parse().unwrap(), "5".to_owned(), "firearms-5-1".to_owned())),
        step: None,
        files: vec![],
    }
}

pub(super) fn with_file(mut rendition: Rendition, name: &str, media_type: &str) -> Rendition {
    rendition.files.push(RenditionFile {
        length: LAW.len() as u64,
        sha256: Digest::of(LAW),
        name: name.to_owned(),
        media_type: media_type.to_owned(),
    });
    rendition
}

pub(super) struct Served {
    pub(super) address: SocketAddr,
    pub(super) stop: CancellationToken,
    pub(super) task: tokio::task::JoinHandle<()>,
}

pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: http::HeaderMap,
    pub(super) body: Bytes,
}

impl Answer {
    pub(super) fn text(&self) -> String {
        String::from_utf8(self.body.to_vec()).unwrap()
    }

    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

impl Served {
    pub(super) async fn request(&self, method: Method, path: &str) -> Answer {
        let tcp = TcpStream::connect(self.address).await.unwrap();
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(tcp)).await.unwrap();
        tokio::spawn(connection);
        let request = Request::builder().method(method).uri(path).header("host", "localhost");
        let response = sender.send_request(request.body(Empty::<Bytes>::new()).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Answer { status: parts.status.as_u16(), headers: parts.headers, body }
    }

    pub(super) async fn get(&self, path: &str) -> Answer {
        self.request(Method::GET, path).await
    }

    pub(super) async fn stop(self) {
        self.stop.cancel();
        self.task.await.unwrap();
    }
}
