//! A State whose key is lost gets another focal point and another key: the custodians announce it, everyone
//! concerned sees it for 72 hours, the State may object, and then the custodians complete it.

use chancery_core::act::{
    AnnounceReplacement, CompleteReplacement, ObjectToReplacement, Objection, Role, StateStatement, Statement,
};
use chancery_core::error::Reason;
use chancery_core::id::{StateCode, UserId};
use chancery_core::limits::REPLACEMENT_DELAY_MS;
use chancery_core::state::{DirectoryAt, Replacement};

use super::admit::{Answered, Candidate, Standing, close_invitations_of};
use super::root_state::{Stated, Way, state as state_as_root};
use crate::sync::{Session, SessionError};

/// A replacement that was announced and is not done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pending {
    /// The State whose focal points and key are to be replaced.
    pub state: StateCode,
    /// The next focal point.
    pub user: UserId,
    /// The earliest log time, milliseconds of UTC, at which it is completed.
    pub due_ms: u64,
    /// Whether the State has objected.
    pub objected: bool,
}

/// A replacement was not announced, completed or objected to.
#[derive(Debug, thiserror::Error)]
pub enum ReplacementError {
    /// The session.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// 72 hours have not passed.
    #[error("the replacement of {} cannot be completed yet", .0.state)]
    TooSoon(Pending),
    /// The State has objected, and the second custodian has not signed.
    #[error("{} has objected to the replacement", .pending.state)]
    Objected {
        /// What was announced.
        pending: Pending,
        /// Whether the deployment has a second custodian.
        second: bool,
    },
    /// Nothing was announced for the State.
    #[error("no replacement is announced for {0}")]
    Nothing(StateCode),
    /// Nobody who was invited for it has answered.
    #[error("this is no answer to an invitation that was opened with --replace")]
    NoAnswer,
}

impl From<Reason> for ReplacementError {
    fn from(reason: Reason) -> Self {
        Self::Session(reason.into())
    }
}

/// Every replacement that is announced.
#[must_use]
pub fn pending(session: &Session) -> Vec<Pending> {
    let now = session.now();
    now.states().filter_map(|(state, _)| pending_of(&now, state)).collect()
}

/// Those that concern the person: of the own State; of a State with which the person shares a channel; all of
/// them for the secretariat.
#[must_use]
pub fn concerning(session: &Session) -> Vec<Pending> {
    let mut all = pending(session);
    let now = session.now();
    let me = session.person().ok().and_then(|own| now.person(&own.identity.user));
    let shares = |state: StateCode| {
        let mut rosters = session.channels().filter_map(|copy| session.roster(copy.id()));
        rosters.any(|roster| roster.side(state).is_some())
    };
    all.retain(|one| {
        me.is_none_or(|me| me.role == Role::Officer || me.state == Some(one.state)) || shares(one.state)
    });
    all
}

/// Announces that the newcomer who has answered takes the place of the State's focal points, with the key made in
/// their home.
///
/// # Errors
/// [`ReplacementError`]; custodians alone.
pub async fn announce(
    session: &mut Session,
    candidate: Candidate,
    way: Way,
) -> Result<Stated<Pending>, ReplacementError> {
    session.home.root_key().map_err(SessionError::from)?;
    let (Standing::Ready(newcomer), Some(state), true) =
        (candidate.standing, candidate.terms.state, candidate.terms.replaces)
    else {
        return Err(ReplacementError::NoAnswer);
    };
    let request = &newcomer.request;
    let Answered::Person(keys) = &newcomer.keys else { return Err(ReplacementError::NoAnswer) };
    let act = AnnounceReplacement {
        state,
        keys: keys.clone(),
        keys_bytes: request.keys.clone(),
        possession: request.possession,
        key: request.state_key.ok_or(ReplacementError::NoAnswer)?,
    };
    session.sync_directory().await?;
    match state_as_root(session, vec![Statement::AnnounceReplacement(act)], way).await? {
        Stated::Filed(acts) => Ok(Stated::Filed(acts)),
        Stated::Sent(()) => {
            let pending = pending_of(&session.now(), state).ok_or(ReplacementError::Nothing(state))?;
            Ok(Stated::Sent(pending))
        }
    }
}

/// Completes what was announced, 72 hours later.
///
/// # Errors
/// [`ReplacementError`]; custodians alone.
pub async fn complete(
    session: &mut Session,
    state: StateCode,
    way: Way,
) -> Result<Stated<Pending>, ReplacementError> {
    session.home.root_key().map_err(SessionError::from)?;
    session.sync_directory().await?;
    let (announced, act) = {
        let now = session.now();
        let announced = pending_of(&now, state).ok_or(ReplacementError::Nothing(state))?;
        let pending = now.replacement(&state).ok_or(ReplacementError::Nothing(state))?;
        let generation = now.state_key(&state).map_or(0, |key| key.generation + 1);
        (announced, CompleteReplacement { announcement: pending.act, state, key: pending.key, generation })
    };
    let stated = state_as_root(session, vec![Statement::CompleteReplacement(act)], way).await;
    let stated = stated.map_err(|error| match error.reason() {
        Some(Reason::TooSoon) => ReplacementError::TooSoon(announced),
        Some(Reason::SecondCustodianRequired) if announced.objected => {
            let founded = session.directory().state.foundation.as_ref();
            let second = founded.is_some_and(|founded| founded.second.is_some());
            ReplacementError::Objected { pending: announced, second }
        }
        _ => error.into(),
    })?;
    if matches!(stated, Stated::Sent(())) {
        close_invitations_of(session, &[announced.user]).await?;
    }
    Ok(stated.map(|()| announced))
}

/// The State objects: then the completion needs the second custodian too.
///
/// # Errors
/// [`ReplacementError`]; the State's focal points alone.
pub async fn object(session: &mut Session) -> Result<Pending, ReplacementError> {
    session.sync_directory().await?;
    let (state, _) = session.newest_state_key()?;
    let announcement = {
        let now = session.now();
        now.replacement(&state).ok_or(ReplacementError::Nothing(state))?.act
    };
    let objection = session.state_word(&StateStatement::Objection(Objection { state, announcement }))?;
    let statement = Statement::ObjectToReplacement(ObjectToReplacement { announcement, objection });
    session.state_in_directory(statement, Vec::new()).await?;
    pending_of(&session.now(), state).ok_or(ReplacementError::Nothing(state))
}

fn pending_of(now: &DirectoryAt<'_>, state: StateCode) -> Option<Pending> {
    now.replacement(&state).map(|pending: &Replacement| Pending {
        state,
        user: pending.keys.user,
        due_ms: pending.announced_ms.saturating_add(REPLACEMENT_DELAY_MS),
        objected: pending.objected.is_some(),
    })
}
