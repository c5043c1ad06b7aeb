//! `chancery state-key ...`: the State's key in shares.

use chancery_core::id::UserId;
use serde_json::json;

use super::context::Context;
use super::failure::Failure;
use super::session::{self, show_state_key};
use crate::sync::{Session, SessionError};
use crate::verbs::people::find;
use crate::verbs::state_shares::{deposit, give, recover};

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Split it among people of your State, so that some of them can put it together again
    Deposit {
        /// Who gets a share: as for `chancery reseat`, separated by commas
        #[arg(long, value_delimiter = ',', required = true, value_name = "USER,..")]
        holders: Vec<String>,
        /// How many of them are needed
        #[arg(long, value_name = "M")]
        threshold: u8,
    },
    /// Give your share to the person who puts the key together again
    Give {
        /// The person: the first digits of the id that `chancery people` shows, or the name
        to: String,
    },
    /// Put it together from the shares you hold, and become your State's focal point
    Recover,
}

pub(super) async fn run(command: Command, context: &Context) -> Result<(), Failure> {
    let mut session = session::open(context).await?;
    session.sync_directory().await?;
    match command {
        Command::Deposit { holders, threshold } => {
            let holders: Result<Vec<UserId>, SessionError> =
                holders.iter().map(|name| find(&mut session, name)).collect();
            deposit_among(&mut session, &holders?, threshold, context).await
        }
        Command::Give { to } => {
            let to = find(&mut session, &to)?;
            let given = give(&mut session, to).await?;
            let fields = json!({ "state": given.state, "to": given.to, "threshold": given.threshold });
            let text = format!(
                "Gave your share of the key of {} to {to}. With {} shares the key is put together again.",
                given.state, given.threshold
            );
            context.out.show("share", &fields, text)
        }
        Command::Recover => {
            let recovered = recover(&mut session).await?;
            let fields = json!({ "state": recovered.state, "generation": recovered.generation });
            let text = format!(
                "You have put the key of {} together again and are its focal point now.",
                recovered.state
            );
            context.out.show("state-key-recovered", &fields, text)?;
            show_state_key(&recovered.kept, context)?;
            session::keep_up(&mut session, context).await
        }
    }
}

async fn deposit_among(
    session: &mut Session,
    holders: &[UserId],
    threshold: u8,
    context: &Context,
) -> Result<(), Failure> {
    let made = deposit(session, holders, threshold).await?;
    let fields = json!({
        "state": made.state, "generation": made.generation, "threshold": made.threshold,
        "holders": made.holders,
    });
    let text = format!(
        "Split key {} of {} among {}; any {} of them put it together again. When the key is replaced, split the \
         next one anew.",
        made.generation,
        made.state,
        made.holders.len(),
        made.threshold
    );
    context.out.show("deposit", &fields, text)
}
