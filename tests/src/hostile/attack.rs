//! What a lying server does to a log.

use bytes::Bytes;
use chancery_core::act::SignedAct;
use chancery_core::limits::{CLOCK_AHEAD_MS_MAX, PAYLOAD_BYTES_MAX};
use chancery_proto::{act as proto, v1};
use prost::Message as _;

use super::rng::Rng;

/// The attacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Attack {
    /// A bit of one act is flipped
    Altered,
    /// One entry is left out
    Dropped,
    /// One entry stands in the log twice
    Replayed,
    /// Two entries change places
    Reordered,
    /// An older log with its genuine checkpoint
    RolledBack,
    /// The same log but for its last entry
    Forked,
    /// A bit of one body is flipped
    Body,
    /// A bit of one of the reader's own wraps is flipped
    Wrap,
    /// A bit of the box of one previous secret is flipped
    PreviousBox,
    /// One log time lies before that of the entry before it
    TimeBack,
    /// The last log time lies in the future
    TimeAhead,
    /// One act says something of a kind that nobody knows
    UnknownKind,
    /// One act is larger than any may be
    Oversized,
    /// An officer of the secretariat posts; needs an officer's home
    SecretariatPosts,
    /// An expert submits for the State; needs an expert's home
    ExpertSubmits,
    /// A new secret that also goes to a key of nobody; needs the home of a focal point
    GhostReader,
    /// A new secret of which the secretariat gets garbage; needs the home of a focal point
    GarbageWrap,
}

/// A falsified log.
#[derive(Debug, Clone, PartialEq)]
pub struct Falsified {
    /// The whole log, numbered from 0.
    pub entries: Vec<v1::Entry>,
    /// The entry that was attacked. For a log that was rolled back or forked: where it parts from the true one.
    pub at: u64,
}

/// Falsifies a log as one reader gets it; none where it holds nothing that this attack could use. `forged` is the
/// act to append, for the attacks with somebody's keys.
#[must_use]
pub fn falsify(
    attack: Attack,
    rng: &mut Rng,
    entries: Vec<v1::Entry>,
    forged: Option<&v1::Entry>,
    now_ms: u64,
) -> Option<Falsified> {
    let mut log = entries;
    let size = log.len();
    let having =
        |has: fn(&v1::Entry) -> bool| -> Vec<usize> { (0..size).filter(|n| has(&log[*n])).collect() };
    let at = match attack {
        Attack::Altered => {
            let at = rng.pick(&having(|_| true))?;
            flip(&mut log[at].signed, rng);
            at
        }
        Attack::Dropped => {
            let at = rng.pick(&built_upon(&log))?;
            log.remove(at);
            at
        }
        Attack::Replayed => {
            let replayed = log[rng.pick(&having(|_| true))?].clone();
            let earliest = usize::try_from(replayed.index).unwrap() + 1;
            let at = earliest + rng.below(size + 1 - earliest);
            let log_time_ms = log[at - 1].log_time_ms;
            log.insert(at, v1::Entry { log_time_ms, ..replayed });
            at
        }
        Attack::Reordered => {
            let candidates: Vec<usize> = built_upon(&log).into_iter().filter(|at| at + 1 < size).collect();
            let at = rng.pick(&candidates)?;
            let (first, second) = (log[at].log_time_ms, log[at + 1].log_time_ms);
            log.swap(at, at + 1);
            (log[at].log_time_ms, log[at + 1].log_time_ms) = (first, second);
            at
        }
        Attack::RolledBack => {
            let at = 1 + rng.below(size.checked_sub(1).filter(|most| *most > 0)?);
            log.truncate(at);
            at
        }
        Attack::Forked => {
            let last = log.last_mut()?;
            last.log_time_ms += 1;
            size - 1
        }
        Attack::Body => {
            let at = rng.pick(&having(|entry| !entry.body.is_empty()))?;
            flip(&mut log[at].body, rng);
            at
        }
        Attack::Wrap => {
            let at = rng.pick(&having(|entry| !entry.own_wraps.is_empty()))?;
            flip(&mut log[at].own_wraps[0].wrap, rng);
            at
        }
        Attack::PreviousBox => {
            let at = rng.pick(&having(|entry| !entry.previous_box.is_empty()))?;
            flip(&mut log[at].previous_box, rng);
            at
        }
        Attack::TimeBack => {
            let at = rng.pick(&(1..size).collect::<Vec<usize>>())?;
            log[at].log_time_ms = log[at - 1].log_time_ms - 1;
            at
        }
        Attack::TimeAhead => {
            // A minute more than is accepted, so that the test may take its time.
            log.last_mut()?.log_time_ms = now_ms + CLOCK_AHEAD_MS_MAX + 60_000;
            size - 1
        }
        Attack::UnknownKind => {
            let at = rng.pick(&having(|_| true))?;
            log[at].signed = of_unknown_kind(&log[at].signed)?;
            at
        }
        Attack::Oversized => {
            let at = rng.pick(&having(|_| true))?;
            let mut bytes = log[at].signed.to_vec();
            bytes.resize(PAYLOAD_BYTES_MAX + 257, 0);
            log[at].signed = bytes.into();
            at
        }
        Attack::SecretariatPosts | Attack::ExpertSubmits | Attack::GhostReader | Attack::GarbageWrap => {
            let log_time_ms = log.last()?.log_time_ms.max(now_ms);
            log.push(v1::Entry { log_time_ms, ..forged?.clone() });
            size
        }
    };
    for (index, entry) in (0..).zip(&mut log) {
        entry.index = index;
    }
    Some(Falsified { entries: log, at: at as u64 })
}

/// The entries that a later author says to have seen. Without such a word nobody can tell that a server keeps the
/// newest entries to itself, or in which order it took them.
fn built_upon(log: &[v1::Entry]) -> Vec<usize> {
    let seen = |entry: &v1::Entry| {
        SignedAct::decode(entry.signed.clone()).map_or(0, |act| act.content().header.seen.size)
    };
    (0..log.len()).filter(|at| log[at + 1..].iter().any(|later| seen(later) > *at as u64)).collect()
}

fn flip(bytes: &mut Bytes, rng: &mut Rng) {
    let mut changed = bytes.to_vec();
    let at = rng.below(changed.len());
    changed[at] ^= 1 << rng.below(8);
    *bytes = changed.into();
}

/// The act with another statement: one of a field that no version has.
fn of_unknown_kind(signed: &Bytes) -> Option<Bytes> {
    let mut envelope = proto::SignedAct::decode(signed.clone()).ok()?;
    let mut act = proto::Act::decode(envelope.payload.as_slice()).ok()?;
    act.statement = None;
    envelope.payload = act.encode_to_vec();
    prost::encoding::bytes::encode(UNKNOWN_STATEMENT, &b"a new statement".to_vec(), &mut envelope.payload);
    Some(envelope.encode_to_vec().into())
}

const UNKNOWN_STATEMENT: u32 = 15_000;
