//! Appending acts to one channel: the one road to write.
//!
//! Before the transaction: parse, ask whether the channel is there for the caller, compare what stands beside
//! each act with what it names, check signatures. Inside it, in the writer's turn: the act id, the policy,
//! place and time ([`group`]). A request lands whole or not at all.

mod beside;
mod disclosure;
mod draft;
mod group;
mod writer;

use bytes::Bytes;
use chancery_core::act::{Author, SignedAct, Statement, VerifiedAct};
use chancery_core::error::{Reason, WireReason};
use chancery_core::id::{ActId, ChannelId, Digest};
use chancery_core::limits::ACTS_PER_APPEND_MAX;
use chancery_core::policy::author_key;
use chancery_core::state::Directory;

use super::world::View;
use super::{App, AppError, Caller};

use beside::Beside;
pub(super) use group::Group;
use writer::Place;
pub(super) use writer::Writer;

/// One act as it came in, with what stands beside it.
#[derive(Debug, Clone, Default)]
pub struct NewEntry {
    /// The encoded act.
    pub signed: Bytes,
    /// The sealed body; empty if there is none.
    pub body: Bytes,
    /// The wraps, in the order of the act's recipients.
    pub wraps: Vec<Bytes>,
    /// The boxed previous secret; empty if there is none.
    pub previous_box: Bytes,
    /// What opens each post of a disclosure, in the order of its grants.
    pub releases: Vec<NewRelease>,
}

/// What opens one disclosed post.
#[derive(Debug, Clone, Default)]
pub struct NewRelease {
    /// The revision key, or its wrap to the all-parties key.
    pub key_material: Bytes,
    /// The encoded rendition; empty for all parties.
    pub rendition: Bytes,
}

/// Proof that an act stands in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// Its place.
    pub index: u64,
    /// When it was appended.
    pub log_time_ms: u64,
    /// Inclusion proof in the checkpoint's tree.
    pub proof: Vec<Digest>,
    /// Signed note.
    pub checkpoint: String,
}

/// An act that is ready for its turn.
#[derive(Debug, Clone)]
struct Prepared {
    act: VerifiedAct,
    beside: Beside,
}

impl Prepared {
    fn act_id(&self) -> ActId {
        self.act.act().content().header.act_id
    }
}

impl App {
    /// Appends acts to one channel, all or none, and gives a receipt for each. An act that stands there
    /// already, byte for byte, gets its first place again.
    ///
    /// # Errors
    /// [`AppError::NOT_FOUND`] if the channel is not there for the caller; then what is wrong with the
    /// acts themselves; then the policy's reason.
    pub async fn append(
        &self,
        caller: &Caller,
        channel: ChannelId,
        entries: Vec<NewEntry>,
    ) -> Result<Vec<Receipt>, AppError> {
        if !caller.is_enrolled() {
            return Err(WireReason::NotEnrolled.into());
        }
        if entries.is_empty() {
            return Err(WireReason::Malformed.into());
        }
        if entries.len() > ACTS_PER_APPEND_MAX {
            return Err(WireReason::TooLarge.into());
        }
        let acts = entries.iter().map(|entry| SignedAct::decode(entry.signed.clone()));
        let acts = acts.collect::<Result<Vec<_>, _>>()?;
        self.may_write(caller, &channel, &acts[0]).await?;
        each_id_once(&acts)?;
        let directory = self.directory().await?;
        let mut prepared = Vec::with_capacity(entries.len());
        for (act, entry) in acts.into_iter().zip(entries) {
            prepared.push(self.prepare(caller, &channel, &directory.state, act, entry)?);
        }
        let landed = self.writer().land(channel, prepared).await?;
        landed.places.iter().map(|place| self.receipt(&channel, &landed.view, place)).collect()
    }

    /// Appends one act to the directory, whose signature was found to hold, with nothing beside it.
    pub(super) async fn append_verified(&self, act: VerifiedAct) -> Result<Receipt, AppError> {
        let channel = self.world().directory_id();
        let beside = Beside::check(act.act(), NewEntry::default())?;
        let landed = self.writer().land(channel, vec![Prepared { act, beside }]).await?;
        let place = landed.places.first().ok_or(AppError::Bug("an append without a place"))?;
        self.receipt(&channel, &landed.view, place)
    }

    /// The receipt of an act that stands in the directory.
    pub(super) async fn directory_receipt(&self, index: u64, log_time_ms: u64) -> Result<Receipt, AppError> {
        let view = View::Directory(self.directory().await?);
        self.receipt(&self.world().directory_id(), &view, &Place { index, log_time_ms })
    }

    fn receipt(&self, channel: &ChannelId, view: &View, place: &Place) -> Result<Receipt, AppError> {
        let log = view.log();
        let proof = log.inclusion_proof(place.index, log.size());
        let proof = proof.ok_or(AppError::Bug("a receipt outside its log"))?;
        let (index, log_time_ms) = (place.index, place.log_time_ms);
        Ok(Receipt { index, log_time_ms, proof, checkpoint: self.checkpoint(channel, view) })
    }

    /// Whether there is such a channel for the caller, or may be from this act on.
    async fn may_write(
        &self,
        caller: &Caller,
        channel: &ChannelId,
        first: &SignedAct,
    ) -> Result<(), AppError> {
        let opens = matches!(first.content().statement, Statement::OpenReview(_));
        match self.view(channel).await? {
            // A review begins under a random id of its officer's choice; `decide` asks whether he may.
            None if opens && caller.is_officer() => Ok(()),
            None => Err(AppError::NOT_FOUND),
            Some(view) => {
                let directory = self.directory().await?;
                if !caller.reads(&directory.state, &view, self.now_ms()) {
                    return Err(AppError::NOT_FOUND);
                }
                // States write in a publication, by their grants, and nobody else.
                match view {
                    View::Publication(..) => Err(Reason::WrongChannel.into()),
                    View::Directory(_) | View::Channel { .. } => Ok(()),
                }
            }
        }
    }

    fn prepare(
        &self,
        caller: &Caller,
        channel: &ChannelId,
        directory: &Directory,
        act: SignedAct,
        entry: NewEntry,
    ) -> Result<Prepared, AppError> {
        if act.content().header.channel != *channel {
            return Err(Reason::OtherChannel.into());
        }
        speaks_for_itself(caller, &act)?;
        let beside = Beside::check(&act, entry)?;
        let key = author_key(directory, &act)?;
        Ok(Prepared { act: VerifiedAct::new(act, key, &self.root())?, beside })
    }
}

/// A device sends the acts of its own person, and the custodians' machine those of the root: so a stolen or
/// replayed act does not get in through another's connection.
fn speaks_for_itself(caller: &Caller, act: &SignedAct) -> Result<(), AppError> {
    match (caller, act.content().header.author) {
        (Caller::Custodian { .. }, Author::Root) => Ok(()),
        (Caller::Person(person), Author::Person { user, .. }) if person.user == user => Ok(()),
        (Caller::Person(_), Author::Root) => Err(Reason::RootOnly.into()),
        (Caller::Person(_) | Caller::Custodian { .. }, _) => Err(Reason::WrongSigner.into()),
        (Caller::Stranger { .. }, _) => Err(WireReason::NotEnrolled.into()),
    }
}

fn each_id_once(acts: &[SignedAct]) -> Result<(), AppError> {
    let mut ids: Vec<ActId> = acts.iter().map(|act| act.content().header.act_id).collect();
    ids.sort_unstable();
    if ids.windows(2).any(|pair| pair[0] == pair[1]) { Err(WireReason::Malformed.into()) } else { Ok(()) }
}

#[cfg(test)]
mod tests;
