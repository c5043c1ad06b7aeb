//! The states of a group as it is decided: they become the kept ones when the transaction has committed.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use chancery_core::act::{Audience, OpenReview, Statement};
use chancery_core::directory_statement;
use chancery_core::error::{Reason, WireReason};
use chancery_core::file::FileUse;
use chancery_core::id::{ChannelId, KeyId};
use chancery_core::log::leaf_hash;
use chancery_core::mechanism::ChannelKind;
use chancery_core::policy::{self, check_fresh, decide, decide_directory};
use chancery_core::state::{Channel, Directory, Place as ChannelPlace};

use super::Prepared;
use super::group::Group;
use super::writer::{Place, Request};
use crate::app::AppError;
use crate::app::world::{Kept, Publication, View};
use crate::store::db::{Engine, Source, Tx};
use crate::store::files::{self, File, FileState};
use crate::store::log::{self, ChannelRow, EntryRow, Grow, NewRows, WrapRow};

/// The states and the rows of one group.
pub(super) struct Draft<'g> {
    pub(super) group: &'g Group,
    pub(super) now_ms: u64,
    pub(super) directory: Directory,
    directory_size: u64,
    channels: HashMap<ChannelId, Open>,
    pub(super) publications: HashMap<Audience, (u64, Publication)>,
    pub(super) rows: NewRows,
    revoked: Vec<Revoked>,
}

/// A TLS key that an act has shut out.
#[derive(Clone, Copy)]
struct Revoked {
    key: KeyId,
    /// Its own device has said so, and waits for the receipt.
    by_itself: bool,
}

/// A channel that this group writes to or reads.
struct Open {
    /// As it was committed; none if this group opens it.
    kept: Option<Arc<Kept<Channel>>>,
    channel: Channel,
}

impl Open {
    fn kept(kept: Arc<Kept<Channel>>) -> Self {
        Self { channel: kept.state.clone(), kept: Some(kept) }
    }

    fn size_before(&self) -> u64 {
        self.kept.as_ref().map_or(0, |kept| kept.state.log.size())
    }
}

/// Where to return to when a later act of the same request is refused.
struct Before {
    directory: Option<Directory>,
    channel: Option<Channel>,
    publications: HashMap<Audience, (u64, Publication)>,
    lengths: [usize; 8],
    revoked: usize,
}

impl<'g> Draft<'g> {
    /// Brings the states of all requests forward to what the transaction sees.
    pub(super) async fn load(
        group: &'g Group,
        tx: &mut Tx,
        requests: &[Request],
        locked: bool,
    ) -> Result<Self, AppError> {
        let heads = match kept_heads(group, requests) {
            Some(heads) if !locked && !group.uncertain.swap(false, Ordering::Relaxed) => heads,
            _ => heads(group, tx, requests, locked).await?,
        };
        let size_of = |id: &ChannelId| heads.get(id).map_or(0, |row| row.size);
        let mut source = Source::Tx(tx);
        let kept = group.world.directory_at(&mut source, size_of(&group.world.directory_id())).await?;
        let mut draft = Self {
            group,
            now_ms: (group.clock)(),
            directory: kept.state.clone(),
            directory_size: kept.state.log.size(),
            channels: HashMap::new(),
            publications: HashMap::new(),
            rows: NewRows::default(),
            revoked: Vec::new(),
        };
        for request in requests {
            if let Some(row) = heads.get(&request.channel)
                && !draft.channels.contains_key(&request.channel)
                && request.channel != group.world.directory_id()
            {
                let view = match group.world.kept_view(&request.channel) {
                    Some(view) if is_current(&view, &heads) => view,
                    _ => group.world.view_of(&mut source, row).await?,
                };
                draft.open(view);
            }
            for audience in audiences(request) {
                let size = size_of(&group.world.publication_id(audience));
                let kept = group.world.publication_at(&mut source, audience, size).await?;
                draft.publications.entry(audience).or_insert_with(|| (size, kept.state.clone()));
            }
        }
        Ok(draft)
    }

    fn open(&mut self, view: View) {
        if let View::Channel { channel, review } = view {
            for kept in [Some(channel), review].into_iter().flatten() {
                self.channels.entry(kept.state.id).or_insert_with(|| Open::kept(kept));
            }
        }
    }

    /// Decides the acts of one request in order; if one is refused, the states are as before the first.
    pub(super) async fn request(&mut self, tx: &mut Tx, request: &Request) -> Result<Vec<Place>, AppError> {
        let before = (request.entries.len() > 1).then(|| self.before(&request.channel));
        let mut places = Vec::with_capacity(request.entries.len());
        for entry in &request.entries {
            match self.entry(tx, &request.channel, entry).await {
                Ok(place) => places.push(place),
                Err(error) => {
                    if let Some(before) = before {
                        self.restore(&request.channel, before);
                    }
                    return Err(error);
                }
            }
        }
        Ok(places)
    }

