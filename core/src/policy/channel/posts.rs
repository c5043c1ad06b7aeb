//! Posts: revisions of sections.

use super::epochs::current_epoch;
use super::{Effect, Scene};
use crate::act::{Post, PostRef};
use crate::error::Reason;
use crate::id::ActId;
use crate::mechanism::ItemKind;
use crate::policy::statements;
use crate::state::PostRecord;

pub(super) fn post(scene: &Scene<'_>, act_id: ActId, act: &Post) -> Result<Effect, Reason> {
    current_epoch(scene)?;
    let state = scene.author.state.ok_or(Reason::NotAMember)?;
    match scene.channel.sections.get(&act.section) {
        None if act.previous.is_none() => {}
        None => return Err(Reason::NoSuchSubject),
        Some(section) => {
            if section.kind != act.kind || !(is_shared(act.kind) || section.state == state) {
                return Err(Reason::OtherSection);
            }
            if act.previous.as_ref() != section.posts.last() {
                return Err(Reason::NotTheLatest);
            }
        }
    }
    let rule = scene.mechanism.item(act.kind);
    match (&act.clearance, rule.cleared) {
        (None, false) => {}
        (Some(signed), true) => {
            let post = PostRef {
                state,
                channel: scene.channel.id,
                section: act.section,
                act_id,
                kind: act.kind,
                body: act.body,
            };
            statements::clearance(signed, &post, &scene.directory)?;
        }
        (None, true) => return Err(Reason::ClearanceRequired),
        (Some(_), false) => return Err(Reason::BadStatement),
    }
    Ok(Effect::Posted(PostRecord::new(scene.channel.log.size(), state, act)))
}

/// Whether several States write in one section of this kind: a dialogue or a common text.
#[must_use]
pub const fn is_shared(kind: ItemKind) -> bool {
    match kind {
        ItemKind::Clarification
        | ItemKind::MeetingRecord
        | ItemKind::Coordination
        | ItemKind::Observations
        | ItemKind::Summary => true,
        ItemKind::Response
        | ItemKind::Document
        | ItemKind::Feedback
        | ItemKind::FollowUp
        | ItemKind::GoodPractice
        | ItemKind::Draft => false,
    }
}
