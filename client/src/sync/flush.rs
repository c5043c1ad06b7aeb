//! What a crash or an outage left in the outbox.

use chancery_core::act::{PostBody, SignedAct, Statement};
use chancery_core::error::Reason;
use chancery_core::id::{ActId, ChannelId};

use super::write::is_stale;
use super::{NewPost, Session, SessionError};
use crate::keyring::SealedPost;
use crate::outbox::{self, Waiting};

/// What became of an append that had waited.
#[derive(Debug)]
pub enum Flushed {
    /// It was sent, or had arrived before; the receipt is the first one.
    Landed {
        /// The channel.
        channel: ChannelId,
        /// Its first act.
        act: ActId,
    },
    /// It had become stale, and was sealed and sent anew under another id.
    Anew {
        /// The channel.
        channel: ChannelId,
        /// The act that was refused.
        act: ActId,
        /// The act that landed.
        new: ActId,
    },
    /// No answer came again; it waits on.
    Waits {
        /// The channel.
        channel: ChannelId,
        /// Its first act.
        act: ActId,
        /// Why no answer came.
        error: SessionError,
    },
    /// The server refused it. Nothing was changed, and it is not sent again.
    Refused {
        /// The channel.
        channel: ChannelId,
        /// Its first act.
        act: ActId,
        /// Why.
        error: SessionError,
        /// The text, if it was a post, so that nothing a person wrote is lost.
        text: Option<String>,
    },
}

impl Session {
    /// Sends what waits in the outbox: the very same bytes. A refusal is told, and what a person wrote is kept
    /// in it.
    ///
    /// # Errors
    /// [`SessionError::Verify`] if the server's receipt does not hold; [`SessionError::Clock`].
    pub(super) async fn flush_outbox(&mut self) -> Result<(), SessionError> {
        let all = outbox::waiting(&self.home)?;
        if !all.is_empty() {
            self.check_clock().await?;
        }
        for waiting in all {
            let (channel, act) = (waiting.channel, waiting.act);
            let flushed = match self.send(&waiting).await {
                Ok(_) => Flushed::Landed { channel, act },
                Err(error @ SessionError::Waits { .. }) => Flushed::Waits { channel, act, error },
                Err(error @ (SessionError::Verify(_) | SessionError::Forked { .. })) => return Err(error),
                Err(error) => self.after_refusal(&waiting, error).await,
            };
            self.flushed.push(flushed);
        }
        Ok(())
    }

    /// What became of what had waited, told once.
    pub fn take_flushed(&mut self) -> Vec<Flushed> {
        std::mem::take(&mut self.flushed)
    }

    async fn after_refusal(&mut self, waiting: &Waiting, error: SessionError) -> Flushed {
        let (channel, act) = (waiting.channel, waiting.act);
        let stale = error.reason().is_some_and(|reason| is_stale(reason) || reason == Reason::EpochSuspended);
        let text = match self.written(waiting).await {
            Some(new) if stale => {
                let text = new.body.text.clone();
                match Box::pin(self.post(&new)).await {
                    Ok(posted) => return Flushed::Anew { channel, act, new: posted.act },
                    Err(_) => Some(text),
                }
            }
            written => written.map(|new| new.body.text),
        };
        Flushed::Refused { channel, act, error, text }
    }

    /// The post inside an append, opened again with the person's own keys.
    async fn written(&mut self, waiting: &Waiting) -> Option<NewPost> {
        self.sync_channel(waiting.channel).await.ok()?;
        let entry = waiting.entries.first()?;
        let act = SignedAct::decode(entry.act.clone()).ok()?;
        let header = &act.content().header;
        let Statement::Post(post) = &act.content().statement else { return None };
        let sealed =
            SealedPost { section: post.section, act: header.act_id, kind: post.kind, body: post.body };
        let ring = self.keyring(waiting.channel)?;
        let body: PostBody = ring.open_post(header.epoch, &sealed, entry.body.as_deref()?).ok()?;
        let known = self.channel(waiting.channel)?.state.sections.contains_key(&post.section);
        let discloses = waiting.entries.iter().skip(1).find_map(|entry| {
            match &SignedAct::decode(entry.act.clone()).ok()?.content().statement {
                Statement::Disclose(act) => Some(act.audience),
                _ => None,
            }
        });
        Some(NewPost {
            channel: waiting.channel,
            section: known.then_some(post.section),
            read: post.previous,
            kind: post.kind,
            body,
            disclose: discloses,
        })
    }
}
