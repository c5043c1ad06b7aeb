//! `chancery ask`

use chancery_core::id::InstrumentCode;

use super::context::Context;
use super::failure::Failure;
use super::session;
use super::written::{Written, tell_posted};
use crate::verbs::ask::{Question, ask};
use crate::verbs::find::{Prefix, ReviewName};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The instrument, for example firearms
    #[arg(long)]
    instrument: InstrumentCode,
    /// The article
    #[arg(long)]
    article: String,
    /// The question of the questionnaire, for example firearms-5-1
    #[arg(long)]
    question: String,
    /// The section or revision asked about
    #[arg(long, value_name = "ID")]
    about: Option<Prefix>,
    /// The review, by its State or id, if you read several
    #[arg(long)]
    review: Option<ReviewName>,
    #[command(flatten)]
    written: Written,
}

pub(super) async fn run(args: Args, context: &Context) -> Result<(), Failure> {
    let text = args.written.text()?;
    let mut session = session::open(context).await?;
    let question = Question {
        review: args.review,
        instrument: args.instrument,
        article: args.article,
        question: args.question,
        about: args.about,
        language: args.written.language,
        title: args.written.title,
        text,
        attachments: args.written.attach,
    };
    let posted = ask(&mut session, question).await?;
    tell_posted(context, &posted)
}
