//! Why a verb fails.

use chancery_core::act::ActError;
use chancery_core::error::{Reason, WireReason};
use chancery_core::id::ChannelId;

use crate::blobs::BlobError;
use crate::store::db::DbError;

/// Why a verb fails. Its text holds ids, names of statements and our own words, never a caller's bytes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AppError {
    /// The policy refuses the act.
    #[error(transparent)]
    Refused(#[from] Reason),
    /// The call is refused before or beside the policy.
    #[error(transparent)]
    Wire(#[from] WireReason),
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbError),
    /// The store of files failed, or refused the bytes.
    #[error(transparent)]
    Blob(#[from] BlobError),
    /// The stored log does not replay: someone altered the database, or a bug wrote it.
    #[error("the stored log of channel {channel} does not replay at entry {index}: {fault}")]
    Damaged {
        /// The channel.
        channel: ChannelId,
        /// The entry.
        index: u64,
        /// What is wrong.
        fault: super::replay::Fault,
    },
    /// What must hold here does not.
    #[error("a fault of the server: {0}")]
    Bug(&'static str),
}

impl AppError {
    /// What is absent, or forbidden: they look the same.
    pub const NOT_FOUND: Self = Self::Wire(WireReason::NotFound);
}

/// How the wire calls what is wrong with an envelope.
impl From<ActError> for AppError {
    fn from(error: ActError) -> Self {
        match error {
            ActError::TooLarge => WireReason::TooLarge.into(),
            ActError::UnknownSuite(_) => WireReason::UnknownSuite.into(),
            ActError::UnknownSchema(_) => WireReason::UnknownSchema.into(),
            ActError::UnknownKind => WireReason::UnknownKind.into(),
            ActError::NotCanonical => WireReason::NotCanonical.into(),
            ActError::Undecodable | ActError::Field(_) => WireReason::Malformed.into(),
            ActError::WrongSigner => Reason::WrongSigner.into(),
            ActError::BadSignature => WireReason::BadSignature.into(),
        }
    }
}
