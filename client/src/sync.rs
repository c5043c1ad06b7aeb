//! A session: the home, the link, and copies of logs that are brought up to date and verified.
//!
//! Everything read from the server goes through [`crate::verify`] before it is kept; what is kept never goes
//! back. A brand-new home starts from the first entry of everything. An act's basis can be ahead of what is
//! held: then the directory or the review is brought up to date first.
//!
//! Not here: what a person can do ([`crate::verbs`]), and how it is shown.

mod again;
mod clock;
pub mod contents;
mod error;
mod fetch;
mod flush;
mod gossip;
mod landed;
mod post;
mod state_key;
pub mod store;
mod write;

use std::collections::BTreeMap;
use std::sync::Arc;

use chancery_core::act::Audience;
use chancery_core::id::{ChannelId, Digest, KeyId};
use chancery_core::mechanism::{ChannelKind, Mechanism};
use chancery_core::policy::World;
use chancery_core::state::{DirectoryAt, Place, Roster};
use chancery_seal::kem::KemKeyPair;

pub use again::VerifiedLog;
pub use error::SessionError;
pub use flush::Flushed;
pub use landed::{Landed, Unread};
pub use post::{NewPost, Posted};
pub(crate) use state_key::lost_race;
pub use state_key::{Replaced, with_current_state_key};
pub use write::{Prepared, Sent};

use crate::clock::now_ms;
use crate::home::{Home, Person};
use crate::keyring::{Alert, ChannelKeys, Keyring, OpenedPost, StateKeyRing, TeamRing, UserRing};
use crate::link::{Link, ListedChannel};
use crate::verify::{
    ChannelCopy, DirectoryCopy, Fault, PublicationCopy, VerifyError, basis_needed, extend_channel,
    extend_directory, extend_publication,
};

/// A person at work: the home, the link, and verified copies of what the person reads.
#[derive(Debug)]
pub struct Session {
    /// The home.
    pub home: Home,
    /// The server.
    pub link: Link,
    root: KeyId,
    mechanism: Mechanism,
    mechanism_digest: Digest,
    directory: DirectoryCopy,
    own_keys: UserRing,
    /// The key of a recovery sheet, while it is being used.
    sheet: Option<KemKeyPair>,
    teams: TeamRing,
    team_alerts: Vec<Alert>,
    state_keys: StateKeyRing,
    channels: BTreeMap<ChannelId, Held>,
    publications: BTreeMap<Audience, PublicationCopy>,
    listed: BTreeMap<ChannelId, ListedChannel>,
    flushed: Vec<Flushed>,
    witness: clock::Witness,
    landed: Arc<Landed>,
}

/// A channel as verified, with what its reader can open.
#[derive(Debug)]
struct Held {
    copy: ChannelCopy,
    keys: ChannelKeys,
}

impl Session {
    /// Opens a session: connects, checks the mechanism and brings the directory up to date.
    ///
    /// # Errors
    /// [`SessionError`].
    pub async fn open(home: Home) -> Result<Self, SessionError> {
        // A session is large, and this future is held by others.
        match Box::pin(Self::open_or_kept(home)).await? {
            (session, None) => Ok(session),
            (_, Some(error)) => Err(error),
        }
    }

    /// As [`Session::open`]; where the server does not answer, or what it hands out is wrong, a session all the
    /// same, with the copies that the home had verified before and the reason why they are not newer.
    ///
    /// # Errors
    /// [`SessionError`]; of a home that has verified nothing yet, whatever the reason is.
    pub async fn open_or_kept(home: Home) -> Result<(Self, Option<SessionError>), SessionError> {
        let kept = store::mechanism(&home)?;
        let (server, tls) = (home.server()?, &home.keys().tls);
        let (link, failed) = match Link::connect(server, tls).await {
            Ok(link) => (link, None),
            Err(error) if kept.is_some() => (Link::later(server, tls)?, Some(error.into())),
            Err(error) => return Err(error.into()),
        };
        let text = if let Some(text) = kept {
            text
        } else {
            let info = link.server().await?;
            String::from_utf8(info.mechanism.to_vec()).map_err(|_| SessionError::Mechanism)?
        };
        let mut session = Self::of(home, link, &text)?;
        let failed = if failed.is_some() { failed } else { session.begin_with(&text).await.err() };
        Ok((session, failed))
    }

