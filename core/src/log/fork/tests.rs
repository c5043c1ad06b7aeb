use ring::signature::{Ed25519KeyPair, KeyPair};

use super::*;
use crate::act::{Act, Author, FoundDirectory, Header, assemble_act};
use crate::id::ActId;
use crate::log::{Checkpoint, leaf_hash, origin};
use crate::name::{Namespace, directory_channel, signature_input};

const CHANNEL: ChannelId = ChannelId::new([2; 16]);

struct Pair(Ed25519KeyPair, [u8; 32], KeyId);

fn pair(seed: u8) -> Pair {
    let pair = Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap();
    let public: [u8; 32] = pair.public_key().as_ref().try_into().unwrap();
    Pair(pair, public, key_id(KeyAlgorithm::Ed25519, &public))
}

/// A deployment: a root that has certified a log key.
struct Deployment {
    root: Pair,
    log: Pair,
    founding: Bytes,
}

fn deployment(root_seed: u8, log_seed: u8) -> Deployment {
    let (root, log) = (pair(root_seed), pair(log_seed));
    let header = Header {
        channel: directory_channel(&root.2),
        act_id: ActId::new([4; 16]),
        author: Author::Root,
        clock_ms: 1,
        seen: Tree::default().head(),
        epoch: 0,
        basis: None,
    };
    let statement = Statement::FoundDirectory(FoundDirectory {
        root_key: root.1,
        mechanism: Digest::of(b"mechanism"),
        log_key: log.1,
        server_tls_key: KeyId::new([5; 32]),
        custodian_tls_key: KeyId::new([6; 32]),
        second: None,
    });
    let namespace = Namespace::Act(statement.kind());
    let payload = Act { header, statement }.encode();
    let signature = root.0.sign(&signature_input(namespace, &root.2, &root.2, &payload));
    let signature = signature.as_ref().try_into().unwrap();
    let founding = assemble_act(payload, signature, root.2).unwrap().bytes().clone();
    Deployment { root, log, founding }
}

impl Deployment {
    fn checkpoint(&self, channel: ChannelId, head: TreeHead) -> SignedCheckpoint {
        let checkpoint = Checkpoint { origin: origin(&self.root.2, &channel), head };
        let signature = self.log.0.sign(checkpoint.text().as_bytes());
        let note = checkpoint.note(&self.log.1, &signature.as_ref().try_into().unwrap());
        SignedCheckpoint::open(&note, &checkpoint.origin, &self.log.1).unwrap()
    }

    fn proof(&self, own: u64, other: u64) -> Option<ForkProof> {
        let (tree, fork) = (branch(own, 0), branch(other, 1));
        let own = self.checkpoint(CHANNEL, tree.head());
        ForkProof::make(self.founding.clone(), &tree, &own, &self.checkpoint(CHANNEL, fork.head()))
    }
}

/// A log whose branches part at entry 3.
fn branch(size: u64, which: u64) -> Tree {
    Tree::of((0..size).map(|n| leaf_hash(b"entry", if n < 3 { n } else { 100 * which + n })))
}

#[test]
fn two_histories_are_proven_at_every_pair_of_sizes() {
    let deployment = deployment(1, 2);
    for own in 1..20 {
        for other in 0..=own {
            let Some(proof) = deployment.proof(own, other) else {
                assert!(other <= 3, "{own} and {other} part at 3");
                continue;
            };
            assert!(other > 3, "{own} and {other} are one history up to 3");
            let read = ForkProof::decode(proof.encode().as_bytes()).unwrap();
            assert_eq!(read, proof);
            let proven = read.verify(&deployment.root.2).unwrap();
            assert_eq!((proven.first.size, proven.second.size, proven.channel), (other, own, CHANNEL));
            assert_ne!(proven.begins, proven.first.root);
        }
    }
    assert_eq!(deployment.proof(5, 6), None, "the larger log's tree is needed");
}

#[test]
fn an_empty_log_that_is_not_empty_is_a_second_history() {
    let deployment = deployment(1, 2);
    let tree = branch(5, 0);
    let other = TreeHead { size: 0, root: Digest::of(b"not nothing") };
    let own = deployment.checkpoint(CHANNEL, tree.head());
    let other = deployment.checkpoint(CHANNEL, other);
    let proof = ForkProof::make(deployment.founding.clone(), &tree, &own, &other).unwrap();
    assert_eq!(proof.verify(&deployment.root.2).unwrap().first.size, 0);
}

