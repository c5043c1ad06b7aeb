//! The publication logs against the strands, and the releases against both.

use std::collections::BTreeMap;

use chancery_core::act::{Audience, SignedStatement, StateStatement};
use chancery_core::id::{ActId, ChannelId};
use chancery_core::log::leaf_hash;
use chancery_core::name::publication_channel;

use super::{Check, Finding, Said};
use crate::app::AppError;
use crate::app::replay::Fault;
use crate::store::db::Source;
use crate::store::log;

/// The post that a grant or withdrawal names.
pub(super) fn post_of(statement: &StateStatement) -> Option<(ChannelId, ActId)> {
    match statement {
        StateStatement::Grant(grant) => Some((grant.post.channel, grant.post.act_id)),
        StateStatement::Withdrawal(withdrawal) => Some((withdrawal.channel, withdrawal.act_id)),
        StateStatement::Clearance(_)
        | StateStatement::Membership(_)
        | StateStatement::KeySuccession(_)
        | StateStatement::Objection(_) => None,
    }
}

/// A release as the log says it should be: the post, and the index of its withdrawal.
type Expected = BTreeMap<u64, ((ChannelId, ActId), Option<u64>)>;

impl Check<'_> {
    pub(super) async fn publication(
        &self,
        audience: Audience,
        said: &mut Said,
        tell: &mut dyn FnMut(Finding),
        entries: &mut u64,
    ) -> Result<(), AppError> {
        let id = publication_channel(&self.root, audience);
        let mut source = Source::Pool(self.pool);
        let Some(row) = log::channel(&mut source, &id).await? else {
            tell(Finding::Entry { channel: id, index: 0, fault: Fault::Gap });
            return Ok(());
        };
        let mut next = 0;
        let mut expected = Expected::new();
        loop {
            let page = log::entries(&mut source, &id, (next, u64::MAX), ENTRIES_PER_READ).await?;
            if page.is_empty() {
                break;
            }
            for entry in page {
                let at = |what| Finding::Publication { audience, index: Some(next), what };
                if entry.index != next {
                    tell(Finding::Entry { channel: id, index: next, fault: Fault::Gap });
                    return Ok(());
                }
                if entry.leaf != leaf_hash(&entry.signed, entry.log_time_ms) {
                    tell(Finding::Column { channel: id, index: next, column: "leaf_hash" });
                }
                match said.statements.remove(&(audience, entry.act_id)) {
                    None => tell(at("no strand has made this statement")),
                    Some(statement) => {
                        if statement.signed != entry.signed {
                            tell(at("the statement is not the strand's, byte for byte"));
                        }
                        if statement.log_time_ms != entry.log_time_ms {
                            tell(at("its log time is not that of the strand's act"));
                        }
                    }
                }
                follow(&mut expected, next, &entry.signed);
                *entries += 1;
                next += 1;
            }
        }
        if let Some(finding) = Finding::of_size(id, row.size, next) {
            tell(finding);
        }
        self.releases(audience, &id, expected, tell).await
    }

    async fn releases(
        &self,
        audience: Audience,
        id: &ChannelId,
        mut expected: Expected,
        tell: &mut dyn FnMut(Finding),
    ) -> Result<(), AppError> {
        let mut from = 0;
        loop {
            let page = log::releases(&mut Source::Pool(self.pool), id, from, ENTRIES_PER_READ).await?;
            let Some(last) = page.last() else { break };
            from = last.index + 1;
            for release in page {
                let index = release.index;
                let wrong = match expected.remove(&index) {
                    None => Some("a release stands where the log has no grant"),
                    Some((post, _)) if post != (release.channel, release.act_id) => {
                        Some("its release is of another post")
                    }
                    Some(_) if release.audience != audience.as_str() => {
                        Some("its release is for another audience")
                    }
                    Some((_, withdrawn_at)) if withdrawn_at != release.withdrawn_at => {
                        Some("its release is not withdrawn as the log says; rebuild puts it right")
                    }
                    Some(_) => None,
                };
                if let Some(what) = wrong {
                    tell(Finding::Publication { audience, index: Some(index), what });
                }
            }
        }
        for index in expected.into_keys() {
            let what = "what opens the post is missing; its State discloses it again";
            tell(Finding::Publication { audience, index: Some(index), what });
        }
        Ok(())
    }
}

/// Takes a publication's next entry into account: a withdrawal ends the release that is live.
pub(in crate::app) fn follow(expected: &mut Expected, index: u64, signed: &bytes::Bytes) {
    let Ok(statement) = SignedStatement::decode(signed.clone()) else { return };
    let Some(post) = post_of(statement.content()) else { return };
    match statement.content() {
        StateStatement::Grant(_) => {
            expected.insert(index, (post, None));
        }
        StateStatement::Withdrawal(_) => {
            for (named, withdrawn_at) in expected.values_mut() {
                if *named == post && withdrawn_at.is_none() {
                    *withdrawn_at = Some(index);
                }
            }
        }
        StateStatement::Clearance(_)
        | StateStatement::Membership(_)
        | StateStatement::KeySuccession(_)
        | StateStatement::Objection(_) => {}
    }
}

const ENTRIES_PER_READ: u32 = 256;
