//! `LogService`: appending to channels and reading them.

use chancery_core::id::{ChannelId, Digest};
use chancery_core::limits::{COSIGNED_PER_CHANNEL_MAX, PAGE_ENTRIES_MAX};
use chancery_core::mechanism::ChannelKind;
use chancery_proto::v1;
use chancery_proto::v1::watch_entries_response::Event;

use super::{Link, LinkError, client, convert, unary};
use crate::entry::{Entry, Outgoing, Receipt};

/// A channel that the caller may read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListedChannel {
    /// Its id.
    pub id: ChannelId,
    /// What it is.
    pub kind: ChannelKind,
    /// The review it belongs to; none for a review, the directory and publications.
    pub review: Option<ChannelId>,
    /// Entries in its log.
    pub size: u64,
}

/// Entries in order, and a checkpoint that covers them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntriesPage {
    /// The entries.
    pub entries: Vec<Entry>,
    /// Signed note.
    pub checkpoint: String,
}

/// What a watch brings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WatchEvent {
    /// New entries of one channel.
    Entries {
        /// The channel.
        channel: ChannelId,
        /// The entries, and a checkpoint that covers them.
        page: EntriesPage,
    },
    /// A sign of life.
    Heartbeat {
        /// The server's clock.
        server_time_ms: u64,
        /// The checkpoint of every followed channel that has moved since the last sign.
        checkpoints: Vec<String>,
    },
}

/// A running watch. Dropping it ends it.
#[derive(Debug)]
pub struct Watch {
    stream: tonic::Streaming<v1::WatchEntriesResponse>,
}

impl Watch {
    /// The next event; `None` when the server ended the watch, which the caller resumes.
    ///
    /// # Errors
    /// [`LinkError`].
    pub async fn next(&mut self) -> Result<Option<WatchEvent>, LinkError> {
        let Some(message) = self.stream.message().await.map_err(|status| LinkError::from_status(&status))?
        else {
            return Ok(None);
        };
        Ok(Some(match message.event.ok_or(LinkError::Protocol("event"))? {
            Event::NewEntries(new) => WatchEvent::Entries {
                channel: convert::id(&new.channel, "channel")?,
                page: page(new.entries, new.checkpoint)?,
            },
            Event::Heartbeat(beat) => {
                WatchEvent::Heartbeat { server_time_ms: beat.server_time_ms, checkpoints: beat.checkpoints }
            }
        }))
    }
}

impl Link {
    /// Appends acts to a channel: all or none. The same bytes again get the same receipts.
    ///
    /// # Errors
    /// [`LinkError`].
    pub async fn append(&self, channel: ChannelId, entries: &[Outgoing]) -> Result<Vec<Receipt>, LinkError> {
        let request = v1::AppendRequest {
            channel: convert::wire(channel.as_bytes()),
            entries: entries.iter().map(convert::new_entry).collect(),
        };
        let answer = unary(client!(self, log_service_client::LogServiceClient).append(request)).await?;
        if answer.receipts.len() != entries.len() {
            return Err(LinkError::Protocol("receipts"));
        }
        answer.receipts.into_iter().map(convert::receipt).collect()
    }

    /// Every channel that the caller may read.
    ///
    /// # Errors
    /// [`LinkError`].
    pub async fn list_channels(&self) -> Result<Vec<ListedChannel>, LinkError> {
        let mut client = client!(self, log_service_client::LogServiceClient);
        let mut channels = Vec::new();
        let mut page_token = String::new();
        loop {
            let request = v1::ListChannelsRequest { page_size: PAGE_ENTRIES_MAX, page_token };
            let answer = unary(client.list_channels(request)).await?;
            let empty = answer.channels.is_empty();
            for channel in &answer.channels {
                channels.push(listed(channel)?);
            }
            page_token = answer.next_page_token;
            if page_token.is_empty() {
                return Ok(channels);
            }
            // A server that goes on for ever must not fill the memory.
            if empty || channels.len() > CHANNELS_MAX {
                return Err(LinkError::Protocol("next_page_token"));
            }
        }
    }

    /// A page of entries from `start` on; empty at the end of the log.
    ///
    /// # Errors
    /// [`LinkError`].
    pub async fn list_entries(&self, channel: ChannelId, start: u64) -> Result<EntriesPage, LinkError> {
        let answer = self.entries(channel, start, false).await?;
        page(answer.entries, answer.checkpoint)
    }

