//! `chancery completions SHELL`.

use clap_complete::Shell;

use super::context::Context;
use super::failure::Failure;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The shell
    shell: Shell,
}

pub(super) fn run(args: &Args, context: &Context) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut super::command_line(), "chancery", &mut script);
    context.out.bytes(&script)
}
