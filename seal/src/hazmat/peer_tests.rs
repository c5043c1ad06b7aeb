//! What ring and the HPKE library give, compared with the same constructions written out from their
//! specifications over other code, and with the known answers of X-Wing.

use chacha20poly1305::aead::{Aead as _, Payload};
use chacha20poly1305::{AeadInOut, ChaCha20Poly1305, KeyInit as _, Nonce, XChaCha20Poly1305, XNonce};
use proptest::prelude::*;
use ring::hmac;
use serde::Deserialize;
use x_wing::{Decapsulate as _, KeyExport as _, XWingKem};

use super::chunked::{self, CHUNK_BYTES, CIPHER, ChunkNumber, HEADER_BYTES, Message, SEALED_CHUNK_BYTES};
use super::{hpke, xchacha};
use crate::SealError;

fn hmac_of(algorithm: hmac::Algorithm, key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(algorithm, key), &parts.concat()).as_ref().to_vec()
}

/// RFC 5869, section 2.3.
fn hkdf_expand(algorithm: hmac::Algorithm, prk: &[u8], info: &[u8], length: usize) -> Vec<u8> {
    let (mut okm, mut block) = (Vec::new(), Vec::new());
    for counter in 1_u8.. {
        block = hmac_of(algorithm, prk, &[&block, info, &[counter]]);
        okm.extend_from_slice(&block);
        if okm.len() >= length {
            break;
        }
    }
    okm.truncate(length);
    okm
}

/// C2SP chunked-encryption, from its text, over the pure-Rust cipher.
fn chunked_by_the_book(input_key: &[u8; 32], salt: &[u8; 24], context: &[u8], plaintext: &[u8]) -> Vec<u8> {
    let info = [b"c2sp.org/chunked-encryption@v1+AEAD_CHACHA20_POLY1305\0", &salt[..], context].concat();
    let okm = hkdf_expand(hmac::HMAC_SHA512, input_key, &info, 76);
    let cipher = ChaCha20Poly1305::new_from_slice(&okm[..32]).unwrap();
    let base_nonce = okm[32..44].iter().fold(0_u128, |number, byte| number << 8 | u128::from(*byte));
    let mut out = [salt, &okm[44..]].concat();
    let mut rest = plaintext;
    for number in 0_u128.. {
        let (chunk, tail) = rest.split_at(rest.len().min(CHUNK_BYTES));
        let nonce = <[u8; 12]>::try_from(&(base_nonce ^ number).to_be_bytes()[4..]).unwrap();
        let mut sealed = chunk.to_vec();
        cipher.encrypt_in_place(&Nonce::from(nonce), b"", &mut sealed).unwrap();
        out.extend_from_slice(&sealed);
        if chunk.len() < CHUNK_BYTES {
            return out;
        }
        rest = tail;
    }
    unreachable!()
}

#[test]
fn chunked_encryption_equals_the_specification_over_another_cipher() {
    let plaintext: Vec<u8> = (0..251).cycle().take(600 * CHUNK_BYTES).collect();
    for bytes in [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES, 600 * CHUNK_BYTES] {
        let (key, salt, context) = ([7; 32], [9; 24], b"context");
        let ours = chunked::seal(CIPHER, &key, &salt, context, &plaintext[..bytes]).unwrap();
        assert!(ours == chunked_by_the_book(&key, &salt, context, &plaintext[..bytes]), "{bytes}");
        assert_eq!(ours.len() as u64, chunked::sealed_bytes(bytes as u64));
        assert!(*chunked::open(CIPHER, &key, context, &ours).unwrap() == plaintext[..bytes], "{bytes}");
    }
}

#[test]
fn records_are_sealed_as_another_implementation_seals_them() {
    let plaintext: Vec<u8> = (0..251).cycle().take(1_000_000).collect();
    for bytes in [0, 1, 63, 64, 65, 1_000_000] {
        let (key, nonce, aad) = ([7; 32], std::array::from_fn(|n| u8::try_from(n).unwrap()), b"name");
        let mut ours = Vec::new();
        xchacha::seal(&key, &nonce, aad, &plaintext[..bytes], &mut ours).unwrap();
        let peer = XChaCha20Poly1305::new(&key.into());
        let sealed = peer.encrypt(&XNonce::from(nonce), Payload { msg: &plaintext[..bytes], aad }).unwrap();
        assert!(ours == [&nonce[..], &sealed].concat(), "{bytes}");
        assert!(*xchacha::open(&key, aad, &ours).unwrap() == plaintext[..bytes], "{bytes}");
    }
}

