//! Names and contacts of the directory: sealed to the team of the person's State, padded.

use chancery_core::id::TeamId;
use chancery_core::limits::BODY_BYTES_MAX;
use chancery_core::name::{Label, context};
use zeroize::Zeroizing;

use crate::hazmat::chunked::{self, CIPHER};
use crate::hazmat::hkdf;
use crate::secret::KemSeed;
use crate::{SealError, padding, random};

/// What a box is about and who can open it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TeamBoxContext<'a> {
    /// The team ([`chancery_core::name::team_scope`]).
    pub team: TeamId,
    /// The generation of the team's secret.
    pub generation: u64,
    /// The id of the person or thing described.
    pub subject: &'a [u8],
}

/// Seals `content` to everybody who holds the team's secret of this generation or a later one.
///
/// # Errors
///
/// [`SealError::TooLarge`] if the box would be over [`BODY_BYTES_MAX`].
pub fn seal_team_box(
    secret: &KemSeed,
    context: &TeamBoxContext<'_>,
    content: &[u8],
) -> Result<Vec<u8>, SealError> {
    seal_with_salt(secret, context, content, &random::make_bytes()?)
}

/// Opens what [`seal_team_box`] made; errors as [`crate::body::open_body`].
pub fn open_team_box(
    secret: &KemSeed,
    context: &TeamBoxContext<'_>,
    sealed: &[u8],
) -> Result<Zeroizing<Vec<u8>>, SealError> {
    check_size(sealed.len())?;
    let padded = chunked::open(CIPHER, &*context.key(secret)?, &context.bytes(), sealed)?;
    Ok(Zeroizing::new(padding::unpad(&padded)?.to_vec()))
}

pub(crate) fn seal_with_salt(
    secret: &KemSeed,
    context: &TeamBoxContext<'_>,
    content: &[u8],
    salt: &[u8; chunked::SALT_BYTES],
) -> Result<Vec<u8>, SealError> {
    check_size(content.len())?;
    let sealed =
        chunked::seal(CIPHER, &*context.key(secret)?, salt, &context.bytes(), &padding::pad(content))?;
    check_size(sealed.len())?;
    Ok(sealed)
}

impl TeamBoxContext<'_> {
    fn key(&self, secret: &KemSeed) -> Result<Zeroizing<[u8; 32]>, SealError> {
        let parts: [&[u8]; 2] = [self.team.as_bytes(), &self.generation.to_le_bytes()];
        hkdf::derive(secret.as_bytes(), &context(Label::TeamBoxKey, &parts))
    }

    fn bytes(&self) -> Vec<u8> {
        context(Label::TeamBox, &[self.team.as_bytes(), &self.generation.to_le_bytes(), self.subject])
    }
}

fn check_size(bytes: usize) -> Result<(), SealError> {
    let (what, bytes_max, found) = ("the team's box", BODY_BYTES_MAX as u64, bytes as u64);
    (found <= bytes_max).then_some(()).ok_or(SealError::TooLarge { what, bytes_max, found })
}
