//! `chancery demo`

use std::path::PathBuf;

use super::context::Context;
use super::failure::{Exit, Failure};
use crate::demo::{DemoError, Options, play};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Leave everything in this new folder, to go on by hand
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
    /// A file of yours, sent as the document of a reply
    #[arg(long, value_name = "FILE")]
    document: Option<PathBuf>,
}

pub(super) fn run(args: Args, context: &Context) -> Result<(), Failure> {
    let program = std::env::current_exe()
        .map_err(|error| Failure::bug(format!("this program does not find itself: {error}")))?;
    let options = Options { program, keep: args.keep, document: args.document };
    let out = context.out;
    play(&options, &mut |line| {
        let _ = out.show("demo", &serde_json::json!({ "line": line }), line);
    })
    .map_err(Failure::from)
}

impl From<DemoError> for Failure {
    fn from(error: DemoError) -> Self {
        let message = error.to_string();
        match error {
            DemoError::NoServer { .. } => Self::usage(
                message,
                "Build both programs: `cargo build --release`; then start the demo again.",
            ),
            DemoError::NotEmpty { .. } => Self::usage(message, "Give --keep a new folder."),
            DemoError::File { .. } => {
                Self::new(Exit::Unavailable, "DISK", message, "Check the path and the free space.")
            }
            DemoError::ServerFailed { .. } | DemoError::NotRunning => {
                Self::new(Exit::Unavailable, "UNAVAILABLE", message, "Read the server's log.")
            }
            DemoError::Unexpected { .. }
            | DemoError::NotRefused { .. }
            | DemoError::Answer(_)
            | DemoError::Page(_)
            | DemoError::Differs(_)
            | DemoError::Randomness(_) => Self::bug(message),
        }
    }
}
