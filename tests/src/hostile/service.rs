//! The service of logs that lies about one channel and is honest about the rest.

use chancery_core::act::SignedAct;
use chancery_core::id::{ChannelId, KeyId};
use chancery_core::limits::{PAGE_BYTES_MAX, PAGE_ENTRIES_MAX};
use chancery_core::log::{Tree, leaf_hash, origin};
use chancery_proto::v1;
use chancery_proto::v1::log_service_server::LogService;
use chancery_server::api::Log;
use chancery_server::app::LogKey;
use chancery_server::gate::PeerKey;
use tonic::{Request, Response, Status};

use super::attack::{Attack, Falsified, falsify};
use super::rng::Rng;

/// What is attacked, and with which keys.
pub struct Lie {
    /// The attack.
    pub attack: Attack,
    /// The channel.
    pub channel: ChannelId,
    /// Chooses the entry.
    pub seed: u64,
    /// The key that signs checkpoints.
    pub log_key: LogKey,
    /// The deployment.
    pub root: KeyId,
    /// The act to append, for the attacks with somebody's keys.
    pub forged: Option<v1::Entry>,
    /// Whether it hands on what other readers have verified. What readers say of the channel while it lies, it
    /// keeps from the others either way.
    pub words: bool,
    /// When it began: every answer tells the same lie.
    pub now_ms: u64,
}

/// The service.
pub struct Liar {
    honest: Log,
    lie: Lie,
}

impl Liar {
    /// Lies as told; everything else it leaves to `honest`.
    #[must_use]
    pub const fn new(honest: Log, lie: Lie) -> Self {
        Self { honest, lie }
    }

    fn is_about(&self, channel: &[u8]) -> bool {
        channel == self.lie.channel.as_bytes()
    }

    /// The falsified log, as this peer gets it, and its checkpoint.
    async fn falsified(&self, peer: Option<PeerKey>) -> Result<(Falsified, String), Status> {
        let Lie { attack, channel, seed, log_key, root, forged, now_ms, .. } = &self.lie;
        let entries = self.all(peer).await?;
        let falsified = falsify(*attack, &mut Rng::new(*seed), entries, forged.as_ref(), *now_ms);
        let falsified =
            falsified.ok_or_else(|| Status::unimplemented("the log has no entry for this attack"))?;
        let leaves = falsified.entries.iter().map(|entry| leaf_hash(&entry.signed, entry.log_time_ms));
        let note = log_key.checkpoint(root, channel, Tree::of(leaves).head());
        Ok((falsified, note))
    }

    /// The true log.
    async fn all(&self, peer: Option<PeerKey>) -> Result<Vec<v1::Entry>, Status> {
        let mut entries: Vec<v1::Entry> = Vec::new();
        loop {
            let channel = self.lie.channel.as_bytes().to_vec().into();
            let start = entries.len() as u64;
            let request = v1::ListEntriesRequest { channel, start, page_size: 0, with_cosignatures: false };
            let page = self.honest.list_entries(as_peer(request, peer)).await?.into_inner().entries;
            if page.is_empty() {
                return Ok(entries);
            }
            entries.extend(page);
        }
    }
}

impl Liar {
    /// What other readers of the channel have verified of the true log.
    async fn words(&self, peer: Option<PeerKey>) -> Result<Vec<String>, Status> {
        if !self.lie.words {
            return Ok(Vec::new());
        }
        let channel = self.lie.channel.as_bytes().to_vec().into();
        let request = v1::GetCheckpointRequest { channel };
        Ok(self.honest.get_checkpoint(as_peer(request, peer)).await?.into_inner().cosigned)
    }
}

fn as_peer<T>(message: T, peer: Option<PeerKey>) -> Request<T> {
    let mut request = Request::new(message);
    if let Some(peer) = peer {
        request.extensions_mut().insert(peer);
    }
    request
}

