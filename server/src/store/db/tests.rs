//! The seam behaves the same on both engines.

use std::sync::atomic::{AtomicU32, Ordering};

use super::testing::{on_both, postgres_url};
use super::*;

const INSERT_CHANNEL: Statement =
    Statement::new("insert channel", "INSERT INTO channel (id, kind, parent) VALUES ($1, $2, $3)");
const READ_CHANNEL: Statement = Statement::new(
    "read channel",
    "SELECT id, kind, parent, size, last_log_time_ms FROM channel WHERE id = $1",
);
const TAKE_INDEX: Statement =
    Statement::new("take index", "UPDATE channel SET size = size + $2 WHERE id = $1 RETURNING size");
const COUNT_ENTRIES: Statement =
    Statement::new("count entries", "SELECT count(*) FROM entry WHERE channel = $1");
const PAGE: Statement = Statement::new(
    "page",
    "SELECT idx, signed_act FROM entry WHERE (channel, idx) > ($1, $2) ORDER BY channel, idx LIMIT $3",
);
static INSERT_ENTRIES: InsertRows = InsertRows::new(
    "insert entries",
    "INSERT INTO entry (channel, idx, act_id, signed_act, log_time_ms, leaf_hash)",
    6,
    "ON CONFLICT DO NOTHING",
);
static INSERT_ENTRIES_STRICTLY: InsertRows = InsertRows::new(
    "insert entries",
    "INSERT INTO entry (channel, idx, act_id, signed_act, log_time_ms, leaf_hash)",
    6,
    "",
);

const CHANNEL: [u8; 16] = [7; 16];

async fn with_channel(pool: &Pool) {
    let mut tx = pool.begin().await.unwrap();
    let values = [(&CHANNEL).into(), "review".into(), Value::Null(Kind::Blob)];
    assert_eq!(tx.execute(&INSERT_CHANNEL, &values).await, Ok(1));
    tx.commit().await.unwrap();
}

async fn append(tx: &mut Tx, indexes: std::ops::Range<i64>) -> Result<u64, DbError> {
    let ids: Vec<[u8; 16]> = indexes.clone().map(|index| i128::from(index).to_be_bytes()).collect();
    let mut values = Vec::new();
    for (index, id) in indexes.zip(&ids) {
        values.extend([
            Value::from(&CHANNEL),
            index.into(),
            id.into(),
            id.into(),
            Value::I64(1_000 + index),
            (&[1; 32]).into(),
        ]);
    }
    tx.insert_rows(&INSERT_ENTRIES, &values).await
}

async fn count(pool: &Pool) -> i64 {
    pool.row(&COUNT_ENTRIES, &[(&CHANNEL).into()]).await.unwrap().unwrap().i64(0).unwrap()
}

#[tokio::test]
async fn values_come_back_as_they_went_in() {
    on_both(async |pool: Pool| {
        with_channel(&pool).await;
        let row = pool.row(&READ_CHANNEL, &[(&CHANNEL).into()]).await.unwrap().unwrap();
        assert_eq!(row.id::<chancery_core::id::ChannelId>(0).unwrap().as_bytes(), &CHANNEL);
        assert_eq!((row.text(1), row.optional_blob(2), row.u64(3)), (Ok("review"), Ok(None), Ok(0)));
        assert_eq!(row.bool(3), Ok(false));
        assert!(matches!(row.i64(2), Err(DbError::Column { column: 2, .. })), "null is not 0");
        assert!(matches!(row.i64(1), Err(DbError::Column { column: 1, .. })));
        assert!(matches!(row.blob(2), Err(DbError::Column { column: 2, .. })));
        assert!(matches!(row.i64(9), Err(DbError::Column { column: 9, .. })));
        assert!(pool.row(&READ_CHANNEL, &[(&[0; 16]).into()]).await.unwrap().is_none());
    })
    .await;
}

#[tokio::test]
async fn batches_of_any_size_land_whole() {
    on_both(async |pool: Pool| {
        with_channel(&pool).await;
        let mut tx = pool.begin().await.unwrap();
        assert_eq!(append(&mut tx, 0..1).await, Ok(1));
        assert_eq!(append(&mut tx, 1..38).await, Ok(37));
        assert_eq!(append(&mut tx, 0..700).await, Ok(662), "repeats are left out");
        let row = tx.row(&TAKE_INDEX, &[(&CHANNEL).into(), 700_i64.into()]).await.unwrap().unwrap();
        assert_eq!(row.i64(0), Ok(700));
        tx.commit().await.unwrap();
        assert_eq!(count(&pool).await, 700);

        let page = pool.rows(&PAGE, &[(&CHANNEL).into(), 689_i64.into(), 100_i64.into()]).await.unwrap();
        assert_eq!(
            page.iter().map(|row| row.i64(0).unwrap()).collect::<Vec<_>>(),
            (690..700).collect::<Vec<_>>()
        );

        let mut tx = pool.begin().await.unwrap();
        let torn = tx.insert_rows(&INSERT_ENTRIES, &[1_i64.into(); 7]).await;
        assert_eq!(torn, Err(DbError::Values { statement: "insert entries", values: 7 }));
    })
    .await;
}

