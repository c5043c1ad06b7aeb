//! Following every channel: what comes is verified, kept and handed on.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use chancery_core::act::Statement;
use chancery_core::id::{ActId, ChannelId};
use chancery_core::log::{Checkpoint, origin};
use tokio::time::{Instant, sleep_until, timeout_at};

use crate::clock::now_ms;
use crate::link::{LinkError, WatchEvent};
use crate::sync::{Session, SessionError};

/// How long a watch goes on.
#[derive(Debug, Clone, Copy, Default)]
pub struct Bounds<'a> {
    /// For so long.
    pub time: Option<Duration>,
    /// Until so many entries have come.
    pub entries: Option<u64>,
    /// Until nobody seems to be there any more.
    pub idle: Option<&'a Idle>,
}

/// Why a watch ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// Its time is over, or so many entries have come.
    Done,
    /// Nothing has come and nobody gave a sign.
    Idle,
}

/// How long nothing has come and nobody has given a sign. Time in which the machine slept counts.
#[derive(Debug)]
pub struct Idle {
    after: Duration,
    since: Mutex<Since>,
}

/// The clock goes on while the machine sleeps, and can be set; the other one does neither.
#[derive(Debug, Clone, Copy)]
struct Since {
    at: Instant,
    clock_ms: u64,
}

impl Idle {
    /// Begins to count.
    #[must_use]
    pub fn new(after: Duration) -> Self {
        Self { after, since: Mutex::new(Since::now()) }
    }

    /// Somebody is there, or something has come: begins anew.
    pub fn sign(&self) {
        *self.since.lock().unwrap_or_else(PoisonError::into_inner) = Since::now();
    }

    /// How long is left of it.
    #[must_use]
    pub fn left(&self) -> Duration {
        let since = *self.since.lock().unwrap_or_else(PoisonError::into_inner);
        self.after.saturating_sub(since.passed(Instant::now(), now_ms()))
    }
}

impl Since {
    fn now() -> Self {
        Self { at: Instant::now(), clock_ms: now_ms() }
    }

    fn passed(&self, at: Instant, clock_ms: u64) -> Duration {
        at.duration_since(self.at).max(Duration::from_millis(clock_ms.saturating_sub(self.clock_ms)))
    }
}

/// When a watch ends, and how many entries it has handed on.
struct Course<'a> {
    bounds: Bounds<'a>,
    end: Option<Instant>,
    count: u64,
    /// Whether the connection was lost, and is not back yet.
    lost: bool,
}

impl Course<'_> {
    fn ended(&self) -> Option<Ended> {
        let enough = self.bounds.entries.is_some_and(|entries| self.count >= entries);
        if enough || self.end.is_some_and(|end| Instant::now() >= end) {
            return Some(Ended::Done);
        }
        self.bounds.idle.is_some_and(|idle| idle.left().is_zero()).then_some(Ended::Idle)
    }

    /// `until`, or earlier if the watch may end before.
    fn at_most(&self, until: Instant) -> Instant {
        let idle = self.bounds.idle.map(|idle| Instant::now() + idle.left());
        [self.end, idle].into_iter().flatten().fold(until, Instant::min)
    }
}

/// What a watch hands on.
#[derive(Debug, Clone)]
pub enum Came {
    /// An entry.
    Entry(Arrived),
    /// The connection was lost (`false`), or is back.
    Connection(bool),
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
    bounds: Bounds<'_>,
    mut arrived: impl FnMut(&Session, Came) -> Result<(), SessionError>,
) -> Result<Ended, SessionError> {
    let end = bounds.time.map(|time| Instant::now() + time);
    let mut course = Course { bounds, end, count: 0, lost: false };
    let mut pause = PAUSE;
    session.sync_all().await?;
    loop {
        if let Some(ended) = course.ended() {
            return Ok(ended);
        }
        match follow(session, &mut course, &mut arrived).await {
            Ok(()) => pause = PAUSE,
            Err(SessionError::Link(LinkError::Unavailable(_))) => {
                if !std::mem::replace(&mut course.lost, true) {
                    arrived(session, Came::Connection(false))?;
                }
                sleep_until(course.at_most(Instant::now() + pause)).await;
                pause = (pause * 2).min(PAUSE_MAX);
            }
            Err(error) => return Err(error),
        }
    }
}

