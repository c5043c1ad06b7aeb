//! Invitations: open doors for newcomers, and what they handed in.

use bytes::Bytes;
use chancery_core::id::KeyId;

use super::db::{DbError, Row, Statement, Tx, Value};
use super::db::{Pool, Source};

const INSERT: Statement = Statement::new(
    "insert invitation",
    "INSERT INTO invitation (lookup, inviter, expires_ms, state) VALUES ($1, $2, $3, 'invited') \
     ON CONFLICT DO NOTHING",
);
const COUNT_OPEN: Statement = Statement::new(
    "count open invitations",
    "SELECT count(*) FROM invitation \
     WHERE inviter = $1 AND (state = 'redeemed' OR (state = 'invited' AND expires_ms > $2))",
);
const READ: Statement = Statement::new(
    "read invitation",
    "SELECT lookup, inviter, expires_ms, state, tls_key, request, mac FROM invitation WHERE lookup = $1",
);
const LIST: Statement = Statement::new(
    "list invitations",
    "SELECT lookup, inviter, expires_ms, state, tls_key, request, mac FROM invitation \
     WHERE inviter = $1 AND lookup > $2 ORDER BY lookup LIMIT $3",
);
const REDEEM: Statement = Statement::new(
    "redeem invitation",
    "UPDATE invitation SET state = 'redeemed', tls_key = $2, request = $3, mac = $4 \
     WHERE lookup = $1 AND state = 'invited' AND expires_ms > $5",
);
const CLOSE: Statement = Statement::new(
    "close invitation",
    "UPDATE invitation SET state = $3 WHERE lookup = $1 AND inviter = $2 AND state IN ('invited', 'redeemed')",
);

/// Every statement here, for the test that prepares them.
pub const STATEMENTS: [Statement; 6] = [INSERT, COUNT_OPEN, READ, LIST, REDEEM, CLOSE];

/// How an invitation stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Waiting for the newcomer.
    Invited,
    /// Waiting for the inviter.
    Redeemed,
    /// The newcomer is in the directory.
    Admitted,
    /// Closed without.
    Void,
}

impl State {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Invited => "invited",
            Self::Redeemed => "redeemed",
            Self::Admitted => "admitted",
            Self::Void => "void",
        }
    }
}

/// What a newcomer handed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redemption {
    /// The newcomer's TLS key.
    pub tls_key: KeyId,
    /// Public keys, opaque to the server.
    pub request: Bytes,
    /// Their MAC, which only the inviter can check.
    pub mac: Bytes,
}

/// An invitation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invitation {
    /// Derived from the secret.
    pub lookup: [u8; 32],
    /// The inviter's TLS key.
    pub inviter: KeyId,
    /// End of its life.
    pub expires_ms: u64,
    /// How it stands.
    pub state: State,
    /// What was handed in, once it was.
    pub redemption: Option<Redemption>,
}

/// Opens an invitation; false if the lookup value is taken.
pub async fn insert(
    tx: &mut Tx,
    lookup: &[u8; 32],
    inviter: &KeyId,
    expires_ms: u64,
) -> Result<bool, DbError> {
    let values = [lookup.into(), inviter.as_bytes().into(), time(expires_ms)];
    Ok(tx.execute(&INSERT, &values).await? == 1)
}

/// Invitations of one inviter that still hold a place.
pub async fn count_open(tx: &mut Tx, inviter: &KeyId, now_ms: u64) -> Result<u64, DbError> {
    let row = tx.row(&COUNT_OPEN, &[inviter.as_bytes().into(), time(now_ms)]).await?;
    row.map_or(Ok(0), |row| row.u64(0))
}

/// One invitation.
pub async fn read(source: &mut Source<'_>, lookup: &[u8; 32]) -> Result<Option<Invitation>, DbError> {
    source.row(&READ, &[lookup.into()]).await?.as_ref().map(invitation).transpose()
}

/// A page of one inviter's invitations, by lookup value.
pub async fn list(
    pool: &Pool,
    inviter: &KeyId,
    after: &[u8],
    page_size: u32,
) -> Result<Vec<Invitation>, DbError> {
    let values = [inviter.as_bytes().into(), after.into(), page_size.into()];
    pool.rows(&LIST, &values).await?.iter().map(invitation).collect()
}

