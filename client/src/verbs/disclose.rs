//! Opening posts of a section to all parties or to the public: who will read what, before and after.
//!
//! Only the listed posts are opened: no draft, no earlier and no later revision, no other section. What was read
//! cannot be unread.

use std::io::Seek as _;

use chancery_core::act::{
    Audience, Disclose, PostBody, PostRef, Rendition, Role, SignedAct, Statement, Team,
};
use chancery_core::error::Reason;
use chancery_core::id::{ActId, ChannelId, Digest, SectionId, StateCode};
use chancery_core::limits::POSTS_PER_DISCLOSURE_MAX;
use chancery_core::mechanism::ItemKind;
use chancery_core::policy::is_shared;
use chancery_core::state::PostRecord;
use chancery_seal::revision::RevisionPlace;
use chancery_seal::wrap::wrap_revision_key;

use crate::compose::Signer;
use crate::entry::Release;
use crate::files::{FileError, Progress, fetch, upload_clear};
use crate::keyring::sealed_post;
use crate::render::Section;
use crate::sync::{Prepared, Sent, Session, SessionError, with_current_state_key};
use crate::verbs::find::{self, Prefix};
use crate::verbs::thread::dialogue;

/// How often an act is made anew before the person is told that others were faster.
const ATTEMPTS: usize = 4;

/// What is to be opened or withdrawn.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// The section. Of a dialogue every post that is there now is meant, otherwise the newest revision.
    pub section: Prefix,
    /// This revision alone.
    pub revision: Option<Prefix>,
    /// To whom, or from whom.
    pub audience: Audience,
}

/// What a disclosure or withdrawal would do. Nothing has been changed.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The channel.
    pub channel: ChannelId,
    /// The section.
    pub section: SectionId,
    /// To whom, or from whom.
    pub audience: Audience,
    /// The posts, in log order.
    pub posts: Vec<ActId>,
    /// Those posts as their readers will see them.
    pub shown: Section,
    /// State parties that the audience has beyond the channel; for the public these are only some of its readers.
    pub states: Vec<StateCode>,
}

/// A disclosure or withdrawal that was made.
#[derive(Debug, Clone)]
pub struct Done {
    /// What it did.
    pub plan: Plan,
    /// The append.
    pub sent: Sent,
}

/// What disclosing would do, and whether the rules would refuse it. Changes nothing, but for a State's key that owes a
/// successor.
///
/// # Errors
/// [`SessionError`].
pub async fn preview(session: &mut Session, wanted: &Wanted) -> Result<Plan, SessionError> {
    with_current_state_key(session, async |session| {
        session.sync_all().await?;
        let plan = plan(session, wanted)?;
        session.decide_here(plan.channel, &prepare(session, &plan)?)?;
        Ok(plan)
    })
    .await
}

/// Discloses. For the public the files are sent in clear first.
///
/// # Errors
/// [`SessionError`].
pub async fn disclose(
    session: &mut Session,
    wanted: &Wanted,
    progress: &Progress,
) -> Result<Done, SessionError> {
    with_current_state_key(session, async |session| attempt(session, wanted, progress).await).await
}

async fn attempt(session: &mut Session, wanted: &Wanted, progress: &Progress) -> Result<Done, SessionError> {
    session.sync_all().await?;
    let mut published = false;
    let mut attempts = ATTEMPTS;
    loop {
        attempts -= 1;
        let plan = plan(session, wanted)?;
        let acts = prepare(session, &plan)?;
        // Nothing is made public for an act that would be refused.
        session.decide_here(plan.channel, &acts)?;
        if plan.audience == Audience::Public && !published {
            publish_files(session, &plan, progress).await?;
            published = true;
        }
        match session.append(plan.channel, acts).await {
            Ok(sent) => return Ok(Done { plan, sent }),
            Err(error) if attempts > 0 && error.is_stale() => session.sync_all().await?,
            Err(error) => return Err(error),
        }
    }
}