    async fn entry(&mut self, tx: &mut Tx, id: &ChannelId, entry: &Prepared) -> Result<Place, AppError> {
        if *id == self.group.world.directory_id() {
            if let Some(index) = self.directory.acts.get(&entry.act_id()).copied() {
                return self.repeated(tx, id, index, entry).await;
            }
            return self.in_directory(entry);
        }
        if let Some(index) = self.channels.get(id).and_then(|open| open.channel.acts.get(&entry.act_id())) {
            return self.repeated(tx, id, *index, entry).await;
        }
        self.in_channel(tx, id, entry).await
    }

    /// The act id was used: the same bytes keep their first place.
    async fn repeated(
        &self,
        tx: &mut Tx,
        id: &ChannelId,
        index: u64,
        entry: &Prepared,
    ) -> Result<Place, AppError> {
        let pending = self.rows.entries.iter().find(|row| row.channel == *id && row.index == index);
        let (signed, log_time_ms) = if let Some(row) = pending {
            (row.signed.clone(), row.log_time_ms)
        } else {
            let row = log::entry(&mut Source::Tx(tx), id, index).await?;
            let row = row.ok_or(AppError::Bug("a known act without its entry"))?;
            (row.signed, row.log_time_ms)
        };
        if signed == *entry.act.act().bytes() {
            Ok(Place { index, log_time_ms })
        } else {
            Err(WireReason::ActIdTaken.into())
        }
    }

    fn in_directory(&mut self, entry: &Prepared) -> Result<Place, AppError> {
        let place = Place {
            index: self.directory.log.size(),
            log_time_ms: self.now_ms.max(self.directory.last_log_time_ms),
        };
        let (mechanism, act) = (&self.group.mechanism, entry.act.clone());
        let permit = decide_directory(mechanism, &self.directory, act, place.log_time_ms)?;
        self.record(self.group.world.directory_id(), place, entry);
        self.directory.apply(permit, place.log_time_ms);
        let author = self.directory.device_of(&entry.act.act().content().header.author);
        let author = author.map(|device| device.tls_key);
        let revoked = self.directory.revoked_at(place.index);
        self.revoked.extend(revoked.map(|key| Revoked { key, by_itself: author == Some(key) }));
        Ok(place)
    }

    async fn in_channel(&mut self, tx: &mut Tx, id: &ChannelId, entry: &Prepared) -> Result<Place, AppError> {
        let content = entry.act.act().content();
        let opening = match &content.statement {
            Statement::OpenReview(act) => Some(act),
            _ => None,
        };
        let is_new = opening.is_some() && !self.channels.contains_key(id);
        if is_new {
            let channel = Channel::new(*id, ChannelPlace::Review);
            self.channels.insert(*id, Open { kept: None, channel });
        }
        let place = self.decided(tx, id, entry, opening, is_new).await;
        if is_new && place.is_err() {
            self.channels.remove(id);
        }
        place
    }

    /// Decides an act on the channel as the group has left it, and applies it.
    async fn decided(
        &mut self,
        tx: &mut Tx,
        id: &ChannelId,
        entry: &Prepared,
        opening: Option<&OpenReview>,
        is_new: bool,
    ) -> Result<Place, AppError> {
        let statement = &entry.act.act().content().statement;
        let channel = &self.channels.get(id).ok_or(AppError::NOT_FOUND)?.channel;
        let review = channel.place.review().and_then(|review| self.channels.get(&review));
        let world = policy::World {
            mechanism: &self.group.mechanism,
            directory: &self.directory,
            review: review.map(|open| &open.channel),
        };
        let place = Place { index: channel.log.size(), log_time_ms: self.log_time(channel, statement) };
        let permit = match decide(world, channel, entry.act.clone(), place.log_time_ms) {
            // Whoever reads a channel learns that its id is taken.
            Err(Reason::NotGenesis) if opening.is_some() && !is_new => {
                return Err(Reason::AlreadyThere.into());
            }
            permit => permit?,
        };
        check_fresh(world, channel, permit.act(), place.log_time_ms)?;
        self.beyond(tx, statement, id, entry, place).await?;
        self.record(*id, place, entry);
        if is_new {
            self.rows.channels.push((*id, ChannelKind::Review, None));
        }
        let open = self.channels.get_mut(id).ok_or(AppError::Bug("a channel that was just there"))?;
        open.channel.apply(permit, place.log_time_ms);
        Ok(place)
    }

    /// The time at which the act is judged and will stand: never before what stands in its log already, nor in
    /// the publication that it goes into, for both logs say the same time.
    fn log_time(&self, channel: &Channel, statement: &Statement) -> u64 {
        let published = audience_of(statement).and_then(|audience| self.publications.get(&audience));
        let published_ms = published.map_or(0, |(_, publication)| publication.last_log_time_ms);
        self.now_ms.max(channel.last_log_time_ms).max(published_ms)
    }

