//! The vectors of Project Wycheproof that touch what we use, each through the code that we run.

use std::io::Read as _;

use ml_kem::kem::{Decapsulate as _, KeyExport as _};
use ml_kem::{MlKem768, ml_kem_768};
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
use ring::{digest, hkdf as ring_hkdf, signature};
use wycheproof::TestResult;

use super::chunked::{self, Cipher};
use crate::SealError;

#[test]
fn chacha20_poly1305_of_ring() {
    let set = wycheproof::aead::TestSet::load(wycheproof::aead::TestName::ChaCha20Poly1305).unwrap();
    for group in set.test_groups {
        for test in group.tests {
            let key = UnboundKey::new(&CHACHA20_POLY1305, &test.key).map(LessSafeKey::new);
            let nonce = || Nonce::try_assume_unique_for_key(&test.nonce);
            let mut sealed = [&test.ct[..], &test.tag[..]].concat();
            let opened = key.and_then(|key| {
                let opened = key.open_in_place(nonce()?, Aad::from(&test.aad[..]), &mut sealed)?.to_vec();
                let mut again = opened.clone();
                key.seal_in_place_append_tag(nonce()?, Aad::from(&test.aad[..]), &mut again)?;
                assert_eq!(again, [&test.ct[..], &test.tag[..]].concat(), "{}", test.tc_id);
                Ok(opened)
            });
            let valid = test.result == TestResult::Valid;
            assert_eq!(opened.ok(), valid.then(|| test.pt.to_vec()), "{}", test.tc_id);
        }
    }
}

#[test]
fn xchacha20_poly1305() {
    let set = wycheproof::aead::TestSet::load(wycheproof::aead::TestName::XChaCha20Poly1305).unwrap();
    for group in set.test_groups {
        for test in group.tests {
            let sealed = [&test.nonce[..], &test.ct[..], &test.tag[..]].concat();
            let key = <[u8; 32]>::try_from(&test.key[..]).unwrap();
            let opened = (test.nonce.len() == super::xchacha::NONCE_BYTES)
                .then(|| super::xchacha::open(&key, &test.aad, &sealed).ok())
                .flatten();
            let valid = test.result == TestResult::Valid;
            assert_eq!(opened.as_deref(), valid.then(|| test.pt.to_vec()).as_ref(), "{}", test.tc_id);
        }
    }
}

#[test]
fn ed25519_of_ring() {
    let set = wycheproof::eddsa::TestSet::load(wycheproof::eddsa::TestName::Ed25519).unwrap();
    for group in set.test_groups {
        let key = signature::UnparsedPublicKey::new(&signature::ED25519, &group.key.pk[..]);
        for test in group.tests {
            let valid = test.result == TestResult::Valid;
            assert_eq!(key.verify(&test.msg, &test.sig).is_ok(), valid, "{}", test.tc_id);
        }
    }
}

#[test]
fn hkdf_of_ring() {
    use wycheproof::hkdf::{TestName, TestSet};
    for (name, algorithm) in
        [(TestName::HkdfSha256, ring_hkdf::HKDF_SHA256), (TestName::HkdfSha512, ring_hkdf::HKDF_SHA512)]
    {
        for test in TestSet::load(name).unwrap().test_groups.into_iter().flat_map(|group| group.tests) {
            let prk = ring_hkdf::Salt::new(algorithm, &test.salt).extract(&test.ikm);
            let mut okm = vec![0; test.size];
            let info = [&test.info[..]];
            let filled = prk.expand(&info, Length(test.size)).and_then(|out| out.fill(&mut okm));
            let valid = test.result == TestResult::Valid;
            assert_eq!(filled.is_ok(), valid, "{}", test.tc_id);
            assert!(!valid || okm == test.okm[..], "{}", test.tc_id);
            if valid && algorithm == ring_hkdf::HKDF_SHA256 && test.salt.is_empty() && test.size >= 32 {
                assert_eq!(super::hkdf::derive(&test.ikm, &test.info).unwrap()[..], test.okm[..32]);
            }
        }
    }
}

