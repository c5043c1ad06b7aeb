//! `chancery.v1.LogService`.

use bytes::Bytes;
use chancery_core::id::{ChannelId, Digest};
use chancery_core::limits::PAGE_ENTRIES_MAX;
use chancery_proto::v1;
use tonic::{Request, Response, Status};

use super::stream::{Events, events};
use super::{answer, enrolled, id, lists, page_size, page_token, peer, read_page_token, status};
use crate::app::append::{NewEntry, NewRelease, Receipt};
use crate::app::read::{OwnWrap, ReadEntry};
use crate::app::watch::{Watch, WatchEvent};
use crate::app::{App, AppError};

/// The service.
pub struct Log(App);

impl Log {
    /// The service of an app.
    #[must_use]
    pub const fn new(app: App) -> Self {
        Self(app)
    }
}

#[tonic::async_trait]
impl v1::log_service_server::LogService for Log {
    async fn append(
        &self,
        request: Request<v1::AppendRequest>,
    ) -> Result<Response<v1::AppendResponse>, Status> {
        answer("Append", async {
            let peer = peer(&request)?;
            let caller = enrolled(&self.0, &peer).await?;
            let request = request.into_inner();
            let channel = id(&request.channel)?;
            let entries = request.entries.into_iter().map(new_entry).collect();
            let receipts = self.0.append(&caller, channel, entries).await?;
            Ok(v1::AppendResponse { receipts: receipts.into_iter().map(receipt).collect() })
        })
        .await
    }

    async fn list_channels(
        &self,
        request: Request<v1::ListChannelsRequest>,
    ) -> Result<Response<v1::ListChannelsResponse>, Status> {
        answer("ListChannels", async {
            let caller = enrolled(&self.0, &peer(&request)?).await?;
            let request = request.into_inner();
            let after = read_page_token(lists::CHANNELS, &request.page_token)?;
            let after = if after.is_empty() { None } else { Some(id(&after)?) };
            let limit = page_size(request.page_size, PAGE_ENTRIES_MAX);
            let (channels, next) = self.0.list_channels(&caller, after, limit).await?;
            Ok(v1::ListChannelsResponse {
                channels: channels
                    .into_iter()
                    .map(|channel| v1::Channel {
                        id: bytes(channel.id.as_bytes()),
                        kind: channel.kind.as_str().to_owned(),
                        review: channel.review.map(|review| bytes(review.as_bytes())).unwrap_or_default(),
                        size: channel.size,
                    })
                    .collect(),
                next_page_token: next
                    .map(|next| page_token(lists::CHANNELS, next.as_bytes()))
                    .unwrap_or_default(),
            })
        })
        .await
    }

    async fn list_entries(
        &self,
        request: Request<v1::ListEntriesRequest>,
    ) -> Result<Response<v1::ListEntriesResponse>, Status> {
        answer("ListEntries", async {
            let caller = enrolled(&self.0, &peer(&request)?).await?;
            let request = request.into_inner();
            let limit = page_size(request.page_size, PAGE_ENTRIES_MAX);
            let channel = id(&request.channel)?;
            // Before the entries, so that what others have verified is covered by the checkpoint.
            let cosigned = if request.with_cosignatures {
                self.0.cosigned(&caller, &channel).await?
            } else {
                Vec::new()
            };
            let page = self.0.list_entries(&caller, &channel, request.start, limit).await?;
            Ok(v1::ListEntriesResponse {
                entries: page.entries.into_iter().map(entry).collect(),
                checkpoint: page.checkpoint,
                cosigned,
            })
        })
        .await
    }

    type WatchEntriesStream = Events<v1::WatchEntriesResponse>;

    async fn watch_entries(
        &self,
        request: Request<v1::WatchEntriesRequest>,
    ) -> Result<Response<Self::WatchEntriesStream>, Status> {
        answer("WatchEntries", async {
            let caller = enrolled(&self.0, &peer(&request)?).await?;
            let follows = request.into_inner().channels;
            let channels = follows.iter().map(|follow| Ok((id(&follow.channel)?, follow.start)));
            let channels = channels.collect::<Result<Vec<(ChannelId, u64)>, AppError>>()?;
            let watch = self.0.watch(caller, channels).await?;
            Ok(events(watch, next))
        })
        .await
    }

