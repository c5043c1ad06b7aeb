//! `chancery trust`: the chain in plain words.

use std::fmt::Display;

use chancery_core::act::Role;
use chancery_core::id::UserId;
use serde_json::{Value, json};

use super::changes::{self, name, tell_changes};
use super::context::Context;
use super::failure::Failure;
use super::safety_number;
use super::session;
use super::time::rfc3339;
use crate::render::{date, role};
use crate::verbs::trust::chain::{Fact, KeyWord, Step, Subject, Word};
use crate::verbs::trust::changes::Acknowledged;
use crate::verbs::trust::standing::{Ended, Standing};
use crate::verbs::trust::{Name, trust};

#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Option<Command>,
    /// A State, or the first digits of the id of a person, device or act, or a person's name
    #[arg(required_unless_present = "seen")]
    who: Option<Name>,
    /// Show what keys have changed, and take note of all of it
    #[arg(long, conflicts_with = "who")]
    seen: bool,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// The safety number of your State, or of another, for a note verbale
    SafetyNumber(safety_number::ShowArgs),
    /// Compare the safety number in a State's note verbale
    Compare(safety_number::CompareArgs),
}

pub(super) async fn run(args: Args, context: &Context) -> Result<(), Failure> {
    match args.command {
        Some(Command::SafetyNumber(args)) => return safety_number::show(args, context).await,
        Some(Command::Compare(args)) => return safety_number::run_compare(args, context).await,
        None => {}
    }
    let mut session = session::open(context).await?;
    let Some(who) = args.who else {
        session.sync_all().await?;
        return tell_changes(&session, context, Acknowledged::All);
    };
    let found = trust(&mut session, &who).await?;
    for step in &found.steps {
        let text = line(step, &|user| name(&session, user));
        context.out.show("trust-step", &changes::fields(step), text)?;
    }
    if let Some(act) = &found.act {
        let text = act_text(act, &|user| name(&session, user));
        context.out.show("trust-act", &act_fields(act), text)?;
    }
    let seen = match found.subject {
        Some(Subject::State(state)) => Acknowledged::State(state),
        Some(Subject::Person(_)) | None => Acknowledged::Told,
    };
    tell_changes(&session, context, seen)
}

/// The first digits of an id.
pub(super) fn short(id: impl Display) -> String {
    id.to_string().chars().take(8).collect()
}

fn line(step: &Step, name: &dyn Fn(UserId) -> String) -> String {
    let Step { index, act, log_time_ms, .. } = step;
    format!("{}  entry {index:>4}, act {}  {}", date(*log_time_ms), short(act), told(step, name))
}

/// A step as a sentence.
fn told(step: &Step, name: &dyn Fn(UserId) -> String) -> String {
    let by = || step.by.map_or_else(|| "the root".to_owned(), |(user, _)| name(user));
    match &step.fact {
        Fact::Founded(root) => format!("The root {root} founded this deployment."),
        Fact::StateAdmitted(state) => format!("The root entered {} into the roster.", state.english_name()),
        Fact::StateKey { state, generation, word } => {
            let state = state.english_name();
            match word {
                KeyWord::Root => format!("The root certified {state}'s key of generation {generation}."),
                KeyWord::KeyBefore => format!(
                    "{state} replaced its key by generation {generation}, with the word of the one before."
                ),
                KeyWord::Custodians { objected } => {
                    let objected = if *objected { " against its objection, signed twice," } else { "" };
                    format!(
                        "The custodians replaced {state}'s focal points and key by generation {generation},\
                         {objected} after 72 hours and without the word of the key before."
                    )
                }
            }
        }
        Fact::ReplacementAnnounced(state) => format!(
            "The custodians announced that {}'s focal points and key will be replaced.",
            state.english_name()
        ),
        Fact::ReplacementObjected(state) => format!("{} objected to it.", state.english_name()),
        Fact::Admitted { user, role, of, word, device } => {
            let of = of.map(|state| format!(" of {}", state.english_name())).unwrap_or_default();
            format!(
                "{} admitted {} as {}{of} with the device {}.",
                said(*word, &by),
                name(*user),
                a(*role),
                short(device)
            )
        }
        Fact::Reseated { user, role, word } => {
            format!("{} made {} {}.", said(*word, &by), name(*user), a(*role))
        }
        Fact::Recertified { user, word, device } => format!(
            "{} certified {} anew with the device {}; every device before is refused from here on.",
            said(*word, &by),
            name(*user),
            short(device)
        ),
        Fact::DeviceAdded { user, device, by_sheet } => {
            let with = match (by_sheet, step.by) {
                (false, Some((_, own))) => format!("from the device {}", short(own)),
                _ => "with the recovery sheet".to_owned(),
            };
            format!("{} added the device {} {with}.", name(*user), short(device))
        }
        Fact::DeviceRevoked { user, device } => {
            format!("The device {} of {} was revoked by {}.", short(device), name(*user), by())
        }
        Fact::UserKey { user, generation } => {
            format!("{} made the own key of generation {generation}.", name(*user))
        }
        Fact::RecoverySet(user) => format!("{} set a recovery sheet.", name(*user)),
        Fact::Removed(user) => format!("{} was removed by {}.", name(*user), by()),
    }
}

