//! A small deployment in memory with real keys, real seals and real signatures: every act goes through the
//! same `decide` and `apply` that server and clients run. There is no server and no disk in it, but for
//! [`field`], which starts the real programs, [`bench`], which measures them, and [`hostile`], a server that lies.

pub mod bench;
pub mod detour;
pub mod faketime;
pub mod field;
pub mod hostile;
pub mod page;
pub mod played;
pub mod probe;
pub mod processes;
pub mod served;
pub mod stage;
pub mod terminal;
pub mod torture;

use std::collections::BTreeMap;

use bytes::Bytes;
use chancery_client::compose::{
    Composed, NewRevision, RecipientKey, Signer, Standpoint, add_member, new_epoch, post, wrap_to,
};
use chancery_client::identity::{Identity, KemSeeds};
use chancery_client::keyring::{Keyring, SealedPost};
use chancery_core::act::{
    AdmitPerson, AdmitState, Author, Basis, CertifyStateKey, FoundDirectory, Membership, NewTeamGeneration,
    OpenChannel, OpenReview, Opening, PersonCard, PostBody, RegionalGroup, Reviewer, Role, SignedAct,
    Standing, StateStatement, Statement, Team, VerifiedAct,
};
use chancery_core::error::Reason;
use chancery_core::id::{
    ActId, ChannelId, DeviceId, Digest, FileId, InstrumentCode, KeyId, SectionId, StateCode, TeamId, UserId,
};
use chancery_core::mechanism::{ItemKind, Language, Mechanism, UNTOC};
use chancery_core::name::{directory_channel, team_scope};
use chancery_core::policy::{World, decide, decide_directory};
use chancery_core::state::{Channel, Directory, Place};
use chancery_seal::kem::KemKeyPair;
use chancery_seal::random::make_bytes;
use chancery_seal::secret::{EpochSecret, KemSeed};
use chancery_seal::sign::SigningKey;
use chancery_seal::wrap::{Purpose, WrapInfo, commit};

/// Log time of everything here, until a test turns the clock.
pub const NOW_MS: u64 = 1_800_000_000_000;

/// The deployment.
#[derive(Debug)]
pub struct Deployment {
    /// The rules.
    pub mechanism: Mechanism,
    /// The root.
    pub root: SigningKey,
    /// The directory.
    pub directory: Directory,
    /// The secretariat's team.
    pub team: TeamId,
    /// Its current key.
    pub team_kem: KemKeyPair,
    /// State keys.
    pub state_keys: BTreeMap<StateCode, SigningKey>,
    /// The seed of the key that signs checkpoints.
    pub log_seed: [u8; 32],
    /// The directory's acts, in order.
    pub directory_acts: Vec<SignedAct>,
    /// Log time of what comes next.
    pub now_ms: u64,
}

/// A channel with all that stands beside its acts.
#[derive(Debug)]
pub struct Log {
    /// The state.
    pub channel: Channel,
    /// The entries.
    pub entries: Vec<Composed>,
}

impl Deployment {
    /// A root, four States with their keys, a secretariat of one officer with its team's key.
    #[must_use]
    pub fn found() -> (Self, Identity) {
        let root = SigningKey::make().unwrap();
        let mechanism = Mechanism::parse(UNTOC).unwrap();
        let (officer, team) = (person(), random());
        let no_key_yet = KemSeed::make().unwrap();
        let mut new = Self {
            mechanism,
            directory: Directory::new(root.key_id()),
            root,
            team,
            team_kem: KemKeyPair::from_seed(&no_key_yet).unwrap(),
            state_keys: BTreeMap::new(),
            log_seed: make_bytes().unwrap(),
            directory_acts: Vec::new(),
            now_ms: NOW_MS,
        };
        new.by_root(Statement::FoundDirectory(FoundDirectory {
            root_key: new.root.public(),
            mechanism: Mechanism::digest(UNTOC),
            log_key: served::log_key(&new.log_seed),
            server_tls_key: KeyId::new([8; 32]),
            custodian_tls_key: KeyId::new([9; 32]),
            second: None,
        }));
        for code in ["CL", "KE", "PT", "JP"] {
            new.admit_state(state(code));
        }
        new.admit(&officer, Role::Officer, None, &[]).unwrap();
        let (generation, key) = new.team_generation(Team::Secretariat(team));
        new.in_directory(&officer, generation).unwrap();
        new.team_kem = key;
        (new, officer)
    }

