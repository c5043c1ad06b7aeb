//! `chancery root ...`: what the custodians do from their own home.

mod certify;
mod init;

use clap::Subcommand;

use super::context::Context;
use super::failure::Failure;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Make the root key in a new home
    Init,
    /// Certify a server, from the request that `chancery-server init` printed
    Certify(certify::Args),
}

impl Command {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        match self {
            Self::Init => init::run(context),
            Self::Certify(args) => certify::run(args, context),
        }
    }
}
