//! What States have opened beyond their channels: lists, and one item with all that opens and proves it.

use chancery_core::act::{Audience, TreeHead};
use chancery_core::id::Digest;
use chancery_core::log::EntryProof;
use chancery_core::state::Directory;

use super::world::{Kept, Publication, View};
use super::{App, AppError, Caller};
use crate::store::db::Source;
use crate::store::log::{self, EntryRow};
use crate::store::publications::{self, Disclosed, Opened};

/// One disclosure with all that opens and proves it.
#[derive(Debug, Clone)]
pub struct DisclosedItem {
    /// As lists have it.
    pub summary: Disclosed,
    /// What opens it; none of a withdrawn one.
    pub opened: Option<Opened>,
    /// Proof that the grant stands in the publication log.
    pub proof: Vec<Digest>,
    /// The log's newest checkpoint.
    pub checkpoint: String,
}

impl App {
    /// Disclosures to an audience from index `start` on, at most `most`, in the order of the log.
    ///
    /// # Errors
    /// [`AppError::NOT_FOUND`] where the caller does not belong to the audience.
    pub async fn list_disclosed(
        &self,
        caller: &Caller,
        audience: Audience,
        start: u64,
        most: u32,
    ) -> Result<Vec<Disclosed>, AppError> {
        self.readable_publication(caller, audience).await?;
        let publication = self.world().publication_id(audience);
        Ok(publications::page(self.pool(), &publication, start, most).await?)
    }

    /// One disclosure.
    ///
    /// # Errors
    /// [`AppError::NOT_FOUND`], the same for what is absent and for what is forbidden.
    pub async fn get_disclosed(
        &self,
        caller: &Caller,
        audience: Audience,
        index: u64,
    ) -> Result<DisclosedItem, AppError> {
        self.readable_publication(caller, audience).await?;
        self.disclosed_item(audience, index).await?.ok_or(AppError::NOT_FOUND)
    }

    /// One disclosure, whoever asks.
    pub async fn disclosed_item(
        &self,
        audience: Audience,
        index: u64,
    ) -> Result<Option<DisclosedItem>, AppError> {
        let publication = self.world().publication_id(audience);
        let Some((summary, opened)) = publications::find(self.pool(), &publication, index).await? else {
            return Ok(None);
        };
        // Read after the row: so the log has the row's entry.
        let view = self.view(&publication).await?.ok_or(AppError::Bug("a release without its log"))?;
        let log = view.log();
        let proof =
            log.inclusion_proof(index, log.size()).ok_or(AppError::Bug("a release outside its log"))?;
        let checkpoint = self.checkpoint(&publication, &view);
        Ok(Some(DisclosedItem { summary, opened, proof, checkpoint }))
    }

    async fn readable_publication(&self, caller: &Caller, audience: Audience) -> Result<(), AppError> {
        // Of the audience's standing alone: a publication in which nothing stands yet has no row.
        let view = View::Publication(audience, Kept::new(Publication::default()));
        let directory = self.directory().await?;
        if caller.reads(&directory.state, &view, self.now_ms()) { Ok(()) } else { Err(AppError::NOT_FOUND) }
    }

    /// The publication log of an audience, as it stands.
    pub async fn publication(&self, audience: Audience) -> Result<View, AppError> {
        let view = self.view(&self.world().publication_id(audience)).await?;
        // While nothing stands in it, it has no row.
        Ok(view.unwrap_or_else(|| View::Publication(audience, Kept::new(Publication::default()))))
    }

    /// Proof that entry `index` of the directory stands in it as it was at `size`, with a checkpoint of that
    /// size: so the proof does not tell how far the directory has grown.
    pub fn prove_directory_entry(
        &self,
        directory: &Directory,
        entry: &EntryRow,
        size: u64,
    ) -> Result<EntryProof, AppError> {
        let log = &directory.log;
        let outside = || AppError::Bug("a proof outside the directory");
        let head = TreeHead { size, root: log.root_at(size).ok_or_else(outside)? };
        let path = log.inclusion_proof(entry.index, size).ok_or_else(outside)?;
        let checkpoint = self.0.log_key.checkpoint(&self.root(), &self.world().directory_id(), head);
        Ok(EntryProof { log_time_ms: entry.log_time_ms, index: entry.index, path, checkpoint })
    }

    /// One entry of the directory.
    pub async fn directory_entry(&self, index: u64) -> Result<EntryRow, AppError> {
        let mut source = Source::Pool(self.pool());
        let entry = log::entry(&mut source, &self.world().directory_id(), index).await?;
        entry.ok_or(AppError::Bug("an entry of the directory without a row"))
    }
}
