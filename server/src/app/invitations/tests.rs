//! The way of an invitation, and every way in which it is refused.

use chancery_client::identity::Identity;
use chancery_core::act::Role as PersonRole;
use chancery_core::error::Reason;
use chancery_core::limits::{FAILED_LOOKUPS_MAX, FAILED_PER_ADDRESS_MAX};

use super::*;
use crate::app::enrol::{NewKeys, Redemption};
use crate::gate::PeerKey;
use crate::store::db::Pool;
use crate::store::db::testing::on_both;
use crate::testing::turnover::further_device;
use crate::testing::{World, peer, person, state};

const LOOKUP: Lookup = [7; 32];

fn redemption(world: &World, newcomer: &Identity, lookup: Lookup) -> Redemption {
    let keys = Bytes::from(newcomer.public_keys().encode());
    Redemption {
        lookup,
        request: [&keys[..], b"request"].concat().into(),
        mac: Bytes::from_static(&[9; 32]),
        keys: NewKeys::Person(keys),
        possession: newcomer.possession(&world.app.root()),
    }
}

#[tokio::test]
async fn a_newcomer_is_invited_redeems_and_is_admitted() {
    on_both(async |pool: Pool| {
        let world = World::found(pool).await;
        let newcomer = person();
        let chile = world.caller(&world.focal["CL"]);
        let expires_ms = world.app.create_invitation(&chile, &LOOKUP).await.unwrap();
        assert_eq!(expires_ms, crate::testing::NOW_MS + INVITATION_MS);
        world.later(5);
        assert_eq!(world.app.create_invitation(&chile, &LOOKUP).await, Ok(expires_ms), "the same again");
        assert_eq!(world.app.enrolment(&peer(newcomer.tls_key), &LOOKUP).await, Ok(EnrolmentState::Invited));

        let handed_in = redemption(&world, &newcomer, LOOKUP);
        for _ in 0..2 {
            assert_eq!(world.app.redeem(&peer(newcomer.tls_key), handed_in.clone()).await, Ok(()));
        }
        assert_eq!(world.app.enrolment(&peer(newcomer.tls_key), &LOOKUP).await, Ok(EnrolmentState::Redeemed));
        let other = person();
        assert_eq!(world.app.enrolment(&peer(other.tls_key), &LOOKUP).await, Ok(EnrolmentState::Void));
        let (listed, next) = world.app.list_invitations(&chile, &[], 10).await.unwrap();
        let expect = Invitation {
            lookup: LOOKUP,
            state: EnrolmentState::Redeemed,
            expires_ms,
            handed_in: Some((handed_in.request.clone(), handed_in.mac.clone())),
            rejected: 0,
        };
        assert_eq!((listed, next), (vec![expect], None));

        let admission =
            world.admission(&newcomer, PersonRole::Expert, Some(state("CL")), &["firearms"], true);
        world.state_in(&world.focal["CL"], world.directory_id(), admission).await.unwrap();
        assert_eq!(world.app.enrolment(&peer(newcomer.tls_key), &LOOKUP).await, Ok(EnrolmentState::Admitted));
        for _ in 0..2 {
            assert_eq!(world.app.close_invitation(&chile, &LOOKUP, true).await, Ok(()));
        }
        assert_eq!(world.app.enrolment(&peer(newcomer.tls_key), &LOOKUP).await, Ok(EnrolmentState::Admitted));
        let refused = world.app.close_invitation(&chile, &LOOKUP, false).await;
        assert_eq!(refused, Err(WireReason::InvitationVoid.into()));
    })
    .await;
}

