//! A channel with members: review, strand, coordination or delegation.

use std::collections::BTreeSet;

use imbl::{OrdMap, OrdSet, Vector};
use serde::{Deserialize, Serialize};

use super::{DirectoryAt, Person};
use crate::act::{Audience, Basis, OpenReview, Opening, Post, Role, SealedBody, Team};
use crate::id::{ActId, ChannelId, Digest, FileId, InstrumentCode, KeyId, SectionId, StateCode, UserId};
use crate::log::Tree;
use crate::mechanism::{ChannelKind, ItemKind, Side};

/// What a channel is, and where it belongs.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub enum Place {
    /// The channel of a review itself.
    Review,
    /// The dialogue on one instrument.
    Strand {
        /// The review.
        review: ChannelId,
        /// The instrument.
        instrument: InstrumentCode,
    },
    /// The reviewers' channel on one instrument (¶32).
    Coordination {
        /// The review.
        review: ChannelId,
        /// The instrument.
        instrument: InstrumentCode,
    },
    /// A State's own channel in a review.
    Delegation {
        /// The review.
        review: ChannelId,
        /// The State.
        state: StateCode,
    },
}

impl Place {
    /// The place of a channel that a review has opened.
    #[must_use]
    pub fn of(review: ChannelId, opening: &Opening) -> Self {
        match opening {
            Opening::Strand(instrument) => Self::Strand { review, instrument: instrument.clone() },
            Opening::Coordination(instrument) => {
                Self::Coordination { review, instrument: instrument.clone() }
            }
            Opening::Delegation(state) => Self::Delegation { review, state: *state },
        }
    }

    /// The kind of channel.
    #[must_use]
    pub const fn kind(&self) -> ChannelKind {
        match self {
            Self::Review => ChannelKind::Review,
            Self::Strand { .. } => ChannelKind::Strand,
            Self::Coordination { .. } => ChannelKind::Coordination,
            Self::Delegation { .. } => ChannelKind::Delegation,
        }
    }

    /// The review it belongs to; none for a review itself.
    #[must_use]
    pub const fn review(&self) -> Option<ChannelId> {
        match self {
            Self::Review => None,
            Self::Strand { review, .. }
            | Self::Coordination { review, .. }
            | Self::Delegation { review, .. } => Some(*review),
        }
    }

    /// Whether the review's secretariat team reads it (¶33; a draft is not a communication).
    #[must_use]
    pub const fn secretariat_reads(&self) -> bool {
        !matches!(self, Self::Delegation { .. })
    }
}

/// Who takes part in a review.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct Roster(pub OpenReview);

impl Roster {
    /// The State's side in this review, whatever the instrument.
    #[must_use]
    pub fn side(&self, state: StateCode) -> Option<Side> {
        if self.0.state == state {
            return Some(Side::StateUnderReview);
        }
        self.0.reviewers.iter().any(|reviewer| reviewer.state == state).then_some(Side::ReviewingState)
    }

    /// The State's side in what concerns one place of the review; none if the place is not open to it.
    #[must_use]
    pub fn side_at(&self, place: &Place, state: StateCode) -> Option<Side> {
        let side = self.side(state)?;
        let drawn = |instrument: &InstrumentCode| {
            self.0.reviewers.iter().any(|r| r.state == state && r.instruments.contains(instrument))
        };
        let open = match place {
            Place::Review => true,
            Place::Strand { instrument, .. } => side == Side::StateUnderReview || drawn(instrument),
            Place::Coordination { instrument, .. } => side == Side::ReviewingState && drawn(instrument),
            Place::Delegation { state: own, .. } => *own == state,
        };
        open.then_some(side)
    }

    /// The person's side at a place; none for officers and for everyone whom the place is not open to.
    #[must_use]
    pub fn seat(&self, place: &Place, person: &Person<'_>) -> Option<Side> {
        let side = self.side_at(place, person.state?)?;
        let covers = match place {
            Place::Strand { instrument, .. } | Place::Coordination { instrument, .. } => {
                person.covers(instrument)
            }
            Place::Review | Place::Delegation { .. } => true,
        };
        covers.then_some(side)
    }

    /// Who is in a channel from its first act: the focal points of every State it is open to.
    #[must_use]
    pub fn founders(&self, place: &Place, directory: &DirectoryAt<'_>) -> BTreeSet<UserId> {
        directory
            .persons()
            .filter(|person| person.role == Role::FocalPoint && self.seat(place, person).is_some())
            .map(|person| person.user)
            .collect()
    }

    /// The team that reads this review.
    #[must_use]
    pub const fn team(&self) -> Team {
        Team::Secretariat(self.0.secretariat_team)
    }
}

/// A generation of the channel's secret.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct Epoch {
    /// Number, from 0.
    pub number: u64,
    /// The act that made it.
    pub act: ActId,
    /// Who made it.
    pub author: UserId,
    /// Commitment to the secret.
    pub commitment: Digest,
    /// Every key the secret is wrapped to: readers' user keys, joined members' too.
    pub keys: OrdSet<KeyId>,
    /// The secretariat team's key, where it reads.
    pub secretariat: Option<KeyId>,
    /// A reader has complained about it.
    pub suspended: bool,
}

/// What a person chooses to disclose: a line of revisions.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct Section {
    /// What it is.
    pub kind: ItemKind,
    /// The State that began it.
    pub state: StateCode,
    /// Its posts, in log order.
    pub posts: Vector<ActId>,
}

