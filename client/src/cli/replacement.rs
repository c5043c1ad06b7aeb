//! `chancery root replace ...`, `chancery object`, and the notice that everyone concerned sees.

use chancery_core::id::StateCode;
use serde_json::{Value, json};

use super::admit::is_meant;
use super::context::Context;
use super::failure::{Exit, Failure};
use super::root::act_file::ActFile;
use super::session;
use super::time::rfc3339;
use crate::render::date;
use crate::verbs::admit::candidates;
use crate::verbs::replacement::{Pending, ReplacementError, announce, complete, object};
use crate::verbs::root_state::Stated;

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Announce it: whoever has answered an invitation opened with --replace is the next focal point
    Announce {
        /// The first digits that `chancery root admit` shows
        who: String,
        #[command(flatten)]
        act_file: ActFile,
    },
    /// Complete it, 72 hours later
    Complete {
        /// The State
        state: StateCode,
        #[command(flatten)]
        act_file: ActFile,
    },
}

pub(super) async fn run(command: Command, context: &Context) -> Result<(), Failure> {
    let mut session = session::open(context).await?;
    match command {
        Command::Announce { who, act_file } => {
            let mut found = candidates(&mut session).await?;
            found.retain(|candidate| is_meant(candidate, &who));
            let one = if found.len() == 1 && who.len() >= 4 { found.pop() } else { None };
            let Some(candidate) = one else {
                let message = format!("{who} does not name one invitation");
                return Err(Failure::not_found(message, "See `chancery root admit` without arguments."));
            };
            match announce(&mut session, candidate, act_file.way()).await? {
                Stated::Sent(announced) => {
                    context.out.show("replacement", &fields(&announced), notice(&announced))
                }
                Stated::Filed(acts) => act_file.write(&acts, context),
            }
        }
        Command::Complete { state, act_file } => {
            let done = match complete(&mut session, state, act_file.way()).await? {
                Stated::Sent(done) => done,
                Stated::Filed(acts) => return act_file.write(&acts, context),
            };
            let text = format!(
                "{state} has another focal point, {}, and another key. What its old key has signed stays valid.",
                done.user
            );
            let fields = json!({ "state": state, "user": done.user });
            context.out.show("replaced", &fields, text)
        }
    }
}

pub(super) async fn run_object(context: &Context) -> Result<(), Failure> {
    let mut session = session::open(context).await?;
    let pending = object(&mut session).await?;
    context.out.show(
        "replacement",
        &fields(&pending),
        format!(
            "{} has objected. Its focal point and key are replaced only if a second custodian signs it, too.",
            pending.state
        ),
    )
}

/// Tells what is announced, one line each.
pub(super) fn tell(pending: &[Pending], context: &Context) -> Result<(), Failure> {
    pending.iter().try_for_each(|one| context.out.show("replacement", &fields(one), notice(one)))
}

fn notice(pending: &Pending) -> String {
    let (state, due) = (pending.state, date(pending.due_ms));
    if pending.objected {
        format!(
            "! {state} has objected to the replacement of its focal point and key. From {due} it can be done if a \
             second custodian signs it, too."
        )
    } else {
        format!(
            "! {state}'s focal point and key will be replaced on {due} unless it objects (`chancery object`)."
        )
    }
}

fn fields(pending: &Pending) -> Value {
    json!({
        "state": pending.state, "user": pending.user, "due": rfc3339(pending.due_ms),
        "objected": pending.objected,
    })
}

impl From<ReplacementError> for Failure {
    fn from(error: ReplacementError) -> Self {
        let text = error.to_string();
        match error {
            ReplacementError::Session(error) => error.into(),
            ReplacementError::TooSoon(pending) => {
                let next = format!("Complete it at {} or later.", date(pending.due_ms));
                Self::new(Exit::Conflict, "TOO_SOON", format!("{text}."), next)
            }
            ReplacementError::Objected { second, .. } => {
                let next = if second {
                    "Speak with the State. If it stays so, give the command again with --act-file FILE, let the second \
                     custodian countersign the file, then send it: `chancery root send`."
                } else {
                    "Speak with the State. This deployment was founded without a second custodian, so the State's \
                     objection is the last word."
                };
                Self::new(Exit::Refused, "SECOND_CUSTODIAN_REQUIRED", format!("{text}."), next)
            }
            ReplacementError::Nothing(_) => Self::not_found(
                format!("{text}."),
                "The custodians announce one: `chancery root replace announce`.",
            ),
            ReplacementError::NoAnswer => {
                Self::usage(format!("{text}."), "See `chancery root admit` without arguments.")
            }
        }
    }
}
