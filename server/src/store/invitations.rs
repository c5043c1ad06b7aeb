//! Invitations and what newcomers handed in under them.

use bytes::Bytes;
use chancery_core::id::KeyId;

use super::db::{DbError, Pool, Row, Statement, Tx};

const BY_LOOKUP: Statement = Statement::new(
    "invitation by lookup",
    "SELECT lookup, inviter, expires_ms, state, tls_key, request, mac, rejected FROM invitation WHERE lookup = $1",
);
const COUNT_OPEN: Statement = Statement::new(
    "count open invitations",
    "SELECT count(*) FROM invitation WHERE inviter = $1 AND (state = 'redeemed' OR (state = 'invited' AND expires_ms > $2))",
);
const COUNT_MADE: Statement = Statement::new(
    "count made invitations",
    "SELECT count(*) FROM invitation WHERE inviter = $1 AND expires_ms > $2",
);
const CREATE: Statement = Statement::new(
    "create invitation",
    "INSERT INTO invitation (lookup, inviter, expires_ms, state) VALUES ($1, $2, $3, 'invited')",
);
const LIST: Statement = Statement::new(
    "list invitations",
    "SELECT lookup, inviter, expires_ms, state, tls_key, request, mac, rejected FROM invitation \
     WHERE inviter = $1 AND lookup > $2 ORDER BY lookup LIMIT $3",
);
const REDEEM: Statement = Statement::new(
    "redeem invitation",
    "UPDATE invitation SET state = 'redeemed', tls_key = $2, request = $3, mac = $4 \
     WHERE lookup = $1 AND state = 'invited'",
);
const REJECT: Statement = Statement::new(
    "reject answer",
    "UPDATE invitation SET state = $3, rejected = $2 + 1, tls_key = NULL, request = NULL, mac = NULL \
     WHERE lookup = $1 AND state = 'redeemed' AND rejected = $2",
);
const SET_STATE: Statement =
    Statement::new("set state of invitation", "UPDATE invitation SET state = $2 WHERE lookup = $1");

/// Every statement here, for the test that prepares them.
#[must_use]
pub fn statements() -> Vec<Statement> {
    vec![BY_LOOKUP, COUNT_MADE, COUNT_OPEN, CREATE, LIST, REDEEM, REJECT, SET_STATE]
}

/// An invitation's state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Nobody has redeemed it.
    Invited,
    /// Redeemed; the inviter has not decided.
    Redeemed,
    /// The newcomer is admitted.
    Admitted,
    /// Closed.
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

    fn parse(text: &str) -> Option<Self> {
        [Self::Invited, Self::Redeemed, Self::Admitted, Self::Void]
            .into_iter()
            .find(|state| state.as_str() == text)
    }
}

/// An invitation's row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvitationRow {
    /// Lookup value.
    pub lookup: [u8; 32],
    /// TLS key of the inviter.
    pub inviter: KeyId,
    /// The end of its life.
    pub expires_ms: u64,
    /// Its state.
    pub state: State,
    /// What the newcomer handed in.
    pub handed_in: Option<HandedIn>,
    /// Answers rejected so far.
    pub rejected: u32,
}

/// What a newcomer handed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandedIn {
    /// The newcomer's TLS key.
    pub tls_key: KeyId,
    /// Public keys.
    pub request: Bytes,
    /// Their MAC.
    pub mac: Bytes,
}

/// An invitation, in a transaction that may change it.
pub async fn by_lookup(tx: &mut Tx, lookup: &[u8; 32]) -> Result<Option<InvitationRow>, DbError> {
    tx.row(&BY_LOOKUP, &[lookup.into()]).await?.as_ref().map(parse).transpose()
}

/// An invitation as it stands.
pub async fn read(pool: &Pool, lookup: &[u8; 32]) -> Result<Option<InvitationRow>, DbError> {
    pool.row(&BY_LOOKUP, &[lookup.into()]).await?.as_ref().map(parse).transpose()
}

