//! A wrap of any bytes: no panic, and nothing but what was wrapped for this recipient opens.
#![no_main]

use std::sync::LazyLock;

use chancery_seal::kem::KemKeyPair;
use chancery_seal::secret::KemSeed;
use chancery_seal::wrap::{Purpose, Scope, WRAP_BYTES, WrapInfo, commit, unwrap, wrap};
use libfuzzer_sys::fuzz_target;

const INFO: WrapInfo = WrapInfo { purpose: Purpose::Epoch, scope: Scope::new([1; 16]), generation: 2 };

static RECIPIENT: LazyLock<KemKeyPair> =
    LazyLock::new(|| KemKeyPair::from_seed(&KemSeed::from_bytes([3; 32])).expect("any seed"));

fuzz_target!(|input: (u16, u8, &[u8])| {
    let (at, mask, bytes) = input;
    let commitment = commit(&INFO, &[4; 32]);
    assert!(unwrap(&INFO, &commitment, &RECIPIENT, bytes).is_err());
    // A key of any bytes is refused or wrapped to, without a panic.
    let _ = wrap(&INFO, &[4; 32], bytes);

    let mut wrapped = wrap(&INFO, &[4; 32], RECIPIENT.public()).expect("a valid key");
    wrapped[usize::from(at) % WRAP_BYTES] ^= mask;
    assert_eq!(unwrap(&INFO, &commitment, &RECIPIENT, &wrapped).is_ok(), mask == 0);
});
