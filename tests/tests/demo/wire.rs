//! What the server itself refuses, past the client's own rules, and that it changes nothing then.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use chancery_client::compose::{NewRevision, Signer, post};
use chancery_client::entry::Outgoing;
use chancery_client::link::{LinkError, RawRpc};
use chancery_client::sync::Session;
use chancery_core::act::{OpenChannel, Opening, PostBody, SignedAct, Statement};
use chancery_core::id::{ActId, ChannelId};
use chancery_core::limits::{ACTS_PER_APPEND_MAX, BODY_BYTES_MAX, PAYLOAD_BYTES_MAX};
use chancery_core::mechanism::ItemKind;
use chancery_tests::played::{Played, Said};
use chancery_tests::{body, instrument, random, state};
use serde_json::json;

const KENYA_ASKS: (&str, ItemKind) = ("KE", ItemKind::Clarification);

/// A session of a role, with everything read.
async fn session(played: &Played, role: &str) -> Session {
    let mut session = Session::open(played.open(role)).await.unwrap();
    session.sync_all().await.unwrap();
    session
}

/// A genuine post of this content in the strand, signed and sealed, that was decided by nobody.
fn signed(
    session: &Session,
    (of, kind): (&str, ItemKind),
    channel: ChannelId,
    act: ActId,
    content: &PostBody,
) -> Outgoing {
    let standpoint = session.standpoint(channel).unwrap();
    let secret = session.keyring(channel).unwrap().secret(standpoint.epoch).unwrap();
    let person = session.person().unwrap();
    let signer = Signer { key: &person.identity.sign, root: session.root() };
    let revision = NewRevision {
        state: state(of),
        section: random(),
        previous: None,
        kind,
        body: content,
        clears: None,
    };
    let composed = post(signer, &standpoint, act, secret, &revision).unwrap();
    outgoing(composed.act.bytes().clone(), composed.body)
}

fn outgoing(act: Bytes, body: Option<Bytes>) -> Outgoing {
    Outgoing { act, body, wraps: Vec::new(), previous_box: None, releases: Vec::new() }
}

fn append_request(channel: ChannelId, entry: &Outgoing) -> String {
    let base64 = |bytes: &[u8]| STANDARD.encode(bytes);
    let body = entry.body.as_deref().unwrap_or_default();
    let entry = json!({ "signedAct": base64(&entry.act), "body": base64(body) });
    json!({ "channel": base64(channel.as_bytes()), "entries": [entry] }).to_string()
}

#[tokio::test]
async fn para_33_secretariat_reads_but_cannot_post() {
    let mut played = Played::copy();
    played.serve(&["secretariat"]);
    let mut requests = Vec::new();
    {
        let session = session(&played, "secretariat").await;
        for (name, kind) in [
            ("strand", ItemKind::Clarification),
            ("strand", ItemKind::Response),
            ("strand_firearms", ItemKind::Feedback),
            ("coordination", ItemKind::Coordination),
        ] {
            let channel: ChannelId = played.id(name).parse().unwrap();
            let posts = session.keys(channel).unwrap().open_posts(session.channel(channel).unwrap());
            assert!(posts.iter().all(|post| post.body.is_ok()), "{name}: it reads all of it");
            let entry =
                signed(&session, ("CL", kind), channel, random(), &body("A remark of the secretariat"));
            requests.push((name, append_request(channel, &entry)));
        }
    }
    let before = sizes(&played, "secretariat").await;
    for (name, request) in requests {
        let said = played.run("secretariat", &["raw", "Append", "--data", &request]);
        assert_eq!(said.refusal(), (3, "SECRETARIAT_READS_ONLY"), "{name}: {}", said.stderr);
        assert_eq!(said.error["paragraph"], 33, "{name}");
    }
    assert_eq!(sizes(&played, "secretariat").await, before, "nothing was changed");
}

