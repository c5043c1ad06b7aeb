//! A review with everyone in it, for tests that ask who may do what: each channel of Chile's review with its
//! secrets, and acts that are signed by whom and say what a test wants.

use std::collections::BTreeMap;

use bytes::Bytes;
use chancery_client::compose::{
    Composed, NewRevision, RecipientKey, Signer, Standpoint, add_member, new_epoch, post, share_epoch,
};
use chancery_client::identity::Identity;
use chancery_client::keyring::{Keyring, UserRing};
use chancery_core::act::{
    Author, Basis, Membership, Opening, PersonCard, Recertify, Recipients, Role, ShareTeam, SignedAct,
    StateStatement, Statement, Team, VerifiedAct,
};
use chancery_core::error::Reason;
use chancery_core::id::{ActId, Digest, KeyId, SectionId};
use chancery_core::mechanism::ItemKind;
use chancery_core::name::directory_channel;
use chancery_core::policy::{World, decide, decide_directory};
use chancery_core::state::{Channel, Place, Roster};
use chancery_seal::kem::KemKeyPair;
use chancery_seal::secret::EpochSecret;
use chancery_seal::sign::SigningKey;

use crate::{Deployment, Log, body, instrument, person, random, state};

/// Log time of everything here.
pub const NOW_MS: u64 = 1_800_000_000_000;

/// The channels of the review.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum At {
    /// The review itself.
    Review,
    /// The strand on firearms: Chile, Kenya, Portugal.
    Strand,
    /// The strand on the Convention, opened and not begun: Chile, Kenya.
    Untoc,
    /// The reviewers' channel on firearms.
    Coordination,
    /// Chile's own.
    Delegation,
    /// One that a test begins itself.
    Other,
}

/// What a post is, where a test does not care for the rest.
#[derive(Debug, Clone, Copy)]
pub struct What {
    /// The section.
    pub section: SectionId,
    /// The revision before.
    pub previous: Option<ActId>,
    /// The kind.
    pub kind: ItemKind,
}

impl What {
    /// The first post of a new section.
    #[must_use]
    pub fn new(kind: ItemKind) -> Self {
        Self { section: random(), previous: None, kind }
    }
}

/// A review of Chile with its channels open: the focal points `chile`, `kenya`, `portugal` and (of another
/// party) `japan`, Chile's `expert` and `observer` in its channels, the secretariat's `officer` and `deputy`.
#[derive(Debug)]
pub struct Stage {
    /// The deployment.
    pub all: Deployment,
    /// Everyone, by the name above.
    pub people: BTreeMap<&'static str, Identity>,
    /// The channels.
    pub logs: BTreeMap<At, Log>,
    /// Every secret of every channel.
    pub rings: BTreeMap<At, Keyring>,
}

impl Stage {
    /// What somebody's own key is, as their first device opens it.
    #[must_use]
    pub fn ring(&self, who: &str) -> UserRing {
        let identity = &self.people[who];
        let record = self.all.directory.record(&identity.user).unwrap();
        UserRing::open(record, identity, None, &[]).0
    }

    /// The review, with its channels but one begun and nothing posted.
    #[must_use]
    pub fn open() -> Self {
        let (all, officer) = Deployment::found();
        let people = BTreeMap::from([("officer", officer)]);
        let mut stage = Self { all, people, logs: BTreeMap::new(), rings: BTreeMap::new() };
        for (name, code) in [("chile", "CL"), ("kenya", "KE"), ("portugal", "PT"), ("japan", "JP")] {
            stage.enrol(name, Role::FocalPoint, code, None).unwrap();
        }
        stage.enrol("expert", Role::Expert, "CL", Some("chile")).unwrap();
        stage.enrol("observer", Role::Observer, "CL", Some("chile")).unwrap();
        stage.people.insert("deputy", person());
        stage.all.admit(&stage.people["deputy"], Role::Officer, None, &[]).unwrap();
        stage.new_team("officer").unwrap();

        let (review, ring) = stage.all.open_review(&stage.people["officer"]);
        stage.logs.insert(At::Review, review);
        stage.rings.insert(At::Review, ring);
        for (at, opening) in [
            (At::Strand, Opening::Strand(instrument("firearms"))),
            (At::Untoc, Opening::Strand(instrument("untoc"))),
            (At::Coordination, Opening::Coordination(instrument("firearms"))),
            (At::Delegation, Opening::Delegation(state("CL"))),
        ] {
            stage.open_channel(at, opening);
        }
        for (founder, at) in [("chile", At::Strand), ("kenya", At::Coordination), ("chile", At::Delegation)] {
            stage.rotate(founder, at).unwrap();
        }
        for at in [At::Strand, At::Delegation] {
            stage.join("chile", at, "expert").unwrap();
            stage.join("chile", at, "observer").unwrap();
        }
        stage
    }

