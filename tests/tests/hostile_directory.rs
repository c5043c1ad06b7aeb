//! A server that lies about who is who: ghost devices, swapped keys, seats and replacements out of nothing,
//! revocations hidden or put elsewhere. Every client finds it out, and says where.

use bytes::Bytes;
use chancery_client::compose::{Composed, Signer, Standpoint};
use chancery_client::verify::{DirectoryCopy, Fault, VerifyError, extend_directory};
use chancery_core::act::{
    AddDevice, AdmitPerson, AnnounceReplacement, Author, CompleteReplacement, DeviceKeys, Handed, NewUserKey,
    Recipients, RevokeDevice, Role, SignedAct, Statement,
};
use chancery_core::error::Reason;
use chancery_core::id::{Digest, KeyId, UserId};
use chancery_core::limits::REPLACEMENT_DELAY_MS;
use chancery_core::mechanism::ItemKind;
use chancery_core::name::{Namespace, directory_channel};
use chancery_seal::kem::KemKeyPair;
use chancery_seal::secret::KemSeed;
use chancery_seal::sign::SigningKey;
use chancery_tests::served::{Served, empty, read, read_directory};
use chancery_tests::stage::{At, NOW_MS, Stage, What};
use chancery_tests::{person, random, state};

/// What the server signs with its own hands.
fn signed(stage: &Stage, author: Author, key: &SigningKey, statement: Statement) -> Composed {
    let root = stage.all.root.key_id();
    let standpoint = Standpoint {
        channel: directory_channel(&root),
        author,
        clock_ms: NOW_MS,
        seen: stage.all.directory.log.head(),
        epoch: 0,
        basis: None,
    };
    Signer { key, root: &root }.act(&standpoint, random(), statement).unwrap().into()
}

fn kem() -> (Bytes, KeyId) {
    let pair = KemKeyPair::from_seed(&KemSeed::make().unwrap()).unwrap();
    (Bytes::copy_from_slice(pair.public()), pair.key_id())
}

/// A device that the server has made for somebody.
fn ghost(stage: &Stage, user: UserId) -> (AddDevice, SigningKey) {
    let sign = SigningKey::make().unwrap();
    let (kem, kem_id) = kem();
    let tls_key = KeyId::new(*Digest::of(&sign.public()).as_bytes());
    let keys = DeviceKeys { user, device: random(), sign: sign.public(), kem, tls_key };
    let keys_bytes = Bytes::from(keys.encode());
    let possession = sign.sign(Namespace::DevicePossession, &stage.all.root.key_id(), &keys_bytes);
    let recipients = Recipients { key_ids: vec![kem_id], wraps_root: Digest::of(b"wraps") };
    let handed = Some(Handed { commitment: Digest::of(b"seed"), recipients });
    (AddDevice { keys, keys_bytes, possession, handed }, sign)
}

/// A focal point of Chile whom the server has made.
fn seat(stage: &Stage) -> AdmitPerson {
    let ghost = person();
    let keys = ghost.public_keys();
    AdmitPerson {
        keys_bytes: Bytes::from(keys.encode()),
        keys,
        possession: ghost.possession(&stage.all.root.key_id()),
        role: Role::FocalPoint,
        state: Some(state("CL")),
        instruments: Vec::new(),
        secretariat_team: None,
        membership: None,
        expires_ms: None,
    }
}

/// A client that has the directory as it is gets what the server adds to it; what does it find?
fn added(stage: &Stage, forged: &Composed) -> Fault {
    let mut copy = read_directory(stage).unwrap();
    let mut served = Served::directory(&stage.all);
    let before = served.entries.len();
    served.append(forged, &[]);
    let found = extend_directory(&stage.all.mechanism, &mut copy, served.growth(before)).unwrap_err();
    assert_eq!(found.at.map(|at| at.index), Some(before as u64), "it is said where: {found}");
    assert_eq!(copy.head().size, before as u64, "nothing was taken");
    found.fault
}

#[test]
fn a_ghost_device_is_no_device() {
    let stage = Stage::open();
    let expert = stage.people["expert"].author();
    let (act, own) = ghost(&stage, stage.people["expert"].user);
    let statement = || Statement::AddDevice(act.clone());
    // Signed by itself in the name of the person's device, by itself in its own name, and by somebody else.
    let in_its_name = signed(&stage, expert, &own, statement());
    assert_eq!(added(&stage, &in_its_name), Fault::Refused(Reason::WrongSigner));
    let author = Author::Person { user: act.keys.user, device: act.keys.device };
    let in_its_own = signed(&stage, author, &own, statement());
    assert_eq!(added(&stage, &in_its_own), Fault::Refused(Reason::UnknownDevice));
    let kenya = &stage.people["kenya"];
    let by_kenya = signed(&stage, kenya.author(), &kenya.sign, statement());
    assert_eq!(added(&stage, &by_kenya), Fault::Refused(Reason::NotEntitled));
    let by_root = signed(&stage, Author::Root, &stage.all.root, statement());
    assert_eq!(added(&stage, &by_root), Fault::Refused(Reason::NotEntitled));
}

