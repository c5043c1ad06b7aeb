//! Copies of logs in the home: the folded state, so that nothing is verified twice, and the entries in segments.
//!
//! A segment is written before the state that counts its entries, so that a crash between leaves entries that
//! are not counted and are written again.

use std::collections::BTreeMap;

use chancery_core::act::Audience;
use chancery_core::id::{ChannelId, KeyId};
use chancery_core::name::{directory_channel, publication_channel};
use chancery_core::state::{Channel, Directory};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::entry::Entry;
use crate::home::{Family, Home, HomeError};
use crate::verify::{ChannelCopy, DirectoryCopy, PublicationCopy, Word, each_in_parallel};

/// A segment is closed when it has so many bytes; each append writes the last one anew.
const SEGMENT_BYTES: usize = 1024 * 1024;
/// Ends the names of states and segments, after the channel's id.
const STATE: u8 = b's';
const SEGMENT: u8 = b'e';
const MECHANISM: &[u8] = b"mechanism";

/// What is kept of a log beside its entries.
#[derive(Serialize, Deserialize)]
struct Snapshot<S> {
    state: S,
    note: Option<String>,
    key_acts: Vec<u64>,
    /// Index of the first entry of each segment.
    segments: Vec<u64>,
    words: Vec<Word>,
}

/// The mechanism file that was kept.
///
/// # Errors
/// [`HomeError`].
pub fn mechanism(home: &Home) -> Result<Option<String>, HomeError> {
    let kept = home.get(Family::Directory, MECHANISM)?;
    Ok(kept.and_then(|bytes| String::from_utf8(bytes.to_vec()).ok()))
}

/// Keeps the mechanism file. The caller has checked it against the deployment's first act.
///
/// # Errors
/// [`HomeError`].
pub fn keep_mechanism(home: &Home, text: &str) -> Result<(), HomeError> {
    if mechanism(home)?.as_deref() == Some(text) {
        return Ok(());
    }
    home.put(Family::Directory, MECHANISM, text.as_bytes())
}

/// The directory that was kept; an empty one where there is none.
///
/// # Errors
/// [`HomeError`].
pub fn load_directory(home: &Home, root: KeyId) -> Result<DirectoryCopy, HomeError> {
    let log = Log { home, family: Family::Directory, id: directory_channel(&root) };
    let Some((snapshot, entries)) = log.load::<Directory>(|state| state.log.size())? else {
        return Ok(DirectoryCopy::new(root));
    };
    Ok(DirectoryCopy { state: snapshot.state, entries, note: snapshot.note })
}

/// Keeps the directory, of which the first `kept` entries are kept already.
///
/// # Errors
/// [`HomeError`].
pub fn keep_directory(home: &Home, copy: &DirectoryCopy, kept: u64) -> Result<(), HomeError> {
    let log = Log { home, family: Family::Directory, id: copy.id() };
    let kept_with = KeptWith { note: copy.note.as_ref(), key_acts: &[], words: Vec::new() };
    log.keep(&copy.state, kept_with, &copy.entries, kept)
}

/// A channel that was kept.
///
/// # Errors
/// [`HomeError`].
pub fn load_channel(home: &Home, id: ChannelId) -> Result<Option<ChannelCopy>, HomeError> {
    let log = Log { home, family: Family::Channel, id };
    let loaded = log.load::<Channel>(|state| state.log.size())?;
    Ok(loaded.map(|(snapshot, entries)| ChannelCopy {
        state: snapshot.state,
        entries,
        key_acts: snapshot.key_acts,
        note: snapshot.note,
        words: snapshot.words.into_iter().map(|word| (word.said.device, word)).collect(),
    }))
}

/// Keeps a channel, of which the first `kept` entries are kept already.
///
/// # Errors
/// [`HomeError`].
pub fn keep_channel(home: &Home, copy: &ChannelCopy, kept: u64) -> Result<(), HomeError> {
    let log = Log { home, family: Family::Channel, id: copy.id() };
    let words = copy.words.values().cloned().collect();
    let kept_with = KeptWith { note: copy.note.as_ref(), key_acts: &copy.key_acts, words };
    log.keep(&copy.state, kept_with, &copy.entries, kept)
}

/// The channels that are kept.
///
/// # Errors
/// [`HomeError`].
pub fn channels(home: &Home) -> Result<Vec<ChannelId>, HomeError> {
    let names = home.names(Family::Channel)?;
    let ids = names.iter().filter_map(|name| name.strip_suffix(&[STATE]));
    Ok(ids.filter_map(|id| ChannelId::try_from(id).ok()).collect())
}

/// A publication log that was kept; an empty one where there is none.
///
/// # Errors
/// [`HomeError`].
pub fn load_publication(home: &Home, root: KeyId, audience: Audience) -> Result<PublicationCopy, HomeError> {
    let name = name(publication_channel(&root, audience), STATE, None);
    let kept = home.get(Family::Directory, &name)?;
    let kept = kept.and_then(|bytes| postcard::from_bytes(&bytes).ok());
    Ok(kept.unwrap_or_else(|| PublicationCopy::new(root, audience)))
}

/// Keeps a publication log.
///
/// # Errors
/// [`HomeError`].
pub fn keep_publication(home: &Home, copy: &PublicationCopy) -> Result<(), HomeError> {
    home.put(Family::Directory, &name(copy.id(), STATE, None), &encode(copy)?)
}

