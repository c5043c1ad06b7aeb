//! The files of the store against the database.

use std::collections::{BTreeMap, BTreeSet};

use chancery_core::id::FileId;

use super::{Check, Cited, Finding};
use crate::app::AppError;
use crate::app::replay::Fault;
use crate::blobs::BlobError;
use crate::store::audit;
use crate::store::files::{self, File, FileState};

impl Check<'_> {
    /// Every file, and that those which entries cite are there.
    pub(super) async fn files(
        &self,
        mut cited: Cited,
        tell: &mut dyn FnMut(Finding),
    ) -> Result<(), AppError> {
        for first in 0..=u8::MAX {
            let in_store: BTreeMap<FileId, BTreeMap<u32, u64>> = self
                .blobs
                .list(first)
                .await?
                .into_iter()
                .map(|file| (file.file, file.parts.into_iter().collect()))
                .collect();
            let mut known = BTreeSet::new();
            let mut after = None;
            loop {
                let page = files::page(self.pool, first, after, FILES_PER_READ).await?;
                let Some(last) = page.last() else { break };
                after = Some(last.id);
                for file in page {
                    known.insert(file.id);
                    if let Some((channel, index)) = cited.remove(&file.id)
                        && file.state != FileState::Complete
                    {
                        tell(Finding::Beside { channel, index, what: "file, which is not complete," });
                    }
                    self.file(&file, in_store.get(&file.id), tell).await?;
                }
            }
            let left = in_store.into_keys().filter(|file| !known.contains(file));
            for file in left.filter(|file| !cited.contains_key(file)) {
                tell(Finding::Leftover { file });
            }
        }
        for (file, (channel, index)) in cited {
            tell(Finding::Entry { channel, index, fault: Fault::File(file) });
        }
        Ok(())
    }

    async fn file(
        &self,
        file: &File,
        stored: Option<&BTreeMap<u32, u64>>,
        tell: &mut dyn FnMut(Finding),
    ) -> Result<(), AppError> {
        if file.state == FileState::Doomed {
            // Its parts are being removed; what is left of them means nothing.
            return Ok(());
        }
        let parts = audit::parts(self.pool, &file.id).await?;
        let mut fault = |what| tell(Finding::File { file: file.id, what });
        let gapless = parts.iter().map(|part| part.part).eq(0..file.received_parts);
        if !gapless {
            fault("its parts are not those that the database counts");
        }
        let bytes: u64 = parts.iter().map(|part| part.length).sum();
        if file.state == FileState::Complete && bytes != file.length_bytes {
            fault("its parts do not add up to its length");
        }
        for part in parts {
            match stored.and_then(|parts| parts.get(&part.part)) {
                None => fault("a part is missing in the store of files"),
                Some(length) if *length != part.length => {
                    fault("a part has another length in the store of files");
                }
                Some(_) if self.deep => match self.blobs.digest(file.id, part.part).await {
                    Ok(digest) if digest == part.sha256 => {}
                    Ok(_) => fault("a part has other bytes in the store of files"),
                    Err(BlobError::Absent) => fault("a part is missing in the store of files"),
                    Err(error) => return Err(error.into()),
                },
                Some(_) => {}
            }
        }
        Ok(())
    }
}

const FILES_PER_READ: u32 = 256;