    /// Opens a channel of the review, which has no epoch yet.
    pub fn open_channel(&mut self, at: At, opening: Opening) {
        let mut review = self.logs.remove(&At::Review).unwrap();
        let log = self.all.open_channel(&self.people["officer"], &mut review, opening);
        self.rings.insert(at, Keyring::new(log.channel.id));
        self.logs.insert(at, log);
        self.logs.insert(At::Review, review);
    }

    /// A new person of a State: a focal point by the root, others by `focal`.
    pub fn enrol(
        &mut self,
        name: &'static str,
        role: Role,
        code: &str,
        focal: Option<&str>,
    ) -> Result<(), Reason> {
        let newcomer = person();
        let of = Some((state(code), focal.map(|focal| &self.people[focal])));
        let instruments: &[&str] = if focal.is_some() { &["firearms", "untoc"] } else { &[] };
        self.all.admit(&newcomer, role, of, instruments)?;
        self.people.insert(name, newcomer);
        Ok(())
    }

    /// The roster of the review.
    #[must_use]
    pub fn roster(&self) -> &Roster {
        self.logs[&At::Review].channel.roster().unwrap()
    }

    /// Everything that any act could change, as one digest.
    #[must_use]
    pub fn picture(&self) -> Digest {
        let channels: Vec<_> = self.logs.values().map(|log| (&log.channel, log.entries.len())).collect();
        Digest::of(format!("{:?} {channels:?}", self.all.directory).as_bytes())
    }

    /// The review that a channel belongs to; none for a review.
    fn review_of(&self, at: At) -> Option<&Channel> {
        (self.logs[&at].channel.place != Place::Review).then(|| &self.logs[&At::Review].channel)
    }

