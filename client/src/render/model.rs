//! What is shown: the sections of a channel, their posts in log order, under the questions they are about.

use std::collections::BTreeMap;

use chancery_core::act::{
    Act, Attachment, Audience, Author, Fault, Grant, PostBody, Role, SignedAct, StateStatement, Statement,
    Withdrawal,
};
use chancery_core::directory_statement;
use chancery_core::id::{ActId, FileId, InstrumentCode, SectionId, StateCode};
use chancery_core::mechanism::{ItemKind, Language, Mechanism};
use chancery_core::state::{Channel, Directory};

use crate::keyring::SealedPost;

/// An entry of the channel's log, verified, with its body opened where the reader may.
#[derive(Debug, Clone, Copy)]
pub struct Reading<'a> {
    /// The act.
    pub act: &'a SignedAct,
    /// Its log time.
    pub log_time_ms: u64,
    /// Of a post: its content, or why there is none.
    pub body: Option<Result<&'a PostBody, &'a str>>,
    /// Of an opened post: the rule of the mechanism that its content breaks.
    pub fault: Option<&'a str>,
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

/// The sections of a channel, with their posts. `readings` are the channel's entries, in order; `link` says
/// where a cited file lies beside the page.
///
/// Sections stand in the order of the questions they are about, then in log order; those about no question
/// come last.
pub fn sections<'a>(
    mechanism: &Mechanism,
    directory: &Directory,
    channel: &Channel,
    readings: impl IntoIterator<Item = Reading<'a>>,
    link: impl Fn(&Attachment) -> Option<String>,
) -> Vec<Section> {
    let mut posts: BTreeMap<ActId, Post> = BTreeMap::new();
    let mut abouts: BTreeMap<SectionId, About> = BTreeMap::new();
    for (index, reading) in (0_u64..).zip(readings) {
        let act = reading.act.content();
        match &act.statement {
            Statement::Post(post) => {
                if let Some(Ok(body)) = reading.body
                    && let Some(about) = about(mechanism, body)
                {
                    abouts.entry(post.section).or_insert(about);
                }
                if let Some(post) = read_post(directory, channel, index, &reading, &link) {
                    posts.insert(post.act, post);
                }
            }
            Statement::Disclose(disclose) => {
                let named = disclose.grants.iter().filter_map(|signed| granted(signed.content()));
                open(&mut posts, named, disclose.audience, true, reading.log_time_ms);
            }
            Statement::Withdraw(withdraw) => {
                let named = withdraw.withdrawals.iter().filter_map(|signed| granted(signed.content()));
                open(&mut posts, named, withdraw.audience, false, reading.log_time_ms);
            }
            Statement::Complain(complain) => {
                if let Some(post) = posts.get_mut(&complain.act_id) {
                    post.complaints.push(complaint(complain.fault));
                }
            }
            directory_statement!(
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
    let mut sections: Vec<Section> = channel
        .sections
        .iter()
        .map(|(id, section)| Section {
            id: *id,
            kind: section.kind,
            state: section.state,
            about: abouts.remove(id),
            posts: section.posts.iter().filter_map(|act| posts.remove(act)).collect(),
        })
        .collect();
    sections.sort_by_cached_key(|section| order(mechanism, section));
    sections
}

fn read_post(
    directory: &Directory,
    channel: &Channel,
    index: u64,
    reading: &Reading<'_>,
    link: &impl Fn(&Attachment) -> Option<String>,
) -> Option<Post> {
    let act = reading.act.content();
    let record = channel.posts.get(&act.header.act_id)?;
    let content = match reading.body {
        Some(Ok(body)) => Content::Open(opened(body, link)),
        Some(Err(why)) => Content::Closed(why.to_owned()),
        None => Content::Closed("It is not here.".to_owned()),
    };
    Some(Post {
        act: act.header.act_id,
        index,
        log_time_ms: reading.log_time_ms,
        state: record.state,
        role: author_role(directory, act),
        content,
        openings: Vec::new(),
        complaints: Vec::new(),
        fault: reading.fault.map(str::to_owned),
    })
}

/// As what the author speaks, at the act's basis.
fn author_role(directory: &Directory, act: &Act) -> Option<Role> {
    let Author::Person { user, .. } = act.header.author else { return None };
    // A seat that has ended since is still what the author spoke as.
    let at = directory.at_head(&act.header.basis?.directory, 0)?;
    at.person(&user).map(|person| person.role)
}

fn opened(body: &PostBody, link: &impl Fn(&Attachment) -> Option<String>) -> Opened {
    let file = |attachment: &Attachment| File {
        id: attachment.file,
        name: attachment.name.clone(),
        media_type: attachment.media_type.clone(),
        length: attachment.length,
        link: link(attachment),
    };
    Opened {
        language: body.language,
        title: body.title.clone(),
        text: body.text.clone(),
        step: body.step,
        asks_about: body.binding.as_ref().and_then(|binding| binding.about).map(|(_, act)| act),
        reason: body.reason.clone(),
        files: body.attachments.iter().map(file).collect(),
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

fn open(
    posts: &mut BTreeMap<ActId, Post>,
    named: impl Iterator<Item = ActId>,
    audience: Audience,
    opens: bool,
    log_time_ms: u64,
) {
    for act in named {
        if let Some(post) = posts.get_mut(&act) {
            post.openings.push(Opening { audience, opens, log_time_ms });
        }
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

/// Instrument as the mechanism lists them, article by number, question, then place in the log.
fn order(mechanism: &Mechanism, section: &Section) -> (usize, u64, String, String, u64) {
    let first = section.posts.first().map_or(u64::MAX, |post| post.index);
    let Some(about) = &section.about else {
        return (usize::MAX, 0, String::new(), String::new(), first);
    };
    let place = mechanism.instruments.iter().position(|one| one.code == about.instrument);
    let number = about.article.parse().unwrap_or(u64::MAX);
    (place.unwrap_or(usize::MAX - 1), number, about.article.clone(), about.question.clone(), first)
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
