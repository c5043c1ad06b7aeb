//! `chancery recover`: back with a recovery sheet, on a new machine.

use serde_json::json;

use super::context::Context;
use super::failure::Failure;
use super::{session, sheet};
use crate::home::{Home, HomeError};
use crate::sheet::SheetLine;
use crate::verbs::recover::{Lost, bring_in, device_keys, recover};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Read the sheet from this file descriptor instead of asking for it
    #[arg(long, value_name = "N")]
    sheet_fd: Option<u32>,
    /// Shut out a device that is lost: the first digits of its id, or all
    #[arg(long, value_name = "DEVICE|all")]
    lost: Vec<String>,
}

pub(super) async fn run(args: Args, context: &Context) -> Result<(), Failure> {
    let dir = context.home_dir()?.clone();
    let (line, secret) = args.sheet_fd.map_or_else(sheet::typed, sheet::from_descriptor)?;
    let resumed = Home::is_at(&dir);
    let home = if resumed { again(&line, context)? } else { context.create_home(device_keys(&line)?)? };
    if let Err(error) = bring_in(&home, &secret).await {
        if !error.is_refusal() {
            return Err(error.into());
        }
        // A device that came in before is refused the second time, and goes on.
        if !resumed {
            drop(home);
            Home::discard(&dir)?;
            return Err(error.into());
        }
    }
    let lost = if args.lost.iter().any(|one| one == "all") { Lost::All } else { Lost::These(args.lost) };
    let mut back = recover(home, &secret, &lost).await?;
    context.heed(&back.session);
    let fields = json!({ "user": back.user, "device": back.device, "lost": back.lost });
    let shut = match back.lost.len() {
        0 => "No device was shut out: see `chancery device list`.".to_owned(),
        count => format!("{count} lost devices are shut out."),
    };
    let text = format!("You are back, with a new device and your next key. {shut}");
    context.out.show("recovered", &fields, text)?;
    session::keep_up(&mut back.session, context).await?;
    context.out.advise(
        "The sheet was used: if others may have seen it, make another with `chancery recovery new`. If a channel\n\
         does not open, one of its members has to come online once.",
    );
    Ok(())
}

/// The home of a recovery that did not come to its end.
fn again(line: &SheetLine, context: &Context) -> Result<Home, Failure> {
    let home = context.open_home()?;
    let same =
        home.keys().root == line.root && home.person().is_ok_and(|person| person.identity.user == line.user);
    if same { Ok(home) } else { Err(HomeError::Exists { dir: home.dir().to_owned() }.into()) }
}
