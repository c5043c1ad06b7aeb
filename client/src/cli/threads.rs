//! `chancery thread`, `chancery threads` and `chancery read`.

use std::collections::BTreeSet;

use chancery_core::id::{ChannelId, InstrumentCode, SectionId};
use chancery_core::state::Place;
use serde_json::json;

use super::context::Context;
use super::failure::Failure;
use super::output::isolated;
use super::session::{self, place_name, quoted, tell_alarm};
use super::time::rfc3339;
use crate::render::model::{Content, Post, Section};
use crate::render::text;
use crate::sync::Session;
use crate::verbs::find::{self, Prefix, ReviewName};
use crate::verbs::seen::Seen;
use crate::verbs::thread::{self, Dialogue, dialogue};

/// One thread or other section, all of it.
#[derive(Debug, clap::Args)]
pub(super) struct ThreadArgs {
    /// The section's id, or its beginning
    section: Prefix,
}

/// Sections in order under their questions.
#[derive(Debug, clap::Args)]
pub(super) struct ThreadsArgs {
    /// Only those of this instrument
    #[arg(long)]
    instrument: Option<InstrumentCode>,
    /// Only those of this review, by its State or id
    #[arg(long)]
    review: Option<ReviewName>,
}

/// Shows one section and marks it as read.
pub(super) async fn thread(args: ThreadArgs, context: &Context) -> Result<(), Failure> {
    let mut session = session::open_person(context).await?;
    session.sync_all().await?;
    session::confirm(&mut session, context).await?;
    let (channel, section) = find::section(&session, &args.section)?;
    let dialogue = thread::section(&session, channel, section)?;
    for one in &dialogue.sections {
        show(context, channel, one)?;
        mark(&session, channel, [(section, one.posts.len() as u64)])?;
    }
    let posts: BTreeSet<_> = dialogue.sections.iter().flat_map(|one| &one.posts).map(|p| p.act).collect();
    for alarm in dialogue.alarms.iter().filter(|alarm| posts.contains(&alarm.alert.act)) {
        tell_alarm(context, alarm)?;
    }
    Ok(())
}

/// Lists sections; marks nothing.
pub(super) async fn threads(args: ThreadsArgs, context: &Context) -> Result<(), Failure> {
    let mut session = session::open_person(context).await?;
    session::keep_up(&mut session, context).await?;
    session.sync_all().await?;
    session::confirm(&mut session, context).await?;
    for channel in chosen(&session, &args) {
        let dialogue = dialogue(&session, channel)?;
        if dialogue.sections.is_empty() {
            continue;
        }
        let place = session.channel(channel).map(|copy| place_name(&session, copy)).unwrap_or_default();
        context.out.say(format!("{place}  {channel}"))?;
        for section in &dialogue.sections {
            context.out.record("section", &section_fields(channel, section))?;
            if !context.out.json() {
                context.out.bytes(line(section).as_bytes())?;
            }
        }
    }
    Ok(())
}

/// Shows everything new and marks it as read.
pub(super) async fn read(context: &Context) -> Result<(), Failure> {
    let mut session = session::open_person(context).await?;
    session::keep_up(&mut session, context).await?;
    session.sync_all().await?;
    session::confirm(&mut session, context).await?;
    let mut shown = false;
    for channel in chosen(&session, &ThreadsArgs { instrument: None, review: None }) {
        let Dialogue { sections, alarms, .. } = dialogue(&session, channel)?;
        let seen = Seen::load(&session.home, channel)?;
        for section in &sections {
            let read = usize::try_from(seen.posts(section.id)).unwrap_or(usize::MAX);
            if section.posts.len() > read {
                let new = Section { posts: section.posts[read..].to_vec(), ..section.clone() };
                show(context, channel, &new)?;
                shown = true;
            }
        }
        mark(&session, channel, sections.iter().map(|section| (section.id, section.posts.len() as u64)))?;
        for alarm in &alarms {
            tell_alarm(context, alarm)?;
        }
    }
    if !shown {
        context.out.say("Nothing is new.")?;
    }
    Ok(())
}

