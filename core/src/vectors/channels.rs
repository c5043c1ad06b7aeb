//! Well-known ids, and a small deployment played act by act: what is allowed, what is refused and why.

use std::collections::BTreeMap;

use super::*;
use crate::act::{
    AddMember, AdmitPerson, AdmitState, Audience, Basis, CertifyStateKey, Clearance, Complain, Disclose,
    Fault, FoundDirectory, Grant, Header, InlineWrap, Membership, NewEpoch, NewTeamGeneration, OpenChannel,
    OpenReview, Opening, Post, PostRef, Recipients, RegionalGroup, Reviewer, Role, SealedBody, Standing,
    Statement, Team, VerifiedAct, Withdraw, Withdrawal,
};
use crate::error::Reason;
use crate::id::{ActId, ChannelId, Digest, SectionId, StateCode, TeamId};
use crate::limits::WRAP_BYTES;
use crate::mechanism::{ItemKind, Language, Mechanism, UNTOC};
use crate::name::{directory_channel, publication_channel, publication_entry, state_key_scope, team_scope};
use crate::policy::{World, decide, decide_directory};
use crate::state::{Channel, Directory, Place};

const TEAM: TeamId = TeamId::new([0x77; 16]);
const REVIEW: ChannelId = ChannelId::new([0x12; 16]);
const STRAND: ChannelId = ChannelId::new([0x13; 16]);
const THREAD: SectionId = SectionId::new([0x21; 16]);
const ANSWER: SectionId = SectionId::new([0x22; 16]);

fn state(code: &str) -> StateCode {
    code.parse().unwrap()
}

/// The deployment as it is played, with what was said so far.
struct Play {
    mechanism: Mechanism,
    root: Key,
    state_keys: BTreeMap<&'static str, Key>,
    people: BTreeMap<&'static str, Somebody>,
    directory: Directory,
    review: Channel,
    strand: Channel,
    acts: u8,
    transcript: Vec<Value>,
}

impl Play {
    fn new() -> Self {
        let root = Key::of(0x01);
        let strand = Place::of(REVIEW, &Opening::Strand("firearms".parse().unwrap()));
        Self {
            mechanism: Mechanism::parse(UNTOC).unwrap(),
            state_keys: BTreeMap::from([("CL", Key::of(0x02)), ("KE", Key::of(0x03))]),
            people: BTreeMap::from([
                ("officer", Somebody::of(0x11)),
                ("chile", Somebody::of(0x12)),
                ("kenya", Somebody::of(0x13)),
                ("expert", Somebody::of(0x14)),
            ]),
            directory: Directory::new(root.id),
            root,
            review: Channel::new(REVIEW, Place::Review),
            strand: Channel::new(STRAND, strand),
            acts: 0,
            transcript: Vec::new(),
        }
    }

    /// Acts are numbered, the log's time goes on by a second each.
    fn next(&mut self) -> (ActId, u64) {
        self.acts += 1;
        (ActId::new([self.acts; 16]), 1_800_000_000_000 + u64::from(self.acts) * 1_000)
    }

    fn note(&mut self, log: &str, what: &str, signed: &SignedAct, time: u64, verdict: Result<(), Reason>) {
        let channel = match log {
            "directory" => &self.directory.log,
            "review" => &self.review.log,
            _ => &self.strand.log,
        };
        let head = channel.head();
        self.transcript.push(json!({
            "log": log,
            "what": what,
            "signed": hex::encode(signed.bytes()),
            "log_time_ms": time,
            "verdict": verdict.map_or_else(Reason::code, |()| "ok"),
            "size_after": head.size,
            "root_after": head.root.to_string(),
        }));
    }

