//! Collecting garbage: files that nothing cites a day after they were last touched, finished or not.
//!
//! A file is doomed in one transaction, in which an append that cites it comes before or after; then its
//! bytes go, and its rows last. Bytes without a row can only come from a restored database; a sweep over the
//! store finds them.

use std::time::Duration;

use chancery_core::id::FileId;
use chancery_core::limits::UNCITED_FILE_MS;
use tokio_util::sync::CancellationToken;

use super::AppError;
use super::upload::FileStore;
use crate::store::files;

/// What a collection removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Collected {
    /// Files with their rows.
    pub files: u64,
    /// Files that had no row.
    pub strays: u64,
}

impl FileStore {
    /// Collects garbage now and then until it is told to stop.
    pub async fn collect_until(&self, stop: CancellationToken) {
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(PAUSE) => {}
            }
            match self.collect(&stop).await {
                Ok(Collected { files: 0, strays: 0 }) => {}
                Ok(collected) => {
                    tracing::info!(files = collected.files, strays = collected.strays, "garbage collected");
                }
                Err(error) => tracing::warn!(%error, "garbage could not be collected; it is tried again"),
            }
        }
    }

    /// Collects what is garbage at this moment; stops between two files when it is told to.
    pub async fn collect(&self, stop: &CancellationToken) -> Result<Collected, AppError> {
        let before_ms = self.now_ms().saturating_sub(UNCITED_FILE_MS);
        let mut collected = Collected::default();
        loop {
            let garbage = files::garbage(&self.pool, before_ms, PAGE).await?;
            let last = garbage.len() < PAGE as usize;
            let mut removed = 0;
            for file in garbage {
                if stop.is_cancelled() {
                    return Ok(collected);
                }
                removed += u64::from(self.remove_uncited(&file, before_ms).await?);
            }
            collected.files += removed;
            if last || removed == 0 {
                break;
            }
        }
        collected.strays = self.sweep(stop).await?;
        Ok(collected)
    }

    async fn remove_uncited(&self, file: &FileId, before_ms: u64) -> Result<bool, AppError> {
        let mut tx = self.pool.begin().await?;
        let doomed = files::doom(&mut tx, file, before_ms).await?;
        tx.commit().await?;
        if doomed {
            self.bury(file).await?;
        }
        Ok(doomed)
    }

    /// Removes bytes without a row. The store is listed before the rows are: a row comes before the first
    /// byte of its file and goes after the last, so a file without a row was not there to be listed.
    async fn sweep(&self, stop: &CancellationToken) -> Result<u64, AppError> {
        let mut strays = 0;
        for first in 0..=u8::MAX {
            let stored = self.blobs.list(first).await?;
            let known = self.known(first).await?;
            for file in stored.iter().filter(|stored| known.binary_search(&stored.file).is_err()) {
                if stop.is_cancelled() {
                    return Ok(strays);
                }
                self.blobs.delete(file.file).await?;
                strays += 1;
            }
        }
        Ok(strays)
    }

    /// The files with a row whose ids begin with `first`, in order.
    async fn known(&self, first: u8) -> Result<Vec<FileId>, AppError> {
        let mut known: Vec<FileId> = Vec::new();
        loop {
            let page = files::page(&self.pool, first, known.last().copied(), PAGE).await?;
            let last = page.len() < PAGE as usize;
            known.extend(page.iter().map(|file| file.id));
            if last {
                return Ok(known);
            }
        }
    }
}

/// Between two collections.
const PAUSE: Duration = Duration::from_mins(10);
/// Files in one page of a list.
const PAGE: u32 = 256;

#[cfg(test)]
mod tests;
