//! Replaying stored acts: from an entry's bytes to the state after it, through the same checks as when it
//! was appended. So a state is never taken on trust, not even from our own database.

use bytes::Bytes;
use chancery_core::act::{ActError, Author, SignedAct, Statement, VerifiedAct};
use chancery_core::error::Reason;
use chancery_core::mechanism::Mechanism;
use chancery_core::policy::{World, decide, decide_directory};
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
    /// What the channel's row says and what its review says differ.
    #[error("no review has opened the channel")]
    Unopened,
}

/// The key under which an act's signature must hold: its author's at its basis, or the root's.
pub fn author_key(directory: &Directory, act: &SignedAct) -> Result<[u8; 32], Reason> {
    let content = act.content();
    match content.header.author {
        Author::Root => match (&directory.foundation, &content.statement) {
            (Some(foundation), _) => Ok(foundation.root_key),
            // The first act brings the root's key, whose fingerprint `decide_directory` then compares.
            (None, Statement::FoundDirectory(act)) => Ok(act.root_key),
            (None, _) => Err(Reason::NotGenesis),
        },
        Author::Person { user, device } => {
            let at = match content.header.basis {
                Some(basis) => directory.at_head(&basis.directory).ok_or(Reason::BadBasis)?,
                None => directory.now(),
            };
            let person = at.by_device(&device).filter(|person| person.user == user);
            Ok(person.ok_or(Reason::UnknownDevice)?.device.sign)
        }
    }
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
    let permit = decide_directory(mechanism, directory, act)?;
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
    let permit = decide(world, channel, act)?;
    if log_time_ms < channel.last_log_time_ms {
        return Err(Fault::LogTime);
    }
    channel.apply(permit, log_time_ms);
    Ok(())
}
