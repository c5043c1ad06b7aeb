//! `chancery verify`

use chancery_core::act::Audience;
use chancery_core::id::ChannelId;
use chancery_core::name::publication_channel;
use serde_json::json;

use super::bundle;
use super::context::Context;
use super::failure::Failure;
use super::session::{self, place_name, tell_alarm, tell_unlisted};
use crate::render;
use crate::sync::Session;
use crate::verbs::verify::verify;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Verify the bundle of a public item: no network, no account
    Bundle(bundle::Args),
}

/// Verifies every log from its first entry, or what was named.
pub(super) async fn run(args: Args, context: &Context) -> Result<(), Failure> {
    if let Some(Command::Bundle(args)) = args.command {
        return bundle::run(&args, context);
    }
    let mut session = session::open(context).await?;
    let verified = verify(&mut session).await?;
    tell_unlisted(&mut session, context)?;
    for log in &verified.logs {
        let fields = json!({
            "channel": log.channel, "channel_kind": log.kind, "size": log.head.size, "root": log.head.root,
            "checkpoint": log.note,
        });
        let name = match (session.channel(log.channel), audience_of(&session, log.channel)) {
            (Some(copy), _) => place_name(&session, copy),
            (None, Some(audience)) => format!("What is open to {}", render::audience(audience)),
            (None, None) => "Directory".to_owned(),
        };
        let entries = if log.head.size == 1 { "entry" } else { "entries" };
        let text = format!("{name}  {}\n  {} {entries}, root {}", log.channel, log.head.size, log.head.root);
        context.out.show("verified", &fields, text)?;
    }
    for alarm in &verified.alarms {
        tell_alarm(context, alarm)?;
    }
    context.out.say("Every signature, every rule, every checkpoint holds from the first entry on.")
}

fn audience_of(session: &Session, channel: ChannelId) -> Option<Audience> {
    Audience::ALL.into_iter().find(|audience| publication_channel(session.root(), *audience) == channel)
}
