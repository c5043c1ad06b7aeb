//! Envelopes, payloads, bodies, and what strict parsing refuses.

mod directory;

use std::collections::BTreeSet;

use super::*;
use crate::act::{
    ActError, AddMember, AmendReview, Attachment, Audience, Basis, Binding, Clearance, Complain, Disclose,
    Fault, Grant, Header, InlineWrap, Kind, Membership, NewEpoch, OpenChannel, OpenReview, Opening,
    PersonCard, Post, PostBody, PostRef, Recipients, Rendition, Reviewer, Role, SealedBody, ServerRequest,
    ShareEpoch, Statement, ThreadStep, TreeHead, Withdraw, Withdrawal,
};
use crate::directory_statement;
use crate::id::{ActId, ChannelId, Digest, FileId, InstrumentCode, SectionId, TeamId};
use crate::limits::WRAP_BYTES;
use crate::log::Tree;
use crate::mechanism::{ItemKind, Language};
use crate::name::directory_channel;

const CHANNEL: ChannelId = ChannelId::new([0x11; 16]);
const SECTION: SectionId = SectionId::new([0x22; 16]);
const ACT: ActId = ActId::new([0x33; 16]);
const FILE: FileId = FileId::new([0x34; 16]);

/// The keys of this file: the root, the device of one person, one State.
struct Keys {
    root: Key,
    person: Somebody,
    state: Key,
}

fn keys() -> Keys {
    Keys { root: Key::of(0x01), person: Somebody::of(0x02), state: Key::of(0x03) }
}

fn instrument(code: &str) -> InstrumentCode {
    code.parse().unwrap()
}

fn head(size: u64) -> TreeHead {
    TreeHead { size, root: Digest::of(&size.to_be_bytes()) }
}

fn sealed() -> SealedBody {
    SealedBody { length: 1_096, sha256: Digest::of(b"sealed"), key_commitment: Digest::of(b"key") }
}

fn recipients() -> Recipients {
    let key_ids = vec![KeyId::new([0x40; 32]), KeyId::new([0x41; 32])];
    Recipients { key_ids, wraps_root: Digest::of(b"wraps") }
}

fn post_ref() -> PostRef {
    let state = "CL".parse().unwrap();
    PostRef {
        state,
        channel: CHANNEL,
        section: SECTION,
        act_id: ACT,
        kind: ItemKind::Response,
        body: sealed(),
    }
}

fn grant(audience: Audience) -> StateStatement {
    let rendition = (audience == Audience::Public).then(|| Digest::of(&Rendition::of(&body()).encode()));
    StateStatement::Grant(Grant { post: post_ref(), audience, rendition })
}

fn withdrawal() -> StateStatement {
    let PostRef { state, channel, section, act_id, .. } = post_ref();
    let audience = Audience::Public;
    StateStatement::Withdrawal(Withdrawal { state, channel, section, act_id, audience })
}

fn membership(keys: &Keys) -> StateStatement {
    StateStatement::Membership(Membership {
        state: "CL".parse().unwrap(),
        role: Role::Expert,
        instruments: vec![instrument("firearms"), instrument("untoc")],
        keys: Digest::of(&keys.person.keys().encode()),
        expires_ms: None,
    })
}

fn body() -> PostBody {
    PostBody {
        language: Language::Es,
        title: "Artículo 5".to_owned(),
        text: "Sí.\n\nVéase la ley adjunta.".to_owned(),
        binding: Some(Binding {
            instrument: instrument("firearms"),
            article: "5".to_owned(),
            question: "firearms-5-1".to_owned(),
            about: Some((SectionId::new([0x23; 16]), ActId::new([0x35; 16]))),
        }),
        step: Some(ThreadStep::Reply),
        attachments: vec![Attachment {
            file: FILE,
            key: [0x56; 32],
            sealed_length: 1_096,
            parts_sha256: Digest::of(b"sealed file"),
            length: 300,
            sha256: Digest::of(b"file"),
            name: "ley.pdf".to_owned(),
            media_type: "application/pdf".to_owned(),
        }],
        reason: "Una investigación está en curso.".to_owned(),
    }
}

