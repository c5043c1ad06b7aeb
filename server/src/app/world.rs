//! The folded states of the deployment: the directory, channels and publications, kept by their size.
//!
//! A state is a persistent value, so keeping one costs its entries once and cloning it costs nothing. It is
//! only ever brought forward, from the log, through the same checks as when the entries were appended. The
//! writer brings the states forward inside its transaction, so several replicas agree; on SQLite this
//! process is the only writer, and what it keeps is the newest there is.

mod cache;
mod fold;

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use chancery_core::act::Audience;
use chancery_core::id::{ChannelId, KeyId};
use chancery_core::log::Tree;
use chancery_core::mechanism::Mechanism;
use chancery_core::name::{directory_channel, publication_channel};
use chancery_core::state::{Channel, Directory, Roster};

use cache::Cache;

use super::AppError;

/// A state as it was committed, with the checkpoint of its size once someone has asked for it.
#[derive(Debug)]
pub struct Kept<S> {
    /// The state.
    pub state: S,
    note: OnceLock<String>,
}

impl<S> Kept<S> {
    pub(super) fn new(state: S) -> Arc<Self> {
        Arc::new(Self { state, note: OnceLock::new() })
    }
}

/// The log of one publication.
#[derive(Debug, Clone, Default)]
pub struct Publication {
    /// The log so far.
    pub log: Tree,
    /// Time of the last entry.
    pub last_log_time_ms: u64,
}

/// One channel of the deployment, as it stands.
#[derive(Debug, Clone)]
pub enum View {
    /// The directory.
    Directory(Arc<Kept<Directory>>),
    /// A channel with members.
    Channel {
        /// The channel.
        channel: Arc<Kept<Channel>>,
        /// Its review; none if it is one.
        review: Option<Arc<Kept<Channel>>>,
    },
    /// What is opened to an audience.
    Publication(Audience, Arc<Kept<Publication>>),
}

impl View {
    /// The log.
    #[must_use]
    pub fn log(&self) -> &Tree {
        match self {
            Self::Directory(kept) => &kept.state.log,
            Self::Channel { channel, .. } => &channel.state.log,
            Self::Publication(_, kept) => &kept.state.log,
        }
    }

    /// Who takes part in the review, in a channel with members.
    #[must_use]
    pub fn roster(&self) -> Option<&Roster> {
        match self {
            Self::Channel { channel, review } => {
                review.as_ref().map_or(&channel.state, |review| &review.state).roster()
            }
            Self::Directory(_) | Self::Publication(..) => None,
        }
    }

    /// The note of this size, made by `sign` the first time.
    pub(super) fn note(&self, sign: impl FnOnce() -> String) -> &str {
        let note = match self {
            Self::Directory(kept) => &kept.note,
            Self::Channel { channel, .. } => &channel.note,
            Self::Publication(_, kept) => &kept.note,
        };
        note.get_or_init(sign)
    }
}

/// What is kept of every channel.
#[derive(Debug)]
pub struct World {
    root: KeyId,
    mechanism: Arc<Mechanism>,
    cache: Mutex<Cache>,
}

impl World {
    /// Nothing of the deployment of `root`.
    #[must_use]
    pub fn new(root: KeyId, mechanism: Arc<Mechanism>) -> Self {
        Self { root, mechanism, cache: Mutex::new(Cache::new(root)) }
    }

    /// The id of the directory.
    #[must_use]
    pub fn directory_id(&self) -> ChannelId {
        directory_channel(&self.root)
    }

    /// The id of a publication.
    #[must_use]
    pub fn publication_id(&self, audience: Audience) -> ChannelId {
        publication_channel(&self.root, audience)
    }

    /// The directory as it is kept.
    #[must_use]
    pub fn kept_directory(&self) -> Arc<Kept<Directory>> {
        self.lock().directory()
    }

    /// A publication as it is kept.
    #[must_use]
    pub fn kept_publication(&self, audience: Audience) -> Arc<Kept<Publication>> {
        self.lock().publication(audience)
    }

    /// A channel as it is kept, if it is.
    #[must_use]
    pub fn kept_channel(&self, id: &ChannelId) -> Option<Arc<Kept<Channel>>> {
        self.lock().channel(id)
    }

    /// A channel with members and its review, if both are kept.
    #[must_use]
    pub fn kept_view(&self, id: &ChannelId) -> Option<View> {
        let channel = self.kept_channel(id)?;
        let review = match channel.state.place.review() {
            Some(review) => Some(self.kept_channel(&review)?),
            None => None,
        };
        Some(View::Channel { channel, review })
    }

    /// Keeps a directory that is committed, unless a newer one is kept.
    pub(super) fn install_directory(&self, directory: Directory) -> Arc<Kept<Directory>> {
        self.lock().install_directory(Kept::new(directory))
    }

    /// Keeps a channel that is committed, unless a newer one is kept.
    pub(super) fn install_channel(&self, channel: Channel) -> Arc<Kept<Channel>> {
        self.lock().install_channel(Kept::new(channel))
    }

    /// Keeps a publication that is committed, unless a newer one is kept.
    pub(super) fn install_publication(
        &self,
        audience: Audience,
        publication: Publication,
    ) -> Arc<Kept<Publication>> {
        self.lock().install_publication(audience, Kept::new(publication))
    }

    /// No code panics while it holds the lock, and what it guards is whole after each line.
    fn lock(&self) -> MutexGuard<'_, Cache> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A stored log that does not replay.
fn damaged(channel: ChannelId, index: u64, fault: impl Into<super::replay::Fault>) -> AppError {
    AppError::Damaged { channel, index, fault: fault.into() }
}
