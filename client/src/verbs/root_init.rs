//! The custodians make the mechanism root, and the second one a key of their own.

use chancery_core::id::KeyId;
use chancery_seal::sign::SigningKey;

use crate::home::{Holder, HomeError, Keys, TlsIdentity};

/// The keys of a new custodians' home: a new root, and a TLS key to carry its acts.
///
/// # Errors
/// [`HomeError`] if the machine gives no random bytes.
pub fn root_keys() -> Result<Keys, HomeError> {
    let root = SigningKey::make()?;
    Ok(Keys {
        root: root.key_id(),
        server: None,
        tls: TlsIdentity::make()?,
        holder: Holder::Custodian { root },
    })
}

/// The keys of the second custodian's home: one key, for the root of this fingerprint. The TLS key is there so that
/// all homes have one form; nobody certifies it.
///
/// # Errors
/// [`HomeError`] if the machine gives no random bytes.
pub fn second_keys(root: KeyId) -> Result<Keys, HomeError> {
    let key = SigningKey::make()?;
    Ok(Keys { root, server: None, tls: TlsIdentity::make()?, holder: Holder::Second { key } })
}
