//! The State's key is kept in order by its focal points: replaced when one who knew it is gone, handed to those
//! who came. Doing it twice does nothing more.

use chancery_core::act::{Handed, ShareStateKey, Statement};
use chancery_core::error::Reason;
use chancery_core::id::{StateCode, UserId};
use chancery_seal::wrap::commit;

use crate::compose::{RecipientKey, wrap_to};
use crate::keyring::state_key_info;
use crate::sync::{Replaced, Session, SessionError, lost_race};

/// One thing that was done for the State's key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StateKeyKept {
    /// The State's next key was made.
    Replaced {
        /// The State.
        state: StateCode,
        /// The generation.
        generation: u64,
        /// To how many focal points it was handed.
        recipients: usize,
    },
    /// The current key was handed to a focal point.
    Shared {
        /// The State.
        state: StateCode,
        /// The generation.
        generation: u64,
        /// The focal point.
        user: UserId,
    },
}

impl From<Replaced> for StateKeyKept {
    fn from(made: Replaced) -> Self {
        Self::Replaced { state: made.state, generation: made.generation, recipients: made.recipients }
    }
}

/// Brings the key of the person's State into order, if this home holds it. The focal point who enrolled with it
/// hands it to themselves too, so that their other devices and their recovery sheet open it.
///
/// # Errors
/// [`SessionError`]; what was done before it stays done.
pub async fn keep_state_key(session: &mut Session) -> Result<Vec<StateKeyKept>, SessionError> {
    session.sync_directory().await?;
    let mut done = Vec::new();
    // Another focal point will, or nobody can.
    if session.state_key().is_err() {
        return Ok(done);
    }
    match session.renew_state_key().await {
        Ok(None) => {}
        Ok(Some(made)) => done.push(made.into()),
        // The person's own key comes first; then there is somebody to hand the State's to.
        Err(error) if error.reason() == Some(Reason::NoCurrentKey) => return Ok(done),
        Err(error) => return Err(error),
    }
    for user in without_it(session)? {
        match share(session, user).await {
            Ok(kept) => done.push(kept),
            Err(error) if error.reason().is_some_and(lost_race) => session.sync_directory().await?,
            Err(error) => return Err(error),
        }
    }
    Ok(done)
}

/// The State's focal points to whom its current key is not handed yet.
fn without_it(session: &Session) -> Result<Vec<UserId>, SessionError> {
    let (state, newest) = session.newest_state_key()?;
    let me = session.person()?.identity.user;
    let now = session.now();
    let lacks = |person: &chancery_core::state::Person<'_>| {
        let only_here = person.user == me && !session.state_keys().is_handed(newest.generation);
        person.kem_id().is_some() && (only_here || !now.holds_state_key(person))
    };
    Ok(now.focal_points(state).filter(lacks).map(|person| person.user).collect())
}

async fn share(session: &mut Session, user: UserId) -> Result<StateKeyKept, SessionError> {
    let (state, newest) = session.newest_state_key()?;
    let generation = newest.generation;
    let seed = session.state_key()?.seed().as_bytes();
    let now = session.now();
    let key = now.person(&user).and_then(|person| person.key()).ok_or(Reason::NoCurrentKey)?;
    let info = state_key_info(session.root(), state, generation);
    let recipient = RecipientKey { id: key.kem_id, public: key.kem.clone() };
    let (recipients, wraps) = wrap_to(&info, seed, vec![recipient])?;
    let handed = Handed { commitment: commit(&info, seed), recipients };
    let statement = Statement::ShareStateKey(ShareStateKey { state, generation, handed });
    session.state_in_directory(statement, wraps).await?;
    Ok(StateKeyKept::Shared { state, generation, user })
}
