//! The newest state of each channel that is in use; those not used for longest go first.

use std::collections::HashMap;
use std::sync::Arc;

use chancery_core::act::Audience;
use chancery_core::id::{ChannelId, KeyId};
use chancery_core::state::{Channel, Directory};

use super::{Kept, Publication};

/// States by channel.
#[derive(Debug)]
pub(super) struct Cache {
    directory: Arc<Kept<Directory>>,
    all_parties: Arc<Kept<Publication>>,
    public: Arc<Kept<Publication>>,
    channels: HashMap<ChannelId, Slot>,
    /// Counts uses, to tell which state was used before which.
    uses: u64,
    /// Entries behind all channels kept.
    entries: u64,
}

#[derive(Debug)]
struct Slot {
    kept: Arc<Kept<Channel>>,
    used: u64,
}

impl Cache {
    pub(super) fn new(root: KeyId) -> Self {
        Self {
            directory: Kept::new(Directory::new(root)),
            all_parties: Kept::new(Publication::default()),
            public: Kept::new(Publication::default()),
            channels: HashMap::new(),
            uses: 0,
            entries: 0,
        }
    }

    pub(super) fn directory(&self) -> Arc<Kept<Directory>> {
        self.directory.clone()
    }

    pub(super) fn publication(&self, audience: Audience) -> Arc<Kept<Publication>> {
        match audience {
            Audience::AllParties => self.all_parties.clone(),
            Audience::Public => self.public.clone(),
        }
    }

    pub(super) fn channel(&mut self, id: &ChannelId) -> Option<Arc<Kept<Channel>>> {
        self.uses += 1;
        let slot = self.channels.get_mut(id)?;
        slot.used = self.uses;
        Some(slot.kept.clone())
    }

    pub(super) fn install_directory(&mut self, kept: Arc<Kept<Directory>>) -> Arc<Kept<Directory>> {
        if kept.state.log.size() > self.directory.state.log.size() {
            self.directory = kept;
        }
        self.directory.clone()
    }

    pub(super) fn install_publication(
        &mut self,
        audience: Audience,
        kept: Arc<Kept<Publication>>,
    ) -> Arc<Kept<Publication>> {
        let place = match audience {
            Audience::AllParties => &mut self.all_parties,
            Audience::Public => &mut self.public,
        };
        if kept.state.log.size() > place.state.log.size() {
            *place = kept;
        }
        place.clone()
    }

    pub(super) fn install_channel(&mut self, kept: Arc<Kept<Channel>>) -> Arc<Kept<Channel>> {
        self.uses += 1;
        let size = kept.state.log.size();
        let id = kept.state.id;
        let before = self.channels.get(&id).map(|slot| slot.kept.clone());
        if let Some(before) = before {
            if before.state.log.size() >= size {
                return before;
            }
            self.entries -= before.state.log.size();
        }
        self.entries += size;
        self.channels.insert(id, Slot { kept: kept.clone(), used: self.uses });
        self.evict(&id);
        kept
    }

    /// The one just installed stays, however large.
    fn evict(&mut self, newest: &ChannelId) {
        while self.entries > ENTRIES_MAX {
            let others = self.channels.iter().filter(|(id, _)| *id != newest);
            let Some((oldest, size)) =
                others.min_by_key(|(_, slot)| slot.used).map(|(id, slot)| (*id, slot.kept.state.log.size()))
            else {
                return;
            };
            self.channels.remove(&oldest);
            self.entries -= size;
        }
    }
}

/// Entries behind the channels kept: about 100 MiB of states.
const ENTRIES_MAX: u64 = 250_000;

#[cfg(test)]
mod tests {
    use chancery_core::id::Digest;
    use chancery_core::state::Place;

    use super::*;

    fn channel(id: u8, size: u64) -> Arc<Kept<Channel>> {
        let mut channel = Channel::new(ChannelId::new([id; 16]), Place::Review);
        for _ in 0..size {
            channel.log.push(Digest::of(b"leaf"));
        }
        Kept::new(channel)
    }

    fn sizes(cache: &mut Cache) -> Vec<Option<u64>> {
        (1..=3).map(|id| cache.channel(&ChannelId::new([id; 16])).map(|kept| kept.state.log.size())).collect()
    }

    #[test]
    fn a_state_never_goes_back() {
        let mut cache = Cache::new(KeyId::new([0; 32]));
        cache.install_channel(channel(1, 5));
        let kept = cache.install_channel(channel(1, 3));
        assert_eq!(kept.state.log.size(), 5);
        assert_eq!((sizes(&mut cache), cache.entries), (vec![Some(5), None, None], 5));
    }

    #[test]
    fn the_least_used_states_go() {
        let mut cache = Cache::new(KeyId::new([0; 32]));
        cache.install_channel(channel(1, 10));
        cache.install_channel(channel(2, 10));
        cache.channel(&ChannelId::new([1; 16]));
        cache.entries += ENTRIES_MAX - 20;
        cache.install_channel(channel(3, 10));
        assert_eq!(sizes(&mut cache), vec![Some(10), None, Some(10)]);
    }
}