fn channel_statements(keys: &Keys) -> Vec<Statement> {
    let signed = |statement| keys.state.statement(&keys.root.id, &statement);
    vec![
        Statement::OpenReview(OpenReview {
            state: "CL".parse().unwrap(),
            instruments: vec![instrument("firearms"), instrument("untoc")],
            reviewers: vec![
                Reviewer { state: "KE".parse().unwrap(), instruments: vec![instrument("firearms")] },
                Reviewer { state: "PT".parse().unwrap(), instruments: vec![instrument("untoc")] },
            ],
            secretariat_team: TeamId::new([0x77; 16]),
            languages: vec![Language::En, Language::Es],
        }),
        Statement::OpenChannel(OpenChannel {
            channel: ChannelId::new([0x12; 16]),
            opening: Opening::Strand(instrument("firearms")),
        }),
        Statement::AmendReview(AmendReview {
            reviewers: vec![Reviewer {
                state: "PT".parse().unwrap(),
                instruments: vec![instrument("firearms")],
            }],
        }),
        Statement::NewEpoch(NewEpoch {
            number: 1,
            commitment: Digest::of(b"epoch"),
            previous_box: Some(Digest::of(b"box")),
            recipients: recipients(),
            secretariat: Some(InlineWrap {
                key_id: KeyId::new([0x42; 32]),
                wrap: Bytes::from(vec![0x43; WRAP_BYTES]),
            }),
        }),
        Statement::AddMember(AddMember {
            user: keys.person.user(),
            recipients: recipients(),
            body: sealed(),
        }),
        Statement::RemoveMember(keys.person.user()),
        Statement::ShareEpoch(ShareEpoch { user: keys.person.user(), recipients: recipients() }),
        Statement::Post(Post {
            section: SECTION,
            previous: Some(ActId::new([0x36; 16])),
            kind: ItemKind::Response,
            files: vec![FILE, FileId::new([0x35; 16])],
            body: sealed(),
            clearance: Some(signed(StateStatement::Clearance(Clearance { post: post_ref() }))),
        }),
        Statement::Disclose(Disclose {
            section: SECTION,
            audience: Audience::Public,
            grants: vec![signed(grant(Audience::Public))],
        }),
        Statement::Withdraw(Withdraw {
            section: SECTION,
            audience: Audience::Public,
            withdrawals: vec![signed(withdrawal())],
        }),
        Statement::Complain(Complain { act_id: ACT, fault: Fault::File(FILE) }),
    ]
}

/// The root's certificate of a log key, as entry 0 of a directory.
pub(super) fn founding(root: &Key, log: &Key) -> Bytes {
    let header = Header {
        channel: directory_channel(&root.id),
        act_id: ACT,
        author: Author::Root,
        clock_ms: 1_800_000_000_000,
        seen: Tree::default().head(),
        epoch: 0,
        basis: None,
    };
    let statement = Statement::FoundDirectory(crate::act::FoundDirectory {
        root_key: root.public,
        mechanism: Digest::of(b"mechanism"),
        log_key: log.public,
        server_tls_key: KeyId::new([0x51; 32]),
        custodian_tls_key: KeyId::new([0x52; 32]),
        second: None,
    });
    root.act(&root.id, &Act { header, statement }).bytes().clone()
}

/// An act of the root in the directory, of the person elsewhere.
fn act(keys: &Keys, statement: Statement) -> Act {
    let by_root = directory::is_by_root(statement.kind());
    let in_directory = matches!(statement, directory_statement!());
    let header = Header {
        channel: CHANNEL,
        act_id: ACT,
        author: if by_root { Author::Root } else { keys.person.author() },
        clock_ms: 1_800_000_000_000,
        seen: head(if in_directory { 0 } else { 300 }),
        epoch: u64::from(!in_directory),
        basis: (!in_directory).then(|| Basis { directory: head(20), review: Some(head(3)) }),
    };
    Act { header, statement }
}

fn act_vector(keys: &Keys, statement: Statement) -> Value {
    let kind = statement.kind();
    let act = act(keys, statement);
    let signer = if act.header.author == Author::Root { &keys.root } else { &keys.person.key };
    let payload = act.encode();
    let envelope = signer.act(&keys.root.id, &act);
    assert_eq!(SignedAct::decode(envelope.bytes().clone()).unwrap().content(), &act);
    envelope.verify(&signer.public, &keys.root.id).unwrap();
    let namespace = Namespace::Act(kind);
    json!({
        "kind": kind.as_str(),
        "namespace": namespace.as_str(),
        "signer": signer.id.to_string(),
        "payload": hex::encode(&payload),
        "signature_input_sha256":
            Digest::of(&signature_input(namespace, &signer.id, &keys.root.id, &payload)).to_string(),
        "envelope": hex::encode(envelope.bytes()),
    })
}

