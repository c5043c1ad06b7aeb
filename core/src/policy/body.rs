//! The rules over bodies: what the server cannot see, and every reader's client therefore checks itself.
//!
//! [`check_body`] is the second pure function beside `decide`. A writer's client asks it before it posts, a
//! reader's client on everything it has opened. A fault makes the act invalid for every reader alike, because
//! all of them read the same body and the same log; a note is shown beside a valid act. Nothing is opened
//! here, and words are counted by the caller.

use std::collections::BTreeSet;

use crate::act::{Binding, PostBody, ThreadStep};
use crate::id::{FileId, InstrumentCode};
use crate::mechanism::{HeldBack, Instrument, ItemKind, Language, Mechanism, Questionnaire, Side};
use crate::state::{Channel, Place, PostRecord, Roster};

/// What a body is judged by.
#[derive(Clone, Copy)]
pub struct BodyScene<'a> {
    /// The rules as data.
    pub mechanism: &'a Mechanism,
    /// Who takes part in the review, and in which languages.
    pub roster: &'a Roster,
    /// The post's channel, at least as far as the post.
    pub channel: &'a Channel,
    /// The questions, where the reader has them.
    pub questionnaire: Option<&'a Questionnaire>,
    /// The body of the section's first post, where this is a later one and the first is open.
    pub first: Option<&'a PostBody>,
    /// Counts the words of a text; asked only where the mechanism limits them. By spaces alone a Chinese
    /// text is one word: a client counts by Unicode's rules (UAX 29) with a dictionary.
    pub count_words: &'a dyn Fn(&PostBody) -> usize,
}

/// A body breaks a rule: readers show the post as invalid.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BodyFault {
    /// A response, or the first post of a thread, does not say which question it is about.
    #[error("It does not say which article and question it is about")]
    NoBinding,
    /// The binding names an instrument that this channel is not about.
    #[error("It is about {found}, and this channel is not")]
    OtherInstrument {
        /// The instrument named.
        found: InstrumentCode,
    },
    /// The article is not one of the instrument's that are reviewed.
    #[error("Article {article} of {instrument} is not under review")]
    NotAnArticle {
        /// The instrument.
        instrument: InstrumentCode,
        /// The article named.
        article: String,
    },
    /// The question is not one about that article.
    #[error("{question} is not a question about article {article} of {instrument}")]
    NotAQuestion {
        /// The instrument.
        instrument: InstrumentCode,
        /// The article.
        article: String,
        /// The question named.
        question: String,
    },
    /// It asks about a revision that was not there when it was posted.
    #[error("The revision it asks about was not in this channel when it was posted")]
    NothingAskedAbout,
    /// A later post of a section is about another question than the first.
    #[error("The section began under another question")]
    OtherQuestion,
    /// A message of a thread does not say whether it asks or answers.
    #[error("It does not say whether it asks or answers")]
    NoStep,
    /// Something else than a message of a thread is marked as one.
    #[error("It is marked as a message of a thread and is none")]
    StepElsewhere,
    /// A thread begins with something else than a question.
    #[error("A clarification thread begins with a question")]
    BeginsWithoutQuestion,
    /// Another State than the one under review has "no further information".
    #[error("Only the State under review can say that it has no further information")]
    NotTheirsToSay,
    /// The text is too long.
    #[error("It has {found} words; at most {max} are provided for")]
    TooManyWords {
        /// How many there are.
        found: usize,
        /// How many there may be.
        max: usize,
    },
    /// The files in the body are not those that the act cites.
    #[error("The files it lists are not those that the act cites")]
    OtherFiles,
}

/// Something to show beside a valid post.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyNote {
    /// The text is in a language that the review was not agreed to be conducted in.
    OtherLanguage(Language),
    /// It stays under its disclosure without the reason that the mechanism asks for.
    HeldBackWithoutReason,
}

/// Checks an opened body against the rules that need its content. `post` is what the log knows of it: of a
/// post about to be made, [`PostRecord::new`] with the channel's size and the audiences it is meant for.
///
/// # Errors
/// The first rule that it breaks.
pub fn check_body(
    scene: &BodyScene<'_>,
    post: &PostRecord,
    body: &PostBody,
) -> Result<Vec<BodyNote>, BodyFault> {
    step(scene, post, body.step)?;
    binding(scene, post, body)?;
    if let Some(max) = scene.mechanism.item(post.kind).words_max {
        let found = (scene.count_words)(body);
        if found > max {
            return Err(BodyFault::TooManyWords { found, max });
        }
    }
    let listed: BTreeSet<FileId> = body.attachments.iter().map(|attachment| attachment.file).collect();
    if !listed.iter().eq(&post.files) {
        return Err(BodyFault::OtherFiles);
    }
    Ok(notes(scene, post, body))
}

