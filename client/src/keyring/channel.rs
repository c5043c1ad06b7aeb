//! All that one reader opens of one channel.

use std::collections::BTreeMap;

use chancery_core::act::{AddMember, NewEpoch, PersonCard, PostBody, Statement, TreeHead};
use chancery_core::id::{ActId, SectionId, UserId};
use chancery_core::state::PostRecord;

use super::{Alert, Keyring, OpenError, SealedPost, TeamRing, UserRing};
use crate::entry::Entry;
use crate::verify::{ChannelCopy, in_parallel};

/// The secrets that a reader holds of a channel, where each epoch begins, and what does not open.
#[derive(Debug)]
pub struct ChannelKeys {
    /// The secrets.
    pub ring: Keyring,
    /// Keys and boxes addressed to the reader that do not open.
    pub alerts: Vec<Alert>,
    /// Index of the act that made each epoch, in order.
    epochs: Vec<u64>,
}

/// What a post says and who said it, once it was opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    /// Its author; none is the root.
    pub author: Option<UserId>,
    /// The directory that it rests on.
    pub directory: Option<TreeHead>,
    /// What it says.
    pub body: PostBody,
}

/// What was opened before of a channel's posts, by their places in the log.
#[derive(Debug, Default)]
pub struct Contents(Vec<Option<Content>>);

/// A post as one reader sees it.
#[derive(Debug)]
pub struct OpenedPost<'a> {
    /// Its act.
    pub act: ActId,
    /// What the log knows of it.
    pub record: &'a PostRecord,
    /// Its entry.
    pub entry: &'a Entry,
    /// Its author; none is the root.
    pub author: Option<UserId>,
    /// The directory that it rests on.
    pub directory: Option<TreeHead>,
    /// Its content, or why it does not open for this reader.
    pub body: Result<PostBody, OpenError>,
}

impl ChannelKeys {
    /// Opens every epoch that is addressed to `own` or to a team of `teams`, and from the oldest of them back.
    #[must_use]
    pub fn open(copy: &ChannelCopy, own: &UserRing, teams: &TeamRing) -> Self {
        let mut keys = Self { ring: Keyring::new(copy.id()), alerts: Vec::new(), epochs: Vec::new() };
        let mut made: Vec<(ActId, NewEpoch, &Entry)> = Vec::new();
        for (id, act, entry) in copy.key_acts.iter().filter_map(|index| keyed(copy, *index)) {
            match act {
                Keyed::Epoch(act) => {
                    keys.take_epoch(id, &act, entry, own, teams);
                    keys.epochs.push(entry.index);
                    made.push((id, act, entry));
                }
                Keyed::Member(_) | Keyed::Shared => {
                    let Some((_, epoch, _)) = made.last() else { continue };
                    keys.take_own(id, epoch, entry, own);
                }
            }
        }
        for pair in made.windows(2).rev() {
            let ((_, older, _), (id, newer, entry)) = (&pair[0], &pair[1]);
            let have = keys.ring.secret(newer.number).is_ok() && keys.ring.secret(older.number).is_err();
            let Some(boxed) = entry.previous_box.as_ref().filter(|_| have) else { continue };
            if keys.ring.open_previous(newer, &older.commitment, boxed).is_err() {
                keys.alerts.push(Alert::previous_box(*id));
            }
        }
        keys
    }

    /// The epoch under which the entry at `index` was written.
    #[must_use]
    pub fn epoch_at(&self, index: u64) -> u64 {
        (self.epochs.partition_point(|since| *since < index) as u64).saturating_sub(1)
    }

