use std::io::{Cursor, Write as _};

use bytes::Bytes;
use chancery_core::act::{
    Attachment, CertifyStateKey, CompleteReplacement, PostRef, RegionalGroup, SealedBody, SecondCustodian,
    Standing, TreeHead, Withdrawal,
};
use chancery_core::id::FileId;
use chancery_core::log::{Checkpoint, Tree, leaf_hash};
use chancery_core::mechanism::Language;
use chancery_seal::body::{BodyContext, seal_body};
use chancery_seal::revision::{RevisionPlace, commit_revision_key};
use chancery_seal::sign::SigningKey;
use proptest::prelude::*;
use ring::signature::{Ed25519KeyPair, KeyPair};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::*;
use crate::compose::{Signer, Standpoint};

const PLACE: RevisionPlace = RevisionPlace {
    channel: ChannelId::new([1; 16]),
    section: SectionId::new([2; 16]),
    act: ActId::new([3; 16]),
};
const KIND: ItemKind = ItemKind::Response;
const NOW_MS: u64 = 1_800_000_000_000;
/// The generation of a key that the root put in the place of others.
const FIRST_REPLACED: u64 = 2;
const FILE: &[u8] = b"the annex";

/// A deployment with one public item.
struct World {
    root: SigningKey,
    state: SigningKey,
    /// Later keys of the State, oldest first.
    successors: Vec<SigningKey>,
    /// Whether the root replaced a key before them without its word.
    replaced: bool,
    /// The second custodian, whose signature every act of the root needs.
    second: Option<SigningKey>,
    /// The acts that lack it.
    unsigned: Vec<u8>,
    log: Ed25519KeyPair,
    revision: RevisionKey,
}

impl World {
    fn new() -> Self {
        Self {
            root: SigningKey::make().unwrap(),
            state: SigningKey::make().unwrap(),
            successors: Vec::new(),
            replaced: false,
            second: None,
            unsigned: Vec::new(),
            log: Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap(),
            revision: RevisionKey::make().unwrap(),
        }
    }

    fn log_key(&self) -> [u8; 32] {
        self.log.public_key().as_ref().try_into().unwrap()
    }

    fn by_root(&self, id: u8, statement: Statement) -> SignedAct {
        let root = self.root.key_id();
        let standpoint = Standpoint {
            channel: directory_channel(&root),
            author: Author::Root,
            clock_ms: NOW_MS,
            seen: TreeHead { size: 0, root: Digest::of(b"") },
            epoch: 0,
            basis: None,
        };
        let signer = Signer { key: &self.root, root: &root };
        let act = signer.act(&standpoint, ActId::new([id; 16]), statement).unwrap();
        match (&self.second, act.second_payload()) {
            (Some(second), Some((namespace, payload))) if id > 0 && !self.unsigned.contains(&id) => {
                act.with_second(second.sign(namespace, &root, payload)).unwrap()
            }
            _ => act,
        }
    }

    fn checkpoint(&self, channel: &ChannelId, head: TreeHead) -> String {
        let checkpoint = Checkpoint { origin: origin(&self.root.key_id(), channel), head };
        let signature = self.log.sign(checkpoint.text().as_bytes()).as_ref().try_into().unwrap();
        checkpoint.note(&self.log_key(), &signature)
    }

    fn proof(&self, channel: &ChannelId, entries: &[Bytes], index: u64) -> Vec<u8> {
        let times = (0_u64..).map(|n| NOW_MS + n);
        let tree = Tree::of(entries.iter().zip(times).map(|(entry, time)| leaf_hash(entry, time)));
        let path = tree.inclusion_proof(index, tree.size()).unwrap();
        let checkpoint = self.checkpoint(channel, tree.head());
        EntryProof { log_time_ms: NOW_MS + index, index, path, checkpoint }.encode().into_bytes()
    }

