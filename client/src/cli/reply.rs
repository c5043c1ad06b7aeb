//! `chancery reply`

use chancery_core::act::ThreadStep;

use super::context::Context;
use super::failure::Failure;
use super::session;
use super::written::{Written, tell_posted};
use crate::verbs::find::Prefix;
use crate::verbs::reply::{Reply, reply};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The thread, by its section's id
    thread: Prefix,
    /// Ask on, instead of answering
    #[arg(long, conflicts_with = "no_further_information")]
    question: bool,
    /// Say that the State under review has no further information
    #[arg(long)]
    no_further_information: bool,
    #[command(flatten)]
    written: Written,
}

pub(super) async fn run(args: Args, context: &Context) -> Result<(), Failure> {
    // The neutral word needs no text.
    let is_asked_for = !args.no_further_information || args.written.is_given();
    let text = if is_asked_for { args.written.text()? } else { String::new() };
    let step = match (args.question, args.no_further_information) {
        (_, true) => ThreadStep::NoFurtherInformation,
        (true, false) => ThreadStep::Question,
        (false, false) => ThreadStep::Reply,
    };
    let mut session = session::open(context).await?;
    let what = Reply {
        thread: args.thread,
        step,
        language: args.written.language,
        title: args.written.title,
        text,
        attachments: args.written.attach,
    };
    let posted = reply(&mut session, what).await?;
    tell_posted(context, &posted)
}
