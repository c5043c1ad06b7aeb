//! What is lost where nobody was left in a channel: whoever begins it anew makes a key that does not open the one
//! before, so what stood there opens to nobody who comes later.

use chancery_core::act::{NewEpoch, Statement};
use chancery_core::id::ChannelId;

use crate::sync::Session;
use crate::verify::ChannelCopy;

/// What stood in a channel before it was begun anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lost {
    /// Its posts.
    pub posts: u64,
    /// The files that they cite.
    pub files: u64,
    /// Log times of the first and of the last of them; none without posts.
    pub times_ms: Option<(u64, u64)>,
    /// Whether the secretariat still opens them.
    pub secretariat_opens: bool,
}

/// What is lost of a channel; none if it was never begun anew.
#[must_use]
pub fn lost(session: &Session, channel: ChannelId) -> Option<Lost> {
    let copy = session.channel(channel)?;
    let (anew, last) = begun_anew(copy)?;
    let opens = |key| session.now().secretariat_opens(&key);
    let secretariat_opens = last.secretariat.as_ref().map(|wrap| wrap.key_id).is_some_and(opens);
    Some(before(copy, anew, secretariat_opens))
}

/// What is lost of a channel to this reader: nothing where there were no posts, or the reader still opens them.
#[must_use]
pub fn lost_to_reader(session: &Session, channel: ChannelId) -> Option<Lost> {
    let (copy, keys) = (session.channel(channel)?, session.keys(channel)?);
    let newest = copy.state.epoch.as_ref()?.number;
    if (0..newest).all(|epoch| keys.ring.secret(epoch).is_ok()) {
        return None;
    }
    lost(session, channel).filter(|lost| lost.posts > 0)
}

/// The entry that began the channel anew for the last time, and the act that had made the key before.
fn begun_anew(copy: &ChannelCopy) -> Option<(u64, NewEpoch)> {
    let (mut found, mut last) = (None, None::<NewEpoch>);
    for index in &copy.key_acts {
        let act = copy.entry(*index).and_then(|entry| entry.act().ok())?;
        let Statement::NewEpoch(epoch) = &act.content().statement else { continue };
        if let Some(before) = last.take().filter(|_| epoch.previous_box.is_none()) {
            found = Some((*index, before));
        }
        last = Some(epoch.clone());
    }
    found
}

fn before(copy: &ChannelCopy, anew: u64, secretariat_opens: bool) -> Lost {
    let posts = || copy.state.posts.values().filter(|post| post.index < anew);
    let times = || posts().filter_map(|post| copy.entry(post.index)).map(|entry| entry.log_time_ms);
    Lost {
        posts: posts().count() as u64,
        files: posts().map(|post| post.files.len() as u64).sum(),
        times_ms: times().min().zip(times().max()),
        secretariat_opens,
    }
}
