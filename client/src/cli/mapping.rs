//! From the library's errors to failures of a command: the one place that knows both.

use chancery_core::act::ActError;
use chancery_core::error::{Reason, WireReason};
use chancery_seal::SealError;

use super::failure::{Exit, Failure, exit_of};
use crate::compose::ComposeError;
use crate::files::FileError;
use crate::home::{HomeError, MoveError, MoveFault};
use crate::invitation::InvitationError;
use crate::link::{Code, LinkError, RawError};
use crate::verbs::invite::InviteError;
use crate::verbs::join::JoinError;
use crate::verbs::root_certify::CertifyError;

impl From<Reason> for Failure {
    fn from(reason: Reason) -> Self {
        Self::of_reason(reason)
    }
}

impl From<HomeError> for Failure {
    fn from(error: HomeError) -> Self {
        let message = error.to_string();
        let (exit, reason, next) = match &error {
            HomeError::Absent { .. } => {
                (Exit::NotFound, "NO_HOME", "Name your home with --home, or make one: `chancery join`.")
            }
            HomeError::Exists { .. } => (Exit::Conflict, "HOME_EXISTS", "Name another folder with --home."),
            HomeError::Moved { .. } => (
                Exit::Conflict,
                "HOME_MOVED",
                "Use it where it was moved to. If the move file is lost: `chancery move export` writes it once more.",
            ),
            HomeError::InUse { .. } => {
                (Exit::Locked, "HOME_IN_USE", "Wait for the other program, or end it, and try again.")
            }
            HomeError::Locked => (
                Exit::Locked,
                "WRONG_PASSPHRASE",
                "Try again. If you are sure of the passphrase, restore the file `keys` from your copy.",
            ),
            HomeError::ShortPassphrase { .. } => {
                (Exit::Usage, "PASSPHRASE_SHORT", "Choose a longer one; a few unrelated words are good.")
            }
            HomeError::SamePassphrase => (Exit::Usage, "PASSPHRASE_SAME", "Choose another one."),
            HomeError::Damaged { .. } => (
                Exit::Verification,
                "HOME_DAMAGED",
                "Restore the file from your copy; if it is a record, remove it: it is fetched again.",
            ),
            HomeError::Newer => (Exit::Usage, "HOME_NEWER", "Use the newer program."),
            HomeError::Name { .. } => return Self::bug(message),
            HomeError::NoServer => {
                (Exit::Conflict, "NO_SERVER", "Certify the server first: `chancery root certify`.")
            }
            HomeError::NotAPerson => {
                (Exit::Refused, "NOT_A_PERSON", "Use `chancery root ...` here, or another --home.")
            }
            HomeError::NotACustodian => {
                (Exit::Refused, "ROOT_ONLY", "Name the custodians' home with --home.")
            }
            HomeError::SecondCustodian => (
                Exit::Refused,
                "SECOND_CUSTODIAN",
                "Here `chancery root countersign FILE` signs what the first custodian has put into a file.",
            ),
            HomeError::NotTheSecond => (
                Exit::Refused,
                "NOT_THE_SECOND",
                "Name the second custodian's home with --home; `chancery root init --second` makes one.",
            ),
            HomeError::Io { path, cause } => return Self::of_io(path.display(), cause),
            HomeError::Seal(cause) => return (*cause).into(),
        };
        let at = match error {
            HomeError::Damaged { path } => Some(path.display().to_string()),
            _ => None,
        };
        Self { at, ..Self::new(exit, reason, message, next) }
    }
}

impl From<MoveError> for Failure {
    fn from(error: MoveError) -> Self {
        let message = error.to_string();
        let (path, fault) = match error {
            MoveError::Home(error) => return error.into(),
            MoveError::FileExists { .. } => {
                return Self::new(Exit::Conflict, "FILE_EXISTS", message, "Choose another name.");
            }
            MoveError::Fault { path, fault } => (path, fault),
        };
        let (exit, reason, next) = match fault {
            MoveFault::NotOne => {
                (Exit::Usage, "NOT_A_MOVE_FILE", "Name the file that `chancery move export` wrote.")
            }
            MoveFault::Newer => (Exit::Usage, "HOME_NEWER", "Use the newer program."),
            MoveFault::TooMany | MoveFault::TooLarge => {
                (Exit::Usage, "TOO_LARGE", "Ask for a new device instead of moving this one.")
            }
            MoveFault::Cut | MoveFault::Extended | MoveFault::Manifest | MoveFault::Record => (
                Exit::Verification,
                "MOVE_FILE_DAMAGED",
                "Copy the file again; if it stays so, `chancery move export` on the old machine writes it once more.",
            ),
        };
        let at = (exit == Exit::Verification).then(|| path.display().to_string());
        Self { at, ..Self::new(exit, reason, message, next) }
    }
}

