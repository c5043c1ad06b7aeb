//! Posts: the signature, one row, one commit for many.

use std::collections::HashMap;
use std::path::Path;

use bytes::Bytes;
use chancery_core::act::{SignedAct, VerifiedAct};
use chancery_core::id::KeyId;
use chancery_proto::v1;
use chancery_proto::v1::log_service_server::LogService;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _};
use tokio::sync::{mpsc, oneshot};
use tonic::{Request, Response, Status};

use super::watch::{Watched, Watchers};

/// The service: appending, and watching what is appended.
pub(super) struct Log {
    root: KeyId,
    writers: HashMap<KeyId, [u8; 32]>,
    queue: mpsc::Sender<Waiting>,
    watchers: Watchers,
}

struct Waiting {
    signed: Bytes,
    body: Bytes,
    reply: oneshot::Sender<u64>,
}

impl Log {
    pub(super) async fn open(folder: &Path, root: KeyId, writers: HashMap<KeyId, [u8; 32]>) -> Self {
        let (queue, waiting) = mpsc::channel(1_024);
        // The settings of the real server.
        let options = SqliteConnectOptions::new()
            .filename(folder.join("bare.db"))
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .pragma("wal_autocheckpoint", "4000")
            .statement_cache_capacity(256)
            .disable_statement_logging();
        let pool = SqlitePoolOptions::new().max_connections(1).connect_with(options).await.unwrap();
        let mut connection = pool.acquire().await.unwrap().detach();
        sqlx::raw_sql(TABLE).execute(&mut connection).await.unwrap();
        tokio::spawn(write(connection, waiting));
        Self { root, writers, queue, watchers: Watchers::new() }
    }
}

async fn write(mut connection: SqliteConnection, mut waiting: mpsc::Receiver<Waiting>) {
    let mut number = 0;
    let mut batch = Vec::with_capacity(GROUP_MAX);
    let inserts: Vec<String> = (0..=GROUP_MAX).map(insert).collect();
    while waiting.recv_many(&mut batch, GROUP_MAX).await > 0 {
        let mut tx = connection.begin_with("BEGIN IMMEDIATE").await.unwrap();
        let mut statement = sqlx::query(AssertSqlSafe(inserts[batch.len()].as_str()));
        for post in &batch {
            statement = statement.bind(post.signed.as_ref()).bind(post.body.as_ref());
        }
        statement.execute(&mut *tx).await.unwrap();
        tx.commit().await.unwrap();
        for post in batch.drain(..) {
            let _ = post.reply.send(number);
            number += 1;
        }
    }
}

fn insert(rows: usize) -> String {
    let values: Vec<String> = (0..rows).map(|row| format!("(${}, ${})", 2 * row + 1, 2 * row + 2)).collect();
    format!("INSERT INTO post (signed, body) VALUES {}", values.join(", "))
}

#[tonic::async_trait]
impl LogService for Log {
    async fn append(
        &self,
        request: Request<v1::AppendRequest>,
    ) -> Result<Response<v1::AppendResponse>, Status> {
        let v1::AppendRequest { channel, entries } = request.into_inner();
        let [entry]: [v1::NewEntry; 1] =
            entries.try_into().map_err(|_| Status::invalid_argument("one at a time"))?;
        let act = SignedAct::decode(entry.signed_act.clone()).map_err(refused)?;
        let key = self.writers.get(&act.signer()).ok_or_else(|| Status::permission_denied("a stranger"))?;
        VerifiedAct::new(act, *key, &self.root).map_err(refused)?;
        let (reply, written) = oneshot::channel();
        let waiting = Waiting { signed: entry.signed_act.clone(), body: entry.body.clone(), reply };
        self.queue.send(waiting).await.map_err(|_| Status::unavailable("stopping"))?;
        let index = written.await.map_err(|_| Status::unavailable("stopping"))?;
        self.watchers.tell(channel, index, entry.signed_act, entry.body);
        let receipt = v1::Receipt { index, ..Default::default() };
        Ok(Response::new(v1::AppendResponse { receipts: vec![receipt] }))
    }

    async fn list_channels(
        &self,
        _: Request<v1::ListChannelsRequest>,
    ) -> Result<Response<v1::ListChannelsResponse>, Status> {
        Err(absent())
    }

    async fn list_entries(
        &self,
        _: Request<v1::ListEntriesRequest>,
    ) -> Result<Response<v1::ListEntriesResponse>, Status> {
        Err(absent())
    }

    type WatchEntriesStream = Watched;

    async fn watch_entries(
        &self,
        _: Request<v1::WatchEntriesRequest>,
    ) -> Result<Response<Self::WatchEntriesStream>, Status> {
        Ok(Response::new(self.watchers.watch()))
    }

    async fn get_checkpoint(
        &self,
        _: Request<v1::GetCheckpointRequest>,
    ) -> Result<Response<v1::GetCheckpointResponse>, Status> {
        Err(absent())
    }

    async fn add_cosignatures(
        &self,
        _: Request<v1::AddCosignaturesRequest>,
    ) -> Result<Response<v1::AddCosignaturesResponse>, Status> {
        Err(absent())
    }

    async fn get_inclusion_proof(
        &self,
        _: Request<v1::GetInclusionProofRequest>,
    ) -> Result<Response<v1::GetInclusionProofResponse>, Status> {
        Err(absent())
    }

    async fn get_consistency_proof(
        &self,
        _: Request<v1::GetConsistencyProofRequest>,
    ) -> Result<Response<v1::GetConsistencyProofResponse>, Status> {
        Err(absent())
    }
}

fn refused(error: chancery_core::act::ActError) -> Status {
    Status::invalid_argument(error.to_string())
}

fn absent() -> Status {
    Status::unimplemented("the bare server appends, is watched, and moves files")
}

const TABLE: &str =
    "CREATE TABLE post (number INTEGER PRIMARY KEY, signed BLOB NOT NULL, body BLOB NOT NULL)";
/// As many as the real server lands together.
const GROUP_MAX: usize = 64;
