//! Leaves, the tree of RFC 6962, proofs, and signed notes.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::*;
use crate::act::TreeHead;
use crate::id::{ChannelId, Digest};
use crate::log::{
    Checkpoint, CheckpointError, Cosignature, CosignatureError, CosignedCheckpoint, EntryProof, ForkError,
    ForkProof, NoteKey, SignedCheckpoint, Tree, cosignature_message, cosigner, leaf_hash, note_key_hash,
    origin, verify_consistency, verify_inclusion, verify_wrap, wrap_leaf,
};

/// The leaves with which other implementations of RFC 6962 test: 0, 1, 1, 2, 2, 4, 8 and 16 bytes.
const LEAVES: [&str; 8] =
    ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];

fn rfc_leaf(data: &str) -> Digest {
    Digest::of(&[&[0], &hex::decode(data).unwrap()[..]].concat())
}

fn node(left: Digest, right: Digest) -> Digest {
    Digest::of(&[&[1], &left.as_bytes()[..], right.as_bytes()].concat())
}

fn list(digests: &[Digest]) -> Vec<String> {
    digests.iter().map(ToString::to_string).collect()
}

/// The tree of section 2.1.3, whose nodes the section names by letters, hashed here node by node.
#[expect(clippy::many_single_char_names, reason = "the letters of the section")]
fn seven_leaves() -> Value {
    let d: Vec<Digest> = LEAVES[..7].iter().map(|data| rfc_leaf(data)).collect();
    let [a, b, c, d3, e, f, j] = *d.as_slice() else { unreachable!() };
    let (g, h, i) = (node(a, b), node(c, d3), node(e, f));
    let (k, l) = (node(g, h), node(i, j));
    let root = node(k, l);
    let tree = Tree::of(d);
    assert_eq!(tree.head(), TreeHead { size: 7, root });
    let inclusion = [(0, vec![b, h, l]), (3, vec![c, g, l]), (4, vec![f, j, k]), (6, vec![i, k])];
    let consistency = [(3, vec![c, d3, g, l]), (4, vec![l]), (6, vec![i, j, k])];
    for (index, path) in &inclusion {
        assert_eq!(tree.inclusion_proof(*index, 7).as_ref(), Some(path));
    }
    for (old, path) in &consistency {
        assert_eq!(tree.consistency_proof(*old, 7).as_ref(), Some(path));
        let old = TreeHead { size: *old, root: tree.root_at(*old).unwrap() };
        verify_consistency(&old, &tree.head(), path).unwrap();
    }
    json!({
        "leaves": &LEAVES[..7],
        "root": root.to_string(),
        "inclusion": inclusion.map(|(index, path)| json!({ "index": index, "path": list(&path) })),
        "consistency": consistency.map(|(old, path)| {
            json!({ "old_size": old, "old_root": tree.root_at(old).unwrap().to_string(), "path": list(&path) })
        }),
    })
}

/// Entries of a log, with a proof of each in the whole, and from each size to the whole.
fn entries() -> (Tree, Value) {
    let entry = |n: u64| (format!("entry {n}").into_bytes(), 1_800_000_000_000 + n * 250);
    let tree = Tree::of((0..11).map(|n| leaf_hash(&entry(n).0, entry(n).1)));
    let head = tree.head();
    let entries: Vec<Value> = (0..11)
        .map(|n| {
            let (signed, log_time_ms) = entry(n);
            let path = tree.inclusion_proof(n, 11).unwrap();
            verify_inclusion(&head, n, &signed, log_time_ms, &path).unwrap();
            json!({
                "signed": hex::encode(&signed),
                "log_time_ms": log_time_ms,
                "leaf_hash": leaf_hash(&signed, log_time_ms).to_string(),
                "inclusion": list(&path),
            })
        })
        .collect();
    let sizes: Vec<Value> = (1..=11)
        .map(|size| {
            let old = TreeHead { size, root: tree.root_at(size).unwrap() };
            let path = tree.consistency_proof(size, 11).unwrap();
            verify_consistency(&old, &head, &path).unwrap();
            json!({ "size": size, "root": old.root.to_string(), "consistency": list(&path) })
        })
        .collect();
    (tree, json!({ "entries": entries, "sizes": sizes }))
}

