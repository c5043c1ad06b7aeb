//! `chancery post`

use chancery_core::id::InstrumentCode;
use chancery_core::mechanism::ItemKind;

use super::context::Context;
use super::failure::Failure;
use super::session;
use super::written::{Written, tell_posted};
use crate::verbs::find::{Prefix, ReviewName};
use crate::verbs::post::{Item, post};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// response, feedback, document, meeting-record, coordination, draft, follow-up or good-practice
    kind: ItemKind,
    /// The instrument, for example firearms
    #[arg(long, required_unless_present = "revises")]
    instrument: Option<InstrumentCode>,
    /// The article that it is about
    #[arg(long, requires = "question")]
    article: Option<String>,
    /// The question that it is about, for example firearms-5-1
    #[arg(long, requires = "article")]
    question: Option<String>,
    /// The section of which it is the next revision
    #[arg(long, value_name = "SECTION")]
    revises: Option<Prefix>,
    /// Do not open it on submission, for this reason
    #[arg(long, value_name = "REASON")]
    hold_back: Option<String>,
    /// The review, by its State or id, if you read several
    #[arg(long)]
    review: Option<ReviewName>,
    #[command(flatten)]
    written: Written,
}

pub(super) async fn run(args: Args, context: &Context) -> Result<(), Failure> {
    if args.kind == ItemKind::Clarification {
        let next = "Use `chancery ask` and `chancery reply`.";
        return Err(Failure::usage("a clarification is asked or replied to", next));
    }
    let text = args.written.text()?;
    let mut session = session::open(context).await?;
    let item = Item {
        kind: args.kind,
        review: args.review,
        instrument: args.instrument,
        about: args.article.zip(args.question),
        revises: args.revises,
        read: None,
        language: args.written.language,
        title: args.written.title,
        text,
        attachments: args.written.attach,
        hold_back: args.hold_back,
    };
    let posted = post(&mut session, item).await?;
    tell_posted(context, &posted)
}
