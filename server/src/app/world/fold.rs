//! Bringing a kept state forward to a size that the database has.

use std::sync::Arc;

use chancery_core::act::Audience;
use chancery_core::id::ChannelId;
use chancery_core::policy;
use chancery_core::state::{Channel, Directory, Place};

use super::{Kept, Publication, View, World, damaged};
use crate::app::AppError;
use crate::app::replay::{Fault, replay_channel, replay_directory};
use crate::store::db::Source;
use crate::store::log::{self, ChannelRow};

impl World {
    /// The directory, at `size` at least.
    pub(in crate::app) async fn directory_at(
        &self,
        source: &mut Source<'_>,
        size: u64,
    ) -> Result<Arc<Kept<Directory>>, AppError> {
        let kept = self.kept_directory();
        if kept.state.log.size() >= size {
            return Ok(kept);
        }
        let mut directory = kept.state.clone();
        self.fold_directory(source, &mut directory, size).await?;
        Ok(self.install_directory(directory))
    }

    /// Any channel of the database, as it stands there.
    pub(in crate::app) async fn view_of(
        &self,
        source: &mut Source<'_>,
        row: &ChannelRow,
    ) -> Result<View, AppError> {
        if row.id == self.directory_id() {
            return Ok(View::Directory(self.directory_at(source, row.size).await?));
        }
        for audience in Audience::ALL {
            if row.id == self.publication_id(audience) {
                return Ok(View::Publication(
                    audience,
                    self.publication_at(source, audience, row.size).await?,
                ));
            }
        }
        self.channel_at(source, row).await
    }

    /// A publication, at `size` at least.
    pub(in crate::app) async fn publication_at(
        &self,
        source: &mut Source<'_>,
        audience: Audience,
        size: u64,
    ) -> Result<Arc<Kept<Publication>>, AppError> {
        let kept = self.kept_publication(audience);
        if kept.state.log.size() >= size {
            return Ok(kept);
        }
        let id = self.publication_id(audience);
        let mut publication = kept.state.clone();
        while publication.log.size() < size {
            let from = publication.log.size();
            let leaves = log::leaves(source, &id, (from, size), LEAVES_PER_PAGE).await?;
            if leaves.is_empty() {
                return Err(damaged(id, from, Fault::Gap));
            }
            for (index, leaf, log_time_ms) in leaves {
                if index != publication.log.size() {
                    return Err(damaged(id, publication.log.size(), Fault::Gap));
                }
                publication.log.push(leaf);
                publication.last_log_time_ms = log_time_ms;
            }
        }
        Ok(self.install_publication(audience, publication))
    }

    async fn channel_at(&self, source: &mut Source<'_>, row: &ChannelRow) -> Result<View, AppError> {
        let Some(parent) = row.parent else {
            let channel = self.folded(source, row, Place::Review, None).await?;
            return Ok(View::Channel { channel, review: None });
        };
        // Read after the channel's own row: so it is at least as new as any basis in the channel.
        let parent = log::channel(source, &parent).await?.ok_or(damaged(row.id, 0, Fault::Unopened))?;
        let review = self.folded(source, &parent, Place::Review, None).await?;
        let place = review.state.opened(&row.id, review.state.log.size());
        let place = place.ok_or(damaged(row.id, 0, Fault::Unopened))?;
        let channel = self.folded(source, row, place, Some(&review.state)).await?;
        Ok(View::Channel { channel, review: Some(review) })
    }

    async fn folded(
        &self,
        source: &mut Source<'_>,
        row: &ChannelRow,
        place: Place,
        review: Option<&Channel>,
    ) -> Result<Arc<Kept<Channel>>, AppError> {
        let kept = self.kept_channel(&row.id);
        if let Some(kept) = &kept
            && kept.state.log.size() >= row.size
        {
            return Ok(kept.clone());
        }
        let directory = log::channel(source, &self.directory_id()).await?.map_or(0, |row| row.size);
        let directory = self.directory_at(source, directory).await?;
        let mut channel = kept.map_or_else(|| Channel::new(row.id, place), |kept| kept.state.clone());
        let world = policy::World { mechanism: &self.mechanism, directory: &directory.state, review };
        fold_channel(source, world, &mut channel, row.size).await?;
        Ok(self.install_channel(channel))
    }

    async fn fold_directory(
        &self,
        source: &mut Source<'_>,
        directory: &mut Directory,
        size: u64,
    ) -> Result<(), AppError> {
        let id = self.directory_id();
        while directory.log.size() < size {
            let from = directory.log.size();
            let entries = log::entries(source, &id, (from, size), ENTRIES_PER_PAGE).await?;
            if entries.is_empty() {
                return Err(damaged(id, from, Fault::Gap));
            }
            for entry in entries {
                if entry.index != directory.log.size() {
                    return Err(damaged(id, directory.log.size(), Fault::Gap));
                }
                replay_directory(&self.mechanism, directory, entry.signed, entry.log_time_ms)
                    .map_err(|fault| damaged(id, entry.index, fault))?;
            }
            // Thousands of signatures are checked here: others have their turn in between.
            tokio::task::yield_now().await;
        }
        Ok(())
    }
}

async fn fold_channel(
    source: &mut Source<'_>,
    world: policy::World<'_>,
    channel: &mut Channel,
    size: u64,
) -> Result<(), AppError> {
    let id: ChannelId = channel.id;
    while channel.log.size() < size {
        let from = channel.log.size();
        let entries = log::entries(source, &id, (from, size), ENTRIES_PER_PAGE).await?;
        if entries.is_empty() {
            return Err(damaged(id, from, Fault::Gap));
        }
        for entry in entries {
            if entry.index != channel.log.size() {
                return Err(damaged(id, channel.log.size(), Fault::Gap));
            }
            replay_channel(world, channel, entry.signed, entry.log_time_ms)
                .map_err(|fault| damaged(id, entry.index, fault))?;
        }
        tokio::task::yield_now().await;
    }
    Ok(())
}

/// A page of acts: at most 32 MiB, and usually 100 KiB.
const ENTRIES_PER_PAGE: u32 = 128;
const LEAVES_PER_PAGE: u32 = 4_096;
