//! Replaying the logs of the directory, of reviews and of their channels.

use std::collections::HashMap;

use chancery_core::act::{Act, SignedAct, Statement};
use chancery_core::log::leaf_hash;
use chancery_core::mechanism::ChannelKind;
use chancery_core::name::{directory_channel, publication_entry};
use chancery_core::policy::World;
use chancery_core::state::{Channel, Directory, Place};

use super::beside::Stored;
use super::{Check, Finding, Replayed, Reviews, Said};
use crate::app::AppError;
use crate::app::replay::{Fault, replay_channel, replay_directory};
use crate::store::db::Source;
use crate::store::log::{self, ChannelRow, EntryRow};

type Tell<'t> = &'t mut dyn FnMut(Finding);

impl Check<'_> {
    /// The directory; none if it is not there.
    pub(super) async fn directory(
        &self,
        tell: Tell<'_>,
        entries: &mut u64,
    ) -> Result<Option<Directory>, AppError> {
        let id = directory_channel(&self.root);
        let Some(row) = log::channel(&mut Source::Pool(self.pool), &id).await? else {
            tell(Finding::Entry { channel: id, index: 0, fault: Fault::Gap });
            return Ok(None);
        };
        let mut directory = Directory::new(self.root);
        let mut said = Said::default();
        self.log(&row, Replayed::Directory(&mut directory), &mut said, tell, entries).await?;
        Ok(Some(directory))
    }

    /// Every review, replayed.
    pub(super) async fn reviews(
        &self,
        directory: &Directory,
        said: &mut Said,
        tell: Tell<'_>,
        entries: &mut u64,
    ) -> Result<Reviews, AppError> {
        let mut reviews = HashMap::new();
        let mut after = Vec::new();
        loop {
            let rows = log::channels_after(&mut Source::Pool(self.pool), &after, ROWS_PER_READ).await?;
            let Some(last) = rows.last() else { return Ok(reviews) };
            after = last.id.as_bytes().to_vec();
            for row in rows.iter().filter(|row| row.kind == ChannelKind::Review) {
                let mut channel = Channel::new(row.id, Place::Review);
                let replayed = Replayed::Channel { directory, review: None, channel: &mut channel };
                self.log(row, replayed, said, tell, entries).await?;
                reviews.insert(row.id, channel);
            }
        }
    }

    /// Every channel that a review has opened.
    pub(super) async fn others(
        &self,
        directory: &Directory,
        reviews: &Reviews,
        said: &mut Said,
        tell: Tell<'_>,
        entries: &mut u64,
    ) -> Result<(), AppError> {
        let mut after = Vec::new();
        loop {
            let rows = log::channels_after(&mut Source::Pool(self.pool), &after, ROWS_PER_READ).await?;
            let Some(last) = rows.last() else { break };
            after = last.id.as_bytes().to_vec();
            for row in &rows {
                if matches!(row.kind, ChannelKind::Directory | ChannelKind::Review | ChannelKind::Publication)
                {
                    continue;
                }
                let by = said.opened.remove(&row.id).and_then(|review| reviews.get(&review));
                let place = by.and_then(|review| review.opened(&row.id, review.log.size()));
                let (Some(review), Some(place)) = (by, place) else {
                    tell(Finding::Entry { channel: row.id, index: 0, fault: Fault::Unopened });
                    continue;
                };
                if row.parent != Some(review.id) {
                    tell(Finding::Row { channel: row.id, column: "parent" });
                }
                if row.kind != place.kind() {
                    tell(Finding::Row { channel: row.id, column: "kind" });
                }
                let mut channel = Channel::new(row.id, place);
                let replayed = Replayed::Channel { directory, review: Some(review), channel: &mut channel };
                self.log(row, replayed, said, tell, entries).await?;
            }
        }
        for channel in said.opened.drain().map(|(channel, _)| channel) {
            tell(Finding::Row { channel, column: "row" });
        }
        Ok(())
    }

    /// One log from its first entry to its last.
    async fn log(
        &self,
        row: &ChannelRow,
        mut replayed: Replayed<'_>,
        said: &mut Said,
        tell: Tell<'_>,
        entries: &mut u64,
    ) -> Result<(), AppError> {
        let mut source = Source::Pool(self.pool);
        let (mut next, mut last_log_time_ms) = (0, 0);
        loop {
            let page = log::entries(&mut source, &row.id, (next, u64::MAX), ENTRIES_PER_READ).await?;
            let Some(last) = page.last().map(|entry| entry.index) else { break };
            let stored = Stored::read(self, &row.id, (next, last + 1)).await?;
            for entry in page {
                if let Err(fault) = replayed.apply(self, &entry, next) {
                    tell(Finding::Entry { channel: row.id, index: next, fault });
                    return Ok(());
                }
                *entries += 1;
                next += 1;
                last_log_time_ms = entry.log_time_ms;
                self::entry(&entry, &stored, said, tell)?;
            }
            tokio::task::yield_now().await;
        }
        if let Some(finding) = Finding::of_size(row.id, row.size, next) {
            tell(finding);
        }
        if row.last_log_time_ms != last_log_time_ms {
            tell(Finding::Row { channel: row.id, column: "last log time" });
        }
        match replayed {
            Replayed::Channel { directory, channel, .. } => self.cosignatures(directory, channel, tell).await,
            Replayed::Directory(_) => Ok(()),
        }
    }
}

