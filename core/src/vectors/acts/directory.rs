//! Statements of the directory.

use super::*;
use crate::act::{
    AddDevice, AdmitPerson, AdmitState, AmendState, AnnounceReplacement, CertifyStateKey,
    CompleteReplacement, DepositShares, DeviceKeys, FoundDirectory, GiveShare, Handed, KeySuccession,
    NewTeamGeneration, NewUserKey, ObjectToReplacement, Objection, Recertify, RegionalGroup, ReplaceStateKey,
    Reseat, RevokeDevice, SecondCustodian, SetRecovery, ShareStateKey, ShareTeam, Standing, Team,
};
use crate::id::{DeviceId, StateCode};

pub(super) fn statements(keys: &Keys) -> Vec<Statement> {
    let root = &keys.root.id;
    let (newcomer, team) = (&keys.person, Team::Secretariat(TeamId::new([0x77; 16])));
    vec![
        Statement::FoundDirectory(FoundDirectory {
            root_key: keys.root.public,
            mechanism: Digest::of(b"mechanism"),
            log_key: [0x50; 32],
            server_tls_key: KeyId::new([0x51; 32]),
            custodian_tls_key: KeyId::new([0x52; 32]),
            second: Some(SecondCustodian { key: Key::of(0x05).public, always: true }),
        }),
        Statement::AdmitState(AdmitState {
            state: "CL".parse().unwrap(),
            group: RegionalGroup::LatinAmericaCaribbean,
            standings: vec![
                (instrument("firearms"), Standing::Party),
                (instrument("untoc"), Standing::Signatory),
            ],
        }),
        Statement::CertifyStateKey(CertifyStateKey {
            state: "CL".parse().unwrap(),
            key: keys.state.public,
            generation: 0,
        }),
        Statement::AdmitPerson(AdmitPerson {
            keys: newcomer.keys(),
            keys_bytes: Bytes::from(newcomer.keys().encode()),
            possession: newcomer.possession(root),
            role: Role::Expert,
            state: Some("CL".parse().unwrap()),
            instruments: vec![instrument("firearms"), instrument("untoc")],
            secretariat_team: None,
            membership: Some(keys.state.statement(root, &membership(keys))),
            expires_ms: None,
        }),
        Statement::RemovePerson(newcomer.user()),
        Statement::NewTeamGeneration(NewTeamGeneration {
            team,
            generation: 1,
            kem: kem(0x53),
            commitment: Digest::of(b"seed"),
            previous_box: Some(Digest::of(b"box")),
            recipients: recipients(),
        }),
        Statement::ShareTeam(ShareTeam { team: Team::AllParties, generation: 0, recipients: recipients() }),
        Statement::AmendState(AmendState { state: chile(), standings: Vec::new() }),
        Statement::Reseat(Reseat {
            user: newcomer.user(),
            role: Role::FocalPoint,
            instruments: Vec::new(),
            expires_ms: Some(1_900_000_000_000),
            membership: keys.state.statement(root, &seat(keys)),
        }),
        Statement::RevokeDevice(RevokeDevice { user: newcomer.user(), device: DeviceId::new([0x61; 16]) }),
        Statement::Recertify(Recertify {
            keys: newcomer.keys(),
            keys_bytes: Bytes::from(newcomer.keys().encode()),
            possession: newcomer.possession(root),
            membership: Some(keys.state.statement(root, &membership(keys))),
        }),
    ]
    .into_iter()
    .chain(own_keys(keys))
    .chain(state_keys(keys))
    .collect()
}

/// A person's own devices, key and recovery sheet.
fn own_keys(keys: &Keys) -> Vec<Statement> {
    let device = device_keys(keys);
    let possession = Key::of(0x06).sign(Namespace::DevicePossession, &keys.root.id, &device.encode());
    vec![
        Statement::AddDevice(AddDevice {
            keys_bytes: Bytes::from(device.encode()),
            keys: device,
            possession,
            handed: Some(handed()),
        }),
        Statement::NewUserKey(NewUserKey {
            generation: 1,
            kem: kem(0x63),
            commitment: Digest::of(b"user seed"),
            previous_box: Some(Digest::of(b"box")),
            recipients: recipients(),
        }),
        Statement::SetRecovery(SetRecovery { sign: [0x64; 32], kem: kem(0x65), handed: handed() }),
    ]
}

