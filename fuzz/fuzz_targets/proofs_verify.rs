//! Proofs of any bytes: no panic, and none that shows another leaf in a tree of one.
#![no_main]

use chancery_core::act::TreeHead;
use chancery_core::id::{Digest, KeyId};
use chancery_core::log::{Tree, leaf_hash, verify_consistency, verify_inclusion, verify_wrap};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u64, u64, u64, [u8; 32], Vec<[u8; 32]>)| {
    let (index, old_size, new_size, root, path) = input;
    let path: Vec<Digest> = path.into_iter().map(Digest::new).collect();
    let old = TreeHead { size: old_size, root: Digest::new(root) };
    let new = TreeHead { size: new_size, root: Tree::of([leaf_hash(b"entry", 1)]).head().root };
    let _ = verify_consistency(&old, &new, &path);
    let _ = verify_wrap(&old, index, &KeyId::new(root), &root, &path);
    assert!(verify_inclusion(&new, index, b"another", 1, &path).is_err());
});
