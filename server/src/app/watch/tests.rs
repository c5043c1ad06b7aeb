//! What a watcher is told, and when a watch ends.

use chancery_core::act::Statement;

use super::*;
use crate::store::db::Pool;
use crate::store::db::testing::on_both;
use crate::testing::{Strand, World, random};

fn indexes(event: &WatchEvent) -> Vec<u64> {
    match event {
        WatchEvent::Entries { entries, .. } => entries.iter().map(|entry| entry.index).collect(),
        WatchEvent::Heartbeat { .. } => panic!("a heartbeat: {event:?}"),
    }
}

/// The next event that brings entries; signs of life in between are passed over.
async fn entries(watch: &mut Watch) -> Vec<u64> {
    loop {
        match watch.next().await.unwrap() {
            WatchEvent::Heartbeat { .. } => {}
            event @ WatchEvent::Entries { .. } => return indexes(&event),
        }
    }
}

async fn ask(world: &World, strand: &Strand) {
    let (_, entry) = world.question(strand, "Question").await;
    world.send(&world.focal["KE"], strand.id, vec![entry]).await.unwrap();
}

#[tokio::test]
async fn a_watch_goes_on_where_the_reader_stands() {
    on_both(async |pool: Pool| {
        let world = World::found(pool).await;
        let strand = world.strand().await;
        ask(&world, &strand).await;
        let caller = world.caller(&world.focal["PT"]);
        let mut watch = world.app.watch(caller, vec![(strand.id, 1), (strand.review, 9)]).await.unwrap();
        assert_eq!(indexes(&watch.next().await.unwrap()), [1]);
        // Caught up: a sign of life says at once where the other channel stands.
        match watch.next().await.unwrap() {
            WatchEvent::Heartbeat { server_time_ms, checkpoints } => {
                assert_eq!((server_time_ms, checkpoints.len()), (crate::testing::NOW_MS, 1));
            }
            event @ WatchEvent::Entries { .. } => panic!("{event:?}"),
        }
        ask(&world, &strand).await;
        ask(&world, &strand).await;
        let mut got = entries(&mut watch).await;
        while got.len() < 2 {
            got.extend(entries(&mut watch).await);
        }
        assert_eq!(got, [2, 3]);
    })
    .await;
}

#[tokio::test]
async fn a_watch_of_what_is_not_there_is_refused() {
    on_both(async |pool: Pool| {
        let world = World::found(pool).await;
        let strand = world.strand().await;
        let japan = world.caller(&world.focal["JP"]);
        let directory = world.directory_id();
        let many: Vec<_> = (0..=WATCHED_CHANNELS_MAX).map(|_| (random(), 0)).collect();
        for (name, caller, channels, expect) in [
            ("forbidden", japan, vec![(directory, 0), (strand.id, 0)], AppError::NOT_FOUND),
            ("absent", japan, vec![(random(), 0)], AppError::NOT_FOUND),
            ("nothing", japan, vec![], WireReason::Malformed.into()),
            ("twice", japan, vec![(directory, 0), (directory, 1)], WireReason::Malformed.into()),
            ("too many", japan, many, WireReason::TooLarge.into()),
            (
                "a stranger",
                Caller::Stranger { tls_key: chancery_core::id::KeyId::new([1; 32]) },
                vec![(directory, 0)],
                WireReason::NotEnrolled.into(),
            ),
        ] {
            assert_eq!(world.app.watch(caller, channels).await.err(), Some(expect), "{name}");
        }
        assert!(world.app.feed().watched().is_empty(), "a refused watch leaves nothing behind");
    })
    .await;
}

#[tokio::test]
async fn a_watch_ends_with_the_right_to_it() {
    on_both(async |pool: Pool| {
        let world = World::found(pool).await;
        let mut strand = world.strand().await;
        let expert = world.expert("KE").await;
        let kenya = &world.focal["KE"];
        world.join(kenya, strand.id, &strand.ring, &expert).await;
        let mut watch = world.app.watch(world.caller(&expert), vec![(strand.id, 2)]).await.unwrap();
        assert!(matches!(watch.next().await, Ok(WatchEvent::Heartbeat { .. })));
        world.state_in(kenya, strand.id, Statement::RemoveMember(expert.user)).await.unwrap();
        world.rotate(kenya, strand.id, &mut strand.ring).await.unwrap();
        assert_eq!(watch.next().await, Err(AppError::NOT_FOUND));
    })
    .await;
}

/// Nothing is written when a person's time ends: the next sign of life finds it.
#[tokio::test]
async fn a_watch_ends_with_the_time_of_its_person() {
    on_both(async |pool: Pool| {
        let world = World::found(pool).await;
        let temporary = world.until(crate::testing::person().tls_key, world.now_ms() + 1_000).await;
        let caller = world.caller(&temporary);
        let mut watch = world.app.watch(caller, vec![(world.directory_id(), 99)]).await.unwrap();
        assert!(matches!(watch.next().await, Ok(WatchEvent::Heartbeat { .. })));
        world.later(999);
        watch.heartbeat.reset_immediately();
        assert!(matches!(watch.next().await, Ok(WatchEvent::Heartbeat { .. })));
        world.later(1);
        watch.heartbeat.reset_immediately();
        assert_eq!(watch.next().await, Err(AppError::NOT_FOUND));
        let again = world.app.watch(world.caller(&temporary), vec![(world.directory_id(), 0)]).await;
        assert_eq!(again.err(), Some(WireReason::NotEnrolled.into()));
    })
    .await;
}

#[tokio::test]
async fn a_watch_ends_when_the_server_stops() {
    on_both(async |pool: Pool| {
        let world = World::found(pool).await;
        let caller = world.caller(&world.officer);
        let mut watch = world.app.watch(caller, vec![(world.directory_id(), 99)]).await.unwrap();
        assert!(matches!(watch.next().await, Ok(WatchEvent::Heartbeat { .. })));
        world.app.stopping().cancel();
        assert_eq!(watch.next().await, Err(WireReason::Stopping.into()));
    })
    .await;
}