impl From<LinkError> for Failure {
    fn from(error: LinkError) -> Self {
        let text = error.to_string();
        match error {
            LinkError::Refused { reason, code, paragraph, message, next } => {
                let exit = exit_of_refusal(&reason, code);
                let next = if next.is_empty() { UNEXPLAINED.to_owned() } else { next };
                Self { paragraph, ..Self::new(exit, &reason, message, next) }
            }
            LinkError::Unavailable(_) => {
                Self::new(Exit::Unavailable, "UNAVAILABLE", text, "Check the network and try again.")
            }
            LinkError::WrongServer => {
                let next = "Do not go on: ask the secretariat whether the server has a new key.";
                Self {
                    at: Some("the server's TLS key".into()),
                    ..Self::new(Exit::Verification, "WRONG_SERVER", text, next)
                }
            }
            LinkError::Protocol(at) => {
                let next = "The server and this program may be of different versions; compare them.";
                Self { at: Some(at.into()), ..Self::new(Exit::Verification, "MALFORMED_ANSWER", text, next) }
            }
        }
    }
}

/// What to do about a refusal of something before the server's own rules, which says nothing of it.
const UNEXPLAINED: &str =
    "Compare the versions of the server and of this program; if they are the same, tell the secretariat.";

/// A reason of the rules has one exit code, whichever side found it. Others go by their class on the wire.
fn exit_of_refusal(reason: &str, code: Code) -> Exit {
    if let Some(reason) = Reason::ALL.iter().find(|known| known.code() == reason) {
        return exit_of(*reason);
    }
    match code {
        Code::InvalidArgument | Code::OutOfRange | Code::Unimplemented => Exit::Usage,
        Code::NotFound => Exit::NotFound,
        Code::PermissionDenied | Code::Unauthenticated => Exit::Refused,
        Code::AlreadyExists | Code::FailedPrecondition | Code::Aborted => Exit::Conflict,
        Code::ResourceExhausted => Exit::Unavailable,
        Code::Internal => Exit::Bug,
    }
}

impl From<RawError> for Failure {
    fn from(error: RawError) -> Self {
        match error {
            RawError::UnknownRpc(_) => Self::not_found(error.to_string(), "See `chancery raw --list`."),
            RawError::Json { .. } | RawError::OneMessage { .. } => {
                Self::usage(error.to_string(), "See the .proto files; bytes are spelt in base64.")
            }
            RawError::TooLarge { .. } => {
                let large = WireReason::TooLarge;
                Self::new(Exit::Usage, large.code(), error.to_string(), large.next())
            }
            RawError::Link(error) => error.into(),
        }
    }
}

impl From<InvitationError> for Failure {
    fn from(error: InvitationError) -> Self {
        let next = match error {
            InvitationError::Newer(_) => "Use the newer program.",
            InvitationError::Field(_) => "Ask the one who invited you for another.",
            InvitationError::NotOne
            | InvitationError::TooLong
            | InvitationError::Garbled
            | InvitationError::Checksum => "Copy the whole invitation, from its first letter to its last.",
        };
        Self::usage(error.to_string(), next)
    }
}

impl From<InviteError> for Failure {
    fn from(error: InviteError) -> Self {
        match error {
            InviteError::Session(error) => error.into(),
            InviteError::Text(error) => {
                Self::usage(error.to_string(), "Certify the server again, with --address HOST:PORT.")
            }
        }
    }
}

impl From<JoinError> for Failure {
    fn from(error: JoinError) -> Self {
        let message = error.to_string();
        match error {
            JoinError::Home(error) => error.into(),
            JoinError::Link(error) => error.into(),
            JoinError::Session(error) => error.into(),
            JoinError::Invitation(error) => error.into(),
            JoinError::OtherRecord(at) => {
                let next = "Do not work from this home: tell the one who invited you, and the secretariat.";
                let failure = Self::new(Exit::Verification, "OTHER_RECORD", message, next);
                Self { at: Some(at.into()), ..failure }
            }
            JoinError::NotListed => {
                Self::new(Exit::Refused, "NOT_ENROLLED", message, "Ask for a new invitation.")
            }
        }
    }
}

impl From<CertifyError> for Failure {
    fn from(error: CertifyError) -> Self {
        let message = error.to_string();
        match error {
            CertifyError::Home(error) => error.into(),
            CertifyError::Compose(error) => error.into(),
            CertifyError::Request(_) => {
                Self::usage(message, "Copy the whole line that `chancery-server init` printed.")
            }
            CertifyError::OtherRoot => {
                Self::usage(message, "Run `chancery-server init` with this root's fingerprint.")
            }
            CertifyError::Mechanism(_) => Self::usage(message, "Correct the file."),
            CertifyError::OtherMechanism => {
                Self::usage(message, "Agree on one file, and run `chancery-server init` with it.")
            }
            CertifyError::NoAddress => Self::usage(message, "Give one with --address HOST:PORT."),
            CertifyError::OtherSecond => {
                Self::usage(message, "Have the second custodian make a home with this root's fingerprint.")
            }
            CertifyError::OtherTerms => {
                let next =
                    "Name the same second custodian as before, with or without --second-always as before.";
                Self::new(Exit::Conflict, "FOUNDED", message, next)
            }
            CertifyError::Founded => {
                let next = "Use that server, or make a new root for a new deployment.";
                Self::new(Exit::Conflict, "FOUNDED", message, next)
            }
        }
    }
}

