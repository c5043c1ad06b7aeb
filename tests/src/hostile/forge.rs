//! Acts that no honest client makes, under the keys of a real home.

use std::path::Path;

use bytes::Bytes;
use chancery_client::compose::{Composed, NewRevision, RecipientKey, Signer, Standpoint, new_epoch, post};
use chancery_client::home::Home;
use chancery_client::keyring::{ChannelKeys, TeamRing, UserRing};
use chancery_client::sync::store;
use chancery_client::verify::{ChannelCopy, DirectoryCopy};
use chancery_core::act::Basis;
use chancery_core::id::{ChannelId, KeyId};
use chancery_core::mechanism::ItemKind;
use chancery_core::state::Roster;
use chancery_proto::v1;
use chancery_seal::secret::EpochSecret;

use super::attack::Attack;
use crate::stage::recipient;
use crate::{body, person, random, state};

/// A home that has read the channel to its end.
pub struct Forger {
    home: Home,
    directory: DirectoryCopy,
    review: ChannelCopy,
    channel: ChannelCopy,
    keys: ChannelKeys,
}

impl Forger {
    /// Opens a home and what it keeps of a channel of a review; no server is asked.
    #[must_use]
    pub fn open(dir: &Path, passphrase: &str, channel: ChannelId) -> Self {
        let home = Home::open(dir, passphrase).unwrap();
        let root = home.keys().root;
        let directory = store::load_directory(&home, root).unwrap();
        let kept = |id| store::load_channel(&home, id).unwrap().expect("the home has read the channel");
        let channel = kept(channel);
        let review = kept(channel.state.place.review().expect("a channel of a review"));
        let identity = &home.person().unwrap().identity;
        let record = directory.state.record(&identity.user).unwrap();
        let (own, _) = UserRing::open(record, identity, None, &directory.entries);
        let (teams, _) = TeamRing::open(&root, &directory.entries, &own);
        let keys = ChannelKeys::open(&channel, &own, &teams);
        Self { home, directory, review, channel, keys }
    }

    /// The act that an attack appends; none if it appends none.
    #[must_use]
    pub fn forge(&self, attack: Attack) -> Option<Composed> {
        match attack {
            Attack::SecretariatPosts => Some(self.post(ItemKind::Clarification)),
            Attack::ExpertSubmits => Some(self.post(ItemKind::Response)),
            Attack::GhostReader => Some(self.epoch(|readers, _| readers.push(recipient(&person().user_kem)))),
            // The right key's id over the bytes of another key: it is addressed to the team and does not open.
            Attack::GarbageWrap => Some(self.epoch(|_, team| {
                let other = recipient(&person().user_kem).public;
                team.as_mut().expect("the secretariat reads this channel").public = other;
            })),
            _ => None,
        }
    }

    fn post(&self, kind: ItemKind) -> Composed {
        let person = self.home.person().unwrap();
        let standpoint = self.standpoint();
        let revision = NewRevision {
            state: person.state.unwrap_or_else(|| state("CL")),
            section: random(),
            previous: None,
            kind,
            body: &body("Nobody may write this."),
            clears: person.state_key.as_ref(),
        };
        let secret = self.keys.ring.secret(standpoint.epoch).unwrap();
        post(self.signer(), &standpoint, random(), secret, &revision).unwrap()
    }

    /// A new secret, addressed as `change` leaves it.
    fn epoch(&self, change: impl FnOnce(&mut Vec<RecipientKey>, &mut Option<RecipientKey>)) -> Composed {
        let now = self.directory.state.now(self.channel.state.last_log_time_ms);
        let state = &self.channel.state;
        let of = |id: KeyId| RecipientKey { id, public: now.by_kem(&id).unwrap().key().unwrap().kem.clone() };
        let mut readers = state.epoch_recipients(self.roster(), &now).into_iter().map(of).collect();
        let mut team = state.secretariat_key(self.roster(), &now).map(|id| {
            let public = now.team(&self.roster().team()).unwrap().kem.clone();
            RecipientKey { id, public }
        });
        change(&mut readers, &mut team);
        let standpoint = self.standpoint();
        let previous = self.keys.ring.secret(standpoint.epoch).unwrap();
        let secret = EpochSecret::make().unwrap();
        new_epoch(self.signer(), &standpoint, random(), &secret, Some(previous), readers, team).unwrap()
    }

    fn roster(&self) -> &Roster {
        self.review.state.roster().unwrap()
    }

    fn signer(&self) -> Signer<'_> {
        Signer { key: &self.home.person().unwrap().identity.sign, root: &self.home.keys().root }
    }

    fn standpoint(&self) -> Standpoint {
        let (author, _) = self.home.speaker().unwrap();
        Standpoint {
            channel: self.channel.id(),
            author,
            clock_ms: self.channel.state.last_log_time_ms,
            seen: self.channel.head(),
            epoch: self.channel.state.epoch.as_ref().map_or(0, |epoch| epoch.number),
            basis: Some(Basis { directory: self.directory.head(), review: Some(self.review.head()) }),
        }
    }
}

/// What the server would hand out of a forged act; no reader needs a wrap of its own to judge it.
#[must_use]
pub fn entry(composed: &Composed) -> v1::Entry {
    let beside = |bytes: &Option<Bytes>| bytes.clone().unwrap_or_default();
    v1::Entry {
        index: 0,
        signed: composed.act.bytes().clone(),
        log_time_ms: 0,
        body: beside(&composed.body),
        own_wraps: Vec::new(),
        previous_box: beside(&composed.previous_box),
    }
}
