//! What a person or State that leaves has open, told to whoever sends them away, with the command to go on.

use chancery_core::id::StateCode;
use serde_json::json;

use super::context::Context;
use super::failure::Failure;
use super::session::{place_name, quoted};
use super::time::rfc3339;
use super::trust::short;
use crate::render::date;
use crate::sync::Session;
use crate::verbs::offers::{Leaver, Offer, Why};

/// One line for each thread.
pub(super) fn show_offers(session: &Session, context: &Context, offers: &[Offer]) -> Result<(), Failure> {
    if !offers.is_empty() {
        context.out.say("For the successor:")?;
    }
    for offer in offers {
        let thread = &offer.thread;
        let verb = if offer.successors.is_empty() { "thread" } else { "reply" };
        let command = format!("chancery {verb} {}", short(thread.section));
        let fields = json!({
            "channel": thread.channel, "section": thread.section, "title": thread.title,
            "why": offer.why.word(), "awaiting": thread.awaiting, "since": rfc3339(thread.since_ms),
            "of": offer.leaver.state(), "successors": offer.successors, "command": command,
        });
        context.out.record("offer", &fields)?;
        if context.out.json() {
            continue;
        }
        let place = session.channel(thread.channel).map(|copy| place_name(session, copy)).unwrap_or_default();
        let line = format!("  {}, {place}: {}: {command}\n", quoted(&thread.title), told(offer));
        context.out.bytes(line.as_bytes())?;
    }
    Ok(())
}

/// Why it is open, and who can go on.
fn told(offer: &Offer) -> String {
    let since = date(offer.thread.since_ms);
    let successors: Vec<&str> = offer.successors.iter().map(StateCode::english_name).collect();
    match (offer.leaver, offer.why) {
        (Leaver::Person(..), Why::Awaited) => format!("your State's word is awaited since {since}. Go on"),
        (Leaver::Person(..), Why::WroteLast) => format!("the one who left wrote last, on {since}. Go on"),
        (Leaver::State(state), why) => {
            let name = state.english_name();
            let open = match why {
                Why::Awaited => format!("{name}'s word was awaited since {since}"),
                Why::WroteLast => format!("{name} wrote last, on {since}"),
            };
            match successors.as_slice() {
                [] => format!("{open}. Nobody reviews this instrument any more. Read it"),
                [one] => format!("{open}. {one} can go on"),
                several => format!("{open}. {} can go on", several.join(" or ")),
            }
        }
    }
}
