//! `chancery people`.

use serde_json::json;

use super::admit::terms;
use super::changes::tell_changes;
use super::context::Context;
use super::failure::Failure;
use super::output::isolated;
use super::time::rfc3339;
use super::{replacement, session};
use crate::verbs::invite::Terms;
use crate::verbs::people::{Listed, people};
use crate::verbs::replacement::pending;
use crate::verbs::trust::changes::Acknowledged;

pub(super) async fn run(context: &Context) -> Result<(), Failure> {
    let mut session = session::open(context).await?;
    if session.person().is_ok() {
        // Names, and whose keys are news, are in the channels.
        session.sync_all().await?;
        tell_changes(&session, context, Acknowledged::Told)?;
    }
    for person in people(&mut session).await? {
        show(&person, context)?;
    }
    replacement::tell(&pending(&session), context)
}

fn show(person: &Listed, context: &Context) -> Result<(), Failure> {
    let card = person.card.as_ref();
    let fields = json!({
        "user": person.user,
        "role": person.role.as_str(),
        "state": person.state,
        "instruments": person.instruments,
        "team": person.team,
        "until": person.expires_ms.map(rfc3339),
        "since": rfc3339(person.since_ms),
        "name": card.map(|card| &card.name),
        "post": card.map(|card| &card.post),
        "contact": card.map(|card| &card.contact),
        "own": person.own,
    });
    let what = terms(&Terms {
        instruments: person.instruments.clone(),
        team: person.team,
        expires_ms: person.expires_ms,
        ..Terms::of(person.role, person.state)
    });
    let name = card.map(|card| card.name.as_str()).filter(|name| !name.is_empty());
    let name = name.map(|name| format!(", {}", isolated(name))).unwrap_or_default();
    let own = if person.own { " (you)" } else { "" };
    context.out.show("person", &fields, format!("{}  {what}{name}{own}", person.user))
}
