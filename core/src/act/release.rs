//! What stands beside a grant and opens its post.

use crate::act::{Audience, Grant, PostRef, Rendition};
use crate::id::Digest;
use crate::limits::WRAP_BYTES;
use crate::name::{Label, context};

/// What is handed in beside a grant is not what the grant commits to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReleaseFault {
    /// For the public: not the revision key that the post commits to.
    #[error("the key is not the one that the post commits to")]
    Key,
    /// For all parties: not of the length of a wrap.
    #[error("the key material is not a wrap")]
    Wrap,
    /// There is a rendition where none belongs, or none where one does, or its hash is not the grant's, or it
    /// is not in the one canonical encoding.
    #[error("the rendition is not the one that the grant names")]
    Rendition,
}

impl Grant {
    /// Checks what stands beside this grant, as far as one can who holds no secret: a wrap is opaque. Returns
    /// the rendition, for the public.
    ///
    /// # Errors
    /// [`ReleaseFault`].
    pub fn check_release(
        &self,
        key_material: &[u8],
        rendition: Option<&[u8]>,
    ) -> Result<Option<Rendition>, ReleaseFault> {
        match self.audience {
            Audience::AllParties if key_material.len() != WRAP_BYTES => return Err(ReleaseFault::Wrap),
            Audience::Public if !self.post.commits_to(key_material) => return Err(ReleaseFault::Key),
            Audience::AllParties | Audience::Public => {}
        }
        match (self.audience, rendition) {
            (Audience::AllParties, None) => Ok(None),
            (Audience::Public, Some(bytes)) if self.rendition == Some(Digest::of(bytes)) => {
                Rendition::decode(bytes).map(Some).map_err(|_| ReleaseFault::Rendition)
            }
            _ => Err(ReleaseFault::Rendition),
        }
    }
}

impl PostRef {
    /// Whether `key` is the revision key that the post's body commits to.
    #[must_use]
    pub fn commits_to(&self, key: &[u8]) -> bool {
        let place = [&self.channel.as_bytes()[..], self.section.as_bytes(), self.act_id.as_bytes(), key];
        key.len() == 32 && Digest::of(&context(Label::RevisionCommitment, &place)) == self.body.key_commitment
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::act::SealedBody;
    use crate::id::{ActId, ChannelId, SectionId};
    use crate::mechanism::{ItemKind, Language};

    const KEY: [u8; 32] = [5; 32];

    fn rendition() -> Rendition {
        Rendition {
            language: Language::En,
            title: "Article 5".to_owned(),
            text: "Text".to_owned(),
            about: None,
            step: None,
            files: vec![],
        }
    }

    fn grant(audience: Audience) -> Grant {
        let place = [&[1; 16][..], &[2; 16], &[3; 16], &KEY];
        let key_commitment = Digest::of(&context(Label::RevisionCommitment, &place));
        let post = PostRef {
            state: "CL".parse().unwrap(),
            channel: ChannelId::new([1; 16]),
            section: SectionId::new([2; 16]),
            act_id: ActId::new([3; 16]),
            kind: ItemKind::Response,
            body: SealedBody { length: 9, sha256: Digest::of(b"sealed"), key_commitment },
        };
        let rendition = (audience == Audience::Public).then(|| Digest::of(&rendition().encode()));
        Grant { post, audience, rendition }
    }

    #[test]
    fn only_what_the_grant_names_stands_beside_it() {
        let bytes = rendition().encode();
        let other = [&bytes[..], &[0xf8, 0x07, 0x01]].concat();
        let wrap = [7; WRAP_BYTES];
        let (all, public) = (Audience::AllParties, Audience::Public);
        for (audience, key, beside, expect) in [
            (public, &KEY[..], Some(&bytes[..]), Ok(Some(rendition()))),
            (public, &KEY[..31], Some(&bytes[..]), Err(ReleaseFault::Key)),
            (public, &[6; 32], Some(&bytes[..]), Err(ReleaseFault::Key)),
            (public, &wrap, Some(&bytes[..]), Err(ReleaseFault::Key)),
            (public, &KEY, None, Err(ReleaseFault::Rendition)),
            (public, &KEY, Some(&other[..]), Err(ReleaseFault::Rendition)),
            (all, &wrap[..], None, Ok(None)),
            (all, &wrap[1..], None, Err(ReleaseFault::Wrap)),
            (all, &KEY[..], None, Err(ReleaseFault::Wrap)),
            (all, &wrap[..], Some(&bytes[..]), Err(ReleaseFault::Rendition)),
        ] {
            assert_eq!(grant(audience).check_release(key, beside), expect, "{audience:?}");
        }
    }

    #[test]
    fn a_rendition_must_be_canonical_even_under_its_own_hash() {
        let bytes = [&rendition().encode()[..], &[0xf8, 0x07, 0x01]].concat();
        let mut grant = grant(Audience::Public);
        grant.rendition = Some(Digest::of(&bytes));
        assert_eq!(grant.check_release(&KEY, Some(&bytes)), Err(ReleaseFault::Rendition));
    }
}
