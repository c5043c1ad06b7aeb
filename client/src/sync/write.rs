//! Writing: decided here first, stored, sent, and read back.

use bytes::Bytes;
use chancery_core::act::{Basis, SignedAct, Statement, VerifiedAct};
use chancery_core::error::Reason;
use chancery_core::id::{ActId, ChannelId, KeyId, UserId};
use chancery_core::log::{Checkpoint, origin, verify_inclusion};
use chancery_core::policy::{World, decide, decide_directory};
use chancery_core::state::Roster;
use chancery_seal::random::make_bytes;
use chancery_seal::secret::EpochSecret;

use super::landed::{Unread, is_outside};
use super::{Session, SessionError};
use crate::compose::{Composed, RecipientKey, Signer, Standpoint, epoch_anew, new_epoch};
use crate::entry::{Outgoing, Receipt, Release};
use crate::home::Family;
use crate::link::{Code, LinkError};
use crate::outbox::{self, Waiting};
use crate::verify::{At, Fault, VerifyError};

/// An act to append, with what opens the posts that it discloses.
#[derive(Debug, Clone)]
pub struct Prepared {
    /// The act and what stands beside it.
    pub composed: Composed,
    /// One for each grant of a disclosure; none otherwise.
    pub releases: Vec<Release>,
}

/// What was appended.
#[derive(Debug, Clone)]
pub struct Sent {
    /// The acts.
    pub acts: Vec<ActId>,
    /// The server's receipts, verified.
    pub receipts: Vec<Receipt>,
}

impl From<Composed> for Prepared {
    fn from(composed: Composed) -> Self {
        Self { composed, releases: Vec::new() }
    }
}

impl From<SignedAct> for Prepared {
    fn from(act: SignedAct) -> Self {
        Composed::from(act).into()
    }
}

impl Prepared {
    fn act_id(&self) -> ActId {
        self.composed.act.content().header.act_id
    }
}

impl Session {
    /// Where the person stands in a channel, or in the directory, now. The custodians stand in the directory
    /// alone.
    ///
    /// # Errors
    /// [`SessionError::NoSuchChannel`] if this session has not read it.
    pub fn standpoint(&self, channel: ChannelId) -> Result<Standpoint, SessionError> {
        let (author, _) = self.home.speaker()?;
        let clock_ms = Self::now_ms();
        if channel == self.directory().id() {
            let seen = self.directory().head();
            return Ok(Standpoint { channel, author, clock_ms, seen, epoch: 0, basis: None });
        }
        let copy = self.channel(channel).ok_or(SessionError::NoSuchChannel(channel))?;
        let review = match copy.state.place.review() {
            Some(review) => Some(self.channel(review).ok_or(SessionError::NoSuchChannel(review))?.head()),
            None => None,
        };
        Ok(Standpoint {
            channel,
            author,
            clock_ms,
            seen: copy.head(),
            epoch: copy.state.epoch.as_ref().map_or(0, |epoch| epoch.number),
            basis: Some(Basis { directory: self.directory().head(), review }),
        })
    }

    /// Signs a statement without content at the place where the person stands.
    ///
    /// # Errors
    /// [`SessionError`].
    pub fn sign(&self, channel: ChannelId, statement: Statement) -> Result<SignedAct, SessionError> {
        let standpoint = self.standpoint(channel)?;
        let (_, key) = self.home.speaker()?;
        Ok(Signer { key, root: self.root() }.act(&standpoint, ActId::new(make_bytes()?), statement)?)
    }

