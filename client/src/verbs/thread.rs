//! Reading: sections in order under their questions, as the one renderer shows them.

use std::borrow::Cow;
use std::collections::BTreeMap;

use chancery_core::act::SignedAct;
use chancery_core::id::{ActId, ChannelId, SectionId};
use chancery_core::policy::{BodyScene, check_body};

use crate::entry::Entry;
use crate::keyring::{ChannelKeys, OpenedPost};
use crate::render::{Reading, Section, sections};
use crate::sync::{Session, SessionError};
use crate::verbs::complain::Alarm;
use crate::verify::{ChannelCopy, in_parallel};
use crate::words::count_words;

/// A channel as its reader sees it.
#[derive(Debug)]
pub struct Dialogue {
    /// The channel.
    pub channel: ChannelId,
    /// Its sections.
    pub sections: Vec<Section>,
    /// What does not open.
    pub alarms: Vec<Alarm>,
}

/// Opens everything of a channel that the session has read. Nothing is marked as read.
///
/// # Errors
/// [`SessionError::NoSuchChannel`]; [`SessionError::Home`].
pub fn dialogue(session: &Session, channel: ChannelId) -> Result<Dialogue, SessionError> {
    let (copy, keys) = read(session, channel)?;
    lay_out(session, copy, keys, session.open_posts(channel)?)
}

/// Opens one section, and nothing else of its channel: the others' bodies stay sealed. Nothing is marked as read.
///
/// # Errors
/// [`SessionError::NoSuchChannel`].
pub fn section(session: &Session, channel: ChannelId, section: SectionId) -> Result<Dialogue, SessionError> {
    let (copy, keys) = read(session, channel)?;
    let acts = copy.state.sections.get(&section).into_iter().flat_map(|known| &known.posts);
    let posts = acts.filter_map(|act| keys.open_post(copy, *act)).collect();
    let mut dialogue = lay_out(session, copy, keys, posts)?;
    dialogue.sections.retain(|one| one.id == section);
    Ok(dialogue)
}

fn read(session: &Session, channel: ChannelId) -> Result<(&ChannelCopy, &ChannelKeys), SessionError> {
    let held = session.channel(channel).zip(session.keys(channel));
    held.ok_or(SessionError::NoSuchChannel(channel))
}

/// Lays out what was opened, in log order, with what other acts of the channel say of it.
fn lay_out(
    session: &Session,
    copy: &ChannelCopy,
    keys: &ChannelKeys,
    posts: Vec<OpenedPost<'_>>,
) -> Result<Dialogue, SessionError> {
    let channel = copy.id();
    let mut faults = faults(session, channel, &posts);
    let alerts = keys.alerts.iter().copied().chain(posts.iter().filter_map(OpenedPost::alert));
    let alarms = alerts.map(|alert| Alarm { channel, alert }).collect();
    let others = others(copy)?;
    let others = others.iter().map(|(log_time_ms, act)| (*log_time_ms, act));
    let readings = posts.into_iter().map(|post| Reading {
        act: post.act,
        record: post.record,
        log_time_ms: post.entry.log_time_ms,
        author: post.author,
        directory: post.directory,
        body: post.body.map(Cow::Owned).map_err(|error| why(&error)),
        fault: faults.remove(&post.act),
    });
    let (mechanism, directory) = (session.mechanism(), &session.directory().state);
    let sections = sections(mechanism, directory, &copy.state, readings, others, |_| None);
    Ok(Dialogue { channel, sections, alarms })
}

/// The entries that are no posts, with their log times.
fn others(copy: &ChannelCopy) -> Result<Vec<(u64, SignedAct)>, SessionError> {
    let mut others: Vec<Option<&Entry>> = copy.entries.iter().map(Some).collect();
    for record in copy.state.posts.values() {
        if let Some(post) = usize::try_from(record.index).ok().and_then(|index| others.get_mut(index)) {
            *post = None;
        }
    }
    let others: Vec<&Entry> = others.into_iter().flatten().collect();
    let acts = in_parallel(&others, |entry| Ok((entry.log_time_ms, entry.act()?)));
    acts.map_err(|(_, error): (_, chancery_core::act::ActError)| error.into())
}

/// The rules over bodies that posts break: the same for every reader. They are asked anew each time, for what a
/// post breaks can change with the roster and with what else the reader opens.
#[must_use]
pub fn faults(session: &Session, channel: ChannelId, posts: &[OpenedPost<'_>]) -> BTreeMap<ActId, String> {
    let (Some(copy), Some(roster)) = (session.channel(channel), session.roster(channel)) else {
        return BTreeMap::new();
    };
    let fault = |post: &OpenedPost<'_>| {
        let body = post.body.as_ref().ok()?;
        let begins = copy.state.sections.get(&post.record.section).and_then(|known| known.posts.front());
        let first = begins.filter(|first| **first != post.act);
        let first = first.and_then(|first| OpenedPost::find(posts, copy, first)?.body.as_ref().ok());
        let scene = BodyScene {
            mechanism: session.mechanism(),
            roster,
            channel: &copy.state,
            questionnaire: None,
            first,
            count_words: &|body| count_words(&body.text),
        };
        Some((post.act, check_body(&scene, post.record, body).err()?.to_string()))
    };
    let found = in_parallel(posts, |post| Ok::<_, ()>(fault(post)));
    found.unwrap_or_default().into_iter().flatten().collect()
}

fn why(error: &crate::keyring::OpenError) -> String {
    let mut text = error.to_string();
    if let Some(first) = text.get(..1).map(str::to_uppercase) {
        text.replace_range(..1, &first);
    }
    text.push('.');
    text
}
