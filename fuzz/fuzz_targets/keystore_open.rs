//! A key store file of any bytes. The lock is derived once: deriving it is slow on purpose.
#![no_main]

use std::sync::LazyLock;

use chancery_seal::keystore::KeystoreLock;
use libfuzzer_sys::fuzz_target;

static LOCK: LazyLock<KeystoreLock> = LazyLock::new(|| KeystoreLock::make("passphrase").expect("randomness"));

fuzz_target!(|input: (u8, u8, &[u8])| {
    let (at, mask, bytes) = input;
    assert!(LOCK.open(bytes).is_err());
    let mut file = LOCK.seal(bytes).expect("short enough");
    let at = usize::from(at) % file.len();
    file[at] ^= mask;
    assert_eq!(LOCK.open(&file).is_ok(), mask == 0);
});