/// What is kept of a log beside its state and entries.
struct KeptWith<'a> {
    note: Option<&'a String>,
    key_acts: &'a [u64],
    words: Vec<Word>,
}

/// What was kept of a log, with its entries.
type Loaded<S> = (Snapshot<S>, Vec<Entry>);

/// What one worker has read.
enum Part<S> {
    State(Box<Result<Option<Snapshot<S>>, HomeError>>),
    Segment(u64, Result<Option<Vec<Entry>>, HomeError>),
}

/// One log in the home.
struct Log<'a> {
    home: &'a Home,
    family: Family,
    id: ChannelId,
}

impl Log<'_> {
    fn load<S: DeserializeOwned + Send>(
        &self,
        size: impl Fn(&S) -> u64,
    ) -> Result<Option<Loaded<S>>, HomeError> {
        // The state says which segments count, but takes as long to read as they do: all are read meanwhile.
        let parts: Vec<Option<u64>> =
            [None].into_iter().chain(self.segments()?.into_iter().map(Some)).collect();
        let read = each_in_parallel(&parts, |part| {
            Ok::<_, ()>(match part {
                None => Part::State(Box::new(self.snapshot())),
                Some(first) => Part::Segment(*first, self.segment(*first)),
            })
        });
        let (mut snapshot, mut segments) = (None, BTreeMap::new());
        for part in read.unwrap_or_default() {
            match part {
                Part::State(read) => snapshot = (*read)?,
                Part::Segment(first, segment) => drop(segments.insert(first, segment)),
            }
        }
        let Some(snapshot): Option<Snapshot<S>> = snapshot else { return Ok(None) };
        let wanted = usize::try_from(size(&snapshot.state)).unwrap_or(usize::MAX);
        let mut entries: Vec<Entry> = Vec::new();
        for first in &snapshot.segments {
            // What is wrong with a segment that does not count any more does not matter.
            let Some(segment) = segments.remove(first).transpose()?.flatten() else { return Ok(None) };
            entries.extend(segment);
        }
        if entries.len() < wanted {
            return Ok(None);
        }
        entries.truncate(wanted);
        Ok(Some((snapshot, entries)))
    }

    /// What is kept beside the entries; nothing if another version wrote it: then the log is read and verified
    /// again from the server.
    fn snapshot<S: DeserializeOwned>(&self) -> Result<Option<Snapshot<S>>, HomeError> {
        let record = self.home.get_unwiped(self.family, &name(self.id, STATE, None))?;
        Ok(record.and_then(|record| postcard::from_bytes(&record).ok()))
    }

    /// The first entries of the segments that lie in the home, whether or not they count.
    fn segments(&self) -> Result<Vec<u64>, HomeError> {
        let prefix = name(self.id, SEGMENT, None);
        let names = self.home.names(self.family)?;
        let firsts = names.iter().filter_map(|name| name.strip_prefix(&prefix[..])?.try_into().ok());
        Ok(firsts.map(u64::from_be_bytes).collect())
    }

    fn keep<S: Serialize>(
        &self,
        state: &S,
        with: KeptWith<'_>,
        entries: &[Entry],
        kept: u64,
    ) -> Result<(), HomeError> {
        let kept = usize::try_from(kept).unwrap_or(usize::MAX).min(entries.len());
        let mut bounds = bounds(entries);
        for (n, first) in bounds.iter().enumerate() {
            let end = bounds.get(n + 1).copied().unwrap_or(entries.len());
            if end > kept {
                let name = name(self.id, SEGMENT, Some(*first as u64));
                self.home.put(self.family, &name, &encode(&entries[*first..end])?)?;
            }
        }
        let segments = bounds.drain(..).map(|first| first as u64).collect();
        let KeptWith { note, key_acts, words } = with;
        let snapshot = Snapshot { state, note: note.cloned(), key_acts: key_acts.to_vec(), segments, words };
        self.home.put(self.family, &name(self.id, STATE, None), &encode(&snapshot)?)
    }

    fn segment(&self, first: u64) -> Result<Option<Vec<Entry>>, HomeError> {
        let record = self.home.get_unwiped(self.family, &name(self.id, SEGMENT, Some(first)))?;
        Ok(record.as_ref().and_then(Entry::decode_all))
    }
}

/// Where segments begin: the same for the same entries, however they came in.
pub(super) fn bounds(entries: &[Entry]) -> Vec<usize> {
    let mut bounds = Vec::new();
    let mut bytes = SEGMENT_BYTES;
    for (index, entry) in entries.iter().enumerate() {
        if bytes >= SEGMENT_BYTES {
            bounds.push(index);
            bytes = 0;
        }
        let beside = entry.body.as_ref().map_or(0, bytes::Bytes::len) + 1_400 * entry.own_wraps.len();
        bytes += entry.signed.len() + beside;
    }
    bounds
}

pub(super) fn name(id: ChannelId, what: u8, first: Option<u64>) -> Vec<u8> {
    let mut name = id.as_bytes().to_vec();
    name.push(what);
    name.extend(first.into_iter().flat_map(u64::to_be_bytes));
    name
}

pub(super) fn encode<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>, HomeError> {
    postcard::to_stdvec(value)
        .map_err(|_| HomeError::Seal(chancery_seal::SealError::Bug("a record can be encoded")))
}