/// One watch, until it breaks off or a channel is opened that it does not follow.
async fn follow(
    session: &mut Session,
    course: &mut Course<'_>,
    arrived: &mut impl FnMut(&Session, Came) -> Result<(), SessionError>,
) -> Result<(), SessionError> {
    // What came between two watches is handed on, too.
    let before = sizes(session);
    session.sync_all().await?;
    if std::mem::take(&mut course.lost) {
        arrived(session, Came::Connection(true))?;
    }
    hand_on(session, &before, course, arrived)?;
    let directory = session.directory();
    let mut follows = vec![(directory.id(), directory.head().size)];
    follows.extend(session.channels().map(|copy| (copy.id(), copy.head().size)));
    let mut stream = session.link.watch(&follows).await?;
    while course.ended().is_none() {
        let until = course.at_most(Instant::now() + SILENCE);
        let Ok(event) = timeout_at(until, stream.next()).await else { return Ok(()) };
        let Some(event) = event? else { return Ok(()) };
        let moved = match event {
            WatchEvent::Entries { channel, .. } => vec![channel],
            WatchEvent::Heartbeat { checkpoints, server_time_ms } => {
                session.server_time(server_time_ms);
                behind(session, &checkpoints)
            }
        };
        let directory = session.directory().id();
        for channel in moved {
            let before = sizes(session);
            if channel == directory {
                session.sync_directory().await?;
            } else {
                session.sync_channel(channel).await?;
            }
            hand_on(session, &before, course, arrived)?;
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
    let directory = session.directory();
    let mut sizes: BTreeMap<_, _> = session.channels().map(|copy| (copy.id(), copy.head().size)).collect();
    sizes.insert(directory.id(), directory.head().size);
    sizes
}

fn is_about_replacement(statement: &Statement) -> bool {
    matches!(
        statement,
        Statement::AnnounceReplacement(_)
            | Statement::ObjectToReplacement(_)
            | Statement::CompleteReplacement(_)
    )
}

fn hand_on(
    session: &Session,
    before: &BTreeMap<ChannelId, u64>,
    course: &mut Course<'_>,
    arrived: &mut impl FnMut(&Session, Came) -> Result<(), SessionError>,
) -> Result<(), SessionError> {
    // Of the directory, what a State's people and those who work with them should see at once.
    let directory = session.directory().id();
    let from = before.get(&directory).copied().unwrap_or(0);
    for entry in session.directory().entries.iter().filter(|entry| entry.index >= from) {
        let act = entry.act()?;
        if is_about_replacement(&act.content().statement) {
            let act = act.content().header.act_id;
            arrived(session, Came::Entry(Arrived { channel: directory, index: entry.index, act }))?;
        }
    }
    for copy in session.channels() {
        let from = before.get(&copy.id()).copied().unwrap_or(0);
        for entry in copy.entries.iter().filter(|entry| entry.index >= from) {
            let act = entry.act()?.content().header.act_id;
            course.count += 1;
            if let Some(idle) = course.bounds.idle {
                idle.sign();
            }
            arrived(session, Came::Entry(Arrived { channel: copy.id(), index: entry.index, act }))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn idle_time_goes_on_while_the_machine_sleeps() {
        let since = Since::now();
        let minute = Duration::from_mins(1);
        let check = |awake: Duration, clock_ms: u64, expected: Duration| {
            assert_eq!(since.passed(since.at + awake, clock_ms), expected);
        };
        check(minute, since.clock_ms + 60_000, minute);
        check(minute, since.clock_ms + 3_600_000, 60 * minute);
        check(minute, since.clock_ms - 3_600_000, minute);
        check(minute, 0, minute);
    }

    #[test]
    fn a_sign_begins_anew() {
        let idle = Idle::new(Duration::ZERO);
        assert!(idle.left().is_zero());
        let idle = Idle::new(Duration::from_hours(1));
        *idle.since.lock().unwrap() = Since { clock_ms: now_ms() - 3_600_000, ..Since::now() };
        assert!(idle.left().is_zero());
        idle.sign();
        assert!(!idle.left().is_zero());
    }
}