    /// Enters a State into the roster, party to every instrument, with a key that is not certified yet.
    pub fn admit_state(&mut self, code: StateCode) {
        let instruments = ["firearms", "som", "tip", "untoc"];
        let standings = instruments.map(|code| (instrument(code), Standing::Party)).to_vec();
        self.by_root(Statement::AdmitState(AdmitState {
            state: code,
            group: RegionalGroup::Africa,
            standings,
        }));
        self.state_keys.insert(code, SigningKey::make().unwrap());
    }

    /// Admits a person: officers and focal points by the root, others by `focal` and the State's key.
    pub fn admit(
        &mut self,
        person: &Identity,
        role: Role,
        of: Option<(StateCode, Option<&Identity>)>,
        instruments: &[&str],
    ) -> Result<(), Reason> {
        let keys = person.public_keys();
        let keys_bytes = Bytes::from(keys.encode());
        let instruments: Vec<InstrumentCode> = instruments.iter().map(|code| instrument(code)).collect();
        let root = self.root.key_id();
        let focal = of.and_then(|(_, focal)| focal);
        let membership = of.filter(|_| focal.is_some()).map(|(code, _)| {
            let membership = Membership {
                state: code,
                role,
                instruments: instruments.clone(),
                keys: Digest::of(&keys_bytes),
                expires_ms: None,
            };
            let signer = Signer { key: &self.state_keys[&code], root: &root };
            signer.statement(&StateStatement::Membership(membership)).unwrap()
        });
        let statement = Statement::AdmitPerson(AdmitPerson {
            keys,
            keys_bytes,
            possession: person.possession(&root),
            role,
            state: of.map(|(code, _)| code),
            instruments,
            secretariat_team: (role == Role::Officer).then_some(self.team),
            membership,
            expires_ms: None,
        });
        if let Some(focal) = focal {
            return self.in_directory(focal, statement);
        }
        self.by_root(statement);
        // A State's first focal point brings its key.
        if let Some((code, _)) =
            of.filter(|(code, _)| self.directory.now(self.now_ms).state_key(code).is_none())
        {
            let key = self.state_keys[&code].public();
            self.by_root(Statement::CertifyStateKey(CertifyStateKey { state: code, key, generation: 0 }));
        }
        Ok(())
    }

    /// The next generation of a team's key, addressed to whom it must be, with its key.
    #[must_use]
    pub fn team_generation(&self, team: Team) -> (Statement, KemKeyPair) {
        let seed = KemSeed::make().unwrap();
        let key = KemKeyPair::from_seed(&seed).unwrap();
        let now = self.directory.now(self.now_ms);
        let generation = now.team(&team).map_or(0, |generation| generation.number + 1);
        let scope = team_scope(&self.root.key_id(), team).into();
        let info = WrapInfo { purpose: Purpose::Team, scope, generation };
        let public = |id: &KeyId| {
            let person = now.by_kem(id).and_then(|person| Some(person.key()?.kem.clone()));
            person.or_else(|| now.team_by_kem(id).map(|generation| generation.kem.clone()))
        };
        let recipients = now.team_recipients(&team);
        let keys = recipients.iter().map(|id| RecipientKey { id: *id, public: public(id).unwrap() });
        let (recipients, _) = wrap_to(&info, seed.as_bytes(), keys.collect()).unwrap();
        let statement = Statement::NewTeamGeneration(NewTeamGeneration {
            team,
            generation,
            kem: Bytes::copy_from_slice(key.public()),
            commitment: commit(&info, seed.as_bytes()),
            // Nothing here opens the seed of an earlier generation.
            previous_box: (generation > 0 && !now.team_is_lost(&team))
                .then(|| Digest::of(b"the box of the previous seed")),
            recipients,
        });
        (statement, key)
    }