#[test]
fn chunks_that_were_moved_cut_or_added_are_refused() {
    let (key, salt) = ([1; 32], [2; 24]);
    let plaintext = vec![3; 2 * CHUNK_BYTES + 100];
    let good = chunked::seal(CIPHER, &key, &salt, b"", &plaintext).unwrap();
    let chunk = |number: usize| {
        let start = HEADER_BYTES + number * SEALED_CHUNK_BYTES;
        &good[start..good.len().min(start + SEALED_CHUNK_BYTES)]
    };
    let header = &good[..HEADER_BYTES];
    let cut = SealError::Length { what: "the sealed message", expected: 72, found: 0 };
    for (what, sealed, expected) in [
        ("swapped", [header, chunk(1), chunk(0), chunk(2)].concat(), SealError::Tag),
        ("repeated", [header, chunk(0), chunk(0), chunk(2)].concat(), SealError::Tag),
        ("one left out", [header, chunk(0), chunk(2)].concat(), SealError::Tag),
        ("last left out", [header, chunk(0), chunk(1)].concat(), cut),
        ("last cut", good[..good.len() - 1].to_vec(), SealError::Tag),
        ("last cut under a tag", good[..HEADER_BYTES + 2 * SEALED_CHUNK_BYTES + 15].to_vec(), cut),
        ("byte added", [&good[..], &[0]].concat(), SealError::Tag),
        ("chunk added", [&good[..], chunk(2)].concat(), SealError::Tag),
        ("header only", header.to_vec(), cut),
        ("header cut", good[..HEADER_BYTES - 1].to_vec(), cut),
        ("empty", vec![], cut),
    ] {
        let expected = match expected {
            SealError::Length { what, expected, .. } => {
                SealError::Length { what, expected, found: sealed.len() as u64 }
            }
            other => other,
        };
        assert_eq!(chunked::open(CIPHER, &key, b"", &sealed).unwrap_err(), expected, "{what}");
    }
    assert_eq!(chunked::open(CIPHER, &key, b"x", &good).unwrap_err(), SealError::Commitment);
    assert_eq!(chunked::open(CIPHER, &[0; 32], b"", &good).unwrap_err(), SealError::Commitment);
}

/// Without the commitment a second key could be found that opens the same bytes to another text.
#[test]
fn the_commitment_is_checked_before_any_tag() {
    let (key, salt) = ([1; 32], [2; 24]);
    let mut sealed = chunked::seal(CIPHER, &key, &salt, b"", b"text").unwrap();
    sealed[30] ^= 1;
    assert_eq!(chunked::open(CIPHER, &key, b"", &sealed).unwrap_err(), SealError::Commitment);
}

#[test]
fn chunk_numbers_neither_wrap_nor_pass_the_bound() {
    let last = ChunkNumber::new((1 << 38) - 1).unwrap();
    assert_eq!(last.next(), Err(SealError::PastTheEnd { what: "chunk", index: 1 << 38 }));
    assert!(ChunkNumber::new(u64::MAX).is_err());
}

#[test]
fn a_chunk_that_does_not_open_leaves_nothing() {
    let message = Message::derive(CIPHER, &[0; 32], &[0; 24], b"").unwrap();
    let mut out = b"before".to_vec();
    assert!(message.open_chunk_into(ChunkNumber::ZERO, &[0; 100], &mut out).is_err());
    assert_eq!(out, b"before");
}

proptest! {
    #[test]
    fn chunked_round_trip(
        key: [u8; 32],
        salt: [u8; 24],
        context in prop::collection::vec(any::<u8>(), 0..100),
        plaintext in prop::collection::vec(any::<u8>(), 0..40_000),
        flip: prop::sample::Index,
    ) {
        let mut sealed = chunked::seal(CIPHER, &key, &salt, &context, &plaintext).unwrap();
        prop_assert_eq!(&**chunked::open(CIPHER, &key, &context, &sealed).unwrap(), &plaintext[..]);
        let at = flip.index(sealed.len());
        sealed[at] ^= 0x10;
        prop_assert!(chunked::open(CIPHER, &key, &context, &sealed).is_err());
    }
}

