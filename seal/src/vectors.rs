//! The test vectors of `docs/formats/`, in files that any implementation can read: `tests/vectors/*.json`.
//!
//! They are made here from fixed salts, nonces and randomness, and must equal the files byte for byte. After a
//! deliberate change of a format, `UPDATE_VECTORS=1 cargo test -p chancery-seal vectors` writes them anew.

use std::io::Read as _;

use chancery_core::id::{ActId, ChannelId, Digest, FileId, SectionId, TeamId};
use chancery_core::name::{KeyAlgorithm, Label, context, key_id};
use serde_json::{Value, json};

use crate::body::{self, BodyContext, open_body};
use crate::file::{FileJournal, FileLayout, FileOpener, FileSealer, HEADER_BYTES};
use crate::hazmat::{chunked, hpke};
use crate::invitation::InvitationSecret;
use crate::kem::KemKeyPair;
use crate::keystore::KeystoreLock;
use crate::previous::{self, unbox_previous};
use crate::revision::{RevisionPlace, commit_revision_key, derive_revision_key};
use crate::secret::{EpochSecret, KemSeed, RevisionKey, SigningSeed, StoreKey};
use crate::sign::SigningKey;
use crate::team_box::{self, TeamBoxContext, open_team_box};
use crate::wrap::{Purpose, WrapInfo, commit, unwrap};
use crate::{SealError, padding};

const CHANNEL: ChannelId = ChannelId::new([0x11; 16]);
const SECTION: SectionId = SectionId::new([0x22; 16]);
const ACT: ActId = ActId::new([0x33; 16]);
const PLACE: RevisionPlace = RevisionPlace { channel: CHANNEL, section: SECTION, act: ACT };

/// 0, 1, 2 ... 250, 0, 1 ...: the content of every vector that is too long to write out.
fn counting(bytes: usize) -> Vec<u8> {
    (0..251).cycle().take(bytes).collect()
}

fn sha256(bytes: &[u8]) -> String {
    Digest::of(bytes).to_string()
}

