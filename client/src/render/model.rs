//! What is shown: the sections of a channel, their posts in log order, under the questions they are about.

use std::borrow::Cow;
use std::collections::BTreeMap;

use chancery_core::act::{
    Attachment, Audience, Fault, Grant, PostBody, Role, SignedAct, StateStatement, Statement, TreeHead,
    Withdrawal,
};
use chancery_core::directory_statement;
use chancery_core::id::{ActId, Digest, FileId, InstrumentCode, SectionId, StateCode, UserId};
use chancery_core::mechanism::{ItemKind, Language, Mechanism};
use chancery_core::state::{Channel, Directory, PostRecord};

use crate::keyring::SealedPost;

/// A post of the channel's log, verified, with its body opened where the reader may.
#[derive(Debug, Clone)]
pub struct Reading<'a> {
    /// Its act.
    pub act: ActId,
    /// What the log knows of it.
    pub record: &'a PostRecord,
    /// Its log time.
    pub log_time_ms: u64,
    /// Its author; none is the root.
    pub author: Option<UserId>,
    /// The directory that it rests on.
    pub directory: Option<TreeHead>,
    /// Its content, or why there is none.
    pub body: Result<Cow<'a, PostBody>, String>,
    /// Of an opened post: the rule of the mechanism that its content breaks.
    pub fault: Option<String>,
}

/// A section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// Its id.
    pub id: SectionId,
    /// What it is.
    pub kind: ItemKind,
    /// The State that began it.
    pub state: StateCode,
    /// What its first open post is about.
    pub about: Option<About>,
    /// Its posts, in log order.
    pub posts: Vec<Post>,
}

/// The question that a section is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    /// The instrument.
    pub instrument: InstrumentCode,
    /// Its title, as people use it.
    pub title: String,
    /// The article.
    pub article: String,
    /// The question's id.
    pub question: String,
}

/// One post.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Post {
    /// Its act.
    pub act: ActId,
    /// Its place in the log.
    pub index: u64,
    /// When it was taken into the log.
    pub log_time_ms: u64,
    /// The State that speaks.
    pub state: StateCode,
    /// As what the author speaks.
    pub role: Option<Role>,
    /// What it says.
    pub content: Content,
    /// Its disclosures and withdrawals, in log order.
    pub openings: Vec<Opening>,
    /// What readers say of it that does not open.
    pub complaints: Vec<&'static str>,
    /// The rule of the mechanism that its content breaks.
    pub fault: Option<String>,
}

/// What a post says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// It is open to the reader.
    Open(Opened),
    /// It is not, for this reason.
    Closed(String),
}

/// The content of an open post.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// The language of the text.
    pub language: Language,
    /// Title.
    pub title: String,
    /// Text.
    pub text: String,
    /// Place in a thread.
    pub step: Option<chancery_core::act::ThreadStep>,
    /// The revision it asks about.
    pub asks_about: Option<ActId>,
    /// Why it is held back.
    pub reason: String,
    /// The files it cites.
    pub files: Vec<File>,
}

/// A cited file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Its id.
    pub id: FileId,
    /// Its name, as its sender gave it.
    pub name: String,
    /// Its media type, as its sender gave it.
    pub media_type: String,
    /// Its length.
    pub length: u64,
    /// Where it lies, relative to the page; none where it does not lie beside it.
    pub link: Option<String>,
}

/// A disclosure or withdrawal of one post.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Opening {
    /// Whom it is about.
    pub audience: Audience,
    /// Whether it opens or withdraws.
    pub opens: bool,
    /// When it was taken into the log.
    pub log_time_ms: u64,
}

