//! The store of logs behaves the same on both engines.

use chancery_core::act::Audience;

use super::*;
use crate::store::db::testing::on_both;
use crate::store::db::{DbError, Pool, Source};

const REVIEW: ChannelId = ChannelId::new([1; 16]);
const STRAND: ChannelId = ChannelId::new([2; 16]);
const PUBLIC: ChannelId = ChannelId::new([3; 16]);

fn entry_row(channel: ChannelId, index: u64, signed: &[u8]) -> EntryRow {
    let mut id = [0; 16];
    id[0] = channel.as_bytes()[0];
    id[8..].copy_from_slice(&index.to_be_bytes());
    EntryRow {
        channel,
        index,
        act_id: ActId::new(id),
        signed: Bytes::copy_from_slice(signed),
        log_time_ms: 1_000 + index,
        leaf: Digest::of(signed),
    }
}

fn wrap_row(index: u64, position: u64, recipient: u8) -> WrapRow {
    let recipient_id = KeyId::new([recipient; 32]);
    WrapRow { index, position, recipient: recipient_id, bytes: Bytes::from(vec![recipient; 5]) }
}

async fn put(pool: &Pool, rows: &NewRows) {
    let mut tx = pool.begin().await.unwrap();
    insert(&mut tx, rows).await.unwrap();
    tx.commit().await.unwrap();
}

