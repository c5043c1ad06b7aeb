//! What an invitation's secret proves. The server gets only the lookup value; the newcomer's public keys
//! come with a MAC, which the inviter checks before certifying them.

use chancery_core::name::{Label, context};

use crate::SealError;
use crate::hazmat::hkdf;
pub use crate::secret::InvitationSecret;

impl InvitationSecret {
    /// What the server finds the invitation by. It says nothing of the secret or of the MAC key.
    pub fn lookup(&self) -> Result<[u8; 32], SealError> {
        hkdf::derive(self.as_bytes(), &context(Label::InvitationLookup, &[])).map(|value| *value)
    }

    /// The MAC of whoever holds the invitation over `message`.
    pub fn mac(&self, message: &[u8]) -> Result<[u8; 32], SealError> {
        hkdf::mac(&*self.mac_key()?, message)
    }

    /// Checks, in constant time, that `mac` was made over `message` by whoever holds the invitation.
    ///
    /// # Errors
    ///
    /// [`SealError::Mac`] if not.
    pub fn check(&self, message: &[u8], mac: &[u8]) -> Result<(), SealError> {
        hkdf::mac_matches(&*self.mac_key()?, message, mac).then_some(()).ok_or(SealError::Mac)
    }

    fn mac_key(&self) -> Result<zeroize::Zeroizing<[u8; 32]>, SealError> {
        hkdf::derive(self.as_bytes(), &context(Label::InvitationMac, &[]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_holder_of_the_secret_passes() {
        let secret = InvitationSecret::make().unwrap();
        let other = InvitationSecret::make().unwrap();
        let mac = secret.mac(b"keys").unwrap();
        assert_eq!(secret.check(b"keys", &mac), Ok(()));
        assert_eq!(secret.check(b"Keys", &mac), Err(SealError::Mac));
        assert_eq!(secret.check(b"keys", &mac[..31]), Err(SealError::Mac));
        assert_eq!(other.check(b"keys", &mac), Err(SealError::Mac));
        assert_ne!(secret.lookup().unwrap(), other.lookup().unwrap());
        assert_ne!(secret.lookup().unwrap(), *secret.mac_key().unwrap());
    }
}
