//! Recovery over the wire: a stranger's key, one act, and the words of a refusal.

use chancery_client::identity::Identity;
use chancery_core::act::SignedAct;
use chancery_core::limits::RECOVERY_BYTES_MAX;
use chancery_seal::sign::SigningKey;

use super::*;
use crate::testing::turnover::further_device;
use crate::testing::{bare, person};

async fn recover(channel: &Channel, act: &SignedAct) -> Result<v1::Receipt, Status> {
    let request = v1::RecoverRequest { signed_act: act.bytes().clone() };
    let answer = EnrolServiceClient::new(channel.clone()).recover(request).await?;
    Ok(answer.into_inner().receipt.unwrap())
}

/// An expert with a sheet, and one without.
async fn people(served: &Served) -> (Identity, SigningKey, Identity) {
    let expert = served.world.expert("CL").await;
    let sheet = served.world.sheet(&expert).await;
    (expert, sheet, served.world.expert("CL").await)
}

#[tokio::test]
async fn a_new_device_comes_in_by_the_sheet_and_is_a_device_like_others() {
    let served = Served::start().await;
    let world = &served.world;
    let (expert, sheet, _) = Box::pin(people(&served)).await;
    let machine = device();
    let channel = served.connect(&machine).await;
    let new = further_device(&expert, machine.key());
    let act = world.by_sheet(&sheet, &new, |_| ());
    let receipt = recover(&channel, &act).await.unwrap();
    assert_eq!(recover(&channel, &act).await.unwrap(), receipt, "the same bytes again");
    // On the same connection it is of the directory now.
    let mut log = LogServiceClient::new(channel);
    let directory = bytes(world.directory_id().as_bytes());
    let request = v1::ListEntriesRequest { channel: directory, start: receipt.index, ..Default::default() };
    let entries = log.list_entries(request).await.unwrap().into_inner().entries;
    assert_eq!(entries[0].signed, act.bytes());
}

/// Code, message and details: everything that tells one refusal from another.
fn words(status: &Status) -> (Code, String, Vec<u8>) {
    (status.code(), status.message().to_owned(), status.details().to_vec())
}

#[tokio::test]
async fn no_such_person_no_sheet_and_a_wrong_sheet_are_told_the_same() {
    let served = Served::start().await;
    let world = &served.world;
    let (expert, sheet, without) = Box::pin(people(&served)).await;
    let machine = device();
    let channel = served.connect(&machine).await;
    let other = SigningKey::make().unwrap();
    let mut told = Vec::new();
    for (whom, signer) in
        [(&person(), &sheet), (&without, &sheet), (&expert, &other), (&expert, &expert.sign)]
    {
        let act = world.by_sheet(signer, &further_device(whom, machine.key()), |_| ());
        told.push(words(&recover(&channel, &act).await.unwrap_err()));
    }
    // An act that stands in the log already, under the name of another peer.
    let taken = device();
    let first = world.by_sheet(&sheet, &further_device(&expert, taken.key()), |_| ());
    recover(&served.connect(&taken).await, &first).await.unwrap();
    let place = (world.directory_id(), first.content().header.act_id);
    let act = world.by_sheet_at(&sheet, &further_device(&expert, machine.key()), place);
    told.push(words(&recover(&channel, &act).await.unwrap_err()));

    assert_eq!(told[0].0, Code::PermissionDenied);
    assert!(told.windows(2).all(|pair| pair[0] == pair[1]), "{told:?}");
    let status = recover(&channel, &act).await.unwrap_err();
    assert_eq!(reason(&status), "RECOVERY_REFUSED");
}

#[tokio::test]
async fn what_is_no_recovery_is_told_so() {
    let served = Served::start().await;
    let world = &served.world;
    let (expert, sheet, _) = Box::pin(people(&served)).await;
    let machine = device();
    let channel = served.connect(&machine).await;
    let new = further_device(&expert, machine.key());
    let leaves = world.signed_by_sheet(&sheet, &new, Statement::RemovePerson(expert.user));
    let good = world.by_sheet(&sheet, &new, |_| ());
    let mut enrol = EnrolServiceClient::new(channel.clone());
    for (name, signed_act, expect) in [
        ("nothing", Bytes::new(), (Code::InvalidArgument, "UNKNOWN_SUITE")),
        ("garbage", Bytes::from_static(b"\xff\xff\xff"), (Code::InvalidArgument, "MALFORMED")),
        ("too long", Bytes::from(vec![0; RECOVERY_BYTES_MAX + 1]), (Code::OutOfRange, "TOO_LARGE")),
        ("another act", leaves.bytes().clone(), (Code::PermissionDenied, "NOT_ENROLLED")),
    ] {
        let status = enrol.recover(v1::RecoverRequest { signed_act }).await.unwrap_err();
        assert_eq!((status.code(), reason(&status).as_str()), expect, "{name}");
    }
    // More than a small message: refused before it is decoded.
    let signed_act = Bytes::from(vec![0; 64 * 1024 + 1]);
    let status = enrol.recover(v1::RecoverRequest { signed_act }).await.unwrap_err();
    assert_eq!(status.code(), Code::OutOfRange);
    // The device speaks for itself: another's connection does not do, nor does the log's own way.
    let other = served.connect(&device()).await;
    assert_eq!(reason(&recover(&other, &good).await.unwrap_err()), "BAD_POSSESSION");
    let append = v1::AppendRequest {
        channel: bytes(world.directory_id().as_bytes()),
        entries: vec![to_wire(&bare(&good.clone().into()))],
    };
    let status = LogServiceClient::new(channel.clone()).append(append).await.unwrap_err();
    assert_eq!(reason(&status), "NOT_ENROLLED");
    assert!(recover(&channel, &good).await.is_ok());
}

/// The count is of the process: neither a new connection nor a new key for each try gives new tries.
#[tokio::test]
async fn tries_are_counted_across_connections_and_keys() {
    use chancery_core::limits::{FAILED_LOOKUPS_MAX, FAILED_PER_ADDRESS_MAX};

    let served = Served::start().await;
    let machine = device();
    let ask = async |device: &Device| {
        let mut enrol = EnrolServiceClient::new(served.connect(device).await);
        let request = v1::GetEnrolmentRequest { lookup: bytes(&[1; 32]) };
        reason(&enrol.get_enrolment(request).await.unwrap_err())
    };
    for _ in 0..FAILED_LOOKUPS_MAX {
        assert_eq!(ask(&machine).await, "NOT_FOUND");
    }
    assert_eq!(ask(&machine).await, "TOO_MANY");
    for _ in FAILED_LOOKUPS_MAX..FAILED_PER_ADDRESS_MAX {
        assert_eq!(ask(&device()).await, "NOT_FOUND");
    }
    assert_eq!(ask(&device()).await, "TOO_MANY");
}
