//! Verifying everything again from the first entry, beside what is kept.

use std::collections::BTreeMap;

use chancery_core::act::{Audience, TreeHead};
use chancery_core::id::ChannelId;
use chancery_core::log::Tree;
use chancery_core::mechanism::ChannelKind;
use chancery_core::policy::World;
use chancery_core::state::Place;

use super::{Session, SessionError, fetch};
use crate::verify::{
    ChannelCopy, DirectoryCopy, Fault, Growth, PublicationCopy, VerifyError, basis_needed,
    compare_publication, extend_channel, extend_directory, extend_publication,
};

/// One log that was verified from its first entry.
#[derive(Debug, Clone)]
pub struct VerifiedLog {
    /// The channel.
    pub channel: ChannelId,
    /// What it is.
    pub kind: ChannelKind,
    /// Size and root.
    pub head: TreeHead,
    /// The checkpoint that covers it.
    pub note: Option<String>,
}

/// The logs verified so far.
struct Again {
    directory: DirectoryCopy,
    channels: BTreeMap<ChannelId, ChannelCopy>,
}

impl Session {
    /// Reads every log from the first entry, verifies all of it, and checks that each continues what was kept.
    /// What is kept is not touched, so that it can be shown if the server's log is another.
    ///
    /// # Errors
    /// [`SessionError`] at the first log that is wrong.
    pub async fn verify_again(&mut self) -> Result<Vec<VerifiedLog>, SessionError> {
        self.sync_all().await?;
        let mut again = Again { directory: DirectoryCopy::new(*self.root()), channels: BTreeMap::new() };
        self.directory_again(&mut again).await?;
        let mut places: Vec<(ChannelId, Place)> =
            self.channels().map(|copy| (copy.id(), copy.state.place.clone())).collect();
        // Reviews first: the others are judged by them.
        places.sort_by_key(|(id, place)| (*place != Place::Review, *id));
        for (id, place) in &places {
            if self.listed.contains_key(id) {
                self.channel_again(&mut again, *id, place.clone()).await?;
            }
        }
        let mut logs = vec![VerifiedLog {
            channel: again.directory.id(),
            kind: ChannelKind::Directory,
            head: again.directory.head(),
            note: again.directory.note.clone(),
        }];
        logs.extend(again.channels.values().map(|copy| VerifiedLog {
            channel: copy.id(),
            kind: copy.state.place.kind(),
            head: copy.head(),
            note: copy.note.clone(),
        }));
        for audience in Audience::ALL {
            logs.extend(self.publication_again(&again, audience).await?);
        }
        Ok(logs)
    }

    async fn directory_again(&self, again: &mut Again) -> Result<(), SessionError> {
        let copy = &mut again.directory;
        let growth = fetch::growth(&self.link, copy.id(), copy.head().size).await?;
        extend_directory(self.mechanism(), copy, growth)?;
        continues(copy.id(), &copy.state.log, &self.directory().head())
    }

    async fn channel_again(
        &self,
        again: &mut Again,
        id: ChannelId,
        place: Place,
    ) -> Result<(), SessionError> {
        let review = place.review();
        let growth = fetch::growth(&self.link, id, 0).await?;
        self.reach_again(again, &growth, review).await?;
        let mut copy = ChannelCopy::new(id, place);
        let world = World {
            mechanism: self.mechanism(),
            directory: &again.directory.state,
            review: review.and_then(|review| again.channels.get(&review)).map(|copy| &copy.state),
        };
        extend_channel(world, &mut copy, growth)?;
        if let Some(kept) = self.channel(id) {
            continues(id, &copy.state.log, &kept.head())?;
        }
        again.channels.insert(id, copy);
        Ok(())
    }

    /// Others write while this reads: a basis can be ahead of what was read before.
    async fn reach_again(
        &self,
        again: &mut Again,
        growth: &Growth,
        review: Option<ChannelId>,
    ) -> Result<(), SessionError> {
        let (directory, in_review) = basis_needed(&growth.entries);
        if let Some(id) = review
            && again.channels.get(&id).is_none_or(|copy| copy.head().size < in_review)
        {
            Box::pin(self.channel_again(again, id, Place::Review)).await?;
        }
        if directory > again.directory.head().size {
            self.directory_again(again).await?;
        }
        Ok(())
    }

    /// The publication log, and that it is exactly what the channels' acts have made, as far as they are read.
    async fn publication_again(
        &self,
        again: &Again,
        audience: Audience,
    ) -> Result<Option<VerifiedLog>, SessionError> {
        let mut copy = PublicationCopy::new(*self.root(), audience);
        if !self.listed.contains_key(&copy.id()) {
            return Ok(None);
        }
        let growth = fetch::growth(&self.link, copy.id(), 0).await?;
        extend_publication(&again.directory, &mut copy, growth)?;
        if let Some(kept) = self.publication(audience) {
            continues(copy.id(), &copy.log, &kept.head())?;
        }
        for (id, before) in &again.channels {
            if !matches!(before.state.place, Place::Strand { .. }) {
                continue;
            }
            // Read on, so that nothing published in between seems to come from nowhere.
            let mut after = before.clone();
            let growth = fetch::growth(&self.link, *id, after.head().size).await?;
            let world = World {
                mechanism: self.mechanism(),
                directory: &again.directory.state,
                review: after.state.place.review().and_then(|r| again.channels.get(&r)).map(|c| &c.state),
            };
            let (directory, _) = basis_needed(&growth.entries);
            // What rests on a newer directory was not there when the publication log was read, or is told next time.
            if directory <= again.directory.head().size {
                extend_channel(world, &mut after, growth)?;
            }
            compare_publication(&copy, &after, before.head().size)?;
        }
        let kind = ChannelKind::Publication;
        Ok(Some(VerifiedLog { channel: copy.id(), kind, head: copy.head(), note: copy.note }))
    }
}

fn continues(channel: ChannelId, log: &Tree, kept: &TreeHead) -> Result<(), SessionError> {
    if log.went_through(kept) {
        return Ok(());
    }
    let fault = Fault::Forked { size: kept.size };
    Err(VerifyError { channel, at: None, fault }.into())
}
