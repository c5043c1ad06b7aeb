//! Dropping the projections and making them again from the logs, in one transaction: channel rows, citations,
//! and which releases are withdrawn. What opens a post is no projection: it stands nowhere else.

use std::collections::BTreeMap;

use chancery_core::act::{Act, Audience, SignedAct, Statement};
use chancery_core::id::{ChannelId, FileId, KeyId};
use chancery_core::mechanism::ChannelKind;
use chancery_core::name::{directory_channel, publication_channel};
use chancery_core::state::Place;

use super::AppError;
use super::check::follow;
use super::replay::Fault;
use crate::store::audit;
use crate::store::cosignatures;
use crate::store::db::{Pool, Source, Tx};
use crate::store::files;
use crate::store::log::{self, NewRows};

/// What was made again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Rebuilt {
    /// Channel rows.
    pub channels: u64,
    /// Citations.
    pub citations: u64,
    /// Withdrawn releases.
    pub withdrawn: u64,
}

/// Rebuilds every projection. Either all of it is made again, or nothing is changed.
///
/// # Errors
/// [`AppError::Damaged`] where a log is not whole: what is missing there is in a backup alone.
pub async fn rebuild(pool: &Pool, root: KeyId) -> Result<Rebuilt, AppError> {
    let mut tx = pool.begin().await?;
    let mut rebuilt = Rebuilt::default();
    log::clear_citations(&mut tx).await?;
    let mut places = BTreeMap::from([(directory_channel(&root), (ChannelKind::Directory, None))]);
    for audience in Audience::ALL {
        let id = publication_channel(&root, audience);
        places.insert(id, (ChannelKind::Publication, None));
        rebuilt.withdrawn += releases(&mut tx, &id).await?;
    }
    for channel in all_channels(&mut tx).await? {
        let (size, last_log_time_ms) = read_log(&mut tx, &channel, &mut places, &mut rebuilt).await?;
        rebuilt.channels += 1;
        // Kinds follow when every review has been read.
        sizes(&mut tx, &channel, size, last_log_time_ms, &places).await?;
    }
    for (channel, place) in &places {
        let Some(row) = log::channel(&mut Source::Tx(&mut tx), channel).await? else { continue };
        if (row.kind, row.parent) != *place {
            audit::set_channel(&mut tx, channel, *place, row.size, row.last_log_time_ms).await?;
        }
    }
    tx.commit().await?;
    Ok(rebuilt)
}

async fn all_channels(tx: &mut Tx) -> Result<Vec<ChannelId>, AppError> {
    let mut channels: Vec<ChannelId> = Vec::new();
    loop {
        let after = channels.last().map_or(&[][..], |id| &id.as_bytes()[..]).to_vec();
        let page = log::channels_after(&mut Source::Tx(tx), &after, ROWS_PER_READ).await?;
        if page.is_empty() {
            return Ok(channels);
        }
        channels.extend(page.iter().map(|row| row.id));
    }
}

/// Reads one log: its size and newest log time, its citations, and the channels that it opens.
async fn read_log(
    tx: &mut Tx,
    channel: &ChannelId,
    places: &mut BTreeMap<ChannelId, (ChannelKind, Option<ChannelId>)>,
    rebuilt: &mut Rebuilt,
) -> Result<(u64, u64), AppError> {
    let publication = places.get(channel).is_some_and(|(kind, _)| *kind == ChannelKind::Publication);
    let (mut size, mut last_log_time_ms) = (0, 0);
    loop {
        let page = log::entries(&mut Source::Tx(tx), channel, (size, u64::MAX), ENTRIES_PER_READ).await?;
        let Some(last) = page.last() else { return Ok((size, last_log_time_ms)) };
        (size, last_log_time_ms) = (last.index + 1, last.log_time_ms);
        if publication {
            continue;
        }
        let mut rows = NewRows::default();
        for entry in page {
            let damaged = |fault| AppError::Damaged { channel: *channel, index: entry.index, fault };
            let act = SignedAct::decode(entry.signed).map_err(|error| damaged(error.into()))?;
            for file in cited(act.content()) {
                // A citation of a file that is not there has no place in the database.
                let known = files::find(&mut Source::Tx(tx), file).await?;
                known.ok_or_else(|| damaged(Fault::File(*file)))?;
                rows.citations.push((*file, *channel, entry.index));
            }
            note(act.content(), places);
        }
        rebuilt.citations += rows.citations.len() as u64;
        log::insert_citations(tx, &rows).await?;
    }
}

fn cited(act: &Act) -> &[FileId] {
    match &act.statement {
        Statement::Post(post) => &post.files,
        _ => &[],
    }
}

fn note(act: &Act, places: &mut BTreeMap<ChannelId, (ChannelKind, Option<ChannelId>)>) {
    let channel = act.header.channel;
    match &act.statement {
        Statement::OpenReview(_) => {
            places.insert(channel, (ChannelKind::Review, None));
        }
        Statement::OpenChannel(opening) => {
            let kind = Place::of(channel, &opening.opening).kind();
            places.insert(opening.channel, (kind, Some(channel)));
        }
        _ => {}
    }
}

async fn sizes(
    tx: &mut Tx,
    channel: &ChannelId,
    size: u64,
    last_log_time_ms: u64,
    places: &BTreeMap<ChannelId, (ChannelKind, Option<ChannelId>)>,
) -> Result<(), AppError> {
    let Some(row) = log::channel(&mut Source::Tx(tx), channel).await? else { return Ok(()) };
    // A log that was longer is not made to look as if it had never been.
    let newest = cosignatures::of_channel(&mut Source::Tx(tx), channel, 1).await?;
    let had = newest.iter().map(|word| word.size).fold(row.size, u64::max);
    if had > size {
        return Err(AppError::Damaged { channel: *channel, index: size, fault: Fault::Missing(had) });
    }
    let place = places.get(channel).copied().unwrap_or((row.kind, row.parent));
    audit::set_channel(tx, channel, place, size, last_log_time_ms).await?;
    Ok(())
}

/// Ends the releases that the publication's log has withdrawn.
async fn releases(tx: &mut Tx, publication: &ChannelId) -> Result<u64, AppError> {
    let mut expected = BTreeMap::new();
    let mut next = 0;
    loop {
        let page = log::entries(&mut Source::Tx(tx), publication, (next, u64::MAX), ENTRIES_PER_READ).await?;
        let Some(last) = page.last() else { break };
        next = last.index + 1;
        for entry in page {
            follow(&mut expected, entry.index, &entry.signed);
        }
    }
    let mut withdrawn = 0;
    for (index, (_, withdrawn_at)) in expected {
        if let Some(at) = withdrawn_at {
            withdrawn += audit::set_withdrawn(tx, publication, index, at).await?;
        }
    }
    Ok(withdrawn)
}

const ROWS_PER_READ: u32 = 512;
const ENTRIES_PER_READ: u32 = 128;