fn state_keys(keys: &Keys) -> Vec<Statement> {
    let root = &keys.root.id;
    let newcomer = &keys.person;
    vec![
        Statement::ReplaceStateKey(ReplaceStateKey {
            state: chile(),
            key: [0x66; 32],
            generation: 1,
            succession: keys.state.statement(root, &succession()),
            handed: handed(),
        }),
        Statement::ShareStateKey(ShareStateKey { state: chile(), generation: 1, handed: handed() }),
        Statement::DepositShares(DepositShares {
            state: chile(),
            generation: 1,
            threshold: 2,
            recipients: recipients(),
            commitments: vec![Digest::of(b"first share"), Digest::of(b"second share")],
        }),
        Statement::GiveShare(GiveShare {
            deposit: ACT,
            position: 1,
            to: newcomer.user(),
            recipients: recipients(),
        }),
        Statement::AnnounceReplacement(AnnounceReplacement {
            state: chile(),
            keys: newcomer.keys(),
            keys_bytes: Bytes::from(newcomer.keys().encode()),
            possession: newcomer.possession(root),
            key: [0x67; 32],
        }),
        Statement::ObjectToReplacement(ObjectToReplacement {
            announcement: ACT,
            objection: keys.state.statement(root, &objection()),
        }),
        Statement::CompleteReplacement(CompleteReplacement {
            announcement: ACT,
            state: chile(),
            key: [0x67; 32],
            generation: 2,
        }),
    ]
}

pub(super) fn succession() -> StateStatement {
    StateStatement::KeySuccession(KeySuccession { state: chile(), key: [0x66; 32], generation: 1 })
}

pub(super) fn objection() -> StateStatement {
    StateStatement::Objection(Objection { state: chile(), announcement: ACT })
}

fn seat(keys: &Keys) -> StateStatement {
    StateStatement::Membership(Membership {
        state: chile(),
        role: Role::FocalPoint,
        instruments: Vec::new(),
        keys: Digest::of(&keys.person.keys().encode()),
        expires_ms: Some(1_900_000_000_000),
    })
}

fn device_keys(keys: &Keys) -> DeviceKeys {
    DeviceKeys {
        user: keys.person.user(),
        device: DeviceId::new([0x61; 16]),
        sign: Key::of(0x06).public,
        kem: kem(0x62),
        tls_key: KeyId::new([0x68; 32]),
    }
}

pub(super) fn device_vector(keys: &Keys) -> Value {
    let encoded = device_keys(keys).encode();
    let possession = Key::of(0x06).sign(Namespace::DevicePossession, &keys.root.id, &encoded);
    json!({ "encoded": hex::encode(encoded), "possession": hex::encode(possession) })
}

/// An act of the root with the second custodian's signature.
pub(super) fn signed_twice(keys: &Keys) -> Value {
    let second = Key::of(0x05);
    let act = super::act(keys, Statement::RemovePerson(keys.person.user()));
    let once = keys.root.act(&keys.root.id, &act);
    let (namespace, payload) = once.second_payload().unwrap();
    let input = signature_input(namespace, &second.id, &keys.root.id, payload);
    let twice = once.with_second(second.pair.sign(&input).as_ref().try_into().unwrap()).unwrap();
    assert!(twice.is_signed_twice(&second.public, &keys.root.id));
    assert!(!once.is_signed_twice(&second.public, &keys.root.id));
    assert!(!twice.is_signed_twice(&keys.root.public, &keys.root.id));
    json!({
        "second": second.json(),
        "signature_input_sha256": Digest::of(&input).to_string(),
        "envelope": hex::encode(twice.bytes()),
    })
}

fn chile() -> StateCode {
    "CL".parse().unwrap()
}

fn handed() -> Handed {
    Handed { commitment: Digest::of(b"handed secret"), recipients: recipients() }
}

pub(super) const fn is_by_root(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::FoundDirectory
            | Kind::AdmitState
            | Kind::AmendState
            | Kind::CertifyStateKey
            | Kind::RemovePerson
            | Kind::AnnounceReplacement
            | Kind::CompleteReplacement
    )
}