#[derive(Deserialize)]
struct XWingVectors {
    vectors: Vec<XWingVector>,
}

#[derive(Deserialize)]
struct XWingVector {
    seed: String,
    eseed: String,
    ss: String,
    pk: String,
    ct: String,
}

fn bytes<const N: usize>(text: &str) -> [u8; N] {
    hex::decode(text).unwrap().try_into().unwrap()
}

fn xwing_vectors() -> Vec<XWingVector> {
    let text = include_str!("../../../tests/vectors/xwing.json");
    serde_json::from_str::<XWingVectors>(text).unwrap().vectors
}

#[test]
fn x_wing_known_answers() {
    for vector in xwing_vectors() {
        let key = <XWingKem as x_wing::kem::Kem>::DecapsulationKey::from(bytes::<32>(&vector.seed));
        assert_eq!(hex::encode(x_wing::Decapsulator::encapsulation_key(&key).to_bytes()), vector.pk);
        let ct = x_wing::Ciphertext::try_from(&hex::decode(&vector.ct).unwrap()[..]).unwrap();
        assert_eq!(hex::encode(key.decapsulate(&ct)), vector.ss);

        let ours = hpke::PrivateKey::from_seed(&bytes(&vector.seed)).unwrap();
        assert_eq!(hex::encode(&ours.public()[..]), vector.pk);
        let sealed = hpke::seal(&ours.public()[..], b"", b"", &bytes(&vector.eseed)).unwrap();
        assert_eq!(hex::encode(&sealed[..hpke::ENC_BYTES]), vector.ct);
    }
}

/// RFC 9180, sections 4 and 5.1, in base mode, from a known X-Wing secret, over other code.
#[test]
fn hpke_equals_the_specification() {
    const SUITE: &[u8] = b"HPKE\x64\x7a\x00\x01\x00\x03";
    let extract = |salt: &[u8], label: &[u8], ikm: &[u8]| {
        hmac_of(hmac::HMAC_SHA256, salt, &[b"HPKE-v1", SUITE, label, ikm])
    };
    let expand = |prk: &[u8], label: &[u8], info: &[u8], length: u16| {
        let info = [&length.to_be_bytes()[..], b"HPKE-v1", SUITE, label, info].concat();
        hkdf_expand(hmac::HMAC_SHA256, prk, &info, usize::from(length))
    };
    for vector in xwing_vectors() {
        let public = hex::decode(&vector.pk).unwrap();
        let sealed =
            hpke::seal(&public, b"info", b"a secret of thirty-two bytes ...", &bytes(&vector.eseed)).unwrap();
        let psk_id_hash = extract(b"", b"psk_id_hash", b"");
        let info_hash = extract(b"", b"info_hash", b"info");
        let context = [&[0][..], &psk_id_hash, &info_hash].concat();
        let secret = extract(&bytes::<32>(&vector.ss), b"secret", b"");
        let key = expand(&secret, b"key", &context, 32);
        let nonce = expand(&secret, b"base_nonce", &context, 12);
        let mut by_the_book = b"a secret of thirty-two bytes ...".to_vec();
        ChaCha20Poly1305::new_from_slice(&key)
            .unwrap()
            .encrypt_in_place(&Nonce::try_from(&nonce[..]).unwrap(), b"", &mut by_the_book)
            .unwrap();
        assert_eq!(hex::encode(&sealed[hpke::ENC_BYTES..]), hex::encode(&by_the_book));
        let key = hpke::PrivateKey::from_seed(&bytes(&vector.seed)).unwrap();
        assert_eq!(&**hpke::open(&key, b"info", &sealed).unwrap(), b"a secret of thirty-two bytes ...");
        assert_eq!(hpke::open(&key, b"Info", &sealed).unwrap_err(), SealError::Tag);
    }
}

#[test]
fn a_key_that_is_none_is_refused() {
    for public in [&[][..], &[0xff; hpke::PUBLIC_BYTES], &[0; hpke::PUBLIC_BYTES - 1]] {
        assert_eq!(hpke::seal(public, b"", b"", &[0; 64]), Err(SealError::PublicKey));
    }
}
