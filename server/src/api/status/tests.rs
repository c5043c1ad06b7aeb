//! Every reason has a code, the page that lists them is true, and no status tells more than its reason.

use std::path::Path;

use chancery_core::id::ChannelId;
use tonic_types::StatusExt as _;

use super::*;

fn code_name(code: Code) -> &'static str {
    match code {
        Code::NotFound => "NOT_FOUND",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::Unavailable => "UNAVAILABLE",
        Code::Internal => "INTERNAL",
        other => panic!("a code that is not in the contract: {other:?}"),
    }
}

fn row(code: &str, status: Code, paragraph: Option<u16>, message: &str, next: &str) -> String {
    let paragraph = paragraph.map(|n| format!("\u{b6}{n}")).unwrap_or_default();
    format!("| `{code}` | `{}` | {paragraph} | {message} | {next} |\n", code_name(status))
}

fn page() -> String {
    let head = "| reason | gRPC status | paragraph | what happened | what to do |\n|---|---|---|---|---|\n";
    let mut page = String::from(
        "# Errors\n\nEvery call that fails answers with a gRPC status and a `google.rpc.ErrorInfo` of the domain \
         `chancery`: `reason` is one of the codes below, `metadata.paragraph` the paragraph of the mechanism's \
         source behind it, `metadata.next` what to do. Nothing was changed, unless the text says that it is \
         unknown. Command-line tools print the same words.\n\nThis page is held by a test: \
         `CHANCERY_UPDATE_DOCS=1 cargo test -p chancery-server errors_page` writes it anew.\n\n\
         ## Refused by the policy\n\n",
    );
    page.push_str(head);
    for reason in Reason::ALL {
        let (paragraph, message, next) = (reason.paragraph(), reason.message(), reason.next());
        page.push_str(&row(reason.code(), code_of_reason(*reason), paragraph, message, next));
    }
    page.push_str("\n## Refused before or beside the policy\n\n");
    page.push_str(head);
    for reason in WireReason::ALL {
        let (paragraph, message, next) = (reason.paragraph(), reason.message(), reason.next());
        page.push_str(&row(reason.code(), code_of_wire(*reason), paragraph, message, next));
    }
    page
}

#[test]
fn the_errors_page_lists_every_reason() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/errors.md");
    if std::env::var_os("CHANCERY_UPDATE_DOCS").is_some() {
        std::fs::write(&path, page()).unwrap();
    }
    assert_eq!(std::fs::read_to_string(path).unwrap_or_default(), page(), "docs/errors.md is not up to date");
}

#[test]
fn a_status_carries_its_reason() {
    let status = status("Append", Reason::SecretariatReadsOnly.into());
    let details = status.get_details_error_info().unwrap();
    assert_eq!(status.code(), Code::PermissionDenied);
    assert_eq!((details.domain.as_str(), details.reason.as_str()), ("chancery", "SECRETARIAT_READS_ONLY"));
    assert_eq!(details.metadata["paragraph"], "33");
    assert_eq!(details.metadata["next"], Reason::SecretariatReadsOnly.next());
}

/// Whoever is outside a channel cannot tell forbidden from absent, nor whether the policy or the wire said it.
#[test]
fn absent_and_forbidden_are_the_same_bytes() {
    let bytes = |error: AppError| {
        let status = status("Append", error);
        (status.code(), status.message().to_owned(), status.details().to_vec())
    };
    assert_eq!(bytes(AppError::NOT_FOUND), bytes(Reason::NotAMember.into()));
}

#[test]
fn a_fault_of_the_server_tells_nothing_of_itself() {
    let channel = ChannelId::new([0xaa; 16]);
    let fault = crate::app::replay::Fault::Gap;
    let errors = [
        AppError::Damaged { channel, index: 7, fault },
        AppError::Bug("canary"),
        AppError::Db(DbError::Engine { statement: "canary", code: "canary".to_owned() }),
        AppError::Blob(BlobError::Absent),
    ];
    for error in errors {
        let status = status("Append", error);
        assert_eq!(status.code(), Code::Internal);
        let told = format!("{status:?} {}", String::from_utf8_lossy(status.details()));
        assert!(!told.contains("canary") && !told.contains("aaaa"), "{told}");
    }
}
