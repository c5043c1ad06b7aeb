//! Invitations behave the same on both engines.

use super::*;
use crate::store::db::testing::on_both;

const INVITER: KeyId = KeyId::new([1; 32]);
const OTHER: KeyId = KeyId::new([2; 32]);

async fn made(pool: &Pool, lookup: u8, inviter: &KeyId, expires_ms: u64) {
    let mut tx = pool.begin().await.unwrap();
    create(&mut tx, &[lookup; 32], inviter, expires_ms).await.unwrap();
    tx.commit().await.unwrap();
}

async fn set(pool: &Pool, lookup: u8, state: State) {
    let mut tx = pool.begin().await.unwrap();
    set_state(&mut tx, &[lookup; 32], state).await.unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn an_invitation_goes_its_way() {
    on_both(async |pool: Pool| {
        let lookup = [7; 32];
        made(&pool, 7, &INVITER, 100).await;
        let row = read(&pool, &lookup).await.unwrap().unwrap();
        assert_eq!((row.state, row.handed_in), (State::Invited, None));
        let handed_in = HandedIn {
            tls_key: OTHER,
            request: Bytes::from_static(b"keys"),
            mac: Bytes::from_static(&[9; 32]),
        };
        let mut tx = pool.begin().await.unwrap();
        assert_eq!(redeem(&mut tx, &lookup, &handed_in).await, Ok(()));
        let again = redeem(&mut tx, &lookup, &handed_in).await;
        assert_eq!(again, Err(DbError::Conflict { statement: "redeem invitation" }));
        tx.commit().await.unwrap();
        set(&pool, 7, State::Admitted).await;
        let expect = InvitationRow {
            lookup,
            inviter: INVITER,
            expires_ms: 100,
            state: State::Admitted,
            handed_in: Some(handed_in),
            rejected: 0,
        };
        assert_eq!(read(&pool, &lookup).await, Ok(Some(expect)));
        assert_eq!(read(&pool, &[8; 32]).await, Ok(None));
    })
    .await;
}

#[tokio::test]
async fn a_rejected_answer_is_taken_out_once() {
    on_both(async |pool: Pool| {
        let lookup = [7; 32];
        made(&pool, 7, &INVITER, 100).await;
        let handed_in = HandedIn {
            tls_key: OTHER,
            request: Bytes::from_static(b"keys"),
            mac: Bytes::from_static(&[9; 32]),
        };
        let refused = Err(DbError::Conflict { statement: "reject answer" });
        let mut tx = pool.begin().await.unwrap();
        assert_eq!(reject(&mut tx, &lookup, 0, State::Invited).await, refused, "nobody has answered");
        for n in 0..2 {
            redeem(&mut tx, &lookup, &handed_in).await.unwrap();
            assert_eq!(reject(&mut tx, &lookup, n + 1, State::Invited).await, refused, "another answer");
            assert_eq!(reject(&mut tx, &lookup, n, State::Invited).await, Ok(()));
            assert_eq!(reject(&mut tx, &lookup, n, State::Invited).await, refused, "twice");
        }
        redeem(&mut tx, &lookup, &handed_in).await.unwrap();
        assert_eq!(reject(&mut tx, &lookup, 2, State::Void).await, Ok(()));
        assert_eq!(reject(&mut tx, &[8; 32], 0, State::Void).await, refused);
        tx.commit().await.unwrap();
        let row = read(&pool, &lookup).await.unwrap().unwrap();
        assert_eq!((row.state, row.rejected, row.handed_in), (State::Void, 3, None));
    })
    .await;
}

#[tokio::test]
async fn lists_and_counts_are_the_inviters_own() {
    on_both(async |pool: Pool| {
        for (n, inviter, expires_ms) in
            [(1, INVITER, 100), (2, OTHER, 100), (3, INVITER, 50), (4, INVITER, 100)]
        {
            made(&pool, n, &inviter, expires_ms).await;
        }
        set(&pool, 4, State::Void).await;
        let lookups = async |after: &[u8], limit| -> Vec<u8> {
            let rows = list(&pool, &INVITER, after, limit).await.unwrap();
            rows.iter().map(|row| row.lookup[0]).collect()
        };
        assert_eq!(lookups(&[], 9).await, [1, 3, 4]);
        assert_eq!(lookups(&[], 2).await, [1, 3]);
        assert_eq!(lookups(&[3; 32], 9).await, [4]);
        let mut tx = pool.begin().await.unwrap();
        for (now_ms, expect) in [(10, 2), (60, 1), (100, 0)] {
            assert_eq!(count_open(&mut tx, &INVITER, now_ms).await, Ok(expect));
        }
        for (now_ms, expect) in [(10, 3), (60, 2), (100, 0)] {
            assert_eq!(count_made(&mut tx, &INVITER, now_ms).await, Ok(expect), "closed ones too");
        }
    })
    .await;
}
