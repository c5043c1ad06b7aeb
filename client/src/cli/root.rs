//! `chancery root ...`: what the custodians do from their own home.

pub(super) mod act_file;
mod admit_state;
mod amend_state;
mod certify;
mod countersign;
mod init;
mod invite;
mod revoke_device;
mod send;
mod show;

use clap::Subcommand;

use super::context::Context;
use super::failure::Failure;
use super::{admit, replacement};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Make the root key in a new home, or the second custodian's key
    Init(init::Args),
    /// Certify a server, from the request that `chancery-server init` printed
    Certify(certify::Args),
    /// Enter a State into the roster
    AdmitState(admit_state::Args),
    /// Amend a State's standing towards the instruments
    AmendState(amend_state::Args),
    /// Invite an officer of the secretariat or a State's focal point
    Invite(invite::Args),
    /// List who has answered an invitation, and admit them
    Admit(AdmitArgs),
    /// Replace the focal points and the key of a State whose key is lost, after 72 hours
    #[command(subcommand)]
    Replace(replacement::Command),
    /// Countersign acts of the root, in the second custodian's home
    Countersign(countersign::Args),
    /// Send acts of the root that the second custodian has countersigned
    Send(send::Args),
    /// Shut out a lost device of an officer or focal point
    RevokeDevice(revoke_device::Args),
    /// Show the deployment: its keys, its server and the roster
    Show,
}

#[derive(Debug, clap::Args)]
pub(super) struct AdmitArgs {
    #[command(flatten)]
    admit: admit::Args,
    #[command(flatten)]
    act_file: act_file::ActFile,
}

impl Command {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        match self {
            Self::Init(args) => init::run(&args, context),
            Self::Certify(args) => certify::run(args, context),
            Self::AdmitState(args) => admit_state::run(args, context).await,
            Self::AmendState(args) => amend_state::run(args, context).await,
            Self::Invite(args) => invite::run(args, context).await,
            Self::Admit(args) => admit::run(args.admit, Some(&args.act_file), context).await,
            Self::Replace(command) => replacement::run(command, context).await,
            Self::Countersign(args) => countersign::run(&args, context),
            Self::Send(args) => Box::pin(send::run(args, context)).await,
            Self::RevokeDevice(args) => revoke_device::run(args, context).await,
            Self::Show => show::run(context).await,
        }
    }
}
