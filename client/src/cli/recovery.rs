//! `chancery recovery ...`: one's own recovery sheet.

use std::path::PathBuf;

use chancery_seal::secret::RecoverySecret;
use clap::Subcommand;
use serde_json::json;

use super::context::Context;
use super::failure::{Exit, Failure};
use super::{session, sheet};
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
    let standing = if (found.root, found.user) == (own.root, own.user) {
        standing(&mut session, &secret).await?
    } else {
        Standing::NotInForce
    };
    match standing {
        Standing::InForce => {
            let fields = json!({ "user": own.user, "in_force": true });
            context.out.show("recovery-checked", &fields, "This is your sheet, and it is in force.")
        }
        Standing::NotInForce => Err(Failure::new(
            Exit::Conflict,
            "OTHER_SHEET",
            "this sheet is not yours, or another was made since",
            "Destroy it. If you have no other, make one: `chancery recovery new`.",
        )),
        Standing::None => Err(Failure::new(
            Exit::NotFound,
            "NO_SHEET",
            "you have no recovery sheet in force",
            "Make one: `chancery recovery new`.",
        )),
    }
}