#[tonic::async_trait]
impl LogService for Liar {
    async fn list_entries(
        &self,
        request: Request<v1::ListEntriesRequest>,
    ) -> Result<Response<v1::ListEntriesResponse>, Status> {
        if !self.is_about(&request.get_ref().channel) {
            return self.honest.list_entries(request).await;
        }
        let peer = request.extensions().get::<PeerKey>().copied();
        let (falsified, checkpoint) = self.falsified(peer).await?;
        eprintln!("{}", told(self.lie.attack, &falsified));
        let start = usize::try_from(request.get_ref().start).unwrap_or(usize::MAX);
        let cosigned = self.words(peer).await?;
        let entries = page(falsified.entries, start);
        Ok(Response::new(v1::ListEntriesResponse { entries, checkpoint, cosigned }))
    }

    async fn get_checkpoint(
        &self,
        request: Request<v1::GetCheckpointRequest>,
    ) -> Result<Response<v1::GetCheckpointResponse>, Status> {
        if !self.is_about(&request.get_ref().channel) {
            return self.honest.get_checkpoint(request).await;
        }
        let peer = request.extensions().get::<PeerKey>().copied();
        let (_, checkpoint) = self.falsified(peer).await?;
        Ok(Response::new(v1::GetCheckpointResponse { checkpoint, cosigned: self.words(peer).await? }))
    }

    async fn add_cosignatures(
        &self,
        request: Request<v1::AddCosignaturesRequest>,
    ) -> Result<Response<v1::AddCosignaturesResponse>, Status> {
        let peer = request.extensions().get::<PeerKey>().copied();
        let origin = origin(&self.lie.root, &self.lie.channel);
        let mut request = request.into_inner();
        request.notes.retain(|note| !note.starts_with(&origin));
        self.honest.add_cosignatures(as_peer(request, peer)).await
    }

    async fn append(
        &self,
        request: Request<v1::AppendRequest>,
    ) -> Result<Response<v1::AppendResponse>, Status> {
        self.honest.append(request).await
    }

    async fn list_channels(
        &self,
        request: Request<v1::ListChannelsRequest>,
    ) -> Result<Response<v1::ListChannelsResponse>, Status> {
        self.honest.list_channels(request).await
    }

    type WatchEntriesStream = <Log as LogService>::WatchEntriesStream;

    async fn watch_entries(
        &self,
        request: Request<v1::WatchEntriesRequest>,
    ) -> Result<Response<Self::WatchEntriesStream>, Status> {
        self.honest.watch_entries(request).await
    }

    async fn get_inclusion_proof(
        &self,
        request: Request<v1::GetInclusionProofRequest>,
    ) -> Result<Response<v1::GetInclusionProofResponse>, Status> {
        self.honest.get_inclusion_proof(request).await
    }

    async fn get_consistency_proof(
        &self,
        request: Request<v1::GetConsistencyProofRequest>,
    ) -> Result<Response<v1::GetConsistencyProofResponse>, Status> {
        self.honest.get_consistency_proof(request).await
    }
}

/// The entries from `start` on, as many as a page takes.
fn page(entries: Vec<v1::Entry>, start: usize) -> Vec<v1::Entry> {
    let mut bytes = 0;
    let fits = |entry: &v1::Entry| {
        let before = bytes;
        bytes += entry.signed.len() + entry.body.len();
        before < PAGE_BYTES_MAX
    };
    entries.into_iter().skip(start).take(PAGE_ENTRIES_MAX as usize).take_while(fits).collect()
}

/// One line for whoever drives this: the entry attacked, and the act that stands there, if it still is one.
fn told(attack: Attack, falsified: &Falsified) -> String {
    let at = usize::try_from(falsified.at).unwrap_or(usize::MAX);
    let act = falsified.entries.get(at).and_then(|entry| SignedAct::decode(entry.signed.clone()).ok());
    let act = act.map_or_else(|| "-".to_owned(), |act| act.content().header.act_id.to_string());
    format!("hostile attack={attack:?} size={} entry={} act={act}", falsified.entries.len(), falsified.at)
}