/// A thread begins with a question of either side. What follows answers it, asks on, or says that the State
/// under review has nothing to add (¶35: encouraged to respond, never forced).
fn step(scene: &BodyScene<'_>, post: &PostRecord, step: Option<ThreadStep>) -> Result<(), BodyFault> {
    if post.kind != ItemKind::Clarification {
        return if step.is_none() { Ok(()) } else { Err(BodyFault::StepElsewhere) };
    }
    let step = step.ok_or(BodyFault::NoStep)?;
    if begins_section(scene.channel, post) && step != ThreadStep::Question {
        return Err(BodyFault::BeginsWithoutQuestion);
    }
    match step {
        ThreadStep::Question | ThreadStep::Reply => Ok(()),
        ThreadStep::NoFurtherInformation if scene.roster.side(post.state) == Some(Side::StateUnderReview) => {
            Ok(())
        }
        ThreadStep::NoFurtherInformation => Err(BodyFault::NotTheirsToSay),
    }
}

/// Whether nothing of the section came before this post.
fn begins_section(channel: &Channel, post: &PostRecord) -> bool {
    let first = channel.sections.get(&post.section).and_then(|section| section.posts.front());
    first.and_then(|first| channel.posts.get(first)).is_none_or(|first| first.index >= post.index)
}

fn binding(scene: &BodyScene<'_>, post: &PostRecord, body: &PostBody) -> Result<(), BodyFault> {
    let begins = begins_section(scene.channel, post);
    let Some(binding) = &body.binding else {
        let needed = match post.kind {
            ItemKind::Response => true,
            ItemKind::Clarification => begins,
            ItemKind::Document
            | ItemKind::Feedback
            | ItemKind::MeetingRecord
            | ItemKind::Coordination
            | ItemKind::Observations
            | ItemKind::Summary
            | ItemKind::FollowUp
            | ItemKind::GoodPractice
            | ItemKind::Draft => false,
        };
        return if needed { Err(BodyFault::NoBinding) } else { Ok(()) };
    };
    question(scene, binding)?;
    let first = scene.first.filter(|_| !begins).and_then(|first| first.binding.as_ref());
    let same = |first: &Binding| {
        (&first.instrument, &first.article, &first.question)
            == (&binding.instrument, &binding.article, &binding.question)
    };
    if !first.is_none_or(same) {
        return Err(BodyFault::OtherQuestion);
    }
    // A draft, or the reviewers among themselves, may mean a revision in a strand, which is not in this log.
    if !matches!(scene.channel.place, Place::Strand { .. }) {
        return Ok(());
    }
    let was_there = binding.about.is_none_or(|(section, act)| {
        let asked = scene.channel.posts.get(&act);
        asked.is_some_and(|asked| asked.section == section && asked.index < post.index)
    });
    if was_there { Ok(()) } else { Err(BodyFault::NothingAskedAbout) }
}

/// The instrument is the channel's, the article one of its own, the question one about that article.
fn question(scene: &BodyScene<'_>, binding: &Binding) -> Result<(), BodyFault> {
    let ours = match &scene.channel.place {
        Place::Strand { instrument, .. } | Place::Coordination { instrument, .. } => {
            *instrument == binding.instrument
        }
        Place::Review | Place::Delegation { .. } => scene.roster.0.instruments.contains(&binding.instrument),
    };
    let known = scene.mechanism.instrument(&binding.instrument).filter(|_| ours);
    let instrument = known.ok_or_else(|| BodyFault::OtherInstrument { found: binding.instrument.clone() })?;
    let article = article(instrument, &binding.article).ok_or_else(|| BodyFault::NotAnArticle {
        instrument: binding.instrument.clone(),
        article: binding.article.clone(),
    })?;
    let fits = match scene.questionnaire {
        None => Questionnaire::is_id_of(&binding.question, &binding.instrument, article),
        Some(questionnaire) => questionnaire
            .question(&binding.question)
            .is_some_and(|found| found.instrument == binding.instrument && found.article == article),
    };
    if fits {
        return Ok(());
    }
    Err(BodyFault::NotAQuestion {
        instrument: binding.instrument.clone(),
        article: binding.article.clone(),
        question: binding.question.clone(),
    })
}

