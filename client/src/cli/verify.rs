//! `chancery verify`

use serde_json::json;

use super::context::Context;
use super::failure::Failure;
use super::session::{self, place_name, tell_alarm};
use crate::verbs::verify::verify;

/// Verifies every log from its first entry.
pub(super) async fn run(context: &Context) -> Result<(), Failure> {
    let mut session = session::open(context).await?;
    let verified = verify(&mut session).await?;
    for log in &verified.logs {
        let fields = json!({
            "channel": log.channel, "channel_kind": log.kind, "size": log.head.size, "root": log.head.root,
            "checkpoint": log.note,
        });
        let name = match session.channel(log.channel) {
            Some(copy) => place_name(&session, copy),
            None => log.kind.to_string(),
        };
        let entries = if log.head.size == 1 { "entry" } else { "entries" };
        let text = format!("{name}  {}\n  {} {entries}, root {}", log.channel, log.head.size, log.head.root);
        context.out.show("verified", &fields, text)?;
    }
    for alarm in &verified.alarms {
        tell_alarm(context, alarm)?;
    }
    context.out.say("Every signature, every rule, every checkpoint holds from the first entry on.")
}
