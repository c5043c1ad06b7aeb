//! Making a record.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};

use chancery_core::act::PostBody;
use chancery_core::id::{ActId, KeyId, SectionId};
use chancery_core::mechanism::Mechanism;
use chancery_core::state::PostRecord;
use chancery_seal::secret::RevisionKey;

use super::container::{Measured, Writer};
use super::dialogue::{Cited, Dialogue, OpenedBody, posts};
use super::logs;
use super::manifest::{LeftOut, Listed, Manifest, Why};
use super::names::{self, Log};
use crate::entry::Entry;
use crate::verify::{ChannelCopy, DirectoryCopy};

/// A record cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The channel has no entries, or is a review itself.
    #[error("there is nothing in this channel that a record could hold")]
    Nothing,
    /// There is no such section.
    #[error("there is no section {0} in this channel")]
    NoSuchSection(SectionId),
    /// It could not be written, or a file not be read.
    #[error("the record could not be written: {0}")]
    Io(#[from] io::Error),
}

/// What a record is made from: logs as verified.
#[derive(Debug, Clone, Copy)]
pub struct Source<'a> {
    /// Fingerprint of the root.
    pub root: KeyId,
    /// The rules.
    pub mechanism: &'a Mechanism,
    /// The mechanism file.
    pub mechanism_text: &'a str,
    /// The directory.
    pub directory: &'a DirectoryCopy,
    /// The review.
    pub review: &'a ChannelCopy,
    /// The channel.
    pub channel: &'a ChannelCopy,
    /// The one section to open; none for all.
    pub section: Option<SectionId>,
}

/// A record before its files are there.
#[derive(Debug)]
pub struct Draft<'a> {
    mechanism_text: &'a str,
    dialogue: Dialogue<'a>,
}

/// What a cited file measures, and where to read it in clear.
pub type ClearFile<'f> = (Measured, Box<dyn Read + 'f>);

impl<'a> Draft<'a> {
    /// Opens what the record is of. `open` opens a post with the keys that its reader holds.
    ///
    /// # Errors
    /// [`WriteError::Nothing`], [`WriteError::NoSuchSection`].
    pub fn open(
        source: Source<'a>,
        open: impl Fn(ActId, &PostRecord, &Entry) -> Result<(RevisionKey, PostBody), Why>,
    ) -> Result<Self, WriteError> {
        let channel = source.channel;
        if channel.note.is_none() || channel.state.place.review() != Some(source.review.id()) {
            return Err(WriteError::Nothing);
        }
        if let Some(section) = source.section.filter(|one| !channel.state.sections.contains_key(one)) {
            return Err(WriteError::NoSuchSection(section));
        }
        let (mut opened, mut left_out) = (BTreeMap::new(), Vec::new());
        for (act, record) in posts(&channel.state, source.section) {
            let entry = usize::try_from(record.index).ok().and_then(|index| channel.entries.get(index));
            let sealed = entry.and_then(|entry| entry.body.clone()).unwrap_or_default();
            match entry.ok_or(Why::NoKey).and_then(|entry| open(act, record, entry)) {
                Ok((key, body)) => {
                    opened.insert(act, OpenedBody { key, sealed, body });
                }
                Err(why) => left_out.push(LeftOut { act, file: None, why }),
            }
        }
        let Source { root, mechanism, mechanism_text, directory, review, section, .. } = source;
        let dialogue = Dialogue { root, mechanism, directory, review, channel, section, opened, left_out };
        Ok(Self { mechanism_text, dialogue })
    }

    /// The files that the record will hold, each once: fetch them, and say which do not open.
    #[must_use]
    pub fn files(&self) -> Vec<Cited> {
        let mut seen = std::collections::BTreeSet::new();
        self.dialogue.citations().into_iter().filter(|cited| seen.insert(cited.attachment.file)).collect()
    }

    /// Every citation of the record.
    #[must_use]
    pub fn citations(&self) -> Vec<Cited> {
        self.dialogue.citations()
    }

    /// Leaves out a file that does not open to what this post says of it.
    pub fn leave_out(&mut self, cited: &Cited) {
        let (act, file) = (cited.act, Some(cited.attachment.file));
        self.dialogue.left_out.push(LeftOut { act, file, why: Why::DoesNotOpen });
        let index = |act: &ActId| self.dialogue.channel.state.posts.get(act).map(|post| post.index);
        self.dialogue.left_out.sort_by_key(|left| (index(&left.act), left.file));
    }

    /// What is left out.
    #[must_use]
    pub fn left_out(&self) -> &[LeftOut] {
        &self.dialogue.left_out
    }

    /// How many posts are in the record.
    #[must_use]
    pub fn posts(&self) -> usize {
        self.dialogue.opened.len()
    }

    /// Writes the record. `file` gives each of [`Draft::files`] in clear.
    ///
    /// # Errors
    /// [`WriteError::Io`].
    pub fn write<'f, W: Write>(
        &self,
        out: W,
        mut file: impl FnMut(&Cited) -> io::Result<ClearFile<'f>>,
    ) -> Result<W, WriteError> {
        let plain = self.plain();
        let mut members: Vec<(String, Measured)> =
            plain.iter().map(|(name, content)| (name.clone(), Measured::of(content))).collect();
        let files = self.files();
        let mut clear = Vec::new();
        for cited in &files {
            let (measured, content) = file(cited)?;
            members.push((cited.member.clone(), measured));
            clear.push(content);
        }
        let manifest = self.manifest(&members).encode();
        let mut writer = Writer::new(out);
        writer.add(names::MANIFEST, &Measured::of(&manifest), &mut &manifest[..])?;
        let (own, of_files) = members.split_at(plain.len());
        for ((name, measured), (_, content)) in own.iter().zip(&plain) {
            writer.add(name, measured, &mut &content[..])?;
        }
        for ((name, measured), mut content) in of_files.iter().zip(clear) {
            writer.add(name, measured, &mut content)?;
        }
        Ok(writer.finish()?)
    }

    /// Every member but the manifest and the files.
    fn plain(&self) -> Vec<(String, Vec<u8>)> {
        let dialogue = &self.dialogue;
        let mut members = vec![
            (names::PAGE.to_owned(), dialogue.page().into_bytes()),
            (names::MECHANISM.to_owned(), self.mechanism_text.as_bytes().to_vec()),
        ];
        for log in Log::ALL {
            members.push((log.entries(), logs::encode(dialogue.entries(log))));
            members.push((log.checkpoint(), dialogue.checkpoint(log).as_bytes().to_vec()));
            members.push((log.acts(), dialogue.acts(log).into_bytes()));
        }
        for (act, _) in dialogue.posts() {
            if let Some(opened) = dialogue.opened.get(&act) {
                let content = [&opened.key.as_bytes()[..], &opened.sealed].concat();
                members.push((names::body(&act), content));
            }
        }
        members
    }

    fn manifest(&self, members: &[(String, Measured)]) -> Manifest {
        let list = |(name, measured): &(String, Measured)| Listed {
            name: name.clone(),
            length: measured.length,
            sha256: measured.sha256,
        };
        Manifest {
            root: self.dialogue.root,
            channel: self.dialogue.channel.id(),
            review: self.dialogue.review.id(),
            section: self.dialogue.section,
            left_out: self.dialogue.left_out.clone(),
            members: members.iter().map(list).collect(),
        }
    }
}
