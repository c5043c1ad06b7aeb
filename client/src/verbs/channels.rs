//! The first screen: what waits for the person, what waits for others, what is new.

use std::collections::BTreeMap;

use chancery_core::act::ThreadStep;
use chancery_core::id::{ActId, ChannelId, SectionId, StateCode};
use chancery_core::mechanism::{ItemKind, Side};
use chancery_core::state::Place;

use crate::keyring::OpenedPost;
use crate::sync::{Session, SessionError};
use crate::verbs::complain::Alarm;
use crate::verbs::lost::{Lost, lost_to_reader};
use crate::verbs::seen::Seen;
use crate::verify::{ChannelCopy, Tally};

/// A channel, with what is to be known of it at a glance.
#[derive(Debug, Clone)]
pub struct ChannelView {
    /// The channel.
    pub id: ChannelId,
    /// What it is.
    pub place: Place,
    /// The State under review.
    pub state: Option<StateCode>,
    /// Whether it has a secret; before that nothing can be written.
    pub begun: bool,
    /// Its sections.
    pub sections: u64,
    /// Entries in its log.
    pub entries: u64,
    /// Posts of others that the person has not read.
    pub new: Vec<NewIn>,
    /// Threads that wait for a word.
    pub waits: Vec<Wait>,
    /// What its readers have confirmed; none before it has begun.
    pub tally: Option<Tally>,
    /// What opens to nobody who came since the channel was begun anew, the person among them.
    pub lost: Option<Lost>,
    /// What does not open.
    pub alarms: Vec<Alarm>,
}

/// A section with something new.
#[derive(Debug, Clone)]
pub struct NewIn {
    /// The section.
    pub section: SectionId,
    /// What it is.
    pub kind: ItemKind,
    /// Its newest title, where it opens and has one.
    pub title: String,
    /// Posts of others that were not read.
    pub posts: u64,
    /// The newest of them.
    pub newest: ActId,
}

/// A thread whose newest message asks something.
#[derive(Debug, Clone)]
pub struct Wait {
    /// The section.
    pub section: SectionId,
    /// Its newest title, where it has one.
    pub title: String,
    /// The States whose word is awaited.
    pub awaiting: Vec<StateCode>,
    /// Since when, by log time.
    pub since_ms: u64,
    /// Whether the person's State is one of them.
    pub for_own_state: bool,
}

/// Everything that the session has read, reviews first. Nothing is marked as read.
///
/// # Errors
/// [`SessionError`].
pub fn channels(session: &Session) -> Result<Vec<ChannelView>, SessionError> {
    let mut views = session.channels().map(|copy| view(session, copy)).collect::<Result<Vec<_>, _>>()?;
    views.sort_by_cached_key(|view| {
        let review = view.place.review().unwrap_or(view.id);
        (
            view.state.map(|state| state.to_string()),
            review,
            view.place.review().is_some(),
            view.place.kind(),
            view.id,
        )
    });
    Ok(views)
}

fn view(session: &Session, copy: &ChannelCopy) -> Result<ChannelView, SessionError> {
    let id = copy.id();
    let posts = session.open_posts(id)?;
    let sections = OpenedPost::by_section(&posts);
    let seen = Seen::load(&session.home, id)?;
    let alerts = session.keys(id).map(|keys| keys.alerts.clone()).unwrap_or_default();
    let alerts = alerts.into_iter().chain(posts.iter().filter_map(OpenedPost::alert));
    Ok(ChannelView {
        id,
        place: copy.state.place.clone(),
        state: session.roster(id).map(|roster| roster.0.state),
        begun: copy.state.epoch.is_some(),
        sections: copy.state.sections.len() as u64,
        entries: copy.head().size,
        new: new_in(session, &sections, &seen)?,
        waits: waits(session, copy, &sections)?,
        tally: session.tally(id),
        lost: lost_to_reader(session, id),
        alarms: alerts.map(|alert| Alarm { channel: id, alert }).collect(),
    })
}

/// Posts by their sections.
type Sections<'p, 'a> = BTreeMap<SectionId, Vec<&'p OpenedPost<'a>>>;

fn new_in(session: &Session, sections: &Sections<'_, '_>, seen: &Seen) -> Result<Vec<NewIn>, SessionError> {
    let me = session.person()?.identity.user;
    let mut new = Vec::new();
    for (section, posts) in sections {
        let read = usize::try_from(seen.posts(*section)).unwrap_or(usize::MAX);
        let unread: Vec<_> = posts.iter().skip(read).filter(|post| post.author != Some(me)).collect();
        let Some(newest) = unread.last() else { continue };
        new.push(NewIn {
            section: *section,
            kind: newest.record.kind,
            title: OpenedPost::title(posts),
            posts: unread.len() as u64,
            newest: newest.act,
        });
    }
    Ok(new)
}

/// A thread waits for the other side while its newest message is a question. Nobody is forced (¶35), nothing is
/// late (¶4): it is said since when, and no more.
fn waits(
    session: &Session,
    copy: &ChannelCopy,
    sections: &Sections<'_, '_>,
) -> Result<Vec<Wait>, SessionError> {
    let Some(roster) = session.roster(copy.id()) else { return Ok(Vec::new()) };
    let own = session.person()?.state;
    let mut waits = Vec::new();
    for (section, posts) in sections {
        let Some(post) = posts.last() else { continue };
        let asks = post.body.as_ref().is_ok_and(|body| body.step == Some(ThreadStep::Question));
        if post.record.kind != ItemKind::Clarification || !asks {
            continue;
        }
        let awaiting: Vec<StateCode> = match roster.side(post.record.state) {
            Some(Side::ReviewingState) => vec![roster.0.state],
            Some(Side::StateUnderReview) => {
                let place = &copy.state.place;
                let reviewers = roster.0.reviewers.iter().map(|reviewer| reviewer.state);
                reviewers.filter(|state| roster.side_at(place, *state).is_some()).collect()
            }
            None => continue,
        };
        let for_own_state = own.is_some_and(|own| awaiting.contains(&own));
        let since_ms = post.entry.log_time_ms;
        waits.push(Wait {
            section: *section,
            title: OpenedPost::title(posts),
            awaiting,
            since_ms,
            for_own_state,
        });
    }
    waits.sort_by_key(|wait| wait.since_ms);
    Ok(waits)
}
