//! What a record is of, and the members that follow from it: the same for who writes and who verifies.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Write as _;

use bytes::Bytes;
use chancery_core::act::{Attachment, PostBody, SignedAct};
use chancery_core::id::{ActId, Digest, FileId, KeyId, SectionId};
use chancery_core::mechanism::Mechanism;
use chancery_core::policy::{BodyScene, check_body};
use chancery_core::state::{Channel, Place, PostRecord, Roster};
use chancery_seal::secret::RevisionKey;

use super::json;
use super::manifest::LeftOut;
use super::names::{self, Log};
use crate::entry::Entry;
use crate::render::{self, Reading, Section};
use crate::verify::{ChannelCopy, DirectoryCopy};
use crate::words::count_words;

/// A dialogue with all that a record of it holds but its files.
#[derive(Debug)]
pub struct Dialogue<'a> {
    /// Fingerprint of the root.
    pub root: KeyId,
    /// The rules.
    pub mechanism: &'a Mechanism,
    /// The directory, whole.
    pub directory: &'a DirectoryCopy,
    /// The review, whole.
    pub review: &'a ChannelCopy,
    /// The channel, whole.
    pub channel: &'a ChannelCopy,
    /// The one section that is opened; none if all are.
    pub section: Option<SectionId>,
    /// The posts that are opened.
    pub opened: BTreeMap<ActId, OpenedBody>,
    /// What is not.
    pub left_out: Vec<LeftOut>,
}

/// An opened body, with what opens it.
pub struct OpenedBody {
    /// The revision key.
    pub key: RevisionKey,
    /// The sealed body.
    pub sealed: Bytes,
    /// The content.
    pub body: PostBody,
}

impl std::fmt::Debug for OpenedBody {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("OpenedBody")
    }
}

/// A file of a record.
#[derive(Debug, Clone)]
pub struct Cited {
    /// The first post that cites it.
    pub act: ActId,
    /// Its member.
    pub member: String,
    /// What the post says of it.
    pub attachment: Attachment,
}

/// The posts of a channel, or of one section of it, in log order.
#[must_use]
pub fn posts(channel: &Channel, section: Option<SectionId>) -> Vec<(ActId, &PostRecord)> {
    let wanted = |record: &PostRecord| section.is_none_or(|section| record.section == section);
    let mut posts: Vec<_> = channel
        .posts
        .iter()
        .filter(|(_, record)| wanted(record))
        .map(|(act, record)| (*act, record))
        .collect();
    posts.sort_unstable_by_key(|(_, record)| record.index);
    posts
}