#[tokio::test]
async fn para_37_forbidden_and_absent_look_the_same() {
    let mut played = Played::copy();
    played.serve(&["portugal", "chile", "secretariat", "japan"]);
    let absent = "00112233445566778899aabbccddeeff";
    for (role, names) in [
        ("portugal", &["strand_firearms"][..]),
        ("chile", &["coordination"]),
        ("secretariat", &["delegation"]),
        ("japan", &["strand", "review", "coordination"]),
    ] {
        let session = Session::open(played.open(role)).await.unwrap();
        for rpc in ["ListEntries", "GetCheckpoint", "GetInclusionProof", "GetConsistencyProof"] {
            let nothing = ask(&session, rpc, absent).await;
            assert!(nothing.contains("NOT_FOUND"), "{rpc}: {nothing}");
            for name in names {
                assert_eq!(ask(&session, rpc, played.id(name)).await, nothing, "{role}, {name}, {rpc}");
            }
        }
    }
}

/// All that the server says of a refusal.
async fn ask(session: &Session, rpc: &str, channel: &str) -> String {
    let rpc = RawRpc::new(rpc, &about(channel)).unwrap();
    let refused = session.link.raw(rpc, |answer| panic!("answered: {answer}")).await;
    format!("{:?}", refused.unwrap_err())
}

#[test]
fn a_removed_expert_is_refused_even_old_posts() {
    let mut played = Played::copy();
    played.serve(&["kenya-expert"]);
    let thread = played.id("thread").to_owned();
    let refused = |said: &Said| assert_eq!(said.refusal(), (3, "NOT_ENROLLED"), "{}", said.stderr);
    refused(&played.run("kenya-expert", &["thread", &thread]));
    for rpc in ["ListEntries", "GetCheckpoint"] {
        refused(&played.run("kenya-expert", &["raw", rpc, "--data", &about(played.id("strand"))]));
    }
    refused(&played.run("kenya-expert", &["raw", "ListChannels", "--data", "{}"]));
}

fn about(channel: &str) -> String {
    json!({ "channel": STANDARD.encode(hex::decode(channel).unwrap()) }).to_string()
}

#[tokio::test]
async fn input_beyond_the_limits_is_refused_by_name_and_changes_nothing() {
    let mut played = Played::copy();
    played.serve(&["kenya"]);
    let session = session(&played, "kenya").await;
    let channel: ChannelId = played.id("strand").parse().unwrap();
    let good = || signed(&session, KENYA_ASKS, channel, random(), &body("A question"));
    let act = |change: &dyn Fn(&mut Vec<u8>)| {
        let entry = good();
        let mut bytes = entry.act.to_vec();
        change(&mut bytes);
        vec![outgoing(bytes.into(), entry.body)]
    };
    let with_body = |content: Vec<u8>| vec![outgoing(good().act, Some(content.into()))];
    let opening = OpenChannel { channel: random(), opening: Opening::Strand(instrument("firearms")) };
    let opening = session.sign(channel, Statement::OpenChannel(opening)).unwrap();
    let not_utf8 = replace(opening.bytes(), b"firearms", b"fire\xffrms");

    let size = session.link.list_entries(channel, 0).await.unwrap().entries.len();
    for (what, entries, reason) in [
        ("no act", Vec::new(), "MALFORMED"),
        ("an empty act", vec![outgoing(Bytes::new(), None)], "UNKNOWN_SUITE"),
        ("too many acts", (0..=ACTS_PER_APPEND_MAX).map(|_| good()).collect(), "TOO_LARGE"),
        ("a large act", act(&|bytes| bytes.resize(PAYLOAD_BYTES_MAX + 512, 0)), "TOO_LARGE"),
        ("a large body", with_body(vec![0; BODY_BYTES_MAX + 1]), "TOO_LARGE"),
        ("no body", vec![outgoing(good().act, None)], "BESIDE_MISMATCH"),
        ("another body", with_body(vec![0; 1024]), "BESIDE_MISMATCH"),
        ("text that is not UTF-8", vec![outgoing(not_utf8.into(), None)], "MALFORMED"),
        ("an unknown field", act(&|bytes| bytes.extend([0x30, 1])), "NOT_CANONICAL"),
        ("another suite", act(&|bytes| *bytes.last_mut().unwrap() = 2), "UNKNOWN_SUITE"),
        ("an unknown kind", act(&|bytes| unknown_kind(bytes)), "UNKNOWN_KIND"),
        ("a cut act", act(&|bytes| bytes.truncate(bytes.len() / 2)), "MALFORMED"),
        ("an altered act", act(&|bytes| alter(bytes)), "BAD_SIGNATURE"),
    ] {
        assert_eq!(refusal(session.link.append(channel, &entries).await), reason, "{what}");
        let now = session.link.list_entries(channel, 0).await.unwrap().entries.len();
        assert_eq!(now, size, "{what}: nothing was changed");
    }
}

