//! Posting a revision: checked here, under the channel's current secret, and tried anew where another was faster.

use chancery_core::act::{Audience, Disclose, PostBody, PostRef, Statement};
use chancery_core::error::Reason;
use chancery_core::id::{ActId, ChannelId, SectionId};
use chancery_core::mechanism::{Disclosure, ItemKind};
use chancery_core::policy::{BodyNote, BodyScene, check_body, is_shared};
use chancery_core::state::PostRecord;
use chancery_seal::random::make_bytes;
use chancery_seal::revision::{RevisionPlace, derive_revision_key};
use chancery_seal::secret::EpochSecret;
use chancery_seal::wrap::wrap_revision_key;

use super::write::is_stale;
use super::{Prepared, Sent, Session, SessionError};
use crate::compose::{Composed, NewRevision, Signer, post};
use crate::entry::Release;
use crate::words::count_words;

/// How often a post is made anew before the person is told that others were faster.
const ATTEMPTS: usize = 4;

/// A revision to post.
#[derive(Debug, Clone)]
pub struct NewPost {
    /// The channel.
    pub channel: ChannelId,
    /// The section; none begins a new one.
    pub section: Option<SectionId>,
    /// The revision that the writer has read; none means the newest.
    pub read: Option<ActId>,
    /// What it is.
    pub kind: ItemKind,
    /// The content.
    pub body: PostBody,
    /// To whom it is opened in the same append.
    pub disclose: Option<Audience>,
}

/// What was posted.
#[derive(Debug, Clone)]
pub struct Posted {
    /// The channel.
    pub channel: ChannelId,
    /// The section.
    pub section: SectionId,
    /// The revision.
    pub act: ActId,
    /// What it is.
    pub kind: ItemKind,
    /// To whom it was opened with the same append.
    pub disclosed: Option<Audience>,
    /// To be shown beside it.
    pub notes: Vec<BodyNote>,
    /// The append.
    pub sent: Sent,
}

impl Session {
    /// Posts a revision. Where the channel's secret is stale a new one is made first; where another wrote in the
    /// meantime a message of a dialogue is sealed anew after the newest, everything else is left to the person.
    ///
    /// # Errors
    /// [`SessionError`].
    pub async fn post(&mut self, new: &NewPost) -> Result<Posted, SessionError> {
        let section = match new.section {
            Some(section) => section,
            None => SectionId::new(make_bytes()?),
        };
        self.sync_channel(new.channel).await?;
        let mut attempts = ATTEMPTS;
        loop {
            attempts -= 1;
            let (error, reason) = match self.try_post(new, section).await {
                Ok(posted) => return Ok(posted),
                Err(error) => match error.reason() {
                    Some(reason) if attempts > 0 => (error, reason),
                    _ => return Err(error),
                },
            };
            match reason {
                // Another wrote in one's own text: the person must read it first.
                Reason::NotTheLatest if !is_shared(new.kind) => return Err(error),
                Reason::StaleEpoch | Reason::EpochSuspended => {
                    self.sync_channel(new.channel).await?;
                    self.rotate_unless_done(new.channel).await?;
                }
                Reason::StaleStateKey => {
                    self.renew_state_key().await?;
                }
                reason if is_stale(reason) => {
                    self.sync_directory().await?;
                    self.sync_channel(new.channel).await?;
                }
                _ => return Err(error),
            }
        }
    }

    async fn try_post(&mut self, new: &NewPost, section: SectionId) -> Result<Posted, SessionError> {
        let (prepared, act, notes) = self.prepare_post(new, section)?;
        let sent = self.append(new.channel, prepared).await?;
        Ok(Posted {
            channel: new.channel,
            section,
            act,
            kind: new.kind,
            disclosed: new.disclose,
            notes,
            sent,
        })
    }

    /// Makes the next secret, unless another was faster.
    pub(crate) async fn rotate_unless_done(&mut self, channel: ChannelId) -> Result<(), SessionError> {
        match self.rotate(channel).await {
            Ok(_) => Ok(()),
            Err(error) if error.reason().is_some_and(is_stale) => self.sync_channel(channel).await,
            Err(error) => Err(error),
        }
    }