    fn in_directory(&mut self, what: &str, who: &str, statement: Statement, expect: Result<(), Reason>) {
        let (act_id, time) = self.next();
        let (author, key) = match who {
            "root" => (Author::Root, &self.root),
            who => (self.people[who].author(), &self.people[who].key),
        };
        let header = Header {
            channel: directory_channel(&self.root.id),
            act_id,
            author,
            clock_ms: time,
            seen: self.directory.log.head(),
            epoch: 0,
            basis: None,
        };
        let signed = key.act(&self.root.id, &Act { header, statement });
        let act = VerifiedAct::new(signed.clone(), key.public, &self.root.id).unwrap();
        let decided = decide_directory(&self.mechanism, &self.directory, act, time);
        let verdict = decided.map(|permit| self.directory.apply(permit, time));
        assert_eq!(verdict, expect, "{what}");
        self.note("directory", what, &signed, time, verdict);
    }

    /// An act in the review or the strand, its statement made from its own id.
    fn in_channel(
        &mut self,
        what: &str,
        (who, id): (&str, ChannelId),
        statement: impl FnOnce(&Self, ActId) -> Statement,
        expect: Result<(), Reason>,
    ) -> ActId {
        let (act_id, time) = self.next();
        let statement = statement(self, act_id);
        let in_review = id == REVIEW;
        let channel = if in_review { &self.review } else { &self.strand };
        let header = Header {
            channel: id,
            act_id,
            author: self.people[who].author(),
            clock_ms: time,
            seen: channel.log.head(),
            epoch: channel.epoch.as_ref().map_or(0, |epoch| epoch.number),
            basis: Some(Basis {
                directory: self.directory.log.head(),
                review: (!in_review).then(|| self.review.log.head()),
            }),
        };
        let key = &self.people[who].key;
        let signed = key.act(&self.root.id, &Act { header, statement });
        let act = VerifiedAct::new(signed.clone(), key.public, &self.root.id).unwrap();
        let review = (!in_review).then_some(&self.review);
        let world = World { mechanism: &self.mechanism, directory: &self.directory, review };
        let decided = decide(world, channel, act, time);
        let changed = if in_review { &mut self.review } else { &mut self.strand };
        let verdict = decided.map(|permit| changed.apply(permit, time));
        assert_eq!(verdict, expect, "{what}");
        self.note(if in_review { "review" } else { "strand" }, what, &signed, time, verdict);
        act_id
    }

    fn admission(&self, who: &str, role: Role, of: Option<&'static str>) -> Statement {
        let person = &self.people[who];
        let keys_bytes = Bytes::from(person.keys().encode());
        let instruments = if role == Role::Expert { vec!["firearms".parse().unwrap()] } else { Vec::new() };
        let membership = of.filter(|_| role == Role::Expert).map(|code| {
            let (keys, instruments) = (Digest::of(&keys_bytes), instruments.clone());
            let membership = Membership { state: state(code), role, instruments, keys, expires_ms: None };
            self.state_keys[code].statement(&self.root.id, &StateStatement::Membership(membership))
        });
        Statement::AdmitPerson(AdmitPerson {
            keys: person.keys(),
            keys_bytes,
            possession: person.possession(&self.root.id),
            role,
            state: of.map(state),
            instruments,
            secretariat_team: (role == Role::Officer).then_some(TEAM),
            membership,
            expires_ms: None,
        })
    }

    /// The next epoch of a channel, addressed to whom it must be; its wraps are bytes of the right length.
    fn epoch(&self, id: ChannelId) -> NewEpoch {
        let channel = if id == REVIEW { &self.review } else { &self.strand };
        let roster = self.review.roster().unwrap();
        let now = self.directory.now(0);
        let number = channel.epoch.as_ref().map_or(0, |epoch| epoch.number + 1);
        let key_ids = channel.epoch_recipients(roster, &now);
        NewEpoch {
            number,
            commitment: Digest::of(b"epoch"),
            previous_box: (number > 0).then(|| Digest::of(b"box")),
            recipients: Recipients { key_ids, wraps_root: Digest::of(b"wraps") },
            secretariat: channel
                .secretariat_key(roster, &now)
                .map(|key_id| InlineWrap { key_id, wrap: Bytes::from(vec![0x43; WRAP_BYTES]) }),
        }
    }

    fn post_ref(&self, act_id: ActId) -> PostRef {
        let post = &self.strand.posts[&act_id];
        let (section, kind, body) = (post.section, post.kind, post.body);
        PostRef { state: state("CL"), channel: STRAND, section, act_id, kind, body }
    }

