//! Views that meet: other readers' words as they come with the entries, one's own handed in, and the proof of a
//! fork kept when the server has signed two histories.

use std::fs;
use std::path::{Path, PathBuf};

use chancery_core::act::Audience;
use chancery_core::id::{ChannelId, UserId};
use chancery_core::limits::COSIGNED_PER_CALL_MAX;
use chancery_core::log::{CosignedCheckpoint, SignedCheckpoint, Tree, leaf_hash, origin};
use chancery_core::policy;

use super::{Session, SessionError, fetch};
use crate::clock;
use crate::files::{FileError, write_file};
use crate::verify::{
    ChannelCopy, Confirmation, Fault, Forked, OwnView, PublicationCopy, Tally, VerifyError, Word, device_of,
};

impl Session {
    /// How many readers of a channel have confirmed how much; none of a channel that this session has not read, or
    /// in which nothing can be written yet.
    #[must_use]
    pub fn tally(&self, id: ChannelId) -> Option<Tally> {
        let copy = self.channel(id)?;
        copy.state.epoch.as_ref()?;
        let (roster, now) = (self.roster(id)?, self.now());
        let readers = now.persons().filter(|person| policy::reads(&copy.state, roster, &now, person));
        let readers: Vec<UserId> = readers.map(|person| person.user).collect();
        // Of devices that are there: one may have been revoked since.
        let said = copy.words.values().map(|word| word.said);
        let said =
            said.filter(|said| device_of(&now, said.device).is_some_and(|(user, _)| user == said.user));
        Some(Tally::of(&readers, said))
    }

    /// Hands in what this session has verified of channels, where that is more than what the server has of this
    /// device: one call for all of them. Returns how many were new.
    ///
    /// # Errors
    /// [`SessionError`]; what was verified stays verified.
    pub async fn confirm(&mut self) -> Result<usize, SessionError> {
        let mut words = Vec::new();
        for id in self.listed.keys() {
            words.extend(self.own_word(*id)?.map(|word| (*id, word)));
        }
        for part in words.chunks(COSIGNED_PER_CALL_MAX) {
            self.link.add_cosignatures(part.iter().map(|(_, word)| word.note.clone()).collect()).await?;
        }
        let confirmed = words.len();
        for (id, word) in words {
            if let Some(held) = self.channels.get_mut(&id) {
                held.copy.take(word);
            }
        }
        Ok(confirmed)
    }

    /// The word of this device on a channel with members that this session has read, unless it was given before.
    fn own_word(&self, id: ChannelId) -> Result<Option<Word>, SessionError> {
        let identity = &self.person()?.identity;
        let (user, device) = (identity.user, identity.device);
        let known = self.channel(id).map(|copy| copy.words.get(&device).map_or(0, |word| word.said.size));
        let (Some(known), Some(view)) = (known, self.own_view(id)) else { return Ok(None) };
        if view.log.size() <= known {
            return Ok(None);
        }
        let signed = SignedCheckpoint::open(view.note, &view.origin(), view.log_key)
            .map_err(|fault| VerifyError { channel: id, at: None, fault: fault.into() })?;
        let said = Confirmation { user, device, size: signed.head().size, time_s: clock::now_ms() / 1_000 };
        let cosignature = identity.sign.cosign(self.root(), device, &signed.checkpoint, said.time_s);
        let note = CosignedCheckpoint { signed, cosignature }.note(self.root());
        Ok(Some(Word { note, said }))
    }

    /// Holds what others say of a channel against the copy of it.
    pub(super) fn meet(&mut self, id: ChannelId, notes: Vec<String>) -> Result<(), SessionError> {
        for note in notes {
            let known = |copy: &ChannelCopy| copy.words.values().any(|word| word.note == note);
            // Met before: the copy has only grown since.
            if self.channel(id).is_none_or(known) {
                continue;
            }
            let Some(view) = self.own_view(id) else { continue };
            let said = view.meet(&note).map_err(|forked| self.alarm(&forked))?;
            if let (Some(said), Some(held)) = (said, self.channels.get_mut(&id)) {
                held.copy.take(Word { note, said });
            }
        }
        Ok(())
    }

