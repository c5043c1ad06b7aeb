use chancery_core::act::{
    AdmitState, CompleteReplacement, FoundDirectory, RegionalGroup, RevokeDevice, TreeHead,
};
use chancery_core::id::{ChannelId, DeviceId, Digest, UserId};
use chancery_core::log::Tree;
use chancery_core::mechanism::{ChannelKind, Mechanism, UNTOC};
use chancery_core::name::Namespace;
use chancery_core::policy::{Standing, allows};
use chancery_seal::secret::SigningSeed;

use super::*;
use crate::compose::{Signer, Standpoint};
use crate::identity::Identity;

struct Play {
    root: SigningKey,
    second: SigningKey,
}

fn key(seed: u8) -> SigningKey {
    SigningKey::from_seed(SigningSeed::from_bytes([seed; 32])).unwrap()
}

impl Play {
    fn new() -> Self {
        Self { root: key(1), second: key(2) }
    }

    fn root(&self) -> KeyId {
        self.root.key_id()
    }

    fn act(&self, id: u8, statement: Statement) -> SignedAct {
        self.act_of(id, Author::Root, directory_channel(&self.root()), statement)
    }

    fn act_of(&self, id: u8, author: Author, channel: ChannelId, statement: Statement) -> SignedAct {
        let seen: TreeHead = Tree::default().head();
        let standpoint = Standpoint { channel, author, clock_ms: 7, seen, epoch: 0, basis: None };
        let signer = Signer { key: &self.root, root: &self.root() };
        signer.act(&standpoint, ActId::new([id; 16]), statement).unwrap()
    }

    fn founding(&self, second: Option<&SigningKey>) -> SignedAct {
        let second = second.map(|key| SecondCustodian { key: key.public(), always: true });
        self.act(
            0,
            Statement::FoundDirectory(FoundDirectory {
                root_key: self.root.public(),
                mechanism: Digest::of(b"mechanism"),
                log_key: [3; 32],
                server_tls_key: KeyId::new([4; 32]),
                custodian_tls_key: KeyId::new([5; 32]),
                second,
            }),
        )
    }

    fn file(&self, acts: Vec<SignedAct>) -> Result<RootActs, RootActsError> {
        self.file_with(None, acts)
    }

    fn file_with(
        &self,
        announced: Option<SignedAct>,
        acts: Vec<SignedAct>,
    ) -> Result<RootActs, RootActsError> {
        RootActs::new(&self.root(), self.founding(Some(&self.second)), announced, acts)
    }

    fn two(&self) -> RootActs {
        self.file(vec![self.act(1, chile()), self.act(2, revocation())]).unwrap()
    }
}

fn chile() -> Statement {
    Statement::AdmitState(AdmitState {
        state: "CL".parse().unwrap(),
        group: RegionalGroup::LatinAmericaCaribbean,
        standings: Vec::new(),
    })
}

fn revocation() -> Statement {
    Statement::RevokeDevice(RevokeDevice { user: UserId::new([6; 16]), device: DeviceId::new([7; 16]) })
}

fn announcement(key: [u8; 32]) -> Statement {
    let identity = Identity::make(KeyId::new([8; 32])).unwrap();
    Statement::AnnounceReplacement(AnnounceReplacement {
        state: "CL".parse().unwrap(),
        keys_bytes: identity.public_keys().encode().into(),
        keys: identity.public_keys(),
        possession: [0; 64],
        key,
    })
}

fn completion(announcement: u8, key: [u8; 32]) -> Statement {
    let (announcement, state) = (ActId::new([announcement; 16]), "CL".parse().unwrap());
    Statement::CompleteReplacement(CompleteReplacement { announcement, state, key, generation: 1 })
}

#[test]
fn acts_go_to_the_second_custodian_and_back() {
    let play = Play::new();
    let once = play.two();
    let read = RootActs::decode(once.encode().as_bytes()).unwrap();
    assert_eq!(read, once);
    let second = SecondCustodian { key: play.second.public(), always: true };
    assert_eq!(read.check(&play.root()), Ok(Checked { second, countersigned: false }));

    let twice = read.countersign(&play.second, &play.root()).unwrap();
    let twice = RootActs::decode(twice.encode().as_bytes()).unwrap();
    assert_eq!(twice.check(&play.root()), Ok(Checked { second, countersigned: true }));
    for (before, after) in once.acts().iter().zip(twice.acts()) {
        assert_eq!(before.content(), after.content(), "the same act");
        assert_eq!(before.second_payload().unwrap(), after.second_payload().unwrap(), "the same bytes");
    }
    assert_eq!(once.acts().len(), twice.acts().len());
}

