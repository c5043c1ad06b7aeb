//! Which check failed. No variant carries bytes of a key, a passphrase or a plaintext.

/// Something could not be sealed or opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// Outside world: the system gave no randomness.
    #[error("the system's random number generator failed")]
    Randomness,
    /// Input: not the only length that this object can have. Also what truncated or extended input gives.
    #[error("{what} has {found} bytes, expected {expected}")]
    Length {
        /// The object measured.
        what: &'static str,
        /// The length it must have; of a range, its lower bound.
        expected: u64,
        /// The length it has.
        found: u64,
    },
    /// Input: more than the limit allows.
    #[error("{what} has {found} bytes, more than {bytes_max}")]
    TooLarge {
        /// The object measured.
        what: &'static str,
        /// The limit.
        bytes_max: u64,
        /// The length it has.
        found: u64,
    },
    /// Input: the sealed bytes were made under another key, or for another place (channel, section, act,
    /// kind, file, team, generation).
    #[error("the sealed bytes belong to another key or another place")]
    Commitment,
    /// Input: the secret inside is not the one that the author committed to. Reason for a complaint.
    #[error("the secret inside is not the one its author committed to")]
    SecretCommitment,
    /// Input: the bytes were altered, reordered or cut, or are not for this key.
    #[error("the sealed bytes were altered or are not for this key")]
    Tag,
    /// Input: authentic, but the padding is not what the rule gives. Its author's program is at fault.
    #[error("the padding is not what the rule gives")]
    Padding,
    /// Input: not a public key to which secrets can be wrapped.
    #[error("not a valid public key to wrap to")]
    PublicKey,
    /// Input: the first generation has no previous secret.
    #[error("the first generation has no previous secret")]
    FirstGeneration,
    /// Input: a file has no part, chunk or byte of this number.
    #[error("the file ends before {what} {index}")]
    PastTheEnd {
        /// Part, chunk or byte.
        what: &'static str,
        /// Its number, from zero.
        index: u64,
    },
    /// Conflict: the file changed on disk since its upload began. Nothing was sealed; the upload has to
    /// start anew, with a new journal.
    #[error("part {part} of the file changed since its upload began")]
    SourceChanged {
        /// Number of the part, from zero.
        part: u32,
    },
    /// Input: the bytes do not start as this format does.
    #[error("this is not {what}")]
    Format {
        /// What was expected.
        what: &'static str,
    },
    /// Input: a version or profile that this program does not know.
    #[error("{what} is of version {found}, which this program does not know")]
    UnknownVersion {
        /// What was read.
        what: &'static str,
        /// The version byte found.
        found: u8,
    },
    /// Caller's standing: the passphrase is wrong. The same answer if the file was altered: the two cannot
    /// be told apart.
    #[error("the passphrase is wrong or the key store is damaged")]
    WrongPassphraseOrDamaged,
    /// Conflict: the key store was sealed anew under another passphrase since this lock was opened.
    #[error("the key store has another passphrase now")]
    OtherLock,
    /// Input: the MAC does not match, so the message is not from whoever holds the invitation.
    #[error("the message is not from whoever holds the invitation")]
    Mac,
    /// Input: so many shares cannot be needed of so many.
    #[error("at least 2 shares are needed, and at most as many as there are, of at most 32")]
    Threshold,
    /// Input: a key cannot be put together from so few shares.
    #[error("{found} shares are here, {threshold} are needed")]
    TooFewShares {
        /// How many are needed.
        threshold: u64,
        /// How many there are.
        found: u64,
    },
    /// Input: the shares give another key than the one that was split.
    #[error("the shares do not give the key that was split")]
    WrongShares,
    /// Our bug: a library refused an input that is always valid.
    #[error("internal error: {0}")]
    Bug(&'static str),
}
