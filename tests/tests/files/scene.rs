//! A review with real keys, whose logs are written to a server's database row by row.

use std::sync::Arc;

use bytes::Bytes;
use chancery_client::compose::{Composed, NewRevision, Signer, post};
use chancery_client::identity::Identity;
use chancery_client::keyring::Keyring;
use chancery_core::act::{Attachment, Audience, Opening, PostBody, Role, SignedAct};
use chancery_core::file::FileUse;
use chancery_core::id::{ActId, ChannelId, Digest, FileId, KeyId};
use chancery_core::log::leaf_hash;
use chancery_core::mechanism::{ChannelKind, ItemKind, UNTOC};
use chancery_core::name::{directory_channel, publication_channel};
use chancery_server::app::download::Wanted;
use chancery_server::app::upload::Announced;
use chancery_server::app::{App, AppError, Caller, LogKey, Parts};
use chancery_server::blobs::Blobs;
use chancery_server::gate::Connections;
use chancery_server::store::db::{DatabaseUrl, Pool, PoolLimits};
use chancery_server::store::log::{self, EntryRow, Grow, NewRows, ReleaseRow};
use chancery_tests::{Deployment, Log, body, instrument, person, random, state};
use ring::signature::{Ed25519KeyPair, KeyPair as _};

pub(crate) const NOW_MS: u64 = 1_800_000_000_000;
pub(crate) const CUSTODIAN: KeyId = KeyId::new([9; 32]);
pub(crate) const STRANGER: KeyId = KeyId::new([10; 32]);
pub(crate) const BYTES: &[u8] = &[7; 100];
pub(crate) const ALL: Wanted = Wanted { offset_bytes: 0, length_bytes: 0 };

/// A review of Chile by Kenya (both instruments) and Portugal (firearms), with its strand on the Convention.
pub(crate) struct Scene {
    pub(crate) all: Deployment,
    pub(crate) officer: Identity,
    pub(crate) chile: Identity,
    pub(crate) expert: Identity,
    pub(crate) observer: Identity,
    pub(crate) kenya: Identity,
    pub(crate) portugal: Identity,
    pub(crate) japan: Identity,
    pub(crate) review: Log,
    pub(crate) strand: Log,
    pub(crate) ring: Keyring,
    pub(crate) pool: Pool,
    pub(crate) blobs: Blobs,
    _folder: tempfile::TempDir,
}

impl Scene {
    pub(crate) async fn new() -> Self {
        Box::pin(Self::found()).await
    }

    pub(crate) async fn found() -> Self {
        let (mut all, officer) = Deployment::found();
        let [chile, expert, observer, kenya, portugal, japan] = std::array::from_fn(|_| person());
        for (focal, code) in [(&chile, "CL"), (&kenya, "KE"), (&portugal, "PT"), (&japan, "JP")] {
            all.admit(focal, Role::FocalPoint, Some((state(code), None)), &[]).unwrap();
        }
        for (own, role) in [(&expert, Role::Expert), (&observer, Role::Observer)] {
            all.admit(own, role, Some((state("CL"), Some(&chile))), &["untoc"]).unwrap();
        }
        let (mut review, _) = all.open_review(&officer);
        let mut strand = all.open_channel(&officer, &mut review, Opening::Strand(instrument("untoc")));
        let mut ring = Keyring::new(strand.channel.id);
        all.rotate(&chile, &mut strand, Some(&review), &mut ring).unwrap();
        for own in [&expert, &observer] {
            all.join(&chile, &mut strand, Some(&review), &ring, own).unwrap();
        }
        let folder = tempfile::tempdir().unwrap();
        let url = DatabaseUrl::Sqlite(folder.path().join("test.db"));
        let pool = Pool::open(&url, &PoolLimits::default()).await.unwrap();
        let blobs = Blobs::open_folder(folder.path().join("files")).await.unwrap();
        let new = Self {
            all,
            officer,
            chile,
            expert,
            observer,
            kenya,
            portugal,
            japan,
            review,
            strand,
            ring,
            pool,
            blobs,
            _folder: folder,
        };
        let acts = |log: &Log| log.entries.iter().map(|entry| entry.act.clone()).collect::<Vec<_>>();
        let (review, strand) = (new.review.channel.id, new.strand.channel.id);
        let root = new.all.root.key_id();
        new.write(directory_channel(&root), ChannelKind::Directory, None, &new.all.directory_acts).await;
        new.write(review, ChannelKind::Review, None, &acts(&new.review)).await;
        new.write(strand, ChannelKind::Strand, Some(review), &acts(&new.strand)).await;
        for audience in Audience::ALL {
            new.write(publication_channel(&root, audience), ChannelKind::Publication, None, &[]).await;
        }
        new
    }

