//! All that one reader opens of one channel.

use chancery_core::act::{AddMember, NewEpoch, PersonCard, PostBody, Statement};
use chancery_core::id::{ActId, UserId};
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

/// A post as one reader sees it.
#[derive(Debug)]
pub struct OpenedPost<'a> {
    /// Its act.
    pub act: ActId,
    /// What the log knows of it.
    pub record: &'a PostRecord,
    /// Its entry.
    pub entry: &'a Entry,
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
        Some(OpenedPost { act, record, entry, body })
    }

    /// Opens every post, in log order, on all cores.
    #[must_use]
    pub fn open_posts<'a>(&self, copy: &'a ChannelCopy) -> Vec<OpenedPost<'a>> {
        let mut posts: Vec<(u64, ActId)> =
            copy.state.posts.iter().map(|(act, record)| (record.index, *act)).collect();
        posts.sort_unstable();
        let open = |(_, act): &(u64, ActId)| Ok::<_, ()>(self.open_post(copy, *act));
        in_parallel(&posts, open).unwrap_or_default().into_iter().flatten().collect()
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

impl OpenedPost<'_> {
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