    fn body() -> PostBody {
        PostBody {
            language: Language::Es,
            title: "Respuesta".to_owned(),
            text: "Sí.".to_owned(),
            binding: None,
            step: None,
            attachments: vec![Attachment {
                file: FileId::new([9; 16]),
                key: [8; 32],
                sealed_length: 1_096,
                parts_sha256: Digest::of(b"sealed"),
                length: FILE.len() as u64,
                sha256: Digest::of(FILE),
                name: "anexo.txt".to_owned(),
                media_type: "text/plain".to_owned(),
            }],
            reason: "a reason of ours".to_owned(),
        }
    }

    fn sealed(&self, body: &PostBody) -> (Vec<u8>, SealedBody) {
        let context = BodyContext { place: PLACE, kind: KIND.as_str() };
        let sealed = seal_body(&self.revision, &context, &body.encode()).unwrap();
        let named = SealedBody {
            length: sealed.len() as u64,
            sha256: Digest::of(&sealed),
            key_commitment: commit_revision_key(&PLACE, &self.revision),
        };
        (sealed, named)
    }

    fn post(body: SealedBody, state: &str) -> PostRef {
        let RevisionPlace { channel, section, act } = PLACE;
        PostRef { state: state.parse().unwrap(), channel, section, act_id: act, kind: KIND, body }
    }

    /// Every member, in the order of the format.
    fn members(&self) -> Vec<(String, Vec<u8>)> {
        let root = self.root.key_id();
        let state: StateCode = "CL".parse().unwrap();
        let found = self.by_root(
            0,
            Statement::FoundDirectory(FoundDirectory {
                root_key: self.root.public(),
                mechanism: Digest::of(b"mechanism"),
                log_key: self.log_key(),
                server_tls_key: KeyId::new([4; 32]),
                custodian_tls_key: KeyId::new([5; 32]),
                second: self.second.as_ref().map(|key| SecondCustodian { key: key.public(), always: true }),
            }),
        );
        let admit = self.by_root(1, chile());
        let certify = self.by_root(2, self.certificate(state));
        let directory = directory_channel(&root);
        let entries = [found.bytes().clone(), admit.bytes().clone(), certify.bytes().clone()];

        let body = Self::body();
        let (sealed, named) = self.sealed(&body);
        let rendition = Rendition::of(&body);
        let key = self.successors.last().unwrap_or(&self.state);
        let signer = Signer { key, root: &root };
        let grant = signer.grant(Self::post(named, "CL"), Audience::Public, Some(&rendition)).unwrap();
        let publication = publication_channel(&root, Audience::Public);
        let mut published: Vec<Bytes> = (0_u8..5).map(|n| vec![n; 40].into()).collect();
        published[3] = grant.bytes().clone();

        let mut members = vec![(FORMAT.to_owned(), FORMAT_CONTENT.to_vec())];
        let acts = [(FOUND_DIRECTORY, 0), (ADMIT_STATE, 1), (CERTIFY_STATE_KEY, 2)];
        for (name, index) in acts {
            members.push((name.to_owned(), entries[index].to_vec()));
            members.push((format!("{name}{PROOF}"), self.proof(&directory, &entries, index as u64)));
        }
        for (place, word) in self.successions().into_iter().enumerate() {
            members.push((members::succession(place), word.bytes().to_vec()));
        }
        members.push((GRANT.to_owned(), grant.bytes().to_vec()));
        members.push((format!("{GRANT}{PROOF}"), self.proof(&publication, &published, 3)));
        members.push((BODY.to_owned(), sealed));
        members.push((REVISION_KEY.to_owned(), self.revision.as_bytes().to_vec()));
        members.push((RENDITION.to_owned(), rendition.encode()));
        members.push((members::attachment(0), FILE.to_vec()));
        members
    }

    fn certificate(&self, state: StateCode) -> Statement {
        let (key, announcement) = (self.state.public(), ActId::new([9; 16]));
        if self.replaced {
            let generation = FIRST_REPLACED;
            return Statement::CompleteReplacement(CompleteReplacement {
                announcement,
                state,
                key,
                generation,
            });
        }
        Statement::CertifyStateKey(CertifyStateKey { state, key, generation: 0 })
    }

    /// The word of each key for the next.
    fn successions(&self) -> Vec<SignedStatement> {
        let first = if self.replaced { FIRST_REPLACED } else { 0 };
        let olds = std::iter::once(&self.state).chain(&self.successors);
        let pairs = olds.zip(&self.successors).zip(first + 1..);
        pairs.map(|((old, new), generation)| self.succession(old, new, "CL", generation)).collect()
    }

