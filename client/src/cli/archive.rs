//! `chancery archive export` and `chancery archive verify`

use std::path::PathBuf;

use chancery_core::id::{ChannelId, InstrumentCode, KeyId};
use serde_json::json;

use super::context::Context;
use super::failure::{Exit, Failure};
use super::session::{self, name_of};
use super::time::rfc3339;
use super::transfer::Bar;
use crate::archive::container::ContainerError;
use crate::archive::verify::{RecordError, RecordFault, Shown};
use crate::archive::write::WriteError;
use crate::render;
use crate::sync::{Session, SessionError};
use crate::verbs::archive_export::{ExportError, export};
use crate::verbs::archive_verify::{VerifyRecordError, archive_verify};
use crate::verbs::find::{self, Prefix, ReviewName, Wanted};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Write a channel, or one section of it, to a file that reads and verifies offline
    Export(ExportArgs),
    /// Verify such a file: no network, no account
    Verify(VerifyArgs),
}

#[derive(Debug, clap::Args)]
struct ExportArgs {
    /// The file to write
    file: PathBuf,
    /// Of the strand of this instrument
    #[arg(long, required_unless_present_any = ["section", "delegation"], conflicts_with_all = ["section", "delegation"])]
    instrument: Option<InstrumentCode>,
    /// Of the reviewers' coordination on that instrument instead
    #[arg(long, requires = "instrument")]
    coordination: bool,
    /// Of your State's delegation
    #[arg(long, conflicts_with = "section")]
    delegation: bool,
    /// Of this section alone
    #[arg(long, value_name = "SECTION")]
    section: Option<Prefix>,
    /// The review, by its State or id, if you read several
    #[arg(long)]
    review: Option<ReviewName>,
    /// Replace what is there
    #[arg(long)]
    force: bool,
}

#[derive(Debug, clap::Args)]
struct VerifyArgs {
    /// The file
    file: PathBuf,
    /// The fingerprint of the deployment's root, from another source than the file
    #[arg(long, value_name = "FINGERPRINT")]
    root: KeyId,
}

pub(super) async fn run(args: Args, context: &Context) -> Result<(), Failure> {
    match args.command {
        Command::Export(args) => export_record(args, context).await,
        Command::Verify(args) => verify_record(&args, context),
    }
}

async fn export_record(args: ExportArgs, context: &Context) -> Result<(), Failure> {
    let mut session = session::open(context).await?;
    session.sync_all().await?;
    let (channel, section) = match &args.section {
        Some(prefix) => {
            let (channel, section) = find::section(&session, prefix)?;
            (channel, Some(section))
        }
        None => (whole(&session, &args)?, None),
    };
    let bar = Bar::new(context.out, "fetched", 0);
    let exported = export(&session, channel, section, &args.file, args.force, &bar.progress()).await;
    bar.end();
    let exported = exported?;
    let mut fields = fields(&exported.shown);
    if let Some(fields) = fields.as_object_mut() {
        fields.insert("path".to_owned(), json!(exported.path));
        fields.insert("length".to_owned(), json!(exported.length));
        fields.insert("root".to_owned(), json!(session.root()));
    }
    let mut text = format!(
        "{}  {}\nVerify it anywhere: chancery archive verify FILE --root {}",
        exported.path.display(),
        render::bytes(exported.length),
        session.root()
    );
    for left in &exported.left_out {
        text.push_str(&format!("\nLeft out: {left}."));
    }
    context.out.show("record", &fields, text)
}

fn whole(session: &Session, args: &ExportArgs) -> Result<ChannelId, SessionError> {
    let wanted = match &args.instrument {
        Some(instrument) if args.coordination => Wanted::Coordination(instrument.clone()),
        Some(instrument) => Wanted::Strand(instrument.clone()),
        None => Wanted::OwnDelegation,
    };
    find::channel(session, args.review.as_ref(), &wanted)
}

fn verify_record(args: &VerifyArgs, context: &Context) -> Result<(), Failure> {
    let shown = archive_verify(&args.file, &args.root)?;
    let what = if shown.section.is_some() { "One section" } else { "Every section" };
    let mut text = format!(
        "Verified: {}.\n{what}, until {}: {} posts and {} files, in a log of {} entries. Every signature, rule, \
         checkpoint, key, text and file holds under this root.",
        name_of(&shown.place, &shown.state.map(|state| state.to_string()).unwrap_or_default()),
        render::date(shown.until_ms),
        shown.posts,
        shown.files,
        shown.entries,
    );
    for left in &shown.left_out {
        text.push_str(&format!("\nLeft out by whoever made it: {left}."));
    }
    context.out.show("record-verified", &fields(&shown), text)
}

fn fields(shown: &Shown) -> serde_json::Value {
    let left_out: Vec<_> = shown
        .left_out
        .iter()
        .map(|left| json!({ "act": left.act, "file": left.file, "why": left.why }))
        .collect();
    json!({
        "channel": shown.channel, "channel_kind": shown.place.kind(), "review": shown.place.review(),
        "state": shown.state,
        "section": shown.section, "entries": shown.entries, "until": rfc3339(shown.until_ms),
        "posts": shown.posts, "files": shown.files, "left_out": left_out,
    })
}

impl From<RecordError> for Failure {
    fn from(error: RecordError) -> Self {
        let message = format!("the record does not hold: {}", error.fault);
        let next = match error.fault {
            RecordFault::Container(ContainerError::Header(_)) => {
                "A record is verified as the one file that was exported: unpacked and packed again it is another. \
                 Get that file again, or ask whoever made it."
            }
            _ => "Do not rely on it. Get it again, or ask whoever made it.",
        };
        Self { at: Some(error.at), ..Self::new(Exit::Verification, "RECORD", message, next) }
    }
}

impl From<VerifyRecordError> for Failure {
    fn from(error: VerifyRecordError) -> Self {
        match error {
            VerifyRecordError::File(error) => error.into(),
            VerifyRecordError::Record(error) => error.into(),
        }
    }
}

impl From<ExportError> for Failure {
    fn from(error: ExportError) -> Self {
        let message = error.to_string();
        match error {
            ExportError::Session(error) => error.into(),
            ExportError::File(error) => error.into(),
            ExportError::Write(WriteError::Io(error)) => Self::of_io("the record", &error),
            ExportError::Write(WriteError::Nothing | WriteError::NoSuchSection(_)) => {
                Self::not_found(message, "See `chancery channels` and `chancery threads`.")
            }
            ExportError::Unsound(error) => Self {
                at: Some(error.at),
                ..Self::bug(format!("the record does not verify: {}", error.fault))
            },
        }
    }
}
