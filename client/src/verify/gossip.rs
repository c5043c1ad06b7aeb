//! Where views of a log meet: what other readers' devices say they have verified, held against one's own copy.

use std::collections::BTreeMap;

use bytes::Bytes;
use chancery_core::id::{ChannelId, DeviceId, UserId};
use chancery_core::log::{CosignedCheckpoint, ForkProof, SignedCheckpoint, Tree, origin};
use chancery_core::state::{Directory, DirectoryAt};
use serde::{Deserialize, Serialize};

use super::{Fault, VerifyError};

/// One's own copy of a log, as far as two views can be compared by it.
#[derive(Debug, Clone, Copy)]
pub struct OwnView<'a> {
    /// The directory as verified.
    pub directory: &'a Directory,
    /// Its first entry: the certificate of the log key.
    pub founding: &'a Bytes,
    /// The log key.
    pub log_key: &'a [u8; 32],
    /// Whose log.
    pub channel: ChannelId,
    /// The log.
    pub log: &'a Tree,
    /// The checkpoint that covers exactly it.
    pub note: &'a str,
}

/// A reader's word, with what it agrees to, as it was handed out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Word {
    /// The cosigned checkpoint.
    pub note: String,
    /// What it says.
    pub said: Confirmation,
}

/// What a reader says it has verified; it agrees with one's own log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confirmation {
    /// The reader.
    pub user: UserId,
    /// By which device.
    pub device: DeviceId,
    /// Entries verified.
    pub size: u64,
    /// When, by the reader's clock: seconds since 1970 UTC.
    pub time_s: u64,
}

/// The server has signed two histories of a log, and this proves it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forked {
    /// What was found.
    pub error: VerifyError,
    /// The proof.
    pub proof: ForkProof,
}

/// How many of a channel's readers have confirmed how much.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tally {
    /// Who reads the channel.
    pub readers: usize,
    /// How many of them have confirmed at least `size` entries.
    pub confirmed: usize,
    /// The largest size that most readers have confirmed; where not so many have confirmed anything, the largest
    /// that all of those have who did. 0 if nobody did.
    pub size: u64,
    /// What each reader has confirmed, by id; none of whom nothing is known.
    pub by: BTreeMap<UserId, u64>,
}

impl OwnView<'_> {
    /// Reads what one note says. `None` for what is not counted: it is no word of a device of the directory, or
    /// about entries that were not read here yet.
    ///
    /// # Errors
    /// [`Forked`] if the log key signed another history in it, whoever the device is.
    pub fn meet(&self, note: &str) -> Result<Option<Confirmation>, Box<Forked>> {
        let root = &self.directory.root;
        let Ok(cosigned) = CosignedCheckpoint::open(note, root, &self.channel, self.log_key) else {
            return Ok(None);
        };
        let head = cosigned.signed.head();
        if head.size > self.log.size() {
            return Ok(None);
        }
        let device = cosigned.cosignature.device;
        if !self.log.went_through(&head) {
            let fault = Fault::OtherView { size: head.size, device };
            return match self.against(&cosigned.signed, fault) {
                Some(forked) => Err(Box::new(forked)),
                None => Ok(None),
            };
        }
        let known = device_of(&self.directory.now(self.directory.last_log_time_ms), device);
        let counted = known.filter(|(_, key)| cosigned.verify(root, key).is_ok());
        let time_s = cosigned.cosignature.time_s;
        Ok(counted.map(|(user, _)| Confirmation { user, device, size: head.size, time_s }))
    }

    /// The proof that another checkpoint of this log is of another history. None if it is of this one, or of a
    /// larger log: then it takes the copy of whoever has that.
    #[must_use]
    pub fn against(&self, other: &SignedCheckpoint, fault: Fault) -> Option<Forked> {
        let own = SignedCheckpoint::open(self.note, &self.origin(), self.log_key).ok()?;
        let proof = ForkProof::make(self.founding.clone(), self.log, &own, other)?;
        Some(Forked { error: VerifyError { channel: self.channel, at: None, fault }, proof })
    }

    /// The origin of the log's checkpoints.
    #[must_use]
    pub fn origin(&self) -> String {
        origin(&self.directory.root, &self.channel)
    }
}

impl Tally {
    /// Counts what the readers have confirmed. A reader with several devices counts once.
    #[must_use]
    pub fn of(readers: &[UserId], confirmations: impl IntoIterator<Item = Confirmation>) -> Self {
        let mut by: BTreeMap<UserId, u64> = BTreeMap::new();
        for one in confirmations {
            if readers.contains(&one.user) && one.size > 0 {
                let most = by.entry(one.user).or_default();
                *most = one.size.max(*most);
            }
        }
        let mut sizes: Vec<u64> = by.values().copied().collect();
        sizes.sort_unstable_by(|a, b| b.cmp(a));
        let majority = (readers.len() / 2 + 1).min(sizes.len());
        let size = majority.checked_sub(1).and_then(|last| sizes.get(last)).copied().unwrap_or(0);
        let confirmed = sizes.iter().filter(|one| size > 0 && **one >= size).count();
        Self { readers: readers.len(), confirmed, size, by }
    }
}

/// A device that the directory knows: whose it is, and its key.
pub(crate) fn device_of(directory: &DirectoryAt<'_>, device: DeviceId) -> Option<(UserId, [u8; 32])> {
    let person = directory.by_device(&device)?;
    Some((person.user, person.device(&device)?.sign))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(n: u8) -> UserId {
        UserId::new([n; 16])
    }

    fn confirmation((n, device, size): (u8, u8, u64)) -> Confirmation {
        Confirmation { user: user(n), device: DeviceId::new([device; 16]), size, time_s: 1 }
    }

    #[test]
    fn most_readers_count_and_each_once() {
        let check = |readers: u8, said: &[(u8, u8, u64)], expect: (usize, u64)| {
            let readers: Vec<UserId> = (1..=readers).map(user).collect();
            let tally = Tally::of(&readers, said.iter().copied().map(confirmation));
            assert_eq!((tally.confirmed, tally.size), expect, "{said:?} of {}", readers.len());
            assert_eq!(tally.readers, readers.len());
        };
        check(5, &[], (0, 0));
        check(0, &[], (0, 0));
        check(5, &[(1, 1, 0)], (0, 0));
        check(5, &[(1, 1, 9)], (1, 9));
        check(5, &[(1, 1, 9), (2, 2, 7)], (2, 7));
        check(5, &[(1, 1, 9), (2, 2, 7), (3, 3, 7)], (3, 7));
        check(5, &[(1, 1, 9), (2, 2, 9), (3, 3, 8), (4, 4, 1)], (3, 8));
        check(5, &[(1, 1, 9), (2, 2, 8), (3, 3, 8), (4, 4, 8), (5, 5, 1)], (4, 8));
        check(2, &[(1, 1, 4), (2, 2, 3)], (2, 3));
        // Two devices of one reader, and one who does not read the channel.
        check(3, &[(1, 1, 4), (1, 8, 6), (2, 2, 5), (9, 9, 9)], (2, 5));
    }
}