#[tokio::test]
async fn who_may_invite() {
    on_both(async |pool: Pool| {
        let world = World::found(pool).await;
        let expert = world.expert("CL").await;
        let custodian = Caller::Custodian { tls_key: world.custodian };
        let stranger = Caller::Stranger { tls_key: person().tls_key };
        for (n, caller, expect) in [
            (1, custodian, None),
            (2, world.caller(&world.focal["CL"]), None),
            (3, world.caller(&world.officer), None),
            (4, world.caller(&expert), None),
            (5, stranger, Some(WireReason::NotEnrolled)),
        ] {
            let refused = world.app.create_invitation(&caller, &[n; 32]).await.err();
            assert_eq!(refused, expect.map(AppError::from), "{n}");
            let listed = world.app.list_invitations(&caller, &[], 10).await;
            assert_eq!(listed.map(|(list, _)| list.len()).ok(), expect.is_none().then_some(1), "{n}");
        }
        // One inviter's invitations are not another's, and look absent.
        let kenya = world.caller(&world.focal["KE"]);
        let taken = world.app.create_invitation(&kenya, &[2; 32]).await;
        assert_eq!(taken, Err(WireReason::InvitationExists.into()));
        assert_eq!(world.app.close_invitation(&kenya, &[2; 32], false).await, Err(AppError::NOT_FOUND));
        assert_eq!(world.app.close_invitation(&kenya, &[9; 32], false).await, Err(AppError::NOT_FOUND));
        for n in [2, 9] {
            assert_eq!(world.app.reject_answer(&kenya, &[n; 32], 0).await, Err(AppError::NOT_FOUND));
        }
        let stranger = Caller::Stranger { tls_key: person().tls_key };
        let refused = world.app.reject_answer(&stranger, &[2; 32], 0).await;
        assert_eq!(refused, Err(WireReason::NotEnrolled.into()));
    })
    .await;
}

#[tokio::test]
async fn an_invitation_is_redeemed_once_and_in_time() {
    on_both(async |pool: Pool| {
        let world = World::found(pool).await;
        let chile = world.caller(&world.focal["CL"]);
        for n in 1..=3 {
            world.app.create_invitation(&chile, &[n; 32]).await.unwrap();
        }
        let (first, second) = (person(), person());
        world.app.redeem(&peer(first.tls_key), redemption(&world, &first, [1; 32])).await.unwrap();
        let void = Err(WireReason::InvitationVoid.into());
        let by_another = world.app.redeem(&peer(second.tls_key), redemption(&world, &second, [1; 32])).await;
        assert_eq!(by_another, void);
        let other_bytes =
            Redemption { mac: Bytes::from_static(&[8; 32]), ..redemption(&world, &first, [1; 32]) };
        assert_eq!(world.app.redeem(&peer(first.tls_key), other_bytes).await, void);

        world.app.close_invitation(&chile, &[2; 32], false).await.unwrap();
        let closed = world.app.redeem(&peer(second.tls_key), redemption(&world, &second, [2; 32])).await;
        assert_eq!(closed, void);
        assert_eq!(world.app.close_invitation(&chile, &[2; 32], true).await, void, "nobody to admit");

        world.later(INVITATION_MS);
        let late = world.app.redeem(&peer(second.tls_key), redemption(&world, &second, [3; 32])).await;
        assert_eq!(late, Err(WireReason::InvitationExpired.into()));
        assert_eq!(world.app.enrolment(&peer(second.tls_key), &[3; 32]).await, Ok(EnrolmentState::Expired));
        let unknown = world.app.enrolment(&peer(second.tls_key), &[4; 32]).await;
        assert_eq!(unknown, Err(AppError::NOT_FOUND), "nothing is said of what never was");
        assert_eq!(
            world.app.enrolment(&peer(first.tls_key), &[1; 32]).await,
            Ok(EnrolmentState::Redeemed),
            "what was handed in in time waits for its inviter"
        );
    })
    .await;
}

#[tokio::test]
async fn keys_are_handed_in_by_who_holds_them() {
    on_both(async |pool: Pool| {
        let world = World::found(pool).await;
        let chile = world.caller(&world.focal["CL"]);
        world.app.create_invitation(&chile, &LOOKUP).await.unwrap();
        let (newcomer, other) = (person(), person());
        let good = redemption(&world, &newcomer, LOOKUP);
        let over_another_connection = world.app.redeem(&peer(other.tls_key), good.clone()).await;
        assert_eq!(over_another_connection, Err(Reason::BadPossession.into()));
        let forged = Redemption { possession: other.possession(&world.app.root()), ..good.clone() };
        assert_eq!(
            world.app.redeem(&peer(newcomer.tls_key), forged).await,
            Err(Reason::BadPossession.into())
        );
        let no_keys = Redemption { keys: NewKeys::Person(Bytes::from_static(b"\xff")), ..good.clone() };
        assert_eq!(
            world.app.redeem(&peer(newcomer.tls_key), no_keys).await,
            Err(WireReason::Malformed.into())
        );
        assert_eq!(world.app.redeem(&peer(newcomer.tls_key), good).await, Ok(()));
    })
    .await;
}

