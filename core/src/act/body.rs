//! What stands inside sealed bodies, in clear: the types and their encoding. Opening a body is not done
//! here; the server uses only [`Rendition`], which a State has made public.

use chancery_proto::act as proto;
use prost::Message;

use super::envelope::ActError;
use super::wire::{step_from_wire, step_to_wire};
use crate::id::{ActId, Digest, FileId, InstrumentCode, SectionId};
use crate::limits::{
    BODY_BYTES_MAX, FILE_NAME_BYTES_MAX, FILES_PER_POST_MAX, REASON_BYTES_MAX, TITLE_BYTES_MAX,
};
use crate::mechanism::Language;

/// What a message of a clarification thread is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Deserialize, serde::Serialize)]
pub enum ThreadStep {
    /// A reviewer asks.
    Question,
    /// An answer, or a follow-up of either side.
    Reply,
    /// The State under review has no further information (¶35: encouraged, never forced).
    NoFurtherInformation,
}

impl ThreadStep {
    /// The step as people and JSON see it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Question => "question",
            Self::Reply => "reply",
            Self::NoFurtherInformation => "no-further-information",
        }
    }
}

/// What a section is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binding {
    /// The instrument.
    pub instrument: InstrumentCode,
    /// The article, as the mechanism names it.
    pub article: String,
    /// The question of the questionnaire.
    pub question: String,
    /// The section and revision asked about, for a question about a submitted answer.
    pub about: Option<(SectionId, ActId)>,
}

/// A file that a body cites: its key is here and nowhere else.
#[derive(Clone, PartialEq, Eq)]
pub struct Attachment {
    /// The sealed file.
    pub file: FileId,
    /// Its key.
    pub key: [u8; 32],
    /// Bytes of ciphertext.
    pub sealed_length: u64,
    /// SHA-256 over the SHA-256s of the sealed parts (`docs/formats/files.md`).
    pub parts_sha256: Digest,
    /// Bytes of the file itself.
    pub length: u64,
    /// SHA-256 of the file itself.
    pub sha256: Digest,
    /// File name, as the sender named it.
    pub name: String,
    /// Media type (RFC 6838).
    pub media_type: String,
}

impl std::fmt::Debug for Attachment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Attachment").field("file", &self.file).finish_non_exhaustive()
    }
}

/// The body of a post.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostBody {
    /// The language of the text.
    pub language: Language,
    /// A title.
    pub title: String,
    /// The text: plain, paragraphs parted by an empty line.
    pub text: String,
    /// What it is about.
    pub binding: Option<Binding>,
    /// Its place in a clarification thread.
    pub step: Option<ThreadStep>,
    /// Cited files, in the order the writer gave them.
    pub attachments: Vec<Attachment>,
    /// Why the section is held back, where it is.
    pub reason: String,
}

/// The body of an act that adds a member: who this is, for the members of the channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonCard {
    /// Name.
    pub name: String,
    /// Function or title.
    pub post: String,
    /// How to reach the person.
    pub contact: String,
}

/// A file as the public gets it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RenditionFile {
    /// Bytes.
    pub length: u64,
    /// SHA-256.
    pub sha256: Digest,
    /// File name.
    pub name: String,
    /// Media type.
    pub media_type: String,
}

/// A post as the public gets it. [`Rendition::of`] is the one way from a body to it, so that anyone who
/// opens the ciphertext can check that the text shown is the text exchanged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendition {
    /// The language of the text.
    pub language: Language,
    /// Title.
    pub title: String,
    /// Text.
    pub text: String,
    /// Instrument, article and question.
    pub about: Option<(InstrumentCode, String, String)>,
    /// Place in a thread.
    pub step: Option<ThreadStep>,
    /// Files.
    pub files: Vec<RenditionFile>,
}

/// Why no reader takes a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TextFault {
    /// It is too long.
    #[error("has {bytes} bytes, more than {bytes_max}")]
    TooLong {
        /// Its length.
        bytes: usize,
        /// How long it may be.
        bytes_max: usize,
    },
    /// It holds a character that could hide or forge words.
    #[error("has the character U+{:04X} in line {line}", *character as u32)]
    Character {
        /// The first such character.
        character: char,
        /// The line that it is in, from 1.
        line: usize,
    },
}

impl PostBody {
    /// What a person has written and no reader takes, by the rules of [`PostBody::decode`]: the field, and why.
    #[must_use]
    pub fn text_fault(&self) -> Option<(&'static str, TextFault)> {
        let title = line_fault(&self.title, TITLE_BYTES_MAX).map(|fault| ("title", fault));
        let text = || text_fault(&self.text, BODY_BYTES_MAX).map(|fault| ("text", fault));
        let reason = || text_fault(&self.reason, REASON_BYTES_MAX).map(|fault| ("reason", fault));
        title.or_else(text).or_else(reason)
    }

