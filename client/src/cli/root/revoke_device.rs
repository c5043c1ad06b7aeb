//! `chancery root revoke-device`.

use super::act_file::ActFile;
use crate::cli::context::Context;
use crate::cli::device::told;
use crate::cli::failure::Failure;
use crate::cli::session;
use crate::verbs::devices::{find, revoke_as_root};
use crate::verbs::people;
use crate::verbs::root_state::Stated;

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    /// The officer or focal point: the first digits of the id
    user: String,
    /// The first digits of the device's id
    device: String,
    #[command(flatten)]
    act_file: ActFile,
}

pub(super) async fn run(args: Args, context: &Context) -> Result<(), Failure> {
    let mut session = session::open(context).await?;
    session.home.root_key()?;
    session.sync_directory().await?;
    let user = people::find(&mut session, &args.user)?;
    let device = find(&mut session, Some(user), &args.device).await?;
    match revoke_as_root(&mut session, user, device, args.act_file.way()).await? {
        Stated::Sent(revoked) => told(&revoked, context),
        Stated::Filed(acts) => args.act_file.write(&acts, context),
    }
}