    /// With what the home has kept.
    fn of(home: Home, link: Link, text: &str) -> Result<Self, SessionError> {
        let root = home.keys().root;
        let mechanism = Mechanism::parse(text).map_err(|_| SessionError::Mechanism)?;
        let directory = store::load_directory(&home, root)?;
        let witness = clock::Witness::open(&home)?;
        let mut session = Self {
            home,
            link,
            root,
            mechanism,
            mechanism_digest: Mechanism::digest(text),
            directory,
            own_keys: UserRing::default(),
            sheet: None,
            teams: TeamRing::default(),
            team_alerts: Vec::new(),
            state_keys: StateKeyRing::default(),
            channels: BTreeMap::new(),
            publications: BTreeMap::new(),
            listed: BTreeMap::new(),
            flushed: Vec::new(),
            witness,
            landed: Arc::default(),
        };
        session.open_teams();
        Ok(session)
    }

    async fn begin_with(&mut self, text: &str) -> Result<(), SessionError> {
        self.sync_directory().await?;
        store::keep_mechanism(&self.home, text)?;
        self.flush_outbox().await
    }

    /// Reads every log that the home has kept, and that this session has not read yet.
    ///
    /// # Errors
    /// [`SessionError::Home`].
    pub fn load_kept(&mut self) -> Result<(), SessionError> {
        for id in store::channels(&self.home)? {
            self.load(id)?;
        }
        Audience::ALL.into_iter().try_for_each(|audience| self.load_publication(audience))
    }

    /// The person whose home it is.
    ///
    /// # Errors
    /// [`SessionError::Home`] in the custodians' home.
    pub fn person(&self) -> Result<&Person, SessionError> {
        Ok(self.home.person()?)
    }

    /// Fingerprint of the root.
    #[must_use]
    pub const fn root(&self) -> &KeyId {
        &self.root
    }

    /// The rules as data.
    #[must_use]
    pub const fn mechanism(&self) -> &Mechanism {
        &self.mechanism
    }

    /// The mechanism file, whose hash stands in the deployment's first act.
    ///
    /// # Errors
    /// [`SessionError::Mechanism`] if the home does not have it any more.
    pub fn mechanism_text(&self) -> Result<String, SessionError> {
        let text = store::mechanism(&self.home)?;
        text.filter(|text| Mechanism::digest(text) == self.mechanism_digest).ok_or(SessionError::Mechanism)
    }

    /// The directory as verified.
    #[must_use]
    pub const fn directory(&self) -> &DirectoryCopy {
        &self.directory
    }