#[tokio::test]
async fn guessing_is_cut_short() {
    on_both(async |pool: Pool| {
        let world = World::found(pool).await;
        let chile = world.caller(&world.focal["CL"]);
        world.app.create_invitation(&chile, &LOOKUP).await.unwrap();
        let guesser = person();
        for _ in 0..FAILED_LOOKUPS_MAX {
            let missed = world.app.enrolment(&peer(guesser.tls_key), &[1; 32]).await;
            assert_eq!(missed, Err(AppError::NOT_FOUND));
        }
        let told_to_wait = Err(WireReason::TooMany.into());
        assert_eq!(world.app.enrolment(&peer(guesser.tls_key), &LOOKUP).await, told_to_wait);
        let redeemed = world.app.redeem(&peer(guesser.tls_key), redemption(&world, &guesser, LOOKUP)).await;
        assert_eq!(redeemed, Err(WireReason::TooMany.into()));
        assert_eq!(world.app.enrolment(&peer(person().tls_key), &LOOKUP).await, Ok(EnrolmentState::Invited));
    })
    .await;
}

/// A wrong answer, which anyone could make who knows the lookup value alone.
async fn answered(world: &World, lookup: Lookup) -> Identity {
    let someone = person();
    world.app.redeem(&peer(someone.tls_key), redemption(world, &someone, lookup)).await.unwrap();
    someone
}

#[tokio::test]
async fn a_wrong_answer_is_rejected_and_the_next_one_taken() {
    on_both(async |pool: Pool| {
        let world = World::found(pool).await;
        let chile = world.caller(&world.focal["CL"]);
        world.app.create_invitation(&chile, &LOOKUP).await.unwrap();
        let malformed = Err(WireReason::Malformed.into());
        assert_eq!(world.app.reject_answer(&chile, &LOOKUP, 0).await, malformed, "nobody has answered");
        let wrong = answered(&world, LOOKUP).await;
        assert_eq!(world.app.reject_answer(&chile, &LOOKUP, 1).await, malformed, "there was none before");
        let left = INVITATION_ATTEMPTS_MAX - 1;
        let rejected = world.app.reject_answer(&chile, &LOOKUP, 0).await;
        assert_eq!(rejected, Ok((EnrolmentState::Invited, left)));
        let state = world.app.enrolment(&peer(wrong.tls_key), &LOOKUP).await;
        assert_eq!(state, Ok(EnrolmentState::Invited), "it is bound to nobody again");

        let right = person();
        world.app.redeem(&peer(right.tls_key), redemption(&world, &right, LOOKUP)).await.unwrap();
        let again = world.app.reject_answer(&chile, &LOOKUP, 0).await;
        assert_eq!(again, Ok((EnrolmentState::Redeemed, left)), "the same call again rejects nothing else");
        let (listed, _) = world.app.list_invitations(&chile, &[], 10).await.unwrap();
        let handed_in = redemption(&world, &right, LOOKUP);
        assert_eq!(listed[0].rejected, 1);
        assert_eq!(listed[0].handed_in, Some((handed_in.request, handed_in.mac)));
        world.app.close_invitation(&chile, &LOOKUP, true).await.unwrap();
        let void = Err(WireReason::InvitationVoid.into());
        assert_eq!(world.app.reject_answer(&chile, &LOOKUP, 1).await, void, "too late to reject");
    })
    .await;
}

