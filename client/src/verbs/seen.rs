//! What the person has read: for each section of a channel, how many of its posts.

use std::collections::BTreeMap;

use chancery_core::id::{ChannelId, SectionId};

use crate::home::{Family, Home, HomeError};

/// What was read of one channel.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seen(BTreeMap<SectionId, u64>);

impl Seen {
    /// What was read of a channel.
    ///
    /// # Errors
    /// [`HomeError`].
    pub fn load(home: &Home, channel: ChannelId) -> Result<Self, HomeError> {
        let bytes = home.get(Family::Seen, channel.as_bytes())?;
        let kept = bytes.and_then(|bytes| postcard::from_bytes(&bytes).ok());
        Ok(Self(kept.unwrap_or_default()))
    }

    /// How many posts of a section were read.
    #[must_use]
    pub fn posts(&self, section: SectionId) -> u64 {
        self.0.get(&section).copied().unwrap_or(0)
    }

    /// Marks the first `posts` of a section as read, and keeps it if that is new.
    ///
    /// # Errors
    /// [`HomeError`].
    pub fn mark(
        &mut self,
        home: &Home,
        channel: ChannelId,
        read: impl IntoIterator<Item = (SectionId, u64)>,
    ) -> Result<(), HomeError> {
        let before = self.0.clone();
        for (section, posts) in read {
            let known = self.0.entry(section).or_default();
            *known = posts.max(*known);
        }
        if self.0 == before {
            return Ok(());
        }
        let bytes = postcard::to_stdvec(&self.0)
            .map_err(|_| HomeError::Seal(chancery_seal::SealError::Bug("what was read can be encoded")))?;
        home.put(Family::Seen, channel.as_bytes(), &bytes)
    }
}
