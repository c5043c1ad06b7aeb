//! Reading a mechanism file, and everything that makes one contradict itself.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::{
    ArticleNote, ChannelKind, Cluster, ClusterCode, Disclosure, HeldBack, Instrument, ItemKind, ItemRule,
    ItemRules, Language, Mechanism, MechanismCode, Side,
};
use crate::id::InstrumentCode;
use crate::limits;

/// Why a text is not a mechanism.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MechanismError {
    /// The file is longer than is read.
    #[error("the mechanism file has {bytes} bytes; at most {max} are read")]
    FileTooLong {
        /// Its length.
        bytes: usize,
        /// The most that is read.
        max: usize,
    },
    /// Not TOML, or a key is missing, unknown or of another type.
    #[error("not a mechanism file: {0}")]
    Shape(#[from] toml::de::Error),
    /// A text or list that must not be empty is.
    #[error("{key} is empty")]
    Empty {
        /// The key.
        key: &'static str,
    },
    /// A text is too long, or a list has too many entries.
    #[error("{key} has {found} bytes or entries; at most {max} are accepted")]
    TooLong {
        /// The key.
        key: &'static str,
        /// Its length.
        found: usize,
        /// The most that is accepted.
        max: usize,
    },
    /// A number lies outside its range.
    #[error("{key} is {found}; it must lie between {min} and {max}")]
    OutOfRange {
        /// The key.
        key: &'static str,
        /// Its value.
        found: usize,
        /// The least that is accepted.
        min: usize,
        /// The most that is accepted.
        max: usize,
    },
    /// A language is listed twice.
    #[error("languages lists {language} twice")]
    RepeatedLanguage {
        /// The language.
        language: Language,
    },
    /// Two clusters have one code.
    #[error("clusters: the code {cluster} is used twice")]
    RepeatedCluster {
        /// The code.
        cluster: ClusterCode,
    },
    /// Two instruments have one code.
    #[error("instruments: the code {instrument} is used twice")]
    RepeatedInstrument {
        /// The code.
        instrument: InstrumentCode,
    },
    /// An instrument has articles in a cluster that the mechanism does not have.
    #[error("instruments.{instrument}.articles: there is no cluster {cluster}")]
    UnknownCluster {
        /// The instrument.
        instrument: InstrumentCode,
        /// The cluster named.
        cluster: ClusterCode,
    },
    /// An article stands twice in an instrument: each belongs to one cluster.
    #[error("instruments.{instrument}.articles: article {article} is listed twice")]
    RepeatedArticle {
        /// The instrument.
        instrument: InstrumentCode,
        /// The article.
        article: u16,
    },
    /// There is no article 0.
    #[error("instruments.{instrument}.articles: there is no article 0")]
    ArticleZero {
        /// The instrument.
        instrument: InstrumentCode,
    },
    /// A note is about an article that is not reviewed.
    #[error("instruments.{instrument}.notes: article {article} is in no cluster")]
    NoteWithoutArticle {
        /// The instrument.
        instrument: InstrumentCode,
        /// The article.
        article: u16,
    },
    /// An item's rule contradicts itself or its kind.
    #[error("items.{kind}.{key}: {problem}")]
    Item {
        /// The kind of item.
        kind: ItemKind,
        /// The key of its rule.
        key: &'static str,
        /// What is wrong.
        problem: ItemProblem,
    },
}

/// What is wrong with one key of an item's rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ItemProblem {
    /// Nobody writes it.
    #[error("somebody must write it")]
    NoWriter,
    /// The kind belongs in another channel.
    #[error("drafts belong in a delegation, coordination in its own channel, everything else in a strand")]
    WrongChannel,
    /// Only the reviewing States write in their coordination.
    #[error("only reviewing States write in a coordination channel")]
    WriterOutsideChannel,
    /// Only what is in a strand can be disclosed.
    #[error("only what is written in a strand can be disclosed")]
    NotDisclosable,
    /// It stands, or must stand, at something the State under review may not set.
    #[error("not among may_set (or, where may_set is empty, not private)")]
    NotSettable,
    /// It would be submitted below its own floor.
    #[error("less than the floor")]
    BelowFloor,
    /// Private is settable under a higher floor but nothing says what may be held back, or the reverse.
    #[error("must be given exactly where private may be set and the floor is higher")]
    HeldBackMismatch,
    /// What every side agrees on, every side must be able to write.
    #[error("an agreed item is written by both sides")]
    AgreedByOneSide,
    /// Agreement is a clearance by every side.
    #[error("an agreed item is cleared")]
    AgreedNotCleared,
    /// Parts are withheld from what was agreed on only.
    #[error("parts are held back only from an agreed item")]
    PartOfUnagreed,
    /// A limit of no words.
    #[error("must not be 0")]
    Zero,
}

