//! `chancery get`

use std::path::PathBuf;

use serde_json::json;

use super::context::Context;
use super::failure::Failure;
use super::session;
use super::transfer::Bar;
use crate::render::bytes;
use crate::verbs::find::Prefix;
use crate::verbs::get::{find, get};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The file's id, or its beginning: see `chancery thread`
    file: Prefix,
    /// Where it goes: a folder, or a path
    #[arg(long, value_name = "PATH", default_value = ".")]
    to: PathBuf,
    /// Replace what is there
    #[arg(long)]
    force: bool,
}

pub(super) async fn run(args: Args, context: &Context) -> Result<(), Failure> {
    let mut session = session::open(context).await?;
    let found = find(&mut session, &args.file).await?;
    let bar = Bar::new(context.out, "fetched", found.attachment.length);
    let saved = get(&session, &found, &args.to, args.force, &bar.progress()).await;
    bar.end();
    let saved = saved?;
    let attachment = &found.attachment;
    let fields = json!({
        "file": attachment.file, "act": found.act, "channel": found.channel, "name": attachment.name,
        "media_type": attachment.media_type, "length": saved.length, "sha256": attachment.sha256,
        "path": saved.path,
    });
    let text = format!("{}  {}, checked", saved.path.display(), bytes(saved.length));
    context.out.show("file", &fields, text)
}
