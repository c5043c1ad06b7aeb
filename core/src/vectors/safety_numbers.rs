//! Safety numbers of States.

use super::*;
use crate::id::StateCode;
use crate::safety_number::{SafetyNumber, first_hash, last_hash};

#[test]
fn safety_numbers() {
    let root = Key::of(1).id;
    let rows = [("KE", 0, 2), ("KE", 1, 2), ("CL", 0, 2), ("KE", 0, 3), ("KE", u64::MAX, 4)];
    let vectors: Vec<Value> = rows
        .iter()
        .map(|(code, generation, byte)| {
            let (state, key): (StateCode, [u8; 32]) = (code.parse().unwrap(), Key::of(*byte).public);
            json!({
                "root": root.to_string(),
                "state": state,
                "generation": generation.to_string(),
                "key": hex::encode(key),
                "first_hash": hex::encode(first_hash(&root, state, *generation, &key)),
                "last_hash": hex::encode(last_hash(&root, state, *generation, &key)),
                "number": SafetyNumber::of(&root, state, *generation, &key).to_string(),
            })
        })
        .collect();
    check(
        "safety-numbers",
        "docs/formats/keys.md: safety numbers of States. Generations are decimal text.",
        &Value::from(vectors),
    );
}