fn statement_vector(keys: &Keys, statement: &StateStatement) -> Value {
    let signed = keys.state.statement(&keys.root.id, statement);
    assert_eq!(SignedStatement::decode(signed.bytes().clone()).unwrap().content(), statement);
    signed.verify(&keys.state.public, &keys.root.id).unwrap();
    json!({
        "namespace": statement.namespace().as_str(),
        "signer": keys.state.id.to_string(),
        "payload": hex::encode(statement.encode()),
        "envelope": hex::encode(signed.bytes()),
    })
}

fn bodies() -> Value {
    let (body, card) = (
        body(),
        PersonCard {
            name: "Ana Díaz".to_owned(),
            post: "Fiscal".to_owned(),
            contact: "ana@example.org".to_owned(),
        },
    );
    assert_eq!(PostBody::decode(&body.encode()).unwrap(), body);
    assert_eq!(PersonCard::decode(&card.encode()).unwrap(), card);
    let rendition = Rendition::of(&body).encode();
    json!({
        "post_body": hex::encode(body.encode()),
        "rendition_of_post_body": hex::encode(&rendition),
        "rendition_sha256": Digest::of(&rendition).to_string(),
        "person_card": hex::encode(card.encode()),
    })
}

fn server_request(keys: &Keys) -> Value {
    let log = Key::of(0x04);
    let request = ServerRequest {
        root: keys.root.id,
        log_key: log.public,
        server_tls_key: KeyId::new([0x51; 32]),
        mechanism: Digest::of(b"mechanism"),
        address: "chancery.example:7443".to_owned(),
    };
    let signature = log.pair.sign(&request.signing_input()).as_ref().try_into().unwrap();
    let line = request.line(&signature);
    assert_eq!(ServerRequest::read(&line), Ok(request));
    json!({ "log_key": log.json(), "line": line })
}

/// The envelope around any payload, by hand: what no writer here would make.
fn envelope(payload: &[u8], signature: &[u8; 64], signer: &KeyId, suite: u8) -> Vec<u8> {
    let mut out = vec![0x0a];
    let mut length = payload.len();
    while length > 0x7f {
        out.push(u8::try_from(length & 0x7f).unwrap() | 0x80);
        length >>= 7;
    }
    out.push(u8::try_from(length).unwrap());
    out.extend(payload);
    out.extend([0x12, 64]);
    out.extend(signature);
    out.extend([0x1a, 32]);
    out.extend(signer.as_bytes());
    out.extend([0x20, suite]);
    out
}

