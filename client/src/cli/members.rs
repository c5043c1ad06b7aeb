//! `chancery members`

use chancery_core::id::{ChannelId, UserId};
use serde_json::json;

use super::context::Context;
use super::failure::Failure;
use super::session::{self, quoted};
use crate::verbs::members::{Member, add_member, members, remove_member};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The channel
    channel: ChannelId,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Bring a person of your State into the channel
    Add {
        /// The person's id
        user: UserId,
    },
    /// Show a person out of the channel; what is written later does not open to them
    Remove {
        /// The person's id
        user: UserId,
    },
}

pub(super) async fn run(args: Args, context: &Context) -> Result<(), Failure> {
    let mut session = session::open(context).await?;
    let channel = args.channel;
    match args.command {
        None => {
            for member in members(&mut session, channel).await? {
                show(context, channel, &member)?;
            }
            Ok(())
        }
        Some(Command::Add { user }) => {
            add_member(&mut session, channel, user).await?;
            let fields = json!({ "channel": channel, "user": user, "done": "joined" });
            context.out.show(
                "member",
                &fields,
                format!("{user} reads the channel from now on, and all of it."),
            )
        }
        Some(Command::Remove { user }) => {
            remove_member(&mut session, channel, user).await?;
            let fields = json!({ "channel": channel, "user": user, "done": "left" });
            let text = format!(
                "{user} is out. What is written from now on does not open to them; what they have read stays read."
            );
            context.out.show("member", &fields, text)
        }
    }
}

fn show(context: &Context, channel: ChannelId, member: &Member) -> Result<(), Failure> {
    let role = member.role.map_or("gone", chancery_core::act::Role::as_str);
    let card = member.card.as_ref();
    let fields = json!({
        "channel": channel, "user": member.user, "role": role, "state": member.state,
        "name": card.map(|card| &card.name), "post": card.map(|card| &card.post),
        "contact": card.map(|card| &card.contact),
    });
    context.out.record("member", &fields)?;
    if context.out.json() {
        return Ok(());
    }
    let name = card.filter(|card| !card.name.is_empty()).map(|card| format!("  {}", quoted(&card.name)));
    let state = member.state.map(|state| format!(" of {state}")).unwrap_or_default();
    context.out.bytes(format!("{}  {role}{state}{}\n", member.user, name.unwrap_or_default()).as_bytes())
}