    fn statement(&self, statement: &StateStatement) -> SignedStatement {
        self.state_keys["CL"].statement(&self.root.id, statement)
    }
}

fn sealed() -> SealedBody {
    SealedBody { length: 1_096, sha256: Digest::of(b"sealed"), key_commitment: Digest::of(b"key") }
}

fn post(section: SectionId, previous: Option<ActId>, kind: ItemKind) -> Post {
    Post { section, previous, kind, files: Vec::new(), body: sealed(), clearance: None }
}

/// Chile's answer, cleared by its key.
fn response(play: &Play, act_id: ActId) -> Statement {
    let plain = post(ANSWER, None, ItemKind::Response);
    let named = PostRef {
        state: state("CL"),
        channel: STRAND,
        section: ANSWER,
        act_id,
        kind: plain.kind,
        body: plain.body,
    };
    let clearance = play.statement(&StateStatement::Clearance(Clearance { post: named }));
    Statement::Post(Post { clearance: Some(clearance), ..plain })
}

fn found(play: &mut Play) {
    let founding = FoundDirectory {
        root_key: play.root.public,
        mechanism: Mechanism::digest(UNTOC),
        log_key: Key::of(0x04).public,
        server_tls_key: KeyId::new([0x51; 32]),
        custodian_tls_key: KeyId::new([0x52; 32]),
        second: None,
    };
    play.in_directory("the root founds the directory", "root", Statement::FoundDirectory(founding), Ok(()));
    for code in ["CL", "KE"] {
        let standings = ["firearms", "untoc"].map(|code| (code.parse().unwrap(), Standing::Party)).to_vec();
        let group = RegionalGroup::Africa;
        let admitted = AdmitState { state: state(code), group, standings };
        play.in_directory("the root admits a State", "root", Statement::AdmitState(admitted), Ok(()));
    }
    for (who, role, of) in [
        ("officer", Role::Officer, None),
        ("chile", Role::FocalPoint, Some("CL")),
        ("kenya", Role::FocalPoint, Some("KE")),
    ] {
        let admission = play.admission(who, role, of);
        play.in_directory("the root admits officers and focal points", "root", admission, Ok(()));
    }
    for code in ["CL", "KE"] {
        let key = play.state_keys[code].public;
        let certified = CertifyStateKey { state: state(code), key, generation: 0 };
        play.in_directory(
            "and certifies the State's key",
            "root",
            Statement::CertifyStateKey(certified),
            Ok(()),
        );
    }
    let team = Team::Secretariat(TEAM);
    let recipients = Recipients {
        key_ids: play.directory.now(0).team_recipients(&team),
        wraps_root: Digest::of(b"wraps"),
    };
    let (generation, kem, commitment) = (0, kem(0x60), Digest::of(b"seed"));
    let made = NewTeamGeneration { team, generation, kem, commitment, previous_box: None, recipients };
    play.in_directory("the team's key", "officer", Statement::NewTeamGeneration(made), Ok(()));
    let expert = play.admission("expert", Role::Expert, Some("CL"));
    play.in_directory("another State's focal point", "kenya", expert.clone(), Err(Reason::NotEntitled));
    play.in_directory("Chile's focal point admits its expert", "chile", expert, Ok(()));
}