    /// Opens one post.
    #[must_use]
    pub fn open_post<'a>(&self, copy: &'a ChannelCopy, act: ActId) -> Option<OpenedPost<'a>> {
        let record = copy.state.posts.get(&act)?;
        let entry = copy.entry(record.index)?;
        let sealed = entry.body.as_deref().unwrap_or_default();
        let body = self.ring.open_post(self.epoch_at(record.index), &sealed_post(act, record), sealed);
        let signed = entry.act().ok()?;
        let header = &signed.content().header;
        let directory = header.basis.map(|basis| basis.directory);
        Some(OpenedPost { act, record, entry, author: header.author.user(), directory, body })
    }

    /// Opens every post, in log order, on all cores.
    #[must_use]
    pub fn open_posts<'a>(&self, copy: &'a ChannelCopy) -> Vec<OpenedPost<'a>> {
        self.open_rest(copy, Contents::default())
    }

    /// As [`ChannelKeys::open_posts`], but what was opened before, and is still the reader's to open, is taken as
    /// it is.
    #[must_use]
    pub fn open_rest<'a>(&self, copy: &'a ChannelCopy, mut opened: Contents) -> Vec<OpenedPost<'a>> {
        let mut posts: Vec<Option<OpenedPost<'a>>> = Vec::new();
        posts.resize_with(copy.entries.len(), || None);
        let mut rest = Vec::new();
        for (act, record) in &copy.state.posts {
            let Some(entry) = copy.entry(record.index) else { continue };
            let at = place(record.index);
            let known = opened.0.get_mut(at).and_then(Option::take);
            match known.filter(|_| self.ring.secret(self.epoch_at(record.index)).is_ok()) {
                Some(Content { author, directory, body }) => {
                    let act = *act;
                    posts[at] = Some(OpenedPost { act, record, entry, author, directory, body: Ok(body) });
                }
                None => rest.push(*act),
            }
        }
        let open = |act: &ActId| Ok::<_, ()>(self.open_post(copy, *act));
        for post in in_parallel(&rest, open).unwrap_or_default().into_iter().flatten() {
            let at = place(post.record.index);
            posts[at] = Some(post);
        }
        posts.into_iter().flatten().collect()
    }

    /// The cards of those who were brought in, newest last, as far as they open.
    #[must_use]
    pub fn cards(&self, copy: &ChannelCopy) -> Vec<(UserId, PersonCard)> {
        let mut cards = Vec::new();
        for (id, act, entry) in copy.key_acts.iter().filter_map(|index| keyed(copy, *index)) {
            let Keyed::Member(act) = act else { continue };
            let epoch = self.epoch_at(entry.index);
            let sealed = entry.body.as_deref().unwrap_or_default();
            if let Ok(card) = self.ring.open_card(epoch, id, &act.body, sealed) {
                cards.push((act.user, card));
            }
        }
        cards
    }

    fn take_epoch(&mut self, id: ActId, act: &NewEpoch, entry: &Entry, own: &UserRing, teams: &TeamRing) {
        self.take_own(id, act, entry, own);
        let team = act.secretariat.as_ref().and_then(|inline| teams.pair(&inline.key_id));
        if let Some(team) = team
            && self.ring.open_as_secretariat(act, team).is_err()
        {
            self.alerts.push(Alert::wrap(id));
        }
    }

    fn take_own(&mut self, id: ActId, epoch: &NewEpoch, entry: &Entry, own: &UserRing) {
        for wrap in &entry.own_wraps {
            let Some(own) = own.pair(&wrap.key_id) else { continue };
            if self.ring.open_wrap(epoch.number, &epoch.commitment, &wrap.wrap, own).is_err() {
                self.alerts.push(Alert::wrap(id));
            }
        }
    }
}

impl Contents {
    /// Nothing yet of a log of so many entries.
    #[must_use]
    pub fn of(entries: usize) -> Self {
        Self((0..entries).map(|_| None).collect())
    }

    /// Takes up a content at a place in the log; nothing if there is no such place.
    pub fn take(&mut self, index: u64, content: Content) {
        if let Some(known) = self.0.get_mut(place(index)) {
            *known = Some(content);
        }
    }
}

impl<'a> OpenedPost<'a> {
    /// The post of an act among posts in log order.
    #[must_use]
    pub fn find<'p>(posts: &'p [Self], copy: &ChannelCopy, act: &ActId) -> Option<&'p OpenedPost<'a>> {
        let index = copy.state.posts.get(act)?.index;
        let at = posts.binary_search_by_key(&index, |post| post.record.index).ok()?;
        Some(&posts[at])
    }

    /// Posts by their sections, in the order that they have.
    #[must_use]
    pub fn by_section<'p>(posts: &'p [Self]) -> BTreeMap<SectionId, Vec<&'p OpenedPost<'a>>> {
        let mut sections: BTreeMap<SectionId, Vec<&OpenedPost<'_>>> = BTreeMap::new();
        for post in posts {
            sections.entry(post.record.section).or_default().push(post);
        }
        sections
    }

    /// The newest title among a section's posts that opens and has one: a reply seldom has one of its own.
    #[must_use]
    pub fn title(posts: &[&OpenedPost<'_>]) -> String {
        let titles =
            posts.iter().rev().filter_map(|post| post.body.as_ref().ok()).map(|body| body.title.as_str());
        titles.into_iter().find(|title| !title.is_empty()).unwrap_or_default().to_owned()
    }

    /// The alert, if the content does not open to what its author committed to.
    #[must_use]
    pub fn alert(&self) -> Option<Alert> {
        match &self.body {
            Ok(_) | Err(OpenError::NoSecret(_) | OpenError::NotAddressed) => None,
            Err(_) => Some(Alert::body(self.act)),
        }
    }
}

/// What is needed to open a post.
#[must_use]
pub fn sealed_post(act: ActId, record: &PostRecord) -> SealedPost {
    SealedPost { section: record.section, act, kind: record.kind, body: record.body }
}

fn place(index: u64) -> usize {
    // An index of an entry that is in memory.
    usize::try_from(index).unwrap_or(usize::MAX)
}

enum Keyed {
    Epoch(NewEpoch),
    Member(AddMember),
    Shared,
}

fn keyed(copy: &ChannelCopy, index: u64) -> Option<(ActId, Keyed, &Entry)> {
    let entry = copy.entry(index)?;
    let act = entry.act().ok()?;
    let id = act.content().header.act_id;
    match &act.content().statement {
        Statement::NewEpoch(act) => Some((id, Keyed::Epoch(act.clone()), entry)),
        Statement::AddMember(act) => Some((id, Keyed::Member(act.clone()), entry)),
        Statement::ShareEpoch(_) => Some((id, Keyed::Shared, entry)),
        _ => None,
    }
}
