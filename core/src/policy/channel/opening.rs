//! A review, and the channels it opens.

use super::{Effect, Scene};
use crate::act::{AmendReview, Audience, OpenChannel, OpenReview, Opening};
use crate::error::Reason;
use crate::id::ChannelId;
use crate::name::{directory_channel, publication_channel};
use crate::state::Roster;

pub(super) fn open_review(scene: &Scene<'_>, act: &OpenReview) -> Result<Effect, Reason> {
    let mechanism = scene.mechanism;
    let known = act.instruments.iter().all(|code| mechanism.instrument(code).is_some());
    let languages = (1..=usize::from(mechanism.languages_exceptional_max)).contains(&act.languages.len());
    if !known || act.instruments.is_empty() || !languages {
        return Err(Reason::OutsideMechanism);
    }
    if is_well_known(scene, &scene.channel.id) {
        return Err(Reason::AlreadyThere);
    }
    // A signatory may be reviewed on a voluntary basis (¶52); only parties review (¶28b).
    let standings = scene.directory.standings(&act.state);
    if !act.instruments.iter().all(|code| standings.iter().any(|(instrument, _)| instrument == code)) {
        return Err(Reason::NotParty);
    }
    reviewers_may(scene, act)?;
    Ok(Effect::Takes(Roster(act.clone())))
}

/// Another reviewing State, or other instruments for one (¶30). Those who are not named any more have no seat
/// from here on; whoever writes next in a channel makes its next epoch without them.
pub(super) fn amend_review(scene: &Scene<'_>, act: &AmendReview) -> Result<Effect, Reason> {
    let amended = OpenReview { reviewers: act.reviewers.clone(), ..scene.roster.0.clone() };
    reviewers_may(scene, &amended)?;
    Ok(Effect::Takes(Roster(amended)))
}

fn reviewers_may(scene: &Scene<'_>, review: &OpenReview) -> Result<(), Reason> {
    let most = usize::from(scene.mechanism.reviewing_states_max);
    if !(1..=most).contains(&review.reviewers.len()) {
        return Err(Reason::OutsideMechanism);
    }
    for reviewer in &review.reviewers {
        let theirs = !reviewer.instruments.is_empty()
            && reviewer.instruments.iter().all(|code| review.instruments.contains(code));
        if !theirs || reviewer.state == review.state {
            return Err(Reason::OutsideMechanism);
        }
        if !reviewer.instruments.iter().all(|code| scene.directory.is_party(&reviewer.state, code)) {
            return Err(Reason::NotParty);
        }
    }
    Ok(())
}

pub(super) fn open_channel(scene: &Scene<'_>, act: &OpenChannel) -> Result<Effect, Reason> {
    let roster = scene.roster;
    let in_review = match &act.opening {
        Opening::Strand(instrument) | Opening::Coordination(instrument) => {
            roster.0.instruments.contains(instrument)
        }
        Opening::Delegation(state) => roster.side(*state).is_some(),
    };
    if !in_review {
        return Err(Reason::OutsideMechanism);
    }
    let openings = &scene.channel.openings;
    let twice = act.channel == scene.channel.id
        || is_well_known(scene, &act.channel)
        || openings.contains_key(&act.channel)
        || openings.values().any(|(_, opening)| *opening == act.opening);
    if twice { Err(Reason::AlreadyThere) } else { Ok(Effect::Opens(act.clone())) }
}

/// Whether the id is that of the directory or of a publication channel.
fn is_well_known(scene: &Scene<'_>, channel: &ChannelId) -> bool {
    let root = scene.directory.root();
    *channel == directory_channel(&root)
        || Audience::ALL.into_iter().any(|audience| *channel == publication_channel(&root, audience))
}
