//! A clarification question, bound to the question of the questionnaire and the revision it asks about (¶35).

use std::path::PathBuf;

use chancery_core::act::{Binding, PostBody, ThreadStep};
use chancery_core::id::{ActId, InstrumentCode, SectionId};
use chancery_core::mechanism::{ItemKind, Language};

use crate::files::{Progress, forget};
use crate::sync::{NewPost, Posted, Session, SessionError};
use crate::verbs::find::{self, Prefix, ReviewName, Wanted};
use crate::verbs::written::with_files;

/// The question.
#[derive(Debug, Clone)]
pub struct Question {
    /// The review, where the person reads several.
    pub review: Option<ReviewName>,
    /// The instrument.
    pub instrument: InstrumentCode,
    /// The article.
    pub article: String,
    /// The question of the questionnaire.
    pub question: String,
    /// The revision asked about, or the section, of which the newest is meant.
    pub about: Option<Prefix>,
    /// The language of the text.
    pub language: Language,
    /// A title.
    pub title: String,
    /// The text.
    pub text: String,
    /// Files to attach.
    pub attachments: Vec<PathBuf>,
}

/// Asks: begins a thread in the strand of the instrument.
///
/// # Errors
/// [`SessionError`].
pub async fn ask(session: &mut Session, question: Question) -> Result<Posted, SessionError> {
    session.sync_all().await?;
    let wanted = Wanted::Strand(question.instrument.clone());
    let channel = find::channel(session, question.review.as_ref(), &wanted)?;
    let about = question.about.as_ref().map(|prefix| asked_about(session, prefix)).transpose()?;
    let paths = question.attachments;
    let body = PostBody {
        language: question.language,
        title: question.title,
        text: question.text,
        binding: Some(Binding {
            instrument: question.instrument,
            article: question.article,
            question: question.question,
            about,
        }),
        step: Some(ThreadStep::Question),
        attachments: Vec::new(),
        reason: String::new(),
    };
    let body = with_files(session, channel, body, &paths, &Progress::none()).await?;
    let kind = ItemKind::Clarification;
    let new = NewPost { channel, section: None, read: None, kind, body, disclose: None };
    let posted = session.post(&new).await?;
    forget(session, channel, &paths);
    Ok(posted)
}

/// The section and revision that a prefix names.
///
/// # Errors
/// [`SessionError::NotFound`], [`SessionError::Ambiguous`].
pub fn asked_about(session: &Session, prefix: &Prefix) -> Result<(SectionId, ActId), SessionError> {
    let not_found = || SessionError::NotFound { what: "section or revision", name: prefix.to_string() };
    match find::section(session, prefix) {
        Ok((channel, section)) => {
            let copy = session.channel(channel).ok_or_else(not_found)?;
            let newest = copy.state.sections.get(&section).and_then(|section| section.posts.last().copied());
            Ok((section, newest.ok_or_else(not_found)?))
        }
        Err(SessionError::NotFound { .. }) => {
            let (channel, act) = find::act(session, prefix)?;
            let copy = session.channel(channel).ok_or_else(not_found)?;
            let post = copy.state.posts.get(&act).ok_or_else(not_found)?;
            Ok((post.section, act))
        }
        Err(other) => Err(other),
    }
}