#[tokio::test]
async fn an_act_id_is_taken_once_and_the_same_bytes_get_the_first_receipt() {
    let mut played = Played::copy();
    played.serve(&["kenya"]);
    let session = session(&played, "kenya").await;
    let channel: ChannelId = played.id("strand").parse().unwrap();
    let id: ActId = random();
    let first = signed(&session, KENYA_ASKS, channel, id, &body("A question"));
    let receipt = session.link.append(channel, std::slice::from_ref(&first)).await.unwrap();
    let again = session.link.append(channel, &[first]).await.unwrap();
    assert_eq!((receipt[0].index, receipt[0].log_time_ms), (again[0].index, again[0].log_time_ms));
    let size = session.link.list_entries(channel, 0).await.unwrap().entries.len();

    let other = signed(&session, KENYA_ASKS, channel, id, &body("Another question"));
    assert_eq!(refusal(session.link.append(channel, &[other]).await), "ACT_ID_TAKEN");
    let entries = session.link.list_entries(channel, 0).await.unwrap().entries;
    assert_eq!(entries.len(), size, "nothing was changed");
    let there = entries
        .iter()
        .filter(|entry| SignedAct::decode(entry.signed.clone()).unwrap().content().header.act_id == id);
    assert_eq!(there.count(), 1);
}

fn refusal<T>(answer: Result<T, LinkError>) -> String {
    match answer {
        Err(LinkError::Refused { reason, .. }) => reason,
        Err(other) => panic!("not a typed refusal: {other}"),
        Ok(_) => "accepted".to_owned(),
    }
}

/// Turns the field of the post into one that no release knows: 50 into 60, both of two bytes.
fn unknown_kind(bytes: &mut [u8]) {
    // The post begins with its section, of 16 bytes, after a length of one byte or two.
    let is_post =
        |at: &[u8]| at.starts_with(&[0x92, 0x03]) && (at[3..5] == [0x0a, 16] || at[4..6] == [0x0a, 16]);
    let at = bytes.windows(6).position(is_post).unwrap();
    bytes[at..at + 2].copy_from_slice(&[0x9a, 0x06]);
}

/// Another byte in the signature, which stands before the signer's id and the suite.
fn alter(bytes: &mut [u8]) {
    let at = bytes.len() - 2 - 34 - 1;
    bytes[at] ^= 1;
}

fn replace(bytes: &[u8], old: &[u8], new: &[u8]) -> Vec<u8> {
    assert_eq!(old.len(), new.len());
    let at = bytes.windows(old.len()).rposition(|window| window == old).unwrap();
    let mut changed = bytes.to_vec();
    changed[at..at + new.len()].copy_from_slice(new);
    changed
}

/// Entries of each channel that the role reads.
async fn sizes(played: &Played, role: &str) -> Vec<(ChannelId, u64)> {
    let session = Session::open(played.open(role)).await.unwrap();
    let listed = session.link.list_channels().await.unwrap();
    listed.into_iter().map(|channel| (channel.id, channel.size)).collect()
}