impl From<FileError> for Failure {
    fn from(error: FileError) -> Self {
        let message = error.to_string();
        let (exit, reason, next) = match error {
            FileError::Io { path, error } => return Self::of_io(path.display(), &error),
            FileError::NotAFile(_) => (Exit::Usage, "NOT_A_FILE", "Name a file; pack a folder first."),
            FileError::Exists(_) => {
                (Exit::Conflict, "EXISTS", "Choose another name, or replace it with --force.")
            }
            FileError::Changing(_) => (Exit::Conflict, "CHANGING", "Make a copy and send that."),
            FileError::TooMany(_) => (Exit::Usage, "TOO_MANY", "Send them with several posts."),
            FileError::Incomplete => {
                (Exit::Unavailable, "FILE_INCOMPLETE", "Try again: it goes on where it stopped.")
            }
            FileError::NotAsCited(_) => (
                Exit::Verification,
                "NOT_AS_CITED",
                "Nothing of it was kept. Tell the others: `chancery complain`, with the act and the file.",
            ),
            FileError::BeginningDamaged(_) => (
                Exit::Verification,
                "BEGINNING_DAMAGED",
                "It was removed. Give the command again: the file is fetched from its first byte.",
            ),
            FileError::Seal(error) => return error.into(),
            FileError::Home(error) => return error.into(),
            FileError::Link(error) => return error.into(),
            FileError::Bug(what) => return Self::bug(what),
        };
        let at = match error {
            FileError::NotAsCited(file) | FileError::BeginningDamaged(file) => Some(format!("file {file}")),
            _ => None,
        };
        Self { at, ..Self::new(exit, reason, message, next) }
    }
}

impl From<ComposeError> for Failure {
    fn from(error: ComposeError) -> Self {
        match error {
            ComposeError::Seal(error) => error.into(),
            ComposeError::Act(error) => error.into(),
        }
    }
}

impl From<SealError> for Failure {
    fn from(error: SealError) -> Self {
        match error {
            SealError::Randomness => Self::new(
                Exit::Unavailable,
                "NO_RANDOMNESS",
                error.to_string(),
                "Something is wrong with this machine; use another.",
            ),
            SealError::Threshold => Self::usage(error.to_string(), "Name more people, or another threshold."),
            SealError::TooFewShares { .. } => {
                let next = "Ask the other holders to give you their share: `chancery state-key give`.";
                Self::new(Exit::Conflict, "TOO_FEW_SHARES", error.to_string(), next)
            }
            SealError::Bug(_) => Self::bug(error.to_string()),
            _ => {
                let next = "If it goes on, report it to the one who wrote it.";
                Self::new(Exit::Verification, "DOES_NOT_OPEN", error.to_string(), next)
            }
        }
    }
}

impl From<ActError> for Failure {
    fn from(error: ActError) -> Self {
        let next = "Check the limits of texts and lists, and what you named.";
        Self::new(Exit::Usage, "MALFORMED", error.to_string(), next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_has_one_exit_code_on_both_sides() {
        for reason in Reason::ALL {
            let remote = LinkError::Refused {
                reason: reason.code().to_owned(),
                code: Code::Internal,
                paragraph: reason.paragraph(),
                message: reason.message().to_owned(),
                next: reason.next().to_owned(),
            };
            assert_eq!(Failure::from(remote), Failure::of_reason(*reason));
        }
    }

    #[test]
    fn exit_codes_of_links() {
        let check = |error: LinkError, exit: Exit| assert_eq!(Failure::from(error).exit, exit);
        let refused = |code| LinkError::Refused {
            reason: "SOMETHING".into(),
            code,
            paragraph: None,
            message: String::new(),
            next: String::new(),
        };
        check(refused(Code::NotFound), Exit::NotFound);
        check(refused(Code::PermissionDenied), Exit::Refused);
        check(refused(Code::FailedPrecondition), Exit::Conflict);
        check(refused(Code::OutOfRange), Exit::Usage);
        check(LinkError::Unavailable("away".into()), Exit::Unavailable);
        check(LinkError::WrongServer, Exit::Verification);
        check(LinkError::Protocol("entries"), Exit::Verification);
    }
}
