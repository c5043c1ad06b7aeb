//! `chancery channels`: the first screen.

use chancery_core::state::Place;
use serde_json::json;

use super::changes::tell_changes;
use super::context::Context;
use super::failure::Failure;
use super::lost::{lost_fields, lost_text};
use super::replacement;
use super::session::{self, confirmed_fields, confirmed_text, name_of, quoted, tell_alarm, tell_unlisted};
use super::time::rfc3339;
use crate::render::date;
use crate::sync::Session;
use crate::verbs::channels::{ChannelView, Wait, channels};
use crate::verbs::replacement::concerning;
use crate::verbs::trust::changes::Acknowledged;

pub(super) async fn run(context: &Context) -> Result<(), Failure> {
    let mut session = session::open_person(context).await?;
    session::keep_up(&mut session, context).await?;
    session.sync_all().await?;
    session::confirm(&mut session, context).await?;
    let views = channels(&session)?;
    replacement::tell(&concerning(&session), context)?;
    tell_unlisted(&mut session, context)?;
    tell_without_review(&session, context)?;
    tell_changes(&session, context, Acknowledged::Told)?;
    for view in &views {
        context.out.record("channel", &fields(view))?;
    }
    if !context.out.json() {
        context.out.bytes(text(&views).as_bytes())?;
    }
    for alarm in views.iter().flat_map(|view| &view.alarms).chain(&team_alarms(&session)) {
        tell_alarm(context, alarm)?;
    }
    Ok(())
}

fn tell_without_review(session: &Session, context: &Context) -> Result<(), Failure> {
    for listed in session.without_review() {
        let fields = json!({ "channel": listed.id, "channel_kind": listed.kind, "review": listed.review });
        context.out.record("without-review", &fields)?;
        context.out.advise(format!(
            "{} opens once you are in its review: another focal point of your State brings you in with the next command.",
            listed.id
        ));
    }
    Ok(())
}

/// Team keys stand in the directory, in which nobody complains; they are told all the same.
fn team_alarms(session: &Session) -> Vec<crate::verbs::complain::Alarm> {
    let channel = session.directory().id();
    let alerts = session.team_alerts().iter();
    alerts.map(|alert| crate::verbs::complain::Alarm { channel, alert: *alert }).collect()
}

fn fields(view: &ChannelView) -> serde_json::Value {
    let instrument = match &view.place {
        Place::Strand { instrument, .. } | Place::Coordination { instrument, .. } => Some(instrument),
        Place::Review | Place::Delegation { .. } => None,
    };
    let delegation = match &view.place {
        Place::Delegation { state, .. } => Some(state),
        _ => None,
    };
    let new: Vec<_> = view
        .new
        .iter()
        .map(|new| {
            json!({
                "section": new.section, "item": new.kind, "title": new.title, "posts": new.posts,
                "newest": new.newest,
            })
        })
        .collect();
    let waits: Vec<_> = view
        .waits
        .iter()
        .map(|wait| {
            json!({
                "section": wait.section, "title": wait.title, "awaiting": wait.awaiting,
                "since": rfc3339(wait.since_ms), "for_own_state": wait.for_own_state,
            })
        })
        .collect();
    json!({
        "channel": view.id,
        "channel_kind": view.place.kind(),
        "review": view.place.review().unwrap_or(view.id),
        "state": view.state,
        "instrument": instrument,
        "delegation": delegation,
        "begun": view.begun,
        "sections": view.sections,
        "entries": view.entries,
        "confirmed": view.tally.as_ref().map(confirmed_fields),
        "lost": view.lost.as_ref().map(lost_fields),
        "new": new,
        "waits": waits,
    })
}

fn text(views: &[ChannelView]) -> String {
    if views.is_empty() {
        return "You read no channel yet. Your focal point, or the secretariat, brings you in.\n".to_owned();
    }
    let mut out = String::new();
    let all = |own: bool| {
        views
            .iter()
            .flat_map(|v| v.waits.iter().map(move |w| (v, w)))
            .filter(move |(_, w)| w.for_own_state == own)
    };
    heading(&mut out, "Waits for you", all(true).map(|(view, wait)| waiting(view, wait)).collect());
    heading(&mut out, "Waits for others", all(false).map(|(view, wait)| waiting(view, wait)).collect());
    let new = views.iter().flat_map(|view| {
        view.new.iter().map(move |new| {
            let posts = if new.posts == 1 { "1 post".to_owned() } else { format!("{} posts", new.posts) };
            format!("{}  {} {}, {posts}, {}", new.section, new.kind, quoted(&new.title), name(view))
        })
    });
    heading(&mut out, "New", new.collect());
    let channels = views.iter().map(|view| {
        let begun = if view.begun { "" } else { ", not begun" };
        let sections =
            if view.sections == 1 { "1 section".to_owned() } else { format!("{} sections", view.sections) };
        let confirmed = view.tally.as_ref().map(|tally| confirmed_text(tally, view.entries));
        let confirmed = confirmed.map(|text| format!("\n    {text}")).unwrap_or_default();
        let lost = view
            .lost
            .as_ref()
            .map(|lost| format!("\n    Nobody was left in it, and it was begun anew. {}", lost_text(lost)));
        let lost = lost.unwrap_or_default();
        format!("{}  {}, {sections}{begun}{confirmed}{lost}", view.id, name(view))
    });
    heading(&mut out, "Channels", channels.collect());
    out
}

fn waiting(view: &ChannelView, wait: &Wait) -> String {
    let states: Vec<String> = wait.awaiting.iter().map(ToString::to_string).collect();
    format!(
        "{}  {}, awaiting {} since {}, {}",
        wait.section,
        quoted(&wait.title),
        states.join(" or "),
        date(wait.since_ms),
        name(view)
    )
}

fn heading(out: &mut String, title: &str, lines: Vec<String>) {
    out.push_str(title);
    out.push('\n');
    if lines.is_empty() {
        out.push_str("  nothing\n");
    }
    for line in lines {
        out.push_str(&format!("  {line}\n"));
    }
}

fn name(view: &ChannelView) -> String {
    name_of(&view.place, &view.state.map(|state| state.to_string()).unwrap_or_default())
}
