//! `chancery remove USER`.

use serde_json::json;

use super::admit::show_teams;
use super::context::Context;
use super::failure::Failure;
use super::offers::show_offers;
use super::root::act_file::ActFile;
use super::session;
use crate::home::HomeError;
use crate::verbs::offers::offers;
use crate::verbs::people::find;
use crate::verbs::remove_person::{Removed, remove_as_root, remove_person};
use crate::verbs::root_state::{Stated, Way};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The person: the first digits of the id that `chancery people` shows, or the name
    user: String,
    #[command(flatten)]
    act_file: ActFile,
}

pub(super) async fn run(args: Args, context: &Context) -> Result<(), Failure> {
    let mut session = session::open(context).await?;
    session.sync_directory().await?;
    let user = find(&mut session, &args.user)?;
    if session.home.root_key().is_ok() {
        return match remove_as_root(&mut session, user, args.act_file.way()).await? {
            Stated::Sent(removed) => show(&removed, context),
            Stated::Filed(acts) => args.act_file.write(&acts, context),
        };
    }
    if args.act_file.way() == Way::File {
        return Err(HomeError::NotACustodian.into());
    }
    if session.person()?.identity.user == user {
        return Err(Failure::usage(
            "this is yourself",
            "A focal point leaves with `chancery hand-over --to WHO --leave`; anyone else asks a focal point.",
        ));
    }
    session.sync_all().await?;
    let offered = offers(&session, user)?;
    let removed = remove_person(&mut session, user).await?;
    show(&removed, context)?;
    // The channels' secrets that the person holds are replaced at once.
    session::keep_up(&mut session, context).await?;
    show_offers(&session, context, &offered)
}

fn show(removed: &Removed, context: &Context) -> Result<(), Failure> {
    let fields = json!({ "user": removed.user });
    let text = format!(
        "Removed {}. What is written from now on does not open to them; what they have read stays read.",
        removed.user
    );
    context.out.show("removed", &fields, text)?;
    show_teams(&removed.teams, context)
}
