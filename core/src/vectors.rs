//! The test vectors of `docs/formats/{acts,channels,log}.md`, and of the safety numbers of `keys.md`, in files
//! that any implementation can read: `tests/vectors/*.json`.
//!
//! They are made here from fixed seeds, and must equal the files byte for byte. After a deliberate change of a
//! format, `UPDATE_VECTORS=1 cargo test -p chancery-core vectors` writes them anew.

mod acts;
mod channels;
mod log;
mod safety_numbers;

use bytes::Bytes;
use ring::signature::{Ed25519KeyPair, KeyPair};
use serde_json::{Value, json};

use crate::act::{
    Act, Author, PersonKeys, SignedAct, SignedStatement, StateStatement, assemble_act, assemble_statement,
};
use crate::id::{DeviceId, KeyId, UserId};
use crate::name::{KeyAlgorithm, Namespace, key_id, signature_input};

/// Compares with the file, or writes it.
fn check(name: &str, description: &str, vectors: &Value) {
    let path = format!("{}/../tests/vectors/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let made = json!({ "description": description, "vectors": vectors });
    if std::env::var_os("UPDATE_VECTORS").is_some() {
        std::fs::write(&path, serde_json::to_string_pretty(&made).unwrap() + "\n").unwrap();
    }
    let kept: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    assert!(kept == made, "{path} differs from what this program makes");
}

/// As [`check`], of a file that stands for itself.
fn check_file(name: &str, made: &str) {
    let path = format!("{}/../tests/vectors/{name}", env!("CARGO_MANIFEST_DIR"));
    if std::env::var_os("UPDATE_VECTORS").is_some() {
        std::fs::write(&path, made).unwrap();
    }
    assert!(std::fs::read_to_string(&path).unwrap() == made, "{path} differs from what this program makes");
}

/// An Ed25519 key whose seed is one byte, 32 times.
struct Key {
    seed: [u8; 32],
    pair: Ed25519KeyPair,
    public: [u8; 32],
    id: KeyId,
}

impl Key {
    fn of(byte: u8) -> Self {
        let seed = [byte; 32];
        let pair = Ed25519KeyPair::from_seed_unchecked(&seed).unwrap();
        let public = pair.public_key().as_ref().try_into().unwrap();
        Self { seed, pair, public, id: key_id(KeyAlgorithm::Ed25519, &public) }
    }

    fn sign(&self, namespace: Namespace, root: &KeyId, payload: &[u8]) -> [u8; 64] {
        let input = signature_input(namespace, &self.id, root, payload);
        self.pair.sign(&input).as_ref().try_into().unwrap()
    }

    fn act(&self, root: &KeyId, act: &Act) -> SignedAct {
        let payload = act.encode();
        let signature = self.sign(Namespace::Act(act.statement.kind()), root, &payload);
        assemble_act(payload, signature, self.id).unwrap()
    }

    fn statement(&self, root: &KeyId, statement: &StateStatement) -> SignedStatement {
        let payload = statement.encode();
        let signature = self.sign(statement.namespace(), root, &payload);
        assemble_statement(payload, signature, self.id).unwrap()
    }

    fn json(&self) -> Value {
        json!({
            "seed": hex::encode(self.seed),
            "public": hex::encode(self.public),
            "key_id": self.id.to_string(),
        })
    }
}

/// A person with ids and keys of one byte. The X-Wing keys are bytes of the right length and nothing else: no
/// rule of acts or channels looks into them.
struct Somebody {
    byte: u8,
    key: Key,
}

impl Somebody {
    fn of(byte: u8) -> Self {
        Self { byte, key: Key::of(byte) }
    }

    fn user(&self) -> UserId {
        UserId::new([self.byte; 16])
    }

    fn author(&self) -> Author {
        Author::Person { user: self.user(), device: DeviceId::new([self.byte; 16]) }
    }

    fn keys(&self) -> PersonKeys {
        PersonKeys {
            user: self.user(),
            user_kem: kem(self.byte),
            device: DeviceId::new([self.byte; 16]),
            device_sign: self.key.public,
            device_kem: kem(self.byte | 0x80),
            device_tls_key: KeyId::new([self.byte; 32]),
        }
    }

    fn possession(&self, root: &KeyId) -> [u8; 64] {
        self.key.sign(Namespace::Possession, root, &self.keys().encode())
    }
}

fn kem(byte: u8) -> Bytes {
    Bytes::from(vec![byte; 1_216])
}
