//! Replaying stored acts: from an entry's bytes to the state after it, through the same checks as when it
//! was appended. So a state is never taken on trust, not even from our own database.

use bytes::Bytes;
use chancery_core::act::{ActError, SignedAct, VerifiedAct};
use chancery_core::error::Reason;
use chancery_core::id::FileId;
use chancery_core::mechanism::Mechanism;
use chancery_core::policy::{World, author_key, decide, decide_directory};
use chancery_core::state::{Channel, Directory};

/// Why a stored entry does not follow from those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The bytes are no act, or the signature does not hold.
    #[error("{0}")]
    Act(#[from] ActError),
    /// The policy refuses it.
    #[error("{0}")]
    Refused(#[from] Reason),
    /// Log times never decrease.
    #[error("its log time is before that of the entry before it")]
    LogTime,
    /// The entry is not at the place it should be.
    #[error("an entry is missing before it")]
    Gap,
    /// The log had so many entries, and ends before.
    #[error("it is missing: the log had {0} entries")]
    Missing(u64),
    /// The database has no row of a file.
    #[error("it cites the file {0}, which the database does not know")]
    File(FileId),
    /// What the channel's row says and what its review says differ.
    #[error("no review has opened the channel")]
    Unopened,
}

/// Applies the next entry of the directory.
pub fn replay_directory(
    mechanism: &Mechanism,
    directory: &mut Directory,
    signed: Bytes,
    log_time_ms: u64,
) -> Result<(), Fault> {
    let act = SignedAct::decode(signed)?;
    let key = author_key(directory, &act)?;
    let act = VerifiedAct::new(act, key, &directory.root)?;
    let permit = decide_directory(mechanism, directory, act, log_time_ms)?;
    if log_time_ms < directory.last_log_time_ms {
        return Err(Fault::LogTime);
    }
    directory.apply(permit, log_time_ms);
    Ok(())
}

/// Applies the next entry of a channel.
pub fn replay_channel(
    world: World<'_>,
    channel: &mut Channel,
    signed: Bytes,
    log_time_ms: u64,
) -> Result<(), Fault> {
    let act = SignedAct::decode(signed)?;
    let key = author_key(world.directory, &act)?;
    let act = VerifiedAct::new(act, key, &world.directory.root)?;
    let permit = decide(world, channel, act, log_time_ms)?;
    if log_time_ms < channel.last_log_time_ms {
        return Err(Fault::LogTime);
    }
    channel.apply(permit, log_time_ms);
    Ok(())
}