    async fn get_checkpoint(
        &self,
        request: Request<v1::GetCheckpointRequest>,
    ) -> Result<Response<v1::GetCheckpointResponse>, Status> {
        answer("GetCheckpoint", async {
            let caller = enrolled(&self.0, &peer(&request)?).await?;
            let channel = id(&request.get_ref().channel)?;
            let cosigned = self.0.cosigned(&caller, &channel).await?;
            let checkpoint = self.0.newest_checkpoint(&caller, &channel).await?;
            Ok(v1::GetCheckpointResponse { checkpoint, cosigned })
        })
        .await
    }

    async fn add_cosignatures(
        &self,
        request: Request<v1::AddCosignaturesRequest>,
    ) -> Result<Response<v1::AddCosignaturesResponse>, Status> {
        answer("AddCosignatures", async {
            let caller = enrolled(&self.0, &peer(&request)?).await?;
            self.0.add_cosignatures(&caller, &request.get_ref().notes).await?;
            Ok(v1::AddCosignaturesResponse {})
        })
        .await
    }

    async fn get_inclusion_proof(
        &self,
        request: Request<v1::GetInclusionProofRequest>,
    ) -> Result<Response<v1::GetInclusionProofResponse>, Status> {
        answer("GetInclusionProof", async {
            let caller = enrolled(&self.0, &peer(&request)?).await?;
            let request = request.into_inner();
            let channel = id(&request.channel)?;
            let proof = self.0.inclusion_proof(&caller, &channel, request.index, request.size).await?;
            Ok(v1::GetInclusionProofResponse { proof: digests(&proof) })
        })
        .await
    }

    async fn get_consistency_proof(
        &self,
        request: Request<v1::GetConsistencyProofRequest>,
    ) -> Result<Response<v1::GetConsistencyProofResponse>, Status> {
        answer("GetConsistencyProof", async {
            let caller = enrolled(&self.0, &peer(&request)?).await?;
            let request = request.into_inner();
            let channel = id(&request.channel)?;
            let (old, new) = (request.old_size, request.new_size);
            let proof = self.0.consistency_proof(&caller, &channel, old, new).await?;
            Ok(v1::GetConsistencyProofResponse { proof: digests(&proof) })
        })
        .await
    }
}

/// The next event of a watch; after an error there is none.
async fn next(mut watch: Watch) -> (Option<Watch>, Result<v1::WatchEntriesResponse, Status>) {
    match watch.next().await {
        Ok(event) => (Some(watch), Ok(watch_event(event))),
        Err(error) => (None, Err(status("WatchEntries", error))),
    }
}

fn watch_event(event: WatchEvent) -> v1::WatchEntriesResponse {
    use v1::watch_entries_response::Event;

    let event = match event {
        WatchEvent::Entries { channel, entries, checkpoint } => Event::NewEntries(v1::NewEntries {
            channel: bytes(channel.as_bytes()),
            entries: entries.into_iter().map(entry).collect(),
            checkpoint,
        }),
        WatchEvent::Heartbeat { server_time_ms, checkpoints } => {
            Event::Heartbeat(v1::Heartbeat { server_time_ms, checkpoints })
        }
    };
    v1::WatchEntriesResponse { event: Some(event) }
}

fn new_entry(entry: v1::NewEntry) -> NewEntry {
    NewEntry {
        signed: entry.signed_act,
        body: entry.body,
        wraps: entry.wraps,
        previous_box: entry.previous_box,
        releases: entry
            .releases
            .into_iter()
            .map(|release| NewRelease { key_material: release.key_material, rendition: release.rendition })
            .collect(),
    }
}

pub(super) fn receipt(receipt: Receipt) -> v1::Receipt {
    v1::Receipt {
        index: receipt.index,
        log_time_ms: receipt.log_time_ms,
        inclusion_proof: digests(&receipt.proof),
        checkpoint: receipt.checkpoint,
    }
}

fn entry(entry: ReadEntry) -> v1::Entry {
    v1::Entry {
        index: entry.index,
        signed: entry.signed,
        log_time_ms: entry.log_time_ms,
        body: entry.body.unwrap_or_default(),
        own_wraps: entry.own_wraps.into_iter().map(own_wrap).collect(),
        previous_box: entry.previous_box.unwrap_or_default(),
    }
}

fn own_wrap(wrap: OwnWrap) -> v1::OwnWrap {
    v1::OwnWrap {
        key_id: bytes(wrap.key_id.as_bytes()),
        wrap: wrap.wrap,
        position: wrap.position,
        path: digests(&wrap.path),
    }
}

fn digests(list: &[Digest]) -> Vec<Bytes> {
    list.iter().map(|digest| bytes(digest.as_bytes())).collect()
}

fn bytes(slice: &[u8]) -> Bytes {
    Bytes::copy_from_slice(slice)
}
