//! `chancery root init`.

use serde_json::json;

use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::verbs::root_init::root_keys;

pub(super) fn run(context: &Context) -> Result<(), Failure> {
    let home = context.create_home(root_keys()?)?;
    let root = home.keys().root;
    let fields = json!({ "root": root, "home": home.dir() });
    context.out.show(
        "root",
        &fields,
        format!(
            "The root is made. Its fingerprint, which names the deployment:\n\n  {root}\n\n\
             Keep copies of {} and of the passphrase with both custodians: whoever has both speaks for the\n\
             mechanism, and nobody can make them again.\n\
             Next: `chancery-server init --root {root} ...` on the server.",
            home.dir().display()
        ),
    )
}
