//! Appends, on both engines, with acts as clients make them.

mod disclosures;
mod refusals;

use chancery_core::act::Statement;
use chancery_core::log::{Checkpoint, origin, verify_inclusion};
use chancery_core::mechanism::ItemKind;

use super::*;
use crate::app::check::Check;
use crate::store::db::Pool;
use crate::store::db::testing::on_both;
use crate::testing::{World, bare, body, random};

/// Nothing is wrong with the database.
pub(super) async fn clean(world: &World) {
    let check = Check {
        pool: &world.pool,
        blobs: &world.blobs,
        mechanism: world.app.mechanism(),
        mechanism_digest: chancery_core::id::Digest::of(world.app.mechanism_file()),
        root: world.app.root(),
        deep: true,
    };
    let mut found = Vec::new();
    check.run(&mut |finding| found.push(finding.to_string())).await.unwrap();
    assert_eq!(found, [""; 0]);
}

#[tokio::test]
async fn a_receipt_proves_that_the_act_stands_in_the_log() {
    on_both(async |pool: Pool| {
        let world = World::found(pool).await;
        let strand = world.strand().await;
        let (_, entry) = world.question(&strand, "Which article?").await;
        world.later(5);
        let receipt = world.send(&world.focal["KE"], strand.id, vec![entry.clone()]).await.unwrap().remove(0);
        assert_eq!((receipt.index, receipt.log_time_ms), (1, crate::testing::NOW_MS + 5));
        let log_key = *crate::app::LogKey::from_pkcs8(&world.log_key).unwrap().public();
        let origin = origin(&world.app.root(), &strand.id);
        let checkpoint = Checkpoint::open(&receipt.checkpoint, &origin, &log_key).unwrap();
        assert_eq!(checkpoint.head.size, 2);
        let (index, time) = (receipt.index, receipt.log_time_ms);
        verify_inclusion(&checkpoint.head, index, &entry.signed, time, &receipt.proof).unwrap();
        clean(&world).await;
    })
    .await;
}

#[tokio::test]
async fn the_same_bytes_keep_their_first_place() {
    on_both(async |pool: Pool| {
        let world = World::found(pool).await;
        let strand = world.strand().await;
        let (_, first) = world.question(&strand, "First").await;
        let (_, second) = world.question(&strand, "Second").await;
        let kenya = &world.focal["KE"];
        let receipt = world.send(kenya, strand.id, vec![first.clone()]).await.unwrap().remove(0);
        world.later(1_000);
        world.send(kenya, strand.id, vec![second.clone()]).await.unwrap();
        // Even when its basis is no longer fresh, and beside an act that stands there too.
        world.expert("CL").await;
        world.later(1_000);
        let again = world.send(kenya, strand.id, vec![first.clone(), second]).await.unwrap();
        assert_eq!((again[0].index, again[0].log_time_ms), (receipt.index, receipt.log_time_ms));
        assert_eq!(again[1].index, receipt.index + 1);
        assert_eq!(world.size(&strand.id).await, 3);
        clean(&world).await;
    })
    .await;
}

#[tokio::test]
async fn an_append_lands_whole_or_not_at_all() {
    on_both(async |pool: Pool| {
        let world = World::found(pool).await;
        let strand = world.strand().await;
        let kenya = &world.focal["KE"];
        let (_, good) = world.question(&strand, "Good").await;
        let place = (random(), Some(random()), ItemKind::Clarification);
        let (_, bad) = world.revision(kenya, "KE", &strand, place, &body("Follows nothing")).await;
        let refused = world.send(kenya, strand.id, vec![good.clone(), bad]).await;
        assert_eq!(refused, Err(Reason::NoSuchSubject.into()));
        assert_eq!(world.size(&strand.id).await, 1);
        clean(&world).await;
        assert_eq!(world.send(kenya, strand.id, vec![good]).await.unwrap()[0].index, 1);
        clean(&world).await;
    })
    .await;
}

/// Requests that wait together are one transaction; each is decided on the state that the former left.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_senders_get_one_place_each() {
    on_both(async |pool: Pool| {
        let world = std::sync::Arc::new(World::found(pool).await);
        let strand = world.strand().await;
        let mut sends = Vec::new();
        for n in 0..40 {
            let (_, entry) = world.question(&strand, &format!("Question {n}")).await;
            let (world, id) = (world.clone(), strand.id);
            sends.push(tokio::spawn(async move {
                world.send(&world.focal["KE"], id, vec![entry]).await.unwrap().remove(0).index
            }));
        }
        let mut places = Vec::new();
        for send in sends {
            places.push(send.await.unwrap());
        }
        places.sort_unstable();
        assert_eq!(places, (1..=40).collect::<Vec<_>>());
        clean(&world).await;
    })
    .await;
}

/// One of a group that is refused takes nothing from the others.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusal_leaves_its_neighbours() {
    on_both(async |pool: Pool| {
        let world = std::sync::Arc::new(World::found(pool).await);
        let strand = world.strand().await;
        // All are the first of one section: one wins.
        let section = random();
        let mut sends = Vec::new();
        for n in 0..12 {
            let place = (section, None, ItemKind::Clarification);
            let text = format!("Question {n}");
            let (_, entry) = world.revision(&world.focal["KE"], "KE", &strand, place, &body(&text)).await;
            let (world, id) = (world.clone(), strand.id);
            sends.push(tokio::spawn(async move { world.send(&world.focal["KE"], id, vec![entry]).await }));
        }
        let mut outcomes = Vec::new();
        for send in sends {
            outcomes.push(send.await.unwrap().map(|receipts| receipts[0].index));
        }
        assert_eq!(outcomes.iter().filter(|outcome| **outcome == Ok(1)).count(), 1, "{outcomes:?}");
        let refused = Err(Reason::NotTheLatest.into());
        assert_eq!(outcomes.iter().filter(|outcome| **outcome == refused).count(), 11, "{outcomes:?}");
        clean(&world).await;
    })
    .await;
}