    pub(crate) async fn write(
        &self,
        id: ChannelId,
        kind: ChannelKind,
        parent: Option<ChannelId>,
        acts: &[SignedAct],
    ) {
        let channels = vec![(id, kind, parent)];
        self.insert(NewRows { channels, ..NewRows::default() }).await;
        for (index, act) in (0..).zip(acts) {
            self.insert(rows(id, index, act)).await;
        }
    }

    pub(crate) async fn insert(&self, rows: NewRows) {
        let mut tx = self.pool.begin().await.unwrap();
        log::insert(&mut tx, &rows).await.unwrap();
        for entry in &rows.entries {
            let (from, to) = (entry.index, entry.index + 1);
            let grow = Grow { channel: entry.channel, from, to, last_log_time_ms: NOW_MS };
            assert_eq!(log::grow(&mut tx, &grow).await, Ok(true));
        }
        tx.commit().await.unwrap();
    }

    /// The server as it starts on what the database holds now.
    pub(crate) async fn app(&self) -> App {
        App::start(Parts {
            pool: self.pool.clone(),
            blobs: self.blobs.clone(),
            connections: Connections::new(1),
            mechanism_file: Bytes::from_static(UNTOC.as_bytes()),
            log_key: LogKey::from_pkcs8(&pkcs8(&self.all.log_seed)).unwrap(),
            server_tls_key: KeyId::new([8; 32]),
            root: self.all.root.key_id(),
            clock: Arc::new(|| NOW_MS),
        })
        .await
        .unwrap()
    }

    /// Everyone who may call, by name.
    pub(crate) async fn callers(&self, app: &App) -> Vec<(&'static str, Caller)> {
        let people = [
            ("Chile", &self.chile),
            ("expert", &self.expert),
            ("observer", &self.observer),
            ("Kenya", &self.kenya),
            ("officer", &self.officer),
            ("Portugal", &self.portugal),
            ("Japan", &self.japan),
        ];
        let mut callers = Vec::new();
        for (name, person) in people {
            callers.push((name, app.caller(person.public_keys().device_tls_key).await.unwrap()));
        }
        callers.push(("custodian", app.caller(CUSTODIAN).await.unwrap()));
        callers.push(("stranger", app.caller(STRANGER).await.unwrap()));
        callers
    }

    /// Uploads a sealed file as Chile.
    pub(crate) async fn upload(&self) -> FileId {
        let app = self.app().await;
        let chile = app.caller(self.chile.public_keys().device_tls_key).await.unwrap();
        let file = random();
        let announced = announced(self.strand.channel.id, file, FileUse::Sealed);
        assert!(!app.start_upload(&chile, announced).await.unwrap().complete);
        let mut upload = app.upload(&chile, &file).await.unwrap();
        upload.begin_part(0, Digest::of(BYTES)).await.unwrap();
        upload.write(Bytes::from_static(BYTES)).await.unwrap();
        assert!(upload.finish().await.unwrap().complete);
        file
    }

    /// Chile posts a clarification that cites the file.
    pub(crate) async fn cite(&mut self, file: FileId) -> (ActId, Composed) {
        let content = law(file);
        let standpoint = self.all.standpoint(&self.chile, &self.strand, Some(&self.review));
        let root = self.all.root.key_id();
        let signer = Signer { key: &self.chile.sign, root: &root };
        let kind = ItemKind::Clarification;
        let revision = NewRevision {
            state: state("CL"),
            section: random(),
            previous: None,
            kind,
            body: &content,
            clears: None,
        };
        let (act_id, index) = (random(), self.strand.channel.log.size());
        let secret = self.ring.secret(0).unwrap();
        let composed = post(signer, &standpoint, act_id, secret, &revision).unwrap();
        let review = Some(&self.review);
        self.all.append(&self.chile, &mut self.strand, review, composed.clone()).unwrap();
        let strand = self.strand.channel.id;
        let mut rows = rows(strand, index, &composed.act);
        rows.bodies.push((strand, index, composed.body.clone().unwrap()));
        rows.citations.push((file, strand, index));
        self.insert(rows).await;
        (act_id, composed)
    }