/// The sections of a channel, with their posts. `readings` are its posts in log order, `others` the log times and
/// acts of its other entries in that order; `link` says where a cited file lies beside the page.
///
/// Sections stand in the order of the questions they are about, then in log order; those about no question
/// come last.
pub fn sections<'a>(
    mechanism: &Mechanism,
    directory: &Directory,
    channel: &Channel,
    readings: impl IntoIterator<Item = Reading<'a>>,
    others: impl IntoIterator<Item = (u64, &'a SignedAct)>,
    link: impl Fn(&Attachment) -> Option<String>,
) -> Vec<Section> {
    let mut said = Said::of(others);
    let mut roles = Roles { directory, known: BTreeMap::new() };
    // Ascending, as the state has them, so that a post finds its section by its id.
    let ids: Vec<SectionId> = channel.sections.keys().copied().collect();
    let mut sections: Vec<Section> = channel
        .sections
        .iter()
        .map(|(id, section)| Section {
            id: *id,
            kind: section.kind,
            state: section.state,
            about: None,
            posts: Vec::with_capacity(section.posts.len()),
        })
        .collect();
    for reading in readings {
        let Ok(at) = ids.binary_search(&reading.record.section) else { continue };
        let section = &mut sections[at];
        if let (None, Ok(body)) = (&section.about, &reading.body) {
            section.about = about(mechanism, body);
        }
        let role = roles.role(reading.author, reading.directory.as_ref());
        section.posts.push(post(reading, role, &mut said, &link));
    }
    in_order(mechanism, sections)
}

fn post(
    reading: Reading<'_>,
    role: Option<Role>,
    said: &mut Said,
    link: &impl Fn(&Attachment) -> Option<String>,
) -> Post {
    let content = match reading.body {
        Ok(body) => Content::Open(opened(body.into_owned(), link)),
        Err(why) => Content::Closed(why),
    };
    Post {
        act: reading.act,
        index: reading.record.index,
        log_time_ms: reading.log_time_ms,
        state: reading.record.state,
        role,
        content,
        openings: said.openings.remove(&reading.act).unwrap_or_default(),
        complaints: said.complaints.remove(&reading.act).unwrap_or_default(),
        fault: reading.fault,
    }
}

/// What acts say of posts before them.
#[derive(Default)]
struct Said {
    openings: BTreeMap<ActId, Vec<Opening>>,
    complaints: BTreeMap<ActId, Vec<&'static str>>,
}

impl Said {
    fn of<'a>(acts: impl IntoIterator<Item = (u64, &'a SignedAct)>) -> Self {
        let mut said = Self::default();
        for (log_time_ms, act) in acts {
            match &act.content().statement {
                Statement::Disclose(disclose) => {
                    let opening = Opening { audience: disclose.audience, opens: true, log_time_ms };
                    said.open(disclose.grants.iter().filter_map(|grant| granted(grant.content())), opening);
                }
                Statement::Withdraw(withdraw) => {
                    let opening = Opening { audience: withdraw.audience, opens: false, log_time_ms };
                    said.open(withdraw.withdrawals.iter().filter_map(|one| granted(one.content())), opening);
                }
                Statement::Complain(complain) => {
                    said.complaints.entry(complain.act_id).or_default().push(complaint(complain.fault));
                }
                directory_statement!(
                    Statement::Post(_),
                    Statement::OpenReview(_),
                    Statement::OpenChannel(_),
                    Statement::NewEpoch(_),
                    Statement::AddMember(_),
                    Statement::RemoveMember(_),
                    Statement::AmendReview(_),
                    Statement::ShareEpoch(_)
                ) => {}
            }
        }
        said
    }

    fn open(&mut self, named: impl Iterator<Item = ActId>, opening: Opening) {
        for act in named {
            self.openings.entry(act).or_default().push(opening);
        }
    }
}

/// As what authors speak, at their acts' bases. Most acts share one.
struct Roles<'a> {
    directory: &'a Directory,
    known: BTreeMap<(UserId, u64, Digest), Option<Role>>,
}

impl Roles<'_> {
    fn role(&mut self, author: Option<UserId>, basis: Option<&TreeHead>) -> Option<Role> {
        let (user, head) = (author?, basis?);
        let role = || {
            // A seat that has ended since is still what the author spoke as.
            let at = self.directory.at_head(head, 0)?;
            at.person(&user).map(|person| person.role)
        };
        *self.known.entry((user, head.size, head.root)).or_insert_with(role)
    }
}