    /// As [`Link::list_entries`], with what other readers have verified of the channel: cosigned checkpoints.
    ///
    /// # Errors
    /// [`LinkError`].
    pub async fn list_entries_and_words(
        &self,
        channel: ChannelId,
        start: u64,
    ) -> Result<(EntriesPage, Vec<String>), LinkError> {
        let mut answer = self.entries(channel, start, true).await?;
        let words = std::mem::take(&mut answer.cosigned);
        // More than a server hands out.
        if words.len() > COSIGNED_PER_CHANNEL_MAX as usize {
            return Err(LinkError::Protocol("cosigned"));
        }
        Ok((page(answer.entries, answer.checkpoint)?, words))
    }

    async fn entries(
        &self,
        channel: ChannelId,
        start: u64,
        with_cosignatures: bool,
    ) -> Result<v1::ListEntriesResponse, LinkError> {
        let channel = convert::wire(channel.as_bytes());
        let page_size = PAGE_ENTRIES_MAX;
        let request = v1::ListEntriesRequest { channel, start, page_size, with_cosignatures };
        unary(client!(self, log_service_client::LogServiceClient).list_entries(request)).await
    }

    /// Hands in what this device has verified: cosigned checkpoints, all or none.
    ///
    /// # Errors
    /// [`LinkError`].
    pub async fn add_cosignatures(&self, notes: Vec<String>) -> Result<(), LinkError> {
        let request = v1::AddCosignaturesRequest { notes };
        unary(client!(self, log_service_client::LogServiceClient).add_cosignatures(request)).await?;
        Ok(())
    }

    /// Follows channels, each from an index on.
    ///
    /// # Errors
    /// [`LinkError`].
    pub async fn watch(&self, channels: &[(ChannelId, u64)]) -> Result<Watch, LinkError> {
        let follow = |(channel, start): &(ChannelId, u64)| v1::Follow {
            channel: convert::wire(channel.as_bytes()),
            start: *start,
        };
        let request = v1::WatchEntriesRequest { channels: channels.iter().map(follow).collect() };
        let stream =
            unary(client!(self, log_service_client::LogServiceClient).watch_entries(request)).await?;
        Ok(Watch { stream })
    }

    /// The newest checkpoint of a channel.
    ///
    /// # Errors
    /// [`LinkError`].
    pub async fn checkpoint(&self, channel: ChannelId) -> Result<String, LinkError> {
        let request = v1::GetCheckpointRequest { channel: convert::wire(channel.as_bytes()) };
        let answer =
            unary(client!(self, log_service_client::LogServiceClient).get_checkpoint(request)).await?;
        Ok(answer.checkpoint)
    }

    /// The proof that entry `index` stands in the tree of `size` entries.
    ///
    /// # Errors
    /// [`LinkError`].
    pub async fn inclusion_proof(
        &self,
        channel: ChannelId,
        index: u64,
        size: u64,
    ) -> Result<Vec<Digest>, LinkError> {
        let request =
            v1::GetInclusionProofRequest { channel: convert::wire(channel.as_bytes()), index, size };
        let answer =
            unary(client!(self, log_service_client::LogServiceClient).get_inclusion_proof(request)).await?;
        convert::path(&answer.proof, "proof")
    }

    /// The proof that the tree of `new_size` entries continues that of `old_size`.
    ///
    /// # Errors
    /// [`LinkError`].
    pub async fn consistency_proof(
        &self,
        channel: ChannelId,
        old_size: u64,
        new_size: u64,
    ) -> Result<Vec<Digest>, LinkError> {
        let channel = convert::wire(channel.as_bytes());
        let request = v1::GetConsistencyProofRequest { channel, old_size, new_size };
        let answer =
            unary(client!(self, log_service_client::LogServiceClient).get_consistency_proof(request)).await?;
        convert::path(&answer.proof, "proof")
    }
}

fn page(entries: Vec<v1::Entry>, checkpoint: String) -> Result<EntriesPage, LinkError> {
    let entries = entries.into_iter().map(convert::entry).collect::<Result<_, _>>()?;
    Ok(EntriesPage { entries, checkpoint })
}

fn listed(channel: &v1::Channel) -> Result<ListedChannel, LinkError> {
    Ok(ListedChannel {
        id: convert::id(&channel.id, "channels.id")?,
        kind: channel.kind.parse().map_err(|_| LinkError::Protocol("channels.kind"))?,
        review: convert::optional_id(&channel.review, "channels.review")?,
        size: channel.size,
    })
}

/// Far more channels than any deployment has.
const CHANNELS_MAX: usize = 1_000_000;