    fn by_root(&mut self, statement: Statement) {
        let root = self.root.key_id();
        let act = Signer { key: &self.root, root: &root };
        let act = act.act(&self.directory_standpoint(Author::Root), random(), statement).unwrap();
        self.append_directory(act, self.root.public()).unwrap();
    }

    /// A person's act in the directory.
    pub fn in_directory(&mut self, author: &Identity, statement: Statement) -> Result<(), Reason> {
        let root = self.root.key_id();
        let signer = Signer { key: &author.sign, root: &root };
        let act = signer.act(&self.directory_standpoint(author.author()), random(), statement).unwrap();
        self.append_directory(act, author.sign.public())
    }

    fn directory_standpoint(&self, author: Author) -> Standpoint {
        Standpoint {
            channel: directory_channel(&self.root.key_id()),
            author,
            clock_ms: NOW_MS,
            seen: self.directory.log.head(),
            epoch: 0,
            basis: None,
        }
    }

    fn append_directory(&mut self, act: SignedAct, key: [u8; 32]) -> Result<(), Reason> {
        let act = VerifiedAct::new(act, key, &self.root.key_id()).unwrap();
        let permit = decide_directory(&self.mechanism, &self.directory, act, self.now_ms)?;
        self.directory_acts.push(permit.act().clone());
        self.directory.apply(permit, self.now_ms);
        Ok(())
    }

    /// Where `author` stands in a channel now.
    #[must_use]
    pub fn standpoint(&self, author: &Identity, log: &Log, review: Option<&Log>) -> Standpoint {
        Standpoint {
            channel: log.channel.id,
            author: author.author(),
            clock_ms: NOW_MS,
            seen: log.channel.log.head(),
            epoch: log.channel.epoch.as_ref().map_or(0, |epoch| epoch.number),
            basis: Some(Basis {
                directory: self.directory.log.head(),
                review: review.map(|review| review.channel.log.head()),
            }),
        }
    }

    /// Decides and appends.
    pub fn append(
        &self,
        author: &Identity,
        log: &mut Log,
        review: Option<&Log>,
        composed: Composed,
    ) -> Result<(), Reason> {
        let root = self.root.key_id();
        let act = VerifiedAct::new(composed.act.clone(), author.sign.public(), &root).unwrap();
        let world = World {
            mechanism: &self.mechanism,
            directory: &self.directory,
            review: review.map(|review| &review.channel),
        };
        let permit = decide(world, &log.channel, act, self.now_ms)?;
        log.channel.apply(permit, self.now_ms);
        log.entries.push(composed);
        Ok(())
    }

    /// Signs, decides and appends a statement without content.
    pub fn state_in(
        &self,
        author: &Identity,
        log: &mut Log,
        review: Option<&Log>,
        statement: Statement,
    ) -> Result<(), Reason> {
        let root = self.root.key_id();
        let standpoint = self.standpoint(author, log, review);
        let act = Signer { key: &author.sign, root: &root }.act(&standpoint, random(), statement).unwrap();
        self.append(author, log, review, act.into())
    }

    /// The keys of everyone to whom the next epoch must go.
    fn epoch_keys(&self, log: &Log, review: Option<&Log>) -> (Vec<RecipientKey>, Option<RecipientKey>) {
        let now = self.directory.now(self.now_ms);
        let roster = review.map_or(&log.channel, |review| &review.channel).roster().unwrap();
        let readers = log.channel.epoch_recipients(roster, &now);
        let of = |id: KeyId| now.by_kem(&id).unwrap();
        let readers = readers
            .into_iter()
            .map(|id| RecipientKey { id, public: of(id).key().unwrap().kem.clone() })
            .collect();
        let team = log.channel.secretariat_key(roster, &now).map(|id| {
            let public = now.team(&roster.team()).unwrap().kem.clone();
            RecipientKey { id, public }
        });
        (readers, team)
    }

