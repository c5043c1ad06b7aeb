//! `chancery recovery ...`: one's own recovery sheet.

use std::path::PathBuf;

use chancery_seal::secret::RecoverySecret;
use clap::Subcommand;
use serde_json::json;

use super::context::Context;
use super::failure::{Exit, Failure};
use super::trust::short;
use super::{session, sheet};
use crate::sheet::SheetLine;
use crate::sync::{Session, SessionError};
use crate::verbs::recovery::{Standing, line, put_in_force, standing};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Make a recovery sheet, in place of the one before: it is shown once, and you type some of it back
    New {
        /// Write the sheet into this new file, which only you can read, instead of showing it
        #[arg(long, value_name = "FILE")]
        sheet: Option<PathBuf>,
    },
    /// Try a sheet: whether it is yours and in force
    Check {
        /// Read the sheet from this file descriptor instead of asking for it
        #[arg(long, value_name = "N")]
        sheet_fd: Option<u32>,
    },
}

impl Command {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        match self {
            Self::New { sheet } => {
                let mut session = session::open(context).await?;
                make(&mut session, sheet, context).await?;
                session::keep_up(&mut session, context).await
            }
            Self::Check { sheet_fd } => check(sheet_fd, context).await,
        }
    }
}

/// Makes a sheet. It is tried before it is put in force, and a file whose sheet did not come in force is removed.
pub(super) async fn make(
    session: &mut Session,
    file: Option<PathBuf>,
    context: &Context,
) -> Result<(), Failure> {
    let secret = RecoverySecret::make().map_err(SessionError::from)?;
    let line = line(session)?;
    match &file {
        Some(path) => sheet::to_file(path, &line, &secret)?,
        None => sheet::shown_and_tried(context, &line, &secret)?,
    }
    if let Err(error) = put_in_force(session, &secret).await {
        // An act that waits may still arrive: then the sheet is the one in force.
        if let (Some(path), false) = (&file, matches!(error, SessionError::Waits { .. })) {
            let _ = std::fs::remove_file(path);
        }
        return Err(error.into());
    }
    let fields = json!({ "user": line.user, "sheet": file });
    let text = "The sheet is in force. With it and nothing else you come back from a new machine: `chancery recover`.";
    context.out.show("recovery-sheet", &fields, text)
}

async fn check(fd: Option<u32>, context: &Context) -> Result<(), Failure> {
    let mut session = session::open(context).await?;
    let (found, secret) = fd.map_or_else(sheet::typed, sheet::from_descriptor)?;
    let own = line(&session)?;
    if (found.root, found.user) != (own.root, own.user) {
        return Err(of_another(&found, &own));
    }
    match standing(&mut session, &secret).await? {
        Standing::InForce => {
            let fields = json!({ "user": own.user, "in_force": true });
            context.out.show("recovery-checked", &fields, "This is your sheet, and it is in force.")
        }
        Standing::NotInForce => Err(Failure::new(
            Exit::Conflict,
            "OLD_SHEET",
            "this sheet of yours is not in force: another was made since, or a word of it is another's",
            "Keep the one that is in force and destroy this. If you have no other, make one: `chancery recovery new`.",
        )),
        Standing::None => Err(Failure::new(
            Exit::NotFound,
            "NO_SHEET",
            "you have no recovery sheet in force",
            "Make one: `chancery recovery new`.",
        )),
    }
}

/// A sheet whose line names somebody else may be in force: it is not for this person to destroy.
fn of_another(found: &SheetLine, own: &SheetLine) -> Failure {
    let whose = if found.root == own.root {
        format!("the person {}", short(found.user))
    } else {
        format!("a person of another deployment, that of the root {}", found.root)
    };
    Failure::new(
        Exit::Conflict,
        "OTHER_SHEET",
        format!("this is not your sheet, but that of {whose}"),
        "Do not destroy it, and do not keep its words: give it back. `chancery people` shows whose id it is.",
    )
}