    /// The encoding that is sealed.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        proto::PostBody {
            language: self.language.as_str().to_owned(),
            title: self.title.clone(),
            text: self.text.clone(),
            binding: self.binding.as_ref().map(|binding| proto::Binding {
                instrument: binding.instrument.to_string(),
                article: binding.article.clone(),
                question: binding.question.clone(),
                section: binding.about.map(|(section, _)| section.as_bytes().to_vec()).unwrap_or_default(),
                revision: binding.about.map(|(_, act)| act.as_bytes().to_vec()).unwrap_or_default(),
            }),
            step: self.step.map(step_to_wire).unwrap_or_default(),
            attachments: self.attachments.iter().map(attachment).collect(),
            reason: self.reason.clone(),
        }
        .encode_to_vec()
    }

    /// Parses strictly.
    ///
    /// # Errors
    /// [`ActError::TooLarge`], [`ActError::Undecodable`], [`ActError::NotCanonical`] or the field at fault.
    pub fn decode(bytes: &[u8]) -> Result<Self, ActError> {
        let m: proto::PostBody = strictly(bytes)?;
        if m.attachments.len() > FILES_PER_POST_MAX {
            return Err(ActError::Field("attachments"));
        }
        Ok(Self {
            language: m.language.parse().map_err(|_| ActError::Field("language"))?,
            title: short(m.title, TITLE_BYTES_MAX, "title")?,
            text: text(m.text, "text")?,
            binding: m.binding.map(parse_binding).transpose()?,
            step: optional_step(m.step)?,
            attachments: m.attachments.into_iter().map(parse_attachment).collect::<Result<_, _>>()?,
            reason: reason(m.reason)?,
        })
    }
}

impl PersonCard {
    /// The encoding that is sealed.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        proto::PersonCard { name: self.name.clone(), post: self.post.clone(), contact: self.contact.clone() }
            .encode_to_vec()
    }

    /// Parses strictly.
    ///
    /// # Errors
    /// As [`PostBody::decode`].
    pub fn decode(bytes: &[u8]) -> Result<Self, ActError> {
        let m: proto::PersonCard = strictly(bytes)?;
        Ok(Self {
            name: short(m.name, TITLE_BYTES_MAX, "name")?,
            post: short(m.post, TITLE_BYTES_MAX, "post")?,
            contact: short(m.contact, TITLE_BYTES_MAX, "contact")?,
        })
    }
}

impl Rendition {
    /// What the public gets of a body: all of it but the keys and ids, and why it was once held back.
    #[must_use]
    pub fn of(body: &PostBody) -> Self {
        Self {
            language: body.language,
            title: body.title.clone(),
            text: body.text.clone(),
            about: body
                .binding
                .as_ref()
                .map(|b| (b.instrument.clone(), b.article.clone(), b.question.clone())),
            step: body.step,
            files: body
                .attachments
                .iter()
                .map(|a| RenditionFile {
                    length: a.length,
                    sha256: a.sha256,
                    name: a.name.clone(),
                    media_type: a.media_type.clone(),
                })
                .collect(),
        }
    }

    /// The encoding whose hash a grant signs.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let (instrument, article, question) = match &self.about {
            Some((instrument, article, question)) => {
                (instrument.to_string(), article.clone(), question.clone())
            }
            None => Default::default(),
        };
        let files = self.files.iter().map(|file| proto::RenditionFile {
            length: file.length,
            sha256: file.sha256.as_bytes().to_vec(),
            name: file.name.clone(),
            media_type: file.media_type.clone(),
        });
        proto::Rendition {
            language: self.language.as_str().to_owned(),
            title: self.title.clone(),
            text: self.text.clone(),
            instrument,
            article,
            question,
            step: self.step.map(step_to_wire).unwrap_or_default(),
            files: files.collect(),
        }
        .encode_to_vec()
    }

    /// Parses strictly.
    ///
    /// # Errors
    /// As [`PostBody::decode`].
    pub fn decode(bytes: &[u8]) -> Result<Self, ActError> {
        let m: proto::Rendition = strictly(bytes)?;
        if m.files.len() > FILES_PER_POST_MAX {
            return Err(ActError::Field("files"));
        }
        let about = if m.instrument.is_empty() {
            if !m.article.is_empty() || !m.question.is_empty() {
                return Err(ActError::Field("instrument"));
            }
            None
        } else {
            let instrument = m.instrument.parse().map_err(|_| ActError::Field("instrument"))?;
            Some((instrument, short(m.article, 64, "article")?, short(m.question, 64, "question")?))
        };
        let files = m.files.into_iter().map(|file| {
            Ok(RenditionFile {
                length: file.length,
                sha256: digest(&file.sha256, "files.sha256")?,
                name: file_name(file.name)?,
                media_type: short(file.media_type, 127, "files.media_type")?,
            })
        });
        Ok(Self {
            language: m.language.parse().map_err(|_| ActError::Field("language"))?,
            title: short(m.title, TITLE_BYTES_MAX, "title")?,
            text: text(m.text, "text")?,
            about,
            step: optional_step(m.step)?,
            files: files.collect::<Result<_, ActError>>()?,
        })
    }
}