impl Dialogue<'_> {
    /// The posts of the record, in log order.
    #[must_use]
    pub fn posts(&self) -> Vec<(ActId, &PostRecord)> {
        posts(&self.channel.state, self.section)
    }

    /// Whether a file of a post is left out.
    #[must_use]
    pub fn leaves_out(&self, act: ActId, file: FileId) -> bool {
        self.left_out.iter().any(|left| left.act == act && left.file == Some(file))
    }

    /// Every citation that is not left out, in order. The first of a file names its member.
    #[must_use]
    pub fn citations(&self) -> Vec<Cited> {
        let mut members: BTreeMap<FileId, String> = BTreeMap::new();
        let mut citations = Vec::new();
        for (act, _) in self.posts() {
            let Some(opened) = self.opened.get(&act) else { continue };
            for attachment in &opened.body.attachments {
                if self.leaves_out(act, attachment.file) {
                    continue;
                }
                let new = || names::attachment(&attachment.file, &attachment.name);
                let member = members.entry(attachment.file).or_insert_with(new).clone();
                citations.push(Cited { act, member, attachment: attachment.clone() });
            }
        }
        citations
    }

    /// The acts of a log as JSON lines.
    #[must_use]
    pub fn acts(&self, log: Log) -> String {
        let (entries, opens) = match log {
            Log::Directory => (&self.directory.entries, false),
            Log::Review => (&self.review.entries, false),
            Log::Channel => (&self.channel.entries, true),
        };
        let mut out = String::new();
        for (entry, act) in acts(entries) {
            let content = self.opened.get(&act.content().header.act_id).filter(|_| opens);
            let line = json::act(entry.index, entry.log_time_ms, &act, content.map(|opened| &opened.body));
            let _ = writeln!(out, "{line}");
        }
        out
    }

    /// The entries of a log.
    #[must_use]
    pub fn entries(&self, log: Log) -> &[Entry] {
        match log {
            Log::Directory => &self.directory.entries,
            Log::Review => &self.review.entries,
            Log::Channel => &self.channel.entries,
        }
    }

    /// The checkpoint of a log.
    #[must_use]
    pub fn checkpoint(&self, log: Log) -> &str {
        let note = match log {
            Log::Directory => &self.directory.note,
            Log::Review => &self.review.note,
            Log::Channel => &self.channel.note,
        };
        note.as_deref().unwrap_or_default()
    }

    /// The page for reading.
    #[must_use]
    pub fn page(&self) -> String {
        render::html::page(&self.frame(), &self.sections())
    }

    /// The sections as they are shown.
    #[must_use]
    pub fn sections(&self) -> Vec<Section> {
        let citations = self.citations();
        let present: BTreeMap<(FileId, Digest), &str> = citations
            .iter()
            .map(|cited| ((cited.attachment.file, cited.attachment.sha256), cited.member.as_str()))
            .collect();
        let link = |attachment: &Attachment| {
            present.get(&(attachment.file, attachment.sha256)).map(|member| (*member).to_owned())
        };
        let mut faults = self.faults();
        let (channel, directory) = (&self.channel.state, &self.directory.state);
        let (mut readings, mut others) = (Vec::new(), Vec::new());
        for (entry, act) in acts(&self.channel.entries) {
            let header = &act.content().header;
            let Some(record) = channel.posts.get(&header.act_id) else {
                others.push((entry.log_time_ms, act));
                continue;
            };
            readings.push(Reading {
                act: header.act_id,
                record,
                log_time_ms: entry.log_time_ms,
                author: header.author.user(),
                directory: header.basis.map(|basis| basis.directory),
                body: self.body(&header.act_id).map(Cow::Borrowed).map_err(str::to_owned),
                fault: faults.remove(&header.act_id),
            });
        }
        let others = others.iter().map(|(log_time_ms, act)| (*log_time_ms, act));
        let mut sections = render::sections(self.mechanism, directory, channel, readings, others, link);
        sections.retain(|section| self.section.is_none_or(|one| one == section.id));
        sections
    }

    fn body(&self, act: &ActId) -> Result<&PostBody, &'static str> {
        let opened = self.opened.get(act).map(|opened| &opened.body);
        opened.ok_or("Whoever made this record could not open it.")
    }

    /// The rules that opened contents break.
    fn faults(&self) -> BTreeMap<ActId, String> {
        let Some(roster) = self.review.state.roster() else { return BTreeMap::new() };
        let channel = &self.channel.state;
        let mut faults = BTreeMap::new();
        for (act, record) in self.posts() {
            let Some(opened) = self.opened.get(&act) else { continue };
            let first = channel.sections.get(&record.section).and_then(|section| section.posts.front());
            let first = first.filter(|first| **first != act).and_then(|first| self.opened.get(first));
            let scene = BodyScene {
                mechanism: self.mechanism,
                roster,
                channel,
                questionnaire: None,
                first: first.map(|first| &first.body),
                count_words: &|body| count_words(&body.text),
            };
            if let Err(fault) = check_body(&scene, record, &opened.body) {
                faults.insert(act, fault.to_string());
            }
        }
        faults
    }

    fn frame(&self) -> render::html::Frame {
        let mut facts = vec![("Channel".to_owned(), self.place())];
        if let Some(Roster(review)) = self.review.state.roster() {
            facts.push(("State under review".to_owned(), review.state.to_string()));
            let reviewers: Vec<String> =
                review.reviewers.iter().map(|reviewer| reviewer.state.to_string()).collect();
            facts.push(("Reviewing States".to_owned(), reviewers.join(", ")));
        }
        let head = self.channel.head();
        let scope = if self.section.is_some() { "one section" } else { "every section" };
        facts.extend([
            ("This record".to_owned(), scope.to_owned()),
            ("Until".to_owned(), render::date(self.channel.state.last_log_time_ms)),
            ("Entries of the channel".to_owned(), head.size.to_string()),
            ("Root of its log".to_owned(), head.root.to_string()),
            ("Channel id".to_owned(), self.channel.id().to_string()),
            ("Fingerprint of the deployment".to_owned(), self.root.to_string()),
        ]);
        let notes = if self.left_out.is_empty() {
            Vec::new()
        } else {
            let mut notes = vec!["This record leaves out what its maker could not open:".to_owned()];
            notes.extend(self.left_out.iter().map(ToString::to_string));
            notes
        };
        render::html::Frame { title: format!("Record: {}", self.place()), facts, notes }
    }

    fn place(&self) -> String {
        let title = |code: &chancery_core::id::InstrumentCode| {
            let instrument = self.mechanism.instrument(code);
            instrument.map_or_else(|| code.to_string(), |instrument| instrument.short_title.clone())
        };
        match &self.channel.state.place {
            Place::Review => "review".to_owned(),
            Place::Strand { instrument, .. } => format!("strand on {}", title(instrument)),
            Place::Coordination { instrument, .. } => format!("coordination on {}", title(instrument)),
            Place::Delegation { state, .. } => format!("delegation of {state}"),
        }
    }
}

/// Entries with their acts. Of a verified log every entry parses.
fn acts(entries: &[Entry]) -> impl Iterator<Item = (&Entry, SignedAct)> {
    entries.iter().filter_map(|entry| Some((entry, entry.act().ok()?)))
}
