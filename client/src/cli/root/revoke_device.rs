//! `chancery root revoke-device`.

use crate::cli::context::Context;
use crate::cli::device::told;
use crate::cli::failure::Failure;
use crate::cli::session;
use crate::verbs::devices::{find, revoke};
use crate::verbs::people;

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    /// The officer or focal point: the first digits of the id
    user: String,
    /// The first digits of the device's id
    device: String,
}

pub(super) async fn run(args: Args, context: &Context) -> Result<(), Failure> {
    let mut session = session::open(context).await?;
    session.home.root_key()?;
    session.sync_directory().await?;
    let user = people::find(&session, &args.user)?;
    let device = find(&mut session, Some(user), &args.device).await?;
    told(&revoke(&mut session, Some(user), device).await?, context)
}