    fn prepare_post(
        &self,
        new: &NewPost,
        section: SectionId,
    ) -> Result<(Vec<Prepared>, ActId, Vec<BodyNote>), SessionError> {
        let copy = self.channel(new.channel).ok_or(SessionError::NoSuchChannel(new.channel))?;
        let ring = self.keyring(new.channel).ok_or(SessionError::NoSuchChannel(new.channel))?;
        let person = self.person()?;
        let Some(state) = person.state else { return Err(self.refusal_of_officers(new.channel).into()) };
        let known = copy.state.sections.get(&section);
        let latest = known.and_then(|known| known.posts.last()).copied();
        if new.section.is_some() && known.is_none() {
            return Err(SessionError::NotFound { what: "section", name: section.to_string() });
        }
        if new.read.is_some() && new.read != latest && !is_shared(new.kind) {
            return Err(Reason::NotTheLatest.into());
        }
        let standpoint = self.standpoint(new.channel)?;
        let clears = match self.mechanism().item(new.kind).cleared.then(|| self.state_key()) {
            Some(Ok(key)) => Some(key),
            // Without the State's word the policy says what is missing.
            Some(Err(SessionError::Refused(_))) | None => None,
            Some(Err(error)) => return Err(error),
        };
        let revision =
            NewRevision { state, section, previous: latest, kind: new.kind, body: &new.body, clears };
        let secret = if copy.state.epoch.is_none() {
            return Err(Reason::NotGenesis.into());
        } else {
            ring.secret(standpoint.epoch)?
        };
        let act_id = ActId::new(make_bytes()?);
        let composed = post(self.signer()?, &standpoint, act_id, secret, &revision)?;
        let mut acts: Vec<Prepared> = vec![composed.clone().into()];
        if let Some(audience) = new.disclose {
            acts.push(self.prepare_disclosure(&composed, secret, audience)?);
        }
        let notes = self.check(new, section, &composed)?;
        Ok((acts, act_id, notes))
    }

    /// An officer is told by the policy's own word that the secretariat writes in no communication.
    fn refusal_of_officers(&self, channel: ChannelId) -> Reason {
        match self.channel(channel) {
            Some(_) => Reason::SecretariatReadsOnly,
            None => Reason::NotAMember,
        }
    }

    /// The rules over bodies, as every reader will check them.
    fn check(
        &self,
        new: &NewPost,
        section: SectionId,
        composed: &Composed,
    ) -> Result<Vec<BodyNote>, SessionError> {
        let copy = self.channel(new.channel).ok_or(SessionError::NoSuchChannel(new.channel))?;
        let roster = self.roster(new.channel).ok_or(SessionError::NoSuchChannel(new.channel))?;
        let state = self.person()?.state.ok_or(Reason::SecretariatReadsOnly)?;
        let Statement::Post(act) = &composed.act.content().statement else {
            return Err(SessionError::Bug("a post is a post"));
        };
        let mut record = PostRecord::new(copy.head().size, state, act);
        record.audiences.extend(new.disclose);
        let first = self.first_body(new.channel, section);
        let scene = BodyScene {
            mechanism: self.mechanism(),
            roster,
            channel: &copy.state,
            questionnaire: None,
            first: first.as_ref(),
            count_words: &|body| count_words(&body.text),
        };
        Ok(check_body(&scene, &record, &new.body)?)
    }

    /// The body of a section's first post, where it opens.
    #[must_use]
    pub fn first_body(&self, channel: ChannelId, section: SectionId) -> Option<PostBody> {
        let copy = self.channel(channel)?;
        let first = copy.state.sections.get(&section)?.posts.front()?;
        self.keys(channel)?.open_post(copy, *first)?.body.ok()
    }

    /// The grant of a post that lands in the same append, and its key wrapped to all parties.
    fn prepare_disclosure(
        &self,
        composed: &Composed,
        secret: &EpochSecret,
        audience: Audience,
    ) -> Result<Prepared, SessionError> {
        let content = composed.act.content();
        let Statement::Post(act) = &content.statement else {
            return Err(SessionError::Bug("only posts are disclosed"));
        };
        let person = self.person()?;
        let key = self.state_key()?;
        let channel = content.header.channel;
        let post = PostRef {
            state: person.state.ok_or(Reason::StateUnderReviewOnly)?,
            channel,
            section: act.section,
            act_id: content.header.act_id,
            kind: act.kind,
            body: act.body,
        };
        if audience != Audience::AllParties {
            return Err(Reason::NotDisclosable.into());
        }
        let team = self.now().team(&chancery_core::act::Team::AllParties);
        let team = team.ok_or(SessionError::NoAllPartiesKey)?;
        let place = RevisionPlace { channel, section: act.section, act: post.act_id };
        let revision_key = derive_revision_key(secret, &place)?;
        let wrapped = wrap_revision_key(&place, team.number, &revision_key, &team.kem)?;
        let grant = Signer { key, root: self.root() }.grant(post, audience, None)?;
        let section = act.section;
        let statement = Statement::Disclose(Disclose { section, audience, grants: vec![grant] });
        let act = self.sign(channel, statement)?;
        let release = Release { key_material: wrapped.into(), rendition: None };
        Ok(Prepared { composed: act.into(), releases: vec![release] })
    }

    /// To whom an item of this kind is opened when it is submitted, unless it is held back.
    #[must_use]
    pub fn opened_on_submission(&self, kind: ItemKind) -> Option<Audience> {
        match self.mechanism().item(kind).on_submission {
            Disclosure::Private => None,
            Disclosure::AllParties | Disclosure::Public => Some(Audience::AllParties),
        }
    }
}