fn strictly<M: Message + Default>(bytes: &[u8]) -> Result<M, ActError> {
    if bytes.len() > BODY_BYTES_MAX {
        return Err(ActError::TooLarge);
    }
    let message = M::decode(bytes).map_err(|_| ActError::Undecodable)?;
    if message.encode_to_vec() == bytes { Ok(message) } else { Err(ActError::NotCanonical) }
}

fn attachment(a: &Attachment) -> proto::Attachment {
    proto::Attachment {
        file: a.file.as_bytes().to_vec(),
        key: a.key.to_vec(),
        sealed_length: a.sealed_length,
        parts_sha256: a.parts_sha256.as_bytes().to_vec(),
        length: a.length,
        sha256: a.sha256.as_bytes().to_vec(),
        name: a.name.clone(),
        media_type: a.media_type.clone(),
    }
}

fn parse_attachment(m: proto::Attachment) -> Result<Attachment, ActError> {
    Ok(Attachment {
        file: FileId::try_from(m.file.as_slice()).map_err(|_| ActError::Field("attachments.file"))?,
        key: m.key.as_slice().try_into().map_err(|_| ActError::Field("attachments.key"))?,
        sealed_length: m.sealed_length,
        parts_sha256: digest(&m.parts_sha256, "attachments.parts_sha256")?,
        length: m.length,
        sha256: digest(&m.sha256, "attachments.sha256")?,
        name: file_name(m.name)?,
        media_type: short(m.media_type, 127, "attachments.media_type")?,
    })
}

fn parse_binding(m: proto::Binding) -> Result<Binding, ActError> {
    let about = match (m.section.is_empty(), m.revision.is_empty()) {
        (true, true) => None,
        _ => Some((
            SectionId::try_from(m.section.as_slice()).map_err(|_| ActError::Field("binding.section"))?,
            ActId::try_from(m.revision.as_slice()).map_err(|_| ActError::Field("binding.revision"))?,
        )),
    };
    Ok(Binding {
        instrument: m.instrument.parse().map_err(|_| ActError::Field("binding.instrument"))?,
        article: short(m.article, 64, "binding.article")?,
        question: short(m.question, 64, "binding.question")?,
        about,
    })
}

fn optional_step(step: i32) -> Result<Option<ThreadStep>, ActError> {
    if step == 0 { Ok(None) } else { step_from_wire(step).map(Some) }
}

fn digest(bytes: &[u8], field: &'static str) -> Result<Digest, ActError> {
    Digest::try_from(bytes).map_err(|_| ActError::Field(field))
}

fn short(line: String, bytes_max: usize, field: &'static str) -> Result<String, ActError> {
    if line_fault(&line, bytes_max).is_some() { Err(ActError::Field(field)) } else { Ok(line) }
}

fn reason(reason: String) -> Result<String, ActError> {
    if text_fault(&reason, REASON_BYTES_MAX).is_some() { Err(ActError::Field("reason")) } else { Ok(reason) }
}

fn text(text: String, field: &'static str) -> Result<String, ActError> {
    if text_fault(&text, BODY_BYTES_MAX).is_some() { Err(ActError::Field(field)) } else { Ok(text) }
}

/// One line: no control characters, so that a title cannot forge another line of a listing.
fn line_fault(line: &str, bytes_max: usize) -> Option<TextFault> {
    too_long(line, bytes_max).or_else(|| unfit(line, char::is_control))
}

/// Any text, without the control characters that move a terminal's cursor or hide words.
fn text_fault(text: &str, bytes_max: usize) -> Option<TextFault> {
    too_long(text, bytes_max).or_else(|| unfit(text, |c| c.is_control() && !matches!(c, '\n' | '\t' | '\r')))
}

fn too_long(text: &str, bytes_max: usize) -> Option<TextFault> {
    (text.len() > bytes_max).then_some(TextFault::TooLong { bytes: text.len(), bytes_max })
}

