//! `chancery root send FILE`, in the first custodian's home.

use std::path::PathBuf;

use chancery_core::error::Reason;
use serde_json::json;

use super::act_file::{read, show};
use crate::cli::context::Context;
use crate::cli::failure::{Exit, Failure};
use crate::cli::prompt::agrees;
use crate::cli::session;
use crate::verbs::root_send::{RootSendError, examine, send};

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    /// The file that the second custodian has countersigned
    file: PathBuf,
    /// Send without being asked
    #[arg(long)]
    yes: bool,
}

pub(super) async fn run(args: Args, context: &Context) -> Result<(), Failure> {
    let acts = read(&args.file)?;
    let mut session = session::open(context).await?;
    let left = examine(&mut session, &acts).await?;
    show(&acts, context)?;
    if !left.is_empty() && !args.yes && !agrees("Send all of it?")? {
        return Err(Failure::not_confirmed("the acts were not confirmed: nothing was sent"));
    }
    let sent = send(&mut session, &acts).await?;
    for (act, index) in &sent.entries {
        let text = if sent.already {
            format!("Act {act} was sent before: it is entry {index} of the directory.")
        } else {
            format!("Act {act} is entry {index} of the directory.")
        };
        let fields = json!({ "act": act, "index": index, "already": sent.already });
        context.out.show("root-sent", &fields, text)?;
    }
    if let Some(error) = sent.unclosed {
        context.out.advise(format!(
            "The invitations that were answered could not be closed: {error}. Send the file again to close them."
        ));
    }
    Ok(())
}

impl From<RootSendError> for Failure {
    fn from(error: RootSendError) -> Self {
        let message = error.to_string();
        match error {
            RootSendError::Session(error) => error.into(),
            RootSendError::Acts(error) => error.into(),
            RootSendError::Stale(reason) => Self {
                next: "The directory is another than when the file was made. If it is still wanted, make the act \
                       anew with --act-file, and have it countersigned again."
                    .into(),
                ..reason.into()
            },
            RootSendError::NotCountersigned => Self {
                next: "The second custodian signs the file first, `chancery root countersign FILE --out FILE`, and gives \
                       you another; send that."
                    .into(),
                ..Self::of_reason(Reason::SecondCustodianRequired)
            },
            RootSendError::Taken(_) => {
                let next = "See `chancery trust ACT`, and compare the file with the other custodian.";
                Self::new(Exit::Conflict, "ACT_ID_TAKEN", format!("{message}."), next)
            }
        }
    }
}
