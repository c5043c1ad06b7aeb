//! `chancery review open`

use std::str::FromStr;

use chancery_core::id::{InstrumentCode, StateCode};
use chancery_core::mechanism::Language;
use chancery_core::state::Place;
use serde_json::json;

use super::context::Context;
use super::failure::Failure;
use super::session::{self, name_of};
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
    let Command::Open(open) = args.command;
    let mut session = session::open(context).await?;
    let new = NewReview {
        state: open.state,
        instruments: open.instruments,
        reviewers: open.reviewers.into_iter().map(|Reviewer(state, drawn)| (state, drawn)).collect(),
        languages: open.languages,
    };
    let opened = open_review(&mut session, &new).await?;
    let state = new.state.to_string();
    let fields = json!({ "review": opened.review, "state": new.state });
    context.out.show("review", &fields, format!("Opened: review of {state}, {}", opened.review))?;
    for (id, opening) in &opened.channels {
        let place = Place::of(opened.review, opening);
        let fields = json!({ "channel": id, "channel_kind": place.kind(), "review": opened.review });
        context.out.show("opened", &fields, format!("  {id}  {}", name_of(&place, &state)))?;
    }
    Ok(())
}
