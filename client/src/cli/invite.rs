//! `chancery invite`, and the presenting of invitations for `chancery root invite`.

use chancery_core::act::{PersonCard, Role};
use chancery_core::id::InstrumentCode;
use serde_json::json;

use super::context::Context;
use super::failure::Failure;
use super::time::rfc3339;
use super::{parse, session};
use crate::verbs::invite::{Invited, Terms, invite};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// What the person will be: expert or observer
    #[arg(long, value_parser = parse::role)]
    role: Role,
    /// The instruments the person works on, separated by commas
    #[arg(long, value_delimiter = ',', required = true, value_name = "CODE,..")]
    instruments: Vec<InstrumentCode>,
    #[command(flatten)]
    who: Who,
}

/// Who is meant. Members of the person's channels see it; the server never does.
#[derive(Debug, clap::Args)]
pub(super) struct Who {
    /// The person's name
    #[arg(long, default_value = "", hide_default_value = true)]
    name: String,
    /// The person's post
    #[arg(long, default_value = "", hide_default_value = true)]
    post: String,
    /// How to reach the person
    #[arg(long, default_value = "", hide_default_value = true)]
    contact: String,
}

impl Who {
    pub(super) fn card(self) -> PersonCard {
        PersonCard { name: self.name, post: self.post, contact: self.contact }
    }
}

pub(super) async fn run(args: Args, context: &Context) -> Result<(), Failure> {
    let mut session = session::open(context).await?;
    let state = session.person()?.state;
    let terms = Terms { role: args.role, state, instruments: args.instruments, team: None };
    let invited = invite(&mut session, terms, &args.who.card()).await?;
    show(&invited, context)
}

/// The text stands alone on its line, so that it can be copied whole.
pub(super) fn show(invited: &Invited, context: &Context) -> Result<(), Failure> {
    let (terms, expires) = (&invited.terms, rfc3339(invited.expires_ms));
    let fields = json!({
        "invitation": *invited.text,
        "lookup": hex::encode(invited.lookup),
        "role": terms.role.as_str(),
        "state": terms.state,
        "instruments": terms.instruments,
        "team": terms.team,
        "expires": expires,
    });
    context.out.show("invitation", &fields, &*invited.text)?;
    let team = terms.team.map(|team| format!("\nThe team is {team}.")).unwrap_or_default();
    context.out.advise(format!(
        "Give this to the person by a road that others cannot read; whoever has it can join in their place.\n\
         It is for one person, once, until {expires}. The person runs `chancery join`.{team}"
    ));
    Ok(())
}