#[tokio::test]
async fn ten_wrong_answers_void_an_invitation_for_good() {
    on_both(async |pool: Pool| {
        let world = World::found(pool).await;
        let chile = world.caller(&world.focal["CL"]);
        world.app.create_invitation(&chile, &LOOKUP).await.unwrap();
        for n in 0..INVITATION_ATTEMPTS_MAX {
            answered(&world, LOOKUP).await;
            let left = INVITATION_ATTEMPTS_MAX - n - 1;
            let state = if left == 0 { EnrolmentState::Void } else { EnrolmentState::Invited };
            assert_eq!(world.app.reject_answer(&chile, &LOOKUP, n).await, Ok((state, left)), "{n}");
        }
        let last = INVITATION_ATTEMPTS_MAX - 1;
        let again = world.app.reject_answer(&chile, &LOOKUP, last).await;
        assert_eq!(again, Ok((EnrolmentState::Void, 0)));
        let right = person();
        let refused = world.app.redeem(&peer(right.tls_key), redemption(&world, &right, LOOKUP)).await;
        assert_eq!(refused, Err(WireReason::InvitationVoid.into()));
        let refused = world.app.create_invitation(&chile, &LOOKUP).await;
        assert_eq!(refused, Err(WireReason::InvitationExists.into()), "nor is it opened again");
        assert_eq!(world.app.close_invitation(&chile, &LOOKUP, false).await, Ok(()));
    })
    .await;
}

/// Rejecting an answer gives an invitation no more time.
#[tokio::test]
async fn an_answer_rejected_too_late_leaves_nothing_open() {
    on_both(async |pool: Pool| {
        let world = World::found(pool).await;
        let chile = world.caller(&world.focal["CL"]);
        world.app.create_invitation(&chile, &LOOKUP).await.unwrap();
        answered(&world, LOOKUP).await;
        world.later(INVITATION_MS);
        let (state, _) = world.app.reject_answer(&chile, &LOOKUP, 0).await.unwrap();
        assert_eq!(state, EnrolmentState::Expired);
        let late = person();
        let refused = world.app.redeem(&peer(late.tls_key), redemption(&world, &late, LOOKUP)).await;
        assert_eq!(refused, Err(WireReason::InvitationExpired.into()));
    })
    .await;
}

#[tokio::test]
async fn a_further_device_answers_as_a_newcomer_does() {
    on_both(async |pool: Pool| {
        let world = World::found(pool).await;
        let expert = world.expert("CL").await;
        let inviter = world.caller(&expert);
        world.app.create_invitation(&inviter, &LOOKUP).await.unwrap();
        let device = further_device(&expert, person().tls_key);
        let from = peer(device.tls_key);
        let added = world.add_device(&device, None);
        let answer = Redemption {
            lookup: LOOKUP,
            request: added.keys_bytes.clone(),
            mac: Bytes::from_static(&[9; 32]),
            keys: NewKeys::Device(added.keys_bytes.clone()),
            possession: added.possession,
        };
        let bad = Err(Reason::BadPossession.into());
        let as_person = Redemption { possession: device.possession(&world.root.key_id()), ..answer.clone() };
        assert_eq!(world.app.redeem(&from, as_person).await, bad, "signed as a person's keys");
        let other = peer(random_key());
        assert_eq!(world.app.redeem(&other, answer.clone()).await, bad, "from another's connection");
        let person_keys = Redemption { keys: NewKeys::Person(added.keys_bytes), ..answer.clone() };
        let malformed = Err(WireReason::Malformed.into());
        assert_eq!(world.app.redeem(&from, person_keys).await, malformed, "no person's keys");
        assert_eq!(world.app.redeem(&from, answer).await, Ok(()));
        assert_eq!(world.app.enrolment(&from, &LOOKUP).await, Ok(EnrolmentState::Redeemed));
        world.bring_in(&expert, &device).await;
        assert_eq!(world.app.enrolment(&from, &LOOKUP).await, Ok(EnrolmentState::Admitted));
    })
    .await;
}