    /// What an act concerns beyond its own log: files, other channels, publications. Whatever can be refused
    /// is refused before a row is added.
    async fn beyond(
        &mut self,
        tx: &mut Tx,
        statement: &Statement,
        id: &ChannelId,
        entry: &Prepared,
        place: Place,
    ) -> Result<(), AppError> {
        match statement {
            Statement::Post(act) => {
                let found = files::claim(tx, &act.files, self.now_ms).await?;
                let all =
                    act.files.iter().all(|file| found.iter().any(|row| row.id == *file && citable(row, id)));
                if !all {
                    return Err(WireReason::FileIncomplete.into());
                }
                self.rows.citations.extend(act.files.iter().map(|file| (*file, *id, place.index)));
            }
            Statement::OpenChannel(act) => {
                let stored = log::channel(&mut Source::Tx(tx), &act.channel).await?.is_some();
                if stored || self.rows.channels.iter().any(|(id, ..)| *id == act.channel) {
                    return Err(Reason::AlreadyThere.into());
                }
                let kind = ChannelPlace::of(*id, &act.opening).kind();
                self.rows.channels.push((act.channel, kind, Some(*id)));
            }
            Statement::Disclose(act) => self.disclose(tx, id, act, entry, place).await?,
            Statement::Withdraw(act) => self.withdraw(id, act, entry, place)?,
            directory_statement!(
                Statement::OpenReview(_),
                Statement::AmendReview(_),
                Statement::NewEpoch(_),
                Statement::AddMember(_),
                Statement::RemoveMember(_),
                Statement::ShareEpoch(_),
                Statement::Complain(_)
            ) => {}
        }
        Ok(())
    }

    /// The rows of an act and of what stands beside it.
    fn record(&mut self, channel: ChannelId, place: Place, entry: &Prepared) {
        let Place { index, log_time_ms } = place;
        let signed = entry.act.act().bytes().clone();
        let leaf = leaf_hash(&signed, log_time_ms);
        self.rows.entries.push(EntryRow {
            channel,
            index,
            act_id: entry.act_id(),
            signed,
            log_time_ms,
            leaf,
        });
        let beside = &entry.beside;
        self.rows.bodies.extend(beside.body.iter().map(|body| (channel, index, body.clone())));
        self.rows.boxes.extend(beside.previous_box.iter().map(|bytes| (channel, index, bytes.clone())));
        let wraps = (0..).zip(&beside.wraps).map(|(position, (recipient, bytes))| {
            (channel, WrapRow { index, position, recipient: *recipient, bytes: bytes.clone() })
        });
        self.rows.wraps.extend(wraps);
    }

    fn before(&self, id: &ChannelId) -> Before {
        let in_directory = *id == self.group.world.directory_id();
        Before {
            directory: in_directory.then(|| self.directory.clone()),
            channel: self.channels.get(id).map(|open| open.channel.clone()),
            publications: self.publications.clone(),
            lengths: self.rows.lengths(),
            revoked: self.revoked.len(),
        }
    }

    fn restore(&mut self, id: &ChannelId, before: Before) {
        if let Some(directory) = before.directory {
            self.directory = directory;
        }
        match (before.channel, self.channels.get_mut(id)) {
            (Some(channel), Some(open)) => open.channel = channel,
            (None, Some(_)) => {
                self.channels.remove(id);
            }
            (_, None) => {}
        }
        self.publications = before.publications;
        self.rows.truncate(before.lengths);
        self.revoked.truncate(before.revoked);
    }

    /// How far each log has grown.
    pub(super) fn grown(&self) -> Vec<Grow> {
        let world = &self.group.world;
        let directory = Grow {
            channel: world.directory_id(),
            from: self.directory_size,
            to: self.directory.log.size(),
            last_log_time_ms: self.directory.last_log_time_ms,
        };
        let channels = self.channels.values().map(|open| Grow {
            channel: open.channel.id,
            from: open.size_before(),
            to: open.channel.log.size(),
            last_log_time_ms: open.channel.last_log_time_ms,
        });
        let publications = self.publications.iter().map(|(audience, (from, publication))| Grow {
            channel: world.publication_id(*audience),
            from: *from,
            to: publication.log.size(),
            last_log_time_ms: publication.last_log_time_ms,
        });
        let all = std::iter::once(directory).chain(channels).chain(publications);
        let mut grown: Vec<Grow> = all.filter(|grow| grow.to > grow.from).collect();
        grown.sort_unstable_by_key(|grow| grow.channel);
        grown
    }

