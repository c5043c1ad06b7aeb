//! `chancery remove USER`.

use serde_json::json;

use super::admit::show_teams;
use super::context::Context;
use super::failure::Failure;
use super::offers::show_offers;
use super::session;
use crate::home::Holder;
use crate::verbs::offers::offers;
use crate::verbs::people::find;
use crate::verbs::remove_person::remove_person;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The person: the first digits of the id that `chancery people` shows, or the name
    user: String,
}

pub(super) async fn run(args: Args, context: &Context) -> Result<(), Failure> {
    let mut session = session::open(context).await?;
    session.sync_directory().await?;
    let user = find(&session, &args.user)?;
    let offered = match session.home.keys().holder {
        Holder::Person(_) => {
            session.sync_all().await?;
            offers(&session, user)?
        }
        Holder::Custodian { .. } => Vec::new(),
    };
    let removed = remove_person(&mut session, user).await?;
    let fields = json!({ "user": removed.user });
    let text = format!(
        "Removed {}. What is written from now on does not open to them; what they have read stays read.",
        removed.user
    );
    context.out.show("removed", &fields, text)?;
    show_teams(&removed.teams, context)?;
    // The channels' secrets that the person holds are replaced at once.
    match session.home.keys().holder {
        Holder::Person(_) => session::keep_up(&mut session, context).await?,
        Holder::Custodian { .. } => {}
    }
    show_offers(&session, context, &offered)
}
