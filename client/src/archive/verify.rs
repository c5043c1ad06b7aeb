//! Verifying a record: offline, with the fingerprint of the root and nothing else.
//!
//! The order is that of `docs/formats/record.md`, so that what is reported is the first thing that is wrong.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Seek};

use bytes::Bytes;
use chancery_core::act::PostBody;
use chancery_core::id::{ActId, ChannelId, FileId, KeyId, SectionId, StateCode};
use chancery_core::limits::{BODY_BYTES_MAX, MECHANISM_BYTES_MAX};
use chancery_core::mechanism::Mechanism;
use chancery_core::policy::World;
use chancery_core::state::{Place, PostRecord};
use chancery_seal::secret::RevisionKey;

use super::container::{Container, ContainerError};
use super::dialogue::{Cited, Dialogue, OpenedBody, posts};
use super::logs;
use super::manifest::{LeftOut, Malformed, Manifest, Why};
use super::names::{self, Log};
use crate::keyring::{OpenError, SealedPost, open_with};
use crate::verify::{
    ChannelCopy, DirectoryCopy, Fault, Growth, VerifyError, extend_channel_headers, extend_directory,
};

/// What a record that holds shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// The channel.
    pub channel: ChannelId,
    /// What it is.
    pub place: Place,
    /// The State under review.
    pub state: Option<StateCode>,
    /// The one section that is opened; none if all are.
    pub section: Option<SectionId>,
    /// Entries of the channel.
    pub entries: u64,
    /// Log time of the last.
    pub until_ms: u64,
    /// Posts that are opened.
    pub posts: usize,
    /// Files that are there.
    pub files: usize,
    /// What the maker of the record could not open.
    pub left_out: Vec<LeftOut>,
}

/// A record does not hold.
#[derive(Debug, thiserror::Error)]
#[error("{at}: {fault}")]
pub struct RecordError {
    /// The first member, entry or act that is wrong.
    pub at: String,
    /// What is wrong with it.
    pub fault: RecordFault,
}

