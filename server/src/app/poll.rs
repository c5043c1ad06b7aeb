//! Behind the feed, where several servers share one database: what another has appended is found by asking
//! about once a second. On SQLite this process is the only writer, and its own feed misses nothing.

use std::collections::HashMap;
use std::time::Duration;

use chancery_core::id::ChannelId;
use tokio::time::{MissedTickBehavior, interval};

use super::{App, AppError};
use crate::store::db::{Engine, Source};
use crate::store::log;

/// Wakes the watchers of channels that grew elsewhere, until the server stops.
pub async fn run(app: App) {
    if app.pool().engine() == Engine::Sqlite {
        return;
    }
    let mut every = interval(EVERY);
    every.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut known = HashMap::new();
    loop {
        tokio::select! {
            () = app.stopping().cancelled() => return,
            _ = every.tick() => {}
        }
        if let Err(error) = look(&app, &mut known).await {
            tracing::warn!(%error, "the sizes of watched channels could not be read; they are asked for again");
        }
    }
}

/// Asks once: publishes the size of every watched channel that is not the size known.
async fn look(app: &App, known: &mut HashMap<ChannelId, u64>) -> Result<(), AppError> {
    let watched = app.feed().watched();
    let rows = log::heads(&mut Source::Pool(app.pool()), &watched).await?;
    let sizes: HashMap<ChannelId, u64> = rows.into_iter().map(|row| (row.id, row.size)).collect();
    for (channel, size) in &sizes {
        if known.get(channel) != Some(size) {
            app.feed().publish(*channel, *size);
        }
    }
    // What nobody watches any more is forgotten.
    *known = sizes;
    Ok(())
}

const EVERY: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::db::Pool;
    use crate::store::db::testing::on_both;
    use crate::testing::World;

    #[tokio::test]
    async fn what_another_server_appends_wakes_the_watchers_here() {
        on_both(async |pool: Pool| {
            let world = World::found(pool).await;
            let strand = world.strand().await;
            let here = world.replica().await;
            let mut watcher = here.feed().subscribe([strand.id]);
            let mut known = HashMap::new();
            look(&here, &mut known).await.unwrap();
            assert_eq!(watcher.moved().await[0].size, 1);
            let (_, entry) = world.question(&strand, "Question").await;
            world.send(&world.focal["KE"], strand.id, vec![entry]).await.unwrap();
            look(&here, &mut known).await.unwrap();
            let moved = watcher.moved().await;
            assert_eq!((moved[0].channel, moved[0].size), (strand.id, 2));
            drop(watcher);
            look(&here, &mut known).await.unwrap();
            assert!(known.is_empty());
        })
        .await;
    }
}
