//! What a deployment is, as the directory shows it.

use chancery_core::act::{Role, SecondCustodian, Standing};
use chancery_core::id::{Digest, InstrumentCode, KeyId, StateCode};

use crate::sync::{Session, SessionError};

/// A deployment.
#[derive(Debug, Clone)]
pub struct Deployment {
    /// Fingerprint of the root.
    pub root: KeyId,
    /// The server's address.
    pub address: String,
    /// The server's TLS key.
    pub server_tls_key: KeyId,
    /// The key that signs checkpoints.
    pub log_key: [u8; 32],
    /// The second custodian, if there is one.
    pub second: Option<SecondCustodian>,
    /// The mechanism file.
    pub mechanism: Digest,
    /// Entries of the directory.
    pub entries: u64,
    /// The roster.
    pub states: Vec<State>,
    /// Officers of the secretariat.
    pub officers: usize,
}

/// A State of the roster.
#[derive(Debug, Clone)]
pub struct State {
    /// The State.
    pub state: StateCode,
    /// Its standings.
    pub standings: Vec<(InstrumentCode, Standing)>,
    /// Whether its key is certified.
    pub key: bool,
    /// Its people.
    pub people: usize,
}

/// Looks at the deployment as it stands.
///
/// # Errors
/// [`SessionError`].
pub async fn deployment(session: &mut Session) -> Result<Deployment, SessionError> {
    session.sync_directory().await?;
    let directory = &session.directory().state;
    let founded = directory.foundation.as_ref().ok_or(SessionError::Mechanism)?;
    let now = session.now();
    let states = now.states().map(|(state, record)| State {
        state,
        standings: now.standings(&state).to_vec(),
        key: !record.keys.is_empty(),
        people: now.persons().filter(|person| person.state == Some(state)).count(),
    });
    Ok(Deployment {
        root: *session.root(),
        address: session.home.server()?.address.clone(),
        server_tls_key: founded.server_tls_key,
        log_key: founded.log_key,
        second: founded.second,
        mechanism: founded.mechanism,
        entries: directory.log.size(),
        states: states.collect(),
        officers: now.persons().filter(|person| person.role == Role::Officer).count(),
    })
}
