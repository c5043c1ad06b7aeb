//! The way of a recovery, and every way in which it is refused.

use chancery_client::identity::Identity;
use chancery_core::act::{Handed, Recipients, RevokeDevice};
use chancery_core::id::Digest;
use chancery_core::limits::{DEVICES_MAX, FAILED_RECOVERIES_MAX};
use chancery_seal::sign::SigningKey;

use super::*;
use crate::store::db::Pool;
use crate::store::db::testing::on_both;
use crate::testing::turnover::further_device;
use crate::testing::{World, peer, person, random};

/// What every call with a wrong person or sheet is told.
const REFUSED: AppError = AppError::Wire(WireReason::RecoveryRefused);

/// A device that nobody knows yet, for this person.
fn new_device(person: &Identity) -> Identity {
    further_device(person, random_key())
}

fn random_key() -> KeyId {
    person().tls_key
}

async fn recover(world: &World, device: &Identity, act: &SignedAct) -> Result<Receipt, AppError> {
    world.app.recover(&peer(device.tls_key), act.bytes().clone()).await
}

/// A person with a sheet; the sheet's key.
async fn with_sheet(world: &World) -> (Identity, SigningKey) {
    let expert = world.expert("CL").await;
    let sheet = world.sheet(&expert).await;
    (expert, sheet)
}

#[tokio::test]
async fn a_sheet_brings_in_a_device_and_the_device_goes_on() {
    on_both(async |pool: Pool| {
        let world = World::found(pool).await;
        let (expert, sheet) = with_sheet(&world).await;
        let device = new_device(&expert);
        let act = world.by_sheet(&sheet, &device, |_| ());
        let before = world.size(&world.directory_id()).await;
        let first = recover(&world, &device, &act).await.unwrap();
        assert_eq!(first.index, before);
        let log = world.directory().await.log;
        assert_eq!(Some(&first.proof), log.inclusion_proof(before, before + 1).as_ref());

        world.later(5);
        let again = recover(&world, &device, &act).await.unwrap();
        assert_eq!(again, first, "the same bytes get the first receipt");
        assert_eq!(world.size(&world.directory_id()).await, before + 1);

        // It knows the person's key by the sheet, and makes the next one.
        world.new_user_key(&device).await.unwrap();
        let directory = world.directory().await;
        let known = directory.now(world.now_ms()).person(&expert.user).unwrap();
        assert_eq!(known.key().map(|key| key.generation), Some(1));
        assert_eq!(known.devices().count(), 2);
    })
    .await;
}

#[tokio::test]
async fn two_replicas_give_one_receipt() {
    on_both(async |pool: Pool| {
        let world = World::found(pool).await;
        let (expert, sheet) = with_sheet(&world).await;
        let device = new_device(&expert);
        let act = world.by_sheet(&sheet, &device, |_| ());
        let from = peer(device.tls_key);
        let (one, other) = tokio::join!(
            world.app.recover(&from, act.bytes().clone()),
            world.app.recover(&from, act.bytes().clone())
        );
        assert_eq!(one.unwrap().index, other.unwrap().index);
    })
    .await;
}

