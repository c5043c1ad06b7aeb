//! Rows that other tests need first.

use chancery_core::id::{ChannelId, Digest};

use super::db::{Engine, Pool, Statement, Tx, Value};

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

/// Takes the guards off the insert-only tables and alters rows behind the server's back, as who holds the
/// database could.
pub(crate) async fn tamper(pool: &Pool, tampering: Tampering) {
    let mut tx = pool.begin().await.unwrap();
    let unguard: &[Statement] = match pool.engine() {
        Engine::Sqlite => &UNGUARD_SQLITE,
        Engine::Postgres => &UNGUARD_POSTGRES,
    };
    for statement in unguard {
        tx.execute(statement, &[]).await.unwrap();
    }
    let changed = tx.execute(tampering.statement(), &[]).await.unwrap();
    assert!(changed > 0, "{tampering:?} changes nothing");
    tx.commit().await.unwrap();
}

/// What is altered.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Tampering {
    Body,
    Wrap,
    Box,
    Leaf,
    LogTime,
    Act,
    Statement,
    Parent,
    Size,
    Longer,
    Withdrawn,
    Cosignature,
}

impl Tampering {
    fn statement(self) -> &'static Statement {
        match self {
            Self::Body => &ALTER_BODY,
            Self::Wrap => &ALTER_WRAP,
            Self::Box => &ALTER_BOX,
            Self::Leaf => &ALTER_LEAF,
            Self::LogTime => &ALTER_LOG_TIME,
            Self::Act => &ALTER_ACT,
            Self::Statement => &ALTER_STATEMENT,
            Self::Parent => &ALTER_PARENT,
            Self::Size => &ALTER_SIZE,
            Self::Longer => &ALTER_LONGER,
            Self::Withdrawn => &ALTER_WITHDRAWN,
            Self::Cosignature => &ALTER_COSIGNATURE,
        }
    }
}

const UNGUARD_SQLITE: [Statement; 4] = [
    Statement::new("unguard entry", "DROP TRIGGER IF EXISTS entry_refuses_update"),
    Statement::new("unguard body", "DROP TRIGGER IF EXISTS body_refuses_update"),
    Statement::new("unguard wrap", "DROP TRIGGER IF EXISTS wrap_refuses_update"),
    Statement::new("unguard box", "DROP TRIGGER IF EXISTS previous_box_refuses_update"),
];
const UNGUARD_POSTGRES: [Statement; 4] = [
    Statement::new("unguard entry", "ALTER TABLE entry DISABLE TRIGGER entry_refuses_change"),
    Statement::new("unguard body", "ALTER TABLE body DISABLE TRIGGER body_refuses_change"),
    Statement::new("unguard wrap", "ALTER TABLE wrap DISABLE TRIGGER wrap_refuses_change"),
    Statement::new("unguard box", "ALTER TABLE previous_box DISABLE TRIGGER previous_box_refuses_change"),
];
const ALTER_BODY: Statement = Statement::new(
    "alter body",
    "UPDATE body SET bytes = (SELECT signed_act FROM entry e WHERE e.channel = body.channel AND e.idx = body.idx)",
);
const ALTER_WRAP: Statement = Statement::new("alter wrap", "UPDATE wrap SET bytes = recipient");
const ALTER_BOX: Statement = Statement::new("alter box", "UPDATE previous_box SET bytes = channel");
const ALTER_LEAF: Statement = Statement::new(
    "alter leaf",
    "UPDATE entry SET leaf_hash = (SELECT recipient FROM wrap LIMIT 1) \
     WHERE channel IN (SELECT id FROM channel WHERE kind = 'strand') AND idx = 1",
);
const ALTER_LOG_TIME: Statement = Statement::new(
    "alter log time",
    "UPDATE entry SET log_time_ms = log_time_ms + 1 \
     WHERE channel IN (SELECT id FROM channel WHERE kind = 'publication')",
);
const ALTER_ACT: Statement = Statement::new(
    "alter act",
    "UPDATE entry SET signed_act = leaf_hash \
     WHERE channel IN (SELECT id FROM channel WHERE kind = 'strand') AND idx = 1",
);
const ALTER_STATEMENT: Statement = Statement::new(
    "alter statement",
    "UPDATE entry SET signed_act = leaf_hash \
     WHERE channel IN (SELECT id FROM channel WHERE kind = 'publication')",
);
const ALTER_PARENT: Statement =
    Statement::new("alter parent", "UPDATE channel SET parent = id WHERE kind = 'strand'");
const ALTER_SIZE: Statement =
    Statement::new("alter size", "UPDATE channel SET size = size - 1 WHERE kind = 'strand'");
const ALTER_LONGER: Statement =
    Statement::new("lengthen log", "UPDATE channel SET size = size + 1 WHERE kind = 'strand'");
const ALTER_WITHDRAWN: Statement = Statement::new(
    "alter withdrawn",
    "UPDATE release SET withdrawn_at = 7, key_material = NULL, rendition = NULL, heading = NULL",
);
const ALTER_COSIGNATURE: Statement =
    Statement::new("alter cosignature", "UPDATE cosignature SET size = size - 1");