    /// Opens the post to an audience at an index of its publication log; what stands there does not matter
    /// here, for the page of proofs is tested elsewhere.
    pub(crate) async fn disclose(&self, act_id: ActId, audience: Audience, index: u64) {
        let publication = publication_channel(&self.all.root.key_id(), audience);
        let release = ReleaseRow {
            publication,
            index,
            channel: self.strand.channel.id,
            act_id,
            audience,
            state: state("CL"),
            generation: 0,
            key_material: Bytes::from_static(&[1; 32]),
            rendition: None,
            heading: None,
            files: vec![],
        };
        let rows = NewRows {
            entries: vec![entry(publication, index, random(), Bytes::from_static(b"a grant"))],
            releases: vec![release],
            ..NewRows::default()
        };
        self.insert(rows).await;
    }

    pub(crate) async fn withdraw(&self, act_id: ActId, audience: Audience, index: u64) {
        let publication = publication_channel(&self.all.root.key_id(), audience);
        let rows = NewRows {
            entries: vec![entry(publication, index, random(), Bytes::from_static(b"a withdrawal"))],
            withdrawals: vec![(self.strand.channel.id, act_id, audience, index)],
            ..NewRows::default()
        };
        self.insert(rows).await;
    }

    /// Who gets the file, by name; everyone else is told that it is not there.
    pub(crate) async fn fetchers(&self, file: FileId) -> Vec<&'static str> {
        let app = self.app().await;
        let mut names = Vec::new();
        for (name, caller) in self.callers(&app).await {
            match app.download(&caller, &self.strand.channel.id, &file, ALL).await {
                Ok(mut download) => {
                    assert_eq!(download.next().await.unwrap().unwrap(), BYTES);
                    names.push(name);
                }
                Err(error) => assert_eq!(error, AppError::NOT_FOUND, "{name}"),
            }
        }
        names
    }
}

/// The body of a post that cites the file.
pub(crate) fn law(file: FileId) -> PostBody {
    let mut content = body("See the law");
    content.attachments.push(Attachment {
        file,
        key: [1; 32],
        sealed_length: BYTES.len() as u64,
        parts_sha256: Digest::of(BYTES),
        length: 3,
        sha256: Digest::of(b"law"),
        name: "law.txt".to_owned(),
        media_type: "text/plain".to_owned(),
    });
    content
}

pub(crate) fn announced(channel: ChannelId, file: FileId, usage: FileUse) -> Announced {
    Announced { channel, file, length_bytes: BYTES.len() as u64, usage }
}

pub(crate) fn rows(channel: ChannelId, index: u64, act: &SignedAct) -> NewRows {
    let id = act.content().header.act_id;
    NewRows { entries: vec![entry(channel, index, id, act.bytes().clone())], ..NewRows::default() }
}

pub(crate) fn entry(channel: ChannelId, index: u64, act_id: ActId, signed: Bytes) -> EntryRow {
    let leaf = leaf_hash(&signed, NOW_MS);
    EntryRow { channel, index, act_id, signed, log_time_ms: NOW_MS, leaf }
}

/// RFC 8410, with the public key.
pub(crate) fn pkcs8(seed: &[u8; 32]) -> Vec<u8> {
    let pair = Ed25519KeyPair::from_seed_unchecked(seed).unwrap();
    let mut der = vec![0x30, 0x53, 2, 1, 1, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];
    der.extend(seed);
    der.extend([0xa1, 0x23, 3, 0x21, 0]);
    der.extend(pair.public_key().as_ref());
    der
}

pub(crate) const MEMBERS: [&str; 5] = ["Chile", "expert", "observer", "Kenya", "officer"];
pub(crate) const ENROLLED: [&str; 7] =
    ["Chile", "expert", "observer", "Kenya", "officer", "Portugal", "Japan"];