fn plan(session: &Session, wanted: &Wanted) -> Result<Plan, SessionError> {
    let (channel, section) = find::section(session, &wanted.section)?;
    let record = |act: &ActId| session.channel(channel).and_then(|copy| copy.state.posts.get(act));
    let named = named(session, channel, section, wanted.revision.as_ref(), |kind| !is_shared(kind))?;
    let closed = |act: &ActId| record(act).is_some_and(|post| !post.audiences.contains(&wanted.audience));
    let posts: Vec<ActId> = named.into_iter().filter(closed).collect();
    make_plan(session, channel, section, wanted.audience, posts)
}

/// A plan over these posts; none of them means that there is nothing to change.
pub(super) fn make_plan(
    session: &Session,
    channel: ChannelId,
    section: SectionId,
    audience: Audience,
    posts: Vec<ActId>,
) -> Result<Plan, SessionError> {
    if posts.is_empty() {
        return Err(Reason::DisclosureUnchanged.into());
    }
    let mut dialogue = dialogue(session, channel)?;
    let place = dialogue.sections.iter().position(|one| one.id == section);
    let mut shown = place.map(|place| dialogue.sections.swap_remove(place)).ok_or_else(no_section)?;
    shown.posts.retain(|post| posts.contains(&post.act));
    Ok(Plan { channel, section, audience, posts, shown, states: parties(session) })
}

/// The posts of a section that a person means: one revision, or all of a dialogue, or the newest.
pub(super) fn named(
    session: &Session,
    channel: ChannelId,
    section: SectionId,
    revision: Option<&Prefix>,
    newest_alone: impl Fn(ItemKind) -> bool,
) -> Result<Vec<ActId>, SessionError> {
    let copy = session.channel(channel).ok_or(SessionError::NoSuchChannel(channel))?;
    let known = copy.state.sections.get(&section).ok_or_else(no_section)?;
    if let Some(prefix) = revision {
        let (_, act) = find::act(session, prefix)?;
        if !known.posts.contains(&act) {
            return Err(SessionError::NotFound {
                what: "revision of that section",
                name: prefix.to_string(),
            });
        }
        return Ok(vec![act]);
    }
    if newest_alone(known.kind) {
        return Ok(known.posts.last().copied().into_iter().collect());
    }
    Ok(known.posts.iter().copied().collect())
}

/// The States that belong to all parties now, in the order of their codes.
fn parties(session: &Session) -> Vec<StateCode> {
    let now = session.now();
    now.states().map(|(code, _)| code).filter(|code| now.is_party_to_any(code)).collect()
}

/// The acts that open the posts of a plan, with what opens each.
fn prepare(session: &Session, plan: &Plan) -> Result<Vec<Prepared>, SessionError> {
    let (state, _) = speaker(session, plan.channel)?;
    let chunks = plan.posts.chunks(POSTS_PER_DISCLOSURE_MAX);
    chunks
        .map(|posts| {
            let mut grants = Vec::with_capacity(posts.len());
            let mut releases = Vec::with_capacity(posts.len());
            for act in posts {
                let (record, body) = opened(session, plan.channel, *act)?;
                let post = post_ref(state, plan.channel, *act, record);
                let rendition = (plan.audience == Audience::Public).then(|| Rendition::of(&body));
                grants.push(state_signer(session)?.grant(post, plan.audience, rendition.as_ref())?);
                releases.push(release(session, plan, *act, record, rendition.as_ref())?);
            }
            let (section, audience) = (plan.section, plan.audience);
            let statement = Statement::Disclose(Disclose { section, audience, grants });
            let act: SignedAct = session.sign(plan.channel, statement)?;
            Ok(Prepared { composed: act.into(), releases })
        })
        .collect()
}

