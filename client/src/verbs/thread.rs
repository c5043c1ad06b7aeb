//! Reading: sections in order under their questions, as the one renderer shows them.

use std::collections::BTreeMap;

use chancery_core::act::{PostBody, SignedAct};
use chancery_core::id::{ActId, ChannelId, SectionId};
use chancery_core::policy::{BodyScene, check_body};

use crate::entry::Entry;
use crate::keyring::OpenedPost;
use crate::render::{Reading, Section, sections};
use crate::sync::{Session, SessionError};
use crate::verbs::complain::Alarm;
use crate::verify::in_parallel;
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
/// [`SessionError::NoSuchChannel`].
pub fn dialogue(session: &Session, channel: ChannelId) -> Result<Dialogue, SessionError> {
    let copy = session.channel(channel).ok_or(SessionError::NoSuchChannel(channel))?;
    let keys = session.keys(channel).ok_or(SessionError::NoSuchChannel(channel))?;
    let posts = keys.open_posts(copy);
    let faults = faults(session, channel, &posts);
    let closed: BTreeMap<ActId, String> =
        posts.iter().filter_map(|post| Some((post.act, why(post.body.as_ref().err()?)))).collect();
    let opened: BTreeMap<ActId, &OpenedPost<'_>> = posts.iter().map(|post| (post.act, post)).collect();
    let acts: Vec<SignedAct> = in_parallel(&copy.entries, Entry::act).map_err(|(_, error)| error)?;
    let readings = acts.iter().zip(&copy.entries).map(|(act, entry)| {
        let id = act.content().header.act_id;
        let post = opened.get(&id);
        let body = post.map(|post| match &post.body {
            Ok(body) => Ok(body),
            Err(_) => Err(closed.get(&id).map_or("It does not open.", String::as_str)),
        });
        let fault = faults.get(&id).map(String::as_str);
        Reading { act, log_time_ms: entry.log_time_ms, body, fault }
    });
    let (mechanism, directory) = (session.mechanism(), &session.directory().state);
    let sections = sections(mechanism, directory, &copy.state, readings, |_| None);
    let alerts = keys.alerts.iter().copied().chain(posts.iter().filter_map(OpenedPost::alert));
    let alarms = alerts.map(|alert| Alarm { channel, alert }).collect();
    Ok(Dialogue { channel, sections, alarms })
}

/// The rules over bodies that posts break: the same for every reader.
#[must_use]
pub fn faults(session: &Session, channel: ChannelId, posts: &[OpenedPost<'_>]) -> BTreeMap<ActId, String> {
    let (Some(copy), Some(roster)) = (session.channel(channel), session.roster(channel)) else {
        return BTreeMap::new();
    };
    let mut firsts: BTreeMap<SectionId, &PostBody> = BTreeMap::new();
    let mut faults = BTreeMap::new();
    for post in posts {
        let Ok(body) = &post.body else { continue };
        let first = firsts.get(&post.record.section).copied();
        let scene = BodyScene {
            mechanism: session.mechanism(),
            roster,
            channel: &copy.state,
            questionnaire: None,
            first,
            count_words: &|body| count_words(&body.text),
        };
        if let Err(fault) = check_body(&scene, post.record, body) {
            faults.insert(post.act, fault.to_string());
        }
        let begins = copy.state.sections.get(&post.record.section).and_then(|known| known.posts.front());
        if begins == Some(&post.act) {
            firsts.insert(post.record.section, body);
        }
    }
    faults
}

fn why(error: &crate::keyring::OpenError) -> String {
    let mut text = error.to_string();
    if let Some(first) = text.get(..1).map(str::to_uppercase) {
        text.replace_range(..1, &first);
    }
    text.push('.');
    text
}
