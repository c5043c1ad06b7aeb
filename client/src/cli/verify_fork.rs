//! `chancery verify-fork`

use std::path::PathBuf;

use chancery_core::id::KeyId;
use serde_json::json;

use super::context::Context;
use super::failure::{Exit, Failure};
use crate::verbs::verify_fork::{VerifyForkError, verify_fork};

/// Check the proof that a log was forked: no network, no account, no home.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The proof
    file: PathBuf,
    /// The fingerprint of the deployment's root, from another source than the proof
    #[arg(long, value_name = "FINGERPRINT")]
    root: KeyId,
}

pub(super) fn run(args: &Args, context: &Context) -> Result<(), Failure> {
    let proven = verify_fork(&args.file, &args.root)?;
    let (first, second) = (proven.first, proven.second);
    let fields = json!({
        "channel": proven.channel, "size": first.size, "root": first.root, "other_size": second.size,
        "other_root": second.root, "other_root_at_size": proven.begins,
    });
    let text = format!(
        "Proven: the server of this deployment has signed two histories of channel {}.\n\
         It signed that the first {} entries have the root {}, and a log of {} entries in which the first {} have \
         the root {}. Both cannot be true.\n\
         What it means: members of this channel were shown different logs, or the server was set back to an older \
         copy and went on from there. The proof does not show which log is the true one.\n\
         What to do: keep this file. Write nothing more in this channel. Tell the secretariat, your focal point and \
         the other members by another way than this server, and compare with them: `chancery verify --export FILE`, \
         and `chancery verify --against FILE` with theirs.",
        proven.channel, first.size, first.root, second.size, first.size, proven.begins,
    );
    context.out.show("fork-proven", &fields, text)
}

impl From<VerifyForkError> for Failure {
    fn from(error: VerifyForkError) -> Self {
        match error {
            VerifyForkError::File(error) => error.into(),
            VerifyForkError::Fork(error) => {
                let message = format!("the file proves nothing: {error}");
                let next =
                    "Compare the fingerprint of the root. If it is the right one, this file is no proof.";
                Self::new(Exit::Verification, "NOT_PROVEN", message, next)
            }
        }
    }
}