fn release(
    session: &Session,
    plan: &Plan,
    act: ActId,
    record: &PostRecord,
    rendition: Option<&Rendition>,
) -> Result<Release, SessionError> {
    let channel = plan.channel;
    let keys = session.keys(channel).ok_or(SessionError::NoSuchChannel(channel))?;
    let key = keys.ring.revision_key(keys.epoch_at(record.index), &sealed_post(act, record))?;
    if let Some(rendition) = rendition {
        let key_material = key.as_bytes().to_vec().into();
        return Ok(Release { key_material, rendition: Some(rendition.encode().into()) });
    }
    let team = session.now().team(&Team::AllParties);
    let team = team.ok_or(SessionError::NoAllPartiesKey)?;
    let place = RevisionPlace { channel, section: record.section, act };
    let wrapped = wrap_revision_key(&place, team.number, &key, &team.kem)?;
    Ok(Release { key_material: wrapped.into(), rendition: None })
}

/// Sends the files of the posts in clear, each once. They lie on this machine only while they pass.
async fn publish_files(session: &Session, plan: &Plan, progress: &Progress) -> Result<(), SessionError> {
    let mut sent: Vec<Digest> = Vec::new();
    for act in &plan.posts {
        let (_, body) = opened(session, plan.channel, *act)?;
        for attachment in &body.attachments {
            if sent.contains(&attachment.sha256) {
                continue;
            }
            let unusable = |error| FileError::Io { path: "a temporary file".into(), error };
            let mut clear = tempfile::tempfile().map_err(unusable)?;
            fetch(&session.link, plan.channel, attachment, &mut clear, progress).await?;
            clear.rewind().map_err(unusable)?;
            upload_clear(&session.link, plan.channel, clear, attachment.sha256, progress).await?;
            sent.push(attachment.sha256);
        }
    }
    Ok(())
}

fn opened(
    session: &Session,
    channel: ChannelId,
    act: ActId,
) -> Result<(&PostRecord, PostBody), SessionError> {
    let no_channel = SessionError::NoSuchChannel(channel);
    let (Some(copy), Some(keys)) = (session.channel(channel), session.keys(channel)) else {
        return Err(no_channel);
    };
    let post = keys.open_post(copy, act).ok_or(no_channel)?;
    Ok((post.record, post.body?))
}

fn post_ref(state: StateCode, channel: ChannelId, act_id: ActId, record: &PostRecord) -> PostRef {
    PostRef { state, channel, section: record.section, act_id, kind: record.kind, body: record.body }
}

/// The State that speaks, if this person is its focal point and it is under review: told here by the policy's own
/// words, because without the State's key there is no act that the policy could be asked about.
pub(super) fn speaker(session: &Session, channel: ChannelId) -> Result<(StateCode, Role), SessionError> {
    let now = session.now();
    let person = now.person(&session.person()?.identity.user).ok_or(Reason::UnknownDevice)?;
    match person.role {
        Role::Officer => return Err(Reason::SecretariatReadsOnly.into()),
        Role::Observer => return Err(Reason::ObserverReadsOnly.into()),
        Role::Expert => return Err(Reason::FocalPointRequired.into()),
        Role::FocalPoint => {}
    }
    let roster = session.roster(channel).ok_or(SessionError::NoSuchChannel(channel))?;
    let state = person.state.filter(|state| *state == roster.0.state);
    Ok((state.ok_or(Reason::StateUnderReviewOnly)?, person.role))
}

/// The State's signature.
pub(super) fn state_signer(session: &Session) -> Result<Signer<'_>, SessionError> {
    let key = session.state_key()?;
    Ok(Signer { key, root: session.root() })
}

fn no_section() -> SessionError {
    SessionError::Bug("a section that was found is not there")
}

impl SessionError {
    /// Whether the writer may look again and make the act anew.
    pub(super) fn is_stale(&self) -> bool {
        self.reason().is_some_and(|reason| {
            matches!(
                reason,
                Reason::StaleBasis | Reason::BasisBackwards | Reason::StaleEpoch | Reason::BadSeen
            )
        })
    }
}
