//! Rows that other tests need first.

use chancery_core::id::{ChannelId, Digest};

use super::db::{Pool, Statement, Tx, Value};

/// Enters a channel of its own.
pub(crate) async fn strand(pool: &Pool, channel: ChannelId) {
    let mut tx = pool.begin().await.unwrap();
    let values = [channel.as_bytes().into(), "strand".into()];
    tx.execute(&INSERT_CHANNEL, &values).await.unwrap();
    tx.commit().await.unwrap();
}

/// Enters the bytes at an index of a channel; the act's id follows from the index.
pub(crate) async fn entry(tx: &mut Tx, channel: ChannelId, index: u64, signed: &[u8]) {
    let index_value = Value::from(i64::try_from(index).unwrap());
    let log_time = Value::from(i64::try_from(1_000 + index).unwrap());
    let id = act_id(index);
    let leaf = Digest::of(signed);
    let values = [
        channel.as_bytes().into(),
        index_value,
        (&id).into(),
        signed.into(),
        log_time,
        leaf.as_bytes().into(),
    ];
    tx.execute(&INSERT_ENTRY, &values).await.unwrap();
}

/// Enters the sealed body of an act.
pub(crate) async fn body(tx: &mut Tx, channel: ChannelId, index: u64, bytes: &[u8]) {
    let values = [channel.as_bytes().into(), i64::try_from(index).unwrap().into(), bytes.into()];
    tx.execute(&INSERT_BODY, &values).await.unwrap();
}

/// The act id that [`entry`] gives.
pub(crate) fn act_id(index: u64) -> [u8; 16] {
    u128::from(index).to_be_bytes()
}

const INSERT_CHANNEL: Statement =
    Statement::new("insert test channel", "INSERT INTO channel (id, kind) VALUES ($1, $2)");
const INSERT_ENTRY: Statement = Statement::new(
    "insert test entry",
    "INSERT INTO entry (channel, idx, act_id, signed_act, log_time_ms, leaf_hash) VALUES ($1, $2, $3, $4, $5, $6)",
);
const INSERT_BODY: Statement =
    Statement::new("insert test body", "INSERT INTO body (channel, idx, bytes) VALUES ($1, $2, $3)");
