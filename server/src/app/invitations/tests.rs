//! The way of an invitation, and every way in which it is refused.

use chancery_client::identity::Identity;
use chancery_core::act::Role as PersonRole;
use chancery_core::error::Reason;
use chancery_core::limits::FAILED_LOOKUPS_MAX;

use super::*;
use crate::app::enrol::Redemption;
use crate::store::db::Pool;
use crate::store::db::testing::on_both;
use crate::testing::{World, person, state};

const LOOKUP: Lookup = [7; 32];

fn redemption(world: &World, newcomer: &Identity, lookup: Lookup) -> Redemption {
    let keys = Bytes::from(newcomer.public_keys().encode());
    Redemption {
        lookup,
        request: [&keys[..], b"request"].concat().into(),
        mac: Bytes::from_static(&[9; 32]),
        keys,
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
        assert_eq!(world.app.enrolment(newcomer.tls_key, &LOOKUP).await, Ok(EnrolmentState::Invited));

        let handed_in = redemption(&world, &newcomer, LOOKUP);
        for _ in 0..2 {
            assert_eq!(world.app.redeem(newcomer.tls_key, handed_in.clone()).await, Ok(()));
        }
        assert_eq!(world.app.enrolment(newcomer.tls_key, &LOOKUP).await, Ok(EnrolmentState::Redeemed));
        let other = person();
        assert_eq!(world.app.enrolment(other.tls_key, &LOOKUP).await, Ok(EnrolmentState::Void));
        let (listed, next) = world.app.list_invitations(&chile, &[], 10).await.unwrap();
        let expect = Invitation {
            lookup: LOOKUP,
            state: EnrolmentState::Redeemed,
            expires_ms,
            handed_in: Some((handed_in.request.clone(), handed_in.mac.clone())),
        };
        assert_eq!((listed, next), (vec![expect], None));

        let admission =
            world.admission(&newcomer, PersonRole::Expert, Some(state("CL")), &["firearms"], true);
        world.state_in(&world.focal["CL"], world.directory_id(), admission).await.unwrap();
        assert_eq!(world.app.enrolment(newcomer.tls_key, &LOOKUP).await, Ok(EnrolmentState::Admitted));
        for _ in 0..2 {
            assert_eq!(world.app.close_invitation(&chile, &LOOKUP, true).await, Ok(()));
        }
        assert_eq!(world.app.enrolment(newcomer.tls_key, &LOOKUP).await, Ok(EnrolmentState::Admitted));
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
            (3, world.caller(&world.officer), Some(WireReason::NotYours)),
            (4, world.caller(&expert), Some(WireReason::NotYours)),
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
        world.app.redeem(first.tls_key, redemption(&world, &first, [1; 32])).await.unwrap();
        let void = Err(WireReason::InvitationVoid.into());
        let by_another = world.app.redeem(second.tls_key, redemption(&world, &second, [1; 32])).await;
        assert_eq!(by_another, void);
        let other_bytes =
            Redemption { mac: Bytes::from_static(&[8; 32]), ..redemption(&world, &first, [1; 32]) };
        assert_eq!(world.app.redeem(first.tls_key, other_bytes).await, void);

        world.app.close_invitation(&chile, &[2; 32], false).await.unwrap();
        let closed = world.app.redeem(second.tls_key, redemption(&world, &second, [2; 32])).await;
        assert_eq!(closed, void);
        assert_eq!(world.app.close_invitation(&chile, &[2; 32], true).await, void, "nobody to admit");

        world.later(INVITATION_MS);
        let late = world.app.redeem(second.tls_key, redemption(&world, &second, [3; 32])).await;
        assert_eq!(late, Err(WireReason::InvitationExpired.into()));
        assert_eq!(world.app.enrolment(second.tls_key, &[3; 32]).await, Ok(EnrolmentState::Void));
        assert_eq!(
            world.app.enrolment(first.tls_key, &[1; 32]).await,
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
        let over_another_connection = world.app.redeem(other.tls_key, good.clone()).await;
        assert_eq!(over_another_connection, Err(Reason::BadPossession.into()));
        let forged = Redemption { possession: other.possession(&world.app.root()), ..good.clone() };
        assert_eq!(world.app.redeem(newcomer.tls_key, forged).await, Err(Reason::BadPossession.into()));
        let no_keys = Redemption { keys: Bytes::from_static(b"\xff"), ..good.clone() };
        assert_eq!(world.app.redeem(newcomer.tls_key, no_keys).await, Err(WireReason::Malformed.into()));
        assert_eq!(world.app.redeem(newcomer.tls_key, good).await, Ok(()));
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
            let missed = world.app.enrolment(guesser.tls_key, &[1; 32]).await;
            assert_eq!(missed, Err(AppError::NOT_FOUND));
        }
        let told_to_wait = Err(WireReason::TooMany.into());
        assert_eq!(world.app.enrolment(guesser.tls_key, &LOOKUP).await, told_to_wait);
        let redeemed = world.app.redeem(guesser.tls_key, redemption(&world, &guesser, LOOKUP)).await;
        assert_eq!(redeemed, Err(WireReason::TooMany.into()));
        assert_eq!(world.app.enrolment(person().tls_key, &LOOKUP).await, Ok(EnrolmentState::Invited));
    })
    .await;
}

#[tokio::test]
async fn open_invitations_are_bounded() {
    on_both(async |pool: Pool| {
        let world = World::found(pool).await;
        let chile = world.caller(&world.focal["CL"]);
        let lookup = |n: u32| {
            let mut lookup = [0; 32];
            lookup[..4].copy_from_slice(&n.to_be_bytes());
            lookup
        };
        for n in 0..OPEN_INVITATIONS_MAX {
            world.app.create_invitation(&chile, &lookup(n)).await.unwrap();
        }
        let next = lookup(OPEN_INVITATIONS_MAX);
        assert_eq!(world.app.create_invitation(&chile, &next).await, Err(WireReason::TooMany.into()));
        world.app.close_invitation(&chile, &lookup(0), false).await.unwrap();
        assert!(world.app.create_invitation(&chile, &next).await.is_ok());
        let (page, more) = world.app.list_invitations(&chile, &lookup(3), 2).await.unwrap();
        assert_eq!(page.iter().map(|one| one.lookup).collect::<Vec<_>>(), [lookup(4), lookup(5)]);
        assert_eq!(more, Some(lookup(5)));
    })
    .await;
}