    /// The directory as verified, asked now. Log times only go forward: where this machine's clock is behind
    /// them, they count.
    #[must_use]
    pub fn now(&self) -> DirectoryAt<'_> {
        let state = &self.directory.state;
        state.now(Self::now_ms().max(state.last_log_time_ms))
    }

    /// The team keys that the person holds.
    #[must_use]
    pub const fn teams(&self) -> &TeamRing {
        &self.teams
    }

    /// A channel as verified, if this session has read it.
    #[must_use]
    pub fn channel(&self, id: ChannelId) -> Option<&ChannelCopy> {
        self.channels.get(&id).map(|held| &held.copy)
    }

    /// Every channel that this session has read, reviews among them.
    pub fn channels(&self) -> impl Iterator<Item = &ChannelCopy> {
        self.channels.values().map(|held| &held.copy)
    }

    /// What the person opens of a channel.
    #[must_use]
    pub fn keys(&self, id: ChannelId) -> Option<&ChannelKeys> {
        self.channels.get(&id).map(|held| &held.keys)
    }

    /// The secrets that the person holds of a channel.
    #[must_use]
    pub fn keyring(&self, id: ChannelId) -> Option<&Keyring> {
        self.keys(id).map(|keys| &keys.ring)
    }

    /// Every post of a channel that this session has read, in log order. What has not been opened before is
    /// opened, and kept in the home.
    ///
    /// # Errors
    /// [`SessionError::NoSuchChannel`].
    pub fn open_posts(&self, id: ChannelId) -> Result<Vec<OpenedPost<'_>>, SessionError> {
        let held = self.channels.get(&id).ok_or(SessionError::NoSuchChannel(id))?;
        Ok(contents::open_posts(&self.home, &held.copy, &held.keys))
    }

    /// The publication log of an audience as verified, if this session has read it.
    #[must_use]
    pub fn publication(&self, audience: Audience) -> Option<&PublicationCopy> {
        self.publications.get(&audience)
    }

    /// Keys of teams that are addressed to the person and do not open.
    #[must_use]
    pub fn team_alerts(&self) -> &[Alert] {
        &self.team_alerts
    }

    /// The roster of the review that a channel belongs to.
    #[must_use]
    pub fn roster(&self, id: ChannelId) -> Option<&Roster> {
        let place = &self.channel(id)?.state.place;
        self.channel(place.review().unwrap_or(id))?.state.roster()
    }

    /// Begins the copy of a channel that the person is about to open.
    pub fn begin(&mut self, id: ChannelId, place: Place) {
        self.hold(ChannelCopy::new(id, place));
    }

    /// How many channels with members the server lists for this person, each with its review.
    #[must_use]
    pub fn readable(&self) -> usize {
        let kinds = [ChannelKind::Directory, ChannelKind::Publication];
        self.listed.values().filter(|listed| !kinds.contains(&listed.kind) && self.is_judged(listed)).count()
    }

    /// Channels that the server lists for this person, but not their review, without which nothing in them can be
    /// judged. A newcomer is brought into the review by another focal point of the State.
    pub fn without_review(&self) -> impl Iterator<Item = &ListedChannel> {
        self.listed.values().filter(|listed| !self.is_judged(listed))
    }

    fn is_judged(&self, listed: &ListedChannel) -> bool {
        listed.review.is_none_or(|review| self.listed.contains_key(&review))
    }

    /// Brings the directory up to date.
    ///
    /// # Errors
    /// [`SessionError`].
    pub async fn sync_directory(&mut self) -> Result<(), SessionError> {
        let (id, size) = (self.directory.id(), self.directory.head().size);
        let growth = fetch::growth(&self.link, id, size).await?;
        let offered = growth.note.clone();
        if let Err(error) = extend_directory(&self.mechanism, &mut self.directory, growth) {
            return Err(self.prove(error, &offered).await);
        }
        let founded = self.directory.state.foundation.as_ref().map(|founded| founded.mechanism);
        if founded != Some(self.mechanism_digest) {
            return Err(VerifyError { channel: id, at: None, fault: Fault::OtherMechanism }.into());
        }
        if self.directory.head().size > size {
            store::keep_directory(&self.home, &self.directory, size)?;
            self.witnessed(self.directory.state.last_log_time_ms)?;
            self.open_teams();
        }
        Ok(())
    }

    /// Brings one channel, and what its acts rest on, up to date.
    ///
    /// # Errors
    /// [`SessionError`]; [`SessionError::NoSuchChannel`] for one that the person does not read.
    pub async fn sync_channel(&mut self, id: ChannelId) -> Result<(), SessionError> {
        let place = self.place(id).await?;
        if let Some(review) = place.review() {
            self.sync_one(review, Place::Review).await?;
            let opened = self.channel(review).and_then(|review| {
                let size = review.head().size;
                review.state.opened(&id, size)
            });
            if opened.as_ref() != Some(&place) {
                return Err(SessionError::NoSuchChannel(id));
            }
        }
        self.sync_one(id, place).await
    }

    /// Brings everything that the person reads up to date: directory, reviews, then the rest. A channel whose
    /// review is not served waits.
    ///
    /// # Errors
    /// [`SessionError`].
    pub async fn sync_all(&mut self) -> Result<(), SessionError> {
        self.sync_directory().await?;
        self.list().await?;
        for kinds in [
            &[ChannelKind::Review][..],
            &[ChannelKind::Strand, ChannelKind::Coordination, ChannelKind::Delegation],
        ] {
            let of_kind = |listed: &&ListedChannel| kinds.contains(&listed.kind) && self.is_judged(listed);
            let ids: Vec<ChannelId> = self.listed.values().filter(of_kind).map(|listed| listed.id).collect();
            for id in ids {
                let place = self.place(id).await?;
                self.sync_one(id, place).await?;
            }
        }
        Ok(())
    }

    /// Channels that were read before and that the server does not list any more: the person was shown out, or
    /// they are being withheld. Which of the two it is only the other members can say.
    ///
    /// # Errors
    /// [`SessionError`].
    pub fn unlisted(&mut self) -> Result<Vec<ChannelId>, SessionError> {
        let mut unlisted = store::channels(&self.home)?;
        unlisted.retain(|id| !self.listed.contains_key(id));
        for id in &unlisted {
            self.load(*id)?;
        }
        Ok(unlisted)
    }

    /// Brings the publication log of an audience up to date.
    ///
    /// # Errors
    /// [`SessionError`].
    pub async fn sync_publication(&mut self, audience: Audience) -> Result<(), SessionError> {
        self.load_publication(audience)?;
        let Some(copy) = self.publications.get(&audience) else { return Ok(()) };
        let size = copy.head().size;
        let growth = fetch::growth(&self.link, copy.id(), size).await?;
        let offered = growth.note.clone();
        // Read after the publication log, so that it has every key that signed there.
        self.sync_directory().await?;
        let Some(copy) = self.publications.get_mut(&audience) else { return Ok(()) };
        if let Err(error) = extend_publication(&self.directory, copy, growth) {
            return Err(self.prove(error, &offered).await);
        }
        if copy.head().size > size {
            store::keep_publication(&self.home, copy)?;
            let newest_ms = copy.last_log_time_ms;
            self.witnessed(newest_ms)?;
        }
        Ok(())
    }

    /// What the server lists for this person. What it leaves out cannot be told from what is not there.
    ///
    /// # Errors
    /// [`SessionError`].
    pub async fn list(&mut self) -> Result<Vec<ListedChannel>, SessionError> {
        let listed = self.link.list_channels().await?;
        self.listed = listed.iter().map(|channel| (channel.id, *channel)).collect();
        Ok(listed)
    }

    /// What a channel is: from the copy that was kept, or from the review that opened it.
    async fn place(&mut self, id: ChannelId) -> Result<Place, SessionError> {
        self.load(id)?;
        if let Some(copy) = self.channel(id) {
            return Ok(copy.state.place.clone());
        }
        if !self.listed.contains_key(&id) {
            self.list().await?;
        }
        let listed = *self.listed.get(&id).ok_or(SessionError::NoSuchChannel(id))?;
        if listed.kind == ChannelKind::Review {
            return Ok(Place::Review);
        }
        let review = listed.review.ok_or(SessionError::NoSuchChannel(id))?;
        self.load(review)?;
        if self.channel(review).is_none_or(|review| review.state.opened(&id, u64::MAX).is_none()) {
            self.sync_one(review, Place::Review).await?;
        }
        // The server's word for what it is counts for nothing; the review's act does.
        let place = self.channel(review).and_then(|review| review.state.opened(&id, u64::MAX));
        place.ok_or(SessionError::NoSuchChannel(id))
    }

    async fn sync_one(&mut self, id: ChannelId, place: Place) -> Result<(), SessionError> {
        self.load(id)?;
        let size = self.channel(id).map_or(0, |copy| copy.head().size);
        let (growth, words) = fetch::growth_and_words(&self.link, id, size).await?;
        let offered = growth.note.clone();
        let review = place.review();
        self.reach(&growth.entries, review).await?;
        let mut copy = match self.channels.remove(&id) {
            Some(held) => held.copy,
            None => ChannelCopy::new(id, place),
        };
        let world = World {
            mechanism: &self.mechanism,
            directory: &self.directory.state,
            review: review.and_then(|review| self.channels.get(&review)).map(|held| &held.copy.state),
        };
        let grown = extend_channel(world, &mut copy, growth);
        let newest_ms = copy.state.last_log_time_ms;
        self.hold(copy);
        if let Err(error) = grown {
            return Err(self.prove(error, &offered).await);
        }
        if let Err(alarm) = self.meet(id, words) {
            // Nothing says which of two histories is the true one: what was kept before stays as it was.
            self.channels.remove(&id);
            return Err(alarm);
        }
        if let Some(held) = self.channels.get(&id).filter(|held| held.copy.head().size > size) {
            store::keep_channel(&self.home, &held.copy, size)?;
        }
        Ok(self.witnessed(newest_ms)?)
    }

    /// Brings the directory and the review as far as the entries' bases reach.
    async fn reach(
        &mut self,
        entries: &[crate::entry::Entry],
        review: Option<ChannelId>,
    ) -> Result<(), SessionError> {
        let (directory, in_review) = basis_needed(entries);
        if let Some(review) = review {
            self.load(review)?;
            let held = self.channel(review).map_or(0, |copy| copy.head().size);
            if in_review > held || !self.channels.contains_key(&review) {
                Box::pin(self.sync_one(review, Place::Review)).await?;
            }
        }
        if directory > self.directory.head().size {
            self.sync_directory().await?;
        }
        Ok(())
    }

    /// Reads a channel that was kept, unless this session has it already.
    fn load(&mut self, id: ChannelId) -> Result<(), SessionError> {
        if !self.channels.contains_key(&id)
            && let Some(copy) = store::load_channel(&self.home, id)?
        {
            self.hold(copy);
        }
        Ok(())
    }

    fn load_publication(&mut self, audience: Audience) -> Result<(), SessionError> {
        if !self.publications.contains_key(&audience) {
            let kept = store::load_publication(&self.home, self.root, audience)?;
            self.publications.insert(audience, kept);
        }
        Ok(())
    }

    fn hold(&mut self, copy: ChannelCopy) {
        if self.home.person().is_err() {
            return;
        }
        let keys = ChannelKeys::open(&copy, &self.own_keys, &self.teams);
        self.channels.insert(copy.id(), Held { copy, keys });
    }

    /// Opens what the directory addresses to the person, and channels that were read before with what is new.
    fn open_teams(&mut self) {
        let Ok(person) = self.home.person() else { return };
        let (directory, identity) = (&self.directory, &person.identity);
        let record = directory.state.record(&identity.user);
        let opened =
            record.map(|record| UserRing::open(record, identity, self.sheet.as_ref(), &directory.entries));
        let (own_keys, mut alerts) = opened.unwrap_or_default();
        let grown = own_keys.len() != self.own_keys.len();
        self.own_keys = own_keys;
        let (teams, team_alerts) = TeamRing::open(&self.root, &self.directory.entries, &self.own_keys);
        alerts.extend(team_alerts);
        (self.teams, self.team_alerts) = (teams, alerts);
        self.open_state_keys();
        if grown {
            let held = std::mem::take(&mut self.channels);
            for held in held.into_values() {
                self.hold(held.copy);
            }
        }
    }

    /// Opens the person's key with a recovery sheet, for as long as this session lasts.
    pub fn use_sheet(&mut self, sheet: KemKeyPair) {
        self.sheet = Some(sheet);
        self.open_teams();
    }

    /// The generations of the person's own key that this device opens.
    #[must_use]
    pub const fn own_keys(&self) -> &UserRing {
        &self.own_keys
    }

    pub(crate) fn now_ms() -> u64 {
        now_ms()
    }
}
