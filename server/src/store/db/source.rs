//! Where a read goes: to the pool, or into an open transaction.

use super::{DbError, Pool, Row, Statement, Tx, Value};

/// Where a read goes.
pub enum Source<'a> {
    /// Any connection: the read sees what is committed.
    Pool(&'a Pool),
    /// This transaction: the read sees what it has written too.
    Tx(&'a mut Tx),
}

impl Source<'_> {
    /// Reads one row, if there is one.
    pub async fn row(&mut self, statement: &Statement, values: &[Value<'_>]) -> Result<Option<Row>, DbError> {
        match self {
            Self::Pool(pool) => pool.row(statement, values).await,
            Self::Tx(tx) => tx.row(statement, values).await,
        }
    }

    /// Reads rows. The statement must have a `LIMIT`, or be bounded by a key.
    pub async fn rows(&mut self, statement: &Statement, values: &[Value<'_>]) -> Result<Vec<Row>, DbError> {
        match self {
            Self::Pool(pool) => pool.rows(statement, values).await,
            Self::Tx(tx) => tx.rows(statement, values).await,
        }
    }
}
