//! Following every channel: what comes is verified, kept and handed on.

use std::collections::BTreeMap;
use std::time::Duration;

use chancery_core::id::{ActId, ChannelId};
use chancery_core::log::{Checkpoint, origin};
use tokio::time::{Instant, sleep, timeout_at};

use crate::link::{LinkError, WatchEvent};
use crate::sync::{Session, SessionError};

/// How long a watch goes on.
#[derive(Debug, Clone, Copy, Default)]
pub struct Bounds {
    /// For so long.
    pub time: Option<Duration>,
    /// Until so many entries have come.
    pub entries: Option<u64>,
}

/// What came.
#[derive(Debug, Clone)]
pub struct Arrived {
    /// The channel.
    pub channel: ChannelId,
    /// Index of the entry.
    pub index: u64,
    /// Its act.
    pub act: ActId,
}

/// Without a sign of life for so long the watch is begun anew.
const SILENCE: Duration = Duration::from_mins(1);
/// Between a broken watch and the next.
const PAUSE: Duration = Duration::from_millis(500);
const PAUSE_MAX: Duration = Duration::from_secs(15);

/// Follows every channel that the person reads, those that are opened meanwhile too, and hands on what comes.
/// A broken connection is resumed where it broke off.
///
/// # Errors
/// [`SessionError`]; a server that is away for a while is none.
pub async fn watch(
    session: &mut Session,
    bounds: Bounds,
    mut arrived: impl FnMut(&Session, &Arrived) -> Result<(), SessionError>,
) -> Result<u64, SessionError> {
    let end = bounds.time.map(|time| Instant::now() + time);
    let mut count = 0;
    let mut pause = PAUSE;
    session.sync_all().await?;
    while !over(end, bounds.entries, count) {
        match follow(session, end, bounds.entries, &mut count, &mut arrived).await {
            Ok(()) => pause = PAUSE,
            Err(SessionError::Link(LinkError::Unavailable(_))) => {
                let until = Instant::now() + pause;
                sleep(end.map_or(until, |end| end.min(until)) - Instant::now()).await;
                pause = (pause * 2).min(PAUSE_MAX);
            }
            Err(error) => return Err(error),
        }
    }
    Ok(count)
}

fn over(end: Option<Instant>, entries: Option<u64>, count: u64) -> bool {
    end.is_some_and(|end| Instant::now() >= end) || entries.is_some_and(|entries| count >= entries)
}

/// One watch, until it breaks off or a channel is opened that it does not follow.
async fn follow(
    session: &mut Session,
    end: Option<Instant>,
    entries: Option<u64>,
    count: &mut u64,
    arrived: &mut impl FnMut(&Session, &Arrived) -> Result<(), SessionError>,
) -> Result<(), SessionError> {
    // What came between two watches is handed on, too.
    let before = sizes(session);
    session.sync_all().await?;
    hand_on(session, &before, count, arrived)?;
    let directory = session.directory();
    let mut follows = vec![(directory.id(), directory.head().size)];
    follows.extend(session.channels().map(|copy| (copy.id(), copy.head().size)));
    let mut stream = session.link.watch(&follows).await?;
    while !over(end, entries, *count) {
        let silence = Instant::now() + SILENCE;
        let until = end.map_or(silence, |end| end.min(silence));
        let Ok(event) = timeout_at(until, stream.next()).await else { return Ok(()) };
        let Some(event) = event? else { return Ok(()) };
        let moved = match event {
            WatchEvent::Entries { channel, .. } => vec![channel],
            WatchEvent::Heartbeat { checkpoints, .. } => behind(session, &checkpoints),
        };
        let directory = session.directory().id();
        for channel in moved {
            let before = sizes(session);
            if channel == directory {
                session.sync_directory().await?;
            } else {
                session.sync_channel(channel).await?;
            }
            hand_on(session, &before, count, arrived)?;
            // A review may have opened a channel, or the directory brought the person into one.
            let known = session.channels().count();
            session.list().await?;
            if session.readable() > known {
                return Ok(());
            }
        }
    }
    Ok(())
}

/// Channels of which a sign of life says that there is more than is held: entries are being withheld, or late.
fn behind(session: &Session, checkpoints: &[String]) -> Vec<ChannelId> {
    let Some(log_key) = session.directory().log_key() else { return Vec::new() };
    let copies = session.channels().map(|copy| (copy.id(), copy.head().size));
    copies
        .filter(|(id, size)| {
            let origin = origin(session.root(), id);
            checkpoints.iter().any(|note| {
                Checkpoint::open(note, &origin, &log_key).is_ok_and(|newer| newer.head.size > *size)
            })
        })
        .map(|(id, _)| id)
        .collect()
}

fn sizes(session: &Session) -> BTreeMap<ChannelId, u64> {
    session.channels().map(|copy| (copy.id(), copy.head().size)).collect()
}

fn hand_on(
    session: &Session,
    before: &BTreeMap<ChannelId, u64>,
    count: &mut u64,
    arrived: &mut impl FnMut(&Session, &Arrived) -> Result<(), SessionError>,
) -> Result<(), SessionError> {
    for copy in session.channels() {
        let from = before.get(&copy.id()).copied().unwrap_or(0);
        for entry in copy.entries.iter().filter(|entry| entry.index >= from) {
            let act = entry.act()?.content().header.act_id;
            *count += 1;
            arrived(session, &Arrived { channel: copy.id(), index: entry.index, act })?;
        }
    }
    Ok(())
}
