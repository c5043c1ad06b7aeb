//! Contents of posts in the home: what was opened to be listed or read is not opened again for that.
//!
//! They are a cache of the copy of the log, in the same segments, and nothing rests on them: a content that is
//! not there, or whose record is damaged, is opened from the sealed body, and one that is there is shown only to a
//! reader who still holds the secret of its epoch. What cannot be kept, on a full disk say, is opened once more. What
//! a rule says of a content is not kept: later acts can change it.

use std::convert::Infallible;

use chancery_core::act::{Attachment, Binding, PostBody, ThreadStep, TreeHead};
use chancery_core::id::{ActId, Digest, FileId, InstrumentCode, SectionId, UserId};
use chancery_core::mechanism::Language;
use serde::{Deserialize, Serialize};

use super::store::{bounds, encode, name};
use crate::home::{Family, Home, HomeError};
use crate::keyring::{ChannelKeys, Content, Contents, OpenedPost};
use crate::verify::{ChannelCopy, each_in_parallel};

/// Opens every post of a channel, in log order. What has not been opened before is opened, and kept.
#[must_use]
pub fn open_posts<'a>(home: &Home, copy: &'a ChannelCopy, keys: &ChannelKeys) -> Vec<OpenedPost<'a>> {
    let (opened, segments) = load(home, copy);
    let posts = keys.open_rest(copy, opened);
    // Nothing is lost where it cannot be written: reading goes on, and takes longer the next time.
    let _ = keep(home, copy, &segments, &posts);
    posts
}

/// A segment of a copy, with what was found of it.
#[derive(Debug, Clone, Copy)]
struct Segment {
    first: u64,
    end: u64,
    /// How many contents of it are kept.
    contents: usize,
}

/// The contents of a channel's posts that were kept.
fn load(home: &Home, copy: &ChannelCopy) -> (Contents, Vec<Segment>) {
    let bounds = bounds(&copy.entries);
    let ends = bounds.iter().skip(1).copied().chain([copy.entries.len()]);
    let mut segments: Vec<Segment> = bounds
        .iter()
        .zip(ends)
        .map(|(first, end)| Segment { first: *first as u64, end: end as u64, contents: 0 })
        .collect();
    let Ok(found) = each_in_parallel(&segments, |segment| Ok::<_, Infallible>(read(home, copy, segment)));
    let mut contents = Contents::of(copy.entries.len());
    for (segment, found) in segments.iter_mut().zip(found) {
        segment.contents = found.len();
        for (index, content) in found {
            contents.take(index, content);
        }
    }
    (contents, segments)
}

