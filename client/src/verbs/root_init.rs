//! The custodians make the mechanism root.

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