    /// What acts of a channel are judged by.
    #[must_use]
    pub fn world(&self, at: At) -> World<'_> {
        let (mechanism, directory) = (&self.all.mechanism, &self.all.directory);
        World { mechanism, directory, review: self.review_of(at) }
    }

    /// Where a person stands in a channel now.
    #[must_use]
    pub fn standpoint(&self, who: &str, at: At) -> Standpoint {
        let channel = &self.logs[&at].channel;
        let review = self.review_of(at).map(|review| review.log.head());
        Standpoint {
            channel: channel.id,
            author: self.people[who].author(),
            clock_ms: NOW_MS,
            seen: channel.log.head(),
            epoch: channel.epoch.as_ref().map_or(0, |epoch| epoch.number),
            basis: Some(Basis { directory: self.all.directory.log.head(), review }),
        }
    }

    /// Decides and appends what was composed.
    pub fn append(&mut self, at: At, key: &[u8; 32], composed: Composed) -> Result<(), Reason> {
        let act = VerifiedAct::new(composed.act.clone(), *key, &self.all.root.key_id()).unwrap();
        let permit = decide(self.world(at), &self.logs[&at].channel, act, self.all.now_ms)?;
        let log = self.logs.get_mut(&at).unwrap();
        log.channel.apply(permit, self.all.now_ms);
        log.entries.push(composed);
        Ok(())
    }

    /// Signs a statement at a standpoint, decides and appends it.
    pub fn act_at(
        &mut self,
        who: &str,
        at: At,
        (standpoint, act_id): (&Standpoint, ActId),
        statement: Statement,
    ) -> Result<(), Reason> {
        let root = self.all.root.key_id();
        let key = &self.people[who].sign;
        let act = Signer { key, root: &root }.act(standpoint, act_id, statement).unwrap();
        let public = key.public();
        self.append(at, &public, act.into())
    }

    /// As [`Stage::act_at`], from where the person stands now.
    pub fn act(&mut self, who: &str, at: At, statement: Statement) -> Result<ActId, Reason> {
        let act_id = random();
        let standpoint = self.standpoint(who, at);
        self.act_at(who, at, (&standpoint, act_id), statement)?;
        Ok(act_id)
    }

    /// A post, cleared by the key of `clears`.
    #[must_use]
    pub fn compose_post(
        &self,
        who: &str,
        at: At,
        (what, act_id): (What, ActId),
        clears: Option<&str>,
    ) -> Composed {
        let standpoint = self.standpoint(who, at);
        let ring = &self.rings[&at];
        // One who does not hold the secret can still sign an act: it is sealed under another one.
        let made = EpochSecret::make().unwrap();
        let secret = ring.secret(standpoint.epoch).unwrap_or(&made);
        let root = self.all.root.key_id();
        let text = format!("by {who}: {act_id}");
        let revision = NewRevision {
            state: self.state_of(who),
            section: what.section,
            previous: what.previous,
            kind: what.kind,
            body: &body(&text),
            clears: clears.map(|code| &self.all.state_keys[&state(code)]),
        };
        let signer = Signer { key: &self.people[who].sign, root: &root };
        post(signer, &standpoint, act_id, secret, &revision).unwrap()
    }

    /// Posts, with the clearance of the person's own State where the mechanism asks for one.
    pub fn post(&mut self, who: &str, at: At, what: What) -> Result<ActId, Reason> {
        let own = self.state_of(who).to_string();
        let clears = self.all.mechanism.item(what.kind).cleared.then_some(own.as_str());
        let act_id = random();
        let composed = self.compose_post(who, at, (what, act_id), clears);
        let key = self.people[who].sign.public();
        self.append(at, &key, composed)?;
        Ok(act_id)
    }

    /// The State for which a person would speak; Chile for an officer.
    fn state_of(&self, who: &str) -> chancery_core::id::StateCode {
        let now = self.all.directory.now(self.all.now_ms);
        let person = now.person(&self.people[who].user);
        person.and_then(|person| person.state).unwrap_or_else(|| state("CL"))
    }

    /// The keys to which the next epoch must go.
    #[must_use]
    pub fn epoch_keys(&self, at: At) -> (Vec<RecipientKey>, Option<RecipientKey>) {
        let now = self.all.directory.now(self.all.now_ms);
        let channel = &self.logs[&at].channel;
        let readers = channel.epoch_recipients(self.roster(), &now);
        let of = |id: KeyId| RecipientKey { id, public: now.by_kem(&id).unwrap().key().unwrap().kem.clone() };
        let team = channel.secretariat_key(self.roster(), &now).map(|id| {
            let public = now.team(&self.roster().team()).unwrap().kem.clone();
            RecipientKey { id, public }
        });
        (readers.into_iter().map(of).collect(), team)
    }

    /// Makes the next epoch, addressed as `change` leaves it.
    pub fn rotate_to(
        &mut self,
        who: &str,
        at: At,
        change: impl FnOnce(&mut Vec<RecipientKey>, &mut Option<RecipientKey>),
    ) -> Result<ActId, Reason> {
        let (mut readers, mut team) = self.epoch_keys(at);
        change(&mut readers, &mut team);
        let secret = EpochSecret::make().unwrap();
        let standpoint = self.standpoint(who, at);
        let root = self.all.root.key_id();
        let key = &self.people[who].sign;
        let begun = self.logs[&at].channel.epoch.is_some();
        let previous = self.rings[&at].secret(standpoint.epoch).ok().filter(|_| begun);
        let act_id = random();
        let signer = Signer { key, root: &root };
        let composed = new_epoch(signer, &standpoint, act_id, &secret, previous, readers, team).unwrap();
        let public = key.public();
        self.append(at, &public, composed)?;
        let number = if begun { standpoint.epoch + 1 } else { 0 };
        self.rings.get_mut(&at).unwrap().hold(number, secret);
        Ok(act_id)
    }

    /// Makes the next epoch.
    pub fn rotate(&mut self, who: &str, at: At) -> Result<ActId, Reason> {
        self.rotate_to(who, at, |_, _| ())
    }

    /// Brings a person in, with a wrap of the current secret to the key of `wrapped_to`.
    pub fn join_with_key_of(
        &mut self,
        who: &str,
        at: At,
        newcomer: &str,
        wrapped_to: &str,
    ) -> Result<(), Reason> {
        let key = recipient(&self.people[wrapped_to].user_kem);
        let card = PersonCard { name: newcomer.to_owned(), post: String::new(), contact: String::new() };
        let standpoint = self.standpoint(who, at);
        let root = self.all.root.key_id();
        let signer = Signer { key: &self.people[who].sign, root: &root };
        let made = EpochSecret::make().unwrap();
        let secret = self.rings[&at].secret(standpoint.epoch).unwrap_or(&made);
        let newcomer = (self.people[newcomer].user, key);
        let composed = add_member(signer, &standpoint, random(), secret, newcomer, &card).unwrap();
        let public = self.people[who].sign.public();
        self.append(at, &public, composed)
    }

    /// Brings a person in.
    pub fn join(&mut self, who: &str, at: At, newcomer: &str) -> Result<(), Reason> {
        self.join_with_key_of(who, at, newcomer, newcomer)
    }

    /// Hands the current secret to a member's newest key.
    pub fn share_epoch(&mut self, who: &str, at: At, with: &str) -> Result<(), Reason> {
        let standpoint = self.standpoint(who, at);
        let root = self.all.root.key_id();
        let signer = Signer { key: &self.people[who].sign, root: &root };
        let made = EpochSecret::make().unwrap();
        let secret = self.rings[&at].secret(standpoint.epoch).unwrap_or(&made);
        let with = (self.people[with].user, recipient(&self.people[with].user_kem));
        let composed = share_epoch(signer, &standpoint, random(), secret, with).unwrap();
        let public = self.people[who].sign.public();
        self.append(at, &public, composed)
    }

    /// Certifies a person anew, with these keys under the old id, by a focal point with the word of its State.
    pub fn recertify(&mut self, by: &str, fresh: &Identity) -> Result<(), Reason> {
        let act = self.recertification(fresh)?;
        self.directory(by, Statement::Recertify(act))
    }

    /// What certifies a person anew, with the word of the State's key that the stage has.
    pub fn recertification(&self, fresh: &Identity) -> Result<Recertify, Reason> {
        let keys = fresh.public_keys();
        let keys_bytes = Bytes::from(keys.encode());
        let now = self.all.directory.now(self.all.now_ms);
        let known = now.person(&fresh.user).ok_or(Reason::NoSuchSubject)?;
        let root = self.all.root.key_id();
        let membership = known.state.map(|state| {
            let word = Membership {
                state,
                role: known.role,
                instruments: known.instruments.to_vec(),
                keys: Digest::of(&keys_bytes),
                expires_ms: known.expires_ms,
            };
            let signer = Signer { key: &self.all.state_keys[&state], root: &root };
            signer.statement(&StateStatement::Membership(word)).unwrap()
        });
        let possession = fresh.possession(&root);
        Ok(Recertify { keys, keys_bytes, possession, membership })
    }

    /// An act in the directory, by the root or a person, at a standpoint that `change` alters.
    pub fn directory_with(
        &mut self,
        who: &str,
        statement: Statement,
        change: impl FnOnce(&mut Standpoint),
    ) -> Result<(), Reason> {
        let root = self.all.root.key_id();
        let (author, key) = match who {
            "root" => (Author::Root, &self.all.root),
            who => (self.people[who].author(), &self.people[who].sign),
        };
        let mut standpoint = Standpoint {
            channel: directory_channel(&root),
            author,
            clock_ms: NOW_MS,
            seen: self.all.directory.log.head(),
            epoch: 0,
            basis: None,
        };
        change(&mut standpoint);
        let act = Signer { key, root: &root }.act(&standpoint, random(), statement).unwrap();
        let public = key.public();
        self.append_to_directory(act, public)
    }

    /// Decides and appends an act of the directory that is signed already.
    pub fn append_to_directory(&mut self, act: SignedAct, key: [u8; 32]) -> Result<(), Reason> {
        let act = VerifiedAct::new(act, key, &self.all.root.key_id()).unwrap();
        let permit = decide_directory(&self.all.mechanism, &self.all.directory, act, self.all.now_ms)?;
        self.all.directory_acts.push(permit.act().clone());
        self.all.directory.apply(permit, self.all.now_ms);
        Ok(())
    }

    /// An act in the directory, by the root or a person.
    pub fn directory(&mut self, who: &str, statement: Statement) -> Result<(), Reason> {
        self.directory_with(who, statement, |_| ())
    }

    /// A new generation of the secretariat team's key, to all its officers.
    pub fn new_team(&mut self, who: &str) -> Result<(), Reason> {
        let team = Team::Secretariat(self.all.team);
        let (statement, key) = self.team_generation(team);
        self.directory(who, statement)?;
        self.all.team_kem = key;
        Ok(())
    }

    /// As [`Deployment::team_generation`].
    #[must_use]
    pub fn team_generation(&self, team: Team) -> (Statement, KemKeyPair) {
        self.all.team_generation(team)
    }

    /// The current key of a team, given to one person. Only the act: there is no wrap behind it.
    #[must_use]
    pub fn share_team(&self, team: Team, with: &str) -> ShareTeam {
        let now = self.all.directory.now(self.all.now_ms);
        let recipients = Recipients {
            key_ids: vec![self.people[with].user_kem.key_id()],
            wraps_root: Digest::of(b"one wrap"),
        };
        let generation = now.team(&team).map_or(0, |generation| generation.number);
        ShareTeam { team, generation, recipients }
    }

    /// The key of a State.
    #[must_use]
    pub fn state_key(&self, code: &str) -> &SigningKey {
        &self.all.state_keys[&state(code)]
    }
}

/// The public half of a key, to wrap to.
#[must_use]
pub fn recipient(key: &KemKeyPair) -> RecipientKey {
    RecipientKey { id: key.key_id(), public: Bytes::copy_from_slice(key.public()) }
}