#[tokio::test]
async fn an_invitation_ends_with_its_inviter() {
    on_both(async |pool: Pool| {
        let world = World::found(pool).await;
        let end_ms = world.now_ms() + 1_000;
        let temporary = world.until(random_key(), end_ms).await;
        let inviter = world.caller(&temporary);
        for n in 1..=2 {
            world.app.create_invitation(&inviter, &[n; 32]).await.unwrap();
        }
        let someone = answered(&world, [1; 32]).await;
        world.later(1_000);
        for (n, from) in [(1, someone.tls_key), (2, random_key())] {
            let state = world.app.enrolment(&peer(from), &[n; 32]).await;
            assert_eq!(state, Ok(EnrolmentState::Void), "{n}");
        }
        let late = person();
        let refused = world.app.redeem(&peer(late.tls_key), redemption(&world, &late, [2; 32])).await;
        assert_eq!(refused, Err(WireReason::InvitationVoid.into()));
    })
    .await;
}

#[tokio::test]
async fn guessing_with_a_fresh_key_for_each_try_is_cut_short_too() {
    on_both(async |pool: Pool| {
        let world = World::found(pool).await;
        for _ in 0..FAILED_PER_ADDRESS_MAX {
            let missed = world.app.enrolment(&peer(random_key()), &[1; 32]).await;
            assert_eq!(missed, Err(AppError::NOT_FOUND));
        }
        let wait = Err(WireReason::TooMany.into());
        assert_eq!(world.app.enrolment(&peer(random_key()), &[1; 32]).await, wait);
        let elsewhere = PeerKey { addr: ([192, 0, 2, 2], 1).into(), ..peer(random_key()) };
        assert_eq!(world.app.enrolment(&elsewhere, &[1; 32]).await, Err(AppError::NOT_FOUND));
        world.later(60 * 60 * 1_000);
        assert_eq!(world.app.enrolment(&peer(random_key()), &[1; 32]).await, Err(AppError::NOT_FOUND));
    })
    .await;
}

fn random_key() -> KeyId {
    person().tls_key
}

fn numbered(n: u32) -> Lookup {
    let mut lookup = [0; 32];
    lookup[..4].copy_from_slice(&n.to_be_bytes());
    lookup
}

#[tokio::test]
async fn open_invitations_are_bounded() {
    on_both(async |pool: Pool| {
        let world = World::found(pool).await;
        let expert = world.expert("CL").await;
        for (inviter, max) in
            [(&world.focal["CL"], OPEN_INVITATIONS_MAX), (&expert, OPEN_DEVICE_INVITATIONS_MAX)]
        {
            let from = 10_000 * max;
            let inviter = world.caller(inviter);
            for n in 0..max {
                world.app.create_invitation(&inviter, &numbered(from + n)).await.unwrap();
            }
            let next = numbered(from + max);
            let refused = world.app.create_invitation(&inviter, &next).await;
            assert_eq!(refused, Err(WireReason::TooMany.into()), "{max}");
            world.app.close_invitation(&inviter, &numbered(from), false).await.unwrap();
            assert!(world.app.create_invitation(&inviter, &next).await.is_ok(), "{max}");
            let (page, more) = world.app.list_invitations(&inviter, &numbered(from + 3), 2).await.unwrap();
            let lookups: Vec<_> = page.iter().map(|one| one.lookup).collect();
            assert_eq!(lookups, [numbered(from + 4), numbered(from + 5)]);
            assert_eq!(more, Some(numbered(from + 5)));
        }
    })
    .await;
}

#[tokio::test]
async fn closing_and_opening_has_an_end() {
    on_both(async |pool: Pool| {
        let world = World::found(pool).await;
        let officer = world.caller(&world.officer);
        let made_max = OPEN_DEVICE_INVITATIONS_MAX * u32::try_from(MADE_PER_OPEN).unwrap();
        for n in 0..made_max {
            world.app.create_invitation(&officer, &numbered(n)).await.unwrap();
            world.app.close_invitation(&officer, &numbered(n), false).await.unwrap();
        }
        let next = numbered(made_max);
        assert_eq!(world.app.create_invitation(&officer, &next).await, Err(WireReason::TooMany.into()));
        world.later(INVITATION_MS);
        assert!(world.app.create_invitation(&officer, &next).await.is_ok());
    })
    .await;
}