fn chosen(session: &Session, args: &ThreadsArgs) -> Vec<ChannelId> {
    let of_instrument = |place: &Place| match (place, &args.instrument) {
        (_, None) => true,
        (Place::Strand { instrument, .. } | Place::Coordination { instrument, .. }, Some(wanted)) => {
            instrument == wanted
        }
        (Place::Review | Place::Delegation { .. }, Some(_)) => false,
    };
    session
        .channels()
        .filter(|copy| of_instrument(&copy.state.place))
        .filter(|copy| args.review.as_ref().is_none_or(|name| find::is_of(session, copy.id(), name)))
        .map(crate::verify::ChannelCopy::id)
        .collect()
}

fn mark(
    session: &Session,
    channel: ChannelId,
    read: impl IntoIterator<Item = (SectionId, u64)>,
) -> Result<(), Failure> {
    Ok(Seen::load(&session.home, channel)?.mark(&session.home, channel, read)?)
}

fn show(context: &Context, channel: ChannelId, section: &Section) -> Result<(), Failure> {
    context.out.record("section", &section_fields(channel, section))?;
    for post in &section.posts {
        context.out.record("post", &post_fields(section, post))?;
    }
    if context.out.json() {
        return Ok(());
    }
    let lines: String = text::section(section).lines().map(marked).collect();
    context.out.bytes(format!("{lines}\n").as_bytes())
}

/// A line as rendered, its content isolated from what stands before it.
fn marked(line: &str) -> String {
    let content = line.trim_start_matches([' ', '|']);
    let (before, content) = line.split_at(line.len() - content.len());
    format!("{before}{}\n", isolated(content))
}

fn line(section: &Section) -> String {
    let newest = section.posts.iter().rev().find_map(|post| match &post.content {
        Content::Open(opened) if !opened.title.is_empty() => Some(opened.title.as_str()),
        _ => None,
    });
    let posts = section.posts.len();
    let posts = if posts == 1 { "1 post".to_owned() } else { format!("{posts} posts") };
    format!(
        "  {}  {}    {}, {posts}\n",
        section.id,
        text::heading(section).trim_end(),
        quoted(newest.unwrap_or(""))
    )
}

fn section_fields(channel: ChannelId, section: &Section) -> serde_json::Value {
    let about = section.about.as_ref().map(|about| {
        json!({ "instrument": about.instrument, "article": about.article, "question": about.question })
    });
    json!({
        "channel": channel, "section": section.id, "item": section.kind, "state": section.state,
        "about": about, "posts": section.posts.len(),
    })
}

fn post_fields(section: &Section, post: &Post) -> serde_json::Value {
    let content = match &post.content {
        Content::Open(opened) => {
            let files: Vec<_> = opened
                .files
                .iter()
                .map(|file| {
                    json!({ "file": file.id, "name": file.name, "media_type": file.media_type, "length": file.length })
                })
                .collect();
            json!({
                "language": opened.language,
                "direction": if opened.language.right_to_left() { "rtl" } else { "ltr" },
                "title": opened.title, "text": opened.text,
                "step": opened.step.map(chancery_core::act::ThreadStep::as_str),
                "asks_about": opened.asks_about, "reason": opened.reason, "files": files,
            })
        }
        Content::Closed(why) => json!({ "closed": why }),
    };
    let open_to: Vec<_> = chancery_core::act::Audience::ALL
        .into_iter()
        .filter(|to| post.is_open_to(*to))
        .map(chancery_core::act::Audience::as_str)
        .collect();
    json!({
        "section": section.id, "act": post.act, "index": post.index, "log_time": rfc3339(post.log_time_ms),
        "state": post.state, "role": post.role.map(chancery_core::act::Role::as_str),
        "content": content, "open_to": open_to, "invalid": post.fault, "complaints": post.complaints,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_from_right_to_left_is_isolated_and_plain_text_is_as_it_was() {
        let check = |line: &str, expected: &str| assert_eq!(marked(line), expected);
        check("    | Article 5", "    | Article 5\n");
        check("    | \u{633}\u{624}\u{627}\u{644}", "    | \u{2068}\u{633}\u{624}\u{627}\u{644}\u{2069}\n");
        check("    | \u{202e}x", "    | \u{2068}\u{fffd}x\u{2069}\n");
        check("", "\n");
    }
}