#[test]
fn no_altered_byte_passes() {
    let deployment = deployment(1, 2);
    for (own, other) in [(7, 7), (13, 6)] {
        let text = deployment.proof(own, other).unwrap().encode().into_bytes();
        for at in 0..text.len() {
            for bit in 0..8 {
                let mut altered = text.clone();
                altered[at] ^= 1 << bit;
                let verified = ForkProof::decode(&altered).and_then(|proof| proof.verify(&deployment.root.2));
                assert!(verified.is_err(), "byte {at}, bit {bit}");
            }
            let shorter = ForkProof::decode(&text[..at]).and_then(|proof| proof.verify(&deployment.root.2));
            assert!(shorter.is_err(), "the first {at} bytes");
        }
    }
}

#[test]
fn what_proves_nothing_is_told_apart() {
    let (here, elsewhere) = (deployment(1, 2), deployment(8, 2));
    let (tree, fork) = (branch(13, 0), branch(6, 1));
    let good = here.proof(13, 6).unwrap();
    let note = |of: &Deployment, head| of.checkpoint(CHANNEL, head).note();
    let root_at = |size| tree.root_at(size).unwrap();
    let prefix = TreeHead { size: 6, root: root_at(6) };
    let other_channel = here.checkpoint(ChannelId::new([9; 16]), fork.head()).note();
    let witnessed = good.second.clone() + "\u{2014} witness.example AAAA\n";
    let same = TreeHead { size: 13, root: root_at(13) };
    let mut longer = good.path.clone();
    longer.push(Digest::of(b"one more"));
    let founded_by = |of: &Deployment| ForkProof { founding: of.founding.clone(), ..good.clone() };
    let cases = [
        (
            "the first is a beginning",
            ForkProof { first: note(&here, prefix), ..good.clone() },
            ForkError::Consistent,
        ),
        (
            "twice the same",
            ForkProof { first: good.second.clone(), begins: same.root, path: Vec::new(), ..good.clone() },
            ForkError::Consistent,
        ),
        ("of two channels", ForkProof { first: other_channel, ..good.clone() }, ForkError::TwoLogs),
        (
            "the larger one first",
            ForkProof { first: good.second.clone(), second: good.first.clone(), ..good.clone() },
            ForkError::WrongOrder,
        ),
        (
            "another beginning",
            ForkProof { begins: Digest::of(b"made up"), ..good.clone() },
            ForkError::OtherBeginning,
        ),
        ("no path", ForkProof { path: Vec::new(), ..good.clone() }, ForkError::OtherBeginning),
        ("a longer path", ForkProof { path: longer, ..good.clone() }, ForkError::OtherBeginning),
        (
            "a checkpoint of another deployment",
            ForkProof { first: note(&elsewhere, fork.head()), ..good.clone() },
            ForkError::OtherRoot,
        ),
        ("a founding by another root", founded_by(&elsewhere), ForkError::OtherRoot),
        (
            "a founding of another log key",
            founded_by(&deployment(1, 3)),
            ForkError::Checkpoint(CheckpointError::NotSigned),
        ),
        (
            "a line of another signer",
            ForkProof { second: witnessed, ..good.clone() },
            ForkError::Checkpoint(CheckpointError::Malformed),
        ),
    ];
    for (what, proof, expect) in cases {
        assert_eq!(proof.verify(&here.root.2), Err(expect), "{what}");
    }
    assert_eq!(good.verify(&elsewhere.root.2), Err(ForkError::OtherRoot));
    assert!(good.verify(&here.root.2).is_ok());
}

#[test]
fn every_second_form_is_refused() {
    let text = deployment(1, 2).proof(13, 6).unwrap().encode();
    let malformed = [
        text.replacen("founding ", "founding  ", 1),
        text.replacen("\nbegins", "\nbegin", 1),
        text.replacen("\n\n", "\n", 1),
        text.replacen('\n', "\r\n", 1).replacen("fork-proof\r", "fork-proof", 1) + "\n",
        format!("{text}\n"),
        text.trim_end().to_owned(),
        text.clone() + &"x".repeat(FORK_PROOF_BYTES_MAX),
        text.replacen("\n\n", &format!("{}\n\n", "\nAAAA".repeat(3)), 1),
        text.replacen("\n\n", &format!("{}\n\n", format!("\n{}", STANDARD.encode([0; 32])).repeat(64)), 1),
    ];
    for other in malformed {
        let root = deployment(1, 2).root.2;
        let error = ForkProof::decode(other.as_bytes()).and_then(|proof| proof.verify(&root)).unwrap_err();
        let malformed = [ForkError::Malformed, ForkError::Checkpoint(CheckpointError::Malformed)];
        assert!(malformed.contains(&error), "{error}: {other}");
    }
    for other in [String::new(), text.replacen("v1", "v2", 1), "PK".to_owned()] {
        assert_eq!(ForkProof::decode(other.as_bytes()), Err(ForkError::OtherVersion), "{other}");
    }
    assert_eq!(ForkProof::decode(b"\xff"), Err(ForkError::Malformed));
}
