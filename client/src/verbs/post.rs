//! Posting what is not a message of a thread: responses, documents, feedback, drafts and the rest.

use std::path::PathBuf;

use chancery_core::act::{Audience, Binding, PostBody};
use chancery_core::id::{ActId, InstrumentCode};
use chancery_core::mechanism::{ChannelKind, ItemKind, Language};

use crate::files::{Progress, forget};
use crate::sync::{NewPost, Posted, Session, SessionError};
use crate::verbs::find::{self, Prefix, ReviewName, Wanted};
use crate::verbs::written::with_files;

/// What to post.
#[derive(Debug, Clone)]
pub struct Item {
    /// What it is.
    pub kind: ItemKind,
    /// The review, where the person reads several.
    pub review: Option<ReviewName>,
    /// The instrument; a draft and a revision need none.
    pub instrument: Option<InstrumentCode>,
    /// Article and question that it is about.
    pub about: Option<(String, String)>,
    /// The section of which it is a revision.
    pub revises: Option<Prefix>,
    /// The revision that the writer has read, if not the newest.
    pub read: Option<ActId>,
    /// The language of the text.
    pub language: Language,
    /// A title.
    pub title: String,
    /// The text.
    pub text: String,
    /// Files to attach.
    pub attachments: Vec<PathBuf>,
    /// Why it is held back from those it is opened to on submission.
    pub hold_back: Option<String>,
}

/// Posts it in the channel of its kind. What is opened on submission is opened with the same append, unless it
/// is held back for a reason.
///
/// # Errors
/// [`SessionError`].
pub async fn post(session: &mut Session, item: Item) -> Result<Posted, SessionError> {
    post_telling(session, item, &Progress::none()).await
}

/// As [`post`], telling how far its files are.
///
/// # Errors
/// [`SessionError`].
pub async fn post_telling(
    session: &mut Session,
    item: Item,
    progress: &Progress,
) -> Result<Posted, SessionError> {
    session.sync_all().await?;
    let revises = item.revises.as_ref().map(|prefix| find::section(session, prefix)).transpose()?;
    let (channel, section) = match revises {
        Some((channel, section)) => (channel, Some(section)),
        None => (find::channel(session, item.review.as_ref(), &wanted(session, &item)?)?, None),
    };
    let disclose = if item.hold_back.is_some() { None } else { opened(session, item.kind) };
    let mut binding = binding(&item)?;
    if let (None, Some(section)) = (&binding, section) {
        // A revision stays under the question of its section.
        binding = session.first_body(channel, section).and_then(|first| first.binding);
    }
    let body = PostBody {
        language: item.language,
        title: item.title,
        text: item.text,
        binding,
        step: None,
        attachments: Vec::new(),
        reason: item.hold_back.unwrap_or_default(),
    };
    let body = with_files(session, channel, body, &item.attachments, progress).await?;
    let new = NewPost { channel, section, read: item.read, kind: item.kind, body, disclose };
    let posted = session.post(&new).await?;
    forget(session, channel, &item.attachments);
    Ok(posted)
}

/// What everyone may read once its text is agreed is not opened by its submission.
fn opened(session: &Session, kind: ItemKind) -> Option<Audience> {
    if session.mechanism().item(kind).agreed { None } else { session.opened_on_submission(kind) }
}

fn wanted(session: &Session, item: &Item) -> Result<Wanted, SessionError> {
    let instrument = || {
        let name = String::from("--instrument");
        item.instrument.clone().ok_or(SessionError::NotFound { what: "channel without", name })
    };
    Ok(match session.mechanism().item(item.kind).channel {
        ChannelKind::Strand => Wanted::Strand(instrument()?),
        ChannelKind::Coordination => Wanted::Coordination(instrument()?),
        ChannelKind::Delegation => Wanted::OwnDelegation,
        ChannelKind::Review => Wanted::Review,
        ChannelKind::Directory | ChannelKind::Publication => {
            return Err(chancery_core::error::Reason::WrongChannel.into());
        }
    })
}

fn binding(item: &Item) -> Result<Option<Binding>, SessionError> {
    let Some((article, question)) = &item.about else { return Ok(None) };
    let instrument = item.instrument.clone().ok_or_else(|| SessionError::NotFound {
        what: "question without",
        name: String::from("--instrument"),
    })?;
    Ok(Some(Binding { instrument, article: article.clone(), question: question.clone(), about: None }))
}