/// A post of the channel.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct PostRecord {
    /// Index in the log.
    pub index: u64,
    /// The section.
    pub section: SectionId,
    /// What it is.
    pub kind: ItemKind,
    /// Its body.
    pub body: SealedBody,
    /// The files it cites.
    pub files: Vec<FileId>,
    /// The State that speaks.
    pub state: StateCode,
    /// To whom it is open at present beyond the channel.
    pub audiences: BTreeSet<Audience>,
}

impl PostRecord {
    /// What the log knows of a post of `state` at `index`: not yet open to anyone beyond the channel.
    #[must_use]
    pub fn new(index: u64, state: StateCode, post: &Post) -> Self {
        Self {
            index,
            section: post.section,
            kind: post.kind,
            body: post.body,
            files: post.files.clone(),
            state,
            audiences: BTreeSet::new(),
        }
    }
}

/// The state of a channel with members.
#[derive(Debug, Clone, Deserialize, Serialize)]
pub struct Channel {
    /// Id.
    pub id: ChannelId,
    /// What it is.
    pub place: Place,
    /// The log so far.
    pub log: Tree,
    /// Time of the last entry.
    pub last_log_time_ms: u64,
    /// The newest basis used.
    pub basis: Option<Basis>,
    /// Acts by id.
    pub acts: OrdMap<ActId, u64>,
    /// The current epoch.
    pub epoch: Option<Epoch>,
    /// Members.
    pub members: OrdSet<UserId>,
    /// Sections.
    pub sections: OrdMap<SectionId, Section>,
    /// Posts.
    pub posts: OrdMap<ActId, PostRecord>,
    /// Of a review: who takes part, oldest first, each with the index of the act that says so.
    pub rosters: Vector<(u64, Roster)>,
    /// Of a review: the channels it has opened, each with the index of the opening act.
    pub openings: OrdMap<ChannelId, (u64, Opening)>,
}

impl Channel {
    /// An empty channel.
    #[must_use]
    pub fn new(id: ChannelId, place: Place) -> Self {
        Self {
            id,
            place,
            log: Tree::default(),
            last_log_time_ms: 0,
            basis: None,
            acts: OrdMap::new(),
            epoch: None,
            members: OrdSet::new(),
            sections: OrdMap::new(),
            posts: OrdMap::new(),
            rosters: Vector::new(),
            openings: OrdMap::new(),
        }
    }

    /// Of a review: who takes part.
    #[must_use]
    pub fn roster(&self) -> Option<&Roster> {
        self.rosters.last().map(|(_, roster)| roster)
    }

    /// Of a review: who took part when its log had `size` entries.
    #[must_use]
    pub fn roster_at(&self, size: u64) -> Option<&Roster> {
        self.rosters.iter().rev().find(|(since, _)| *since < size).map(|(_, roster)| roster)
    }

    /// Of a review: the place of a channel that it had opened when its log had `size` entries.
    #[must_use]
    pub fn opened(&self, channel: &ChannelId, size: u64) -> Option<Place> {
        let (since, opening) = self.openings.get(channel)?;
        (*since < size).then(|| Place::of(self.id, opening))
    }

    /// The members who still have a seat: people who have left, or are not entitled any more, have none.
    pub fn entitled<'a>(
        &'a self,
        roster: &'a Roster,
        directory: &DirectoryAt<'a>,
    ) -> impl Iterator<Item = Person<'a>> + use<'a> {
        let directory = *directory;
        let members = self.members.iter().filter_map(move |user| directory.person(user));
        members.filter(|person| roster.seat(&self.place, person).is_some())
    }

    /// Whether those who began the channel, or would, are to begin it: there is no epoch yet, or nobody with a
    /// seat is left in it.
    #[must_use]
    pub fn awaits_founders(&self, roster: &Roster, directory: &DirectoryAt<'_>) -> bool {
        self.epoch.is_none() || self.entitled(roster, directory).next().is_none()
    }

    /// The user keys to which a new epoch must go, ascending: those of its members, or of its founders where
    /// there is no member. One whose own key is not current gets none until it is.
    #[must_use]
    pub fn epoch_recipients(&self, roster: &Roster, directory: &DirectoryAt<'_>) -> Vec<KeyId> {
        let mut keys: Vec<KeyId> = if self.awaits_founders(roster, directory) {
            // Asked of every post, so that the whole directory is looked through only where it must be.
            let founders = roster.founders(&self.place, directory);
            founders.iter().filter_map(|user| directory.person(user)?.kem_id()).collect()
        } else {
            self.entitled(roster, directory).filter_map(|person| person.kem_id()).collect()
        };
        keys.sort_unstable();
        keys
    }

    /// Whether everyone who was given the epoch's secret may have it, under the key that it was given to. If
    /// not, the next writer makes a new one first.
    #[must_use]
    pub fn epoch_is_current(&self, epoch: &Epoch, roster: &Roster, directory: &DirectoryAt<'_>) -> bool {
        let readers = self.epoch_recipients(roster, directory);
        epoch.keys.iter().all(|key| readers.binary_search(key).is_ok())
            && epoch.secretariat == self.secretariat_key(roster, directory)
    }

    /// The secretariat key to which a new epoch must go; none where the secretariat does not read, and none
    /// while one who has left its team still knows the team's key.
    #[must_use]
    pub fn secretariat_key(&self, roster: &Roster, directory: &DirectoryAt<'_>) -> Option<KeyId> {
        let team = roster.team();
        let current = self.place.secretariat_reads() && directory.team_is_current(&team);
        directory.team(&team).filter(|_| current).map(|generation| generation.kem_id)
    }
}
