//! What waits for the successor of one who leaves (¶30): the threads that the leaver was in and that await the
//! State's word, and those in which the leaver wrote last. An offer, nothing more: nobody is made to answer (¶35).

use chancery_core::id::{ChannelId, SectionId, StateCode, UserId};
use chancery_core::mechanism::ItemKind;

use super::channels::{author, channels, title};
use crate::sync::{Session, SessionError};

/// A thread as it stands before the person leaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Thread {
    /// The channel.
    pub channel: ChannelId,
    /// The section.
    pub section: SectionId,
    /// Its newest title, where it has one.
    pub title: String,
    /// The States whose word is awaited.
    pub awaiting: Vec<StateCode>,
    /// Who wrote last.
    pub last: Option<UserId>,
    /// When, by log time.
    pub since_ms: u64,
    /// Whether the leaver is a member of the channel.
    pub of_leaver: bool,
}

/// Why a thread is offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// The State's word is awaited.
    Awaited,
    /// The leaver wrote last.
    WroteLast,
}

impl Why {
    /// The word in JSON.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Awaited => "awaited",
            Self::WroteLast => "wrote-last",
        }
    }
}

/// A thread for the successor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// The thread.
    pub thread: Thread,
    /// Why.
    pub why: Why,
}

/// What one who leaves has open, among what the session has read; asked before the person is removed.
///
/// # Errors
/// [`SessionError`].
pub fn offers(session: &Session, leaver: UserId) -> Result<Vec<Offer>, SessionError> {
    let state = session.now().person(&leaver).and_then(|person| person.state);
    Ok(offered(threads(session, leaver)?, leaver, state))
}

/// The threads for the leaver's successor, the oldest first.
#[must_use]
pub fn offered(threads: Vec<Thread>, leaver: UserId, state: Option<StateCode>) -> Vec<Offer> {
    let offer = |thread: Thread| {
        let awaited = thread.of_leaver && state.is_some_and(|state| thread.awaiting.contains(&state));
        let why = match (awaited, thread.last == Some(leaver)) {
            (true, _) => Why::Awaited,
            (false, true) => Why::WroteLast,
            (false, false) => return None,
        };
        Some(Offer { thread, why })
    };
    let mut offers: Vec<Offer> = threads.into_iter().filter_map(offer).collect();
    offers.sort_by_key(|offer| (offer.thread.since_ms, offer.thread.section));
    offers
}

fn threads(session: &Session, leaver: UserId) -> Result<Vec<Thread>, SessionError> {
    let views = channels(session)?;
    let mut threads = Vec::new();
    for view in &views {
        let (Some(copy), Some(keys)) = (session.channel(view.id), session.keys(view.id)) else { continue };
        let posts = keys.open_posts(copy);
        let of_leaver = copy.state.members.contains(&leaver);
        for (section, record) in &copy.state.sections {
            let newest = record.posts.last().copied().filter(|_| record.kind == ItemKind::Clarification);
            let Some(newest) = newest else { continue };
            let entry = copy.state.posts.get(&newest).and_then(|post| copy.entry(post.index));
            let wait = view.waits.iter().find(|wait| wait.section == *section);
            threads.push(Thread {
                channel: view.id,
                section: *section,
                title: title(&posts, record),
                awaiting: wait.map(|wait| wait.awaiting.clone()).unwrap_or_default(),
                last: author(copy, newest),
                since_ms: entry.map_or(0, |entry| entry.log_time_ms),
                of_leaver,
            });
        }
    }
    Ok(threads)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEAVER: UserId = UserId::new([1; 16]);

    fn thread(section: u8, awaiting: &[&str], last: u8, of_leaver: bool) -> Thread {
        Thread {
            channel: ChannelId::new([9; 16]),
            section: SectionId::new([section; 16]),
            title: String::new(),
            awaiting: awaiting.iter().map(|state| state.parse().unwrap()).collect(),
            last: Some(UserId::new([last; 16])),
            since_ms: 100 - u64::from(section),
            of_leaver,
        }
    }

    #[test]
    fn a_successor_is_offered_what_is_awaited_and_what_the_leaver_wrote_last() {
        let check = |one: Thread, expected: Option<Why>| {
            let offers = offered(vec![one.clone()], LEAVER, Some("KE".parse().unwrap()));
            assert_eq!(offers.first().map(|offer| offer.why), expected, "{one:?}");
        };
        check(thread(1, &["KE"], 2, true), Some(Why::Awaited));
        check(thread(1, &["CL", "KE"], 2, true), Some(Why::Awaited));
        check(thread(1, &["CL"], 1, true), Some(Why::WroteLast));
        check(thread(1, &[], 1, true), Some(Why::WroteLast));
        check(thread(1, &["KE"], 1, true), Some(Why::Awaited));
        // A channel that the leaver was never in, another State's word, another's last word.
        check(thread(1, &["KE"], 2, false), None);
        check(thread(1, &["CL"], 2, true), None);
        check(thread(1, &[], 2, true), None);
    }

    #[test]
    fn the_oldest_comes_first_and_an_officer_leaves_nothing_awaited() {
        let both = || vec![thread(1, &["KE"], 2, true), thread(2, &["KE"], 2, true)];
        let offers = offered(both(), LEAVER, Some("KE".parse().unwrap()));
        let sections: Vec<SectionId> = offers.iter().map(|offer| offer.thread.section).collect();
        assert_eq!(sections, [SectionId::new([2; 16]), SectionId::new([1; 16])]);
        assert_eq!(offered(both(), LEAVER, None), []);
    }
}
