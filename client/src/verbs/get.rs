//! Fetching a file that a post cites.

use std::path::Path;

use chancery_core::act::Attachment;
use chancery_core::id::{ActId, ChannelId, FileId};

use crate::files::{Progress, Saved, save};
use crate::sync::{Session, SessionError};
use crate::verbs::find::Prefix;

/// A file, and the post that cites it.
#[derive(Debug, Clone)]
pub struct Found {
    /// The channel.
    pub channel: ChannelId,
    /// The post.
    pub act: ActId,
    /// What the post says of it.
    pub attachment: Attachment,
}

/// The one file whose id begins so, among those of the channels that the person reads.
///
/// # Errors
/// [`SessionError::NotFound`], [`SessionError::Ambiguous`]; [`SessionError::Open`] if the post does not open.
pub async fn find(session: &mut Session, prefix: &Prefix) -> Result<Found, SessionError> {
    session.sync_all().await?;
    let start = prefix.to_string();
    let mut found: Option<(ChannelId, ActId, FileId)> = None;
    for copy in session.channels() {
        for (act, record) in &copy.state.posts {
            for file in record.files.iter().filter(|file| file.to_string().starts_with(&start)) {
                if found.is_some_and(|(_, _, other)| other != *file) {
                    return Err(SessionError::Ambiguous { what: "file", name: start });
                }
                found.get_or_insert((copy.id(), *act, *file));
            }
        }
    }
    let not_found = || SessionError::NotFound { what: "file", name: start.clone() };
    let (channel, act, file) = found.ok_or_else(not_found)?;
    let (copy, keys) = session.channel(channel).zip(session.keys(channel)).ok_or_else(not_found)?;
    let body = keys.open_post(copy, act).ok_or_else(not_found)?.body?;
    let attachment = body.attachments.into_iter().find(|attachment| attachment.file == file);
    // The log says that this post cites it, and the post says nothing of it.
    let attachment = attachment.ok_or(SessionError::Open(crate::keyring::OpenError::OtherBytes))?;
    Ok(Found { channel, act, attachment })
}

/// Fetches a file to a folder or a path. An interrupted download goes on; what is there is replaced only with
/// `force`.
///
/// # Errors
/// [`SessionError::File`].
pub async fn get(
    session: &Session,
    found: &Found,
    to: &Path,
    force: bool,
    progress: &Progress,
) -> Result<Saved, SessionError> {
    Ok(save(&session.link, found.channel, &found.attachment, to, force, progress).await?)
}