#[tokio::test]
async fn a_dropped_transaction_writes_nothing() {
    on_both(async |pool: Pool| {
        with_channel(&pool).await;
        let mut tx = pool.begin().await.unwrap();
        append(&mut tx, 0..3).await.unwrap();
        drop(tx);
        let mut tx = pool.begin().await.unwrap();
        append(&mut tx, 0..2).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(count(&pool).await, 2);
    })
    .await;
}

#[tokio::test]
async fn statements_that_run_together_stop_where_one_missed_its_row() {
    const GROW: Statement = Statement::new("grow", "UPDATE channel SET size = $2 WHERE size = $1");
    on_both(async |pool: Pool| {
        with_channel(&pool).await;
        // (the size it must find, the index of the entry, what comes of it): twice 0 is a lost race.
        let cases = [(0, 0, Ok(true)), (0, 0, Ok(false)), (1, 1, Ok(true)), (2, 1, Err(()))];
        for (from, index, expect) in cases {
            let mut batch = Batch::new("together");
            batch.push(GROW, vec![Value::I64(from), Value::I64(from + 1)], 1);
            let act_id = &i128::from(index).to_be_bytes();
            let entry = [
                (&CHANNEL).into(),
                Value::I64(index),
                act_id.into(),
                (&[3; 4]).into(),
                Value::I64(5),
                (&[1; 32]).into(),
            ];
            batch.insert(&INSERT_ENTRIES_STRICTLY, &entry).unwrap();
            let mut tx = pool.begin().await.unwrap();
            let outcome = tx.run(&batch).await;
            match (outcome, expect) {
                (Ok(true), Ok(true)) => tx.commit().await.unwrap(),
                (Ok(false), Ok(false)) => tx.rollback().await.unwrap(),
                (Err(DbError::Constraint { .. }), Err(())) => drop(tx),
                (outcome, expect) => panic!("{from} {index}: {outcome:?}, not {expect:?}"),
            }
        }
        let row = pool.row(&READ_CHANNEL, &[(&CHANNEL).into()]).await.unwrap().unwrap();
        assert_eq!((row.u64(3), count(&pool).await), (Ok(2), 2));
    })
    .await;
}

#[tokio::test]
async fn a_failed_act_leaves_its_neighbours() {
    on_both(async |pool: Pool| {
        with_channel(&pool).await;
        let mut tx = pool.begin().await.unwrap();
        append(&mut tx, 0..1).await.unwrap();
        tx.mark().await.unwrap();
        append(&mut tx, 1..2).await.unwrap();
        let again =
            tx.execute(&INSERT_CHANNEL, &[(&CHANNEL).into(), "review".into(), Value::Null(Kind::Blob)]).await;
        assert_eq!(again, Err(DbError::Constraint { statement: "insert channel" }));
        tx.undo().await.unwrap();
        tx.mark().await.unwrap();
        append(&mut tx, 5..6).await.unwrap();
        tx.keep().await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(count(&pool).await, 2);
    })
    .await;
}

#[tokio::test]
async fn the_log_refuses_change() {
    const UPDATE: Statement = Statement::new("update", "UPDATE entry SET signed_act = $1 WHERE idx = 0");
    const DELETE: Statement = Statement::new("delete", "DELETE FROM entry WHERE idx = 0");
    on_both(async |pool: Pool| {
        with_channel(&pool).await;
        let mut tx = pool.begin().await.unwrap();
        append(&mut tx, 0..2).await.unwrap();
        tx.commit().await.unwrap();

        for (statement, values) in [(UPDATE, vec![Value::Blob(b"forged")]), (DELETE, vec![])] {
            let mut tx = pool.begin().await.unwrap();
            let refused = tx.execute(&statement, &values).await;
            assert_eq!(refused, Err(DbError::InsertOnly { statement: statement.name() }));
        }
        if pool.engine() == Engine::Sqlite {
            let replace = Statement::new(
                "replace",
                "INSERT OR REPLACE INTO entry SELECT channel, idx, act_id, leaf_hash, log_time_ms, leaf_hash FROM entry",
            );
            let mut tx = pool.begin().await.unwrap();
            assert_eq!(tx.execute(&replace, &[]).await, Err(DbError::InsertOnly { statement: "replace" }));
        } else {
            let truncate = Statement::new("truncate", "TRUNCATE entry CASCADE");
            let mut tx = pool.begin().await.unwrap();
            assert_eq!(tx.execute(&truncate, &[]).await, Err(DbError::InsertOnly { statement: "truncate" }));
        }
    })
    .await;
}