struct Length(usize);

impl ring_hkdf::KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

/// The published vectors of `chunked-encryption@v1` with a 256-bit key use AES-256-GCM: everything but the
/// AEAD itself is the code that we run.
#[test]
fn chunked_encryption() {
    use wycheproof::chunked_encryption::{TestName, TestSet};
    const AES_256_GCM: Cipher = Cipher { algorithm: &ring::aead::AES_256_GCM, name: b"AEAD_AES_256_GCM" };
    let mut valid_seen = 0;
    for group in TestSet::load(TestName::Cobblestone256).unwrap().test_groups {
        for test in group.tests {
            let mut sealed = Vec::new();
            flate2::read::ZlibDecoder::new(&test.ct[..]).read_to_end(&mut sealed).unwrap();
            let opened = <[u8; 32]>::try_from(&test.key[..])
                .map_err(|_| SealError::Bug("no key of 32 bytes"))
                .and_then(|key| Ok((key, chunked::open(AES_256_GCM, &key, &test.ctx, &sealed)?)));
            let valid = test.result == TestResult::Valid;
            assert_eq!(opened.is_ok(), valid, "{}: {}", test.tc_id, test.comment);
            let Ok((key, plaintext)) = opened else { continue };
            valid_seen += 1;
            let hash = digest::digest(&digest::SHA512, &plaintext);
            assert_eq!(Some(hash.as_ref()), test.msg_sha512.as_ref().map(|hash| &hash[..]), "{}", test.tc_id);
            assert_eq!(Some(plaintext.len()), test.msg_length, "{}", test.tc_id);
            let salt = sealed.first_chunk().unwrap();
            let again = chunked::seal(AES_256_GCM, &key, salt, &test.ctx, &plaintext).unwrap();
            assert!(again == sealed, "{}: sealed anew, the bytes differ", test.tc_id);
        }
    }
    assert!(valid_seen > 5);
}

/// ML-KEM-768 is the post-quantum half of X-Wing.
#[test]
fn ml_kem_768() {
    use wycheproof::mlkem::{TestName, TestSet};
    for name in [TestName::MlKem768, TestName::MlKem768Encaps, TestName::MlKem768KeyGenSeed] {
        for test in TestSet::load(name).unwrap().test_groups.into_iter().flat_map(|group| group.tests) {
            let valid = test.result == TestResult::Valid;
            let outcome = match (&test.seed, &test.msg) {
                (Some(seed), _) => decapsulates(seed, &test),
                (None, Some(randomness)) => encapsulates(randomness, &test),
                (None, None) => unreachable!("a vector without input"),
            };
            assert_eq!(outcome, Some(()).filter(|()| valid), "{}", test.tc_id);
        }
    }
}

fn decapsulates(seed: &[u8], test: &wycheproof::mlkem::Test) -> Option<()> {
    let key = ml_kem_768::DecapsulationKey::from_seed(seed.try_into().ok()?);
    let public = key.encapsulation_key().to_bytes();
    let public_matches = test.encaps_key.as_ref().is_none_or(|expected| public[..] == expected[..]);
    let Some(ciphertext) = &test.ct else { return public_matches.then_some(()) };
    let ciphertext = ml_kem::kem::Ciphertext::<MlKem768>::try_from(&ciphertext[..]).ok()?;
    let shared = key.decapsulate(&ciphertext);
    (public_matches && shared[..] == test.shared_secret.as_ref()?[..]).then_some(())
}

fn encapsulates(randomness: &[u8], test: &wycheproof::mlkem::Test) -> Option<()> {
    let public = test.encaps_key.as_ref()?[..].try_into().ok()?;
    let key = ml_kem_768::EncapsulationKey::new(public).ok()?;
    let (ciphertext, shared) = key.encapsulate_deterministic(randomness.try_into().ok()?);
    (ciphertext[..] == test.ct.as_ref()?[..] && shared[..] == test.shared_secret.as_ref()?[..]).then_some(())
}
