//! What a person has written, made into the body of a post: nothing is sealed or sent of what no reader takes.

use std::path::PathBuf;

use chancery_core::act::{PostBody, ThreadStep};
use chancery_core::id::ChannelId;

use crate::files::{Progress, attach};
use crate::sync::{Session, SessionError};

/// Checks what was written, and then sends the files that it is posted with.
///
/// # Errors
/// [`SessionError::Text`] and [`SessionError::Empty`], with nothing sent; [`SessionError::File`].
pub(super) async fn with_files(
    session: &Session,
    channel: ChannelId,
    body: PostBody,
    paths: &[PathBuf],
    progress: &Progress,
) -> Result<PostBody, SessionError> {
    if let Some((field, fault)) = body.text_fault() {
        return Err(SessionError::Text { field, fault });
    }
    // That there is no further information says all by itself.
    let says_nothing = body.text.trim().is_empty() && body.step != Some(ThreadStep::NoFurtherInformation);
    if says_nothing && paths.is_empty() {
        return Err(SessionError::Empty);
    }
    let attachments = attach(session, channel, paths, progress).await?;
    Ok(PostBody { attachments, ..body })
}
