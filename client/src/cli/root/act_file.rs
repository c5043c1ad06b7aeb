//! `--act-file FILE`: an act of the root goes into a file, for the second custodian.

use std::path::PathBuf;

use chancery_core::act::SignedAct;
use chancery_core::name::{KeyAlgorithm, key_id};
use serde_json::{Value, json};

use crate::cli::context::Context;
use crate::cli::failure::{Exit, Failure};
use crate::cli::files;
use crate::cli::time::rfc3339;
use crate::render::{date, root_act};
use crate::second::{ROOT_ACTS_BYTES_MAX, RootActs, RootActsError};
use crate::verbs::root_state::Way;

#[derive(Debug, Clone, clap::Args)]
pub(in crate::cli) struct ActFile {
    /// Write the signed act into a new file, for the second custodian to countersign; nothing is sent
    #[arg(long, value_name = "FILE")]
    act_file: Option<PathBuf>,
}

impl ActFile {
    pub(in crate::cli) const fn way(&self) -> Way {
        if self.act_file.is_some() { Way::File } else { Way::Send }
    }

    /// Writes the file, and says what it holds and what is to be done with it.
    pub(in crate::cli) fn write(&self, acts: &RootActs, context: &Context) -> Result<(), Failure> {
        let Some(file) = &self.act_file else { return Err(Failure::bug("an act went nowhere")) };
        files::write_new(file, acts.encode().as_bytes())?;
        show(acts, context)?;
        let ids: Vec<_> = acts.acts().iter().map(|act| act.content().header.act_id).collect();
        let shown = file.display();
        context.out.show(
            "act-file",
            &json!({ "file": file, "acts": ids, "countersigned": false }),
            format!(
                "Wrote {shown}. Nothing was sent.\n\
                 Next: the second custodian runs `chancery root countersign {shown} --out FILE`; then\n\
                 `chancery root send FILE` here."
            ),
        )
    }
}

/// A file of acts of a root.
pub(super) fn read(path: &std::path::Path) -> Result<RootActs, Failure> {
    let text = files::read_text(path, ROOT_ACTS_BYTES_MAX)?;
    RootActs::decode(text.as_bytes()).map_err(Failure::from)
}

/// What the acts say, one after the other.
pub(super) fn show(acts: &RootActs, context: &Context) -> Result<(), Failure> {
    acts.acts().iter().try_for_each(|act| {
        let header = &act.content().header;
        let words = root_act(&act.content().statement, acts.announced());
        let text = format!("Act {}, made {}:\n{words}", header.act_id, date(header.clock_ms));
        context.out.show("root-act", &fields(act, &words), text)
    })
}

fn fields(act: &SignedAct, words: &str) -> Value {
    let content = act.content();
    json!({
        "act": content.header.act_id,
        "statement": content.statement.kind().as_str(),
        "clock": rfc3339(content.header.clock_ms),
        "words": words,
    })
}

/// The id of a second custodian's key, as it is shown everywhere.
pub(super) fn second_id(key: &[u8; 32]) -> String {
    key_id(KeyAlgorithm::Ed25519, key).to_string()
}

impl From<RootActsError> for Failure {
    fn from(error: RootActsError) -> Self {
        let message = format!("{error}.");
        match error {
            RootActsError::Malformed | RootActsError::OtherVersion => {
                let next =
                    "Copy the whole file again, as `--act-file` or `chancery root countersign` wrote it.";
                Self::new(Exit::Usage, "NOT_ROOT_ACTS", message, next)
            }
            RootActsError::TooMany => Self::new(
                Exit::Usage,
                "TOO_MANY",
                message,
                "Put fewer into one file, and make several files.",
            ),
            RootActsError::OtherRoot => Self::new(
                Exit::Refused,
                "OTHER_ROOT",
                message,
                "Name the home of that deployment with --home.",
            ),
            RootActsError::NoSecond => Self::new(
                Exit::Conflict,
                "NO_SECOND_CUSTODIAN",
                message,
                "Give the command without --act-file.",
            ),
            RootActsError::NotTheRoots(_)
            | RootActsError::Act { .. }
            | RootActsError::OtherAnnouncement
            | RootActsError::Second(_) => {
                let next = "Do not sign or send it. Ask the other custodian how it came about.";
                Self::new(Exit::Verification, "ACTS_ALTERED", message, next)
            }
        }
    }
}
