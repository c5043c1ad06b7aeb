//! Entries from the server, up to one checkpoint.

use chancery_core::id::ChannelId;

use crate::clock;
use crate::link::{EntriesPage, Link, LinkError};
use crate::verify::Growth;

/// The entries after the first `size`, up to what the checkpoint handed out with the first of them covers.
/// Nothing is verified here.
pub(super) async fn growth(link: &Link, channel: ChannelId, size: u64) -> Result<Growth, LinkError> {
    rest(link, channel, size, link.list_entries(channel, size).await?).await
}

/// As [`growth`], with what other readers have verified of a channel, in the same answer.
pub(super) async fn growth_and_words(
    link: &Link,
    channel: ChannelId,
    size: u64,
) -> Result<(Growth, Vec<String>), LinkError> {
    let (first, words) = link.list_entries_and_words(channel, size).await?;
    Ok((rest(link, channel, size, first).await?, words))
}

async fn rest(link: &Link, channel: ChannelId, size: u64, first: EntriesPage) -> Result<Growth, LinkError> {
    let (mut entries, note) = (first.entries, first.checkpoint);
    let covered = claimed_size(&note);
    let wanted = usize::try_from(covered.saturating_sub(size)).unwrap_or(usize::MAX);
    while entries.len() < wanted {
        let page = link.list_entries(channel, size + entries.len() as u64).await?;
        if page.entries.is_empty() {
            break;
        }
        entries.extend(page.entries);
    }
    // What came in while the pages were read is covered by a later checkpoint, and read next time.
    entries.truncate(wanted);
    Ok(Growth { entries, note, now_ms: clock::now_ms() })
}

/// The size that a note claims; whether the note is signed and true is checked with the entries.
fn claimed_size(note: &str) -> u64 {
    note.lines().nth(1).and_then(|line| line.parse().ok()).unwrap_or(0)
}
