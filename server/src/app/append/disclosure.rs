//! Disclosures and withdrawals: their statements go into a publication log in the strand's own transaction,
//! under the same log time, with what opens each post beside them.

use chancery_core::act::{Audience, Disclose, PostRef, SignedStatement, StateStatement, Team, Withdraw};
use chancery_core::error::WireReason;
use chancery_core::id::{ActId, ChannelId};
use chancery_core::log::leaf_hash;
use chancery_core::name::publication_entry;

use super::Prepared;
use super::draft::Draft;
use super::writer::Place;
use crate::app::AppError;
use crate::app::world::Publication;
use crate::store::db::Tx;
use crate::store::files;
use crate::store::log::{EntryRow, ReleaseRow};

impl Draft<'_> {
    pub(super) async fn disclose(
        &mut self,
        tx: &mut Tx,
        channel: &ChannelId,
        act: &Disclose,
        entry: &Prepared,
        place: Place,
    ) -> Result<(), AppError> {
        let generation = self.generation(act.audience, entry)?;
        let mut opened: Vec<(PostRef, Vec<_>)> = Vec::with_capacity(act.grants.len());
        for (signed, release) in act.grants.iter().zip(&entry.beside.releases) {
            let StateStatement::Grant(grant) = signed.content() else {
                return Err(WireReason::BesideMismatch.into());
            };
            let mut held = Vec::with_capacity(release.files.len());
            for (sha256, length) in &release.files {
                let file = files::claim_clear(tx, channel, (sha256, *length), self.now_ms).await?;
                held.push((*sha256, file.ok_or(WireReason::FileIncomplete)?));
            }
            opened.push((grant.post.clone(), held));
        }
        let first =
            self.publish(act.audience, entry.act_id(), place, act.grants.iter().map(SignedStatement::bytes))?;
        let publication = self.group.world.publication_id(act.audience);
        for (index, ((post, files), release)) in (first..).zip(opened.into_iter().zip(&entry.beside.releases))
        {
            self.rows.releases.push(ReleaseRow {
                publication,
                index,
                channel: *channel,
                act_id: post.act_id,
                audience: act.audience,
                state: post.state,
                generation,
                key_material: release.key_material.clone(),
                rendition: release.rendition.clone(),
                heading: release.heading.clone(),
                files,
            });
        }
        Ok(())
    }

    pub(super) fn withdraw(
        &mut self,
        channel: &ChannelId,
        act: &Withdraw,
        entry: &Prepared,
        place: Place,
    ) -> Result<(), AppError> {
        let first = self.publish(
            act.audience,
            entry.act_id(),
            place,
            act.withdrawals.iter().map(SignedStatement::bytes),
        )?;
        for (index, signed) in (first..).zip(&act.withdrawals) {
            if let StateStatement::Withdrawal(withdrawal) = signed.content() {
                self.rows.withdrawals.push((*channel, withdrawal.act_id, act.audience, index));
            }
        }
        Ok(())
    }

    /// The generation that a wrap to all parties is for: the one current at the act's basis.
    fn generation(&self, audience: Audience, entry: &Prepared) -> Result<u64, AppError> {
        match audience {
            Audience::Public => Ok(0),
            Audience::AllParties => {
                let basis = entry.act.act().content().header.basis;
                let at = basis.and_then(|basis| self.directory.at_head(&basis.directory, self.now_ms));
                let team = at.and_then(|at| at.team(&Team::AllParties));
                Ok(team.ok_or(WireReason::BesideMismatch)?.number)
            }
        }
    }

    /// Adds statements to a publication's log, under the log time of the act, and returns the index of the first.
    fn publish<'s>(
        &mut self,
        audience: Audience,
        act: ActId,
        place: Place,
        statements: impl Iterator<Item = &'s bytes::Bytes>,
    ) -> Result<u64, AppError> {
        let channel = self.group.world.publication_id(audience);
        let (_, publication): &mut (u64, Publication) =
            self.publications.get_mut(&audience).ok_or(AppError::Bug("a publication that was not loaded"))?;
        let (first, log_time_ms) = (publication.log.size(), place.log_time_ms);
        for (position, signed) in (0..).zip(statements) {
            let leaf = leaf_hash(signed, log_time_ms);
            self.rows.entries.push(EntryRow {
                channel,
                index: first + position,
                act_id: publication_entry(&act, position),
                signed: signed.clone(),
                log_time_ms,
                leaf,
            });
            publication.log.push(leaf);
        }
        publication.last_log_time_ms = log_time_ms;
        Ok(first)
    }
}