fn open(play: &mut Play) {
    let officer = ("officer", REVIEW);
    let opening = OpenReview {
        state: state("CL"),
        instruments: vec!["firearms".parse().unwrap()],
        reviewers: vec![Reviewer { state: state("KE"), instruments: vec!["firearms".parse().unwrap()] }],
        secretariat_team: TEAM,
        languages: vec![Language::En],
    };
    let open = Statement::OpenReview(opening);
    play.in_channel("an officer opens the review", officer, |_, _| open, Ok(()));
    let epoch = |id| move |play: &Play, _| Statement::NewEpoch(play.epoch(id));
    play.in_channel("a focal point begins it", ("chile", REVIEW), epoch(REVIEW), Err(Reason::NotGenesis));
    play.in_channel("its first epoch", officer, epoch(REVIEW), Ok(()));
    let strand = OpenChannel { channel: STRAND, opening: Opening::Strand("firearms".parse().unwrap()) };
    play.in_channel("and its strand", officer, |_, _| Statement::OpenChannel(strand), Ok(()));

    play.in_channel(
        "the reviewer begins the strand",
        ("kenya", STRAND),
        epoch(STRAND),
        Err(Reason::NotGenesis),
    );
    let without = |play: &Play, _| Statement::NewEpoch(NewEpoch { secretariat: None, ..play.epoch(STRAND) });
    let refused = Err(Reason::WrongRecipients);
    play.in_channel("without the secretariat", ("chile", STRAND), without, refused);
    let one_less = |play: &Play, _| {
        let mut epoch = play.epoch(STRAND);
        epoch.recipients.key_ids.pop();
        Statement::NewEpoch(epoch)
    };
    play.in_channel("without one reader", ("chile", STRAND), one_less, refused);
    play.in_channel("the State under review begins it", ("chile", STRAND), epoch(STRAND), Ok(()));
    let join = |play: &Play, _| {
        let expert = &play.people["expert"];
        let key_ids = vec![key_id(KeyAlgorithm::XWing, &expert.keys().user_kem)];
        let recipients = Recipients { key_ids, wraps_root: Digest::of(b"wraps") };
        Statement::AddMember(AddMember { user: expert.user(), recipients, body: sealed() })
    };
    play.in_channel("its expert joins", ("chile", STRAND), join, Ok(()));
}

fn exchange(play: &mut Play) {
    let asked = |_: &Play, _| Statement::Post(post(THREAD, None, ItemKind::Clarification));
    let asks = play.in_channel("Kenya asks", ("kenya", STRAND), asked, Ok(()));
    let reply = move |_: &Play, _| Statement::Post(post(THREAD, Some(asks), ItemKind::Clarification));
    let refused = Err(Reason::SecretariatReadsOnly);
    play.in_channel("the secretariat replies", ("officer", STRAND), reply, refused);
    play.in_channel("Chile's expert replies", ("expert", STRAND), reply, Ok(()));
    play.in_channel(
        "after a revision that is not the newest",
        ("chile", STRAND),
        reply,
        Err(Reason::NotTheLatest),
    );

    let refused = Err(Reason::FocalPointRequired);
    play.in_channel("the expert submits an answer", ("expert", STRAND), response, refused);
    let uncleared = |_: &Play, _| Statement::Post(post(ANSWER, None, ItemKind::Response));
    play.in_channel("without clearance", ("chile", STRAND), uncleared, Err(Reason::ClearanceRequired));
    let answer = play.in_channel("Chile submits it", ("chile", STRAND), response, Ok(()));

    let audience = Audience::AllParties;
    let disclose = move |play: &Play, _| {
        let grant = Grant { post: play.post_ref(answer), audience, rendition: None };
        let grants = vec![play.statement(&StateStatement::Grant(grant))];
        Statement::Disclose(Disclose { section: ANSWER, audience, grants })
    };
    let refused = Err(Reason::StateUnderReviewOnly);
    play.in_channel("the reviewer discloses it", ("kenya", STRAND), disclose, refused);
    play.in_channel("Chile discloses it", ("chile", STRAND), disclose, Ok(()));
    play.in_channel("twice", ("chile", STRAND), disclose, Err(Reason::DisclosureUnchanged));
    let withdraw = move |play: &Play, _| {
        let PostRef { state, channel, section, act_id, .. } = play.post_ref(answer);
        let withdrawal = Withdrawal { state, channel, section, act_id, audience };
        let withdrawals = vec![play.statement(&StateStatement::Withdrawal(withdrawal))];
        Statement::Withdraw(Withdraw { section, audience, withdrawals })
    };
    play.in_channel("and withdraws it", ("chile", STRAND), withdraw, Ok(()));
}