    /// Makes the next epoch of a channel; `ring` is the maker's and takes the new secret up.
    pub fn rotate(
        &self,
        author: &Identity,
        log: &mut Log,
        review: Option<&Log>,
        ring: &mut Keyring,
    ) -> Result<(), Reason> {
        let (readers, team) = self.epoch_keys(log, review);
        let secret = EpochSecret::make().unwrap();
        let standpoint = self.standpoint(author, log, review);
        let root = self.root.key_id();
        let signer = Signer { key: &author.sign, root: &root };
        let previous = ring.secret(standpoint.epoch).ok().filter(|_| log.channel.epoch.is_some());
        let composed = new_epoch(signer, &standpoint, random(), &secret, previous, readers, team).unwrap();
        let number = log.channel.epoch.as_ref().map_or(0, |epoch| epoch.number + 1);
        self.append(author, log, review, composed)?;
        ring.hold(number, secret);
        Ok(())
    }

    /// Brings a person into a channel.
    pub fn join(
        &self,
        author: &Identity,
        log: &mut Log,
        review: Option<&Log>,
        ring: &Keyring,
        newcomer: &Identity,
    ) -> Result<(), Reason> {
        let key = RecipientKey {
            id: newcomer.user_kem.key_id(),
            public: Bytes::copy_from_slice(newcomer.user_kem.public()),
        };
        let card = PersonCard { name: "A. Person".into(), post: "Expert".into(), contact: String::new() };
        let standpoint = self.standpoint(author, log, review);
        let root = self.root.key_id();
        let signer = Signer { key: &author.sign, root: &root };
        let secret = ring.secret(standpoint.epoch).unwrap();
        let composed =
            add_member(signer, &standpoint, random(), secret, (newcomer.user, key), &card).unwrap();
        self.append(author, log, review, composed)
    }

    /// Posts a revision and returns its act.
    #[expect(clippy::too_many_arguments, reason = "a post has this many sides; a test names each")]
    pub fn post(
        &self,
        author: &Identity,
        of: StateCode,
        log: &mut Log,
        review: Option<&Log>,
        ring: &Keyring,
        (section, previous, kind): (SectionId, Option<ActId>, ItemKind),
        text: &str,
    ) -> Result<ActId, Reason> {
        let standpoint = self.standpoint(author, log, review);
        let root = self.root.key_id();
        let signer = Signer { key: &author.sign, root: &root };
        let act_id = random();
        let body = body(text);
        let clears = self.mechanism.item(kind).cleared.then(|| &self.state_keys[&of]);
        let revision = NewRevision { state: of, section, previous, kind, body: &body, clears };
        let composed =
            post(signer, &standpoint, act_id, ring.secret(standpoint.epoch).unwrap(), &revision).unwrap();
        self.append(author, log, review, composed)?;
        Ok(act_id)
    }

    /// Opens a review of Chile: Kenya reviews the Convention and firearms, Portugal firearms alone.
    #[must_use]
    pub fn open_review(&self, officer: &Identity) -> (Log, Keyring) {
        let mut review = log(random(), Place::Review);
        let reviewer = |code: &str, instruments: &[&str]| Reviewer {
            state: state(code),
            instruments: instruments.iter().map(|code| instrument(code)).collect(),
        };
        let opening = OpenReview {
            state: state("CL"),
            instruments: vec![instrument("firearms"), instrument("untoc")],
            reviewers: vec![reviewer("KE", &["firearms", "untoc"]), reviewer("PT", &["firearms"])],
            secretariat_team: self.team,
            languages: vec![Language::En, Language::Es],
        };
        self.state_in(officer, &mut review, None, Statement::OpenReview(opening)).unwrap();
        let mut ring = Keyring::new(review.channel.id);
        self.rotate(officer, &mut review, None, &mut ring).unwrap();
        (review, ring)
    }

    /// Opens a channel of the review.
    pub fn open_channel(&self, officer: &Identity, review: &mut Log, opening: Opening) -> Log {
        let id = random();
        let place = Place::of(review.channel.id, &opening);
        let statement = Statement::OpenChannel(OpenChannel { channel: id, opening });
        self.state_in(officer, review, None, statement).unwrap();
        log(id, place)
    }
}

