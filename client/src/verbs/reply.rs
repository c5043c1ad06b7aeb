//! A message in a clarification thread, or the neutral word that there is no further information (¶35).

use std::path::PathBuf;

use chancery_core::act::{PostBody, ThreadStep};
use chancery_core::mechanism::{ItemKind, Language};

use crate::files::{Progress, forget};
use crate::sync::{NewPost, Posted, Session, SessionError};
use crate::verbs::find::{self, Prefix};
use crate::verbs::written::with_files;

/// The reply.
#[derive(Debug, Clone)]
pub struct Reply {
    /// The thread.
    pub thread: Prefix,
    /// Asks on, answers, or says that there is nothing to add.
    pub step: ThreadStep,
    /// The language of the text.
    pub language: Language,
    /// A title.
    pub title: String,
    /// The text.
    pub text: String,
    /// Files to attach.
    pub attachments: Vec<PathBuf>,
}

/// Replies in a thread.
///
/// # Errors
/// [`SessionError`]; [`SessionError::NotFound`] if the section is no thread.
pub async fn reply(session: &mut Session, reply: Reply) -> Result<Posted, SessionError> {
    session.sync_all().await?;
    let (channel, section) = find::section(session, &reply.thread)?;
    let copy = session.channel(channel).ok_or(SessionError::NoSuchChannel(channel))?;
    let thread = copy.state.sections.get(&section);
    if thread.is_none_or(|thread| thread.kind != ItemKind::Clarification) {
        return Err(SessionError::NotFound { what: "thread", name: reply.thread.to_string() });
    }
    let body = PostBody {
        language: reply.language,
        title: reply.title,
        text: reply.text,
        binding: None,
        step: Some(reply.step),
        attachments: Vec::new(),
        reason: String::new(),
    };
    let body = with_files(session, channel, body, &reply.attachments, &Progress::none()).await?;
    let kind = ItemKind::Clarification;
    let new = NewPost { channel, section: Some(section), read: None, kind, body, disclose: None };
    let posted = session.post(&new).await?;
    forget(session, channel, &reply.attachments);
    Ok(posted)
}
