//! What the strict decoder refuses.

use ring::signature::{Ed25519KeyPair, KeyPair};

use super::*;
use crate::act::{
    Act, ActError, Author, Clearance, Header, Post, PostRef, Recipients, SealedBody, ShareTeam, Signed,
    SignedAct, StateStatement, Statement, Team, VerifiedAct, assemble_act, assemble_statement,
};
use crate::id::{ActId, ChannelId, DeviceId, Digest, FileId, KeyId, SectionId, UserId};
use crate::mechanism::ItemKind;
use crate::name::{KeyAlgorithm, Namespace, key_id, signature_input};

const ROOT: KeyId = KeyId::new([9; 32]);

fn act(statement: Statement) -> Act {
    let header = Header {
        channel: ChannelId::new([1; 16]),
        act_id: ActId::new([2; 16]),
        author: Author::Person { user: UserId::new([3; 16]), device: DeviceId::new([4; 16]) },
        clock_ms: 5,
        seen: TreeHead { size: 6, root: Digest::of(b"seen") },
        epoch: 0,
        basis: None,
    };
    Act { header, statement }
}

fn post(files: Vec<FileId>) -> Statement {
    let body = SealedBody { length: 1, sha256: Digest::of(b"body"), key_commitment: Digest::of(b"key") };
    Statement::Post(Post {
        section: SectionId::new([5; 16]),
        previous: None,
        kind: ItemKind::Clarification,
        files,
        body,
        clearance: None,
    })
}

fn key() -> (Ed25519KeyPair, [u8; 32]) {
    let key = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap();
    let public = key.public_key().as_ref().try_into().unwrap();
    (key, public)
}

fn sign(namespace: Namespace, root: &KeyId, payload: &[u8]) -> ([u8; 64], KeyId) {
    let (key, public) = key();
    let signer = key_id(KeyAlgorithm::Ed25519, &public);
    let signature = key.sign(&signature_input(namespace, &signer, root, payload));
    (signature.as_ref().try_into().unwrap(), signer)
}

fn signed(act: &Act) -> SignedAct {
    let payload = act.encode();
    let (signature, signer) = sign(Namespace::Act(act.statement.kind()), &ROOT, &payload);
    assemble_act(payload, signature, signer).unwrap()
}

/// The envelope around any payload, whatever it is.
fn enveloped(payload: Vec<u8>) -> Result<SignedAct, ActError> {
    assemble_act(payload, [0; 64], ROOT)
}

#[test]
fn an_act_reads_back_and_its_signature_holds() {
    let act = act(post(vec![FileId::new([1; 16]), FileId::new([2; 16])]));
    let signed = signed(&act);
    let again = SignedAct::decode(signed.bytes().clone()).unwrap();
    assert_eq!(again.content(), &act);
    VerifiedAct::new(again, key().1, &ROOT).unwrap();
}

#[test]
fn a_signature_holds_for_these_bytes_this_key_and_this_root_alone() {
    let signed = signed(&act(post(Vec::new())));
    let public = key().1;
    assert_eq!(signed.verify(&public, &KeyId::new([8; 32])), Err(ActError::BadSignature), "another root");
    assert_eq!(signed.verify(&[1; 32], &ROOT), Err(ActError::WrongSigner));
    let mut accepted = 0;
    for position in 0..signed.bytes().len() {
        let mut bytes = signed.bytes().to_vec();
        bytes[position] ^= 1;
        if let Ok(altered) = SignedAct::decode(bytes) {
            assert!(altered.verify(&public, &ROOT).is_err(), "byte {position}");
            accepted += 1;
        }
    }
    assert!(accepted > 0, "some altered acts still parse; only the signature tells");
}

