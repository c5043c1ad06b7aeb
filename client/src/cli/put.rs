//! `chancery put`

use std::path::PathBuf;

use chancery_core::id::InstrumentCode;
use chancery_core::mechanism::Language;

use super::context::Context;
use super::failure::Failure;
use super::session;
use super::transfer::Bar;
use super::written::tell_posted;
use crate::verbs::find::{Prefix, ReviewName};
use crate::verbs::put::{Document, put};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The file
    file: PathBuf,
    /// The instrument in whose strand it goes, for example firearms
    #[arg(long, visible_alias = "to", value_name = "INSTRUMENT", required_unless_present = "revises")]
    instrument: Option<InstrumentCode>,
    /// The language of the document: ar, zh, en, fr, ru or es
    #[arg(long, value_name = "CODE")]
    language: Language,
    /// A title [default: the file's name]
    #[arg(long, default_value = "", hide_default_value = true)]
    title: String,
    /// A text beside it
    #[arg(long, default_value = "", hide_default_value = true)]
    text: String,
    /// The article that it is about
    #[arg(long, requires = "question")]
    article: Option<String>,
    /// The question that it is about, for example firearms-5-1
    #[arg(long, requires = "article")]
    question: Option<String>,
    /// The document of which it is the next revision
    #[arg(long, value_name = "SECTION")]
    revises: Option<Prefix>,
    /// The review, by its State or id, if you read several
    #[arg(long)]
    review: Option<ReviewName>,
}

pub(super) async fn run(args: Args, context: &Context) -> Result<(), Failure> {
    let length = std::fs::metadata(&args.file).map_or(0, |metadata| metadata.len());
    let mut session = session::open(context).await?;
    let bar = Bar::new(context.out, "sent", length);
    let document = Document {
        path: args.file,
        instrument: args.instrument,
        review: args.review,
        about: args.article.zip(args.question),
        revises: args.revises,
        language: args.language,
        title: args.title,
        text: args.text,
    };
    let posted = put(&mut session, document, &bar.progress()).await;
    bar.end();
    tell_posted(context, &posted?)
}
