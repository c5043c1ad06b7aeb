//! What an allowed act makes true.

use super::{ChannelPermit, Effect};
use crate::id::ActId;
use crate::log::leaf_hash;
use crate::state::{Channel, PostRecord, Section};

impl Channel {
    /// Makes true what the permit allows, as the next entry of the log.
    pub fn apply(&mut self, permit: ChannelPermit, log_time_ms: u64) {
        let index = self.log.size();
        self.log.push(leaf_hash(permit.act.bytes(), log_time_ms));
        self.last_log_time_ms = log_time_ms;
        let header = &permit.act.content().header;
        self.acts.insert(header.act_id, index);
        self.basis = header.basis;
        match permit.effect {
            Effect::Takes(roster) => self.rosters.push_back((index, roster)),
            Effect::Opens(act) => {
                self.openings.insert(act.channel, (index, act.opening));
            }
            Effect::Rotated { epoch, members } => {
                self.epoch = Some(epoch);
                self.members = members.into_iter().collect();
            }
            Effect::Joined { user, key } => {
                self.members.insert(user);
                if let Some(epoch) = &mut self.epoch {
                    epoch.keys.insert(key);
                }
            }
            Effect::Left(user) => {
                self.members.remove(&user);
            }
            Effect::Posted(post) => self.add_post(header.act_id, post),
            Effect::Disclosed { posts, audience } => {
                self.each_post(&posts, |post| {
                    post.audiences.insert(audience);
                });
            }
            Effect::Withdrawn { posts, audience } => {
                self.each_post(&posts, |post| {
                    post.audiences.remove(&audience);
                });
            }
            Effect::Complained { suspends } => {
                if let Some(epoch) = &mut self.epoch {
                    epoch.suspended |= suspends;
                }
            }
        }
    }

    fn add_post(&mut self, act_id: ActId, post: PostRecord) {
        let new = || Section { kind: post.kind, state: post.state, posts: imbl::Vector::new() };
        self.sections.entry(post.section).or_insert_with(new).posts.push_back(act_id);
        self.posts.insert(act_id, post);
    }

    fn each_post(&mut self, acts: &[ActId], change: impl Fn(&mut PostRecord)) {
        for act in acts {
            if let Some(post) = self.posts.get_mut(act) {
                change(post);
            }
        }
    }
}