/// What is wrong with a record.
#[derive(Debug, thiserror::Error)]
pub enum RecordFault {
    /// The container.
    #[error(transparent)]
    Container(#[from] ContainerError),
    /// The manifest.
    #[error(transparent)]
    Manifest(#[from] Malformed),
    /// A record of another deployment.
    #[error("the record is of the deployment {0}, not of the one whose fingerprint was given")]
    OtherRoot(KeyId),
    /// A member whose length or SHA-256 is not that in the manifest.
    #[error("it is not the member that the manifest lists")]
    Damaged,
    /// A member that is listed, or follows from the acts, and is not there.
    #[error("the member is missing, or not at its place")]
    Missing,
    /// A member that is there and does not belong.
    #[error("the member does not belong into this record, or not at this place")]
    Surplus,
    /// A log that is cut off.
    #[error(transparent)]
    Log(#[from] logs::Malformed),
    /// A log that does not verify.
    #[error("{0}")]
    Verify(Fault),
    /// A checkpoint that is no text.
    #[error("the checkpoint is not one")]
    Checkpoint,
    /// The mechanism file.
    #[error("it is not a mechanism file, or not the one that the root founded this deployment with")]
    Mechanism,
    /// The channel is not one that the review has opened.
    #[error("the review has not opened this channel")]
    NotOpened,
    /// The section is not one of the channel.
    #[error("the channel has no such section")]
    NoSuchSection,
    /// A body that does not open to what its act says.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// A file that is not the one its post cites.
    #[error("it is not the file that act {0} cites")]
    OtherFile(ActId),
    /// A remark that something is left out which the record cannot have had.
    #[error("what the manifest says is left out is not a content of this record")]
    LeftOut,
    /// A page for reading that says something else than the acts.
    #[error("it does not say what the acts say")]
    NotWhatTheActsSay,
}

/// Verifies a record under the root of this fingerprint. `now_ms` is this machine's clock: a log that claims to
/// be from the future is refused.
///
/// # Errors
/// The first thing that is wrong.
pub fn verify<R: Read + Seek>(reader: R, root: &KeyId, now_ms: u64) -> Result<Shown, RecordError> {
    let mut record = Record::open(reader, root)?;
    let mechanism_text = record.text(names::MECHANISM, MECHANISM_BYTES_MAX as u64, RecordFault::Mechanism)?;
    let mechanism =
        Mechanism::parse(&mechanism_text).map_err(|_| wrong(names::MECHANISM, RecordFault::Mechanism))?;
    let directory = record.directory(&mechanism, *root, now_ms)?;
    let founded = directory.state.foundation.as_ref().map(|founded| founded.mechanism);
    if founded != Some(Mechanism::digest(&mechanism_text)) {
        return Err(wrong(names::MECHANISM, RecordFault::Mechanism));
    }
    let (review, channel) = record.channels(&mechanism, &directory, now_ms)?;
    let section = record.manifest.section;
    if section.is_some_and(|section| !channel.state.sections.contains_key(&section)) {
        return Err(wrong(names::MANIFEST, RecordFault::NoSuchSection));
    }
    let opened = record.bodies(&channel)?;
    let dialogue = Dialogue {
        root: *root,
        mechanism: &mechanism,
        directory: &directory,
        review: &review,
        channel: &channel,
        section,
        opened,
        left_out: record.manifest.left_out.clone(),
    };
    let files = record.files(&dialogue)?;
    record.at_end()?;
    record.pages(&dialogue)?;
    Ok(Shown {
        channel: channel.id(),
        place: channel.state.place.clone(),
        state: review.state.roster().map(|roster| roster.0.state),
        section,
        entries: channel.head().size,
        until_ms: channel.state.last_log_time_ms,
        posts: dialogue.opened.len(),
        files,
        left_out: dialogue.left_out,
    })
}

/// A record whose members are those of its manifest.
struct Record<R> {
    container: Container<R>,
    manifest: Manifest,
    /// The next member that is to follow from what was read.
    next: usize,
}

impl<R: Read + Seek> Record<R> {
    fn open(reader: R, root: &KeyId) -> Result<Self, RecordError> {
        let mut container = Container::open(reader).map_err(of_container)?;
        if container.members().first().is_none_or(|first| first.name != names::MANIFEST) {
            return Err(wrong(names::MANIFEST, RecordFault::Missing));
        }
        let bytes = container.read(0, MANIFEST_BYTES_MAX).map_err(of_container)?;
        let manifest = Manifest::decode(&bytes).map_err(|fault| wrong(names::MANIFEST, fault))?;
        if manifest.root != *root {
            return Err(wrong(names::MANIFEST, RecordFault::OtherRoot(manifest.root)));
        }
        let mut record = Self { container, manifest, next: 1 };
        record.check_members()?;
        let fixed = [names::PAGE.to_owned(), names::MECHANISM.to_owned()];
        let logs = Log::ALL.into_iter().flat_map(|log| [log.entries(), log.checkpoint(), log.acts()]);
        for name in fixed.into_iter().chain(logs) {
            record.follows(&name)?;
        }
        Ok(record)
    }

    /// Every member is the one that the manifest lists at its place.
    fn check_members(&mut self) -> Result<(), RecordError> {
        let found: Vec<String> =
            self.container.members().iter().skip(1).map(|member| member.name.clone()).collect();
        for (place, listed) in self.manifest.members.iter().enumerate() {
            if found.get(place) != Some(&listed.name) {
                return Err(wrong(&listed.name, RecordFault::Missing));
            }
            let measured = self.container.stream(place + 1, |_| {}).map_err(of_container)?;
            if measured.length != listed.length || measured.sha256 != listed.sha256 {
                return Err(wrong(&listed.name, RecordFault::Damaged));
            }
        }
        match found.get(self.manifest.members.len()) {
            Some(surplus) => Err(wrong(surplus, RecordFault::Surplus)),
            None => Ok(()),
        }
    }

    /// The next member is the one of this name; returns its number.
    fn follows(&mut self, name: &str) -> Result<usize, RecordError> {
        let number = self.next;
        if self.container.members().get(number).is_none_or(|member| member.name != name) {
            return Err(wrong(name, RecordFault::Missing));
        }
        self.next += 1;
        Ok(number)
    }

    fn at_end(&self) -> Result<(), RecordError> {
        match self.container.members().get(self.next) {
            Some(surplus) => Err(wrong(&surplus.name, RecordFault::Surplus)),
            None => Ok(()),
        }
    }

    /// One of the members at fixed places.
    fn fixed(&mut self, name: &str, max: u64) -> Result<Vec<u8>, RecordError> {
        let number = self.container.members().iter().position(|member| member.name == name);
        let number = number.ok_or_else(|| wrong(name, RecordFault::Missing))?;
        self.container.read(number, max).map_err(of_container)
    }

    fn text(&mut self, name: &str, max: u64, otherwise: RecordFault) -> Result<String, RecordError> {
        let bytes = self.fixed(name, max)?;
        String::from_utf8(bytes).map_err(|_| wrong(name, otherwise))
    }

    fn growth(&mut self, log: Log, now_ms: u64) -> Result<Growth, RecordError> {
        let name = log.entries();
        let entries =
            logs::decode(self.fixed(&name, MEMBER_BYTES_MAX)?).map_err(|fault| wrong(&name, fault))?;
        let note = self.text(&log.checkpoint(), NOTE_BYTES_MAX, RecordFault::Checkpoint)?;
        Ok(Growth { entries, note, now_ms })
    }

    fn directory(
        &mut self,
        mechanism: &Mechanism,
        root: KeyId,
        now_ms: u64,
    ) -> Result<DirectoryCopy, RecordError> {
        let growth = self.growth(Log::Directory, now_ms)?;
        let mut directory = DirectoryCopy::new(root);
        extend_directory(mechanism, &mut directory, growth)
            .map_err(|error| of_log(Log::Directory, &error))?;
        Ok(directory)
    }

    fn channels(
        &mut self,
        mechanism: &Mechanism,
        directory: &DirectoryCopy,
        now_ms: u64,
    ) -> Result<(ChannelCopy, ChannelCopy), RecordError> {
        let mut review = ChannelCopy::new(self.manifest.review, Place::Review);
        let growth = self.growth(Log::Review, now_ms)?;
        let world = World { mechanism, directory: &directory.state, review: None };
        extend_channel_headers(world, &mut review, growth).map_err(|error| of_log(Log::Review, &error))?;
        let place = review.state.opened(&self.manifest.channel, u64::MAX);
        let place = place.ok_or_else(|| wrong(names::MANIFEST, RecordFault::NotOpened))?;
        let mut channel = ChannelCopy::new(self.manifest.channel, place);
        let growth = self.growth(Log::Channel, now_ms)?;
        let world = World { review: Some(&review.state), ..world };
        extend_channel_headers(world, &mut channel, growth).map_err(|error| of_log(Log::Channel, &error))?;
        Ok((review, channel))
    }

    fn bodies(&mut self, channel: &ChannelCopy) -> Result<BTreeMap<ActId, OpenedBody>, RecordError> {
        let left_out = self.left_out_bodies(channel)?;
        let mut opened = BTreeMap::new();
        for (act, record) in posts(&channel.state, self.manifest.section) {
            if left_out.contains(&act) {
                continue;
            }
            let name = names::body(&act);
            let number = self.follows(&name)?;
            let max = (KEY_BYTES + BODY_BYTES_MAX) as u64;
            let bytes = self.container.read(number, max).map_err(of_container)?;
            let body = open(channel.id(), act, record, bytes.into()).map_err(|fault| wrong(&name, fault))?;
            opened.insert(act, body);
        }
        Ok(opened)
    }

    /// What is said to be left out are contents of this record, each named once, in log order.
    fn left_out_bodies(&self, channel: &ChannelCopy) -> Result<BTreeSet<ActId>, RecordError> {
        let mut bodies = BTreeSet::new();
        let mut last = None;
        for left in &self.manifest.left_out {
            let post = channel.state.posts.get(&left.act);
            let post =
                post.filter(|post| self.manifest.section.is_none_or(|section| post.section == section));
            let known = post.is_some_and(|post| {
                left.file.is_none_or(|file| left.why == Why::DoesNotOpen && post.files.contains(&file))
            });
            let place = post.map(|post| (post.index, left.file));
            if !known || bodies.contains(&left.act) || last >= place {
                return Err(wrong(names::MANIFEST, RecordFault::LeftOut));
            }
            last = place;
            if left.file.is_none() {
                bodies.insert(left.act);
            }
        }
        Ok(bodies)
    }

    /// Checks every cited file that is not left out; returns how many there are.
    fn files(&mut self, dialogue: &Dialogue<'_>) -> Result<usize, RecordError> {
        let mut numbers: BTreeMap<FileId, usize> = BTreeMap::new();
        for Cited { act, member, attachment } in dialogue.citations() {
            let number = match numbers.get(&attachment.file) {
                Some(number) => *number,
                None => self.follows(&member)?,
            };
            numbers.insert(attachment.file, number);
            // The manifest's hash is that of the content: every member was measured.
            let listed = number.checked_sub(1).and_then(|place| self.manifest.members.get(place));
            let same = listed.is_some_and(|listed| {
                listed.length == attachment.length && listed.sha256 == attachment.sha256
            });
            if !same {
                return Err(wrong(&member, RecordFault::OtherFile(act)));
            }
        }
        Ok(numbers.len())
    }

    /// The pages for reading are what the acts say.
    fn pages(&mut self, dialogue: &Dialogue<'_>) -> Result<(), RecordError> {
        for log in Log::ALL {
            let name = log.acts();
            if self.fixed(&name, MEMBER_BYTES_MAX)? != dialogue.acts(log).into_bytes() {
                return Err(wrong(&name, RecordFault::NotWhatTheActsSay));
            }
        }
        if self.fixed(names::PAGE, MEMBER_BYTES_MAX)? != dialogue.page().into_bytes() {
            return Err(wrong(names::PAGE, RecordFault::NotWhatTheActsSay));
        }
        Ok(())
    }
}

fn open(
    channel: ChannelId,
    act: ActId,
    record: &PostRecord,
    mut bytes: Bytes,
) -> Result<OpenedBody, RecordFault> {
    if bytes.len() < KEY_BYTES {
        return Err(RecordFault::Damaged);
    }
    let key: [u8; KEY_BYTES] = bytes.split_to(KEY_BYTES)[..].try_into().map_err(|_| RecordFault::Damaged)?;
    let key = RevisionKey::from_bytes(key);
    let post = SealedPost { section: record.section, act, kind: record.kind, body: record.body };
    let body: PostBody = open_with(&key, channel, &post, &bytes)?;
    Ok(OpenedBody { key, sealed: bytes, body })
}

fn of_container(error: ContainerError) -> RecordError {
    let at = error.member().unwrap_or("record").to_owned();
    RecordError { at, fault: error.into() }
}

fn of_log(log: Log, error: &VerifyError) -> RecordError {
    let at = match (&error.fault, &error.at) {
        (Fault::Checkpoint(_) | Fault::NotCovered { .. } | Fault::Forked { .. }, _) => log.checkpoint(),
        (_, Some(at)) => format!("{}, {at}", log.entries()),
        (_, None) => log.entries(),
    };
    RecordError { at, fault: RecordFault::Verify(error.fault) }
}

fn wrong(at: &str, fault: impl Into<RecordFault>) -> RecordError {
    RecordError { at: at.to_owned(), fault: fault.into() }
}

const KEY_BYTES: usize = 32;
const MANIFEST_BYTES_MAX: u64 = 268_435_456;
const MEMBER_BYTES_MAX: u64 = 1_073_741_824;
const NOTE_BYTES_MAX: u64 = 4_096;
