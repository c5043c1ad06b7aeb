//! Sending a document: the file goes first, sealed, then the post that cites it.

use std::path::PathBuf;

use chancery_core::id::InstrumentCode;
use chancery_core::mechanism::{ItemKind, Language};

use crate::files::Progress;
use crate::sync::{Posted, Session, SessionError};
use crate::verbs::find::{Prefix, ReviewName};
use crate::verbs::post::{Item, post_telling};

/// A document to send.
#[derive(Debug, Clone)]
pub struct Document {
    /// The file.
    pub path: PathBuf,
    /// The instrument in whose strand it goes; a revision needs none.
    pub instrument: Option<InstrumentCode>,
    /// The review, where the person reads several.
    pub review: Option<ReviewName>,
    /// Article and question that it is about.
    pub about: Option<(String, String)>,
    /// The document of which it is a revision.
    pub revises: Option<Prefix>,
    /// The language of the document.
    pub language: Language,
    /// A title; the file's name if there is none.
    pub title: String,
    /// A text beside it.
    pub text: String,
}

/// Sends it. After a stop the same call goes on where it stopped.
///
/// # Errors
/// [`SessionError`].
pub async fn put(
    session: &mut Session,
    document: Document,
    progress: &Progress,
) -> Result<Posted, SessionError> {
    let name = document.path.file_name().map(|name| name.to_string_lossy().into_owned());
    let title = if document.title.is_empty() { name.unwrap_or_default() } else { document.title };
    let item = Item {
        kind: ItemKind::Document,
        review: document.review,
        instrument: document.instrument,
        about: document.about,
        revises: document.revises,
        read: None,
        language: document.language,
        title: title.chars().filter(|c| !c.is_control()).collect(),
        text: document.text,
        attachments: vec![document.path],
        hold_back: None,
    };
    post_telling(session, item, progress).await
}