impl Log {
    /// What a reader with this key opens: the newest epoch addressed to it, and from there back.
    #[must_use]
    pub fn keyring(&self, own: &KemKeyPair) -> Keyring {
        let mut ring = Keyring::new(self.channel.id);
        let epochs: Vec<_> = self
            .entries
            .iter()
            .filter_map(|entry| match &entry.act.content().statement {
                Statement::NewEpoch(act) => Some((act, entry)),
                _ => None,
            })
            .collect();
        for (act, entry) in &epochs {
            let wraps: Vec<&[u8]> = entry.wraps.iter().map(|wrap| &wrap[..]).collect();
            let _ = ring.open_wraps(act, &wraps, own);
            let _ = ring.open_as_secretariat(act, own);
        }
        for entry in &self.entries {
            let recipients = match &entry.act.content().statement {
                Statement::AddMember(act) => &act.recipients,
                Statement::ShareEpoch(act) => &act.recipients,
                _ => continue,
            };
            if recipients.key_ids == [own.key_id()] {
                let number = entry.act.content().header.epoch;
                let (epoch, _) = epochs[usize::try_from(number).unwrap()];
                let _ = ring.open_wrap(number, &epoch.commitment, &entry.wraps[0], own);
            }
        }
        for pair in epochs.windows(2).rev() {
            let ((older, _), (newer, entry)) = (&pair[0], &pair[1]);
            if let Some(boxed) = &entry.previous_box {
                let _ = ring.open_previous(newer, &older.commitment, boxed);
            }
        }
        ring
    }

    /// The texts of all posts that open with this ring, in log order.
    #[must_use]
    pub fn opened(&self, ring: &Keyring) -> Vec<String> {
        self.posts()
            .filter_map(|(post, epoch, sealed)| ring.open_post(epoch, &post, sealed).ok())
            .map(|body| body.text)
            .collect()
    }

    /// Every post with its epoch and its sealed body.
    pub fn posts(&self) -> impl Iterator<Item = (SealedPost, u64, &[u8])> {
        self.entries.iter().filter_map(|entry| {
            let content = entry.act.content();
            let Statement::Post(post) = &content.statement else { return None };
            let sealed = SealedPost {
                section: post.section,
                act: content.header.act_id,
                kind: post.kind,
                body: post.body,
            };
            Some((sealed, content.header.epoch, entry.body.as_deref()?))
        })
    }
}

/// A log without entries.
#[must_use]
pub fn log(id: ChannelId, place: Place) -> Log {
    Log { channel: Channel::new(id, place), entries: Vec::new() }
}

/// A new person.
#[must_use]
pub fn person() -> Identity {
    Identity::make(KeyId::new({
        let mut tls = [0; 32];
        tls[..16].copy_from_slice(&make_bytes::<16>().unwrap());
        tls
    }))
    .unwrap()
}

/// A new device and new keys of this person.
#[must_use]
pub fn anew(user: UserId) -> Identity {
    let seeds = KemSeeds { user: KemSeed::make().unwrap(), device: KemSeed::make().unwrap() };
    let (sign, tls_key) = (SigningKey::make().unwrap(), KeyId::new(make_bytes().unwrap()));
    Identity::restore(user, random(), sign, seeds, tls_key).unwrap()
}

/// A body of this text.
#[must_use]
pub fn body(text: &str) -> PostBody {
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
#[must_use]
pub fn state(code: &str) -> StateCode {
    code.parse().unwrap()
}

/// An instrument's code.
#[must_use]
pub fn instrument(code: &str) -> InstrumentCode {
    code.parse().unwrap()
}

/// A random id.
#[must_use]
pub fn random<T: From16>() -> T {
    T::from16(make_bytes().unwrap())
}

/// An id of 16 bytes.
pub trait From16 {
    /// The id of these bytes.
    fn from16(bytes: [u8; 16]) -> Self;
}

macro_rules! from16 {
    ($($id:ident),*) => { $(impl From16 for $id { fn from16(bytes: [u8; 16]) -> Self { Self::new(bytes) } })* };
}
from16!(ActId, ChannelId, DeviceId, FileId, SectionId, TeamId);
