//! Disclosure and withdrawal: what the State under review has signed, post by post.

use super::{Effect, Scene};
use crate::act::{Audience, Disclose, PostRef, Withdraw};
use crate::error::Reason;
use crate::id::{ActId, SectionId};
use crate::mechanism::Disclosure;
use crate::policy::statements;
use crate::state::PostRecord;

const fn level(audience: Audience) -> Disclosure {
    match audience {
        Audience::AllParties => Disclosure::AllParties,
        Audience::Public => Disclosure::Public,
    }
}

/// The posts named, each of the section, in log order, each once.
fn named_posts<'a>(
    scene: &Scene<'a>,
    section: &SectionId,
    acts: impl Iterator<Item = ActId>,
) -> Result<Vec<(ActId, &'a PostRecord)>, Reason> {
    let mut posts: Vec<(ActId, &PostRecord)> = Vec::new();
    for act in acts {
        let post = scene.channel.posts.get(&act).ok_or(Reason::NoSuchSubject)?;
        let in_order = posts.last().is_none_or(|(_, last)| last.index < post.index);
        if post.section != *section || !in_order {
            return Err(Reason::OtherSection);
        }
        posts.push((act, post));
    }
    Ok(posts)
}

pub(super) fn disclose(scene: &Scene<'_>, act: &Disclose) -> Result<Effect, Reason> {
    let section = scene.channel.sections.get(&act.section).ok_or(Reason::NoSuchSubject)?;
    let rule = scene.mechanism.item(section.kind);
    if !rule.may_set.contains(&level(act.audience)) {
        return Err(Reason::NotDisclosable);
    }
    if rule.agreed {
        return Err(Reason::NotFinal);
    }
    let state = scene.roster.0.state;
    let grants = act
        .grants
        .iter()
        .map(|signed| statements::grant(signed, state, act.audience, &scene.directory))
        .collect::<Result<Vec<_>, _>>()?;
    let posts = named_posts(scene, &act.section, grants.iter().map(|grant| grant.post.act_id))?;
    for (grant, (act_id, post)) in grants.iter().zip(&posts) {
        let expected = PostRef {
            state,
            channel: scene.channel.id,
            section: act.section,
            act_id: *act_id,
            kind: post.kind,
            body: post.body,
        };
        if grant.post != expected {
            return Err(Reason::BadStatement);
        }
        if post.audiences.contains(&act.audience) {
            return Err(Reason::DisclosureUnchanged);
        }
    }
    let posts = posts.into_iter().map(|(act, _)| act).collect();
    Ok(Effect::Disclosed { posts, audience: act.audience })
}

pub(super) fn withdraw(scene: &Scene<'_>, act: &Withdraw) -> Result<Effect, Reason> {
    let section = scene.channel.sections.get(&act.section).ok_or(Reason::NoSuchSubject)?;
    let rule = scene.mechanism.item(section.kind);
    let state = scene.roster.0.state;
    let withdrawals = act
        .withdrawals
        .iter()
        .map(|signed| statements::withdrawal(signed, state, act.audience, &scene.directory))
        .collect::<Result<Vec<_>, _>>()?;
    let posts = named_posts(scene, &act.section, withdrawals.iter().map(|w| w.act_id))?;
    for (withdrawal, (_, post)) in withdrawals.iter().zip(&posts) {
        if withdrawal.channel != scene.channel.id || withdrawal.section != act.section {
            return Err(Reason::BadStatement);
        }
        if !post.audiences.contains(&act.audience) {
            return Err(Reason::DisclosureUnchanged);
        }
        if act.audience == Audience::AllParties && post.audiences.contains(&Audience::Public) {
            return Err(Reason::WithdrawPublicFirst);
        }
        let remains = post.audiences.iter().filter(|a| **a != act.audience).map(|a| level(*a)).max();
        if !rule.may_set.contains(&remains.unwrap_or(Disclosure::Private)) {
            return Err(Reason::NotDisclosable);
        }
    }
    let posts = posts.into_iter().map(|(act, _)| act).collect();
    Ok(Effect::Withdrawn { posts, audience: act.audience })
}
