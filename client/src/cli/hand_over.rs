//! `chancery hand-over` and `chancery reseat`.

use chancery_core::act::Role;
use chancery_core::id::InstrumentCode;
use serde_json::json;

use super::admit::{self, show_teams};
use super::context::Context;
use super::failure::Failure;
use super::output::isolated;
use super::parse;
use super::prompt::agrees;
use super::session::{self, place_name, show_state_key, tell_upkept};
use super::time::rfc3339;
use crate::sync::Session;
use crate::verbs::hand_over::{After, HandedOver, Plan, hand_over, plan};
use crate::verbs::invite::Terms;
use crate::verbs::people::find;
use crate::verbs::reseat::{Seat, reseat};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The successor: a person of your State, or one who has answered your invitation as focal point; by the first
    /// digits that `chancery people` or `chancery admit` shows, or by name [default: go on with one that was begun]
    #[arg(long, value_name = "WHO")]
    to: Option<String>,
    /// The last day on which the successor is focal point, or a time [default: for good, or as it was]
    #[arg(long, value_parser = parse::until, value_name = "DATE", requires = "to")]
    until: Option<u64>,
    /// Leave the directory once it is done
    #[arg(long, requires = "to")]
    leave: bool,
    /// Become an expert on these instruments once it is done
    #[arg(long, value_delimiter = ',', value_name = "CODE,..", requires = "to", conflicts_with = "leave")]
    as_expert: Vec<InstrumentCode>,
    /// Remain a focal point beside the other
    #[arg(long, requires = "to", conflicts_with_all = ["leave", "as_expert"])]
    stay: bool,
    /// Do it without being asked
    #[arg(long)]
    yes: bool,
}

pub(super) async fn run(args: Args, context: &Context) -> Result<(), Failure> {
    let mut session = session::open(context).await?;
    let asks = args.to.is_some() && !args.leave && !args.stay && args.as_expert.is_empty() && !args.yes;
    let after = if args.leave {
        After::Leaves
    } else if args.as_expert.is_empty() {
        After::Stays
    } else {
        After::Expert(args.as_expert)
    };
    let plan = plan(&mut session, args.to.as_deref(), args.until, after).await?;
    preview(&session, &plan, context)?;
    if !args.yes && !agrees("Hand over?")? {
        return Err(Failure::not_confirmed("the hand-over was not confirmed"));
    }
    let leaves = asks && agrees("Leave the directory yourself once it is done?")?;
    let plan = if leaves { plan.and_leave(&session)? } else { plan };
    let done = hand_over(&mut session, &plan).await?;
    show(&session, &plan, &done, context)
}

/// What will happen, in plain words.
fn preview(session: &Session, plan: &Plan, context: &Context) -> Result<(), Failure> {
    let fields = json!({
        "state": plan.state, "user": plan.user, "role": plan.role.map(Role::as_str),
        "until": plan.expires_ms.map(rfc3339), "channels": plan.channels, "after": word(&plan.after),
    });
    context.out.record("hand-over-plan", &fields)?;
    let state = plan.state;
    let mut text = format!("{} will be a focal point of {state}", name(plan));
    text.push_str(&plan.expires_ms.map(|end| format!(", until {}", rfc3339(end))).unwrap_or_default());
    text.push_str(match plan.role {
        None => ", admitted by your word.\n",
        Some(Role::FocalPoint) => ", as now.\n",
        Some(_) => ", no longer expert or observer.\n",
    });
    text.push_str(&format!(
        "They get the key with which {state} speaks, and the key of its team, and read these channels from their \
         first entry:\n"
    ));
    for channel in &plan.channels {
        let place = session.channel(*channel).map(|copy| place_name(session, copy)).unwrap_or_default();
        text.push_str(&format!("  {place}\n"));
    }
    if plan.channels.is_empty() {
        text.push_str("  (all of yours already)\n");
    }
    text.push_str(match plan.after {
        After::Stays => "You remain a focal point beside them.",
        After::Leaves => {
            "Then you leave the directory, for good: nothing opens for you any more but what this machine has kept. \
             With their next command all keys that you knew are replaced."
        }
        After::Expert(_) => {
            "Then you are an expert. With their next command the keys that you should not know any more are replaced."
        }
    });
    context.out.say(text)
}

fn show(session: &Session, plan: &Plan, done: &HandedOver, context: &Context) -> Result<(), Failure> {
    show_state_key(&done.state_key, context)?;
    show_teams(&done.teams, context)?;
    for one in &done.channels {
        tell_upkept(session, context, one)?;
    }
    let fields = json!({
        "state": plan.state, "user": plan.user, "until": plan.expires_ms.map(rfc3339),
        "after": word(&plan.after), "finished": done.finished, "left_out": done.left_out,
    });
    let text = match (done.finished, &plan.after) {
        (false, _) => {
            "Not finished: the successor could not be brought into every channel yet, and you have not left. \
                       Run `chancery hand-over` once more later."
                .to_owned()
        }
        (true, After::Stays) => format!("Handed over to {}.", name(plan)),
        (true, After::Leaves) => format!("Handed over to {}. You have left the directory.", name(plan)),
        (true, After::Expert(_)) => format!("Handed over to {}. You are an expert now.", name(plan)),
    };
    context.out.show("handed-over", &fields, text)
}

const fn word(after: &After) -> &'static str {
    match after {
        After::Stays => "stays",
        After::Leaves => "leaves",
        After::Expert(_) => "expert",
    }
}

fn name(plan: &Plan) -> String {
    let card = plan.card.as_ref().filter(|card| !card.name.is_empty());
    card.map_or_else(|| plan.user.to_string(), |card| isolated(&card.name))
}

#[derive(Debug, clap::Args)]
pub(super) struct ReseatArgs {
    /// The person: the first digits of the id that `chancery people` shows, or the name
    user: String,
    /// What the person is from here on: focal-point, expert or observer
    #[arg(long, value_parser = parse::role)]
    role: Role,
    /// The instruments the person works on, separated by commas
    #[arg(
        long, value_delimiter = ',', value_name = "CODE,..",
        required_if_eq_any([("role", "expert"), ("role", "observer")])
    )]
    instruments: Vec<InstrumentCode>,
    /// The last day on which the person is there, or a time [default: for good]
    #[arg(long, value_parser = parse::until, value_name = "DATE")]
    until: Option<u64>,
}

pub(super) async fn run_reseat(args: ReseatArgs, context: &Context) -> Result<(), Failure> {
    let mut session = session::open(context).await?;
    session.sync_directory().await?;
    let user = find(&mut session, &args.user)?;
    let seat = Seat { role: args.role, instruments: args.instruments, expires_ms: args.until };
    reseat(&mut session, user, &seat).await?;
    let state = session.person()?.state;
    let terms = Terms {
        instruments: seat.instruments.clone(),
        expires_ms: seat.expires_ms,
        ..Terms::of(seat.role, state)
    };
    let fields = json!({
        "user": user, "role": seat.role.as_str(), "instruments": seat.instruments,
        "until": seat.expires_ms.map(rfc3339),
    });
    context.out.show("reseated", &fields, format!("{user} is {} now.", admit::terms(&terms)))?;
    session::keep_up(&mut session, context).await
}