/// Writers of one channel wait for one another and never fail.
#[tokio::test(flavor = "multi_thread")]
async fn the_row_counter_orders_writers() {
    on_both(async |pool: Pool| {
        with_channel(&pool).await;
        let failed = std::sync::Arc::new(AtomicU32::new(0));
        let writers: Vec<_> = (0..8)
            .map(|_| {
                let (pool, failed) = (pool.clone(), failed.clone());
                tokio::spawn(async move {
                    for _ in 0..10 {
                        if take_next(&pool).await.is_err() {
                            failed.fetch_add(1, Ordering::Relaxed);
                        }
                    }
                })
            })
            .collect();
        for writer in writers {
            writer.await.unwrap();
        }
        assert_eq!((failed.load(Ordering::Relaxed), count(&pool).await), (0, 80));
    })
    .await;
}

async fn take_next(pool: &Pool) -> Result<(), DbError> {
    let mut tx = pool.begin().await?;
    let row = tx.row(&TAKE_INDEX, &[(&CHANNEL).into(), 1_i64.into()]).await?;
    let size = row.unwrap().i64(0)?;
    assert_eq!(append(&mut tx, size - 1..size).await?, 1);
    tx.commit().await
}

#[tokio::test]
async fn reads_in_a_transaction_see_one_moment() {
    on_both(async |pool: Pool| {
        with_channel(&pool).await;
        let mut read = pool.begin_read().await.unwrap();
        let before = read.row(&COUNT_ENTRIES, &[(&CHANNEL).into()]).await.unwrap().unwrap().i64(0);
        let mut tx = pool.begin().await.unwrap();
        append(&mut tx, 0..4).await.unwrap();
        tx.commit().await.unwrap();
        let after = read.row(&COUNT_ENTRIES, &[(&CHANNEL).into()]).await.unwrap().unwrap().i64(0);
        assert_eq!((before, after), (Ok(0), Ok(0)));
        assert!(read.execute(&TAKE_INDEX, &[(&CHANNEL).into(), 1_i64.into()]).await.is_err());
        drop(read);
        assert_eq!(count(&pool).await, 4);
    })
    .await;
}

#[tokio::test]
async fn a_schema_of_a_newer_release_is_refused() {
    const NEWER: Statement = Statement::new(
        "newer",
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
         VALUES (9999, 'of tomorrow', true, $1, 0)",
    );
    let folder = tempfile::tempdir().unwrap();
    for url in [DatabaseUrl::Sqlite(folder.path().join("test.db")), postgres_url().await] {
        for round in 0..2 {
            let pool = Pool::open(&url, &PoolLimits::default()).await.unwrap();
            if round == 1 {
                let mut tx = pool.begin().await.unwrap();
                tx.execute(&NEWER, &[Value::Blob(b"x")]).await.unwrap();
                tx.commit().await.unwrap();
            }
            pool.close().await;
        }
        let refused = Pool::open(&url, &PoolLimits::default()).await.err();
        assert_eq!(refused, Some(DbError::UnknownSchema { version: 9_999 }));
    }
}

#[tokio::test]
async fn a_busy_database_is_not_waited_for_without_end() {
    let limits = PoolLimits {
        connections_max: 1,
        acquire_max: std::time::Duration::from_millis(200),
        ..PoolLimits::default()
    };
    let folder = tempfile::tempdir().unwrap();
    for url in [DatabaseUrl::Sqlite(folder.path().join("test.db")), postgres_url().await] {
        let pool = Pool::open(&url, &limits).await.unwrap();
        let held = pool.begin().await.unwrap();
        assert_eq!(pool.begin().await.err(), Some(DbError::Timeout { statement: "begin" }));
        held.rollback().await.unwrap();
        pool.begin().await.unwrap().rollback().await.unwrap();
    }
}

/// A withdrawn key must not wait in the file's free space for a thief. Until the journal is folded in, it does.
#[tokio::test]
async fn what_is_cleared_is_overwritten_in_the_file() {
    const CREATE: Statement =
        Statement::new("create", "CREATE TABLE kept (id bigint PRIMARY KEY, bytes blob)");
    const INSERT: Statement = Statement::new("insert", "INSERT INTO kept (id, bytes) VALUES (1, $1)");
    const CLEAR: Statement = Statement::new("clear", "UPDATE kept SET bytes = NULL WHERE id = 1");
    let secret = [0x5a; 1_168];
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("test.db");
    let found = || std::fs::read(&path).unwrap().windows(64).any(|window| window == &secret[..64]);
    let run = async |steps: &[(&Statement, &[Value<'_>])]| {
        let pool = Pool::open(&DatabaseUrl::Sqlite(path.clone()), &PoolLimits::default()).await.unwrap();
        for (statement, values) in steps {
            let mut tx = pool.begin().await.unwrap();
            tx.execute(statement, values).await.unwrap();
            tx.commit().await.unwrap();
        }
        pool.close().await;
    };
    run(&[(&CREATE, &[]), (&INSERT, &[(&secret).into()])]).await;
    assert!(found(), "the search finds what is kept");
    run(&[(&CLEAR, &[])]).await;
    assert!(!found());
}