#[test]
fn a_swapped_key_breaks_the_signature() {
    let stage = Stage::open();
    let expert = stage.people["expert"].public_keys();
    let (other, _) = kem();
    for (what, own) in [("the person's", &expert.user_kem), ("the device's", &expert.device_kem)] {
        let mut served = Served::directory(&stage.all);
        let entry = served.entries.iter_mut().find(|entry| contains(&entry.signed, own)).unwrap();
        let (at, mut bytes) = (entry.index, entry.signed.to_vec());
        let start = bytes.windows(own.len()).position(|window| window == &own[..]).unwrap();
        bytes[start..start + own.len()].copy_from_slice(&other);
        entry.signed = bytes.into();
        let mut copy = DirectoryCopy::new(stage.all.root.key_id());
        let found = extend_directory(&stage.all.mechanism, &mut copy, served.growth(0)).unwrap_err();
        assert_eq!((found.at.map(|at| at.index), found.fault), (Some(at), Fault::BadSignature), "{what}");
    }
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

#[test]
fn para_18_nobody_is_seated_for_a_state_but_by_it() {
    let stage = Stage::open();
    // The custodians themselves may be forced to sign it.
    let by_root = signed(&stage, Author::Root, &stage.all.root, Statement::AdmitPerson(seat(&stage)));
    assert_eq!(added(&stage, &by_root), Fault::Refused(Reason::SeatTaken));
    let officer = &stage.people["officer"];
    let by_officer = signed(&stage, officer.author(), &officer.sign, Statement::AdmitPerson(seat(&stage)));
    assert_eq!(added(&stage, &by_officer), Fault::Refused(Reason::RootOnly));
}

#[test]
fn a_replacement_takes_its_three_days_on_every_clock() {
    let mut stage = Stage::open();
    let AdmitPerson { keys, keys_bytes, possession, .. } = seat(&stage);
    let key = SigningKey::make().unwrap().public();
    let announced = AnnounceReplacement { state: state("CL"), keys, keys_bytes, possession, key };
    stage.directory("root", Statement::AnnounceReplacement(announced)).unwrap();
    let now = stage.all.directory.now(NOW_MS);
    let announcement = now.replacement(&state("CL")).unwrap().act;
    let done = CompleteReplacement { announcement, state: state("CL"), key, generation: 1 };
    let done = signed(&stage, Author::Root, &stage.all.root, Statement::CompleteReplacement(done));
    assert_eq!(added(&stage, &done), Fault::Refused(Reason::TooSoon));
    // A log time that says that three days have passed lies ahead of the reader's clock.
    let mut copy = read_directory(&stage).unwrap();
    let mut served = Served::directory(&stage.all);
    let before = served.entries.len();
    served.append(&done, &[]);
    served.entries[before].log_time_ms = NOW_MS + REPLACEMENT_DELAY_MS;
    let found = extend_directory(&stage.all.mechanism, &mut copy, served.growth(before)).unwrap_err();
    assert_eq!(found.fault, Fault::TimeAhead { ahead_ms: REPLACEMENT_DELAY_MS });
}

/// Chile's expert has lost a laptop, and Chile's focal point has revoked it.
fn revoked() -> Stage {
    let mut stage = Stage::open();
    let expert = &stage.people["expert"];
    let revocation = RevokeDevice { user: expert.user, device: expert.device };
    stage.directory("chile", Statement::RevokeDevice(revocation)).unwrap();
    stage
}

#[test]
fn a_revocation_that_is_hidden_is_missed() {
    let mut stage = revoked();
    let whole = Served::directory(&stage.all);
    let size = whole.entries.len();
    let mut without = whole.clone();
    without.entries.pop();

    // By one who has seen it: the old roster is not taken again.
    let mut copy = read_directory(&stage).unwrap();
    let mut growth = without.growth(size - 1);
    growth.note = without.sign(without.head(size - 1));
    let found = extend_directory(&stage.all.mechanism, &mut copy, growth).unwrap_err();
    let rolled_back = Fault::RolledBack { kept: size as u64, offered: size as u64 - 1 };
    assert_eq!(found.fault, rolled_back);

    // By one who has not, as soon as somebody writes who has.
    stage.rotate("kenya", At::Strand).unwrap();
    let mut isolated = DirectoryCopy::new(stage.all.root.key_id());
    extend_directory(&stage.all.mechanism, &mut isolated, without.growth(0)).unwrap();
    let mut behind = Stage::open();
    behind.all.directory = isolated.state;
    let mut copy = empty(&stage, At::Strand);
    let served = Served::channel(&stage, At::Strand, &[]);
    let review = &stage.logs[&At::Review].channel;
    let world = chancery_core::policy::World {
        mechanism: &stage.all.mechanism,
        directory: &behind.all.directory,
        review: Some(review),
    };
    let found = chancery_client::verify::extend_channel(world, &mut copy, served.growth(0)).unwrap_err();
    assert_eq!(found.fault, Fault::Refused(Reason::BadBasis));
}

#[test]
fn an_act_of_a_revoked_device_is_not_put_before_its_revocation() {
    let mut stage = Stage::open();
    let expert = stage.people["expert"].author();
    let before = stage.standpoint("expert", At::Strand);
    let question = What::new(ItemKind::Clarification);
    let mut stolen = stage.compose_post("expert", At::Strand, (question, random()), None);
    // The thief has kept what the device knew: a basis of before.
    assert_eq!(stolen.act.content().header.basis, before.basis);
    let Author::Person { user, device } = expert else { unreachable!() };
    stage.directory("chile", Statement::RevokeDevice(RevokeDevice { user, device })).unwrap();
    // The next writer's basis names the revocation, and so binds the channel.
    stage.rotate("kenya", At::Strand).unwrap();
    let mut copy = empty(&stage, At::Strand);
    let mut served = Served::channel(&stage, At::Strand, &[]);
    let count = served.entries.len();
    read(&stage, At::Strand, &mut copy, served.growth(0)).unwrap();
    served.append(&stolen, &[]);
    let found = read(&stage, At::Strand, &mut copy, served.growth(count)).unwrap_err();
    assert_eq!(found.fault, Fault::Refused(Reason::BasisBackwards));
    // Put before it, it changes the history that everyone has.
    served.entries.swap(count - 1, count);
    served.renumber();
    let rest = served.growth(count);
    let found = read(&stage, At::Strand, &mut copy, rest).unwrap_err();
    assert!(matches!(found.fault, Fault::Refused(_) | Fault::Forked { .. }), "{found}");
    // And with the newest basis its device is none.
    let newest = stage.standpoint("expert", At::Strand);
    assert_ne!(newest.basis, before.basis);
    stolen = stage.compose_post("expert", At::Strand, (question, random()), None);
    let mut served = Served::channel(&stage, At::Strand, &[]);
    served.append(&stolen, &[]);
    let found = read(&stage, At::Strand, &mut copy, served.growth(count)).unwrap_err();
    assert_eq!(found.fault, Fault::Refused(Reason::UnknownDevice));
}

#[test]
fn a_directory_with_two_histories() {
    let stage = Stage::open();
    // One reader is shown that Kenya's focal point has left, another that Japan's has.
    let one = |who: &str| {
        let leaves = Statement::RemovePerson(stage.people[who].user);
        signed(&stage, Author::Root, &stage.all.root, leaves)
    };
    let mut served = Served::directory(&stage.all);
    let before = served.entries.len();
    let mut other = served.clone();
    served.append(&one("kenya"), &[]);
    other.append(&one("japan"), &[]);
    let mut copy = read_directory(&stage).unwrap();
    extend_directory(&stage.all.mechanism, &mut copy, served.growth(before)).unwrap();
    let found = extend_directory(&stage.all.mechanism, &mut copy, other.growth(before + 1)).unwrap_err();
    assert_eq!(found.fault, Fault::Forked { size: before as u64 + 1 });
}

#[test]
fn a_key_of_a_revoked_device_is_not_slipped_under_the_next_one() {
    let stage = revoked();
    let expert = &stage.people["expert"];
    let now = stage.all.directory.now(NOW_MS);
    let recipients = now.person(&expert.user).unwrap().own_recipients();
    let act = NewUserKey {
        generation: 1,
        kem: kem().0,
        commitment: Digest::of(b"seed"),
        previous_box: Some(Digest::of(b"box")),
        recipients: Recipients { key_ids: recipients, wraps_root: Digest::of(b"wraps") },
    };
    let by_thief = signed(&stage, expert.author(), &expert.sign, Statement::NewUserKey(act));
    assert_eq!(added(&stage, &by_thief), Fault::Refused(Reason::UnknownDevice));
}

/// A directory that only ever grew is read by everyone alike, from any size on.
#[test]
fn an_honest_directory_is_taken() -> Result<(), VerifyError> {
    let stage = revoked();
    let served = Served::directory(&stage.all);
    for from in [1, served.entries.len() / 2, served.entries.len() - 1] {
        let mut copy = DirectoryCopy::new(stage.all.root.key_id());
        let mut first = served.clone();
        first.entries.truncate(from);
        extend_directory(&stage.all.mechanism, &mut copy, first.growth(0))?;
        extend_directory(&stage.all.mechanism, &mut copy, served.growth(from))?;
        assert_eq!(copy.head(), stage.all.directory.log.head());
        let last: &SignedAct = stage.all.directory_acts.last().unwrap();
        assert_eq!(copy.entries.last().unwrap().signed, *last.bytes());
    }
    Ok(())
}
