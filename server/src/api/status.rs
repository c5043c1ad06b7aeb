//! The one place where an error becomes a status: its code, and a `google.rpc.ErrorInfo` of the domain
//! `chancery` with the reason, the paragraph behind it and what to do next.

use std::collections::HashMap;

use chancery_core::error::{Reason, WireReason};
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt as _};

use crate::app::AppError;
use crate::blobs::BlobError;
use crate::store::db::DbError;

/// The status of a failed call. What is not the caller's business is logged here, and not told.
pub(crate) fn status(rpc: &'static str, error: AppError) -> Status {
    match error {
        AppError::Refused(reason) => {
            tracing::debug!(rpc, reason = reason.code(), "refused");
            let (paragraph, next) = (reason.paragraph(), reason.next());
            with_info(code_of_reason(reason), reason.code(), paragraph, reason.message(), next)
        }
        AppError::Wire(reason) => {
            tracing::debug!(rpc, reason = reason.code(), "refused");
            of_wire(reason)
        }
        AppError::Db(error) => {
            let reason = reason_of_db(&error);
            if reason == WireReason::Internal {
                tracing::error!(rpc, %error, "the database refused");
            } else {
                tracing::warn!(rpc, %error, "the database did not answer");
            }
            of_wire(reason)
        }
        AppError::Blob(error) => {
            let reason = reason_of_blob(&error);
            match reason {
                WireReason::Internal => tracing::error!(rpc, %error, "a file is not as it was stored"),
                WireReason::Unavailable => tracing::warn!(rpc, %error, "the store of files failed"),
                _ => tracing::debug!(rpc, reason = reason.code(), "refused"),
            }
            of_wire(reason)
        }
        AppError::Damaged { .. } | AppError::Bug(_) => {
            tracing::error!(rpc, %error, "a fault of the server");
            of_wire(WireReason::Internal)
        }
    }
}

fn of_wire(reason: WireReason) -> Status {
    let (paragraph, next) = (reason.paragraph(), reason.next());
    with_info(code_of_wire(reason), reason.code(), paragraph, reason.message(), next)
}

fn with_info(code: Code, reason: &str, paragraph: Option<u16>, message: &str, next: &str) -> Status {
    let mut metadata = HashMap::from([("next".to_owned(), next.to_owned())]);
    if let Some(paragraph) = paragraph {
        metadata.insert("paragraph".to_owned(), paragraph.to_string());
    }
    let details = ErrorDetails::with_error_info(reason, DOMAIN, metadata);
    Status::with_error_details(code, message, details)
}

/// No wildcard: a new reason has no code until someone gives it one.
pub(crate) const fn code_of_reason(reason: Reason) -> Code {
    match reason {
        Reason::NotAMember => Code::NotFound,
        Reason::SecretariatReadsOnly
        | Reason::ObserverReadsOnly
        | Reason::FocalPointRequired
        | Reason::ClearanceRequired
        | Reason::StateUnderReviewOnly
        | Reason::NotThisSides
        | Reason::RootOnly
        | Reason::OfficerOnly
        | Reason::NotEntitled
        | Reason::UnknownDevice
        | Reason::SeatTaken
        | Reason::OwnEnd
        | Reason::LastFocalPoint
        | Reason::LastDevice
        | Reason::SecondCustodianRequired
        | Reason::NotDisclosable
        | Reason::NotFinal => Code::PermissionDenied,
        Reason::WrongChannel
        | Reason::NotParty
        | Reason::OutsideMechanism
        | Reason::WrongSigner
        | Reason::BadStatement
        | Reason::BadPossession
        | Reason::OtherChannel
        | Reason::BadSeen
        | Reason::BadBasis
        | Reason::OtherSection
        | Reason::PastEnd
        | Reason::WrongRecipients => Code::InvalidArgument,
        Reason::NoSuchSubject
        | Reason::NotGenesis
        | Reason::StaleBasis
        | Reason::StaleEpoch
        | Reason::EpochSuspended
        | Reason::StaleTeam
        | Reason::StaleStateKey
        | Reason::NoCurrentKey
        | Reason::TooSoon
        | Reason::TooManyReaders
        | Reason::TooManyKeys
        | Reason::DisclosureUnchanged
        | Reason::WithdrawPublicFirst => Code::FailedPrecondition,
        Reason::AlreadyThere | Reason::BasisBackwards | Reason::WrongGeneration | Reason::NotTheLatest => {
            Code::Aborted
        }
        Reason::ActIdUsed => Code::AlreadyExists,
    }
}

/// No wildcard here either.
pub(crate) const fn code_of_wire(reason: WireReason) -> Code {
    match reason {
        WireReason::NotFound => Code::NotFound,
        WireReason::NotEnrolled | WireReason::NotYours | WireReason::RecoveryRefused => {
            Code::PermissionDenied
        }
        WireReason::Malformed
        | WireReason::UnknownSuite
        | WireReason::UnknownSchema
        | WireReason::UnknownKind
        | WireReason::NotCanonical
        | WireReason::BadSignature
        | WireReason::BesideMismatch
        | WireReason::PageToken
        | WireReason::NotThisLog
        | WireReason::FileDigest => Code::InvalidArgument,
        WireReason::TooLarge | WireReason::FileLength | WireReason::FileRange => Code::OutOfRange,
        WireReason::ActIdTaken | WireReason::FileExists | WireReason::InvitationExists => Code::AlreadyExists,
        WireReason::FileIncomplete | WireReason::InvitationVoid | WireReason::InvitationExpired => {
            Code::FailedPrecondition
        }
        WireReason::TooMany => Code::ResourceExhausted,
        WireReason::Unavailable | WireReason::Stopping => Code::Unavailable,
        WireReason::Internal => Code::Internal,
    }
}

fn reason_of_db(error: &DbError) -> WireReason {
    match error {
        DbError::Timeout { .. } | DbError::Unavailable { .. } | DbError::Conflict { .. } => {
            WireReason::Unavailable
        }
        DbError::Constraint { .. }
        | DbError::InsertOnly { .. }
        | DbError::Engine { .. }
        | DbError::Column { .. }
        | DbError::Values { .. }
        | DbError::UnknownSchema { .. }
        | DbError::AlteredSchema { .. }
        | DbError::Damaged { .. }
        | DbError::Url => WireReason::Internal,
    }
}

fn reason_of_blob(error: &BlobError) -> WireReason {
    match error {
        BlobError::Digest => WireReason::FileDigest,
        BlobError::TooLong { .. } => WireReason::TooLarge,
        BlobError::Exists => WireReason::FileExists,
        BlobError::Range { .. } => WireReason::FileRange,
        // The database said that it is there.
        BlobError::Absent => WireReason::Internal,
        BlobError::Io { .. } => WireReason::Unavailable,
        BlobError::Stopping => WireReason::Stopping,
    }
}

const DOMAIN: &str = "chancery";

#[cfg(test)]
mod tests;
