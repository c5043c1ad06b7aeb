//! The manifest of a record: what it is of, what it leaves out, and what its members measure.

use std::fmt;

use chancery_core::id::{ActId, ChannelId, Digest, FileId, KeyId, SectionId};
use serde::{Deserialize, Serialize};

/// The manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    /// Fingerprint of the root.
    pub root: KeyId,
    /// The channel.
    pub channel: ChannelId,
    /// Its review.
    pub review: ChannelId,
    /// The one section that is opened; none if all are.
    pub section: Option<SectionId>,
    /// What its writer could not open, in log order.
    pub left_out: Vec<LeftOut>,
    /// Every other member, in order.
    pub members: Vec<Listed>,
}

/// A content that the writer of a record could not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeftOut {
    /// The post.
    pub act: ActId,
    /// The file; none where it is the body.
    pub file: Option<FileId>,
    /// Why.
    pub why: Why,
}

/// Why a content is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Why {
    /// The writer held no key to it.
    NoKey,
    /// It does not open to what its author committed to.
    DoesNotOpen,
}

/// A member, as the manifest lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its name.
    pub name: String,
    /// Its length.
    pub length: u64,
    /// Its SHA-256.
    pub sha256: Digest,
}

/// The bytes are not a manifest in its one form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it is not a manifest of a version that this program knows, in its one form")]
pub struct Malformed;

impl fmt::Display for LeftOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.file {
            Some(file) => write!(f, "file {file} of act {}", self.act)?,
            None => write!(f, "the content of act {}", self.act)?,
        }
        f.write_str(match self.why {
            Why::NoKey => ": the writer of the record held no key to it",
            Why::DoesNotOpen => ": it does not open to what its author committed to",
        })
    }
}

impl Manifest {
    /// The one form.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let wire = Wire {
            schema: SCHEMA,
            kind: KIND.to_owned(),
            root: self.root.to_string(),
            channel: self.channel.to_string(),
            review: self.review.to_string(),
            section: self.section.map(|section| section.to_string()),
            left_out: self.left_out.iter().map(WireLeftOut::from).collect(),
            members: self.members.iter().map(WireMember::from).collect(),
        };
        // INVARIANT: strings and numbers always serialize; a manifest that did not would not read back.
        let mut bytes = serde_json::to_vec_pretty(&wire).unwrap_or_default();
        bytes.push(b'\n');
        bytes
    }

    /// Reads the one form.
    ///
    /// # Errors
    /// [`Malformed`].
    pub fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        let wire: Wire = serde_json::from_slice(bytes).map_err(|_| Malformed)?;
        if wire.schema != SCHEMA || wire.kind != KIND {
            return Err(Malformed);
        }
        let manifest = Self {
            root: parse(&wire.root)?,
            channel: parse(&wire.channel)?,
            review: parse(&wire.review)?,
            section: wire.section.as_deref().map(parse).transpose()?,
            left_out: wire.left_out.iter().map(WireLeftOut::parse).collect::<Result<_, _>>()?,
            members: wire.members.into_iter().map(WireMember::parse).collect::<Result<_, _>>()?,
        };
        if manifest.encode() == bytes { Ok(manifest) } else { Err(Malformed) }
    }
}

const SCHEMA: u32 = 1;
const KIND: &str = "record";

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    schema: u32,
    kind: String,
    root: String,
    channel: String,
    review: String,
    section: Option<String>,
    left_out: Vec<WireLeftOut>,
    members: Vec<WireMember>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WireLeftOut {
    act: String,
    file: Option<String>,
    why: Why,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WireMember {
    name: String,
    length: u64,
    sha256: String,
}

impl From<&LeftOut> for WireLeftOut {
    fn from(left: &LeftOut) -> Self {
        Self { act: left.act.to_string(), file: left.file.map(|file| file.to_string()), why: left.why }
    }
}

impl WireLeftOut {
    fn parse(&self) -> Result<LeftOut, Malformed> {
        let file = self.file.as_deref().map(parse).transpose()?;
        Ok(LeftOut { act: parse(&self.act)?, file, why: self.why })
    }
}

impl From<&Listed> for WireMember {
    fn from(member: &Listed) -> Self {
        Self { name: member.name.clone(), length: member.length, sha256: member.sha256.to_string() }
    }
}

impl WireMember {
    fn parse(self) -> Result<Listed, Malformed> {
        Ok(Listed { name: self.name, length: self.length, sha256: parse(&self.sha256)? })
    }
}

fn parse<T: std::str::FromStr>(text: &str) -> Result<T, Malformed> {
    text.parse().map_err(|_| Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest() -> Manifest {
        let act = ActId::new([4; 16]);
        Manifest {
            root: KeyId::new([1; 32]),
            channel: ChannelId::new([2; 16]),
            review: ChannelId::new([3; 16]),
            section: None,
            left_out: vec![
                LeftOut { act, file: None, why: Why::NoKey },
                LeftOut { act, file: Some(FileId::new([5; 16])), why: Why::DoesNotOpen },
            ],
            members: vec![Listed { name: "Закон".to_owned(), length: 1, sha256: Digest::of(b"x") }],
        }
    }

    #[test]
    fn a_manifest_reads_back() {
        let manifest = manifest();
        assert_eq!(Manifest::decode(&manifest.encode()), Ok(manifest.clone()));
        let of_section = Manifest { section: Some(SectionId::new([6; 16])), ..manifest };
        assert_eq!(Manifest::decode(&of_section.encode()), Ok(of_section));
    }

    #[test]
    fn every_second_form_is_refused() {
        let text = String::from_utf8(manifest().encode()).unwrap();
        for other in [
            text.replacen("\"schema\": 1", "\"schema\": 2", 1),
            text.replacen("\"record\"", "\"bundle\"", 1),
            text.replacen("\"kind\"", "\"extra\": 1, \"kind\"", 1),
            text.replacen("  ", " ", 1),
            text.replacen("\"length\": 1", "\"length\": 1.0", 1),
            text.replacen("010101", "0101", 1),
            text.replacen("no-key", "lost", 1),
            text.replace("Закон", "\\u0417акон"),
            format!("{text}\n"),
            text.trim_end().to_owned(),
            String::new(),
        ] {
            assert_eq!(Manifest::decode(other.as_bytes()), Err(Malformed), "{other}");
        }
    }
}
