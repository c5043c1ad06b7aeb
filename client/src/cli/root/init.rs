//! `chancery root init`.

use chancery_core::id::KeyId;
use serde_json::json;

use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::second::SecondLine;
use crate::verbs::root_init::{root_keys, second_keys};

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    /// Make the second custodian's key instead, for the root of this fingerprint
    #[arg(long, value_name = "ROOT")]
    second: Option<KeyId>,
}

pub(super) fn run(args: &Args, context: &Context) -> Result<(), Failure> {
    args.second.map_or_else(|| first(context), |root| second(root, context))
}

fn first(context: &Context) -> Result<(), Failure> {
    let home = context.create_home(root_keys()?)?;
    let root = home.keys().root;
    let fields = json!({ "root": root, "home": home.dir() });
    context.out.show(
        "root",
        &fields,
        format!(
            "The root is made. Its fingerprint, which names the deployment:\n\n  {root}\n\n\
             Keep a copy of {0} and of the passphrase: whoever has both speaks for the mechanism, and nobody can\n\
             make them again.\n\
             For a second custodian: `chancery root init --second {root}` on a machine of theirs.\n\
             Next: `chancery-server init --root {root} ...` on the server.",
            home.dir().display()
        ),
    )
}

fn second(root: KeyId, context: &Context) -> Result<(), Failure> {
    let home = context.create_home(second_keys(root)?)?;
    let key = home.second_key()?;
    let line = SecondLine::make(key, root).text();
    let fields = json!({ "root": root, "key": key.key_id(), "line": line, "home": home.dir() });
    context.out.show(
        "second-custodian",
        &fields,
        format!(
            "The second custodian's key for the root {root} is made:\n\n  {line}\n\n\
             The line is no secret. The first custodian gives it to `chancery root certify --second LINE`.\n\
             Keep a copy of {} and of the passphrase, away from the first custodian's: where both signatures are\n\
             needed, nothing can be done without either.",
            home.dir().display()
        ),
    )
}
