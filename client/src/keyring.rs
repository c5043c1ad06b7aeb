//! The secrets of one channel, and what they open.

mod alert;
mod channel;
mod state_key;
mod teams;
mod user;

pub use alert::Alert;
pub use channel::{ChannelKeys, Content, Contents, OpenedPost, sealed_post};
pub use state_key::{StateKeyRing, state_key_info};
pub use teams::{TeamKey, TeamRing, team_info};
pub use user::{UserRing, user_info};

use std::collections::BTreeMap;

use chancery_core::act::{NewEpoch, PersonCard, PostBody, SealedBody};
use chancery_core::id::{ActId, ChannelId, Digest, SectionId};
use chancery_core::log::{Tree, wrap_leaf};
use chancery_core::mechanism::ItemKind;
use chancery_seal::SealError;
use chancery_seal::body::{BodyContext, open_body};
use chancery_seal::kem::KemKeyPair;
use chancery_seal::previous::unbox_previous;
use chancery_seal::revision::{RevisionPlace, commit_revision_key, derive_revision_key};
use chancery_seal::secret::{EpochSecret, RevisionKey};
use chancery_seal::wrap::unwrap;

use crate::compose::{CARD, NO_SECTION, epoch_info};

/// Something does not open. Each of these but the first two is a reason for a complaint that names the act.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The reader holds no secret of this epoch.
    #[error("you hold no key for epoch {0} of this channel")]
    NoSecret(u64),
    /// The epoch is not wrapped to this key.
    #[error("the channel's key is not addressed to you")]
    NotAddressed,
    /// The wraps handed out are not those that the act names.
    #[error("the wraps are not those that the act names")]
    OtherWraps,
    /// The box or body handed out is not the one that the act names.
    #[error("the bytes are not those that the act names")]
    OtherBytes,
    /// It does not open to its commitment.
    #[error("it does not open: {0}")]
    Seal(#[from] SealError),
    /// It opens, but is not a well-formed body.
    #[error("the content is not well-formed: {0}")]
    Content(#[from] chancery_core::act::ActError),
}

/// A post to open: what its act says of it, with the epoch in which it was posted.
#[derive(Debug, Clone, Copy)]
pub struct SealedPost {
    /// The section.
    pub section: SectionId,
    /// The act.
    pub act: ActId,
    /// What it is.
    pub kind: ItemKind,
    /// The sealed body's commitments.
    pub body: SealedBody,
}

/// The secrets that a reader holds of one channel.
#[derive(Debug)]
pub struct Keyring {
    channel: ChannelId,
    secrets: BTreeMap<u64, EpochSecret>,
}

impl Keyring {
    /// A ring without secrets.
    #[must_use]
    pub const fn new(channel: ChannelId) -> Self {
        Self { channel, secrets: BTreeMap::new() }
    }

    /// The secret of an epoch.
    ///
    /// # Errors
    /// [`OpenError::NoSecret`].
    pub fn secret(&self, epoch: u64) -> Result<&EpochSecret, OpenError> {
        self.secrets.get(&epoch).ok_or(OpenError::NoSecret(epoch))
    }

    /// Takes up a secret that one has made oneself.
    pub fn hold(&mut self, epoch: u64, secret: EpochSecret) {
        self.secrets.insert(epoch, secret);
    }

    /// Opens the reader's own wrap of an epoch, from the act's whole list of wraps, which must be the one
    /// that the act names.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn open_wraps(&mut self, act: &NewEpoch, wraps: &[&[u8]], own: &KemKeyPair) -> Result<(), OpenError> {
        let key_ids = &act.recipients.key_ids;
        let leaves = key_ids.iter().zip(wraps).map(|(key, wrap)| wrap_leaf(key, wrap));
        if wraps.len() != key_ids.len() || Tree::of(leaves).head().root != act.recipients.wraps_root {
            return Err(OpenError::OtherWraps);
        }
        let position = key_ids.binary_search(&own.key_id()).map_err(|_| OpenError::NotAddressed)?;
        self.open_wrap(act.number, &act.commitment, wraps[position], own)
    }

    /// Opens the secretariat's wrap, which stands in the act itself.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn open_as_secretariat(&mut self, act: &NewEpoch, team: &KemKeyPair) -> Result<(), OpenError> {
        let inline = act.secretariat.as_ref().filter(|inline| inline.key_id == team.key_id());
        let inline = inline.ok_or(OpenError::NotAddressed)?;
        self.open_wrap(act.number, &act.commitment, &inline.wrap, team)
    }

    /// Opens one wrap of the secret of epoch `number`.
    ///
    /// # Errors
    /// [`OpenError::Seal`].
    pub fn open_wrap(
        &mut self,
        number: u64,
        commitment: &Digest,
        wrap: &[u8],
        own: &KemKeyPair,
    ) -> Result<(), OpenError> {
        let secret = unwrap(&epoch_info(self.channel, number), commitment, own, wrap)?;
        self.hold(number, EpochSecret::from_bytes(*secret));
        Ok(())
    }

    /// Steps back from the epoch that `newer` made to the one before, so that one who joined reads the
    /// archive. `previous` is the commitment in the act that made the epoch before.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn open_previous(
        &mut self,
        newer: &NewEpoch,
        previous: &Digest,
        previous_box: &[u8],
    ) -> Result<(), OpenError> {
        if newer.previous_box != Some(Digest::of(previous_box)) {
            return Err(OpenError::OtherBytes);
        }
        let info = epoch_info(self.channel, newer.number);
        let secret = self.secret(newer.number)?;
        let secret = unbox_previous(&info, secret.as_bytes(), previous, previous_box)?;
        self.hold(newer.number - 1, EpochSecret::from_bytes(*secret));
        Ok(())
    }

    /// The revision key of a post: what a disclosure hands out.
    ///
    /// # Errors
    /// [`OpenError::NoSecret`]; [`SealError::SecretCommitment`] if the post commits to another key.
    pub fn revision_key(&self, epoch: u64, post: &SealedPost) -> Result<RevisionKey, OpenError> {
        let place = self.place(post);
        let key = derive_revision_key(self.secret(epoch)?, &place)?;
        if commit_revision_key(&place, &key) == post.body.key_commitment {
            Ok(key)
        } else {
            Err(SealError::SecretCommitment.into())
        }
    }

    /// Opens the body of a post.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn open_post(&self, epoch: u64, post: &SealedPost, sealed: &[u8]) -> Result<PostBody, OpenError> {
        open_with(&self.revision_key(epoch, post)?, self.channel, post, sealed)
    }

    /// Opens the card of a member, beside the act that brought the member in.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn open_card(
        &self,
        epoch: u64,
        act: ActId,
        named: &SealedBody,
        sealed: &[u8],
    ) -> Result<PersonCard, OpenError> {
        let place = RevisionPlace { channel: self.channel, section: NO_SECTION, act };
        let key = derive_revision_key(self.secret(epoch)?, &place)?;
        if named.sha256 != Digest::of(sealed) || commit_revision_key(&place, &key) != named.key_commitment {
            return Err(OpenError::OtherBytes);
        }
        let content = open_body(&key, &BodyContext { place, kind: CARD }, sealed)?;
        Ok(PersonCard::decode(&content)?)
    }

    fn place(&self, post: &SealedPost) -> RevisionPlace {
        RevisionPlace { channel: self.channel, section: post.section, act: post.act }
    }
}

/// Opens the body of a post with its revision key: what an outsider does with a disclosed one.
///
/// # Errors
/// [`OpenError::OtherBytes`], [`OpenError::Seal`], [`OpenError::Content`].
pub fn open_with(
    key: &RevisionKey,
    channel: ChannelId,
    post: &SealedPost,
    sealed: &[u8],
) -> Result<PostBody, OpenError> {
    let named = post.body.length == sealed.len() as u64 && post.body.sha256 == Digest::of(sealed);
    let place = RevisionPlace { channel, section: post.section, act: post.act };
    if !named || commit_revision_key(&place, key) != post.body.key_commitment {
        return Err(OpenError::OtherBytes);
    }
    let content = open_body(key, &BodyContext { place, kind: post.kind.as_str() }, sealed)?;
    Ok(PostBody::decode(&content)?)
}
