//! What waits for the successor of a person or State that leaves (¶30): the threads that the leaver was in and that
//! await the State's word, and those in which the leaver wrote last. An offer, nothing more: nobody is made to
//! answer (¶35).

use chancery_core::id::{ChannelId, SectionId, StateCode, UserId};
use chancery_core::mechanism::ItemKind;
use chancery_core::state::Place;

use super::amend_review::Plan;
use super::channels::channels;
use crate::keyring::OpenedPost;
use crate::sync::{Session, SessionError};
use crate::verify::ChannelCopy;

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
    /// Who wrote last, for which State.
    pub last: Option<(UserId, StateCode)>,
    /// When, by log time.
    pub since_ms: u64,
    /// Whether the leaver is a member of the channel, or the State loses it.
    pub of_leaver: bool,
}

/// Who leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leaver {
    /// A person, of a State or of the secretariat.
    Person(UserId, Option<StateCode>),
    /// A reviewing State.
    State(StateCode),
}

impl Leaver {
    /// The State whose word is still awaited.
    #[must_use]
    pub const fn state(&self) -> Option<StateCode> {
        match self {
            Self::Person(_, state) => *state,
            Self::State(state) => Some(*state),
        }
    }

    fn wrote_last(&self, thread: &Thread) -> bool {
        thread.last.is_some_and(|(user, of)| match self {
            Self::Person(person, _) => user == *person,
            // What it wrote where it stays is not left open.
            Self::State(state) => of == *state && thread.of_leaver,
        })
    }
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
    /// Who leaves it open.
    pub leaver: Leaver,
    /// The States that can go on.
    pub successors: Vec<StateCode>,
}

/// What a person who leaves has open, among what the session has read; asked before the person is removed.
///
/// # Errors
/// [`SessionError`].
pub fn offers(session: &Session, user: UserId) -> Result<Vec<Offer>, SessionError> {
    let leaver = Leaver::Person(user, session.now().person(&user).and_then(|person| person.state));
    let is_member = |channel| session.channel(channel).is_some_and(|copy| copy.state.members.contains(&user));
    let threads = left_by(&threads(session)?, is_member);
    let own: Vec<StateCode> = leaver.state().into_iter().collect();
    Ok(offered(threads, leaver, |_| own.clone()))
}

/// What reviewing States have open in the strands that they lose; asked before the review is amended.
///
/// # Errors
/// [`SessionError`].
pub fn offers_of_states(session: &Session, plan: &Plan) -> Result<Vec<Offer>, SessionError> {
    let instrument = |copy: &ChannelCopy| match &copy.state.place {
        Place::Strand { review, instrument } if *review == plan.review => Some(instrument.clone()),
        _ => None,
    };
    let of = |channel| session.channel(channel).and_then(instrument);
    let threads = threads(session)?;
    let mut offers = Vec::new();
    for (state, lost) in &plan.loses {
        let left = left_by(&threads, |channel| of(channel).is_some_and(|of| lost.contains(&of)));
        let successors =
            |thread: &Thread| of(thread.channel).map(|of| plan.successors(&of)).unwrap_or_default();
        offers.extend(offered(left, Leaver::State(*state), successors));
    }
    Ok(offers)
}

/// The threads for the leaver's successor, the oldest first.
#[must_use]
pub fn offered(
    threads: Vec<Thread>,
    leaver: Leaver,
    successors: impl Fn(&Thread) -> Vec<StateCode>,
) -> Vec<Offer> {
    let offer = |thread: Thread| {
        let awaited =
            thread.of_leaver && leaver.state().is_some_and(|state| thread.awaiting.contains(&state));
        let why = match (awaited, leaver.wrote_last(&thread)) {
            (true, _) => Why::Awaited,
            (false, true) => Why::WroteLast,
            (false, false) => return None,
        };
        Some(Offer { successors: successors(&thread), thread, why, leaver })
    };
    let mut offers: Vec<Offer> = threads.into_iter().filter_map(offer).collect();
    offers.sort_by_key(|offer| (offer.thread.since_ms, offer.thread.section));
    offers
}

/// The threads, with whether their channel is one that the leaver is in, or the State loses.
fn left_by(threads: &[Thread], is_of_leaver: impl Fn(ChannelId) -> bool) -> Vec<Thread> {
    threads.iter().map(|one| Thread { of_leaver: is_of_leaver(one.channel), ..one.clone() }).collect()
}

