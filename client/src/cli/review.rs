//! `chancery review open` and `chancery review amend`

use std::str::FromStr;

use chancery_core::act::Opening;
use chancery_core::id::{ChannelId, InstrumentCode, StateCode};
use chancery_core::mechanism::Language;
use chancery_core::state::Place;
use serde_json::json;

use super::context::Context;
use super::failure::Failure;
use super::offers::show_offers;
use super::prompt::agrees;
use super::session::{self, name_of};
use crate::verbs::amend_review::{amend_review, plan};
use crate::verbs::find::{self, ReviewName, Wanted};
use crate::verbs::offers::offers_of_states;
use crate::verbs::open_review::{NewReview, open_review};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Open a review, with all its channels (officers of the secretariat)
    Open(Open),
    /// Give a review other reviewing States (officers of the secretariat)
    Amend(Amend),
}

#[derive(Debug, clap::Args)]
struct Amend {
    /// The review: the first digits of its id that `chancery channels` shows, or the State under review
    review: ReviewName,
    /// A reviewing State and the instruments it was drawn for, all of them: KE:untoc,firearms
    #[arg(long = "reviewer", value_name = "STATE:INSTRUMENTS", required = true)]
    reviewers: Vec<Reviewer>,
    /// Do it without being asked
    #[arg(long)]
    yes: bool,
}

#[derive(Debug, clap::Args)]
struct Open {
    /// The State under review
    #[arg(long)]
    state: StateCode,
    /// The instruments, parted by commas
    #[arg(long, value_delimiter = ',', required = true)]
    instruments: Vec<InstrumentCode>,
    /// A reviewing State and the instruments it was drawn for: KE:untoc,firearms
    #[arg(long = "reviewer", value_name = "STATE:INSTRUMENTS", required = true)]
    reviewers: Vec<Reviewer>,
    /// The languages, parted by commas
    #[arg(long, value_delimiter = ',', required = true)]
    languages: Vec<Language>,
    /// Open it although there is a review of the State on one of the instruments
    #[arg(long)]
    again: bool,
}

#[derive(Debug, Clone)]
struct Reviewer(StateCode, Vec<InstrumentCode>);

impl FromStr for Reviewer {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (state, drawn) = text.split_once(':').ok_or("expected STATE:INSTRUMENT,INSTRUMENT")?;
        let drawn: Result<Vec<InstrumentCode>, _> = drawn.split(',').map(str::parse).collect();
        let state = state.parse().map_err(|error: chancery_core::id::InvalidId| error.to_string())?;
        Ok(Self(state, drawn.map_err(|error| error.to_string())?))
    }
}

pub(super) async fn run(args: Args, context: &Context) -> Result<(), Failure> {
    match args.command {
        Command::Open(open) => run_open(open, context).await,
        Command::Amend(amend) => run_amend(amend, context).await,
    }
}

async fn run_amend(args: Amend, context: &Context) -> Result<(), Failure> {
    let mut session = session::open(context).await?;
    session.sync_all().await?;
    let review = find::channel(&session, Some(&args.review), &Wanted::Review)?;
    let drawn: Vec<_> = args.reviewers.into_iter().map(|Reviewer(state, drawn)| (state, drawn)).collect();
    let plan = plan(&mut session, review, &drawn).await?;
    let list = |what: &str, some: &[(StateCode, Vec<InstrumentCode>)]| -> String {
        let line = |(state, codes): &(StateCode, Vec<InstrumentCode>)| {
            let codes: Vec<&str> = codes.iter().map(InstrumentCode::as_str).collect();
            format!("  {state} {what} {}\n", codes.join(", "))
        };
        some.iter().map(line).collect()
    };
    context.out.say(format!(
        "Review of {}:\n{}{}Who loses an instrument reads nothing more of its channels; what was read stays read. Who \
         gains one reads its channels from the first entry.",
        plan.state,
        list("loses", &plan.loses),
        list("gains", &plan.gains),
    ))?;
    if !args.yes && !agrees("Amend the review?")? {
        return Err(Failure::not_confirmed("the review was not amended"));
    }
    // Afterwards nothing says any more who was awaited.
    let offered = offers_of_states(&session, &plan)?;
    amend_review(&mut session, &plan).await?;
    let fields =
        json!({ "review": plan.review, "state": plan.state, "loses": plan.loses, "gains": plan.gains });
    context.out.show("amended", &fields, "Amended.")?;
    show_openings(plan.review, plan.state, &plan.channels, context)?;
    session::keep_up(&mut session, context).await?;
    show_offers(&session, context, &offered)
}

async fn run_open(open: Open, context: &Context) -> Result<(), Failure> {
    let mut session = session::open(context).await?;
    let new = NewReview {
        state: open.state,
        instruments: open.instruments,
        reviewers: open.reviewers.into_iter().map(|Reviewer(state, drawn)| (state, drawn)).collect(),
        languages: open.languages,
        again: open.again,
    };
    let opened = open_review(&mut session, &new).await?;
    let state = new.state.to_string();
    let fields = json!({ "review": opened.review, "state": new.state });
    context.out.show("review", &fields, format!("Opened: review of {state}, {}", opened.review))?;
    show_openings(opened.review, new.state, &opened.channels, context)
}

fn show_openings(
    review: ChannelId,
    state: StateCode,
    channels: &[(ChannelId, Opening)],
    context: &Context,
) -> Result<(), Failure> {
    for (id, opening) in channels {
        let place = Place::of(review, opening);
        let fields = json!({ "channel": id, "channel_kind": place.kind(), "review": review });
        context.out.show("opened", &fields, format!("  {id}  {}", name_of(&place, &state.to_string())))?;
    }
    Ok(())
}
