//! Everything that the server keeps, read from its folders without its help.

use std::fs;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use chancery_core::act::{Audience, Opening, SignedAct, Statement};
use chancery_core::id::{ChannelId, FileId, KeyId};
use chancery_core::mechanism::ChannelKind;
use chancery_core::name::publication_channel;
use chancery_server::store::db::{DatabaseUrl, Pool, PoolLimits, Source};
use chancery_server::store::{log, publications};

use super::has_content;

/// Everything that the server keeps.
#[derive(Debug)]
pub struct Stored {
    /// The channels, directory and publications among them.
    pub channels: Vec<StoredChannel>,
    /// What is open beyond its channel at present.
    pub releases: Vec<StoredRelease>,
    files: PathBuf,
}

/// A channel.
#[derive(Debug)]
pub struct StoredChannel {
    /// Id.
    pub id: ChannelId,
    /// What it is.
    pub kind: ChannelKind,
    /// Its entries.
    pub entries: Vec<StoredEntry>,
}

/// An entry and what stands beside it.
#[derive(Debug)]
pub struct StoredEntry {
    /// Its act; none in a publication.
    pub act: Option<SignedAct>,
    /// The sealed body.
    pub body: Option<Bytes>,
    /// The boxed previous secret.
    pub previous_box: Option<Bytes>,
    /// Every wrap.
    pub wraps: Vec<Bytes>,
}

/// What opens a disclosed post.
#[derive(Debug)]
pub struct StoredRelease {
    /// To whom it is open.
    pub audience: Audience,
    /// Generation of the all-parties key.
    pub generation: u64,
    /// The revision key, or its wrap.
    pub key_material: Bytes,
}

impl Stored {
    /// Reads all of it.
    pub async fn read(root: &KeyId, data: &Path, files: &Path) -> Self {
        let database = data.join("chancery.db");
        assert!(database.is_file(), "{} is not there", database.display());
        let database = std::path::absolute(database).unwrap();
        let pool = Pool::open(&DatabaseUrl::Sqlite(database), &PoolLimits::default()).await.unwrap();
        let mut channels: Vec<StoredChannel> = Vec::new();
        loop {
            let after = channels.last().map(|last| last.id.as_bytes().to_vec()).unwrap_or_default();
            let rows = log::channels_after(&mut Source::Pool(&pool), &after, PAGE).await.unwrap();
            for row in &rows {
                let entries = entries(&pool, row).await;
                channels.push(StoredChannel { id: row.id, kind: row.kind, entries });
            }
            if rows.is_empty() {
                break;
            }
        }
        let mut releases = Vec::new();
        for audience in [Audience::AllParties, Audience::Public] {
            let publication = publication_channel(root, audience);
            let size = channels.iter().find(|channel| channel.id == publication);
            for index in 0..size.map_or(0, |channel| channel.entries.len() as u64) {
                let found = publications::find(&pool, &publication, index).await.unwrap();
                let Some((_, Some(opened))) = found else { continue };
                let (generation, key_material) = (opened.generation, opened.key_material);
                releases.push(StoredRelease { audience, generation, key_material });
            }
        }
        Self { channels, releases, files: files.to_owned() }
    }

    /// The sealed bytes of a file.
    #[must_use]
    pub fn file(&self, file: FileId) -> Option<Vec<u8>> {
        let name = file.to_string();
        let folder = self.files.join("parts").join(&name[0..2]).join(&name[2..4]).join(&name);
        let mut parts: Vec<PathBuf> = fs::read_dir(folder).ok()?.map(|entry| entry.unwrap().path()).collect();
        parts.sort();
        Some(parts.iter().flat_map(|part| fs::read(part).unwrap()).collect())
    }

    /// What each channel of a review was opened as.
    #[must_use]
    pub fn openings(&self) -> Vec<(ChannelId, Opening)> {
        let entries = self.channels.iter().flat_map(|channel| &channel.entries);
        entries
            .filter_map(|entry| match &entry.act.as_ref()?.content().statement {
                Statement::OpenChannel(act) => Some((act.channel, act.opening.clone())),
                _ => None,
            })
            .collect()
    }
}

async fn entries(pool: &Pool, row: &log::ChannelRow) -> Vec<StoredEntry> {
    let mut entries = Vec::new();
    while (entries.len() as u64) < row.size {
        let range = (entries.len() as u64, row.size);
        let page = log::full_entries(&mut Source::Pool(pool), &row.id, range, PAGE).await.unwrap();
        assert!(!page.is_empty(), "channel {} lacks entries", row.id);
        for entry in page {
            let wraps = log::wraps(&mut Source::Pool(pool), &row.id, entry.index).await.unwrap();
            entries.push(StoredEntry {
                act: has_content(row.kind).then(|| SignedAct::decode(entry.signed).unwrap()),
                body: entry.body,
                previous_box: entry.previous_box,
                wraps: wraps.into_iter().map(|wrap| wrap.bytes).collect(),
            });
        }
    }
    entries
}

const PAGE: u32 = 100;