/// Acts that a reader has to refuse, each for one reason alone: where a payload is altered, it is signed again.
fn refused(keys: &Keys) -> Vec<Value> {
    let root = &keys.root.id;
    let key = &keys.person.key;
    let good = act(keys, Statement::Complain(Complain { act_id: ACT, fault: Fault::Body })).encode();
    let namespace = Namespace::Act(Kind::Complain);
    let signed = |payload: &[u8]| envelope(payload, &key.sign(namespace, root, payload), &key.id, 1);
    let with = |more: &[u8]| signed(&[&good, more].concat());
    // The header is the first field, and the schema the first of its fields.
    let header_end = 2 + 1 + usize::from(good[1] & 0x7f) + (usize::from(good[2]) << 7);
    let mut schema = good.clone();
    schema[4] = 2;
    let post = |section, files: Vec<FileId>| {
        let (kind, body) = (ItemKind::Clarification, sealed());
        let post = Post { section, previous: None, kind, files, body, clearance: None };
        let payload = act(keys, Statement::Post(post)).encode();
        let signature = key.sign(Namespace::Act(Kind::Post), root, &payload);
        envelope(&payload, &signature, &key.id, 1)
    };
    let no_grant = Disclose { section: SECTION, audience: Audience::Public, grants: Vec::new() };
    let no_grant = act(keys, Statement::Disclose(no_grant)).encode();
    let sign_good = |key: &Key, namespace, root: &KeyId| key.sign(namespace, root, &good);
    let good_signature = sign_good(key, namespace, root);
    let mut altered = good_signature;
    altered[0] ^= 1;
    let whole = signed(&good);
    let cases: Vec<(&str, &str, Vec<u8>)> = vec![
        ("the envelope ends early", "decode", whole[..whole.len() - 3].to_vec()),
        ("suite 2", "suite", envelope(&good, &good_signature, &key.id, 2)),
        ("an unknown field in the envelope", "encoding", [&whole[..], &[0x30, 0x01]].concat()),
        ("a second signature on a person's act", "field second_signature", {
            [&whole[..], &[0x2a, 64], &good_signature].concat()
        }),
        ("the suite before the rest", "encoding", [&[0x20, 0x01], &whole[..whole.len() - 2]].concat()),
        ("schema 2", "schema", signed(&schema)),
        ("no statement", "kind", signed(&good[..header_end])),
        ("statement 99", "kind", signed(&[&good[..header_end], &[0x9a, 0x06, 0x00]].concat())),
        ("an unknown field in the payload", "encoding", with(&[0xf8, 0x07, 0x01])),
        ("a second header that changes nothing", "encoding", with(&[0x0a, 0x02, 0x40, 0x00])),
        ("files in descending order", "field files", post(SECTION, vec![FileId::new([0x35; 16]), FILE])),
        ("a file twice", "field files", post(SECTION, vec![FILE, FILE])),
        ("a post in section zero", "field section", post(SectionId::new([0; 16]), Vec::new())),
        ("a disclosure of nothing", "field grants", {
            let signature = key.sign(Namespace::Act(Kind::Disclose), root, &no_grant);
            envelope(&no_grant, &signature, &key.id, 1)
        }),
        ("an altered signature", "signature", envelope(&good, &altered, &key.id, 1)),
        ("signed for another deployment", "signature", {
            envelope(&good, &sign_good(key, namespace, &keys.state.id), &key.id, 1)
        }),
        ("signed as another kind", "signature", {
            envelope(&good, &sign_good(key, Namespace::Act(Kind::Post), root), &key.id, 1)
        }),
        ("signed by another key", "signature", {
            envelope(&good, &sign_good(&keys.root, namespace, root), &keys.root.id, 1)
        }),
    ];
    let vector = |(what, check, envelope): (&str, &str, Vec<u8>)| {
        let failed = SignedAct::decode(envelope.clone()).and_then(|act| act.verify(&key.public, root));
        assert_eq!(failed_check(failed.unwrap_err()), check, "{what}");
        json!({ "what": what, "check": check, "envelope": hex::encode(envelope) })
    };
    cases.into_iter().map(vector).collect()
}

fn failed_check(error: ActError) -> String {
    match error {
        ActError::Undecodable => "decode".to_owned(),
        ActError::UnknownSuite(_) => "suite".to_owned(),
        ActError::NotCanonical => "encoding".to_owned(),
        ActError::UnknownSchema(_) => "schema".to_owned(),
        ActError::UnknownKind => "kind".to_owned(),
        ActError::Field(name) => format!("field {name}"),
        ActError::WrongSigner | ActError::BadSignature => "signature".to_owned(),
        ActError::TooLarge => "size".to_owned(),
    }
}

#[test]
fn acts() {
    let keys = keys();
    let description = "docs/formats/acts.md. Bytes are in hex. There is one act of every kind, with arbitrary \
                       content; X-Wing keys and wraps are bytes of the right length only. All are signed in the \
                       deployment of `root`. `refused` are to be checked under the key of `person` and say which \
                       check fails.";
    let statements: Vec<Statement> =
        directory::statements(&keys).into_iter().chain(channel_statements(&keys)).collect();
    let kinds: BTreeSet<Kind> = statements.iter().map(Statement::kind).collect();
    assert!(kinds.into_iter().eq(Kind::ALL.iter().copied()), "one act of every kind");
    let state_statements = [
        grant(Audience::AllParties),
        grant(Audience::Public),
        withdrawal(),
        StateStatement::Clearance(Clearance { post: post_ref() }),
        membership(&keys),
        directory::succession(),
        directory::objection(),
    ];
    check(
        "acts",
        description,
        &json!({
            "root": keys.root.json(),
            "person": keys.person.key.json(),
            "state": keys.state.json(),
            "person_keys": {
                "encoded": hex::encode(keys.person.keys().encode()),
                "possession": hex::encode(keys.person.possession(&keys.root.id)),
            },
            "device_keys": directory::device_vector(&keys),
            "acts": statements.into_iter().map(|s| act_vector(&keys, s)).collect::<Vec<_>>(),
            "statements": state_statements.map(|s| statement_vector(&keys, &s)),
            "bodies": bodies(),
            "server_request": server_request(&keys),
            "signed_twice": directory::signed_twice(&keys),
            "refused": refused(&keys),
        }),
    );
}
