//! `chancery device ...`: one's own devices, and shutting out a lost one.

use chancery_core::id::UserId;
use clap::Subcommand;
use serde_json::json;

use super::context::Context;
use super::failure::Failure;
use super::session::{self, quoted};
use super::time::rfc3339;
use super::{admit, invite};
use crate::invitation::Meant;
use crate::sync::Session;
use crate::verbs::devices::{Listed, NextKey, Revoked, call, devices, find, revoke};
use crate::verbs::invite::{invite as open_invitation, terms_of};
use crate::verbs::people;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Open an invitation for a further device of your own
    Add,
    /// Let in your devices that have answered
    Admit,
    /// List your devices, or another person's
    List {
        /// The person: the first digits of the id, or the name
        #[arg(long, value_name = "USER")]
        of: Option<String>,
    },
    /// Call a device by a name; it stays in this home, and nobody else sees it
    Name {
        /// The first digits of the device's id
        device: String,
        /// The name; empty to forget it
        name: String,
    },
    /// Shut out a device that is lost
    Revoke(RevokeArgs),
}

#[derive(Debug, clap::Args)]
pub(super) struct RevokeArgs {
    /// The first digits of the device's id, or what you call it
    device: String,
    /// The person whose device it is, of your State [default: you]
    #[arg(long, value_name = "USER")]
    of: Option<String>,
}

impl Command {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        match self {
            Self::Add => add(context).await,
            Self::Admit => admit::devices(context).await,
            Self::List { of } => list(of, context).await,
            Self::Name { device, name } => name_it(&device, &name, context).await,
            Self::Revoke(args) => shut_out(args, context).await,
        }
    }
}

async fn add(context: &Context) -> Result<(), Failure> {
    let mut session = session::open(context).await?;
    let user = session.person()?.identity.user;
    let terms = terms_of(&session, user, Meant::Device(user)).map_err(crate::sync::SessionError::from)?;
    let nobody =
        chancery_core::act::PersonCard { name: String::new(), post: String::new(), contact: String::new() };
    let invited = open_invitation(&mut session, terms, &nobody).await?;
    invite::show(&invited, context)
}

async fn list(of: Option<String>, context: &Context) -> Result<(), Failure> {
    let mut session = session::open(context).await?;
    let of = person(&mut session, of).await?;
    for device in devices(&mut session, of).await? {
        show(&device, context)?;
    }
    Ok(())
}

fn show(device: &Listed, context: &Context) -> Result<(), Failure> {
    let fields = json!({
        "device": device.device,
        "name": device.name,
        "since": rfc3339(device.since_ms),
        "revoked": device.until_ms.map(rfc3339),
        "this": device.this,
    });
    let name = device.name.as_deref().map(|name| format!("  {}", quoted(name))).unwrap_or_default();
    let this = if device.this { "  this device" } else { "" };
    let until = device.until_ms.map(|until| format!(", shut out {}", rfc3339(until))).unwrap_or_default();
    let line = format!("{}  since {}{until}{name}{this}", device.device, rfc3339(device.since_ms));
    context.out.show("device", &fields, line)
}

async fn name_it(device: &str, name: &str, context: &Context) -> Result<(), Failure> {
    let mut session = session::open(context).await?;
    let device = find(&mut session, None, device).await?;
    call(&session, device, name)?;
    let fields = json!({ "device": device, "name": name });
    context.out.show("device-named", &fields, format!("{device} is called {} here.", quoted(name)))
}

async fn shut_out(args: RevokeArgs, context: &Context) -> Result<(), Failure> {
    let mut session = session::open(context).await?;
    let of = person(&mut session, args.of).await?;
    let device = find(&mut session, of, &args.device).await?;
    if session.person()?.identity.device == device {
        return Err(Failure::usage(
            "this is the device you are at",
            "Shut it out from another of your devices, or ask your focal point.",
        ));
    }
    let revoked = revoke(&mut session, of, device).await?;
    told(&revoked, context)?;
    session::keep_up(&mut session, context).await
}

/// Says what became of a device.
pub(super) fn told(revoked: &Revoked, context: &Context) -> Result<(), Failure> {
    let made = revoked.next_key == NextKey::Made;
    let fields = json!({ "user": revoked.user, "device": revoked.device, "new_key": made });
    let key = match revoked.next_key {
        NextKey::Made => {
            " Your next key is made: what is written from now on does not open to whoever has the device."
        }
        NextKey::Awaited => " The person's own client makes their next key as soon as it comes online.",
        NextKey::NoDevice => {
            " It was the person's only device: they come back by their recovery sheet (`chancery recover`), or are \
             certified anew (`invite --recertify`). Until then nothing can be addressed to them."
        }
    };
    let text = format!("{} is shut out.{key} What it has read stays read.", revoked.device);
    context.out.show("device-revoked", &fields, text)
}

async fn person(session: &mut Session, name: Option<String>) -> Result<Option<UserId>, Failure> {
    session.sync_directory().await?;
    Ok(name.map(|name| people::find(session, &name)).transpose()?)
}
