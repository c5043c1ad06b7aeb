//! Bodies of acts: the text, the title, the names and the keys of cited files. Everything that the server
//! must not see is inside one.

use chancery_core::limits::BODY_BYTES_MAX;
use chancery_core::name::Label;
use zeroize::Zeroizing;

use crate::hazmat::chunked::{self, CIPHER};
use crate::revision::RevisionPlace;
use crate::secret::RevisionKey;
use crate::{SealError, padding, random};

/// The longest content whose sealed body is within [`BODY_BYTES_MAX`]; a longer text is a file.
pub const CONTENT_BYTES_MAX: usize = 258_040;

/// Where a body stands and what kind it is. Author and device are not here: the act's signature binds them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BodyContext<'a> {
    /// Channel, section and act.
    pub place: RevisionPlace,
    /// The kind of item, as the act's header names it.
    pub kind: &'a str,
}

impl BodyContext<'_> {
    fn bytes(&self) -> Zeroizing<Vec<u8>> {
        self.place.context(Label::Body, &[self.kind.as_bytes()])
    }
}

/// Seals `content`, padded.
///
/// # Errors
///
/// [`SealError::TooLarge`] over [`CONTENT_BYTES_MAX`].
pub fn seal_body(key: &RevisionKey, context: &BodyContext<'_>, content: &[u8]) -> Result<Vec<u8>, SealError> {
    seal_with_salt(key, context, content, &random::make_bytes()?)
}

/// Opens what [`seal_body`] made. For members, and for anyone who holds a disclosed revision key.
///
/// # Errors
///
/// [`SealError::Commitment`] if the body is another's, [`SealError::Tag`] or [`SealError::Length`] if it was
/// altered, [`SealError::Padding`] if its author padded it otherwise than the rule says.
pub fn open_body(
    key: &RevisionKey,
    context: &BodyContext<'_>,
    sealed: &[u8],
) -> Result<Zeroizing<Vec<u8>>, SealError> {
    if sealed.len() > BODY_BYTES_MAX {
        return Err(too_large("the sealed body", BODY_BYTES_MAX, sealed.len()));
    }
    let padded = chunked::open(CIPHER, key.as_bytes(), &context.bytes(), sealed)?;
    Ok(Zeroizing::new(padding::unpad(&padded)?.to_vec()))
}

pub(crate) fn seal_with_salt(
    key: &RevisionKey,
    context: &BodyContext<'_>,
    content: &[u8],
    salt: &[u8; chunked::SALT_BYTES],
) -> Result<Vec<u8>, SealError> {
    if content.len() > CONTENT_BYTES_MAX {
        return Err(too_large("the body", CONTENT_BYTES_MAX, content.len()));
    }
    chunked::seal(CIPHER, key.as_bytes(), salt, &context.bytes(), &padding::pad(content))
}

const fn too_large(what: &'static str, bytes_max: usize, found: usize) -> SealError {
    SealError::TooLarge { what, bytes_max: bytes_max as u64, found: found as u64 }
}