/// Every thread that the session has read.
fn threads(session: &Session) -> Result<Vec<Thread>, SessionError> {
    let views = channels(session)?;
    let mut threads = Vec::new();
    for view in &views {
        let posts = session.open_posts(view.id)?;
        for (section, posts) in OpenedPost::by_section(&posts) {
            let newest = posts.last().filter(|post| post.record.kind == ItemKind::Clarification);
            let Some(newest) = newest else { continue };
            let wait = view.waits.iter().find(|wait| wait.section == section);
            threads.push(Thread {
                channel: view.id,
                section,
                title: OpenedPost::title(&posts),
                awaiting: wait.map(|wait| wait.awaiting.clone()).unwrap_or_default(),
                last: newest.author.map(|user| (user, newest.record.state)),
                since_ms: newest.entry.log_time_ms,
                of_leaver: false,
            });
        }
    }
    Ok(threads)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEAVER: UserId = UserId::new([1; 16]);

    fn state(code: &str) -> StateCode {
        code.parse().unwrap()
    }

    fn thread(section: u8, awaiting: &[&str], last: (u8, &str), of_leaver: bool) -> Thread {
        Thread {
            channel: ChannelId::new([9; 16]),
            section: SectionId::new([section; 16]),
            title: String::new(),
            awaiting: awaiting.iter().map(|code| state(code)).collect(),
            last: Some((UserId::new([last.0; 16]), state(last.1))),
            since_ms: 100 - u64::from(section),
            of_leaver,
        }
    }

    fn why(one: &Thread, leaver: Leaver) -> Option<Why> {
        offered(vec![one.clone()], leaver, |_| vec![state("JP")]).first().map(|offer| offer.why)
    }

    #[test]
    fn a_successor_is_offered_what_is_awaited_and_what_the_leaver_wrote_last() {
        let check = |one: Thread, expected: Option<Why>| {
            assert_eq!(why(&one, Leaver::Person(LEAVER, Some(state("KE")))), expected, "{one:?}");
        };
        check(thread(1, &["KE"], (2, "CL"), true), Some(Why::Awaited));
        check(thread(1, &["CL", "KE"], (2, "CL"), true), Some(Why::Awaited));
        check(thread(1, &["CL"], (1, "KE"), true), Some(Why::WroteLast));
        check(thread(1, &[], (1, "KE"), true), Some(Why::WroteLast));
        check(thread(1, &["KE"], (1, "KE"), true), Some(Why::Awaited));
        // A channel that the leaver was never in, another State's word, another's last word.
        check(thread(1, &["KE"], (2, "CL"), false), None);
        check(thread(1, &["CL"], (2, "KE"), true), None);
        check(thread(1, &[], (2, "KE"), true), None);
    }

    #[test]
    fn a_state_leaves_open_what_any_of_its_people_asked_and_only_where_it_leaves() {
        let check = |one: Thread, expected: Option<Why>| {
            assert_eq!(why(&one, Leaver::State(state("PT"))), expected, "{one:?}");
        };
        check(thread(1, &["PT", "KE"], (2, "CL"), true), Some(Why::Awaited));
        check(thread(1, &["CL"], (2, "PT"), true), Some(Why::WroteLast));
        check(thread(1, &["CL"], (3, "PT"), true), Some(Why::WroteLast));
        check(thread(1, &["CL"], (2, "KE"), true), None);
        check(thread(1, &[], (2, "CL"), true), None);
        // A strand that it keeps.
        check(thread(1, &["PT"], (2, "CL"), false), None);
        check(thread(1, &["CL"], (2, "PT"), false), None);
    }

    #[test]
    fn the_oldest_comes_first_and_an_officer_leaves_nothing_awaited() {
        let both = || vec![thread(1, &["KE"], (2, "CL"), true), thread(2, &["KE"], (2, "CL"), true)];
        let offers = offered(both(), Leaver::Person(LEAVER, Some(state("KE"))), |_| Vec::new());
        let sections: Vec<SectionId> = offers.iter().map(|offer| offer.thread.section).collect();
        assert_eq!(sections, [SectionId::new([2; 16]), SectionId::new([1; 16])]);
        assert_eq!(offered(both(), Leaver::Person(LEAVER, None), |_| Vec::new()), []);
    }
}