/// One entry that replays: its columns, what stands beside it, what it says of other logs.
fn entry(entry: &EntryRow, stored: &Stored, said: &mut Said, tell: Tell<'_>) -> Result<(), AppError> {
    let (channel, index) = (entry.channel, entry.index);
    let act = SignedAct::decode(entry.signed.clone())?;
    let content = act.content();
    if entry.act_id != content.header.act_id {
        tell(Finding::Column { channel, index, column: "act_id" });
    }
    if entry.leaf != leaf_hash(&entry.signed, entry.log_time_ms) {
        tell(Finding::Column { channel, index, column: "leaf_hash" });
    }
    stored.compare(&content.statement, channel, index, tell);
    said.note(content, index, entry.log_time_ms);
    Ok(())
}

impl Replayed<'_> {
    fn apply(&mut self, check: &Check<'_>, entry: &EntryRow, next: u64) -> Result<(), Fault> {
        if entry.index != next {
            return Err(Fault::Gap);
        }
        let (signed, log_time_ms) = (entry.signed.clone(), entry.log_time_ms);
        match self {
            Self::Directory(directory) => replay_directory(check.mechanism, directory, signed, log_time_ms),
            Self::Channel { directory, review, channel } => {
                let world = World { mechanism: check.mechanism, directory, review: *review };
                replay_channel(world, channel, signed, log_time_ms)
            }
        }
    }
}

impl Said {
    /// What an act says of other logs.
    fn note(&mut self, act: &Act, index: u64, log_time_ms: u64) {
        let channel = act.header.channel;
        let (audience, signed) = match &act.statement {
            Statement::OpenChannel(opening) => {
                self.opened.insert(opening.channel, channel);
                return;
            }
            Statement::Post(post) => {
                self.cited.extend(post.files.iter().map(|file| (*file, (channel, index))));
                return;
            }
            Statement::Disclose(disclose) => (disclose.audience, &disclose.grants),
            Statement::Withdraw(withdraw) => (withdraw.audience, &withdraw.withdrawals),
            _ => return,
        };
        for (position, signed) in (0..).zip(signed) {
            let id = publication_entry(&act.header.act_id, position);
            let statement = super::Statement { signed: signed.bytes().clone(), log_time_ms };
            self.statements.insert((audience, id), statement);
        }
    }
}

const ROWS_PER_READ: u32 = 256;
/// With what stands beside them at most 32 MiB.
const ENTRIES_PER_READ: u32 = 64;