/// Whom a wrong call names, and what it is signed with.
#[tokio::test]
async fn every_wrong_call_is_told_the_same() {
    on_both(async |pool: Pool| {
        let world = World::found(pool).await;
        let (expert, old) = with_sheet(&world).await;
        let sheet = world.sheet(&expert).await;
        let (left, of_left) = with_sheet(&world).await;
        let leaves = Statement::RemovePerson(left.user);
        world.state_in(&world.focal["CL"], world.directory_id(), leaves).await.unwrap();
        let end_ms = world.now_ms() + 1_000;
        let temporary = world.until(random_key(), end_ms).await;
        let of_temporary = world.sheet(&temporary).await;
        let (anew, of_anew) = with_sheet(&world).await;
        world.recertify(&world.focal["CL"], anew.user, random_key()).await;
        world.later(1_000);
        let size = world.size(&world.directory_id()).await;

        let stranger = SigningKey::make().unwrap();
        for (name, whom, signer) in [
            ("no such person", &person(), &stranger),
            ("no sheet", &world.focal["KE"], &stranger),
            ("another's sheet", &world.focal["KE"], &sheet),
            ("no sheet's key", &expert, &stranger),
            ("the device's own key", &expert, &expert.sign),
            ("a sheet that was replaced", &expert, &old),
            ("the sheet of one who has left", &left, &of_left),
            ("the sheet of one whose time is over", &temporary, &of_temporary),
            ("the sheet of one who was certified anew", &anew, &of_anew),
        ] {
            let device = new_device(whom);
            let act = world.by_sheet(signer, &device, |_| ());
            assert_eq!(recover(&world, &device, &act).await, Err(REFUSED), "{name}");
        }
        let device = new_device(&expert);
        let good = world.by_sheet(&sheet, &device, |_| ());
        let mut bytes = good.bytes().to_vec();
        let at = bytes.windows(64).position(|at| at == good_signature(&good)).unwrap();
        bytes[at] ^= 1;
        let forged = world.app.recover(&peer(device.tls_key), bytes.into()).await;
        assert_eq!(forged, Err(REFUSED), "a signature that does not hold");
        assert_eq!(world.size(&world.directory_id()).await, size, "nothing was written");
        assert!(recover(&world, &device, &good).await.is_ok(), "the check itself works");
    })
    .await;
}

/// The signature inside an envelope: field 2, of 64 bytes.
fn good_signature(act: &SignedAct) -> Vec<u8> {
    let bytes = act.bytes();
    let head = bytes.windows(2).rposition(|at| at == [0x12, 64]).unwrap();
    bytes[head + 2..head + 66].to_vec()
}

/// An act that stands in the log says nothing to others, nor to the device once it is shut out.
#[tokio::test]
async fn an_act_that_was_appended_is_its_devices_own() {
    on_both(async |pool: Pool| {
        let world = World::found(pool).await;
        let (expert, sheet) = with_sheet(&world).await;
        let device = new_device(&expert);
        let act = world.by_sheet(&sheet, &device, |_| ());
        recover(&world, &device, &act).await.unwrap();
        // Another act under its id.
        let other = new_device(&expert);
        let taken = world.by_sheet_at(&sheet, &other, (world.directory_id(), act.content().header.act_id));
        assert_eq!(recover(&world, &other, &taken).await, Err(REFUSED));
        let revoke = RevokeDevice { user: expert.user, device: device.device };
        let revoke = Statement::RevokeDevice(revoke);
        world.state_in(&expert, world.directory_id(), revoke).await.unwrap();
        assert_eq!(recover(&world, &device, &act).await, Err(REFUSED));
    })
    .await;
}

