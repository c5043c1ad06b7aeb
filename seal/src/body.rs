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

/// Seals `plaintext`, padded.
///
/// # Errors
///
/// [`SealError::TooLarge`] over [`CONTENT_BYTES_MAX`].
pub fn seal_body(
    key: &RevisionKey,
    context: &BodyContext<'_>,
    plaintext: &[u8],
) -> Result<Vec<u8>, SealError> {
    seal_with_salt(key, context, plaintext, &random::make_bytes()?)
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
    plaintext: &[u8],
    salt: &[u8; chunked::SALT_BYTES],
) -> Result<Vec<u8>, SealError> {
    if plaintext.len() > CONTENT_BYTES_MAX {
        return Err(too_large("the body", CONTENT_BYTES_MAX, plaintext.len()));
    }
    chunked::seal(CIPHER, key.as_bytes(), salt, &context.bytes(), &padding::pad(plaintext))
}

const fn too_large(what: &'static str, bytes_max: usize, found: usize) -> SealError {
    SealError::TooLarge { what, bytes_max: bytes_max as u64, found: found as u64 }
}

#[cfg(test)]
mod tests {
    use chancery_core::id::{ActId, ChannelId, SectionId};
    use proptest::prelude::*;

    use super::*;

    const PLACE: RevisionPlace = RevisionPlace {
        channel: ChannelId::new([1; 16]),
        section: SectionId::new([2; 16]),
        act: ActId::new([3; 16]),
    };
    const CONTEXT: BodyContext<'_> = BodyContext { place: PLACE, kind: "response" };

    #[test]
    fn a_body_opens_in_its_place_only() {
        let key = RevisionKey::from_bytes([5; 32]);
        let sealed = seal_body(&key, &CONTEXT, b"text").unwrap();
        assert_eq!(&**open_body(&key, &CONTEXT, &sealed).unwrap(), b"text");
        let place = |place| BodyContext { place, ..CONTEXT };
        for (what, context) in [
            ("channel", place(RevisionPlace { channel: ChannelId::new([9; 16]), ..PLACE })),
            ("section", place(RevisionPlace { section: SectionId::new([9; 16]), ..PLACE })),
            ("act", place(RevisionPlace { act: ActId::new([9; 16]), ..PLACE })),
            ("kind", BodyContext { kind: "feedback", ..CONTEXT }),
        ] {
            assert_eq!(open_body(&key, &context, &sealed).unwrap_err(), SealError::Commitment, "{what}");
        }
        let other = RevisionKey::from_bytes([6; 32]);
        assert_eq!(open_body(&other, &CONTEXT, &sealed).unwrap_err(), SealError::Commitment);
    }

    #[test]
    fn a_body_of_any_short_text_has_one_length() {
        let key = RevisionKey::make().unwrap();
        for content in [&b""[..], b"yes", &[b'x'; 1_016]] {
            assert_eq!(seal_body(&key, &CONTEXT, content).unwrap().len(), 1_096);
        }
        assert_eq!(seal_body(&key, &CONTEXT, &[b'x'; 1_017]).unwrap().len(), 1_160);
    }

    #[test]
    fn a_body_whose_author_padded_it_otherwise_is_refused() {
        let key = RevisionKey::make().unwrap();
        let mut padded = padding::pad(b"text").to_vec();
        padded[1_000] = 1;
        let sealed = chunked::seal(CIPHER, key.as_bytes(), &[0; 24], &CONTEXT.bytes(), &padded).unwrap();
        assert_eq!(open_body(&key, &CONTEXT, &sealed).unwrap_err(), SealError::Padding);
    }

    #[test]
    fn the_longest_content_just_fits() {
        let key = RevisionKey::make().unwrap();
        let longest = vec![7; CONTENT_BYTES_MAX];
        let sealed = seal_body(&key, &CONTEXT, &longest).unwrap();
        assert!(sealed.len() <= BODY_BYTES_MAX);
        assert!(*open_body(&key, &CONTEXT, &sealed).unwrap() == longest);
        let next = padding::pad(&vec![7; CONTENT_BYTES_MAX + 1]).len() as u64;
        assert!(chunked::sealed_bytes(next) > BODY_BYTES_MAX as u64);
        let too_long = seal_body(&key, &CONTEXT, &vec![7; CONTENT_BYTES_MAX + 1]);
        assert!(matches!(too_long, Err(SealError::TooLarge { .. })));
        let too_long = open_body(&key, &CONTEXT, &vec![7; BODY_BYTES_MAX + 1]);
        assert!(matches!(too_long, Err(SealError::TooLarge { .. })));
    }

    #[test]
    fn every_sealing_takes_a_new_salt() {
        let key = RevisionKey::make().unwrap();
        let sealed = || seal_body(&key, &CONTEXT, b"text").unwrap();
        assert_ne!(sealed()[..24], sealed()[..24]);
    }

    proptest! {
        #[test]
        fn round_trip(content in prop::collection::vec(any::<u8>(), 0..40_000), flip: prop::sample::Index) {
            let key = RevisionKey::make().unwrap();
            let mut sealed = seal_body(&key, &CONTEXT, &content).unwrap();
            prop_assert_eq!(&**open_body(&key, &CONTEXT, &sealed).unwrap(), &content[..]);
            let at = flip.index(sealed.len());
            sealed[at] ^= 1;
            prop_assert!(open_body(&key, &CONTEXT, &sealed).is_err());
        }
    }
}
