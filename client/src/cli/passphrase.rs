//! `chancery passphrase`

use serde_json::json;

use super::context::Context;
use super::failure::Failure;
use super::prompt::{Changed, changed_passphrase};
use crate::verbs::passphrase::change;

pub(super) fn run(context: &Context) -> Result<(), Failure> {
    let dir = context.present_home()?;
    let Changed { old, new } = changed_passphrase(context.passphrase_fd())?;
    let wiped = change(dir, &old, &new)?;
    context.out.show(
        "passphrase",
        &json!({ "home": dir, "wiped": wiped }),
        "The new passphrase opens this home, and the old one does not.",
    )?;
    if !wiped {
        context.out.advise("This system did not let the old key store be overwritten on the disk.");
    }
    context.out.advise(
        "A copy of the old file, in a backup say, still opens with the old passphrase. If somebody may have one, \
         have this device's keys replaced, too.",
    );
    Ok(())
}