#[test]
fn a_statement_is_not_taken_for_one_of_another_namespace() {
    let post = PostRef {
        state: "CL".parse().unwrap(),
        channel: ChannelId::new([1; 16]),
        section: SectionId::new([2; 16]),
        act_id: ActId::new([3; 16]),
        kind: ItemKind::Response,
        body: SealedBody { length: 1, sha256: Digest::of(b"b"), key_commitment: Digest::of(b"k") },
    };
    let payload = StateStatement::Clearance(Clearance { post }).encode();
    for (namespace, holds) in [(Namespace::Clearance, true), (Namespace::Grant, false)] {
        let (signature, key_id) = sign(namespace, &ROOT, &payload);
        let statement = assemble_statement(payload.clone(), signature, key_id).unwrap();
        assert_eq!(statement.verify(&key().1, &ROOT).is_ok(), holds);
    }
}

#[test]
fn every_second_form_of_an_act_is_refused() {
    let payload = act(post(Vec::new())).encode();
    let mut unknown_field = payload.clone();
    unknown_field.extend([0xf8, 0x07, 0x01]);
    assert_eq!(enveloped(unknown_field), Err(ActError::NotCanonical));

    let mut default_on_the_wire = proto::Act::decode(payload.as_slice()).unwrap().encode_to_vec();
    // Field 8 (epoch) of a second header, merged by protobuf into the first.
    default_on_the_wire.extend([0x0a, 0x02, 0x40, 0x00]);
    assert_eq!(enveloped(default_on_the_wire), Err(ActError::NotCanonical));

    assert_eq!(enveloped(vec![0xff; 8]), Err(ActError::Undecodable));
    assert_eq!(enveloped(payload[..payload.len() - 1].to_vec()), Err(ActError::Undecodable));
    assert_eq!(enveloped(vec![0; PAYLOAD_BYTES_MAX + 1]), Err(ActError::TooLarge));
}

#[test]
fn unknown_schemas_kinds_and_suites_have_their_own_names() {
    let message = proto::Act::decode(act(post(Vec::new())).encode().as_slice()).unwrap();
    let mut schema = message.clone();
    schema.header.as_mut().unwrap().schema = 2;
    assert_eq!(enveloped(schema.encode_to_vec()), Err(ActError::UnknownSchema(2)));

    let mut kind = message;
    kind.statement = None;
    let mut bytes = kind.encode_to_vec();
    assert_eq!(enveloped(bytes.clone()), Err(ActError::UnknownKind));
    bytes.extend([0x9a, 0x06, 0x00]); // field 99, as a newer client might write
    assert_eq!(enveloped(bytes), Err(ActError::UnknownKind));

    let signed = signed(&act(post(Vec::new())));
    let mut envelope = proto::SignedAct::decode(signed.bytes().clone()).unwrap();
    envelope.suite = 2;
    assert_eq!(SignedAct::decode(envelope.encode_to_vec()), Err(ActError::UnknownSuite(2)));
    envelope.suite = 0;
    assert_eq!(SignedAct::decode(envelope.encode_to_vec()), Err(ActError::UnknownSuite(0)));
}

#[test]
fn a_set_has_one_order() {
    let (one, two) = (FileId::new([1; 16]), FileId::new([2; 16]));
    for files in [vec![two, one], vec![one, one]] {
        assert_eq!(enveloped(act(post(files)).encode()), Err(ActError::Field("files")));
    }
    let share = |key_ids: Vec<KeyId>| {
        let recipients = Recipients { key_ids, wraps_root: Digest::of(b"wraps") };
        act(Statement::ShareTeam(ShareTeam { team: Team::AllParties, generation: 0, recipients })).encode()
    };
    let (one, two) = (KeyId::new([1; 32]), KeyId::new([2; 32]));
    assert!(enveloped(share(vec![one, two])).is_ok());
    assert_eq!(enveloped(share(vec![two, one])), Err(ActError::Field("recipients.key_ids")));
}

proptest::proptest! {
    #[test]
    fn no_bytes_make_the_decoder_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..512)) {
        let _ = SignedAct::decode(bytes.clone());
        let _ = Signed::<StateStatement>::decode(bytes.clone());
        let _ = Act::decode_strictly(&bytes);
    }
}