/// The file, key by key.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    code: MechanismCode,
    title: String,
    version: u32,
    source: String,
    languages: Vec<Language>,
    languages_usual_max: u8,
    languages_exceptional_max: u8,
    reviewing_states_usual: u8,
    reviewing_states_max: u8,
    response_months: u8,
    feedback_months: u8,
    clusters: Vec<FileCluster>,
    instruments: Vec<FileInstrument>,
    items: ItemRules,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileCluster {
    code: ClusterCode,
    title: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileInstrument {
    code: InstrumentCode,
    title: String,
    short_title: String,
    articles: BTreeMap<ClusterCode, Vec<u16>>,
    #[serde(default)]
    notes: Vec<ArticleNote>,
}

pub(super) fn mechanism(toml: &str) -> Result<Mechanism, MechanismError> {
    if toml.len() > limits::MECHANISM_BYTES_MAX {
        return Err(MechanismError::FileTooLong { bytes: toml.len(), max: limits::MECHANISM_BYTES_MAX });
    }
    let file: File = toml::from_str(toml)?;
    text("title", &file.title)?;
    text("source", &file.source)?;
    range("version", file.version as usize, 1, u32::MAX as usize)?;
    numbers(&file)?;
    clusters(&file.clusters)?;
    range("instruments", file.instruments.len(), 1, limits::INSTRUMENTS_MAX)?;
    let mut instruments: Vec<Instrument> = Vec::with_capacity(file.instruments.len());
    for entry in file.instruments {
        let instrument = instrument(entry, &file.clusters)?;
        if instruments.iter().any(|earlier| earlier.code == instrument.code) {
            return Err(MechanismError::RepeatedInstrument { instrument: instrument.code });
        }
        instruments.push(instrument);
    }
    for kind in ItemKind::ALL {
        item(kind, file.items.get(kind)).map_err(|(key, problem)| MechanismError::Item {
            kind,
            key,
            problem,
        })?;
    }
    Ok(Mechanism {
        code: file.code,
        title: file.title,
        version: file.version,
        source: file.source,
        instruments,
        languages: file.languages,
        languages_usual_max: file.languages_usual_max,
        languages_exceptional_max: file.languages_exceptional_max,
        reviewing_states_usual: file.reviewing_states_usual,
        reviewing_states_max: file.reviewing_states_max,
        response_months: file.response_months,
        feedback_months: file.feedback_months,
        items: file.items,
    })
}

/// A set written as a list; an entry that is there twice is a slip of the pen, so it is refused.
pub(super) fn set<'de, D, T>(deserializer: D) -> Result<BTreeSet<T>, D::Error>
where
    D: serde::Deserializer<'de>,
    T: Deserialize<'de> + Ord,
{
    let entries = Vec::<T>::deserialize(deserializer)?;
    let count = entries.len();
    let set: BTreeSet<T> = entries.into_iter().collect();
    if set.len() == count { Ok(set) } else { Err(serde::de::Error::custom("an entry is listed twice")) }
}

fn numbers(file: &File) -> Result<(), MechanismError> {
    let mut seen = BTreeSet::new();
    if let Some(&language) = file.languages.iter().find(|language| !seen.insert(**language)) {
        return Err(MechanismError::RepeatedLanguage { language });
    }
    let (usual, exceptional) = (file.languages_usual_max.into(), file.languages_exceptional_max.into());
    range("languages_exceptional_max", exceptional, 1, file.languages.len())?;
    range("languages_usual_max", usual, 1, exceptional)?;
    let (usual, max) = (file.reviewing_states_usual.into(), file.reviewing_states_max.into());
    range("reviewing_states_max", max, 1, limits::REVIEWING_STATES_MAX)?;
    range("reviewing_states_usual", usual, 1, max)?;
    range("response_months", file.response_months.into(), 1, limits::TERM_MONTHS_MAX)?;
    range("feedback_months", file.feedback_months.into(), 1, limits::TERM_MONTHS_MAX)
}

fn clusters(clusters: &[FileCluster]) -> Result<(), MechanismError> {
    range("clusters", clusters.len(), 1, limits::CLUSTERS_MAX)?;
    let mut seen = BTreeSet::new();
    for cluster in clusters {
        text("clusters.title", &cluster.title)?;
        if !seen.insert(&cluster.code) {
            return Err(MechanismError::RepeatedCluster { cluster: cluster.code.clone() });
        }
    }
    Ok(())
}

fn instrument(mut entry: FileInstrument, clusters: &[FileCluster]) -> Result<Instrument, MechanismError> {
    let code = entry.code;
    text("instruments.title", &entry.title)?;
    text("instruments.short_title", &entry.short_title)?;
    let mut seen = BTreeSet::new();
    for &article in entry.articles.values().flatten() {
        if article == 0 {
            return Err(MechanismError::ArticleZero { instrument: code });
        }
        if !seen.insert(article) {
            return Err(MechanismError::RepeatedArticle { instrument: code, article });
        }
    }
    let mut found = Vec::with_capacity(entry.articles.len());
    for cluster in clusters {
        if let Some(mut articles) = entry.articles.remove(&cluster.code) {
            range("instruments.articles", articles.len(), 1, limits::ARTICLES_PER_CLUSTER_MAX)?;
            articles.sort_unstable();
            found.push(Cluster { code: cluster.code.clone(), title: cluster.title.clone(), articles });
        }
    }
    if let Some((cluster, _)) = entry.articles.pop_first() {
        return Err(MechanismError::UnknownCluster { instrument: code, cluster });
    }
    if found.is_empty() {
        return Err(MechanismError::Empty { key: "instruments.articles" });
    }
    for note in &entry.notes {
        text("instruments.notes.text", &note.text)?;
        if let Some(&article) = note.articles.iter().find(|article| !seen.contains(article)) {
            return Err(MechanismError::NoteWithoutArticle { instrument: code, article });
        }
    }
    Ok(Instrument {
        code,
        title: entry.title,
        short_title: entry.short_title,
        clusters: found,
        notes: entry.notes,
    })
}

/// What must hold within one rule. Each line is a promise that code elsewhere relies on.
fn item(kind: ItemKind, rule: &ItemRule) -> Result<(), (&'static str, ItemProblem)> {
    let channel = match kind {
        ItemKind::Draft => ChannelKind::Delegation,
        ItemKind::Coordination => ChannelKind::Coordination,
        ItemKind::Response
        | ItemKind::Document
        | ItemKind::Clarification
        | ItemKind::Feedback
        | ItemKind::MeetingRecord
        | ItemKind::Observations
        | ItemKind::Summary
        | ItemKind::FollowUp
        | ItemKind::GoodPractice => ChannelKind::Strand,
    };
    let in_strand = rule.channel == ChannelKind::Strand;
    let reviewers_only = rule.channel == ChannelKind::Coordination;
    let settable = |disclosure| {
        if rule.may_set.is_empty() {
            disclosure == Disclosure::Private
        } else {
            rule.may_set.contains(&disclosure)
        }
    };
    let under_floor = settable(Disclosure::Private) && rule.floor > Disclosure::Private;
    let checks = [
        (!rule.written_by.is_empty(), "written_by", ItemProblem::NoWriter),
        (rule.channel == channel, "channel", ItemProblem::WrongChannel),
        (
            !(reviewers_only && rule.written_by.contains(&Side::StateUnderReview)),
            "written_by",
            ItemProblem::WriterOutsideChannel,
        ),
        (in_strand || rule.may_set.is_empty(), "may_set", ItemProblem::NotDisclosable),
        (settable(rule.on_submission), "on_submission", ItemProblem::NotSettable),
        (settable(rule.floor), "floor", ItemProblem::NotSettable),
        (rule.on_submission >= rule.floor, "on_submission", ItemProblem::BelowFloor),
        (rule.held_back.is_some() == under_floor, "held_back", ItemProblem::HeldBackMismatch),
        (rule.held_back != Some(HeldBack::Part) || rule.agreed, "held_back", ItemProblem::PartOfUnagreed),
        (!rule.agreed || rule.written_by.len() == Side::ALL.len(), "agreed", ItemProblem::AgreedByOneSide),
        (!rule.agreed || rule.cleared, "cleared", ItemProblem::AgreedNotCleared),
        (rule.words_max != Some(0), "words_max", ItemProblem::Zero),
        (rule.paragraph != 0, "paragraph", ItemProblem::Zero),
    ];
    match checks.into_iter().find(|(holds, ..)| !holds) {
        Some((_, key, problem)) => Err((key, problem)),
        None => Ok(()),
    }
}

fn text(key: &'static str, text: &str) -> Result<(), MechanismError> {
    if text.trim().is_empty() {
        return Err(MechanismError::Empty { key });
    }
    if text.len() > limits::TITLE_BYTES_MAX {
        return Err(MechanismError::TooLong { key, found: text.len(), max: limits::TITLE_BYTES_MAX });
    }
    Ok(())
}

fn range(key: &'static str, found: usize, min: usize, max: usize) -> Result<(), MechanismError> {
    if (min..=max).contains(&found) {
        Ok(())
    } else {
        Err(MechanismError::OutOfRange { key, found, min, max })
    }
}

#[cfg(test)]
mod tests;