/// Two servers on one database decide on what the database holds, not on what each has seen.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replicas_agree() {
    on_both(async |pool: Pool| {
        if pool.engine() == crate::store::db::Engine::Sqlite {
            // An embedded database has one server.
            return;
        }
        let world = World::found(pool).await;
        let strand = world.strand().await;
        let replica = world.replica().await;
        let mut sends = Vec::new();
        for n in 0..30 {
            let (_, entry) = world.question(&strand, &format!("Question {n}")).await;
            let app = if n % 2 == 0 { world.app.clone() } else { replica.clone() };
            let (caller, id) = (world.caller(&world.focal["KE"]), strand.id);
            sends.push(tokio::spawn(async move { app.append(&caller, id, vec![entry]).await }));
        }
        let mut places = Vec::new();
        for send in sends {
            places.push(send.await.unwrap().unwrap().remove(0).index);
        }
        places.sort_unstable();
        assert_eq!(places, (1..=30).collect::<Vec<_>>());
        let heads =
            [&world.app, &replica].map(async |app| app.view(&strand.id).await.unwrap().unwrap().log().head());
        let [one, other] = heads;
        assert_eq!(one.await, other.await);
        clean(&world).await;
    })
    .await;
}

#[tokio::test]
async fn a_state_is_read_again_from_the_log() {
    on_both(async |pool: Pool| {
        let world = World::found(pool).await;
        let strand = world.strand().await;
        let (_, entry) = world.question(&strand, "Question").await;
        world.send(&world.focal["KE"], strand.id, vec![entry]).await.unwrap();
        let fresh = world.replica().await;
        for id in [world.directory_id(), strand.review, strand.id] {
            let kept = world.app.view(&id).await.unwrap().unwrap().log().head();
            assert_eq!(fresh.view(&id).await.unwrap().unwrap().log().head(), kept);
        }
    })
    .await;
}

#[tokio::test]
async fn who_leaves_the_directory_is_a_stranger_at_once() {
    on_both(async |pool: Pool| {
        let world = World::found(pool).await;
        let strand = world.strand().await;
        let expert = world.expert("KE").await;
        world.join(&world.focal["KE"], strand.id, &strand.ring, &expert).await;
        let place = (random(), None, ItemKind::Clarification);
        let (_, before) = world.revision(&expert, "KE", &strand, place, &body("Before")).await;
        let (_, after) = world.question(&strand, "After").await;
        let caller = world.caller(&expert);
        let leaves = Statement::RemovePerson(expert.user);
        world.state_in(&world.focal["KE"], world.directory_id(), leaves).await.unwrap();
        assert!(!world.caller(&expert).is_enrolled());
        // A call that was under way is asked again: the channel is not there for it any more.
        assert_eq!(world.app.append(&caller, strand.id, vec![before]).await, Err(AppError::NOT_FOUND));
        // A colleague signed before it happened: the readers are not the same any more.
        let stale = world.send(&world.focal["KE"], strand.id, vec![after]).await;
        assert_eq!(stale, Err(Reason::StaleBasis.into()));
        // With a fresh basis the epoch is stale: its secret is known to one who left.
        let (_, after) = world.question(&strand, "After").await;
        let stale = world.send(&world.focal["KE"], strand.id, vec![after]).await;
        assert_eq!(stale, Err(Reason::StaleEpoch.into()));
        clean(&world).await;
    })
    .await;
}

#[tokio::test]
async fn a_review_begins_under_an_id_that_is_free() {
    on_both(async |pool: Pool| {
        let world = World::found(pool).await;
        let (review, _) = world.open_review().await;
        let opens = |world: &World| Statement::OpenReview(world.roster());
        for id in [review] {
            let taken = world.state_in(&world.officer, id, opens(&world)).await;
            assert_eq!(taken, Err(Reason::AlreadyThere.into()));
        }
        let by_a_state = world.state_in(&world.focal["CL"], random(), opens(&world)).await;
        assert_eq!(by_a_state, Err(AppError::NOT_FOUND), "absent channels look the same to all but officers");
        let opening = chancery_core::act::Opening::Strand(crate::testing::instrument("untoc"));
        let opening = chancery_core::act::OpenChannel { channel: world.directory_id(), opening };
        let taken = world.state_in(&world.officer, review, Statement::OpenChannel(opening)).await;
        assert!(taken.is_err(), "{taken:?}");
        clean(&world).await;
    })
    .await;
}

#[tokio::test]
async fn the_root_speaks_through_the_custodians_alone() {
    on_both(async |pool: Pool| {
        let world = World::found(pool).await;
        let roster = chancery_core::act::AdmitState {
            state: crate::testing::state("NO"),
            group: chancery_core::act::RegionalGroup::WesternEuropeOthers,
            standings: Vec::new(),
        };
        world.by_root(Statement::AdmitState(roster.clone())).await.unwrap();
        let custodian = Caller::Custodian { tls_key: world.custodian };
        let by_officer =
            world.act(&world.officer, &world.directory_id(), Statement::AdmitState(roster)).await;
        let refused = world.app.append(&custodian, world.directory_id(), vec![bare(&by_officer)]).await;
        assert_eq!(refused, Err(Reason::WrongSigner.into()));
        let (review, _) = world.open_review().await;
        let refused = world.app.append(&custodian, review, vec![bare(&by_officer)]).await;
        assert_eq!(refused, Err(AppError::NOT_FOUND));
    })
    .await;
}
