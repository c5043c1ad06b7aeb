//! A questionnaire: the questions a State answers about each reviewed article (¶19).

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::{Language, Mechanism, MechanismCode, QuestionId};
use crate::id::InstrumentCode;
use crate::limits;

/// The questions, checked against their mechanism. Only [`Questionnaire::parse`] makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Questionnaire {
    /// What it is called.
    pub title: String,
    /// Where its questions come from and what they are not.
    pub note: String,
    /// The mechanism it belongs to.
    pub mechanism: MechanismCode,
    /// Raised by every change of meaning.
    pub version: u32,
    /// The language that every question has.
    pub language: Language,
    questions: Vec<Question>,
    // Places in `questions`.
    by_id: BTreeMap<QuestionId, usize>,
}

/// One question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// Its id, `<instrument>-<article>-<number>`.
    pub id: QuestionId,
    /// The instrument it is about.
    pub instrument: InstrumentCode,
    /// The article it is about.
    pub article: u16,
    base: Language,
    base_text: String,
    translations: BTreeMap<Language, String>,
}

impl Questionnaire {
    /// Reads a questionnaire file for `mechanism`.
    ///
    /// # Errors
    /// The text is too long, is not TOML of the expected shape (every key required, no other key), or
    /// does not fit the mechanism; the error names the question.
    pub fn parse(toml: &str, mechanism: &Mechanism) -> Result<Self, QuestionnaireError> {
        if toml.len() > limits::QUESTIONNAIRE_BYTES_MAX {
            let (bytes, max) = (toml.len(), limits::QUESTIONNAIRE_BYTES_MAX);
            return Err(QuestionnaireError::FileTooLong { bytes, max });
        }
        let file: File = toml::from_str(toml)?;
        let outline = [("title", &file.title), ("note", &file.note)];
        if let Some((key, _)) = outline.into_iter().find(|(_, text)| !fits(text)) {
            return Err(QuestionnaireError::TextLength { key, max: limits::QUESTION_BYTES_MAX });
        }
        if file.mechanism != mechanism.code {
            return Err(QuestionnaireError::OtherMechanism { found: file.mechanism });
        }
        if !mechanism.languages.contains(&file.language) {
            return Err(QuestionnaireError::NotALanguage { language: file.language });
        }
        if !(1..=limits::QUESTIONS_MAX).contains(&file.questions.len()) {
            let (found, max) = (file.questions.len(), limits::QUESTIONS_MAX);
            return Err(QuestionnaireError::QuestionCount { found, max });
        }
        let mut by_id = BTreeMap::new();
        let mut questions = Vec::with_capacity(file.questions.len());
        for entry in file.questions {
            let question = question(entry, file.language, mechanism)?;
            if by_id.insert(question.id.clone(), questions.len()).is_some() {
                return Err(QuestionnaireError::Repeated { question: question.id });
            }
            questions.push(question);
        }
        Ok(Self {
            title: file.title,
            note: file.note,
            mechanism: file.mechanism,
            version: file.version,
            language: file.language,
            questions,
            by_id,
        })
    }

    /// Whether `id` has the form of a question about the article: instrument, article and number.
    #[must_use]
    pub fn is_id_of(id: &str, instrument: &InstrumentCode, article: u16) -> bool {
        id.strip_prefix(&format!("{instrument}-{article}-")).is_some_and(is_number)
    }

    /// Every question, in the order of the file.
    #[must_use]
    pub fn questions(&self) -> &[Question] {
        &self.questions
    }

    /// The questions about one instrument, in the order of the file.
    pub fn of_instrument(&self, instrument: &InstrumentCode) -> impl Iterator<Item = &Question> {
        self.questions.iter().filter(move |question| question.instrument == *instrument)
    }

    /// The question of that id.
    #[must_use]
    pub fn question(&self, id: &str) -> Option<&Question> {
        self.by_id.get(id).and_then(|place| self.questions.get(*place))
    }
}

impl Question {
    /// The text in `wanted`, or else in the questionnaire's own language; with the language it is in.
    #[must_use]
    pub fn text(&self, wanted: Language) -> (Language, &str) {
        match self.translations.get(&wanted) {
            Some(text) => (wanted, text),
            None => (self.base, &self.base_text),
        }
    }

    /// The languages it can be read in.
    #[must_use]
    pub fn languages(&self) -> BTreeSet<Language> {
        self.translations.keys().copied().chain([self.base]).collect()
    }
}