    /// One's own copy of any log that this session has read.
    pub(crate) fn own_view(&self, id: ChannelId) -> Option<OwnView<'_>> {
        let directory = self.directory();
        let foundation = directory.state.foundation.as_ref()?;
        let (log, note) = if id == directory.id() {
            (&directory.state.log, directory.note.as_deref()?)
        } else if let Some(copy) = self.channel(id) {
            (&copy.state.log, copy.note.as_deref()?)
        } else {
            let held = Audience::ALL.into_iter().filter_map(|audience| self.publication(audience));
            let copy = held.into_iter().find(|copy| copy.id() == id)?;
            (&copy.log, copy.note.as_deref()?)
        };
        Some(OwnView {
            directory: &directory.state,
            founding: &directory.entries.first()?.signed,
            log_key: &foundation.log_key,
            channel: id,
            log,
            note,
        })
    }

    /// Compares a checkpoint that another person shows with one's own copy.
    ///
    /// # Errors
    /// [`SessionError::Forked`] if the log key has signed two histories; the proof is kept.
    pub(crate) fn compare(&self, view: &OwnView<'_>, theirs: &SignedCheckpoint) -> Result<(), SessionError> {
        let fault = Fault::Forked { size: theirs.head().size };
        match view.against(theirs, fault) {
            Some(forked) => Err(self.alarm(&forked)),
            None => Ok(()),
        }
    }

    /// After a log could not be read on: the proof that the server's newest checkpoint contradicts the copy, where
    /// it does. In a branch that has outgrown the copy it is an entry's own word that fails first, and any fault
    /// can come of it.
    pub(super) async fn prove(&self, error: VerifyError, offered: &str) -> SessionError {
        let forked = match self.own_view(error.channel) {
            Some(view) => self.contradicted(&view, error.fault, offered).await,
            None => None,
        };
        forked.map_or_else(|| error.into(), |forked| self.alarm(&forked))
    }

    async fn contradicted(&self, view: &OwnView<'_>, fault: Fault, offered: &str) -> Option<Forked> {
        let theirs = SignedCheckpoint::open(offered, &view.origin(), view.log_key).ok()?;
        let size = theirs.head().size;
        let fault = if matches!(fault, Fault::RolledBack { .. }) { fault } else { Fault::Forked { size } };
        if size <= view.log.size() {
            view.against(&theirs, fault)
        } else {
            self.against_larger(view, fault).await
        }
    }

    /// The server's log is larger than the copy and not its continuation: that takes the server's own tree, which
    /// is made from what it hands out.
    async fn against_larger(&self, view: &OwnView<'_>, fault: Fault) -> Option<Forked> {
        let all = fetch::growth(&self.link, view.channel, 0).await.ok()?;
        let log = Tree::of(all.entries.iter().map(|entry| leaf_hash(&entry.signed, entry.log_time_ms)));
        let kept = SignedCheckpoint::open(view.note, &view.origin(), view.log_key).ok()?;
        OwnView { log: &log, note: &all.note, ..*view }.against(&kept, fault)
    }

    /// Keeps the proof, and says where.
    fn alarm(&self, forked: &Forked) -> SessionError {
        let size = forked.proof.verify(self.root()).map_or(0, |proven| proven.first.size);
        let name = format!("{}-{size}.proof", forked.error.channel);
        match keep(&self.home.dir().join(FORKS), &name, &forked.proof.encode()) {
            Ok(proof) => SessionError::Forked { error: forked.error.clone(), proof },
            Err(error) => error.into(),
        }
    }

    /// One's own checkpoints of every log that this session has read.
    pub(crate) fn checkpoints(&self) -> Vec<SignedCheckpoint> {
        let publications = Audience::ALL.into_iter().filter_map(|audience| self.publication(audience));
        let ids = [self.directory().id()].into_iter();
        let ids =
            ids.chain(self.channels().map(ChannelCopy::id)).chain(publications.map(PublicationCopy::id));
        ids.filter_map(|id| {
            let view = self.own_view(id)?;
            SignedCheckpoint::open(view.note, &origin(self.root(), &id), view.log_key).ok()
        })
        .collect()
    }
}

/// The folder of proofs in a home.
const FORKS: &str = "forks";

/// Writes a proof under its name; the same proof again is the same file.
fn keep(folder: &Path, name: &str, text: &str) -> Result<PathBuf, FileError> {
    fs::create_dir_all(folder).map_err(FileError::io(folder))?;
    let path = folder.join(name);
    write_file(&path, text.as_bytes(), true)?;
    Ok(path)
}