fn opened(body: PostBody, link: &impl Fn(&Attachment) -> Option<String>) -> Opened {
    let files = body.attachments.into_iter().map(|attachment| File {
        link: link(&attachment),
        id: attachment.file,
        name: attachment.name,
        media_type: attachment.media_type,
        length: attachment.length,
    });
    Opened {
        language: body.language,
        title: body.title,
        text: body.text,
        step: body.step,
        asks_about: body.binding.as_ref().and_then(|binding| binding.about).map(|(_, act)| act),
        reason: body.reason,
        files: files.collect(),
    }
}

fn about(mechanism: &Mechanism, body: &PostBody) -> Option<About> {
    let binding = body.binding.as_ref()?;
    let title = mechanism
        .instrument(&binding.instrument)
        .map_or_else(|| binding.instrument.to_string(), |instrument| instrument.short_title.clone());
    Some(About {
        instrument: binding.instrument.clone(),
        title,
        article: binding.article.clone(),
        question: binding.question.clone(),
    })
}

fn granted(statement: &StateStatement) -> Option<ActId> {
    match statement {
        StateStatement::Grant(Grant { post, .. }) => Some(post.act_id),
        StateStatement::Withdrawal(Withdrawal { act_id, .. }) => Some(*act_id),
        StateStatement::Clearance(_)
        | StateStatement::Membership(_)
        | StateStatement::KeySuccession(_)
        | StateStatement::Objection(_) => None,
    }
}

const fn complaint(fault: Fault) -> &'static str {
    match fault {
        Fault::Wrap => "A reader reports that a key of it does not open.",
        Fault::PreviousBox => "A reader reports that the earlier key does not open.",
        Fault::Body => "A reader reports that its content does not open.",
        Fault::File(_) => "A reader reports that a file of it does not open.",
    }
}

/// Sections by question, then by place in the log.
fn in_order(mechanism: &Mechanism, sections: Vec<Section>) -> Vec<Section> {
    // Few questions stand over many sections: their words are compared once, not at every comparison.
    let mut questions: BTreeMap<Question<'_>, usize> =
        sections.iter().map(|section| (question(mechanism, section), 0)).collect();
    for (rank, known) in questions.values_mut().enumerate() {
        *known = rank;
    }
    let place = |(at, section): (usize, &Section)| {
        let first = section.posts.first().map_or(u64::MAX, |post| post.index);
        (questions.get(&question(mechanism, section)).copied(), first, at)
    };
    let mut places: Vec<_> = sections.iter().enumerate().map(place).collect();
    places.sort_unstable();
    let mut sections: Vec<Option<Section>> = sections.into_iter().map(Some).collect();
    places.into_iter().filter_map(|(_, _, at)| sections[at].take()).collect()
}

/// Instrument as the mechanism lists them, article by number and by its text, question.
type Question<'a> = (usize, u64, &'a str, &'a str);

fn question<'a>(mechanism: &Mechanism, section: &'a Section) -> Question<'a> {
    let Some(about) = &section.about else { return (usize::MAX, 0, "", "") };
    let place = mechanism.instruments.iter().position(|one| one.code == about.instrument);
    let number = about.article.parse().unwrap_or(u64::MAX);
    (place.unwrap_or(usize::MAX - 1), number, &about.article, &about.question)
}

impl Post {
    /// The post as what opening it needs.
    #[must_use]
    pub fn sealed(&self, channel: &Channel) -> Option<SealedPost> {
        let record = channel.posts.get(&self.act)?;
        Some(SealedPost { section: record.section, act: self.act, kind: record.kind, body: record.body })
    }

    /// Whether it is open to `audience` at the end of the log.
    #[must_use]
    pub fn is_open_to(&self, audience: Audience) -> bool {
        let last = self.openings.iter().rev().find(|opening| opening.audience == audience);
        last.is_some_and(|opening| opening.opens)
    }
}