    fn succession(&self, by: &SigningKey, key: &SigningKey, state: &str, generation: u64) -> SignedStatement {
        let (state, key) = (state.parse().unwrap(), key.public());
        let word = StateStatement::KeySuccession(KeySuccession { state, key, generation });
        Signer { key: by, root: &self.root.key_id() }.statement(&word).unwrap()
    }

    fn verify(&self, members: &[(String, Vec<u8>)]) -> Result<Shown, BundleError> {
        verify(Cursor::new(zip(members)), &self.root.key_id())
    }
}

fn chile() -> Statement {
    let standings = vec![("untoc".parse().unwrap(), Standing::Party)];
    let group = RegionalGroup::LatinAmericaCaribbean;
    Statement::AdmitState(AdmitState { state: "CL".parse().unwrap(), group, standings })
}

fn zip(members: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    for (name, content) in members {
        writer.start_file(name.as_str(), options).unwrap();
        writer.write_all(content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn set(members: &mut [(String, Vec<u8>)], name: &str, content: impl Into<Vec<u8>>) {
    members.iter_mut().find(|(one, _)| one == name).unwrap().1 = content.into();
}

fn at(result: Result<Shown, BundleError>) -> String {
    result.unwrap_err().at
}

#[test]
fn a_bundle_shows_what_was_said_and_names_no_person() {
    let world = World::new();
    let shown = world.verify(&world.members()).unwrap();
    assert_eq!(shown.state.as_str(), "CL");
    assert_eq!((shown.index, shown.log_time_ms), (3, NOW_MS + 3));
    assert_eq!(shown.rendition, Rendition::of(&World::body()));
    for name in [FOUND_DIRECTORY, ADMIT_STATE, CERTIFY_STATE_KEY] {
        let members = world.members();
        let bytes = members.iter().find(|(one, _)| one == name).unwrap().1.clone();
        assert_eq!(SignedAct::decode(bytes).unwrap().content().header.author, Author::Root);
    }
}

#[test]
fn a_grant_under_a_later_key_is_proved_by_the_word_of_each_key_for_the_next() {
    for replaced in [false, true] {
        for later in 0..3 {
            let mut world = World { replaced, ..World::new() };
            world.successors = (0..later).map(|_| SigningKey::make().unwrap()).collect();
            assert_eq!(world.verify(&world.members()).unwrap().state.as_str(), "CL");
        }
    }
}

#[test]
fn a_broken_line_of_keys_is_named() {
    let mut world = World::new();
    world.successors = (0..2).map(|_| SigningKey::make().unwrap()).collect();
    let [first, second] = [0, 1].map(members::succession);
    let (next, last) = (&world.successors[0], &world.successors[1]);
    let stranger = SigningKey::make().unwrap();
    let check = |name: &str, word: Option<SignedStatement>, expected: &str| {
        let mut members = world.members();
        match word {
            Some(signed) => set(&mut members, name, signed.bytes().to_vec()),
            None => members.retain(|(one, _)| one != name),
        }
        assert_eq!(at(world.verify(&members)), expected);
    };
    check(&first, None, &first);
    check(&second, None, GRANT);
    check(&first, Some(world.succession(&stranger, next, "CL", 1)), &first);
    check(&first, Some(world.succession(&world.state, next, "KE", 1)), &first);
    check(&first, Some(world.succession(&world.state, next, "CL", 2)), &first);
    check(&second, Some(world.succession(next, last, "CL", 1)), &second);
    check(&second, Some(world.succession(&world.state, last, "CL", 2)), &second);
    let (_, named) = world.sealed(&World::body());
    let root = world.root.key_id();
    let rendition = Rendition::of(&World::body());
    let next = Signer { key: next, root: &root };
    let grant = next.grant(World::post(named, "CL"), Audience::Public, Some(&rendition));
    check(&second, Some(grant.unwrap()), &second);
    // A key that was replaced speaks no more for the State than a stranger's.
    let old = Signer { key: &world.state, root: &root };
    let grant = old.grant(World::post(named, "CL"), Audience::Public, Some(&rendition));
    check(GRANT, Some(grant.unwrap()), GRANT);

    let mut members = world.members();
    members.push((members::succession(3), b"x".to_vec()));
    assert_eq!(at(world.verify(&members)), members::succession(2));
}

#[test]
fn where_both_custodians_always_sign_an_act_of_one_proves_nothing() {
    let second = || Some(SigningKey::make().unwrap());
    let mut world = World { second: second(), ..World::new() };
    assert_eq!(world.verify(&world.members()).unwrap().state.as_str(), "CL");
    for (id, name) in [(1, ADMIT_STATE), (2, CERTIFY_STATE_KEY)] {
        for replaced in [false, true] {
            world = World { second: second(), unsigned: vec![id], replaced, ..World::new() };
            assert_eq!(at(world.verify(&world.members())), name);
        }
    }
    // Another's signature is none.
    let other = World { second: second(), ..World::new() };
    let mut members = world.members();
    let act = world.by_root(1, chile());
    let (namespace, payload) = act.second_payload().unwrap();
    let signature = other.second.unwrap().sign(namespace, &world.root.key_id(), payload);
    let forged = act.with_second(signature).unwrap();
    set(&mut members, ADMIT_STATE, forged.bytes().to_vec());
    assert_eq!(at(world.verify(&members)), ADMIT_STATE);
}

#[test]
fn another_root_is_found() {
    let (world, other) = (World::new(), World::new());
    let members = world.members();
    let result = verify(Cursor::new(zip(&members)), &other.root.key_id());
    assert_eq!(at(result), FOUND_DIRECTORY);
}

#[test]
fn a_missing_member_is_named() {
    let world = World::new();
    for place in 0..world.members().len() {
        let mut members = world.members();
        let (name, _) = members.remove(place);
        assert_eq!(at(world.verify(&members)), name);
    }
}

#[test]
fn a_surplus_member_is_named() {
    let world = World::new();
    for name in
        ["README", "attachments/001", "attachments/0", "attachments/", "../grant", "grant.tlog-proof "]
    {
        let mut members = world.members();
        members.push((name.to_owned(), b"x".to_vec()));
        assert_eq!(at(world.verify(&members)), name);
    }
}

#[test]
fn members_of_another_item_or_deployment_are_named() {
    let (world, other) = (World::new(), World::new());
    for (name, content) in other.members() {
        let mut members = world.members();
        let (_, own) = members.iter().find(|(one, _)| *one == name).unwrap();
        // These two are the same in every deployment.
        if *own == content {
            continue;
        }
        set(&mut members, &name, content);
        let found = at(world.verify(&members));
        // The hash in the grant makes the key the culprit where the body is the right one.
        assert_eq!(found, name);
    }
}

#[test]
fn a_grant_to_all_parties_and_a_withdrawal_prove_nothing_public() {
    let world = World::new();
    let root = world.root.key_id();
    let signer = Signer { key: &world.state, root: &root };
    let (_, named) = world.sealed(&World::body());
    let to_parties = signer.grant(World::post(named, "CL"), Audience::AllParties, None).unwrap();
    let RevisionPlace { channel, section, act } = PLACE;
    let withdrawal = signer
        .statement(&StateStatement::Withdrawal(Withdrawal {
            state: "CL".parse().unwrap(),
            channel,
            section,
            act_id: act,
            audience: Audience::Public,
        }))
        .unwrap();
    let rendition = Rendition::of(&World::body());
    let foreign = signer.grant(World::post(named, "KE"), Audience::Public, Some(&rendition)).unwrap();
    for signed in [to_parties, withdrawal, foreign] {
        let mut members = world.members();
        set(&mut members, GRANT, signed.bytes().to_vec());
        assert_eq!(at(world.verify(&members)), GRANT);
    }
}

#[test]
fn a_text_that_was_not_exchanged_is_found_though_the_state_signed_its_hash() {
    let world = World::new();
    let root = world.root.key_id();
    let mut rendition = Rendition::of(&World::body());
    rendition.text = "No.".to_owned();
    let body = World::body();
    let (sealed, named) = world.sealed(&body);
    let signer = Signer { key: &world.state, root: &root };
    let grant = signer.grant(World::post(named, "CL"), Audience::Public, Some(&rendition)).unwrap();
    let mut members = world.members();
    let publication = publication_channel(&root, Audience::Public);
    set(&mut members, GRANT, grant.bytes().to_vec());
    // The log times of this fixture rise with the index, and the grant is not older than the key.
    let entries: Vec<Bytes> =
        vec![vec![0; 9].into(), vec![1; 9].into(), vec![2; 9].into(), grant.bytes().clone()];
    set(&mut members, "grant.tlog-proof", world.proof(&publication, &entries, 3));
    set(&mut members, BODY, sealed);
    set(&mut members, RENDITION, rendition.encode());
    let error = world.verify(&members).unwrap_err();
    assert!(error.at == RENDITION && matches!(error.fault, BundleFault::NotAsExchanged), "{error}");
}

#[test]
fn the_directory_is_proved_at_the_size_of_the_states_key() {
    let world = World::new();
    let mut members = world.members();
    let of = |name: &str| members.iter().find(|(one, _)| one == name).unwrap().1.clone();
    let mut entries: Vec<Bytes> =
        [FOUND_DIRECTORY, ADMIT_STATE, CERTIFY_STATE_KEY].map(|name| of(name).into()).to_vec();
    entries.push(vec![6; 50].into());
    let directory = directory_channel(&world.root.key_id());
    for (index, name) in [FOUND_DIRECTORY, ADMIT_STATE, CERTIFY_STATE_KEY].into_iter().enumerate() {
        set(&mut members, &format!("{name}{PROOF}"), world.proof(&directory, &entries, index as u64));
    }
    assert_eq!(at(world.verify(&members)), "found-directory.tlog-proof");
}

#[test]
fn a_compressed_member_and_a_bomb_are_refused() {
    let world = World::new();
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (place, (name, content)) in world.members().iter().enumerate() {
        let method = if place == 5 { CompressionMethod::Deflated } else { CompressionMethod::Stored };
        let options = SimpleFileOptions::default().compression_method(method);
        writer.start_file(name.as_str(), options).unwrap();
        writer.write_all(content).unwrap();
    }
    let bytes = writer.finish().unwrap().into_inner();
    let error = verify(Cursor::new(bytes), &world.root.key_id()).unwrap_err();
    assert_eq!(error.at, CERTIFY_STATE_KEY);

    let mut members = world.members();
    set(&mut members, BODY, vec![0; 262_401]);
    assert_eq!(at(world.verify(&members)), BODY);
}

#[test]
fn data_descriptors_are_read() {
    let world = World::new();
    let mut writer = ZipWriter::new_stream(Vec::new());
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    for (name, content) in world.members() {
        writer.start_file(name.as_str(), options).unwrap();
        writer.write_all(&content).unwrap();
    }
    let bytes = writer.finish().unwrap().into_inner();
    verify(Cursor::new(bytes), &world.root.key_id()).unwrap();
}

#[test]
fn a_changed_byte_of_any_member_is_found_and_its_member_named() {
    let world = World::new();
    let intact = world.members();
    for place in 0..intact.len() {
        let length = intact[place].1.len();
        for byte in [0, length / 3, length / 2, length - 1] {
            let mut members = intact.clone();
            members[place].1[byte] ^= 1;
            let found = at(world.verify(&members));
            assert_eq!(found, intact[place].0, "byte {byte}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_change_of_the_file_makes_it_show_something_else(at: prop::sample::Index, bit in 0_u8..8, cut: bool) {
        let world = World::new();
        let bytes = zip(&world.members());
        let root = world.root.key_id();
        let shown = verify(Cursor::new(bytes.clone()), &root).unwrap();
        let at = at.index(bytes.len());
        let mut changed = bytes;
        if cut { changed.truncate(at) } else { changed[at] ^= 1 << bit }
        if let Ok(other) = verify(Cursor::new(changed), &root) {
            prop_assert_eq!(other, shown);
        }
    }
}
