//! `chancery complain`

use chancery_core::id::FileId;
use serde_json::json;

use super::context::Context;
use super::failure::Failure;
use super::session;
use crate::verbs::complain::{Complaint, complain};
use crate::verbs::find::Prefix;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The act whose key, box or body does not open, by its id
    act: Prefix,
    /// A file that the act cites, and that does not open
    #[arg(long)]
    file: Option<FileId>,
}

pub(super) async fn run(args: Args, context: &Context) -> Result<(), Failure> {
    let mut session = session::open(context).await?;
    let complaint = args.file.map_or(Complaint::Found, Complaint::File);
    let (alarm, sent) = complain(&mut session, &args.act, complaint).await?;
    let fields = json!({
        "channel": alarm.channel, "about": alarm.alert.act, "fault": alarm.alert.word(), "act": sent.acts.first(),
    });
    let text = format!("Told to every reader of the channel: {}.", alarm.alert);
    context.out.show("complaint", &fields, text)
}