/// A review with a strand of five entries, two of them with something beside them.
async fn filled(pool: &Pool) {
    let rows = NewRows {
        channels: vec![
            (REVIEW, ChannelKind::Review, None),
            (STRAND, ChannelKind::Strand, Some(REVIEW)),
            (PUBLIC, ChannelKind::Publication, None),
        ],
        entries: (0..5).map(|index| entry_row(STRAND, index, &[u8::try_from(index).unwrap(); 10])).collect(),
        bodies: vec![(STRAND, 1, Bytes::from_static(b"sealed"))],
        boxes: vec![(STRAND, 2, Bytes::from_static(b"boxed"))],
        wraps: [(0, 7), (1, 8), (2, 9)]
            .map(|(position, recipient)| (STRAND, wrap_row(2, position, recipient)))
            .to_vec(),
        ..NewRows::default()
    };
    put(pool, &rows).await;
    let mut tx = pool.begin().await.unwrap();
    let grow_to = Grow { channel: STRAND, from: 0, to: 5, last_log_time_ms: 1_004 };
    assert_eq!(grow(&mut tx, &grow_to).await, Ok(true));
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn every_statement_prepares() {
    on_both(async |pool: Pool| {
        let (statements, inserts) = statements();
        for statement in statements
            .into_iter()
            .chain(crate::store::invitations::statements())
            .chain(crate::store::audit::statements())
            .chain(crate::store::cosignatures::statements())
        {
            assert_eq!(pool.prepare(&statement).await, Ok(()), "{}", statement.name());
        }
        for insert in inserts {
            assert_eq!(pool.prepare(&insert.one()).await, Ok(()), "{}", insert.name());
        }
    })
    .await;
}

#[tokio::test]
async fn rows_come_back_as_they_went_in() {
    on_both(async |pool: Pool| {
        filled(&pool).await;
        let mut source = Source::Pool(&pool);
        let row = channel(&mut source, &STRAND).await.unwrap().unwrap();
        let expect = ChannelRow {
            id: STRAND,
            kind: ChannelKind::Strand,
            parent: Some(REVIEW),
            size: 5,
            last_log_time_ms: 1_004,
        };
        assert_eq!(row, expect);
        assert_eq!(channel(&mut source, &ChannelId::new([9; 16])).await, Ok(None));
        let ids: Vec<_> =
            channels_after(&mut source, &[], 9).await.unwrap().iter().map(|row| row.id).collect();
        assert_eq!(ids, [REVIEW, STRAND, PUBLIC]);
        let after = channels_after(&mut source, REVIEW.as_bytes(), 1).await.unwrap();
        assert_eq!(after.iter().map(|row| row.id).collect::<Vec<_>>(), [STRAND]);

        let page = entries(&mut source, &STRAND, (1, 4), 2).await.unwrap();
        assert_eq!(page, [entry_row(STRAND, 1, &[1; 10]), entry_row(STRAND, 2, &[2; 10])]);
        assert_eq!(entry(&mut source, &STRAND, 7).await, Ok(None));
        let leaves = leaves(&mut source, &STRAND, (3, 9), 9).await.unwrap();
        assert_eq!(leaves, [(3, Digest::of(&[3; 10]), 1_003), (4, Digest::of(&[4; 10]), 1_004)]);
        assert_eq!(entry_lengths(&mut source, &STRAND, (0, 3), 9).await, Ok(vec![10, 16, 10]));

        let full = full_entries(&mut source, &STRAND, (1, 3), 9).await.unwrap();
        let (bodies, boxes): (Vec<_>, Vec<_>) =
            full.into_iter().map(|entry| (entry.body, entry.previous_box)).unzip();
        assert_eq!(bodies, [Some(Bytes::from_static(b"sealed")), None]);
        assert_eq!(boxes, [None, Some(Bytes::from_static(b"boxed"))]);
    })
    .await;
}

#[tokio::test]
async fn a_reader_gets_its_own_wraps() {
    on_both(async |pool: Pool| {
        filled(&pool).await;
        let mut source = Source::Pool(&pool);
        let key = |n: u8| KeyId::new([n; 32]);
        let many: Vec<KeyId> = (8..30).map(key).collect();
        for (keys, range, expect) in [
            (&[key(7)][..], (0, 5), vec![7]),
            (&[key(7)], (3, 5), vec![]),
            (&[key(1), key(2)], (0, 5), vec![]),
            (&many, (0, 5), vec![8, 9]),
            (&[], (0, 5), vec![]),
        ] {
            let own = own_wraps(&mut source, &STRAND, keys, range).await.unwrap();
            let recipients: Vec<u8> = own.iter().map(|wrap| wrap.recipient.as_bytes()[0]).collect();
            assert_eq!(recipients, expect, "{keys:?}");
        }
        assert_eq!(wraps(&mut source, &STRAND, 2).await.unwrap().len(), 3);
        assert!(own_wraps(&mut source, &REVIEW, &[key(7)], (0, 5)).await.unwrap().is_empty());
    })
    .await;
}

#[tokio::test]
async fn a_channel_grows_from_the_size_it_has() {
    on_both(async |pool: Pool| {
        filled(&pool).await;
        for (from, to, expect) in [(4, 6, false), (5, 6, true), (5, 6, false), (6, 9, true)] {
            let mut tx = pool.begin().await.unwrap();
            lock(&mut tx, &[REVIEW, STRAND]).await.unwrap();
            let step = Grow { channel: STRAND, from, to, last_log_time_ms: 2_000 };
            assert_eq!(grow(&mut tx, &step).await, Ok(expect), "{from} to {to}");
            tx.commit().await.unwrap();
        }
    })
    .await;
}

#[tokio::test]
async fn one_index_and_one_act_id_are_used_once() {
    on_both(async |pool: Pool| {
        filled(&pool).await;
        let mut same_id = entry_row(STRAND, 5, b"other");
        same_id.act_id = entry_row(STRAND, 4, b"").act_id;
        for row in [entry_row(STRAND, 4, b"other"), same_id] {
            let mut tx = pool.begin().await.unwrap();
            let rows = NewRows { entries: vec![row], ..NewRows::default() };
            assert_eq!(
                insert(&mut tx, &rows).await,
                Err(DbError::Constraint { statement: "insert entries" })
            );
        }
    })
    .await;
}

#[tokio::test]
async fn a_withdrawal_ends_the_release_before_it_and_no_later_one() {
    on_both(async |pool: Pool| {
        filled(&pool).await;
        let post = entry_row(STRAND, 1, b"").act_id;
        let release = |index| ReleaseRow {
            publication: PUBLIC,
            index,
            channel: STRAND,
            act_id: post,
            audience: Audience::Public,
            state: "CL".parse().unwrap(),
            generation: 0,
            key_material: Bytes::from_static(&[1; 32]),
            rendition: Some(Bytes::from_static(b"in clear")),
            heading: None,
            files: Vec::new(),
        };
        // Opened, withdrawn and opened again within one group.
        let rows = NewRows {
            entries: (0..3).map(|index| entry_row(PUBLIC, index, b"statement")).collect(),
            releases: vec![release(0), release(2)],
            withdrawals: vec![(STRAND, post, Audience::Public, 1)],
            ..NewRows::default()
        };
        put(&pool, &rows).await;
        let mut source = Source::Pool(&pool);
        let ends: Vec<_> = releases(&mut source, &PUBLIC, 0, 9)
            .await
            .unwrap()
            .into_iter()
            .map(|release| (release.index, release.withdrawn_at))
            .collect();
        assert_eq!(ends, [(0, Some(1)), (2, None)]);
        let mut tx = pool.begin().await.unwrap();
        assert_eq!(withdraw(&mut tx, &STRAND, &post, Audience::AllParties, 3).await, Ok(0));
        assert_eq!(withdraw(&mut tx, &STRAND, &post, Audience::Public, 3).await, Ok(1));
        assert_eq!(withdraw(&mut tx, &STRAND, &post, Audience::Public, 4).await, Ok(0));
    })
    .await;
}

#[test]
fn rows_are_taken_back_to_a_mark() {
    let mut rows = NewRows { entries: vec![entry_row(STRAND, 0, b"")], ..NewRows::default() };
    let mark = rows.lengths();
    rows.entries.push(entry_row(STRAND, 1, b""));
    rows.bodies.push((STRAND, 1, Bytes::new()));
    rows.truncate(mark);
    assert_eq!((rows.entries.len(), rows.bodies.len()), (1, 0));
}
