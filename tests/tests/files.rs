//! Who may bring a file, who may fetch it, and who sees what is disclosed: the server's verbs over a review
//! with real keys, whose logs are written to its database row by row.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use chancery_client::compose::{Composed, NewRevision, Signer, post};
use chancery_client::identity::Identity;
use chancery_client::keyring::Keyring;
use chancery_core::act::TreeHead;
use chancery_core::act::{Attachment, Audience, Opening, Role, SignedAct};
use chancery_core::error::{Reason, WireReason};
use chancery_core::file::FileUse;
use chancery_core::id::{ActId, ChannelId, Digest, FileId, KeyId};
use chancery_core::log::{leaf_hash, verify_inclusion};
use chancery_core::mechanism::{ChannelKind, ItemKind, UNTOC};
use chancery_core::name::{directory_channel, publication_channel};
use chancery_server::app::disclosed::DisclosedItem;
use chancery_server::app::download::Wanted;
use chancery_server::app::upload::Announced;
use chancery_server::app::{App, AppError, Caller, LogKey, Parts};
use chancery_server::blobs::Blobs;
use chancery_server::gate::Connections;
use chancery_server::store::db::{DatabaseUrl, Pool, PoolLimits};
use chancery_server::store::log::{self, EntryRow, Grow, NewRows, ReleaseRow};
use chancery_tests::{Deployment, Log, body, instrument, person, random, state};
use ring::signature::{Ed25519KeyPair, KeyPair as _};

const NOW_MS: u64 = 1_800_000_000_000;
const CUSTODIAN: KeyId = KeyId::new([9; 32]);
const STRANGER: KeyId = KeyId::new([10; 32]);
const BYTES: &[u8] = &[7; 100];
const ALL: Wanted = Wanted { offset_bytes: 0, length_bytes: 0 };

/// A review of Chile by Kenya (both instruments) and Portugal (firearms), with its strand on the Convention.
struct Scene {
    all: Deployment,
    officer: Identity,
    chile: Identity,
    expert: Identity,
    observer: Identity,
    kenya: Identity,
    portugal: Identity,
    japan: Identity,
    review: Log,
    strand: Log,
    ring: Keyring,
    pool: Pool,
    blobs: Blobs,
    _folder: tempfile::TempDir,
}

impl Scene {
    async fn new() -> Self {
        Box::pin(Self::found()).await
    }