    /// The device's signature.
    ///
    /// # Errors
    /// [`SessionError::Home`] in the custodians' home.
    pub fn signer(&self) -> Result<Signer<'_>, SessionError> {
        Ok(Signer { key: &self.person()?.identity.sign, root: self.root() })
    }

    /// Appends acts to a channel or the directory, all or none: decides here first, stores the exact bytes,
    /// sends them, checks the receipts and reads the log up to them. With its receipts it is done, whether the
    /// log can be read then or not ([`Session::landed`]).
    ///
    /// # Errors
    /// [`SessionError::Refused`] if the rules refuse it here, with nothing sent; [`SessionError::Link`] if the
    /// server refuses it; [`SessionError::Waits`] if no answer came; [`SessionError::Clock`], with nothing sent;
    /// [`SessionError::Verify`] if the receipts or the log do not hold.
    pub async fn append(&mut self, channel: ChannelId, acts: Vec<Prepared>) -> Result<Sent, SessionError> {
        self.decide_here(channel, &acts)?;
        self.check_clock().await?;
        let first = acts.first().ok_or(SessionError::Bug("an append has an act"))?.act_id();
        self.keep_seen(channel)?;
        let ids: Vec<ActId> = acts.iter().map(Prepared::act_id).collect();
        let entries = acts.into_iter().map(outgoing).collect();
        let waiting = Waiting { act: first, channel, made_ms: Self::now_ms(), entries };
        outbox::store(&self.home, &waiting)?;
        let sent = self.send(&waiting).await;
        if !sent.as_ref().is_err_and(SessionError::is_refusal) {
            self.landed.set_sent();
        }
        let sent = Sent { acts: ids, receipts: sent? };
        match self.read_back(channel, &sent).await {
            Err(error) if !self.passes_over(&error, &sent) => Err(error),
            _ => Ok(sent),
        }
    }

    /// Whether an append is done although it could not be read back, which is remembered.
    fn passes_over(&self, error: &SessionError, sent: &Sent) -> bool {
        // Who has shown themselves out has nothing more to read.
        let is_served = !matches!(error, SessionError::Link(LinkError::Refused { .. }));
        if let (true, Some(act), Some(receipt)) = (is_served, sent.acts.first(), sent.receipts.first()) {
            self.landed.set_unread(Unread { act: *act, index: receipt.index, why: error.to_string() });
        }
        is_outside(error)
    }

    /// States one thing in the directory, with the wraps that stand beside it; signed where the person, or the root,
    /// stands now.
    ///
    /// # Errors
    /// As [`Session::append`].
    pub async fn state_in_directory(
        &mut self,
        statement: Statement,
        wraps: Vec<Bytes>,
    ) -> Result<Sent, SessionError> {
        let directory = self.directory().id();
        let act = self.sign(directory, statement)?;
        self.append(directory, vec![Composed { act, body: None, wraps, previous_box: None }.into()]).await
    }

    /// Makes the next secret of a channel, or its first.
    ///
    /// # Errors
    /// [`SessionError`].
    pub async fn rotate(&mut self, channel: ChannelId) -> Result<Sent, SessionError> {
        let epoch = self.prepare_epoch(channel)?;
        self.append(channel, vec![epoch.into()]).await
    }

    /// The next secret of a channel for exactly those who read it, not sent yet.
    ///
    /// # Errors
    /// [`SessionError`].
    pub fn prepare_epoch(&self, channel: ChannelId) -> Result<Composed, SessionError> {
        let roster = self.roster(channel).ok_or(SessionError::NoSuchChannel(channel))?;
        self.prepare_epoch_of(channel, roster, None)
    }

    /// As [`Session::prepare_epoch`], in an append that shows `without` out, or opens the review of `roster`.
    ///
    /// # Errors
    /// [`SessionError`].
    pub fn prepare_epoch_of(
        &self,
        channel: ChannelId,
        roster: &Roster,
        without: Option<UserId>,
    ) -> Result<Composed, SessionError> {
        let copy = self.channel(channel).ok_or(SessionError::NoSuchChannel(channel))?;
        let now = self.now();
        let mut state = copy.state.clone();
        if let Some(gone) = without {
            state.members.remove(&gone);
        }
        let key = |id: KeyId| {
            let key = now.by_kem(&id).and_then(|person| person.key());
            key.map(|key| RecipientKey { id, public: key.kem.clone() })
        };
        let readers = state.epoch_recipients(roster, &now).into_iter().filter_map(key).collect();
        let team = state.secretariat_key(roster, &now).and_then(|_| now.team(&roster.team()));
        let secretariat = team.map(|team| RecipientKey { id: team.kem_id, public: team.kem.clone() });
        let (standpoint, act_id) = (self.standpoint(channel)?, ActId::new(make_bytes()?));
        let secret = EpochSecret::make()?;
        let signer = self.signer()?;
        let known = copy.state.epoch.as_ref().zip(self.keyring(channel));
        Ok(match known {
            // Nobody is left in it: its founders, who were never in, begin it anew.
            Some(_) if state.awaits_founders(roster, &now) => {
                epoch_anew(signer, &standpoint, act_id, &secret, readers, secretariat)?
            }
            Some((epoch, ring)) => {
                let previous = Some(ring.secret(epoch.number)?);
                new_epoch(signer, &standpoint, act_id, &secret, previous, readers, secretariat)?
            }
            None => new_epoch(signer, &standpoint, act_id, &secret, None, readers, secretariat)?,
        })
    }

    /// The same `decide` that the server and every reader run, before anything is sent.
    ///
    /// # Errors
    /// [`SessionError::Refused`].
    pub fn decide_here(&self, channel: ChannelId, acts: &[Prepared]) -> Result<(), SessionError> {
        let key = self.home.speaker()?.1.public();
        let now_ms = Self::now_ms();
        let verified = |act: &Prepared| VerifiedAct::new(act.composed.act.clone(), key, self.root());
        if channel == self.directory().id() {
            let mut state = self.directory().state.clone();
            for act in acts {
                let now_ms = now_ms.max(state.last_log_time_ms);
                let permit = decide_directory(self.mechanism(), &state, verified(act)?, now_ms)?;
                state.apply(permit, now_ms);
            }
            return Ok(());
        }
        let copy = self.channel(channel).ok_or(SessionError::NoSuchChannel(channel))?;
        let review = copy.state.place.review().and_then(|review| self.channel(review));
        let world = World {
            mechanism: self.mechanism(),
            directory: &self.directory().state,
            review: review.map(|review| &review.state),
        };
        let mut state = copy.state.clone();
        for act in acts {
            let now_ms = now_ms.max(state.last_log_time_ms);
            let permit = decide(world, &state, verified(act)?, now_ms)?;
            state.apply(permit, now_ms);
        }
        Ok(())
    }

    /// Sends what waits and removes it once it is answered, one way or the other.
    pub(super) async fn send(&self, waiting: &Waiting) -> Result<Vec<Receipt>, SessionError> {
        match self.link.append(waiting.channel, &waiting.entries).await {
            Ok(receipts) => {
                self.check_receipts(waiting, &receipts)?;
                // One that cannot be removed is sent once more, and the same bytes get the same receipt.
                let _ = outbox::remove(&self.home, waiting.act);
                Ok(receipts)
            }
            Err(error) if is_refusal(&error) => {
                outbox::remove(&self.home, waiting.act)?;
                Err(error.into())
            }
            Err(cause) => Err(SessionError::Waits { act: waiting.act, cause }),
        }
    }

    /// A receipt is the server's word that the entry stands in the log it signs.
    fn check_receipts(&self, waiting: &Waiting, receipts: &[Receipt]) -> Result<(), SessionError> {
        let channel = waiting.channel;
        let wrong =
            |index, fault| VerifyError { channel, at: Some(At { index, act: Some(waiting.act) }), fault };
        let Some(log_key) = self.directory().log_key() else { return Err(SessionError::Bug("no log key")) };
        for (entry, receipt) in waiting.entries.iter().zip(receipts) {
            let origin = origin(self.root(), &channel);
            let checkpoint = Checkpoint::open(&receipt.checkpoint, &origin, &log_key)
                .map_err(|error| wrong(receipt.index, error.into()))?;
            let (index, time) = (receipt.index, receipt.log_time_ms);
            verify_inclusion(&checkpoint.head, index, &entry.act, time, &receipt.inclusion_proof)
                .map_err(|_| wrong(index, Fault::NotIncluded))?;
        }
        Ok(())
    }

    /// Reads the log up to one's own acts, which must be where the receipts say.
    async fn read_back(&mut self, channel: ChannelId, sent: &Sent) -> Result<(), SessionError> {
        if channel == self.directory().id() {
            self.sync_directory().await?;
        } else {
            self.sync_channel(channel).await?;
        }
        for (act, receipt) in sent.acts.iter().zip(&sent.receipts) {
            let found = if channel == self.directory().id() {
                self.directory().state.acts.get(act).copied()
            } else {
                self.channel(channel).and_then(|copy| copy.state.acts.get(act).copied())
            };
            if found != Some(receipt.index) {
                let at = Some(At { index: receipt.index, act: Some(*act) });
                return Err(VerifyError { channel, at, fault: Fault::NotIncluded }.into());
            }
        }
        Ok(())
    }

    /// Keeps the checkpoint behind the `seen` that is about to be signed: with another of the same size it
    /// would prove a fork to anyone.
    pub(crate) fn keep_seen(&self, channel: ChannelId) -> Result<(), SessionError> {
        let (note, size) = if channel == self.directory().id() {
            (self.directory().note.as_ref(), self.directory().head().size)
        } else {
            let copy = self.channel(channel).ok_or(SessionError::NoSuchChannel(channel))?;
            (copy.note.as_ref(), copy.head().size)
        };
        let Some(note) = note else { return Ok(()) };
        let name = [&channel.as_bytes()[..], &size.to_be_bytes()].concat();
        Ok(self.home.put(Family::Checkpoint, &name, note.as_bytes())?)
    }
}

/// Whether a writer may look again and try again, with a new act.
#[must_use]
pub(super) fn is_stale(reason: Reason) -> bool {
    matches!(
        reason,
        Reason::StaleEpoch
            | Reason::StaleBasis
            | Reason::BasisBackwards
            | Reason::NotTheLatest
            | Reason::WrongGeneration
    )
}

/// Whether the server has said no. After any other failure the act may have landed.
fn is_refusal(error: &LinkError) -> bool {
    match error {
        LinkError::Refused { code, .. } => !matches!(code, Code::Internal | Code::ResourceExhausted),
        LinkError::Unavailable(_) | LinkError::WrongServer | LinkError::Protocol(_) => false,
    }
}

fn outgoing(prepared: Prepared) -> Outgoing {
    let Prepared { composed, releases } = prepared;
    Outgoing {
        act: composed.act.bytes().clone(),
        body: composed.body,
        wraps: composed.wraps,
        previous_box: composed.previous_box,
        releases,
    }
}
