//! `chancery root invite`.

use chancery_core::act::Role;
use chancery_core::id::StateCode;

use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::invite::{Who, again, show};
use crate::cli::parse::{self, TeamName};
use crate::cli::session;
use crate::verbs::invite::{Terms, invite};

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    /// What the person will be: officer or focal-point
    #[arg(long, value_parser = parse::role, required_unless_present = "recertify")]
    role: Option<Role>,
    /// The State of a focal point
    #[arg(long, required_if_eq("role", "focal-point"), conflicts_with = "team")]
    state: Option<StateCode>,
    /// The team of an officer: NEW, or the id of a team that exists
    #[arg(long, value_parser = parse::team, required_if_eq("role", "officer"), value_name = "NEW|ID")]
    team: Option<TeamName>,
    /// The newcomer takes the place of the State's focal points, whose key is lost: see `chancery root replace`
    #[arg(long, requires = "state")]
    replace: bool,
    /// Certify anew an officer who has lost every key: the first digits of the id
    #[arg(long, value_name = "USER", conflicts_with_all = ["role", "state", "team", "replace"])]
    recertify: Option<String>,
    #[command(flatten)]
    who: Who,
}

pub(super) async fn run(args: Args, context: &Context) -> Result<(), Failure> {
    let mut session = session::open(context).await?;
    session.home.root_key()?;
    if let Some(name) = &args.recertify {
        return again(&mut session, name, args.who.card(), context).await;
    }
    let role = args.role.ok_or_else(|| Failure::usage("no role is given", "Give --role."))?;
    let team = args.team.map(TeamName::id).transpose()?;
    let terms = Terms { team, replaces: args.replace, ..Terms::of(role, args.state) };
    show(&invite(&mut session, terms, &args.who.card()).await?, context)
}