fn unfit(text: &str, is_unfit: impl Fn(char) -> bool) -> Option<TextFault> {
    let (at, character) = text.char_indices().find(|(_, c)| is_unfit(*c))?;
    Some(TextFault::Character { character, line: 1 + text[..at].matches('\n').count() })
}

/// A bare file name: no path, no control characters, not a name that means a folder.
fn file_name(name: String) -> Result<String, ActError> {
    let bare = !name.is_empty()
        && name.len() <= FILE_NAME_BYTES_MAX
        && name != "."
        && name != ".."
        && !name.chars().any(|c| c.is_control() || matches!(c, '/' | '\\'));
    if bare { Ok(name) } else { Err(ActError::Field("name")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body() -> PostBody {
        PostBody {
            language: Language::Ar,
            title: "سؤال".to_owned(),
            text: "نص\n\nفقرة".to_owned(),
            binding: Some(Binding {
                instrument: "firearms".parse().unwrap(),
                article: "5".to_owned(),
                question: "firearms-5-1".to_owned(),
                about: Some((SectionId::new([1; 16]), ActId::new([2; 16]))),
            }),
            step: Some(ThreadStep::Question),
            attachments: vec![Attachment {
                file: FileId::new([3; 16]),
                key: [4; 32],
                sealed_length: 5,
                parts_sha256: Digest::of(b"sealed"),
                length: 6,
                sha256: Digest::of(b"clear"),
                name: "Закон.pdf".to_owned(),
                media_type: "application/pdf".to_owned(),
            }],
            reason: String::new(),
        }
    }

    #[test]
    fn bodies_read_back_and_their_renditions_hold_no_key_or_id() {
        let body = body();
        assert_eq!(PostBody::decode(&body.encode()), Ok(body.clone()));
        let rendition = Rendition::of(&body);
        let bytes = rendition.encode();
        assert_eq!(Rendition::decode(&bytes), Ok(rendition));
        for secret in [&[1; 16][..], &[2; 16], &[3; 16], &[4; 32]] {
            assert!(!bytes.windows(secret.len()).any(|window| window == secret));
        }
        let card =
            PersonCard { name: "Ñ".to_owned(), post: String::new(), contact: "+56 2 0000".to_owned() };
        assert_eq!(PersonCard::decode(&card.encode()), Ok(card));
    }

    #[test]
    fn a_writer_is_told_what_no_reader_takes() {
        let told = |change: fn(&mut PostBody)| {
            let mut body = body();
            change(&mut body);
            let (field, fault) = body.text_fault()?;
            assert_eq!(PostBody::decode(&body.encode()), Err(ActError::Field(field)));
            Some(format!("{field} {fault}"))
        };
        let check = |change, expected: &str| assert_eq!(told(change).as_deref(), Some(expected));
        assert_eq!(told(|_| {}), None);
        check(|body| body.title = "a\nb".to_owned(), "title has the character U+000A in line 1");
        check(|body| body.title = "\u{e9}".repeat(513), "title has 1026 bytes, more than 1024");
        check(|body| body.text = "\u{e9}\n\n\ta\u{b}b".to_owned(), "text has the character U+000B in line 3");
        check(|body| body.reason = "r".repeat(4_097), "reason has 4097 bytes, more than 4096");
    }

    #[test]
    fn a_file_name_is_never_a_path() {
        for name in ["", ".", "..", "a/b", "a\\b", "a\0b", "a\nb", &"n".repeat(256)] {
            let mut body = body();
            body.attachments[0].name = name.to_owned();
            assert_eq!(PostBody::decode(&body.encode()), Err(ActError::Field("name")), "{name:?}");
        }
    }

    #[test]
    fn what_could_hide_or_forge_a_line_is_refused() {
        let refused = |change: fn(&mut PostBody), field| {
            let mut body = body();
            change(&mut body);
            assert_eq!(PostBody::decode(&body.encode()), Err(ActError::Field(field)));
        };
        refused(|body| body.title = "a\u{1b}[2Jb".to_owned(), "title");
        refused(|body| body.title = "a\nb".to_owned(), "title");
        refused(|body| body.text = "a\u{8}b".to_owned(), "text");
        refused(|body| body.title = "t".repeat(TITLE_BYTES_MAX + 1), "title");
        let mut bytes = body().encode();
        bytes.extend([0xf8, 0x07, 0x01]);
        assert_eq!(PostBody::decode(&bytes), Err(ActError::NotCanonical), "an unknown field");
        assert_eq!(PostBody::decode(&vec![0; BODY_BYTES_MAX + 1]), Err(ActError::TooLarge));
    }
}