#[tokio::test]
async fn what_is_wrong_with_the_act_itself_is_told() {
    on_both(async |pool: Pool| {
        let world = World::found(pool).await;
        let (expert, sheet) = with_sheet(&world).await;
        let device = new_device(&expert);
        let good = world.by_sheet(&sheet, &device, |_| ());
        let with = |change: &dyn Fn(&mut AddDevice)| world.by_sheet(&sheet, &device, change);
        let handed = Handed {
            commitment: Digest::of(b"seed"),
            recipients: Recipients {
                key_ids: vec![device.device_kem.key_id()],
                wraps_root: Digest::of(b"wraps"),
            },
        };
        let leaves = Statement::RemovePerson(expert.user);
        let cut = good.bytes().slice(..good.bytes().len() - 1);
        let long = Bytes::from(vec![0; RECOVERY_BYTES_MAX + 1]);
        let own_keys = world.add_device(&new_device(&expert), None);
        let elsewhere = world.by_sheet_at(&sheet, &device, (random(), random()));
        for (name, bytes, expect) in [
            ("nothing", Bytes::new(), WireReason::UnknownSuite.into()),
            ("cut", cut, WireReason::Malformed.into()),
            ("too long", long, WireReason::TooLarge.into()),
            ("for another channel", elsewhere.bytes().clone(), AppError::Refused(Reason::OtherChannel)),
            (
                "another act",
                world.signed_by_sheet(&sheet, &device, leaves).bytes().clone(),
                WireReason::NotEnrolled.into(),
            ),
            (
                "the person's key handed on",
                with(&|act| act.handed = Some(handed.clone())).bytes().clone(),
                WireReason::BesideMismatch.into(),
            ),
            (
                "another device than it speaks for",
                with(&|act| {
                    (act.keys, act.keys_bytes) = (own_keys.keys.clone(), own_keys.keys_bytes.clone());
                })
                .bytes()
                .clone(),
                WireReason::Malformed.into(),
            ),
            (
                "keys that the device has not signed",
                with(&|act| act.possession[0] ^= 1).bytes().clone(),
                Reason::BadPossession.into(),
            ),
        ] {
            let refused = world.app.recover(&peer(device.tls_key), bytes).await;
            assert_eq!(refused, Err(expect), "{name}");
        }
        let stolen = world.app.recover(&peer(random_key()), good.bytes().clone()).await;
        assert_eq!(stolen, Err(Reason::BadPossession.into()), "from another's connection");
        assert!(recover(&world, &device, &good).await.is_ok());
    })
    .await;
}

/// Once the sheet's signature holds, the policy's own words are told.
#[tokio::test]
async fn a_person_has_no_more_devices_than_may_be() {
    on_both(async |pool: Pool| {
        let world = World::found(pool).await;
        let (expert, sheet) = with_sheet(&world).await;
        for _ in 1..DEVICES_MAX {
            world.further(&expert, random_key()).await;
        }
        let device = new_device(&expert);
        let act = world.by_sheet(&sheet, &device, |_| ());
        assert_eq!(recover(&world, &device, &act).await, Err(Reason::TooManyKeys.into()));
    })
    .await;
}

#[tokio::test]
async fn a_peer_has_so_many_tries() {
    on_both(async |pool: Pool| {
        let world = World::found(pool).await;
        let (expert, sheet) = with_sheet(&world).await;
        let device = new_device(&expert);
        let good = world.by_sheet(&sheet, &device, |_| ());
        for _ in 0..FAILED_RECOVERIES_MAX {
            let wrong = recover_as(&world, &device, &person()).await;
            assert_eq!(wrong, Err(REFUSED));
        }
        let wait = Err(WireReason::TooMany.into());
        assert_eq!(recover(&world, &device, &good).await, wait, "even with the right sheet");
        world.later(60 * 60 * 1_000);
        assert!(recover(&world, &device, &good).await.is_ok());
    })
    .await;
}

/// A wrong recovery of `whom`, from this device's connection.
async fn recover_as(world: &World, device: &Identity, whom: &Identity) -> Result<Receipt, AppError> {
    let named = further_device(whom, device.tls_key);
    let act = world.by_sheet(&SigningKey::make().unwrap(), &named, |_| ());
    recover(world, device, &act).await
}

/// A name is called in vain so often, there or not; who has the sheet is not kept out by it.
#[tokio::test]
async fn a_name_has_so_many_tries_and_its_owner_gets_through() {
    on_both(async |pool: Pool| {
        let world = World::found(pool).await;
        let (expert, sheet) = with_sheet(&world).await;
        for (name, whom) in [("a person", &expert), ("nobody", &person())] {
            for n in 0..=FAILED_RECOVERIES_MAX {
                let wrong = recover_as(&world, &new_device(whom), whom).await;
                let told = if n < FAILED_RECOVERIES_MAX { REFUSED } else { WireReason::TooMany.into() };
                assert_eq!(wrong, Err(told), "{name}, {n}");
            }
        }
        let device = new_device(&expert);
        let good = world.by_sheet(&sheet, &device, |_| ());
        assert!(recover(&world, &device, &good).await.is_ok());
    })
    .await;
}
