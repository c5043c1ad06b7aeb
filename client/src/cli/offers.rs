//! What a leaver has open, told to whoever removes them, with the command to go on.

use serde_json::json;

use super::context::Context;
use super::failure::Failure;
use super::session::{place_name, quoted};
use super::time::rfc3339;
use super::trust::short;
use crate::render::date;
use crate::sync::Session;
use crate::verbs::offers::{Offer, Why};

/// One line for each thread.
pub(super) fn show_offers(session: &Session, context: &Context, offers: &[Offer]) -> Result<(), Failure> {
    if !offers.is_empty() {
        context.out.say("For the successor:")?;
    }
    for offer in offers {
        let thread = &offer.thread;
        let command = format!("chancery reply {}", short(thread.section));
        let fields = json!({
            "channel": thread.channel, "section": thread.section, "title": thread.title,
            "why": offer.why.word(), "awaiting": thread.awaiting, "since": rfc3339(thread.since_ms),
            "command": command,
        });
        context.out.record("offer", &fields)?;
        if context.out.json() {
            continue;
        }
        let place = session.channel(thread.channel).map(|copy| place_name(session, copy)).unwrap_or_default();
        let (title, since) = (quoted(&thread.title), date(thread.since_ms));
        let why = match offer.why {
            Why::Awaited => format!("your State's word is awaited since {since}"),
            Why::WroteLast => format!("the one who left wrote last, on {since}"),
        };
        context.out.bytes(format!("  {title}, {place}: {why}. Go on: {command}\n").as_bytes())?;
    }
    Ok(())
}
