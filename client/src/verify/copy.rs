//! A log as verified so far.

use std::collections::BTreeMap;

use chancery_core::act::{ActError, SignedAct, TreeHead};
use chancery_core::id::{ChannelId, DeviceId, KeyId};
use chancery_core::name::directory_channel;
use chancery_core::state::{Channel, Directory, Place};

use super::Word;
use crate::entry::Entry;

/// The directory as verified.
#[derive(Debug, Clone)]
pub struct DirectoryCopy {
    /// What its acts have made true.
    pub state: Directory,
    /// All its entries.
    pub entries: Vec<Entry>,
    /// The checkpoint that covers exactly these entries; none in an empty log.
    pub note: Option<String>,
}

/// A channel with members as verified.
#[derive(Debug, Clone)]
pub struct ChannelCopy {
    /// What its acts have made true.
    pub state: Channel,
    /// All its entries.
    pub entries: Vec<Entry>,
    /// Indices of the acts that make a secret or hand it to a new member.
    pub key_acts: Vec<u64>,
    /// The checkpoint that covers exactly these entries; none in an empty log.
    pub note: Option<String>,
    /// The newest word of each reader's device that agrees with these entries.
    pub words: BTreeMap<DeviceId, Word>,
}

impl DirectoryCopy {
    /// Nothing yet of the directory of `root`.
    #[must_use]
    pub fn new(root: KeyId) -> Self {
        Self { state: Directory::new(root), entries: Vec::new(), note: None }
    }

    /// Its channel.
    #[must_use]
    pub fn id(&self) -> ChannelId {
        directory_channel(&self.state.root)
    }

    /// Size and root of the log as verified.
    #[must_use]
    pub fn head(&self) -> TreeHead {
        self.state.log.head()
    }

    /// The key that signs checkpoints, once the deployment is founded.
    #[must_use]
    pub fn log_key(&self) -> Option<[u8; 32]> {
        self.state.foundation.as_ref().map(|foundation| foundation.log_key)
    }
}

impl ChannelCopy {
    /// Nothing yet of a channel.
    #[must_use]
    pub fn new(id: ChannelId, place: Place) -> Self {
        Self {
            state: Channel::new(id, place),
            entries: Vec::new(),
            key_acts: Vec::new(),
            note: None,
            words: BTreeMap::new(),
        }
    }

    /// Takes a reader's word, unless a newer one of the same device is there.
    pub fn take(&mut self, word: Word) {
        let newest = self.words.get(&word.said.device).map_or(0, |known| known.said.size);
        if word.said.size >= newest {
            self.words.insert(word.said.device, word);
        }
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> ChannelId {
        self.state.id
    }

    /// Size and root of the log as verified.
    #[must_use]
    pub fn head(&self) -> TreeHead {
        self.state.log.head()
    }

    /// The entry at an index.
    #[must_use]
    pub fn entry(&self, index: u64) -> Option<&Entry> {
        self.entries.get(usize::try_from(index).ok()?)
    }
}

impl Entry {
    /// The act in it. Of an entry of a copy it always parses.
    ///
    /// # Errors
    /// [`ActError`].
    pub fn act(&self) -> Result<SignedAct, ActError> {
        SignedAct::decode(self.signed.clone())
    }
}