/// How many invitations of an inviter wait for anyone.
pub async fn count_open(tx: &mut Tx, inviter: &KeyId, now_ms: u64) -> Result<u64, DbError> {
    let row = tx.row(&COUNT_OPEN, &[inviter.as_bytes().into(), i64_of(now_ms).into()]).await?;
    row.map_or(Ok(0), |row| row.u64(0))
}

/// How many invitations of an inviter, open or closed, have not outlived their time.
pub async fn count_made(tx: &mut Tx, inviter: &KeyId, now_ms: u64) -> Result<u64, DbError> {
    let row = tx.row(&COUNT_MADE, &[inviter.as_bytes().into(), i64_of(now_ms).into()]).await?;
    row.map_or(Ok(0), |row| row.u64(0))
}

/// Puts an invitation in.
pub async fn create(tx: &mut Tx, lookup: &[u8; 32], inviter: &KeyId, expires_ms: u64) -> Result<(), DbError> {
    let values = [lookup.into(), inviter.as_bytes().into(), i64_of(expires_ms).into()];
    one(&CREATE, tx.execute(&CREATE, &values).await?)
}

/// An inviter's invitations by lookup value, after `after`.
pub async fn list(
    pool: &Pool,
    inviter: &KeyId,
    after: &[u8],
    limit: u32,
) -> Result<Vec<InvitationRow>, DbError> {
    let rows = pool.rows(&LIST, &[inviter.as_bytes().into(), after.into(), limit.into()]).await?;
    rows.iter().map(parse).collect()
}

/// Keeps what a newcomer handed in under an open invitation.
pub async fn redeem(tx: &mut Tx, lookup: &[u8; 32], handed_in: &HandedIn) -> Result<(), DbError> {
    let values = [
        lookup.into(),
        handed_in.tls_key.as_bytes().into(),
        handed_in.request[..].into(),
        handed_in.mac[..].into(),
    ];
    one(&REDEEM, tx.execute(&REDEEM, &values).await?)
}

/// Takes out what was handed in under an invitation of which `rejected` answers were rejected before.
pub async fn reject(tx: &mut Tx, lookup: &[u8; 32], rejected: u32, next: State) -> Result<(), DbError> {
    one(&REJECT, tx.execute(&REJECT, &[lookup.into(), rejected.into(), next.as_str().into()]).await?)
}

/// Sets an invitation's state.
pub async fn set_state(tx: &mut Tx, lookup: &[u8; 32], state: State) -> Result<(), DbError> {
    let changed = tx.execute(&SET_STATE, &[lookup.into(), state.as_str().into()]).await?;
    one(&SET_STATE, changed)
}

/// A statement that must touch one row did; otherwise another replica was first.
fn one(statement: &Statement, rows: u64) -> Result<(), DbError> {
    if rows == 1 { Ok(()) } else { Err(DbError::Conflict { statement: statement.name() }) }
}

fn parse(row: &Row) -> Result<InvitationRow, DbError> {
    let lookup = row.blob(0)?.try_into().map_err(|_| DbError::Column { column: 0, expected: "32 bytes" })?;
    let state = State::parse(row.text(3)?)
        .ok_or(DbError::Column { column: 3, expected: "a state of an invitation" })?;
    let handed_in = match row.optional_blob(4)? {
        None => None,
        Some(_) => Some(HandedIn {
            tls_key: row.id(4)?,
            request: Bytes::copy_from_slice(row.blob(5)?),
            mac: Bytes::copy_from_slice(row.blob(6)?),
        }),
    };
    let rejected =
        u32::try_from(row.u64(7)?).map_err(|_| DbError::Column { column: 7, expected: "a small number" })?;
    Ok(InvitationRow { lookup, inviter: row.id(1)?, expires_ms: row.u64(2)?, state, handed_in, rejected })
}

fn i64_of(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;
