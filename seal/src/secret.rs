//! Secrets as types. They are wiped when dropped, print only their type, cannot be compared or cloned by
//! accident, and each has one use.

use std::fmt;

use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::{SealError, random};

macro_rules! secret {
    ($(#[$doc:meta])* $name:ident, $len:literal) => {
        $(#[$doc])*
        #[derive(Zeroize, ZeroizeOnDrop)]
        pub struct $name([u8; $len]);

        impl $name {
            /// Length in bytes.
            pub const LEN_BYTES: usize = $len;

            /// A new random one.
            pub fn make() -> Result<Self, SealError> {
                let bytes = random::make_secret::<$len>()?;
                Ok(Self(*bytes))
            }

            /// One of exactly these bytes. The caller wipes its own copy.
            #[must_use]
            pub const fn from_bytes(bytes: [u8; $len]) -> Self {
                Self(bytes)
            }

            /// The bytes, to be wrapped or stored sealed.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; $len] {
                &self.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(..)"))
            }
        }
    };
}

secret!(
    /// The secret `E[n]` of one epoch of a channel. Revision keys are derived from it.
    EpochSecret, 32
);
secret!(
    /// The seed of a key pair to which secrets are wrapped: of a device, of a generation of a person, or
    /// of a generation of a team.
    KemSeed, 32
);
secret!(
    /// The key `R` of one revision: the unit of disclosure.
    RevisionKey, 32
);
secret!(
    /// The key of one sealed file. It is written only inside the sealed body that cites the file, and
    /// in the journal of its upload.
    FileKey, 32
);
secret!(
    /// The seed of a signing key.
    SigningSeed, 32
);
secret!(
    /// A share of the seed of a State's signing key.
    StateShare, 32
);
secret!(
    /// The 128-bit secret inside an invitation.
    InvitationSecret, 16
);
secret!(
    /// What the words of a recovery sheet say. Both keys of the sheet are derived from it.
    RecoverySecret, 32
);
secret!(
    /// The main key of a local store, kept inside the key store file. Record keys are derived from it, so
    /// a new passphrase leaves the records as they are.
    StoreKey, 32
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_print_only_their_type() {
        let shown =
            format!("{:?} {:?}", EpochSecret::from_bytes([7; 32]), InvitationSecret::from_bytes([7; 16]));
        assert_eq!(shown, "EpochSecret(..) InvitationSecret(..)");
    }

    #[test]
    fn made_secrets_differ() {
        let (one, two) = (FileKey::make().unwrap(), FileKey::make().unwrap());
        assert_ne!(one.as_bytes(), two.as_bytes());
    }
}
