//! A small deployment in memory, with real keys and signed checkpoints: Chile under review, Kenya reviewing, and
//! a strand with an answer, a thread and a file.

use bytes::Bytes;
use chancery_core::act::{
    AdmitPerson, AdmitState, Attachment, Audience, Author, Basis, Binding, CertifyStateKey, Disclose,
    FoundDirectory, NewTeamGeneration, OpenChannel, OpenReview, Opening, PostBody, PostRef, RegionalGroup,
    Reviewer, Role, Standing, Statement, Team, ThreadStep, TreeHead,
};
use chancery_core::id::{
    ActId, ChannelId, Digest, FileId, InstrumentCode, KeyId, SectionId, StateCode, TeamId,
};
use chancery_core::log::{Checkpoint, Tree, leaf_hash, origin};
use chancery_core::mechanism::{ItemKind, Language, Mechanism, UNTOC};
use chancery_core::name::{directory_channel, team_scope};
use chancery_core::policy::World as Rules;
use chancery_core::state::{Place, PostRecord};
use chancery_seal::kem::KemKeyPair;
use chancery_seal::random::make_bytes;
use chancery_seal::secret::{EpochSecret, KemSeed, RevisionKey};
use chancery_seal::sign::SigningKey;
use chancery_seal::wrap::{Purpose, WrapInfo, commit};
use ring::signature::{Ed25519KeyPair, KeyPair};

use crate::archive::manifest::Why;
use crate::compose::{Composed, NewRevision, RecipientKey, Signer, Standpoint, new_epoch, post, wrap_to};
use crate::entry::Entry;
use crate::identity::Identity;
use crate::keyring::{Keyring, SealedPost};
use crate::verify::{ChannelCopy, DirectoryCopy, Growth, extend_channel, extend_directory};

pub(super) const NOW_MS: u64 = 1_800_000_000_000;
pub(super) const FILE: &[u8] = b"the text of the law";

/// The deployment.
pub(super) struct World {
    pub(super) root: SigningKey,
    log: Ed25519KeyPair,
    pub(super) mechanism: Mechanism,
    pub(super) directory: DirectoryCopy,
    pub(super) review: ChannelCopy,
    pub(super) strand: ChannelCopy,
    ring: Keyring,
    officer: Identity,
    chile: Identity,
    kenya: Identity,
    chile_key: SigningKey,
    pub(super) answer: (SectionId, ActId),
    pub(super) thread: (SectionId, ActId),
}

impl World {
    pub(super) fn new() -> Self {
        let root = SigningKey::make().unwrap();
        let id = root.key_id();
        let review: ChannelId = ChannelId::new(make_bytes().unwrap());
        let strand: ChannelId = ChannelId::new(make_bytes().unwrap());
        let place = Place::of(review, &Opening::Strand(untoc()));
        let mut world = Self {
            log: Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap(),
            mechanism: Mechanism::parse(UNTOC).unwrap(),
            directory: DirectoryCopy::new(id),
            review: ChannelCopy::new(review, Place::Review),
            strand: ChannelCopy::new(strand, place),
            ring: Keyring::new(strand),
            officer: Identity::make(KeyId::new([1; 32])).unwrap(),
            chile: Identity::make(KeyId::new([2; 32])).unwrap(),
            kenya: Identity::make(KeyId::new([3; 32])).unwrap(),
            chile_key: SigningKey::make().unwrap(),
            answer: (SectionId::new([0xa1; 16]), random()),
            thread: (SectionId::new([0xb1; 16]), random()),
            root,
        };
        world.found();
        world.open_review(strand);
        world.talk();
        world
    }

    pub(super) fn root_id(&self) -> KeyId {
        self.root.key_id()
    }

    fn found(&mut self) {
        let (log_key, root_key) = (self.log.public_key().as_ref().try_into().unwrap(), self.root.public());
        self.by_root(Statement::FoundDirectory(FoundDirectory {
            root_key,
            mechanism: Mechanism::digest(UNTOC),
            log_key,
            server_tls_key: KeyId::new([8; 32]),
            custodian_tls_key: KeyId::new([9; 32]),
            second: None,
        }));
        for code in ["CL", "KE"] {
            let standings = vec![(untoc(), Standing::Party)];
            let group = RegionalGroup::Africa;
            self.by_root(Statement::AdmitState(AdmitState { state: state(code), group, standings }));
        }
        let persons = [
            admission(&self.officer, &self.root_id(), Role::Officer, None),
            admission(&self.chile, &self.root_id(), Role::FocalPoint, Some("CL")),
            admission(&self.kenya, &self.root_id(), Role::FocalPoint, Some("KE")),
        ];
        for person in persons {
            self.by_root(Statement::AdmitPerson(person));
        }
        let key = self.chile_key.public();
        self.by_root(Statement::CertifyStateKey(CertifyStateKey { state: state("CL"), key, generation: 0 }));
        let key = SigningKey::make().unwrap().public();
        self.by_root(Statement::CertifyStateKey(CertifyStateKey { state: state("KE"), key, generation: 0 }));
        let seed = KemSeed::make().unwrap();
        let info = WrapInfo {
            purpose: Purpose::Team,
            scope: team_scope(&self.root_id(), Team::Secretariat(TEAM)).into(),
            generation: 0,
        };
        let kem = KemKeyPair::from_seed(&seed).unwrap();
        let (recipients, _) = wrap_to(&info, seed.as_bytes(), vec![recipient(&self.officer)]).unwrap();
        let statement = Statement::NewTeamGeneration(NewTeamGeneration {
            team: Team::Secretariat(TEAM),
            generation: 0,
            kem: Bytes::copy_from_slice(kem.public()),
            commitment: commit(&info, seed.as_bytes()),
            previous_box: None,
            recipients,
        });
        let root = self.root_id();
        let standpoint = self.directory_standpoint(self.officer.author());
        let act =
            Signer { key: &self.officer.sign, root: &root }.act(&standpoint, random(), statement).unwrap();
        self.append_directory(act.into());
    }

