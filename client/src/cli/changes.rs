//! Changed keys, told by the commands that a person looks at. A change by rule is a notice; what contradicts the
//! rules does not verify, and ends the command.

use chancery_core::id::{StateCode, UserId};
use serde_json::{Value, json};

use super::context::Context;
use super::failure::Failure;
use super::session::quoted;
use super::time::rfc3339;
use super::trust::short;
use crate::render::date;
use crate::sync::Session;
use crate::verbs::cards;
use crate::verbs::trust::chain::{Fact, KeyWord, Step, Word};
use crate::verbs::trust::changes::{Acknowledged, changes};

/// One line for each change of which the person was not told.
pub(super) fn tell_changes(session: &Session, context: &Context, what: Acknowledged) -> Result<(), Failure> {
    for step in changes(session, what)? {
        context.out.record("key-change", &fields(&step))?;
        context.out.advise(notice(&step, |user| name(session, user)));
    }
    Ok(())
}

/// A person in a sentence: by name where it is known here.
pub(super) fn name(session: &Session, user: UserId) -> String {
    let card = cards::of(session, user).ok().flatten().filter(|card| !card.name.is_empty());
    let id = short(user);
    card.map_or_else(|| format!("the person {id}"), |card| format!("{} ({id})", quoted(&card.name)))
}

/// What a program reads of a step.
pub(super) fn fields(step: &Step) -> Value {
    let mut fields = json!({
        "step": step.fact.code(), "index": step.index, "act": step.act, "log_time": rfc3339(step.log_time_ms),
        "by": step.by.map(|(user, _)| user), "by_device": step.by.map(|(_, device)| device),
        "state": step.fact.state(), "user": step.fact.user(),
        "device": null, "role": null, "generation": null, "word": null, "word_generation": null,
    });
    match &step.fact {
        Fact::StateKey { generation, word, .. } => {
            fields["generation"] = json!(generation);
            fields["word"] = json!(match word {
                KeyWord::Root => "root",
                KeyWord::KeyBefore => "key-before",
                KeyWord::Custodians { .. } => "custodians",
            });
        }
        Fact::Admitted { role, of, word, device, .. } => {
            fields["state"] = json!(of);
            fields["role"] = json!(role.as_str());
            fields["device"] = json!(device);
            of_word(&mut fields, *word);
        }
        Fact::Reseated { role, word, .. } => {
            fields["role"] = json!(role.as_str());
            of_word(&mut fields, *word);
        }
        Fact::Recertified { word, device, .. } => {
            fields["device"] = json!(device);
            of_word(&mut fields, *word);
        }
        Fact::DeviceAdded { device, by_sheet, .. } => {
            fields["device"] = json!(device);
            fields["word"] = json!(if *by_sheet { "recovery-sheet" } else { "device" });
        }
        Fact::DeviceRevoked { device, .. } => fields["device"] = json!(device),
        Fact::UserKey { generation, .. } => fields["generation"] = json!(generation),
        Fact::Founded(_)
        | Fact::StateAdmitted(_)
        | Fact::ReplacementAnnounced(_)
        | Fact::ReplacementObjected(_)
        | Fact::RecoverySet(_)
        | Fact::Removed(_) => {}
    }
    fields
}

fn of_word(fields: &mut Value, word: Word) {
    let (said, generation) = match word {
        Word::Root => ("root", None),
        Word::State(_, generation) => ("state", Some(generation)),
        Word::Custodians(_) => ("custodians", None),
    };
    fields["word"] = json!(said);
    fields["word_generation"] = json!(generation);
}

/// A change in plain words, with what to do where something is to be done.
fn notice(step: &Step, name: impl Fn(UserId) -> String) -> String {
    let when = date(step.log_time_ms);
    let compare =
        |state: &StateCode| format!("Compare the safety number again: chancery trust safety-number {state}.");
    match &step.fact {
        Fact::StateKey { state, word: KeyWord::Custodians { .. }, .. } => format!(
            "{}'s key was replaced by the custodians after 72 hours, on {when}, without the word of the key before. {}",
            state.english_name(),
            compare(state)
        ),
        Fact::StateKey { state, .. } => {
            format!("{} replaced its key on {when}, with the word of the one before.", state.english_name())
        }
        Fact::ReplacementAnnounced(state) => format!(
            "On {when} the custodians announced that {0}'s focal points and key will be replaced, after 72 hours or \
             later. If {0} has not asked for it, it can object.",
            state.english_name()
        ),
        Fact::DeviceAdded { user, device, by_sheet } => {
            let how = if *by_sheet { " with the recovery sheet" } else { "" };
            format!("{} added the device {}{how} on {when}.", name(*user), short(device))
        }
        Fact::DeviceRevoked { user, device } => {
            format!("The device {} of {} was revoked on {when}.", short(device), name(*user))
        }
        Fact::Recertified { user, .. } => {
            format!("{} has new keys and devices since {when}: all earlier ones are refused.", name(*user))
        }
        _ => String::new(),
    }
}
