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

/// Seals `plaintext` to everybody who holds the team's secret of this generation or a later one.
///
/// # Errors
///
/// [`SealError::TooLarge`] if the box would be over [`BODY_BYTES_MAX`].
pub fn seal_team_box(
    secret: &KemSeed,
    context: &TeamBoxContext<'_>,
    plaintext: &[u8],
) -> Result<Vec<u8>, SealError> {
    seal_with_salt(secret, context, plaintext, &random::make_bytes()?)
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
    plaintext: &[u8],
    salt: &[u8; chunked::SALT_BYTES],
) -> Result<Vec<u8>, SealError> {
    check_size(plaintext.len())?;
    let sealed =
        chunked::seal(CIPHER, &*context.key(secret)?, salt, &context.bytes(), &padding::pad(plaintext))?;
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

#[cfg(test)]
mod tests {
    use super::*;

    const CONTEXT: TeamBoxContext<'_> =
        TeamBoxContext { team: TeamId::new([1; 16]), generation: 2, subject: b"person" };

    #[test]
    fn a_box_opens_for_its_team_generation_and_subject_only() {
        let secret = KemSeed::from_bytes([4; 32]);
        let sealed = seal_team_box(&secret, &CONTEXT, b"a name").unwrap();
        assert_eq!(&**open_team_box(&secret, &CONTEXT, &sealed).unwrap(), b"a name");
        for context in [
            TeamBoxContext { team: TeamId::new([2; 16]), ..CONTEXT },
            TeamBoxContext { generation: 3, ..CONTEXT },
            TeamBoxContext { subject: b"another", ..CONTEXT },
        ] {
            assert_eq!(open_team_box(&secret, &context, &sealed).unwrap_err(), SealError::Commitment);
        }
        let other = KemSeed::from_bytes([5; 32]);
        assert_eq!(open_team_box(&other, &CONTEXT, &sealed).unwrap_err(), SealError::Commitment);
    }

    #[test]
    fn names_of_any_length_look_alike() {
        let secret = KemSeed::make().unwrap();
        let length = |name: &[u8]| seal_team_box(&secret, &CONTEXT, name).unwrap().len();
        assert_eq!(length(b"Li"), length(b"Muhammad ibn Musa al-Khwarizmi"));
    }
}
