//! One transaction for a group of appends.
//!
//! Requests are decided in order, each on the states that the former left. A refused request leaves the
//! states as they were before it, and adds no row. All rows then go in together, with one statement for each
//! table, handed over at once; only after the commit are the new states kept, watchers woken and revoked connections closed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use chancery_core::mechanism::Mechanism;

use super::draft::Draft;
use super::writer::{Landed, Request};
use crate::app::recent::Recent;
use crate::app::world::World;
use crate::app::{AppError, Clock};
use crate::feed::Feed;
use crate::gate::Connections;
use crate::store::db::{DbError, Pool};
use crate::store::log;

/// What a group of appends needs.
pub(in crate::app) struct Group {
    pub(in crate::app) pool: Pool,
    pub(in crate::app) world: Arc<World>,
    pub(in crate::app) mechanism: Arc<Mechanism>,
    pub(in crate::app) feed: Feed,
    pub(in crate::app) recent: Arc<Recent>,
    pub(in crate::app) connections: Connections,
    pub(in crate::app) clock: Clock,
    /// A commit has ended without an answer: what is kept may be older than the database.
    pub(in crate::app) uncertain: AtomicBool,
}

/// How a transaction ended without landing anything.
enum Failure {
    /// Another replica wrote to one of the channels first.
    Race,
    App(AppError),
}

impl From<AppError> for Failure {
    fn from(error: AppError) -> Self {
        match error {
            AppError::Db(DbError::Conflict { .. }) => Self::Race,
            error => Self::App(error),
        }
    }
}

impl From<DbError> for Failure {
    fn from(error: DbError) -> Self {
        AppError::from(error).into()
    }
}

impl Group {
    /// Lands what may land, and says of each request what became of it.
    pub(super) async fn land(&mut self, requests: &[Request]) -> Vec<Result<Landed, AppError>> {
        match self.attempts(requests).await {
            Ok(outcomes) => outcomes,
            // A constraint that refuses a row is our bug in one request; the others shall not suffer from it.
            Err(AppError::Db(DbError::Constraint { .. })) if requests.len() > 1 => {
                let mut outcomes = Vec::with_capacity(requests.len());
                for request in requests {
                    let alone = self.attempts(std::slice::from_ref(request)).await;
                    outcomes.push(alone.map_or_else(Err, |mut one| one.pop().unwrap_or(Err(LOST))));
                }
                outcomes
            }
            Err(error) => requests.iter().map(|_| Err(error.clone())).collect(),
        }
    }

    /// First without taking row locks, for on one replica nobody else writes; after a lost race with them.
    async fn attempts(&self, requests: &[Request]) -> Result<Vec<Result<Landed, AppError>>, AppError> {
        for attempt in 0..ATTEMPTS_MAX {
            match self.attempt(requests, attempt > 0).await {
                Ok(outcomes) => return Ok(outcomes),
                Err(Failure::Race) => tracing::debug!(attempt, "another replica was first"),
                Err(Failure::App(error)) => return Err(error),
            }
        }
        Err(DbError::Conflict { statement: "append" }.into())
    }

    async fn attempt(
        &self,
        requests: &[Request],
        locked: bool,
    ) -> Result<Vec<Result<Landed, AppError>>, Failure> {
        let mut tx = self.pool.begin().await?;
        let mut draft = Draft::load(self, &mut tx, requests, locked).await?;
        let mut outcomes = Vec::with_capacity(requests.len());
        for request in requests {
            outcomes.push(match draft.request(&mut tx, request).await {
                // What fails here is the database, not this request.
                Err(error @ (AppError::Db(_) | AppError::Blob(_))) => return Err(error.into()),
                outcome => outcome,
            });
        }
        if draft.rows.entries.is_empty() {
            tx.rollback().await?;
        } else {
            log::insert_channels(&mut tx, &draft.rows).await.map_err(|error| match error {
                // Another replica has just taken the id.
                DbError::Constraint { .. } => Failure::Race,
                error => error.into(),
            })?;
            if !log::append(&mut tx, &draft.grown(), &draft.rows).await? {
                return Err(Failure::Race);
            }
            tx.commit().await.inspect_err(|_| self.uncertain.store(true, Ordering::Relaxed))?;
        }
        let views = draft.install(self);
        Ok(requests
            .iter()
            .zip(outcomes)
            .map(|(request, outcome)| {
                let places = outcome?;
                let view = views.get(&request.channel).cloned().ok_or(LOST)?;
                Ok(Landed { view, places })
            })
            .collect())
    }
}

const LOST: AppError = AppError::Bug("an append without an outcome");
const ATTEMPTS_MAX: u32 = 5;
