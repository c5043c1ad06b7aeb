//! `chancery root countersign FILE`, in the second custodian's home.

use std::path::PathBuf;

use serde_json::json;

use super::act_file::{read, show};
use crate::cli::context::Context;
use crate::cli::failure::{Exit, Failure};
use crate::cli::files;
use crate::cli::prompt::agrees;
use crate::verbs::root_countersign::{CountersignError, countersign, examine};

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    /// The file that the first custodian made with --act-file
    file: PathBuf,
    /// Where to write the acts with both signatures
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Sign without being asked
    #[arg(long)]
    yes: bool,
}

pub(super) fn run(args: &Args, context: &Context) -> Result<(), Failure> {
    let acts = read(&args.file)?;
    let home = context.open_home()?;
    examine(&home, &acts)?;
    show(&acts, context)?;
    if !args.yes && !agrees("Countersign all of it?")? {
        return Err(Failure::not_confirmed("the acts were not confirmed: nothing was signed"));
    }
    let signed = countersign(&home, &acts)?;
    files::write_new(&args.out, signed.encode().as_bytes())?;
    let ids: Vec<_> = signed.acts().iter().map(|act| act.content().header.act_id).collect();
    context.out.show(
        "act-file",
        &json!({ "file": args.out, "acts": ids, "countersigned": true }),
        format!(
            "Countersigned. Give {} back to the first custodian, who sends it: `chancery root send FILE`.\n\
             The signature does not expire, and cannot be taken back.",
            args.out.display()
        ),
    )
}

impl From<CountersignError> for Failure {
    fn from(error: CountersignError) -> Self {
        let message = format!("{error}.");
        match error {
            CountersignError::Home(error) => error.into(),
            CountersignError::Acts(error) => error.into(),
            CountersignError::Act(error) => error.into(),
            CountersignError::OtherSecond { .. } => Self::new(
                Exit::Refused,
                "NOT_THE_SECOND",
                message,
                "Name the home of that key with --home. If there is none, the deployment was founded with another key.",
            ),
            CountersignError::Already => Self::new(
                Exit::Conflict,
                "COUNTERSIGNED",
                message,
                "The first custodian sends it: `chancery root send FILE`.",
            ),
        }
    }
}