    fn by_root(&mut self, statement: Statement) {
        let root = self.root_id();
        let standpoint = self.directory_standpoint(Author::Root);
        let act = Signer { key: &self.root, root: &root }.act(&standpoint, random(), statement).unwrap();
        self.append_directory(act.into());
    }

    fn directory_standpoint(&self, author: Author) -> Standpoint {
        let (channel, seen) = (directory_channel(&self.root_id()), self.directory.head());
        Standpoint { channel, author, clock_ms: NOW_MS, seen, epoch: 0, basis: None }
    }

    fn append_directory(&mut self, composed: Composed) {
        let growth = self.growth(directory_channel(&self.root_id()), &self.directory.entries, composed);
        extend_directory(&self.mechanism, &mut self.directory, growth).unwrap();
    }

    fn growth(&self, channel: ChannelId, entries: &[Entry], composed: Composed) -> Growth {
        let entry = Entry {
            index: entries.len() as u64,
            signed: composed.act.bytes().clone(),
            log_time_ms: NOW_MS + entries.len() as u64 * 60_000,
            body: composed.body,
            own_wraps: Vec::new(),
            previous_box: None,
        };
        let all = entries.iter().chain([&entry]);
        let head = Tree::of(all.map(|entry| leaf_hash(&entry.signed, entry.log_time_ms))).head();
        Growth { entries: vec![entry], note: self.note(channel, head), now_ms: NOW_MS + 3_600_000 }
    }

    /// A checkpoint under the log key.
    pub(super) fn note(&self, channel: ChannelId, head: TreeHead) -> String {
        let checkpoint = Checkpoint { origin: origin(&self.root_id(), &channel), head };
        let signature = self.log.sign(checkpoint.text().as_bytes()).as_ref().try_into().unwrap();
        checkpoint.note(&self.log.public_key().as_ref().try_into().unwrap(), &signature)
    }

    fn standpoint(&self, author: &Identity, copy: &ChannelCopy) -> Standpoint {
        let review = copy.state.place.review().map(|_| self.review.head());
        Standpoint {
            channel: copy.id(),
            author: author.author(),
            clock_ms: NOW_MS,
            seen: copy.head(),
            epoch: copy.state.epoch.as_ref().map_or(0, |epoch| epoch.number),
            basis: Some(Basis { directory: self.directory.head(), review }),
        }
    }

    fn in_review(&mut self, statement: Statement) {
        let root = self.root_id();
        let standpoint = self.standpoint(&self.officer, &self.review);
        let act =
            Signer { key: &self.officer.sign, root: &root }.act(&standpoint, random(), statement).unwrap();
        self.append_review(act.into());
    }

    fn append_review(&mut self, composed: Composed) {
        let growth = self.growth(self.review.id(), &self.review.entries, composed);
        let rules = Rules { mechanism: &self.mechanism, directory: &self.directory.state, review: None };
        extend_channel(rules, &mut self.review, growth).unwrap();
    }

    fn append(&mut self, composed: Composed) {
        let growth = self.growth(self.strand.id(), &self.strand.entries, composed);
        let review = Some(&self.review.state);
        let rules = Rules { mechanism: &self.mechanism, directory: &self.directory.state, review };
        extend_channel(rules, &mut self.strand, growth).unwrap();
    }

    fn open_review(&mut self, strand: ChannelId) {
        self.in_review(Statement::OpenReview(OpenReview {
            state: state("CL"),
            instruments: vec![untoc()],
            reviewers: vec![Reviewer { state: state("KE"), instruments: vec![untoc()] }],
            secretariat_team: TEAM,
            languages: vec![Language::En, Language::Es],
        }));
        let (secret, root) = (EpochSecret::make().unwrap(), self.root_id());
        let readers = vec![recipient(&self.chile), recipient(&self.kenya)];
        let signer = Signer { key: &self.officer.sign, root: &root };
        let at = self.standpoint(&self.officer, &self.review);
        let team = Some(self.team());
        let epoch = new_epoch(signer, &at, random(), &secret, None, readers.clone(), team).unwrap();
        self.append_review(epoch);
        self.in_review(Statement::OpenChannel(OpenChannel {
            channel: strand,
            opening: Opening::Strand(untoc()),
        }));
        let at = self.standpoint(&self.chile, &self.strand);
        let signer = Signer { key: &self.chile.sign, root: &root };
        let team = Some(self.team());
        self.append(new_epoch(signer, &at, random(), &secret, None, readers, team).unwrap());
        self.ring.hold(0, secret);
    }

