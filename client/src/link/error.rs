//! What can go wrong on the link: refused, away, another server, or an answer of the wrong form.

use std::collections::HashMap;
use std::error::Error;

use tonic::Status;
use tonic_types::StatusExt as _;

use super::connect::ConnectError;

/// An rpc did not succeed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    /// The server refused, and changed nothing.
    #[error("{message}")]
    Refused {
        /// The reason's code, as in `docs/errors.md`.
        reason: String,
        /// Its class on the wire.
        code: Code,
        /// The paragraph of the mechanism's source behind it.
        paragraph: Option<u16>,
        /// What happened, for a person.
        message: String,
        /// What to do next, for a person.
        next: String,
    },
    /// The server is away, or did not answer in time. What was sent may have arrived.
    #[error("the server does not answer: {0}")]
    Unavailable(String),
    /// Another key than the pinned one answered at the server's address.
    #[error("the server that answers does not hold the key that this home knows it by")]
    WrongServer,
    /// The answer is not of the form that the protocol gives it.
    #[error("the server's answer is malformed: {0}")]
    Protocol(&'static str),
}

/// The classes of gRPC status that a refusal can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    /// The input is wrong.
    InvalidArgument,
    /// The input is too large, or lies outside a range.
    OutOfRange,
    /// Absent, or not for the caller.
    NotFound,
    /// The same id stands for something else.
    AlreadyExists,
    /// The caller may not do this.
    PermissionDenied,
    /// The caller has no standing at all.
    Unauthenticated,
    /// The state is another one than the caller thinks.
    FailedPrecondition,
    /// Another was faster.
    Aborted,
    /// A limit is reached.
    ResourceExhausted,
    /// The server does not know this rpc.
    Unimplemented,
    /// The server is at fault.
    Internal,
}

impl LinkError {
    /// The code of the server's reason, if it refused.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Refused { reason, .. } => Some(reason),
            Self::Unavailable(_) | Self::WrongServer | Self::Protocol(_) => None,
        }
    }

    pub(super) fn timeout() -> Self {
        Self::Unavailable("no answer in time".into())
    }

    pub(super) fn from_status(status: &Status) -> Self {
        if let Some(error) = connect_error(status) {
            return error;
        }
        // What broke on the way is no word of the server's, whatever class this side gives it.
        if status.source().is_some() {
            return Self::Unavailable(innermost(status));
        }
        let code = match status.code() {
            tonic::Code::InvalidArgument => Code::InvalidArgument,
            tonic::Code::OutOfRange => Code::OutOfRange,
            tonic::Code::NotFound => Code::NotFound,
            tonic::Code::AlreadyExists => Code::AlreadyExists,
            tonic::Code::PermissionDenied => Code::PermissionDenied,
            tonic::Code::Unauthenticated => Code::Unauthenticated,
            tonic::Code::FailedPrecondition => Code::FailedPrecondition,
            tonic::Code::Aborted => Code::Aborted,
            tonic::Code::ResourceExhausted => Code::ResourceExhausted,
            tonic::Code::Unimplemented => Code::Unimplemented,
            tonic::Code::Internal | tonic::Code::DataLoss => Code::Internal,
            tonic::Code::Ok
            | tonic::Code::Cancelled
            | tonic::Code::Unknown
            | tonic::Code::DeadlineExceeded
            | tonic::Code::Unavailable => return Self::Unavailable(status.message().to_owned()),
        };
        let info = status.get_error_details().error_info().filter(|info| info.domain == DOMAIN).cloned();
        let (reason, mut metadata) =
            info.map_or_else(|| (UNNAMED.into(), HashMap::default()), |info| (info.reason, info.metadata));
        Self::Refused {
            reason,
            code,
            paragraph: metadata.get("paragraph").and_then(|text| text.parse().ok()),
            message: status.message().to_owned(),
            next: metadata.remove("next").unwrap_or_default(),
        }
    }

    pub(super) fn from_transport(error: &tonic::transport::Error) -> Self {
        connect_error(error).unwrap_or_else(|| Self::Unavailable(innermost(error)))
    }
}

/// The connector's own error, if it is among the causes.
fn connect_error(error: &(dyn Error + 'static)) -> Option<LinkError> {
    causes(error).find_map(|cause| cause.downcast_ref::<ConnectError>()).map(|cause| match cause {
        ConnectError::WrongServer => LinkError::WrongServer,
        ConnectError::Tcp(_) | ConnectError::Timeout | ConnectError::Handshake => {
            LinkError::Unavailable(cause.to_string())
        }
    })
}

/// The last cause says most; those before it say "transport error".
fn innermost(error: &(dyn Error + 'static)) -> String {
    causes(error).last().map(ToString::to_string).unwrap_or_default()
}

fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error: &&'a (dyn Error + 'static)| (*error).source())
}

/// The domain of Chancery's reasons in `google.rpc.ErrorInfo`.
const DOMAIN: &str = "chancery";
/// A refusal by something before the server's own rules, which names no reason.
const UNNAMED: &str = "REFUSED";

#[cfg(test)]
mod tests {
    use tonic_types::ErrorDetails;

    use super::*;

    fn status(code: tonic::Code, domain: &str, metadata: &[(&str, &str)]) -> Status {
        let metadata: HashMap<String, String> =
            metadata.iter().map(|(key, value)| ((*key).into(), (*value).into())).collect();
        let details = ErrorDetails::with_error_info("STALE_EPOCH", domain, metadata);
        Status::with_error_details(code, "what happened", details)
    }

    #[test]
    fn a_refusal_carries_its_reason_its_paragraph_and_what_to_do() {
        let check = |domain, metadata: &[(&str, &str)], reason: &str, paragraph, next: &str| {
            let expected = LinkError::Refused {
                reason: reason.into(),
                code: Code::FailedPrecondition,
                paragraph,
                message: "what happened".into(),
                next: next.into(),
            };
            let status = status(tonic::Code::FailedPrecondition, domain, metadata);
            assert_eq!(LinkError::from_status(&status), expected);
        };
        check("chancery", &[("paragraph", "33"), ("next", "rotate")], "STALE_EPOCH", Some(33), "rotate");
        check("chancery", &[], "STALE_EPOCH", None, "");
        check("chancery", &[("paragraph", "thirty-three")], "STALE_EPOCH", None, "");
        check("example.org", &[("paragraph", "33"), ("next", "rotate")], UNNAMED, None, "");
    }

    #[test]
    fn what_breaks_on_the_way_is_unavailable() {
        let broken = std::io::Error::other("h2 protocol error: the stream was reset");
        let mut status = Status::new(tonic::Code::Internal, "h2 protocol error");
        status.set_source(std::sync::Arc::new(broken));
        let expected = LinkError::Unavailable("h2 protocol error: the stream was reset".into());
        assert_eq!(LinkError::from_status(&status), expected);
    }

    #[test]
    fn what_is_no_answer_of_the_server_is_unavailable() {
        use tonic::Code::{Cancelled, DeadlineExceeded, Unavailable, Unknown};

        for code in [Cancelled, DeadlineExceeded, Unavailable, Unknown] {
            let refused = LinkError::from_status(&status(code, "chancery", &[]));
            assert_eq!(refused, LinkError::Unavailable("what happened".into()), "{code:?}");
        }
    }
}
