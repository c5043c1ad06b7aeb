//! `chancery verify`

use std::path::PathBuf;

use chancery_core::act::Audience;
use chancery_core::id::ChannelId;
use chancery_core::name::publication_channel;
use serde_json::json;

use super::bundle;
use super::context::Context;
use super::failure::{Exit, Failure};
use super::session::{self, confirmed_fields, confirmed_text, place_name, tell_alarm, tell_unlisted};
use crate::render;
use crate::sync::Session;
use crate::verbs::compare::{CompareError, Compared, Outcome, compare, export};
use crate::verbs::verify::{Verified, verify};

#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Option<Command>,
    /// Write the checkpoints of your logs to a new file, for another member; it names nobody
    #[arg(long, value_name = "FILE")]
    export: Option<PathBuf>,
    /// Compare your logs with the checkpoints that another member wrote
    #[arg(long, value_name = "FILE")]
    against: Option<PathBuf>,
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
    let (mut session, failed) = session::open_or_kept(context).await?;
    let verified = match failed {
        None => verify(&mut session).await,
        Some(error) => Err(error),
    };
    let alarm = match verified {
        Ok(verified) => {
            tell(&mut session, &verified, context).await?;
            None
        }
        // What this home has verified before is there to be compared whatever the server says now.
        Err(error) if args.export.is_some() || args.against.is_some() => session::alarm(error, context),
        Err(error) => return Err(error.into()),
    };
    session.load_kept()?;
    if let Some(path) = &args.against {
        tell_compared(&session, context, &compare(&session, path)?)?;
    }
    if let Some(path) = &args.export {
        let checkpoints = export(&session, path)?;
        let text = format!(
            "{}  {checkpoints} checkpoints, without names. Another member compares: chancery verify --against FILE",
            path.display()
        );
        context.out.show("checkpoints", &json!({ "path": path, "checkpoints": checkpoints }), text)?;
    }
    alarm.map_or(Ok(()), Err)
}

/// What was verified, log by log; the others are told how far.
async fn tell(session: &mut Session, verified: &Verified, context: &Context) -> Result<(), Failure> {
    session::confirm(session, context).await?;
    tell_unlisted(session, context)?;
    for log in &verified.logs {
        let tally = session.tally(log.channel);
        let fields = json!({
            "channel": log.channel, "channel_kind": log.kind, "size": log.head.size, "root": log.head.root,
            "checkpoint": log.note, "confirmed": tally.as_ref().map(confirmed_fields),
        });
        let name = match (session.channel(log.channel), audience_of(session, log.channel)) {
            (Some(copy), _) => place_name(session, copy),
            (None, Some(audience)) => format!("What is open to {}", render::audience(audience)),
            (None, None) => "Directory".to_owned(),
        };
        let entries = if log.head.size == 1 { "entry" } else { "entries" };
        let mut text =
            format!("{name}  {}\n  {} {entries}, root {}", log.channel, log.head.size, log.head.root);
        if let Some(tally) = tally {
            text.push_str(&format!("\n  {}", confirmed_text(&tally, log.head.size)));
        }
        context.out.show("verified", &fields, text)?;
    }
    for alarm in &verified.alarms {
        tell_alarm(context, alarm)?;
    }
    context.out.say("Every signature, every rule, every checkpoint holds from the first entry on.")
}

/// What a comparison found, short of a fork.
fn tell_compared(session: &Session, context: &Context, compared: &[Compared]) -> Result<(), Failure> {
    for one in compared {
        let fields = json!({ "channel": one.channel, "size": one.size, "outcome": one.outcome.word() });
        let entries = one.size.unwrap_or(0);
        let text = match one.outcome {
            Outcome::Same => format!("{}  the same up to entry {entries}", one.channel),
            Outcome::Larger => {
                let own = session.own_view(one.channel).map_or(0, |view| view.log.size());
                format!(
                    "{}  theirs has {entries} entries, yours {own}: give them a file of yours to compare",
                    one.channel
                )
            }
            Outcome::Unread => format!("{}  you do not read this log", one.channel),
        };
        context.out.show("compared", &fields, text)?;
    }
    context.out.say("No two histories were found.")
}

impl From<CompareError> for Failure {
    fn from(error: CompareError) -> Self {
        let text = error.to_string();
        let next = "Ask for the file again, by a way on which nobody alters it.";
        match error {
            CompareError::File(error) => error.into(),
            CompareError::Session(error) => error.into(),
            CompareError::NotCheckpoints(_) | CompareError::OtherRoot(_) => {
                Self::new(Exit::Verification, "NOT_CHECKPOINTS", text, next)
            }
            CompareError::Checkpoint { channel, .. } => {
                let at = Some(format!("channel {channel}"));
                Self { at, ..Self::new(Exit::Verification, "BAD_CHECKPOINT", text, next) }
            }
        }
    }
}

fn audience_of(session: &Session, channel: ChannelId) -> Option<Audience> {
    Audience::ALL.into_iter().find(|audience| publication_channel(session.root(), *audience) == channel)
}