#[test]
fn whatever_is_altered_is_refused() {
    let play = Play::new();
    let twice = play.two().countersign(&play.second, &play.root()).unwrap().encode();
    let refused = |bytes: &[u8]| {
        RootActs::decode(bytes).and_then(|file| file.check(&play.root())).expect_err("it was altered")
    };
    for at in 0..twice.len() {
        let mut altered = twice.clone().into_bytes();
        altered[at] = if altered[at] == b'A' { b'B' } else { b'A' };
        refused(&altered);
    }
    let mut lines: Vec<&str> = twice.lines().collect();
    for at in 0..twice.len() {
        refused(&twice.as_bytes()[..at]);
    }
    for other in [
        twice.replace('\n', "\r\n"),
        format!("{twice}\n"),
        format!("{twice}# a remark\n"),
        format!(" {twice}"),
        twice.replace("act ", "act  "),
        twice.replace("end 2", "end 1"),
        twice.replace("end 2", "end 02"),
        twice.split_inclusive('\n').filter(|line| !line.starts_with("end")).collect(),
    ] {
        refused(other.as_bytes());
    }
    assert_eq!(refused(twice.replace("-acts", "-acts2").as_bytes()), RootActsError::OtherVersion);
    lines.swap(1, 2);
    refused((lines.join("\n") + "\n").as_bytes());
    assert_eq!(refused(&[0xff]), RootActsError::Malformed);
    assert_eq!(refused(b""), RootActsError::OtherVersion);
}

#[test]
fn only_acts_of_this_root_in_its_directory_are_taken() {
    let play = Play::new();
    let check = |file: Result<RootActs, RootActsError>, expected: RootActsError| {
        assert_eq!(file.map(drop), Err(expected));
    };
    let (root, id) = (play.root(), ActId::new([1; 16]));
    assert_eq!(play.two().check(&KeyId::new([9; 32])), Err(RootActsError::OtherRoot));
    let acts = || vec![play.act(1, chile())];
    check(RootActs::new(&root, play.founding(None), None, acts()), RootActsError::NoSecond);
    check(RootActs::new(&root, play.act(0, chile()), None, acts()), RootActsError::OtherRoot);
    check(
        play.file(vec![play.founding(Some(&play.second))]),
        RootActsError::NotTheRoots(ActId::new([0; 16])),
    );
    check(play.file([acts(), acts()].concat()), RootActsError::NotTheRoots(id));
    let elsewhere = play.act_of(1, Author::Root, ChannelId::new([1; 16]), chile());
    check(play.file(vec![elsewhere]), RootActsError::NotTheRoots(id));
    let author = Author::Person { user: UserId::new([1; 16]), device: DeviceId::new([1; 16]) };
    let person = play.act_of(1, author, directory_channel(&root), chile());
    check(play.file(vec![person]), RootActsError::NotTheRoots(id));
    let stranger = Play { root: key(3), second: key(2) };
    let forged = stranger.act_of(1, Author::Root, directory_channel(&root), chile());
    check(play.file(vec![forged]), RootActsError::Act { act: id, fault: ActError::WrongSigner });
    let many = (1..=ACTS_PER_APPEND_MAX + 1).map(|id| play.act(u8::try_from(id).unwrap(), chile()));
    check(play.file(many.collect()), RootActsError::TooMany);
}

#[test]
fn a_second_signature_is_the_second_custodians_on_every_act() {
    let play = Play::new();
    let once = play.two();
    let other = once.countersign(&key(4), &play.root()).unwrap();
    assert_eq!(other.check(&play.root()), Err(RootActsError::Second(ActId::new([1; 16]))));
    let twice = once.countersign(&play.second, &play.root()).unwrap();
    let half = RootActs { acts: vec![twice.acts[0].clone(), once.acts[1].clone()], ..twice.clone() };
    assert_eq!(half.check(&play.root()), Err(RootActsError::Second(ActId::new([2; 16]))));
    // Its signature on one act is none on another, nor is what it signs elsewhere.
    let (_, payload) = once.acts[0].second_payload().unwrap();
    let elsewhere = play.second.sign(Namespace::SecondCustodian, &play.root(), payload);
    let moved = RootActs { acts: vec![once.acts[0].with_second(elsewhere).unwrap()], ..once.clone() };
    assert_eq!(moved.check(&play.root()), Err(RootActsError::Second(ActId::new([1; 16]))));
}

