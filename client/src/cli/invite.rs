//! `chancery invite`, and the presenting of invitations for `chancery root invite`.

use chancery_core::act::{PersonCard, Role};
use chancery_core::id::InstrumentCode;
use serde_json::json;

use super::context::Context;
use super::failure::Failure;
use super::time::rfc3339;
use super::{parse, session};
use crate::invitation::Meant;
use crate::sync::{Session, SessionError};
use crate::verbs::invite::{Invited, Terms, invite, terms_of};
use crate::verbs::{cards, people};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// What the person will be: expert, observer, or a further focal point
    #[arg(long, value_parser = parse::role, required_unless_present = "recertify")]
    role: Option<Role>,
    /// The instruments the person works on, separated by commas
    #[arg(
        long, value_delimiter = ',', value_name = "CODE,..",
        required_if_eq_any([("role", "expert"), ("role", "observer")])
    )]
    instruments: Vec<InstrumentCode>,
    /// The last day on which the person is there, or a time [default: for good]
    #[arg(long, value_parser = parse::until, value_name = "DATE")]
    until: Option<u64>,
    /// Certify anew a person of your State who has lost every key: the first digits of the id, or the name
    #[arg(long, value_name = "USER", conflicts_with_all = ["role", "instruments", "until"])]
    recertify: Option<String>,
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
    if let Some(name) = &args.recertify {
        return again(&mut session, name, args.who.card(), context).await;
    }
    let state = session.person()?.state;
    let role = args.role.ok_or_else(|| Failure::usage("no role is given", "Give --role."))?;
    let terms = Terms { instruments: args.instruments, expires_ms: args.until, ..Terms::of(role, state) };
    let invited = invite(&mut session, terms, &args.who.card()).await?;
    show(&invited, context)
}

/// An invitation by which a person who has lost every key is certified anew, under the same id.
pub(super) async fn again(
    session: &mut Session,
    name: &str,
    card: PersonCard,
    context: &Context,
) -> Result<(), Failure> {
    session.sync_directory().await?;
    let user = people::find(session, name)?;
    let terms = terms_of(session, user, Meant::Again(user)).map_err(SessionError::from)?;
    let known = cards::of(session, user)?.filter(|_| card.name.is_empty());
    let invited = invite(session, terms, &known.unwrap_or(card)).await?;
    show(&invited, context)
}

/// The text stands alone on its line, so that it can be copied whole.
pub(super) fn show(invited: &Invited, context: &Context) -> Result<(), Failure> {
    let (terms, expires) = (&invited.terms, rfc3339(invited.expires_ms));
    let fields = json!({
        "invitation": *invited.text,
        "lookup": hex::encode(invited.lookup),
        "meant": meant(terms.meant),
        "role": terms.role.as_str(),
        "state": terms.state,
        "instruments": terms.instruments,
        "team": terms.team,
        "expires": expires,
        "until": terms.expires_ms.map(rfc3339),
    });
    context.out.show("invitation", &fields, &*invited.text)?;
    let team = terms.team.map(|team| format!("\nThe team is {team}.")).unwrap_or_default();
    if let Meant::Device(_) = terms.meant {
        context.out.advise(format!(
            "Run `chancery join` with this on your further device, until {expires}; then `chancery device admit` here.\n\
             Whoever has it could join as you: bring it over yourself."
        ));
        return Ok(());
    }
    context.out.advise(format!(
        "Give this to the person by a road that others cannot read; whoever has it can join in their place.\n\
         It is for one person, once, until {expires}. The person runs `chancery join`.{team}"
    ));
    Ok(())
}

/// Who is meant to answer, for programs.
pub(super) const fn meant(meant: Meant) -> &'static str {
    match meant {
        Meant::Newcomer => "newcomer",
        Meant::Device(_) => "device",
        Meant::Again(_) => "again",
    }
}