    /// After the commit: keeps the new states, wakes watchers, closes revoked connections. Returns what each
    /// channel of the group looks like now.
    pub(super) fn install(self, group: &Group) -> HashMap<ChannelId, View> {
        let grown = self.grown();
        let world = &group.world;
        let directory = if self.directory.log.size() > self.directory_size {
            world.install_directory(self.directory)
        } else {
            world.kept_directory()
        };
        let mut kept = HashMap::with_capacity(self.channels.len());
        for (id, open) in self.channels {
            let state = match open.kept {
                Some(kept) if kept.state.log.size() == open.channel.log.size() => kept,
                _ => world.install_channel(open.channel),
            };
            kept.insert(id, state);
        }
        for (audience, (_, publication)) in self.publications {
            world.install_publication(audience, publication);
        }
        // Before the watchers wake, so that they find it there.
        group.recent.keep(self.rows);
        for grow in grown {
            group.feed.publish(grow.channel, grow.to);
        }
        for Revoked { key, by_itself } in self.revoked {
            if by_itself {
                group.connections.close_soon(key);
            } else {
                let closed = group.connections.close(&key);
                tracing::info!(closed, "a device was shut out; connections closed");
            }
        }
        let mut views: HashMap<ChannelId, View> = kept
            .values()
            .map(|channel| {
                let review = channel.state.place.review().and_then(|review| kept.get(&review).cloned());
                (channel.state.id, View::Channel { channel: channel.clone(), review })
            })
            .collect();
        views.insert(world.directory_id(), View::Directory(directory));
        views
    }
}

/// An act cites sealed files of its own channel, wholly there.
fn citable(file: &File, channel: &ChannelId) -> bool {
    file.channel == *channel && file.usage == FileUse::Sealed && file.state == FileState::Complete
}

/// The same from what is kept, where this process alone writes: one statement less for each group. Should
/// another process have written all the same, no channel grows from a size that it does not have, and the
/// group is decided again on what the database holds.
fn kept_heads(group: &Group, requests: &[Request]) -> Option<HashMap<ChannelId, ChannelRow>> {
    if group.pool.engine() != Engine::Sqlite {
        return None;
    }
    let world = &group.world;
    let mut heads = HashMap::new();
    let mut note = |id: ChannelId, kind: ChannelKind, parent: Option<ChannelId>, size: u64, time: u64| {
        heads.insert(id, ChannelRow { id, kind, parent, size, last_log_time_ms: time });
    };
    let directory = world.kept_directory();
    let (log, time) = (&directory.state.log, directory.state.last_log_time_ms);
    note(world.directory_id(), ChannelKind::Directory, None, log.size(), time);
    for request in requests.iter().filter(|request| request.channel != world.directory_id()) {
        let View::Channel { channel, review } = world.kept_view(&request.channel)? else { return None };
        for kept in std::iter::once(&channel).chain(&review) {
            let Channel { id, place, log, last_log_time_ms, .. } = &kept.state;
            note(*id, place.kind(), place.review(), log.size(), *last_log_time_ms);
        }
        // Disclosures are rare, and a publication is kept only once someone has read it.
        if audiences(request).next().is_some() {
            return None;
        }
    }
    Some(heads)
}

/// The rows of every channel that the requests concern, read in one go.
async fn heads(
    group: &Group,
    tx: &mut Tx,
    requests: &[Request],
    locked: bool,
) -> Result<HashMap<ChannelId, ChannelRow>, AppError> {
    let world = &group.world;
    let mut ids = vec![world.directory_id()];
    for request in requests {
        ids.push(request.channel);
        let kept = world.kept_channel(&request.channel);
        ids.extend(kept.and_then(|kept| kept.state.place.review()));
        ids.extend(audiences(request).map(|audience| world.publication_id(audience)));
    }
    ids.sort_unstable();
    ids.dedup();
    if locked {
        log::lock(tx, &ids).await?;
    }
    let rows = log::heads(&mut Source::Tx(tx), &ids).await?;
    Ok(rows.into_iter().map(|row| (row.id, row)).collect())
}

/// The publications that a request writes to.
fn audiences(request: &Request) -> impl Iterator<Item = Audience> {
    request.entries.iter().filter_map(|entry| audience_of(&entry.act.act().content().statement))
}

/// The publication that an act writes to.
const fn audience_of(statement: &Statement) -> Option<Audience> {
    match statement {
        Statement::Disclose(act) => Some(act.audience),
        Statement::Withdraw(act) => Some(act.audience),
        _ => None,
    }
}

/// Whether a kept view is as the transaction sees it.
fn is_current(view: &View, heads: &HashMap<ChannelId, ChannelRow>) -> bool {
    let View::Channel { channel, review } = view else { return false };
    std::iter::once(channel)
        .chain(review)
        .all(|kept| heads.get(&kept.state.id).is_some_and(|row| row.size == kept.state.log.size()))
}