    fn team(&self) -> RecipientKey {
        let now = self.directory.state.now(0);
        let team = now.team(&Team::Secretariat(TEAM)).unwrap();
        RecipientKey { id: team.kem_id, public: team.kem.clone() }
    }

    /// Chile answers, Kenya asks, Chile replies with a file; the answer is opened to all parties.
    fn talk(&mut self) {
        let (section, act) = self.answer;
        self.post("CL", section, act, None, ItemKind::Response, &body(Language::Es, "Sí.", None, false));
        let question = body(Language::Ar, "هل يشمل القانون <script>?", Some(ThreadStep::Question), false);
        let (section, act) = self.thread;
        self.post("KE", section, act, None, ItemKind::Clarification, &question);
        let reply = body(Language::Es, "Véase el anexo.", Some(ThreadStep::Reply), true);
        self.post("CL", section, random(), Some(act), ItemKind::Clarification, &reply);
        self.disclose();
    }

    fn post(
        &mut self,
        of: &str,
        section: SectionId,
        act: ActId,
        previous: Option<ActId>,
        kind: ItemKind,
        body: &PostBody,
    ) {
        let (root, author) = (self.root_id(), if of == "CL" { &self.chile } else { &self.kenya });
        let signer = Signer { key: &author.sign, root: &root };
        let at = self.standpoint(author, &self.strand);
        let clears = self.mechanism.item(kind).cleared.then_some(&self.chile_key);
        let revision = NewRevision { state: state(of), section, previous, kind, body, clears };
        let composed = post(signer, &at, act, self.ring.secret(0).unwrap(), &revision).unwrap();
        self.append(composed);
    }

    fn disclose(&mut self) {
        let (section, act_id) = self.answer;
        let (root, channel) = (self.root_id(), self.strand.id());
        let body = self.strand.state.posts[&act_id].body;
        let post = PostRef { state: state("CL"), channel, section, act_id, kind: ItemKind::Response, body };
        let grant =
            Signer { key: &self.chile_key, root: &root }.grant(post, Audience::AllParties, None).unwrap();
        let statement =
            Statement::Disclose(Disclose { section, audience: Audience::AllParties, grants: vec![grant] });
        let at = self.standpoint(&self.chile, &self.strand);
        let act = Signer { key: &self.chile.sign, root: &root }.act(&at, random(), statement).unwrap();
        self.append(act.into());
    }

    /// Opens a post as a member does.
    pub(super) fn open(
        &self,
        act: ActId,
        record: &PostRecord,
        entry: &Entry,
    ) -> Result<(RevisionKey, PostBody), Why> {
        let post = SealedPost { section: record.section, act, kind: record.kind, body: record.body };
        let key = self.ring.revision_key(0, &post).map_err(|_| Why::NoKey)?;
        let sealed = entry.body.as_deref().unwrap();
        let body = self.ring.open_post(0, &post, sealed).map_err(|_| Why::DoesNotOpen)?;
        Ok((key, body))
    }
}

pub(super) fn body(language: Language, text: &str, step: Option<ThreadStep>, file: bool) -> PostBody {
    let binding = Binding {
        instrument: untoc(),
        article: "5".to_owned(),
        question: "untoc-5-1".to_owned(),
        about: None,
    };
    let attachment = Attachment {
        file: FileId::new([0xf1; 16]),
        key: [8; 32],
        sealed_length: 1_096,
        parts_sha256: Digest::of(b"sealed"),
        length: FILE.len() as u64,
        sha256: Digest::of(FILE),
        name: "ley 20.000.txt".to_owned(),
        media_type: "text/plain".to_owned(),
    };
    PostBody {
        language,
        title: String::new(),
        text: text.to_owned(),
        binding: Some(binding),
        step,
        attachments: if file { vec![attachment] } else { Vec::new() },
        reason: String::new(),
    }
}

fn admission(person: &Identity, root: &KeyId, role: Role, of: Option<&str>) -> AdmitPerson {
    let keys = person.public_keys();
    AdmitPerson {
        keys_bytes: Bytes::from(keys.encode()),
        keys,
        possession: person.possession(root),
        role,
        state: of.map(state),
        instruments: Vec::new(),
        secretariat_team: of.is_none().then_some(TEAM),
        membership: None,
        expires_ms: None,
    }
}

fn recipient(person: &Identity) -> RecipientKey {
    let public = Bytes::copy_from_slice(person.user_kem.public());
    RecipientKey { id: person.user_kem.key_id(), public }
}

fn state(code: &str) -> StateCode {
    code.parse().unwrap()
}

fn untoc() -> InstrumentCode {
    "untoc".parse().unwrap()
}

fn random() -> ActId {
    ActId::new(make_bytes().unwrap())
}

const TEAM: TeamId = TeamId::new([0xee; 16]);