/// Hands in what a newcomer brings; false if the invitation was not open at `now_ms`.
pub async fn redeem(
    tx: &mut Tx,
    lookup: &[u8; 32],
    redemption: &Redemption,
    now_ms: u64,
) -> Result<bool, DbError> {
    let values = [
        lookup.into(),
        redemption.tls_key.as_bytes().into(),
        redemption.request[..].into(),
        redemption.mac[..].into(),
        time(now_ms),
    ];
    Ok(tx.execute(&REDEEM, &values).await? == 1)
}

/// Closes an invitation; false if it is not the inviter's, or closed already.
pub async fn close(tx: &mut Tx, lookup: &[u8; 32], inviter: &KeyId, state: State) -> Result<bool, DbError> {
    let values = [lookup.into(), inviter.as_bytes().into(), state.as_str().into()];
    Ok(tx.execute(&CLOSE, &values).await? == 1)
}

fn invitation(row: &Row) -> Result<Invitation, DbError> {
    let array = |column| -> Result<[u8; 32], DbError> {
        row.blob(column)?.try_into().map_err(|_| DbError::Column { column, expected: "32 bytes" })
    };
    let redemption = match (row.optional_blob(4)?, row.optional_blob(5)?, row.optional_blob(6)?) {
        (Some(_), Some(request), Some(mac)) => Some(Redemption {
            tls_key: row.id(4)?,
            request: Bytes::copy_from_slice(request),
            mac: Bytes::copy_from_slice(mac),
        }),
        _ => None,
    };
    Ok(Invitation {
        lookup: array(0)?,
        inviter: row.id(1)?,
        expires_ms: row.u64(2)?,
        state: match row.text(3)? {
            "invited" => State::Invited,
            "redeemed" => State::Redeemed,
            "admitted" => State::Admitted,
            "void" => State::Void,
            _ => return Err(DbError::Column { column: 3, expected: "a state of an invitation" }),
        },
        redemption,
    })
}

fn time(ms: u64) -> Value<'static> {
    Value::I64(i64::try_from(ms).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::db::testing::on_both;

    const LOOKUP: [u8; 32] = [1; 32];
    const INVITER: KeyId = KeyId::new([2; 32]);
    const NOW: u64 = 1_000;

    fn redemption(tls: u8) -> Redemption {
        Redemption {
            tls_key: KeyId::new([tls; 32]),
            request: Bytes::from_static(b"keys"),
            mac: Bytes::from_static(&[7; 32]),
        }
    }

    #[tokio::test]
    async fn every_statement_is_accepted_by_both_engines() {
        on_both(async |pool: Pool| {
            for statement in &STATEMENTS {
                pool.prepare(statement).await.unwrap();
            }
        })
        .await;
    }

    #[tokio::test]
    async fn an_invitation_is_redeemed_once_and_closed_by_its_inviter() {
        on_both(async |pool: Pool| {
            let mut tx = pool.begin().await.unwrap();
            assert!(insert(&mut tx, &LOOKUP, &INVITER, NOW + 10).await.unwrap());
            assert!(!insert(&mut tx, &LOOKUP, &INVITER, NOW + 20).await.unwrap(), "the value is taken");
            assert_eq!(count_open(&mut tx, &INVITER, NOW).await.unwrap(), 1);
            assert_eq!(count_open(&mut tx, &INVITER, NOW + 10).await.unwrap(), 0, "its time is over");
            assert!(!redeem(&mut tx, &LOOKUP, &redemption(3), NOW + 10).await.unwrap(), "too late");
            assert!(redeem(&mut tx, &LOOKUP, &redemption(3), NOW).await.unwrap());
            assert!(!redeem(&mut tx, &LOOKUP, &redemption(4), NOW).await.unwrap(), "used");
            assert!(!close(&mut tx, &LOOKUP, &KeyId::new([9; 32]), State::Void).await.unwrap());
            assert!(close(&mut tx, &LOOKUP, &INVITER, State::Admitted).await.unwrap());
            assert!(!close(&mut tx, &LOOKUP, &INVITER, State::Void).await.unwrap(), "closed for good");
            tx.commit().await.unwrap();

            let found = read(&mut Source::Pool(&pool), &LOOKUP).await.unwrap().unwrap();
            assert_eq!((found.state, found.redemption), (State::Admitted, Some(redemption(3))));
            assert_eq!(list(&pool, &INVITER, &[], 10).await.unwrap().len(), 1);
            assert!(list(&pool, &INVITER, &LOOKUP, 10).await.unwrap().is_empty());
            assert!(list(&pool, &KeyId::new([9; 32]), &[], 10).await.unwrap().is_empty());
            assert_eq!(read(&mut Source::Pool(&pool), &[8; 32]).await.unwrap(), None);
        })
        .await;
    }
}
