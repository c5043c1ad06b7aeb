//! What opens, for one who holds the keys of one home and every byte of the server. It asks no server and no
//! policy: each wrap, box and release is tried with each key, whoever it is addressed to.

mod keys;
mod stored;

use std::path::Path;

use chancery_client::home::{Holder, Keys};
use chancery_client::keyring::{Keyring, SealedPost, open_with};
use chancery_core::act::{Attachment, Audience, PostBody, SignedAct, Statement};
use chancery_core::id::ChannelId;
use chancery_core::mechanism::ChannelKind;
use chancery_seal::file::{FileOpener, HEADER_BYTES};
use chancery_seal::kem::KemKeyPair;
use chancery_seal::revision::RevisionPlace;
use chancery_seal::secret::{FileKey, RevisionKey};
use chancery_seal::wrap::unwrap_revision_key;
use serde::Serialize;

pub use stored::{Stored, StoredChannel, StoredEntry, StoredRelease};

/// Something that opens.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Opened {
    /// The key of a team.
    TeamKey {
        /// The team.
        team: String,
        /// The generation.
        generation: u64,
    },
    /// The secret of an epoch.
    Epoch {
        /// The channel.
        channel: String,
        /// The epoch.
        number: u64,
    },
    /// A post.
    Post {
        /// Where it stands, and what opens it.
        #[serde(flatten)]
        place: Place,
        /// Its section.
        section: String,
        /// Its title.
        title: String,
        /// Its text.
        text: String,
    },
    /// A file that an opened post cites.
    File {
        /// The citing post.
        #[serde(flatten)]
        place: Place,
        /// The file.
        file: String,
        /// Its name.
        name: String,
        /// Its content, as far as that is text.
        text: String,
    },
    /// The card of a member.
    Card {
        /// Where it stands, and what opens it.
        #[serde(flatten)]
        place: Place,
        /// The name on it.
        name: String,
    },
}

/// Where something that opens stands, and what opens it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Place {
    /// The channel.
    pub channel: String,
    /// What channel that is.
    pub channel_kind: &'static str,
    /// The act.
    pub act: String,
    /// The key that opens it.
    pub by: By,
}

/// The key that opens something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum By {
    /// The secret of an epoch of its channel.
    Epoch,
    /// A disclosure to all parties.
    AllParties,
    /// A disclosure to the public.
    Public,
}

/// All that opens with the keys of a home.
#[must_use]
pub fn probe(keys: &Keys, stored: &Stored) -> Vec<Opened> {
    let mut own = match &keys.holder {
        Holder::Custodian { .. } | Holder::Second { .. } => Vec::new(),
        Holder::Person(person) => {
            let seeds = person.identity.seeds();
            [&seeds.user, &seeds.device].map(|seed| KemKeyPair::from_seed(seed).unwrap()).into()
        }
    };
    keys::open_people(stored, &mut own);
    let mut found = keys::open_teams(&keys.root, stored, &mut own);
    let disclosed = disclosed_keys(stored, &own);
    for channel in &stored.channels {
        let ring = keys::open_epochs(channel, &own, &mut found);
        open_posts(stored, channel, &ring, &disclosed, &mut found);
    }
    found.sort();
    found.dedup();
    found
}

/// The revision keys in releases: those in clear, and those that a key at hand unwraps. Each wrap is tried for
/// every post there is.
fn disclosed_keys(stored: &Stored, own: &[KemKeyPair]) -> Vec<(By, RevisionKey)> {
    let mut keys = Vec::new();
    for release in &stored.releases {
        let material = &release.key_material[..];
        match release.audience {
            Audience::Public => {
                keys.push((By::Public, RevisionKey::from_bytes(material.try_into().unwrap())));
            }
            Audience::AllParties => {
                for (place, post) in stored.channels.iter().flat_map(posts) {
                    let unwrapped = own.iter().find_map(|pair| {
                        let commitment = &post.body.key_commitment;
                        unwrap_revision_key(&place, release.generation, commitment, pair, material).ok()
                    });
                    keys.extend(unwrapped.map(|key| (By::AllParties, key)));
                }
            }
        }
    }
    keys
}