/// Compares with the file, or writes it.
fn check(name: &str, description: &str, vectors: &Value) {
    let path = format!("{}/../tests/vectors/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let made = json!({ "description": description, "vectors": vectors });
    if std::env::var_os("UPDATE_VECTORS").is_some() {
        std::fs::write(&path, serde_json::to_string_pretty(&made).unwrap() + "\n").unwrap();
    }
    let kept: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    assert_eq!(kept, made, "{path} differs from what this program makes");
}

#[test]
fn sealing() {
    let description = "docs/formats/sealing.md. Bytes are in hex. A content of `counting` n is n bytes 0, 1 ... 250, 0, \
                       1 ...; `chunked` has no padding; `refused` says which check fails.";
    check(
        "sealing",
        description,
        &json!({
            "padding": padded_lengths(),
            "chunked": chunked_messages(),
            "bodies": bodies(),
            "team_boxes": [team_box()],
            "refused": refused_bodies(),
        }),
    );
}

fn padded_lengths() -> Vec<Value> {
    [0, 1, 1_024, 1_025, 1_088, 1_089, 9_999, 65_537, 1_048_577, 5_000_000, 1 << 30, (1 << 30) + 1, 1 << 31]
        .map(|bytes| json!({ "bytes": bytes, "padded_bytes": padding::padded_bytes(bytes) }))
        .to_vec()
}

fn chunked_messages() -> Vec<Value> {
    [0, 1, 16_383, 16_384, 16_385, 32_768, 300 * 16_384 + 5]
        .map(|bytes| {
            let (key, salt) = ([0x01; 32], [0x02; 24]);
            let sealed = chunked::seal(chunked::CIPHER, &key, &salt, b"context", &counting(bytes)).unwrap();
            json!({
                "input_key": hex::encode(key),
                "salt": hex::encode(salt),
                "context": hex::encode("context"),
                "counting": bytes,
                "header": hex::encode(&sealed[..chunked::HEADER_BYTES]),
                "sealed_bytes": sealed.len(),
                "sealed_sha256": sha256(&sealed),
            })
        })
        .to_vec()
}

fn seal_body(text: &[u8]) -> (RevisionKey, BodyContext<'static>, Vec<u8>) {
    let key = RevisionKey::from_bytes([0x44; 32]);
    let context = BodyContext { place: PLACE, kind: "response" };
    let sealed = body::seal_with_salt(&key, &context, text, &[0x55; 24]).unwrap();
    (key, context, sealed)
}

fn bodies() -> Vec<Value> {
    [&b""[..], "Un État, плюс ещё один: 国".as_bytes()]
        .map(|content| {
            let (key, context, sealed) = seal_body(content);
            assert_eq!(&**open_body(&key, &context, &sealed).unwrap(), content);
            json!({
                "revision_key": hex::encode(key.as_bytes()),
                "channel": CHANNEL.to_string(),
                "section": SECTION.to_string(),
                "act": ACT.to_string(),
                "kind": context.kind,
                "salt": hex::encode([0x55; 24]),
                "content": hex::encode(content),
                "sealed": hex::encode(&sealed),
            })
        })
        .to_vec()
}

fn team_box() -> Value {
    let (secret, name) = (KemSeed::from_bytes([0x66; 32]), "Ana Díaz <ana@example.org>");
    let context = TeamBoxContext { team: TeamId::new([0x77; 16]), generation: 3, subject: &[0x88; 16] };
    let sealed = team_box::seal_with_salt(&secret, &context, name.as_bytes(), &[0x55; 24]).unwrap();
    assert_eq!(&**open_team_box(&secret, &context, &sealed).unwrap(), name.as_bytes());
    json!({
        "team_seed": hex::encode(secret.as_bytes()),
        "team": context.team.to_string(),
        "generation": context.generation,
        "subject": hex::encode(context.subject),
        "salt": hex::encode([0x55; 24]),
        "content": hex::encode(name),
        "sealed": hex::encode(sealed),
    })
}

/// Bodies that a reader has to refuse, with everything else as in `bodies`.
fn refused_bodies() -> Vec<Value> {
    let (key, context, good) = seal_body(b"");
    let seal_padded = |padded: &[u8]| {
        let context = PLACE.context(Label::Body, &[context.kind.as_bytes()]);
        chunked::seal(chunked::CIPHER, key.as_bytes(), &[0x55; 24], &context, padded).unwrap()
    };
    let with = |at: usize| {
        let mut altered = good.clone();
        altered[at] ^= 0x80;
        altered
    };
    let mut not_zero = padding::pad(b"").to_vec();
    not_zero[1_023] = 1;
    [
        ("salt altered", "commitment", with(0)),
        ("commitment altered", "commitment", with(55)),
        ("ciphertext altered", "tag", with(56)),
        ("tag altered", "tag", with(good.len() - 1)),
        ("last byte missing", "tag", good[..good.len() - 1].to_vec()),
        ("one byte more", "tag", [&good[..], &[0]].concat()),
        ("header only", "length", good[..56].to_vec()),
        ("padding is not zeros", "padding", seal_padded(&not_zero)),
        ("padded too far", "padding", seal_padded(&[0; 1_088])),
        ("content longer than the rest", "padding", seal_padded(&[0xff; 1_024])),
    ]
    .map(|(what, check, sealed)| {
        let error = open_body(&key, &context, &sealed).unwrap_err();
        let failed = match error {
            SealError::Commitment => "commitment",
            SealError::Tag => "tag",
            SealError::Length { .. } => "length",
            SealError::Padding => "padding",
            _ => "other",
        };
        assert_eq!(failed, check, "{what}");
        json!({ "what": what, "check": check, "sealed": hex::encode(sealed) })
    })
    .to_vec()
}

#[test]
fn wraps() {
    let description = "docs/formats/keys.md. Bytes are in hex. `randomness` is what the encapsulation draws, so that \
                       sealing can be repeated too. The first vectors open; `refused` must not.";
    let pair = KemKeyPair::from_seed(&KemSeed::from_bytes([0x99; 32])).unwrap();
    let wraps: Vec<Value> = [
        (Purpose::Epoch, *CHANNEL.as_bytes(), 0),
        (Purpose::Team, [0x77; 16], 3),
        (Purpose::User, [0x10; 16], u64::MAX),
        (Purpose::StateKey, [0x55; 16], 2),
        (Purpose::StateShare, [0x55; 16], 2),
    ]
    .map(|(purpose, scope, generation)| {
        let info = WrapInfo { purpose, scope: crate::wrap::Scope::new(scope), generation };
        wrap_vector(&pair, &info)
    })
    .to_vec();
    let boxed = boxed_previous();
    let other = wraps[0]["wrap"].as_str().unwrap();
    let refused = json!({
        "what": "the wrap of generation 0 under generation 1: the tag fails",
        "purpose": "epoch", "scope": CHANNEL.to_string(), "generation": 1,
        "commitment": wraps[0]["commitment"], "wrap": other,
    });
    check(
        "wraps",
        description,
        &json!({
            "recipient": {
                "seed": hex::encode([0x99; 32]),
                "public": hex::encode(pair.public()),
                "key_id": pair.key_id().to_string(),
            },
            "wraps": wraps,
            "previous_boxes": [boxed],
            "refused": [refused],
        }),
    );
}

fn wrap_vector(pair: &KemKeyPair, info: &WrapInfo) -> Value {
    let (secret, randomness) = ([0xaa; 32], [0xbb; 64]);
    let commitment = commit(info, &secret);
    let hpke_info = info.context(Label::Wrap, &[pair.key_id().as_bytes(), commitment.as_bytes()]);
    let wrap = hpke::seal(pair.public(), &hpke_info, &secret, &randomness).unwrap();
    assert_eq!(*unwrap(info, &commitment, pair, &wrap).unwrap(), secret);
    json!({
        "purpose": info.purpose.as_str(),
        "scope": hex::encode(info.scope.as_bytes()),
        "generation": info.generation,
        "secret": hex::encode(secret),
        "commitment": commitment.to_string(),
        "hpke_info": hex::encode(&*hpke_info),
        "randomness": hex::encode(randomness),
        "wrap": hex::encode(wrap),
    })
}

fn boxed_previous() -> Value {
    let newer = WrapInfo { purpose: Purpose::Epoch, scope: CHANNEL.into(), generation: 8 };
    let previous = WrapInfo { generation: 7, ..newer };
    let boxed = previous::box_with_salt(&newer, &[0xaa; 32], &[0xcc; 32], &[0x55; 24]).unwrap();
    let commitment = commit(&previous, &[0xcc; 32]);
    assert_eq!(*unbox_previous(&newer, &[0xaa; 32], &commitment, &boxed).unwrap(), [0xcc; 32]);
    json!({
        "purpose": "epoch",
        "scope": CHANNEL.to_string(),
        "newer_generation": 8,
        "newer_secret": hex::encode([0xaa; 32]),
        "previous_secret": hex::encode([0xcc; 32]),
        "previous_commitment": commitment.to_string(),
        "salt": hex::encode([0x55; 24]),
        "box": hex::encode(boxed),
    })
}

#[test]
fn derivations() {
    let description = "docs/formats/keys.md. Bytes are in hex.";
    let epoch = EpochSecret::from_bytes([0xdd; 32]);
    let revision = derive_revision_key(&epoch, &PLACE).unwrap();
    let invitation = InvitationSecret::from_bytes([0xee; 16]);
    let signing = SigningKey::from_seed(SigningSeed::from_bytes([0x12; 32])).unwrap();
    check(
        "derivations",
        description,
        &json!({
            "context": [{
                "label": Label::KeyId.as_str(),
                "parts": ["", "61", "6263"],
                "context": hex::encode(context(Label::KeyId, &[b"", b"a", b"bc"])),
            }],
            "key_ids": [
                {
                    "algorithm": KeyAlgorithm::Ed25519.as_str(),
                    "seed": hex::encode([0x12; 32]),
                    "public": hex::encode(signing.public()),
                    "key_id": signing.key_id().to_string(),
                },
                {
                    "algorithm": KeyAlgorithm::TlsSpki.as_str(),
                    "public": "30",
                    "key_id": key_id(KeyAlgorithm::TlsSpki, &[0x30]).to_string(),
                },
            ],
            "revisions": [{
                "epoch_secret": hex::encode(epoch.as_bytes()),
                "channel": CHANNEL.to_string(),
                "section": SECTION.to_string(),
                "act": ACT.to_string(),
                "revision_key": hex::encode(revision.as_bytes()),
                "commitment": commit_revision_key(&PLACE, &revision).to_string(),
            }],
            "invitations": [{
                "secret": hex::encode(invitation.as_bytes()),
                "lookup": hex::encode(invitation.lookup().unwrap()),
                "message": hex::encode("message"),
                "mac": hex::encode(invitation.mac(b"message").unwrap()),
            }],
        }),
    );
}

#[test]
fn files() {
    let description = "docs/formats/files.md. Bytes are in hex. The content is 0, 1 ... 250, 0, 1 ...; parts are given by \
                       the SHA-256 of their sealed bytes.";
    let layouts = [0, 1, 16_384, 5_242_880, 5_242_881, 1 << 30, 1 << 31].map(layout_vector);
    let sealed = [0, 100_000, 5_242_880].map(file_vector);
    check("files", description, &json!({ "layouts": layouts, "files": sealed }));
}

fn layout_vector(content_bytes: u64) -> Value {
    let layout = FileLayout::new(content_bytes).unwrap();
    let last = layout.sealed_part(layout.parts() - 1).unwrap();
    json!({
        "content_bytes": content_bytes,
        "padded_bytes": padding::padded_bytes(content_bytes),
        "sealed_bytes": layout.sealed_bytes(),
        "parts": layout.parts(),
        "last_part": { "start": last.start, "end": last.end },
    })
}

fn file_vector(content_bytes: usize) -> Value {
    let (file, key, salt) = (FileId::new([0x34; 16]), [0x56; 32], [0x78; 24]);
    let content = counting(content_bytes);
    let layout = FileLayout::new(content_bytes as u64).unwrap();
    let mut journal = b"CHANJRNL\x01".to_vec();
    journal.extend([&CHANNEL.as_bytes()[..], file.as_bytes(), &key, &salt].concat());
    journal.extend((content_bytes as u64).to_le_bytes());
    journal.resize(journal.len() + layout.parts() as usize, 0);
    let mut upload = FileSealer::resume(FileJournal::decode(&journal).unwrap()).unwrap();

    let mut whole = Vec::new();
    let mut parts = Vec::new();
    for part in 0..layout.parts() {
        let range = layout.content_part(part).unwrap();
        let range = usize::try_from(range.start).unwrap()..usize::try_from(range.end).unwrap();
        let mut sealed = Vec::new();
        let mut content = &content[range];
        let read = |piece: &mut [u8]| {
            content.read_exact(piece).unwrap();
            Ok::<_, SealError>(())
        };
        upload.seal_part(part, &mut sealed, read, |_| Ok(())).unwrap();
        parts.push(json!({ "sealed_bytes": sealed.len(), "sealed_sha256": sha256(&sealed) }));
        whole.extend(sealed);
    }
    let key = upload.journal().key();
    let header = &whole[..HEADER_BYTES];
    FileOpener::new(key, CHANNEL, file, content_bytes as u64, header).unwrap();
    json!({
        "channel": CHANNEL.to_string(),
        "file": file.to_string(),
        "key": hex::encode(key.as_bytes()),
        "salt": hex::encode(salt),
        "content_bytes": content_bytes,
        "content_sha256": sha256(&content),
        "header": hex::encode(header),
        "parts": parts,
        "parts_sha256": upload.journal().parts_sha256().unwrap().to_string(),
        "journal_when_all_parts_are_sealed": hex::encode(&*upload.journal().encode()),
    })
}

#[test]
fn store() {
    let description = "docs/formats/store.md. Bytes are in hex.";
    let (passphrase, plaintext) = ("correct horse battery staple", b"secrets");
    let lock = KeystoreLock::derive(passphrase, [0x9a; 16]).unwrap();
    let file = lock.seal_with_nonce(plaintext, &[0xbc; 24]).unwrap();
    assert_eq!(&**lock.open(&file).unwrap(), plaintext);
    let key = StoreKey::from_bytes([0xde; 32]).record_key("outbox").unwrap();
    let record = key.seal_with_nonce(b"name", 5, b"record", &[0xf0; 24]).unwrap();
    assert_eq!(&**key.open(b"name", 5, &record).unwrap(), b"record");
    check(
        "store",
        description,
        &json!({
            "key_stores": [{
                "passphrase": passphrase,
                "salt": hex::encode([0x9a; 16]),
                "nonce": hex::encode([0xbc; 24]),
                "plaintext": hex::encode(plaintext),
                "file": hex::encode(file),
            }],
            "records": [{
                "store_key": hex::encode([0xde; 32]),
                "family": "outbox",
                "name": hex::encode("name"),
                "sequence": 5,
                "nonce": hex::encode([0xf0; 24]),
                "plaintext": hex::encode("record"),
                "record": hex::encode(record),
            }],
        }),
    );
}
