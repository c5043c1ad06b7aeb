//! The key that signs checkpoints.

use chancery_core::act::TreeHead;
use chancery_core::id::{ChannelId, KeyId};
use chancery_core::log::{Checkpoint, origin};
use ring::signature::{Ed25519KeyPair, KeyPair as _};

/// The log key of a deployment.
pub struct LogKey {
    pair: Ed25519KeyPair,
    public: [u8; 32],
}

/// The stored bytes are no such key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the log key is not an Ed25519 key in PKCS#8")]
pub struct NotALogKey;

impl LogKey {
    /// The key stored as PKCS#8 (DER).
    pub fn from_pkcs8(der: &[u8]) -> Result<Self, NotALogKey> {
        let pair = Ed25519KeyPair::from_pkcs8(der).map_err(|_| NotALogKey)?;
        let public = pair.public_key().as_ref().try_into().map_err(|_| NotALogKey)?;
        Ok(Self { pair, public })
    }

    /// The public key.
    #[must_use]
    pub fn public(&self) -> &[u8; 32] {
        &self.public
    }

    /// A signature of the key over `message`; callers separate their domains.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        let mut signature = [0; 64];
        signature.copy_from_slice(self.pair.sign(message).as_ref());
        signature
    }

    /// The signed note for a durable head of a channel's log.
    #[must_use]
    pub fn checkpoint(&self, root: &KeyId, channel: &ChannelId, head: TreeHead) -> String {
        let checkpoint = Checkpoint { origin: origin(root, channel), head };
        checkpoint.note(&self.public, &self.sign(checkpoint.text().as_bytes()))
    }
}

impl std::fmt::Debug for LogKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LogKey")
    }
}
