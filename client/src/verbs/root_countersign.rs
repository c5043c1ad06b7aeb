//! The second custodian countersigns acts of the root, in a home that is never online.

use chancery_core::act::ActError;
use chancery_core::id::KeyId;
use chancery_core::name::{KeyAlgorithm, key_id};

use crate::home::{Home, HomeError};
use crate::second::{RootActs, RootActsError};

/// Acts were not countersigned.
#[derive(Debug, thiserror::Error)]
pub enum CountersignError {
    /// The home.
    #[error(transparent)]
    Home(#[from] HomeError),
    /// The file.
    #[error(transparent)]
    Acts(#[from] RootActsError),
    /// The founding act names another second custodian.
    #[error("the deployment's second custodian has the key {named}, not this home's, {own}")]
    OtherSecond {
        /// The key that the founding act names.
        named: KeyId,
        /// This home's.
        own: KeyId,
    },
    /// There is nothing to sign.
    #[error("the acts are countersigned already")]
    Already,
    /// The signature could not be put in.
    #[error(transparent)]
    Act(#[from] ActError),
}

/// Whether this home may, and need, countersign these acts: asked before anybody is shown what they say.
///
/// # Errors
/// [`CountersignError`].
pub fn examine(home: &Home, acts: &RootActs) -> Result<(), CountersignError> {
    let own = home.second_key()?;
    let checked = acts.check(&home.keys().root)?;
    if checked.second.key != own.public() {
        let named = key_id(KeyAlgorithm::Ed25519, &checked.second.key);
        return Err(CountersignError::OtherSecond { named, own: own.key_id() });
    }
    if checked.countersigned { Err(CountersignError::Already) } else { Ok(()) }
}

/// Countersigns acts of the root.
///
/// # Errors
/// As [`examine`].
pub fn countersign(home: &Home, acts: &RootActs) -> Result<RootActs, CountersignError> {
    examine(home, acts)?;
    Ok(acts.countersign(home.second_key()?, &home.keys().root)?)
}