/// Why a text is not a questionnaire of its mechanism.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum QuestionnaireError {
    /// The file is longer than is read.
    #[error("the questionnaire file has {bytes} bytes; at most {max} are read")]
    FileTooLong {
        /// Its length.
        bytes: usize,
        /// The most that is read.
        max: usize,
    },
    /// Not TOML, or a key is missing, unknown or of another type.
    #[error("not a questionnaire file: {0}")]
    Shape(#[from] toml::de::Error),
    /// The title or the note is empty or too long.
    #[error("{key} must have between 1 and {max} bytes")]
    TextLength {
        /// The key.
        key: &'static str,
        /// The most that is accepted.
        max: usize,
    },
    /// It belongs to another mechanism.
    #[error("mechanism: this questionnaire belongs to {found}")]
    OtherMechanism {
        /// The mechanism it names.
        found: MechanismCode,
    },
    /// The mechanism does not work in that language.
    #[error("{language} is not a language of the mechanism")]
    NotALanguage {
        /// The language.
        language: Language,
    },
    /// No question, or too many.
    #[error("questions has {found} entries; between 1 and {max} are accepted")]
    QuestionCount {
        /// How many there are.
        found: usize,
        /// The most that is accepted.
        max: usize,
    },
    /// Two questions have one id.
    #[error("questions: the id {question} is used twice")]
    Repeated {
        /// The id.
        question: QuestionId,
    },
    /// The id does not begin with the question's instrument and article, or does not end in a number.
    #[error("question {question}: its id is not its instrument, its article and a number joined by -")]
    IdMismatch {
        /// The id.
        question: QuestionId,
    },
    /// The mechanism has no such instrument.
    #[error("question {question}: there is no instrument {instrument}")]
    UnknownInstrument {
        /// The id.
        question: QuestionId,
        /// The instrument it names.
        instrument: InstrumentCode,
    },
    /// The mechanism does not review that article of the instrument.
    #[error("question {question}: article {article} of {instrument} is not reviewed")]
    UnknownArticle {
        /// The id.
        question: QuestionId,
        /// The instrument.
        instrument: InstrumentCode,
        /// The article it names.
        article: u16,
    },
    /// The text in the questionnaire's own language is missing.
    #[error("question {question}: text.{language} is missing")]
    NoText {
        /// The id.
        question: QuestionId,
        /// The questionnaire's language.
        language: Language,
    },
    /// A text is empty or too long.
    #[error("question {question}: text.{language} must have between 1 and {max} bytes")]
    QuestionLength {
        /// The id.
        question: QuestionId,
        /// The language of the text.
        language: Language,
        /// The most that is accepted.
        max: usize,
    },
}

/// The file, key by key.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    title: String,
    note: String,
    mechanism: MechanismCode,
    version: u32,
    language: Language,
    questions: Vec<FileQuestion>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileQuestion {
    id: QuestionId,
    instrument: InstrumentCode,
    article: u16,
    text: BTreeMap<Language, String>,
}

fn question(
    mut entry: FileQuestion,
    base: Language,
    mechanism: &Mechanism,
) -> Result<Question, QuestionnaireError> {
    let FileQuestion { id: question, instrument, article, .. } = entry;
    let Some(known) = mechanism.instrument(&instrument) else {
        return Err(QuestionnaireError::UnknownInstrument { question, instrument });
    };
    if known.cluster_of(article).is_none() {
        return Err(QuestionnaireError::UnknownArticle { question, instrument, article });
    }
    if !Questionnaire::is_id_of(question.as_str(), &instrument, article) {
        return Err(QuestionnaireError::IdMismatch { question });
    }
    for (&language, text) in &entry.text {
        if !mechanism.languages.contains(&language) {
            return Err(QuestionnaireError::NotALanguage { language });
        }
        if !fits(text) {
            let max = limits::QUESTION_BYTES_MAX;
            return Err(QuestionnaireError::QuestionLength { question, language, max });
        }
    }
    let Some(base_text) = entry.text.remove(&base) else {
        return Err(QuestionnaireError::NoText { question, language: base });
    };
    Ok(Question { id: question, instrument, article, base, base_text, translations: entry.text })
}

// One spelling for each number, so that one question has one id.
fn is_number(text: &str) -> bool {
    (1..=3).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit()) && !text.starts_with('0')
}

fn fits(text: &str) -> bool {
    !text.trim().is_empty() && text.len() <= limits::QUESTION_BYTES_MAX
}

#[cfg(test)]
mod tests;