/// The number of a reviewed article, in its one spelling.
fn article(instrument: &Instrument, text: &str) -> Option<u16> {
    let number: u16 = text.parse().ok()?;
    let known = instrument.cluster_of(number).is_some() && number.to_string() == text;
    known.then_some(number)
}

fn notes(scene: &BodyScene<'_>, post: &PostRecord, body: &PostBody) -> Vec<BodyNote> {
    let language = (!scene.roster.0.languages.contains(&body.language))
        .then_some(BodyNote::OtherLanguage(body.language));
    let held_back = scene.mechanism.item(post.kind).held_back == Some(HeldBack::Section);
    let without_reason = held_back && post.audiences.is_empty() && body.reason.trim().is_empty();
    language.into_iter().chain(without_reason.then_some(BodyNote::HeldBackWithoutReason)).collect()
}

impl BodyFault {
    /// The code in JSON.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NoBinding => "BODY_NO_BINDING",
            Self::OtherInstrument { .. } => "BODY_OTHER_INSTRUMENT",
            Self::NotAnArticle { .. } => "BODY_NOT_AN_ARTICLE",
            Self::NotAQuestion { .. } => "BODY_NOT_A_QUESTION",
            Self::NothingAskedAbout => "BODY_NOTHING_ASKED_ABOUT",
            Self::OtherQuestion => "BODY_OTHER_QUESTION",
            Self::NoStep => "BODY_NO_STEP",
            Self::StepElsewhere => "BODY_STEP_ELSEWHERE",
            Self::BeginsWithoutQuestion => "BODY_BEGINS_WITHOUT_QUESTION",
            Self::NotTheirsToSay => "BODY_NOT_THEIRS_TO_SAY",
            Self::TooManyWords { .. } => "BODY_TOO_MANY_WORDS",
            Self::OtherFiles => "BODY_OTHER_FILES",
        }
    }

    /// The paragraph of the mechanism's source behind it, where there is one.
    #[must_use]
    pub const fn paragraph(&self) -> Option<u16> {
        match self {
            Self::NotAnArticle { .. } | Self::NotAQuestion { .. } => Some(19),
            Self::OtherInstrument { .. } => Some(28),
            Self::BeginsWithoutQuestion | Self::NotTheirsToSay => Some(35),
            Self::TooManyWords { .. } => Some(38),
            Self::NoBinding
            | Self::NothingAskedAbout
            | Self::OtherQuestion
            | Self::NoStep
            | Self::StepElsewhere
            | Self::OtherFiles => None,
        }
    }

    /// What the writer does next.
    #[must_use]
    pub const fn next(&self) -> &'static str {
        match self {
            Self::NoBinding | Self::NotAnArticle { .. } | Self::NotAQuestion { .. } => {
                "Name an article under review and a question of the questionnaire about it."
            }
            Self::OtherInstrument { .. } => "Write to the strand of that instrument.",
            Self::NothingAskedAbout => "Give the command again, and name the revision that is asked about.",
            Self::OtherQuestion => "Begin a new section under the other question.",
            Self::NoStep | Self::StepElsewhere | Self::BeginsWithoutQuestion => {
                "Ask a question, or reply in the thread of one."
            }
            Self::NotTheirsToSay => "Reply, or ask on.",
            Self::TooManyWords { .. } => "Shorten the text.",
            Self::OtherFiles => "Make the post again with exactly the files that its text lists.",
        }
    }
}

impl BodyNote {
    /// The code in JSON.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::OtherLanguage(_) => "OTHER_LANGUAGE",
            Self::HeldBackWithoutReason => "HELD_BACK_WITHOUT_REASON",
        }
    }

    /// The paragraph of the mechanism's source behind it.
    #[must_use]
    pub const fn paragraph(self) -> u16 {
        match self {
            Self::OtherLanguage(_) => 50,
            Self::HeldBackWithoutReason => 40,
        }
    }
}

impl std::fmt::Display for BodyNote {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::OtherLanguage(language) => {
                write!(f, "The text is in {language}, which is not a language of this review (\u{b6}50)")
            }
            Self::HeldBackWithoutReason => {
                f.write_str("It is not open to all parties, and no reason is given (\u{b6}40)")
            }
        }
    }
}

#[cfg(test)]
mod tests;