fn said(word: Word, by: &dyn Fn() -> String) -> String {
    match word {
        Word::Root => "The root".to_owned(),
        Word::State(state, generation) => {
            format!("{}, by {} with its key of generation {generation},", state.english_name(), by())
        }
        Word::Custodians(_) => "The custodians, by the replacement,".to_owned(),
    }
}

fn a(of: Role) -> String {
    let word = role(of);
    let article = if word.starts_with(['e', 'o']) { "an" } else { "a" };
    format!("{article} {word}")
}

fn act_text(act: &Standing, name: &dyn Fn(UserId) -> String) -> String {
    let when = date(act.log_time_ms);
    let who = act.author.map_or_else(
        || "by the root".to_owned(),
        |(user, device)| format!("by {} with the device {}", name(user), short(device)),
    );
    let mut text = format!(
        "Act {} ({}), entry {} of channel {}: signed on {when} {who}. Valid: it was judged by the first {} entries of \
         the directory.",
        act.act, act.statement, act.index, act.channel, act.directory_size
    );
    let mut ended = |what: String, ended: Option<Ended>| {
        if let Some(ended) = ended {
            let on = date(ended.log_time_ms);
            text.push_str(&format!("\n{what} on {on} (entry {}): valid, it was made before.", ended.index));
        }
    };
    ended("The device was revoked".to_owned(), act.device_revoked);
    ended("Its author left the directory".to_owned(), act.author_left);
    if let Some(word) = act.word {
        let state = word.state.english_name();
        let with =
            format!("{state}'s key of generation {}, whose word it carries, was replaced", word.generation);
        ended(with, word.replaced);
    }
    if let Some(until) = act.seat_until_ms {
        let until = date(until);
        text.push_str(&format!(
            "\nIts author's seat ends by itself on {until}: what was made before stays valid."
        ));
    }
    text
}

fn act_fields(act: &Standing) -> Value {
    let ended = |ended: Option<Ended>| {
        ended.map(|ended| json!({ "index": ended.index, "log_time": rfc3339(ended.log_time_ms) }))
    };
    let word = act.word.map(|word| {
        json!({ "state": word.state, "generation": word.generation, "replaced": ended(word.replaced) })
    });
    json!({
        "channel": act.channel, "act": act.act, "index": act.index, "log_time": rfc3339(act.log_time_ms),
        "statement": act.statement.as_str(), "directory_size": act.directory_size, "valid": true,
        "user": act.author.map(|(user, _)| user), "device": act.author.map(|(_, device)| device),
        "device_revoked": ended(act.device_revoked), "author_left": ended(act.author_left),
        "seat_until": act.seat_until_ms.map(rfc3339), "state_word": word,
    })
}

#[cfg(test)]
mod tests;