#[test]
fn a_completion_brings_the_announcement_that_says_whom_it_seats() {
    let play = Play::new();
    let announced = |id, key| Some(play.act(id, announcement(key)));
    let good = play.file_with(announced(8, [1; 32]), vec![play.act(1, completion(8, [1; 32]))]).unwrap();
    assert_eq!(RootActs::decode(good.encode().as_bytes()).unwrap(), good);
    assert_eq!(good.announced().unwrap().key, [1; 32]);
    let complete = || play.act(1, completion(8, [1; 32]));
    for (announced, acts) in [
        (None, vec![complete()]),
        (announced(9, [1; 32]), vec![complete()]),
        (announced(8, [2; 32]), vec![complete()]),
        (Some(play.act(8, chile())), vec![complete()]),
        (announced(8, [1; 32]), vec![play.act(1, chile())]),
        (announced(8, [1; 32]), vec![complete(), play.act(2, completion(8, [1; 32]))]),
        (announced(8, [1; 32]), vec![complete(), play.act(2, chile())]),
    ] {
        assert_eq!(play.file_with(announced, acts).map(drop), Err(RootActsError::OtherAnnouncement));
    }
}

#[test]
fn a_file_has_limits() {
    let play = Play::new();
    let long = vec![b'A'; ROOT_ACTS_BYTES_MAX + 1];
    assert_eq!(RootActs::decode(&long), Err(RootActsError::Malformed));
    let text = play.two().encode();
    let lines: Vec<&str> = text.lines().collect();
    let file = |acts: &[&str]| {
        let end = format!("end {}", acts.len());
        [&lines[..2], acts, &[end.as_str()]].concat().join("\n") + "\n"
    };
    assert_eq!(file(&lines[2..4]), text);
    let many = file(&[lines[2]; ACTS_PER_APPEND_MAX + 1]);
    assert_eq!(RootActs::decode(many.as_bytes()), Err(RootActsError::TooMany));
    assert_eq!(RootActs::decode(file(&[]).as_bytes()), Err(RootActsError::Malformed));
}

#[test]
fn what_a_file_may_hold_is_what_the_policy_lets_the_root_do() {
    let mechanism = Mechanism::parse(UNTOC).unwrap();
    for kind in Kind::ALL {
        let allowed = allows(&mechanism, Standing::Root, ChannelKind::Directory, *kind, None).is_ok();
        let founds = *kind == Kind::FoundDirectory;
        assert_eq!(ROOT_KINDS.contains(kind), allowed && !founds, "{}", kind.as_str());
    }
}

/// In a file that any other implementation can read. After a deliberate change of the format, `UPDATE_VECTORS=1`
/// writes it anew.
#[test]
fn vectors() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/vectors/root-acts.json");
    let play = Play::new();
    let once = play.two();
    let twice = once.countersign(&play.second, &play.root()).unwrap();
    let other = once.countersign(&key(4), &play.root()).unwrap();
    let half = RootActs { acts: vec![twice.acts[0].clone(), once.acts[1].clone()], ..once.clone() };
    let alone = RootActs { founding: play.founding(None), ..once.clone() };
    let refused: Vec<_> = [
        ("the second signatures are another key's", other.encode()),
        ("one act is signed twice, the other once", half.encode()),
        ("the founding names no second custodian", alone.encode()),
        ("a line of another form", once.encode() + "\n"),
        ("lines end otherwise", once.encode().replace('\n', "\r\n")),
        ("an act was cut off", once.encode().split_inclusive('\n').take(3).collect()),
        ("another version", once.encode().replacen("/v1/", "/v2/", 1)),
    ]
    .into_iter()
    .inspect(|(why, file)| {
        let read = RootActs::decode(file.as_bytes()).and_then(|acts| acts.check(&play.root()));
        assert!(read.is_err(), "{why}");
    })
    .map(|(why, file)| serde_json::json!({ "why": why, "file": file }))
    .collect();
    let made = serde_json::json!({
        "description": "docs/formats/enrolment.md, two custodians: the second one's line, and acts of the root in a file. \
                        The first is signed by the root alone.",
        "root": play.root(),
        "second_seed": hex::encode([2; 32]),
        "second_public": hex::encode(play.second.public()),
        "second_key_id": play.second.key_id(),
        "line": crate::second::SecondLine::make(&play.second, play.root()).text(),
        "once": once.encode(),
        "twice": twice.encode(),
        "refused": refused,
    });
    if std::env::var_os("UPDATE_VECTORS").is_some() {
        std::fs::write(path, serde_json::to_string_pretty(&made).unwrap() + "\n").unwrap();
    }
    let kept: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    assert_eq!(kept, made);
}
