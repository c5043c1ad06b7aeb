//! Acts on their way: the exact sealed bytes, stored before they are sent, so that a crash between sending and
//! the answer sends the same bytes again, and they get the first receipt. A changed body would be another act.

use chancery_core::id::{ActId, ChannelId};
use serde::{Deserialize, Serialize};

use crate::entry::Outgoing;
use crate::home::{Family, Home, HomeError};

/// One append that waits for its answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiting {
    /// Its first act, which also names the record.
    pub act: ActId,
    /// The channel.
    pub channel: ChannelId,
    /// When it was made, by this machine's clock.
    pub made_ms: u64,
    /// The acts, which land together or not at all.
    pub entries: Vec<Outgoing>,
}

/// Stores an append, durably, before it is sent.
///
/// # Errors
/// [`HomeError`].
pub fn store(home: &Home, waiting: &Waiting) -> Result<(), HomeError> {
    let bytes = postcard::to_stdvec(waiting)
        .map_err(|_| HomeError::Seal(chancery_seal::SealError::Bug("an append can be encoded")))?;
    home.put(Family::Outbox, waiting.act.as_bytes(), &bytes)
}

/// Everything that waits, oldest first.
///
/// # Errors
/// [`HomeError`].
pub fn waiting(home: &Home) -> Result<Vec<Waiting>, HomeError> {
    let mut all = Vec::new();
    for name in home.names(Family::Outbox)? {
        let bytes = home.get(Family::Outbox, &name)?;
        all.extend(bytes.and_then(|bytes| postcard::from_bytes::<Waiting>(&bytes).ok()));
    }
    all.sort_by_key(|waiting| (waiting.made_ms, waiting.act));
    Ok(all)
}

/// Removes an append that was answered.
///
/// # Errors
/// [`HomeError`].
pub fn remove(home: &Home, act: ActId) -> Result<(), HomeError> {
    home.remove(Family::Outbox, act.as_bytes())
}
