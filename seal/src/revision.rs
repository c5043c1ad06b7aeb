//! Keys of revisions: derived, never stored, and the unit of disclosure. A revision key opens one body (and
//! the files whose keys are inside) and nothing else.

use chancery_core::id::{ActId, ChannelId, Digest, SectionId};
use chancery_core::name::{Label, context};
use zeroize::Zeroizing;

use crate::SealError;
use crate::hazmat::hkdf;
use crate::secret::{EpochSecret, RevisionKey};

/// Where a revision stands. A changed body takes a new act id, even if the first act was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RevisionPlace {
    /// The channel it was posted to.
    pub channel: ChannelId,
    /// The section it is a revision of.
    pub section: SectionId,
    /// The act that posts it.
    pub act: ActId,
}

impl RevisionPlace {
    /// `channel, section, act` and then `more`, under `label`.
    pub(crate) fn context(&self, label: Label, more: &[&[u8]]) -> Zeroizing<Vec<u8>> {
        let mut parts: Vec<&[u8]> =
            vec![self.channel.as_bytes(), self.section.as_bytes(), self.act.as_bytes()];
        parts.extend(more);
        Zeroizing::new(context(label, &parts))
    }
}

/// The key of the revision at `place`, under the secret of the epoch in which it was posted.
pub fn derive_revision_key(epoch: &EpochSecret, place: &RevisionPlace) -> Result<RevisionKey, SealError> {
    let key = hkdf::derive(epoch.as_bytes(), &place.context(Label::RevisionKey, &[]))?;
    Ok(RevisionKey::from_bytes(*key))
}

/// The commitment to a revision key that stands in the post and in the Grant.
#[must_use]
pub fn commit_revision_key(place: &RevisionPlace, key: &RevisionKey) -> Digest {
    Digest::of(&place.context(Label::RevisionCommitment, &[key.as_bytes()]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_of_the_place_changes_the_key() {
        let place = |channel, section, act| RevisionPlace {
            channel: ChannelId::new([channel; 16]),
            section: SectionId::new([section; 16]),
            act: ActId::new([act; 16]),
        };
        let epoch = EpochSecret::from_bytes([9; 32]);
        let mut keys: Vec<_> =
            [place(1, 2, 3), place(0, 2, 3), place(1, 0, 3), place(1, 2, 0), place(2, 1, 3)]
                .iter()
                .map(|place| *derive_revision_key(&epoch, place).unwrap().as_bytes())
                .collect();
        keys.push(
            *derive_revision_key(&EpochSecret::from_bytes([8; 32]), &place(1, 2, 3)).unwrap().as_bytes(),
        );
        let count = keys.len();
        keys.sort_unstable();
        keys.dedup();
        assert_eq!(keys.len(), count);
    }
}