fn wraps() -> Value {
    let wrap = |n: u8| (KeyId::new([n; 32]), vec![n; 1_168]);
    let tree = Tree::of((1..=3).map(|n| wrap_leaf(&wrap(n).0, &wrap(n).1)));
    let paths: Vec<Value> = (1..=3_u8)
        .map(|n| {
            let path = tree.inclusion_proof(u64::from(n) - 1, 3).unwrap();
            verify_wrap(&tree.head(), u64::from(n) - 1, &wrap(n).0, &wrap(n).1, &path).unwrap();
            json!({ "key_id": wrap(n).0.to_string(), "wrap_bytes_each": n, "path": list(&path) })
        })
        .collect();
    json!({ "wraps_root": tree.head().root.to_string(), "wraps": paths })
}

fn checkpoints(tree: &Tree) -> Value {
    let (root, log) = (Key::of(0x01).id, Key::of(0x04));
    let channel = ChannelId::new([0x11; 16]);
    let origin = origin(&root, &channel);
    let sign = |checkpoint: &Checkpoint| {
        let signature = log.pair.sign(checkpoint.text().as_bytes()).as_ref().try_into().unwrap();
        checkpoint.note(&log.public, &signature)
    };
    let note = sign(&Checkpoint { origin: origin.clone(), head: tree.head() });
    let open = |note: &str| Checkpoint::open(note, &origin, &log.public);
    assert_eq!(open(&note).unwrap().head, tree.head());
    let witnessed = format!("{note}\u{2014} witness.example AAAAAAAA\n");
    assert_eq!(open(&witnessed).unwrap().head, tree.head());
    let empty = sign(&Checkpoint { origin: origin.clone(), head: Tree::default().head() });
    assert_eq!(open(&empty).unwrap().head, Tree::default().head());

    let (text, signatures) = note.rsplit_once("\n\n").unwrap();
    let refused = [
        ("another size", "signature", note.replace("\n11\n", "\n12\n")),
        ("a size with a leading zero", "form", note.replace("\n11\n", "\n011\n")),
        ("an extension line", "form", note.replace("\n\n", "\nextension\n\n")),
        ("no signature", "key", format!("{text}\n\n")),
        (
            "the signature of another key alone",
            "key",
            format!("{text}\n\n\u{2014} witness.example AAAAAAAA\n"),
        ),
        ("another log", "log", note.replace(&channel.to_string(), &ChannelId::new([0x12; 16]).to_string())),
        ("no empty line", "form", format!("{text}\n{signatures}")),
    ]
    .map(|(what, check, note)| {
        let failed = match open(&note).unwrap_err() {
            CheckpointError::Malformed => "form",
            CheckpointError::OtherLog => "log",
            CheckpointError::NotSigned => "key",
            CheckpointError::BadSignature => "signature",
        };
        assert_eq!(failed, check, "{what}");
        json!({ "what": what, "check": check, "note": note })
    });
    let proof = EntryProof {
        log_time_ms: 1_800_000_000_000 + 3 * 250,
        index: 3,
        path: tree.inclusion_proof(3, 11).unwrap(),
        checkpoint: note.clone(),
    };
    proof.verify(b"entry 3", &origin, &log.public).unwrap();
    json!({
        "root_fingerprint": root.to_string(),
        "channel": channel.to_string(),
        "log_key": log.json(),
        "key_hash": hex::encode(note_key_hash(&origin, NoteKey::Log, &log.public)),
        "notes": [
            { "size": 11, "root": tree.head().root.to_string(), "note": note },
            { "size": 11, "root": tree.head().root.to_string(), "note": witnessed },
            { "size": 0, "root": Tree::default().head().root.to_string(), "note": empty },
        ],
        "entry_proof": { "signed": hex::encode("entry 3"), "text": proof.encode() },
        "refused": refused,
    })
}

/// A log of a channel under one key, as the server signs it.
struct Signer {
    root: KeyId,
    log: Key,
    channel: ChannelId,
}

impl Signer {
    fn checkpoint(&self, head: TreeHead) -> SignedCheckpoint {
        let checkpoint = Checkpoint { origin: origin(&self.root, &self.channel), head };
        let signature = self.log.pair.sign(checkpoint.text().as_bytes()).as_ref().try_into().unwrap();
        let note = checkpoint.note(&self.log.public, &signature);
        SignedCheckpoint::open(&note, &checkpoint.origin, &self.log.public).unwrap()
    }
}