/// Keeps what was opened and is not kept yet, in every segment that has such.
fn keep(
    home: &Home,
    copy: &ChannelCopy,
    segments: &[Segment],
    posts: &[OpenedPost<'_>],
) -> Result<(), HomeError> {
    let head = copy.head();
    let mut grown = Vec::new();
    for segment in segments {
        let from = posts.partition_point(|post| post.record.index < segment.first);
        let to = posts.partition_point(|post| post.record.index < segment.end);
        let posts: Vec<&OpenedPost<'_>> = posts[from..to].iter().filter(|post| post.body.is_ok()).collect();
        if posts.len() > segment.contents {
            grown.push((segment.first, posts));
        }
    }
    let written = each_in_parallel(&grown, |(first, posts)| {
        let posts: Vec<Kept<'_>> = posts.iter().filter_map(|post| kept(post)).collect();
        let record = encode(&(VERSION, head, posts))?;
        home.put(Family::Channel, &name(copy.id(), CONTENTS, Some(*first)), &record)
    });
    written.map(drop).map_err(|(_, error)| error)
}

/// One segment's contents; nothing if there are none, if they are damaged, or if another version or another log's
/// reader wrote them.
fn read(home: &Home, copy: &ChannelCopy, segment: &Segment) -> Vec<(u64, Content)> {
    let record = home.get_unwiped(Family::Channel, &name(copy.id(), CONTENTS, Some(segment.first)));
    record.ok().flatten().and_then(|record| decode(&record, copy, segment)).unwrap_or_default()
}

/// `version || head || number of posts || posts`: taken one by one, for together they are megabytes.
fn decode(record: &[u8], copy: &ChannelCopy, segment: &Segment) -> Option<Vec<(u64, Content)>> {
    let rest = record.strip_prefix(&[VERSION])?;
    let (head, rest): (TreeHead, _) = postcard::take_from_bytes(rest).ok()?;
    if !copy.state.log.went_through(&head) {
        return None;
    }
    let (posts, mut rest): (u64, _) = postcard::take_from_bytes(rest).ok()?;
    let inside = segment.first..segment.end.min(head.size);
    let mut contents = Vec::new();
    for _ in 0..posts {
        let (kept, after): (Kept<'_>, _) = postcard::take_from_bytes(rest).ok()?;
        rest = after;
        if inside.contains(&kept.index) {
            contents.push((kept.index, content(kept)));
        }
    }
    Some(contents)
}

/// A post's content as its record has it.
#[derive(Serialize, Deserialize)]
struct Kept<'a> {
    index: u64,
    author: Option<UserId>,
    directory: Option<TreeHead>,
    language: Language,
    title: &'a str,
    text: &'a str,
    #[serde(borrow)]
    binding: Option<KeptBinding<'a>>,
    step: Option<ThreadStep>,
    #[serde(borrow)]
    attachments: Vec<KeptFile<'a>>,
    reason: &'a str,
}

#[derive(Serialize, Deserialize)]
struct KeptBinding<'a> {
    instrument: InstrumentCode,
    article: &'a str,
    question: &'a str,
    about: Option<(SectionId, ActId)>,
}

#[derive(Serialize, Deserialize)]
struct KeptFile<'a> {
    file: FileId,
    key: [u8; 32],
    sealed_length: u64,
    parts_sha256: Digest,
    length: u64,
    sha256: Digest,
    name: &'a str,
    media_type: &'a str,
}

fn kept<'a>(post: &'a OpenedPost<'_>) -> Option<Kept<'a>> {
    let body = post.body.as_ref().ok()?;
    let file = |one: &'a Attachment| KeptFile {
        file: one.file,
        key: one.key,
        sealed_length: one.sealed_length,
        parts_sha256: one.parts_sha256,
        length: one.length,
        sha256: one.sha256,
        name: &one.name,
        media_type: &one.media_type,
    };
    let binding = body.binding.as_ref().map(|binding| KeptBinding {
        instrument: binding.instrument.clone(),
        article: &binding.article,
        question: &binding.question,
        about: binding.about,
    });
    Some(Kept {
        index: post.record.index,
        author: post.author,
        directory: post.directory,
        language: body.language,
        title: &body.title,
        text: &body.text,
        binding,
        step: body.step,
        attachments: body.attachments.iter().map(file).collect(),
        reason: &body.reason,
    })
}

fn content(kept: Kept<'_>) -> Content {
    let file = |one: KeptFile<'_>| Attachment {
        file: one.file,
        key: one.key,
        sealed_length: one.sealed_length,
        parts_sha256: one.parts_sha256,
        length: one.length,
        sha256: one.sha256,
        name: one.name.to_owned(),
        media_type: one.media_type.to_owned(),
    };
    let binding = kept.binding.map(|binding| Binding {
        instrument: binding.instrument,
        article: binding.article.to_owned(),
        question: binding.question.to_owned(),
        about: binding.about,
    });
    let body = PostBody {
        language: kept.language,
        title: kept.title.to_owned(),
        text: kept.text.to_owned(),
        binding,
        step: kept.step,
        attachments: kept.attachments.into_iter().map(file).collect(),
        reason: kept.reason.to_owned(),
    };
    Content { author: kept.author, directory: kept.directory, body }
}

/// Begins every record, so that one of another version is known as such.
const VERSION: u8 = 1;
/// Ends the names of contents, after the channel's id and before the index of the segment's first entry.
const CONTENTS: u8 = b'o';
