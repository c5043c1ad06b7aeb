//! Logs as a server hands them out, with what stands beside every act, and checkpoints under the log key. The
//! server here does whatever a test wants: it runs no policy of its own.

use chancery_client::compose::Composed;
use chancery_client::entry::{Entry, OwnWrap};
use chancery_client::verify::{
    ChannelCopy, DirectoryCopy, Growth, VerifyError, extend_channel, extend_directory,
};
use chancery_core::act::{SignedAct, TreeHead};
use chancery_core::id::{ChannelId, KeyId};
use chancery_core::log::{Checkpoint, Tree, leaf_hash, origin, wrap_leaf};
use chancery_core::name::directory_channel;
use chancery_core::policy::World;
use chancery_core::state::Place;
use ring::signature::{Ed25519KeyPair, KeyPair};

use crate::stage::{At, Stage};
use crate::{Deployment, NOW_MS};

/// A log that a server serves to one reader.
#[derive(Debug, Clone)]
pub struct Served {
    /// The channel.
    pub channel: ChannelId,
    /// The entries, as handed out.
    pub entries: Vec<Entry>,
    /// The key that signs checkpoints.
    pub log_seed: [u8; 32],
    /// The deployment.
    pub root: KeyId,
}

/// The public half of a log key.
#[must_use]
pub fn log_key(seed: &[u8; 32]) -> [u8; 32] {
    let pair = Ed25519KeyPair::from_seed_unchecked(seed).unwrap();
    pair.public_key().as_ref().try_into().unwrap()
}

impl Served {
    /// The directory, as it is.
    #[must_use]
    pub fn directory(all: &Deployment) -> Self {
        let root = all.root.key_id();
        let mut served =
            Self { channel: directory_channel(&root), entries: Vec::new(), log_seed: all.log_seed, root };
        for act in &all.directory_acts {
            served.append(&Composed::from(act.clone()), &[]);
        }
        served
    }

    /// A channel of the stage, as it is, to a reader with these keys.
    #[must_use]
    pub fn channel(stage: &Stage, at: At, own: &[KeyId]) -> Self {
        let log = &stage.logs[&at];
        let mut served = Self {
            channel: log.channel.id,
            entries: Vec::new(),
            log_seed: stage.all.log_seed,
            root: stage.all.root.key_id(),
        };
        for composed in &log.entries {
            served.append(composed, own);
        }
        served
    }

    /// Appends an act unasked, with the reader's own wraps beside it.
    pub fn append(&mut self, composed: &Composed, own: &[KeyId]) {
        self.entries.push(Entry {
            index: self.entries.len() as u64,
            signed: composed.act.bytes().clone(),
            log_time_ms: NOW_MS,
            body: composed.body.clone(),
            own_wraps: own_wraps(composed, own),
            previous_box: composed.previous_box.clone(),
        });
    }

    /// Numbers the entries anew.
    pub fn renumber(&mut self) {
        for (index, entry) in (0..).zip(&mut self.entries) {
            entry.index = index;
        }
    }

    /// Size and root of the first `size` entries.
    #[must_use]
    pub fn head(&self, size: usize) -> TreeHead {
        let leaves = self.entries[..size].iter().map(|entry| leaf_hash(&entry.signed, entry.log_time_ms));
        Tree::of(leaves).head()
    }

    /// A signed checkpoint of any head.
    #[must_use]
    pub fn sign(&self, head: TreeHead) -> String {
        let checkpoint = Checkpoint { origin: origin(&self.root, &self.channel), head };
        let pair = Ed25519KeyPair::from_seed_unchecked(&self.log_seed).unwrap();
        let signature = pair.sign(checkpoint.text().as_bytes());
        checkpoint.note(&log_key(&self.log_seed), &signature.as_ref().try_into().unwrap())
    }

    /// What a reader gets who has the first `from` entries, with a checkpoint that covers all.
    #[must_use]
    pub fn growth(&self, from: usize) -> Growth {
        Growth {
            entries: self.entries[from..].to_vec(),
            note: self.sign(self.head(self.entries.len())),
            now_ms: NOW_MS,
        }
    }
}

/// The directory of the stage, verified from its first entry.
pub fn read_directory(stage: &Stage) -> Result<DirectoryCopy, VerifyError> {
    let mut copy = DirectoryCopy::new(stage.all.root.key_id());
    let growth = Served::directory(&stage.all).growth(0);
    extend_directory(&stage.all.mechanism, &mut copy, growth)?;
    Ok(copy)
}

/// A channel of the stage as its reader grows it by what is handed out.
pub fn read(stage: &Stage, at: At, copy: &mut ChannelCopy, growth: Growth) -> Result<(), VerifyError> {
    let review = (at != At::Review).then(|| &stage.logs[&At::Review].channel);
    let (mechanism, directory) = (&stage.all.mechanism, &stage.all.directory);
    extend_channel(World { mechanism, directory, review }, copy, growth)
}

/// An empty copy of a channel of the stage.
#[must_use]
pub fn empty(stage: &Stage, at: At) -> ChannelCopy {
    let channel = &stage.logs[&at].channel;
    ChannelCopy::new(channel.id, if at == At::Review { Place::Review } else { channel.place.clone() })
}

fn own_wraps(composed: &Composed, own: &[KeyId]) -> Vec<OwnWrap> {
    let Some(recipients) = composed.act.content().statement.beside().recipients else { return Vec::new() };
    let leaves = recipients.key_ids.iter().zip(&composed.wraps).map(|(key, wrap)| wrap_leaf(key, wrap));
    let tree = Tree::of(leaves);
    let size = tree.size();
    (0..)
        .zip(recipients.key_ids.iter().zip(&composed.wraps))
        .filter(|(_, (key, _))| own.contains(key))
        .map(|(position, (key, wrap))| OwnWrap {
            key_id: *key,
            wrap: wrap.clone(),
            position,
            path: tree.inclusion_proof(position, size).unwrap(),
        })
        .collect()
}

/// The act's bytes with one bit turned.
#[must_use]
pub fn turned(act: &SignedAct, at: usize) -> bytes::Bytes {
    let mut bytes = act.bytes().to_vec();
    bytes[at] ^= 1;
    bytes.into()
}
