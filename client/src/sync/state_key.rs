//! The State's key, as this home holds it, and its next one where it owes one.

use chancery_core::act::{Handed, KeySuccession, ReplaceStateKey, Role, StateStatement, Statement};
use chancery_core::error::Reason;
use chancery_core::id::{KeyId, StateCode};
use chancery_core::state::{DirectoryAt, StateKey};
use chancery_seal::kem::KemKeyPair;
use chancery_seal::sign::SigningKey;
use chancery_seal::wrap::commit;

use super::{Session, SessionError};
use crate::compose::{Composed, RecipientKey, Signer, wrap_to};
use crate::keyring::{StateKeyRing, state_key_info};

/// A State's next key was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Replaced {
    /// The State.
    pub state: StateCode,
    /// The generation.
    pub generation: u64,
    /// To how many focal points it was handed.
    pub recipients: usize,
}

impl Session {
    /// The newest key of the person's State, which signs memberships, clearances and grants.
    ///
    /// # Errors
    /// [`Reason::FocalPointRequired`] for who is no focal point; [`SessionError::NoStateKey`] if this home does
    /// not hold it.
    pub fn state_key(&self) -> Result<&SigningKey, SessionError> {
        let (state, newest) = self.newest_state_key()?;
        self.state_keys.get(newest.generation).ok_or(SessionError::NoStateKey(state))
    }

    /// The keys of the person's State that this home holds.
    #[must_use]
    pub const fn state_keys(&self) -> &StateKeyRing {
        &self.state_keys
    }

    /// The State of which the person is a focal point, with its newest key.
    ///
    /// # Errors
    /// [`Reason::FocalPointRequired`]; [`SessionError::NoStateKey`] if the State has none.
    pub fn newest_state_key(&self) -> Result<(StateCode, &StateKey), SessionError> {
        let now = self.now();
        let me = now.person(&self.person()?.identity.user).filter(|me| me.role == Role::FocalPoint);
        let state = me.and_then(|me| me.state).ok_or(Reason::FocalPointRequired)?;
        Ok((state, now.state_key(&state).ok_or(SessionError::NoStateKey(state))?))
    }

    /// Signs what the person's State says.
    ///
    /// # Errors
    /// As [`Session::state_key`].
    pub fn state_word(
        &self,
        says: &StateStatement,
    ) -> Result<chancery_core::act::SignedStatement, SessionError> {
        Ok(Signer { key: self.state_key()?, root: self.root() }.statement(says)?)
    }

    /// Makes the next key of the person's State, if the current one is known to someone who should not know it.
    /// Where another focal point is faster, theirs counts.
    ///
    /// # Errors
    /// [`SessionError`].
    pub async fn renew_state_key(&mut self) -> Result<Option<Replaced>, SessionError> {
        self.make_state_key(|now, state, _| now.state_key_is_current(&state)).await
    }

    /// Makes the next key of the person's State in place of the one of this generation. Where another focal point
    /// is faster, theirs counts.
    ///
    /// # Errors
    /// [`SessionError`].
    pub async fn replace_state_key(&mut self, generation: u64) -> Result<Option<Replaced>, SessionError> {
        self.make_state_key(|_, _, newest| newest > generation).await
    }

    async fn make_state_key(
        &mut self,
        is_done: impl Fn(DirectoryAt<'_>, StateCode, u64) -> bool,
    ) -> Result<Option<Replaced>, SessionError> {
        self.sync_directory().await?;
        let mut attempts = ATTEMPTS;
        loop {
            let (state, newest) = self.newest_state_key()?;
            if is_done(self.now(), state, newest.generation) {
                return Ok(None);
            }
            let (composed, replaced) = self.next_state_key()?;
            attempts -= 1;
            match self.append(self.directory().id(), vec![composed.into()]).await {
                Ok(_) => return Ok(Some(replaced)),
                Err(error) if attempts > 0 && error.reason().is_some_and(lost_race) => {
                    self.sync_directory().await?;
                }
                Err(error) => return Err(error),
            }
        }
    }

    fn next_state_key(&self) -> Result<(Composed, Replaced), SessionError> {
        let (state, newest) = self.newest_state_key()?;
        let recipients = self.state_key_recipients(state)?;
        let (count, generation) = (recipients.len(), newest.generation + 1);
        let next = SigningKey::make()?;
        let key = next.public();
        let word = StateStatement::KeySuccession(KeySuccession { state, key, generation });
        let succession = self.state_word(&word)?;
        let info = state_key_info(self.root(), state, generation);
        let seed = next.seed().as_bytes();
        let (recipients, wraps) = wrap_to(&info, seed, recipients)?;
        let handed = Handed { commitment: commit(&info, seed), recipients };
        let act = ReplaceStateKey { state, key, generation, succession, handed };
        let act = self.sign(self.directory().id(), Statement::ReplaceStateKey(act))?;
        let composed = Composed { act, body: None, wraps, previous_box: None };
        Ok((composed, Replaced { state, generation, recipients: count }))
    }

    /// The State's focal points, of whom the person must be one with a key that is fit for it: who makes the next
    /// key must get it.
    fn state_key_recipients(&self, state: StateCode) -> Result<Vec<RecipientKey>, SessionError> {
        let now = self.now();
        let me = now.person(&self.person()?.identity.user).and_then(|me| me.kem_id());
        me.ok_or(Reason::NoCurrentKey)?;
        let key = |id: &_| {
            let key = now.by_kem(id).and_then(|person| person.key());
            key.map(|key| RecipientKey { id: key.kem_id, public: key.kem.clone() })
        };
        Ok(now.state_key_recipients(state).iter().filter_map(key).collect())
    }

    /// The person's own key of this id, whichever generation it is.
    pub(crate) fn own_pair(&self, id: &KeyId) -> Option<&KemKeyPair> {
        self.own_keys.pair(id)
    }

    pub(crate) fn open_state_keys(&mut self) {
        let Ok(person) = self.home.person() else { return };
        let now = self.now();
        let state = now.person(&person.identity.user).and_then(|me| me.state);
        let Some((state, record)) = state.and_then(|state| Some((state, now.state(&state)?))) else { return };
        let (ring, alerts) = StateKeyRing::open(
            &self.root,
            (state, &record.keys),
            &self.directory.entries,
            person.state_key.as_ref(),
            |id| self.own_pair(id),
        );
        self.state_keys = ring;
        self.team_alerts.extend(alerts);
    }
}

/// Does what needs the State's word. Where its key owes a successor, that is made first, and it is done once more.
///
/// # Errors
/// As `work`, and as [`Session::renew_state_key`].
pub async fn with_current_state_key<T>(
    session: &mut Session,
    mut work: impl AsyncFnMut(&mut Session) -> Result<T, SessionError>,
) -> Result<T, SessionError> {
    match work(session).await {
        Err(error) if error.reason() == Some(Reason::StaleStateKey) => {
            session.renew_state_key().await?;
            work(session).await
        }
        done => done,
    }
}

/// Another focal point was faster, or the directory has changed.
pub(crate) fn lost_race(reason: Reason) -> bool {
    matches!(
        reason,
        Reason::WrongGeneration | Reason::WrongRecipients | Reason::BadSeen | Reason::BadStatement
    )
}

const ATTEMPTS: u32 = 4;
