//! The rules of a review mechanism as data: instruments, clusters of articles, item kinds, disclosure,
//! languages and numbers.
//!
//! A mechanism is a file, not code; [`Mechanism::parse`] refuses one that contradicts itself, so that
//! nothing after it has to check again. Which act of whom is allowed is not decided here: that is a
//! function of a channel's log, and only looks up its terms in a [`Mechanism`].

mod parse;
mod questionnaire;
mod words;

use std::collections::BTreeSet;

pub use parse::{ItemProblem, MechanismError};
pub use questionnaire::{Question, Questionnaire, QuestionnaireError};
pub use words::{
    ChannelKind, ClusterCode, Disclosure, HeldBack, ItemKind, Language, MechanismCode, QuestionId, Side,
};

/// The mechanism file of the first mechanism, as it stands in `mechanisms/untoc.toml`. Its SHA-256 stands in a
/// deployment's first act.
pub const UNTOC: &str = include_str!("../../mechanisms/untoc.toml");

use crate::id::{Digest, InstrumentCode};

/// A mechanism whose parts agree with each other. Only [`Mechanism::parse`] makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mechanism {
    /// Its short code.
    pub code: MechanismCode,
    /// Its full name.
    pub title: String,
    /// Raised by every change of meaning.
    pub version: u32,
    /// The document its rules come from.
    pub source: String,
    /// The instruments under review, in the order of the source.
    pub instruments: Vec<Instrument>,
    /// The working languages (¶49), in the order of the source.
    pub languages: Vec<Language>,
    /// Most languages of one review (¶50).
    pub languages_usual_max: u8,
    /// Most languages of one review in exceptional circumstances, with a reason (¶50).
    pub languages_exceptional_max: u8,
    /// Reviewing States of one review (¶26).
    pub reviewing_states_usual: u8,
    /// Most reviewing States, unless the State under review decides otherwise (¶28c).
    pub reviewing_states_max: u8,
    /// Months for the responses (¶34).
    pub response_months: u8,
    /// Months for the feedback, from the receipt of the responses (¶35).
    pub feedback_months: u8,
    items: ItemRules,
}

impl Mechanism {
    /// Reads a mechanism file.
    ///
    /// # Errors
    /// The text is too long, is not TOML of the expected shape (every key required unless documented
    /// as optional, no other key), or contradicts itself; the error names the key.
    pub fn parse(toml: &str) -> Result<Self, MechanismError> {
        parse::mechanism(toml)
    }

    /// What a signed reference to a mechanism file names: SHA-256 of its bytes.
    #[must_use]
    pub fn digest(toml: &str) -> Digest {
        Digest::of(toml.as_bytes())
    }

    /// The rule for items of `kind`.
    #[must_use]
    pub fn item(&self, kind: ItemKind) -> &ItemRule {
        self.items.get(kind)
    }

    /// Every kind with its rule, in the order of [`ItemKind::ALL`].
    pub fn items(&self) -> impl Iterator<Item = (ItemKind, &ItemRule)> {
        ItemKind::ALL.into_iter().map(|kind| (kind, self.item(kind)))
    }

    /// The instrument of that code, if it is one of the mechanism's.
    #[must_use]
    pub fn instrument(&self, code: &InstrumentCode) -> Option<&Instrument> {
        self.instruments.iter().find(|instrument| instrument.code == *code)
    }
}

/// A legal instrument and those of its articles that are reviewed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instrument {
    /// Its short code.
    pub code: InstrumentCode,
    /// Its full title.
    pub title: String,
    /// The title people use.
    pub short_title: String,
    /// Its articles by cluster; a cluster without an article of this instrument is not listed.
    pub clusters: Vec<Cluster>,
    /// Remarks on some of its articles.
    pub notes: Vec<ArticleNote>,
}

impl Instrument {
    /// Every reviewed article, ascending, each once.
    #[must_use]
    pub fn articles(&self) -> Vec<u16> {
        let articles: BTreeSet<u16> =
            self.clusters.iter().flat_map(|cluster| &cluster.articles).copied().collect();
        articles.into_iter().collect()
    }

    /// The cluster that an article is reviewed in; `None` if it is not reviewed.
    #[must_use]
    pub fn cluster_of(&self, article: u16) -> Option<&Cluster> {
        self.clusters.iter().find(|cluster| cluster.articles.contains(&article))
    }
}

/// A thematic cluster of articles (¶9), as one instrument has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cluster {
    /// Its short code, the same in every instrument.
    pub code: ClusterCode,
    /// Its title.
    pub title: String,
    /// The articles, ascending.
    pub articles: Vec<u16>,
}

/// A remark on some articles of an instrument.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ArticleNote {
    /// The articles it is about.
    pub articles: Vec<u16>,
    /// The remark.
    pub text: String,
}

/// Who writes items of one kind, where, and who may read them when.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ItemRule {
    /// The sides whose members write it.
    #[serde(deserialize_with = "parse::set")]
    pub written_by: BTreeSet<Side>,
    /// The kind of channel it is written in.
    pub channel: ChannelKind,
    /// Who may read it once it is submitted; for an agreed item, once it is final.
    pub on_submission: Disclosure,
    /// What the State under review may change that to; empty: nothing, it is not that State's.
    #[serde(deserialize_with = "parse::set")]
    pub may_set: BTreeSet<Disclosure>,
    /// The least it may stand at when the phase closes.
    pub floor: Disclosure,
    /// What may stay private under a higher floor, for a recorded reason; optional in the file.
    pub held_back: Option<HeldBack>,
    /// Whether it is submitted by the focal point, with the State's clearance.
    pub cleared: bool,
    /// Whether it is final only with the signatures of every side over the same content (¶39).
    pub agreed: bool,
    /// The most words it may have; optional in the file.
    pub words_max: Option<usize>,
    /// The paragraph of the mechanism's source that it rests on.
    pub paragraph: u16,
}

/// One rule for each kind: a field each, so that a file that lacks one does not parse and a kind
/// without a rule does not compile.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct ItemRules {
    response: ItemRule,
    document: ItemRule,
    clarification: ItemRule,
    feedback: ItemRule,
    meeting_record: ItemRule,
    coordination: ItemRule,
    observations: ItemRule,
    summary: ItemRule,
    follow_up: ItemRule,
    good_practice: ItemRule,
    draft: ItemRule,
}

impl ItemRules {
    fn get(&self, kind: ItemKind) -> &ItemRule {
        match kind {
            ItemKind::Response => &self.response,
            ItemKind::Document => &self.document,
            ItemKind::Clarification => &self.clarification,
            ItemKind::Feedback => &self.feedback,
            ItemKind::MeetingRecord => &self.meeting_record,
            ItemKind::Coordination => &self.coordination,
            ItemKind::Observations => &self.observations,
            ItemKind::Summary => &self.summary,
            ItemKind::FollowUp => &self.follow_up,
            ItemKind::GoodPractice => &self.good_practice,
            ItemKind::Draft => &self.draft,
        }
    }
}