fn open_posts(
    stored: &Stored,
    channel: &StoredChannel,
    (ring, epochs): &(Keyring, Vec<u64>),
    disclosed: &[(By, RevisionKey)],
    found: &mut Vec<Opened>,
) {
    for entry in &channel.entries {
        let Some(act) = &entry.act else { continue };
        let sealed = entry.body.as_deref().unwrap_or_default();
        let id = act.content().header.act_id;
        let place = |by| Place {
            channel: channel.id.to_string(),
            channel_kind: channel.kind.as_str(),
            act: id.to_string(),
            by,
        };
        if let Statement::AddMember(added) = &act.content().statement {
            let opened = epochs.iter().find_map(|epoch| ring.open_card(*epoch, id, &added.body, sealed).ok());
            found.extend(opened.map(|card| Opened::Card { place: place(By::Epoch), name: card.name }));
        }
        let Some(post) = sealed_post(act) else { continue };
        let mut take = |by, body: &PostBody| {
            found.push(Opened::Post {
                place: place(by),
                section: post.section.to_string(),
                title: body.title.clone(),
                text: body.text.clone(),
            });
            for cited in &body.attachments {
                let Some(text) = open_file(stored, channel.id, cited) else { continue };
                let (file, name) = (cited.file.to_string(), cited.name.clone());
                found.push(Opened::File { place: place(by), file, name, text });
            }
        };
        if let Some(body) = epochs.iter().find_map(|epoch| ring.open_post(*epoch, &post, sealed).ok()) {
            take(By::Epoch, &body);
        }
        for (by, key) in disclosed {
            if let Ok(body) = open_with(key, channel.id, &post, sealed) {
                take(*by, &body);
            }
        }
    }
}

fn open_file(stored: &Stored, channel: ChannelId, cited: &Attachment) -> Option<String> {
    let sealed = stored.file(cited.file)?;
    let (header, chunks) = sealed.split_at_checked(HEADER_BYTES)?;
    let key = FileKey::from_bytes(cited.key);
    let mut stream =
        FileOpener::new(&key, channel, cited.file, cited.length, header).ok()?.stream_from(0).ok()?;
    let mut content = Vec::new();
    let mut take = |opened: &[u8]| {
        content.extend_from_slice(opened);
        Ok::<(), chancery_seal::SealError>(())
    };
    stream.push(chunks, &mut take).ok()?;
    stream.finish().ok()?;
    Some(String::from_utf8_lossy(&content).into_owned())
}

/// The posts of a channel.
fn posts(channel: &StoredChannel) -> impl Iterator<Item = (RevisionPlace, SealedPost)> {
    channel.entries.iter().filter_map(|entry| sealed_post(entry.act.as_ref()?)).map(|post| {
        let place = RevisionPlace { channel: channel.id, section: post.section, act: post.act };
        (place, post)
    })
}

fn sealed_post(act: &SignedAct) -> Option<SealedPost> {
    let Statement::Post(post) = &act.content().statement else { return None };
    let (section, kind, body) = (post.section, post.kind, post.body);
    Some(SealedPost { section, act: act.content().header.act_id, kind, body })
}

impl Opened {
    /// The act of a post, and what opens it.
    #[must_use]
    pub fn post(&self) -> Option<(&str, By)> {
        match self {
            Self::Post { place, .. } => Some((&place.act, place.by)),
            Self::TeamKey { .. } | Self::Epoch { .. } | Self::File { .. } | Self::Card { .. } => None,
        }
    }

    /// Whether a word stands in what was opened.
    #[must_use]
    pub fn says(&self, word: &str) -> bool {
        match self {
            Self::Post { title, text, .. } => title.contains(word) || text.contains(word),
            Self::File { name, text, .. } => name.contains(word) || text.contains(word),
            Self::Card { name, .. } => name.contains(word),
            Self::TeamKey { .. } | Self::Epoch { .. } => false,
        }
    }
}

/// All that opens with the keys of a home, from the server's folders.
pub async fn probe_folders(keys: &Keys, data: &Path, files: &Path) -> Vec<Opened> {
    probe(keys, &Stored::read(&keys.root, data, files).await)
}

/// A channel whose entries are acts with content.
fn has_content(kind: ChannelKind) -> bool {
    !matches!(kind, ChannelKind::Publication)
}