fn cosignatures(tree: &Tree) -> Value {
    let server = Signer { root: Key::of(0x01).id, log: Key::of(0x04), channel: ChannelId::new([0x11; 16]) };
    let (root, device, key) = (server.root, DeviceId::new([0x21; 16]), Key::of(0x05));
    let time_s = 1_800_000_123;
    let signed = server.checkpoint(tree.head());
    let message = cosignature_message(time_s, &signed.checkpoint);
    let signature = key.pair.sign(&message).as_ref().try_into().unwrap();
    let cosignature = Cosignature::new(&root, device, &key.public, time_s, signature);
    let note = CosignedCheckpoint { signed, cosignature }.note(&root);
    let check = |note: &str| {
        let cosigned = CosignedCheckpoint::open(note, &root, &server.channel, &server.log.public)?;
        cosigned.verify(&root, &key.public)
    };
    check(&note).unwrap();

    let (rest, line) = note.trim_end().rsplit_once('\n').unwrap();
    let (name, encoded) = line.rsplit_once(' ').unwrap();
    let bytes = STANDARD.decode(encoded).unwrap();
    let plain = note_key_hash(&cosigner(&root, &device), NoteKey::Log, &key.public);
    let with = |bytes: &[u8]| format!("{rest}\n{name} {}\n", STANDARD.encode(bytes));
    let refused = [
        ("no line of a device", "form", format!("{rest}\n")),
        ("the line twice", "form", format!("{note}{line}\n")),
        ("a third line", "form", format!("{note}\u{2014} witness.example AAAAAAAA\n")),
        ("a line that is cut off", "form", with(&bytes[..bytes.len() - 1])),
        ("a line that is too long", "form", with(&[&bytes[..], &[0]].concat())),
        ("a time above 2^63 - 1", "form", with(&[&bytes[..4], &[0x80], &bytes[5..]].concat())),
        ("the key hash of type 0x01", "key", with(&[&plain[..], &bytes[4..]].concat())),
        ("another time", "signature", with(&[&bytes[..11], &[0], &bytes[12..]].concat())),
        ("another size", "checkpoint", note.replace("\n11\n", "\n12\n")),
        ("another log", "checkpoint", note.replacen(&server.channel.to_string(), &"12".repeat(16), 1)),
    ]
    .map(|(what, expect, note)| {
        let failed = match check(&note).unwrap_err() {
            CosignatureError::Malformed => "form",
            CosignatureError::Checkpoint(_) => "checkpoint",
            CosignatureError::OtherKey => "key",
            CosignatureError::BadSignature => "signature",
        };
        assert_eq!(failed, expect, "{what}");
        json!({ "what": what, "check": expect, "note": note })
    });
    json!({
        "root_fingerprint": root.to_string(),
        "channel": server.channel.to_string(),
        "log_key": server.log.json(),
        "device": device.to_string(),
        "device_key": key.json(),
        "time": time_s,
        "message": String::from_utf8(message).unwrap(),
        "note": note,
        "refused": refused,
    })
}

/// Two branches of one log that part at entry 3, under the log key that a founding certifies.
fn forks() -> Value {
    let (root, log) = (Key::of(0x01), Key::of(0x04));
    let founding = super::acts::founding(&root, &log);
    let signer = Signer { root: root.id, log, channel: ChannelId::new([0x11; 16]) };
    let branch = |size: u64, which: u64| {
        Tree::of((0..size).map(|n| leaf_hash(b"entry", if n < 3 { n } else { 100 * which + n })))
    };
    let proof = |own: u64, other: u64| {
        let (own, other) = (branch(own, 0), branch(other, 1));
        let (first, second) = (signer.checkpoint(other.head()), signer.checkpoint(own.head()));
        ForkProof::make(founding.clone(), &own, &second, &first)
    };
    let proven = [(5, 5), (13, 6), (13, 12)].map(|(own, other)| {
        let proof = proof(own, other).unwrap();
        proof.verify(&root.id).unwrap();
        json!({ "sizes": [other, own], "text": proof.encode() })
    });
    assert_eq!(proof(13, 3), None);
    let good = proof(13, 6).unwrap();
    check_file("fork.proof", &good.encode());
    let beginning = TreeHead { size: 6, root: branch(13, 0).root_at(6).unwrap() };
    let agree = ForkProof { first: signer.checkpoint(beginning).note(), ..good.clone() };
    let no_path = ForkProof { path: Vec::new(), ..good.clone() };
    let refused = [("a beginning", "agree", agree), ("no consistency proof", "beginning", no_path)].map(
        |(what, expect, proof)| {
            let failed = match proof.verify(&root.id).unwrap_err() {
                ForkError::Consistent => "agree",
                ForkError::OtherBeginning => "beginning",
                other => panic!("{what}: {other}"),
            };
            assert_eq!(failed, expect, "{what}");
            json!({ "what": what, "check": expect, "text": proof.encode() })
        },
    );
    json!({ "root_fingerprint": root.id.to_string(), "proven": proven, "refused": refused })
}

