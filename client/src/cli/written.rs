//! What a person writes: language, title and text, as options that several commands share; and how a post that
//! was made is told.

use std::fmt::{Display, Write as _};
use std::fs::File;
use std::io::{self, IsTerminal as _, Read as _};
use std::path::PathBuf;

use chancery_core::limits::BODY_BYTES_MAX;
use chancery_core::mechanism::Language;
use chancery_core::policy::BodyNote;
use serde_json::json;

use super::context::Context;
use super::failure::Failure;
use super::time::rfc3339;
use crate::sync::Posted;

/// A text and what is said of it.
#[derive(Debug, clap::Args)]
pub(super) struct Written {
    /// The text [default: standard input]
    #[arg(conflicts_with = "text_file")]
    text: Option<String>,
    /// Read the text from this file
    #[arg(long, value_name = "FILE")]
    text_file: Option<PathBuf>,
    /// The language of the text: ar, zh, en, fr, ru or es
    #[arg(long, value_name = "CODE")]
    pub(super) language: Language,
    /// A title
    #[arg(long, default_value = "", hide_default_value = true)]
    pub(super) title: String,
    /// Attach this file; may be given several times
    #[arg(long, value_name = "FILE")]
    pub(super) attach: Vec<PathBuf>,
}

impl Written {
    /// Whether a text is given, and not only awaited from a terminal.
    pub(super) fn is_given(&self) -> bool {
        self.text.is_some() || self.text_file.is_some() || !io::stdin().is_terminal()
    }

    /// The text, from wherever it comes.
    pub(super) fn text(&self) -> Result<String, Failure> {
        if let Some(text) = &self.text {
            return Ok(text.clone());
        }
        let mut text = String::new();
        let limit = BODY_BYTES_MAX as u64 + 1;
        if let Some(path) = &self.text_file {
            let read = File::open(path).and_then(|file| file.take(limit).read_to_string(&mut text));
            read.map_err(|error| unreadable(path.display(), &error))?;
        } else {
            if io::stdin().is_terminal() {
                return Err(Failure::usage(
                    "there is no text",
                    "Give it as an argument, with --text-file, or on standard input.",
                ));
            }
            let read = io::stdin().take(limit).read_to_string(&mut text);
            read.map_err(|error| unreadable("standard input", &error))?;
        }
        if text.len() > BODY_BYTES_MAX {
            return Err(Failure::usage(
                "the text is too long for a post",
                "Send a long text as a document: chancery put.",
            ));
        }
        Ok(text.trim_end().to_owned())
    }
}

fn unreadable(what: impl Display, error: &io::Error) -> Failure {
    if error.kind() == io::ErrorKind::InvalidData {
        return Failure::usage(
            format!("{what} is not UTF-8 text"),
            "Send another kind of file as a document: chancery put.",
        );
    }
    Failure::of_io(what, error)
}

/// Tells what was posted.
pub(super) fn tell_posted(context: &Context, posted: &Posted) -> Result<(), Failure> {
    let receipt = posted.sent.receipts.first();
    let notes: Vec<String> = posted.notes.iter().copied().map(note).collect();
    let fields = json!({
        "channel": posted.channel,
        "section": posted.section,
        "act": posted.act,
        "item": posted.kind,
        "disclosed": posted.disclosed.map(chancery_core::act::Audience::as_str),
        "index": receipt.map(|receipt| receipt.index),
        "log_time": receipt.map(|receipt| rfc3339(receipt.log_time_ms)),
        "notes": notes,
    });
    let mut text = format!("Posted: {}, act {}, section {}", posted.kind, posted.act, posted.section);
    if let Some(audience) = posted.disclosed {
        let _ = write!(text, "\nOpened to {} with it.", audience.as_str());
    }
    for note in &notes {
        let _ = write!(text, "\nNote: {note}");
    }
    context.out.show("posted", &fields, text)
}

fn note(note: BodyNote) -> String {
    match note {
        BodyNote::OtherLanguage(language) => {
            format!("the review was not agreed to be conducted in {}", language.name_in_itself())
        }
        BodyNote::HeldBackWithoutReason => "it is held back without a reason".to_owned(),
    }
}
