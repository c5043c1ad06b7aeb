//! The secretariat gives a review other reviewing States (¶30), with the channels that the new ones need.
//!
//! Who is not named any more has no seat from here on: the server refuses them, and whoever writes next in a channel
//! makes its next key without them. Who is named reads everything from the first entry, once brought in.

use chancery_core::act::{AmendReview, OpenChannel, OpenReview, Opening, Statement};
use chancery_core::error::Reason;
use chancery_core::id::{ChannelId, InstrumentCode, StateCode};
use chancery_core::state::Roster;
use chancery_seal::random::make_bytes;

use super::open_review::{openings, reviewers};
use crate::sync::{Prepared, Session, SessionError};

/// What amending would do. Nothing has been changed.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The review.
    pub review: ChannelId,
    /// The State under review.
    pub state: StateCode,
    /// What reviewing States lose.
    pub loses: Vec<(StateCode, Vec<InstrumentCode>)>,
    /// What reviewing States gain.
    pub gains: Vec<(StateCode, Vec<InstrumentCode>)>,
    /// The channels that are opened for it.
    pub channels: Vec<(ChannelId, Opening)>,
    amended: OpenReview,
}

impl Plan {
    /// Who goes on where a State loses an instrument: those who gain it, or else those who keep it.
    #[must_use]
    pub fn successors(&self, instrument: &InstrumentCode) -> Vec<StateCode> {
        let gain = self.gains.iter().filter(|(_, codes)| codes.contains(instrument));
        let new: Vec<StateCode> = gain.map(|(state, _)| *state).collect();
        if !new.is_empty() {
            return new;
        }
        let named =
            self.amended.reviewers.iter().filter(|reviewer| reviewer.instruments.contains(instrument));
        named.map(|reviewer| reviewer.state).collect()
    }
}

/// What naming these reviewing States would do, in a review that the person reads.
///
/// # Errors
/// [`SessionError`]; [`Reason::AlreadyThere`] if they are those of now.
pub async fn plan(
    session: &mut Session,
    review: ChannelId,
    drawn: &[(StateCode, Vec<InstrumentCode>)],
) -> Result<Plan, SessionError> {
    session.sync_channel(review).await?;
    let copy = session.channel(review).ok_or(SessionError::NoSuchChannel(review))?;
    let now = &copy.state.roster().ok_or(SessionError::NoSuchChannel(review))?.0;
    let amended = OpenReview { reviewers: reviewers(drawn), ..now.clone() };
    let (loses, gains) = (without(now, &amended), without(&amended, now));
    if loses.is_empty() && gains.is_empty() {
        return Err(Reason::AlreadyThere.into());
    }
    let mut channels = Vec::new();
    for opening in openings(&amended) {
        if !copy.state.openings.values().any(|(_, known)| *known == opening) {
            channels.push((ChannelId::new(make_bytes()?), opening));
        }
    }
    let plan = Plan { review, state: now.state, loses, gains, channels, amended };
    session.decide_here(review, &acts(session, &plan)?)?;
    Ok(plan)
}

/// Amends the review, and opens what it needs, in one append. The review's own key is replaced where it must be.
///
/// # Errors
/// [`SessionError`].
pub async fn amend_review(session: &mut Session, plan: &Plan) -> Result<(), SessionError> {
    session.sync_channel(plan.review).await?;
    session.append(plan.review, acts(session, plan)?).await?;
    Ok(())
}

fn acts(session: &Session, plan: &Plan) -> Result<Vec<Prepared>, SessionError> {
    let reviewers = plan.amended.reviewers.clone();
    let amends = Statement::AmendReview(AmendReview { reviewers });
    let mut acts: Vec<Prepared> = vec![session.sign(plan.review, amends)?.into()];
    for (channel, opening) in &plan.channels {
        let opens = OpenChannel { channel: *channel, opening: opening.clone() };
        acts.push(session.sign(plan.review, Statement::OpenChannel(opens))?.into());
    }
    // Those who are not named any more know its key.
    let roster = Roster(plan.amended.clone());
    acts.push(session.prepare_epoch_of(plan.review, &roster, None)?.into());
    Ok(acts)
}

/// What reviewing States have in `one` and not in `other`.
fn without(one: &OpenReview, other: &OpenReview) -> Vec<(StateCode, Vec<InstrumentCode>)> {
    let mut more = Vec::new();
    for reviewer in &one.reviewers {
        let same = other.reviewers.iter().find(|same| same.state == reviewer.state);
        let has = |code: &InstrumentCode| same.is_some_and(|same| same.instruments.contains(code));
        let codes: Vec<_> = reviewer.instruments.iter().filter(|code| !has(code)).cloned().collect();
        if !codes.is_empty() {
            more.push((reviewer.state, codes));
        }
    }
    more
}