fn turnover(play: &mut Play) {
    let rotate = |play: &Play, _| Statement::NewEpoch(play.epoch(STRAND));
    let ask =
        |n| move |_: &Play, _| Statement::Post(post(SectionId::new([n; 16]), None, ItemKind::Clarification));
    let complain = |play: &Play, _| {
        let act_id = play.strand.epoch.as_ref().unwrap().act;
        Statement::Complain(Complain { act_id, fault: Fault::Wrap })
    };
    play.in_channel("the secretariat's wrap does not open", ("officer", STRAND), complain, Ok(()));
    play.in_channel("no post then", ("kenya", STRAND), ask(0x23), Err(Reason::EpochSuspended));
    play.in_channel("nor an epoch by the same maker", ("chile", STRAND), rotate, Err(Reason::EpochSuspended));
    play.in_channel("another makes the next", ("kenya", STRAND), rotate, Ok(()));
    let user = play.people["expert"].user();
    let leave = Statement::RemovePerson(user);
    play.in_directory("the expert leaves", "chile", leave, Ok(()));
    play.in_channel(
        "no post under a key that is gone",
        ("kenya", STRAND),
        ask(0x23),
        Err(Reason::StaleEpoch),
    );
    play.in_channel(
        "its focal point shows it out",
        ("chile", STRAND),
        |_, _| Statement::RemoveMember(user),
        Ok(()),
    );
    play.in_channel("the next writer rotates", ("kenya", STRAND), rotate, Ok(()));
    play.in_channel("and writes", ("kenya", STRAND), ask(0x23), Ok(()));
}

fn summary(channel: &Channel) -> Value {
    let posts = channel.posts.iter().map(|(act, post)| {
        json!({
            "act_id": act.to_string(),
            "section": post.section.to_string(),
            "kind": post.kind.as_str(),
            "state": post.state.as_str(),
            "audiences": post.audiences.iter().map(|audience| audience.as_str()).collect::<Vec<_>>(),
        })
    });
    let epoch = channel.epoch.as_ref().unwrap();
    json!({
        "members": channel.members.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "epoch": epoch.number,
        "epoch_keys": epoch.keys.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "suspended": epoch.suspended,
        "posts": posts.collect::<Vec<_>>(),
    })
}

fn ids(root: &KeyId) -> Value {
    let teams = [Team::State(state("CL")), Team::Secretariat(TEAM), Team::AllParties];
    let [chile, secretariat, all] = teams.map(|team| team_scope(root, team).to_string());
    let disclose = ActId::new([0x33; 16]);
    let entries = [0, 1, 255].map(|position| {
        json!({
            "act_id": disclose.to_string(),
            "position": position,
            "entry_act_id": publication_entry(&disclose, position).to_string(),
        })
    });
    json!({
        "root_fingerprint": root.to_string(),
        "directory": directory_channel(root).to_string(),
        "publication_all_parties": publication_channel(root, Audience::AllParties).to_string(),
        "publication_public": publication_channel(root, Audience::Public).to_string(),
        "team_scopes": [
            { "kind": "state", "id": "CL", "scope": chile },
            { "kind": "secretariat", "id": TEAM.to_string(), "scope": secretariat },
            { "kind": "all-parties", "id": "", "scope": all },
        ],
        "state_key_scopes": [{ "state": "CL", "scope": hex::encode(state_key_scope(root, state("CL"))) }],
        "publication_entries": entries,
    })
}

#[test]
fn channels() {
    let description = "docs/formats/channels.md. Bytes are in hex. `play` is a deployment under \
                       mechanisms/untoc.toml, act by act in the order of arrival: each is decided on what the \
                       allowed ones before it made true, and takes its place only if its verdict is ok. The strand \
                       belongs to the review. X-Wing keys and wraps are bytes of the right length only.";
    let mut play = Play::new();
    found(&mut play);
    open(&mut play);
    exchange(&mut play);
    turnover(&mut play);
    check(
        "channels",
        description,
        &json!({
            "ids": ids(&play.root.id),
            "play": {
                "root_fingerprint": play.root.id.to_string(),
                "mechanism_sha256": Mechanism::digest(UNTOC).to_string(),
                "review": REVIEW.to_string(),
                "strand": STRAND.to_string(),
                "acts": play.transcript,
                "strand_then": summary(&play.strand),
            },
        }),
    );
}
