//! `chancery trust safety-number` and `chancery trust compare`.

use chancery_core::id::StateCode;
use chancery_core::safety_number::SafetyNumber;
use serde_json::json;

use super::changes::tell_changes;
use super::context::Context;
use super::failure::{Exit, Failure};
use super::session;
use super::time::rfc3339;
use crate::render::date;
use crate::sync::Session;
use crate::verbs::safety_number::{Compared, StateNumber, compare, safety_number};
use crate::verbs::trust::changes::Acknowledged;

#[derive(Debug, clap::Args)]
pub(super) struct ShowArgs {
    /// The State, by its code; without one, your own
    state: Option<StateCode>,
}

#[derive(Debug, clap::Args)]
pub(super) struct CompareArgs {
    /// The State whose note it is
    state: StateCode,
    /// The number in the note: blanks, line breaks and dashes do not count
    #[arg(required = true, num_args = 1..)]
    number: Vec<String>,
}

pub(super) async fn show(args: ShowArgs, context: &Context) -> Result<(), Failure> {
    let (session, failed) = session::open_or_kept(context).await?;
    let alarm = failed.and_then(|error| session::alarm(error, context));
    let number = safety_number(&session, args.state)?;
    context.out.show("safety-number", &fields(&session, &number), text(&session, &number))?;
    alarm.map_or(Ok(()), Err)
}

pub(super) async fn run_compare(args: CompareArgs, context: &Context) -> Result<(), Failure> {
    // Read before the home is opened, so that nobody types a passphrase for nothing.
    let given: SafetyNumber = args.number.join(" ").parse().map_err(|fault| {
        Failure::usage(format!("{fault}"), "Copy the twelve groups from the note, and nothing else.")
    })?;
    let (session, failed) = session::open_or_kept(context).await?;
    let alarm = failed.and_then(|error| session::alarm(error, context));
    let compared = compare(&session, args.state, &given)?;
    if let Some(failure) = differs(&compared, &given) {
        return Err(failure);
    }
    let own = &compared.own;
    let mut same = fields(&session, own);
    same["outcome"] = json!("same");
    let text = format!(
        "The same: the note and your directory mean the same key of {}, generation {}, in the same deployment.",
        own.state.english_name(),
        own.generation
    );
    context.out.show("safety-number-compared", &same, text)?;
    alarm.map_or_else(|| tell_changes(&session, context, Acknowledged::State(args.state)), Err)
}

/// The words for a mismatch; none if there is none.
fn differs(compared: &Compared, given: &SafetyNumber) -> Option<Failure> {
    let (own, place) = (&compared.own, compared.differs_at?);
    let state = own.state.english_name();
    let since = date(own.since.log_time_ms);
    let (reason, message, next) = match compared.earlier {
        Some(earlier) => (
            "SAFETY_NUMBER_OLD",
            format!(
                "the number is that of {state}'s key of generation {earlier}; since {since} {state} has the key of \
                 generation {}",
                own.generation
            ),
            format!("The note is older than the key. Ask {state} for its present number, by note verbale."),
        ),
        None => (
            "SAFETY_NUMBER_DIFFERS",
            format!(
                "group {place} of 12 differs: the number given has {}, your directory gives {} for {state}, \
                 generation {}",
                given.group(place),
                own.number.group(place),
                own.generation
            ),
            format!(
                "Read the note again first: a typing mistake changes one group. If it stays, do not rely on what \
                 {state} signs here: tell {state}'s focal point and the secretariat by another way than this \
                 server, with the output of chancery trust {}, and compare logs with chancery verify --against.",
                own.state
            ),
        ),
    };
    let at = Some(format!("group {place}"));
    Some(Failure { at, ..Failure::new(Exit::Verification, reason, message, next) })
}

fn fields(session: &Session, number: &StateNumber) -> serde_json::Value {
    json!({
        "state": number.state, "generation": number.generation, "number": number.number.to_string(),
        "root": session.root(), "index": number.since.index, "act": number.since.act,
        "since": rfc3339(number.since.log_time_ms),
    })
}

/// The number with the words that go into a note verbale.
fn text(session: &Session, number: &StateNumber) -> String {
    let (state, since) = (number.state.english_name(), date(number.since.log_time_ms));
    let digits = number.number.to_string();
    let groups: Vec<&str> = digits.split(' ').collect();
    let lines: Vec<String> = groups.chunks(4).map(|line| line.join("  ")).collect();
    let lines = format!("    {}\n", lines.join("\n    "));
    format!(
        "{state}, key of generation {generation}, in force since {since}\n\n{lines}\n\
         For a note verbale:\n\n    In the Chancery of the Mechanism (root {root}), the safety number of the signing \
         key of {state}, generation {generation}, in force since {since}, is:\n{lines}    Recipients are invited to \
         compare it (chancery trust compare {code} NUMBER) and to report any difference.",
        generation = number.generation,
        root = session.root(),
        code = number.state,
    )
}