    async fn found() -> Self {
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

    async fn write(&self, id: ChannelId, kind: ChannelKind, parent: Option<ChannelId>, acts: &[SignedAct]) {
        let channels = vec![(id, kind, parent)];
        self.insert(NewRows { channels, ..NewRows::default() }).await;
        for (index, act) in (0..).zip(acts) {
            self.insert(rows(id, index, act)).await;
        }
    }

    async fn insert(&self, rows: NewRows) {
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
    async fn app(&self) -> App {
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
    async fn callers(&self, app: &App) -> Vec<(&'static str, Caller)> {
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
    async fn upload(&self) -> FileId {
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
    async fn cite(&mut self, file: FileId) -> (ActId, Composed) {
        let mut content = body("See the law");
        content.attachments.push(Attachment {
            file,
            key: [1; 32],
            sealed_length: BYTES.len() as u64,
            sealed_sha256: Digest::of(BYTES),
            length: 3,
            sha256: Digest::of(b"law"),
            name: "law.txt".to_owned(),
            media_type: "text/plain".to_owned(),
        });
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
    async fn disclose(&self, act_id: ActId, audience: Audience, index: u64) {
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

    async fn withdraw(&self, act_id: ActId, audience: Audience, index: u64) {
        let publication = publication_channel(&self.all.root.key_id(), audience);
        let rows = NewRows {
            entries: vec![entry(publication, index, random(), Bytes::from_static(b"a withdrawal"))],
            withdrawals: vec![(self.strand.channel.id, act_id, audience, index)],
            ..NewRows::default()
        };
        self.insert(rows).await;
    }

    /// Who gets the file, by name; everyone else is told that it is not there.
    async fn fetchers(&self, file: FileId) -> Vec<&'static str> {
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

fn announced(channel: ChannelId, file: FileId, usage: FileUse) -> Announced {
    Announced { channel, file, length_bytes: BYTES.len() as u64, usage }
}

fn rows(channel: ChannelId, index: u64, act: &SignedAct) -> NewRows {
    let id = act.content().header.act_id;
    NewRows { entries: vec![entry(channel, index, id, act.bytes().clone())], ..NewRows::default() }
}

fn entry(channel: ChannelId, index: u64, act_id: ActId, signed: Bytes) -> EntryRow {
    let leaf = leaf_hash(&signed, NOW_MS);
    EntryRow { channel, index, act_id, signed, log_time_ms: NOW_MS, leaf }
}

/// RFC 8410, with the public key.
fn pkcs8(seed: &[u8; 32]) -> Vec<u8> {
    let pair = Ed25519KeyPair::from_seed_unchecked(seed).unwrap();
    let mut der = vec![0x30, 0x53, 2, 1, 1, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];
    der.extend(seed);
    der.extend([0xa1, 0x23, 3, 0x21, 0]);
    der.extend(pair.public_key().as_ref());
    der
}

const MEMBERS: [&str; 5] = ["Chile", "expert", "observer", "Kenya", "officer"];
const ENROLLED: [&str; 7] = ["Chile", "expert", "observer", "Kenya", "officer", "Portugal", "Japan"];

#[tokio::test]
async fn who_writes_posts_brings_files_and_outsiders_are_told_nothing() {
    let scene = Scene::new().await;
    let app = scene.app().await;
    let strand = scene.strand.channel.id;
    let clear = FileUse::Rendition(Digest::of(BYTES));
    let reads_only: AppError = Reason::SecretariatReadsOnly.into();
    for (name, caller) in scene.callers(&app).await {
        let (sealed, in_clear) = match name {
            "Chile" => (None, None),
            "expert" => (None, Some(Reason::FocalPointRequired.into())),
            "observer" => (Some(Reason::ObserverReadsOnly.into()), Some(Reason::ObserverReadsOnly.into())),
            "Kenya" => (None, Some(Reason::StateUnderReviewOnly.into())),
            "officer" => (Some(reads_only.clone()), Some(reads_only.clone())),
            _ => (Some(AppError::NOT_FOUND), Some(AppError::NOT_FOUND)),
        };
        for (usage, expect) in [(FileUse::Sealed, sealed), (clear, in_clear)] {
            let begun = app.start_upload(&caller, announced(strand, random(), usage)).await;
            assert_eq!(begun.err(), expect, "{name} {usage:?}");
        }
        let absent = app.start_upload(&caller, announced(random(), random(), FileUse::Sealed)).await;
        assert_eq!(absent.err(), Some(AppError::NOT_FOUND), "{name}: as for an absent channel");
    }
    let chile = app.caller(scene.chile.public_keys().device_tls_key).await.unwrap();
    let directory = directory_channel(&scene.all.root.key_id());
    let elsewhere = app.start_upload(&chile, announced(directory, random(), FileUse::Sealed)).await;
    assert_eq!(elsewhere.err(), Some(Reason::WrongChannel.into()));
}

#[tokio::test]
async fn a_file_is_fetched_by_whoever_may_read_what_cites_it() {
    let mut scene = Scene::new().await;
    let file = scene.upload().await;
    assert_eq!(scene.fetchers(file).await, [""; 0], "nothing cites it yet, so nobody reads it");
    let (act, _) = scene.cite(file).await;
    assert_eq!(scene.fetchers(file).await, MEMBERS);
    scene.disclose(act, Audience::AllParties, 0).await;
    assert_eq!(scene.fetchers(file).await, ENROLLED, "of other State parties");
    scene.withdraw(act, Audience::AllParties, 1).await;
    assert_eq!(scene.fetchers(file).await, MEMBERS);
    scene.disclose(act, Audience::Public, 0).await;
    assert_eq!(scene.fetchers(file).await, ENROLLED);
    scene.withdraw(act, Audience::Public, 1).await;
    assert_eq!(scene.fetchers(file).await, MEMBERS);
}

#[tokio::test]
async fn a_file_has_one_channel_and_an_end() {
    let mut scene = Scene::new().await;
    let file = scene.upload().await;
    scene.cite(file).await;
    let app = scene.app().await;
    let chile = app.caller(scene.chile.public_keys().device_tls_key).await.unwrap();
    let (strand, review) = (scene.strand.channel.id, scene.review.channel.id);
    for (channel, file, offset_bytes, expect) in [
        (strand, file, 0, None),
        (review, file, 0, Some(AppError::NOT_FOUND)),
        (random(), file, 0, Some(AppError::NOT_FOUND)),
        (strand, random(), 0, Some(AppError::NOT_FOUND)),
        (strand, file, 101, Some(WireReason::FileRange.into())),
    ] {
        let wanted = Wanted { offset_bytes, length_bytes: 0 };
        assert_eq!(app.download(&chile, &channel, &file, wanted).await.err(), expect);
    }
    let japan = app.caller(scene.japan.public_keys().device_tls_key).await.unwrap();
    let outside = Wanted { offset_bytes: 101, length_bytes: 0 };
    let told = app.download(&japan, &strand, &file, outside).await.err();
    assert_eq!(told, Some(AppError::NOT_FOUND), "who may not read is not told of its length");
    assert_eq!(app.upload(&japan, &file).await.err(), Some(AppError::NOT_FOUND));
}

#[tokio::test]
async fn what_is_opened_is_listed_for_its_audience() {
    let mut scene = Scene::new().await;
    let file = scene.upload().await;
    let (act, composed) = scene.cite(file).await;
    scene.disclose(act, Audience::AllParties, 0).await;
    scene.disclose(act, Audience::Public, 0).await;
    scene.withdraw(act, Audience::Public, 1).await;
    let app = scene.app().await;
    for (name, caller) in scene.callers(&app).await {
        for audience in Audience::ALL {
            let expect = ENROLLED.contains(&name);
            let list = app.list_disclosed(&caller, audience, 0, 10).await;
            let item = app.get_disclosed(&caller, audience, 0).await;
            if !expect {
                assert_eq!(list.err(), Some(AppError::NOT_FOUND), "{name}");
                assert_eq!(item.err(), Some(AppError::NOT_FOUND), "{name}");
                continue;
            }
            let list = list.unwrap();
            assert_eq!((list.len(), list[0].index), (1, 0), "{name}");
            let item = item.unwrap();
            check_proof(&item);
            match audience {
                Audience::AllParties => {
                    assert_eq!(item.opened.unwrap().body, composed.body.clone().unwrap());
                }
                Audience::Public => {
                    assert_eq!((item.opened, item.summary.withdrawn.map(|at| at.0)), (None, Some(1)));
                }
            }
            let absent = app.get_disclosed(&caller, audience, 1).await.err();
            assert_eq!(absent, Some(AppError::NOT_FOUND));
        }
    }
}

/// The grant stands in the log of the checkpoint.
fn check_proof(item: &DisclosedItem) {
    let lines: Vec<&str> = item.checkpoint.lines().collect();
    let head = TreeHead { size: lines[1].parse().unwrap(), root: decode(lines[2]) };
    let (signed, time) = (&item.summary.grant, item.summary.log_time_ms);
    verify_inclusion(&head, item.summary.index, signed, time, &item.proof).unwrap();
}

fn decode(line: &str) -> Digest {
    let bytes = STANDARD.decode(line).unwrap();
    Digest::try_from(bytes.as_slice()).unwrap()
}