/// The example of the specification of signed notes, and the text of the one of checkpoints: made by others.
fn examples_of_others() -> Value {
    let verifier = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    let note = "If you think cryptography is the answer to your problem,\n\
                then you don't know what your problem is.\n\n\
                \u{2014} PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";
    let typed_key = STANDARD.decode(verifier.rsplit_once('+').unwrap().1).unwrap();
    let (_, public) = typed_key.split_first_chunk::<1>().unwrap();
    let public: [u8; 32] = public.try_into().unwrap();
    assert_eq!(hex::encode(note_key_hash("PeterNeumann", NoteKey::Log, &public)), "c74f20a3");
    let (text, line) = note.split_once("\n\n").unwrap();
    let line = STANDARD.decode(line.trim_end().rsplit_once(' ').unwrap().1).unwrap();
    ring::signature::UnparsedPublicKey::new(&ring::signature::ED25519, &public)
        .verify(format!("{text}\n").as_bytes(), &line[4..])
        .unwrap();

    let checkpoint = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
    let root =
        Digest::try_from(&STANDARD.decode("CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=").unwrap()[..]);
    let head = TreeHead { size: 20_852_163, root: root.unwrap() };
    let made = Checkpoint { origin: "example.com/behind-the-sofa".to_owned(), head };
    assert_eq!(made.text(), checkpoint);
    json!({
        "signed_note": { "verifier_key": verifier, "note": note },
        "checkpoint_text": checkpoint,
        "cosignature": cosignatures_of_others(),
    })
}

/// A verifier key of type 0x04 and the times of two cosignature lines, as others publish them.
fn cosignatures_of_others() -> Value {
    let verifier = "remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2";
    let typed_key = STANDARD.decode(verifier.rsplit_once('+').unwrap().1).unwrap();
    assert_eq!(typed_key[0], NoteKey::Cosigner as u8);
    let public: [u8; 32] = typed_key[1..].try_into().unwrap();
    assert_eq!(hex::encode(note_key_hash("remora.n621.de", NoteKey::Cosigner, &public)), "da77ade7");
    let lines = [
        (
            1_679_315_147,
            "jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==",
        ),
        (
            1_727_964_367,
            "ZGhGuQAAAABm/qTPeyKXD+R2rzyQsxPiP8mXum7qq/iF0u4vanlqJyocWODBt97w9uL+8qT7S5gxEHWWOworDcFiEBYJXORmnFBOBA==",
        ),
    ];
    let lines = lines.map(|(time, line)| {
        let bytes = STANDARD.decode(line).unwrap();
        assert_eq!(bytes.len(), 4 + 8 + 64);
        assert_eq!(u64::from_be_bytes(bytes[4..12].try_into().unwrap()), time);
        json!({ "time": time, "line": line })
    });
    json!({ "verifier_key": verifier, "lines": lines })
}

/// Roots that other implementations of RFC 6962 publish for these leaves.
fn known_roots() -> Value {
    let roots = [
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];
    let tree = Tree::of(LEAVES.iter().map(|data| rfc_leaf(data)));
    for (size, root) in (0..).zip(roots) {
        assert_eq!(tree.root_at(size).unwrap().to_string(), root, "size {size}");
    }
    json!({ "leaves": LEAVES, "root_at_size": roots })
}

#[test]
fn logs() {
    let description = "docs/formats/log.md. Bytes are in hex, notes are text. `rfc6962_tree` and `known_roots` hash \
                       their leaves as RFC 6962 does, SHA-256(0x00 || leaf), without a log time. `wrap_bytes_each`: \
                       1,168 times that byte. `refused` says which check fails.";
    let (tree, log) = entries();
    check(
        "log",
        description,
        &json!({
            "log": log,
            "rfc6962_tree": seven_leaves(),
            "known_roots": known_roots(),
            "wraps": wraps(),
            "checkpoints": checkpoints(&tree),
            "cosignatures": cosignatures(&tree),
            "forks": forks(),
            "examples_of_others": examples_of_others(),
        }),
    );
}
