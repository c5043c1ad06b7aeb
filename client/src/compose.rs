//! Making acts: content sealed, secrets wrapped, the whole signed. Nothing is sent from here.
//!
//! The policy is not asked here either: the caller runs `decide` on what comes out, as it does on what it
//! reads, and the server and every reader do the same.

use bytes::Bytes;
use chancery_core::act::{
    Act, ActError, AddMember, Audience, Author, Basis, Clearance, Grant, Header, InlineWrap, NewEpoch,
    PersonCard, Post, PostBody, PostRef, Recipients, Rendition, SealedBody, ShareEpoch, SignedAct,
    SignedStatement, StateStatement, Statement, TreeHead, Withdrawal, assemble_act, assemble_statement,
};
use chancery_core::id::{ActId, ChannelId, Digest, FileId, KeyId, SectionId, StateCode, UserId};
use chancery_core::log::{Tree, wrap_leaf};
use chancery_core::mechanism::ItemKind;
use chancery_core::name::Namespace;
use chancery_seal::SealError;
use chancery_seal::body::{BodyContext, seal_body};
use chancery_seal::previous::box_previous;
use chancery_seal::revision::{RevisionPlace, commit_revision_key, derive_revision_key};
use chancery_seal::secret::EpochSecret;
use chancery_seal::sign::SigningKey;
use chancery_seal::wrap::{Purpose, WrapInfo, commit, wrap};

/// The section under which the body of an act that is not a post is sealed.
pub(crate) const NO_SECTION: SectionId = SectionId::new([0; 16]);
/// The kind under which a member's card is sealed.
pub(crate) const CARD: &str = "person-card";

/// An act could not be made.
#[derive(Debug, thiserror::Error)]
pub enum ComposeError {
    /// Sealing failed.
    #[error("the content could not be sealed: {0}")]
    Seal(#[from] SealError),
    /// What was made would be refused by any reader.
    #[error("the act would not be well-formed: {0}")]
    Act(#[from] ActError),
}

/// An act with what stands beside it: the exact bytes to send, however often.
#[derive(Debug, Clone)]
pub struct Composed {
    /// The signed act.
    pub act: SignedAct,
    /// Its sealed body.
    pub body: Option<Bytes>,
    /// Its wraps, in the order of the recipients.
    pub wraps: Vec<Bytes>,
    /// The previous secret, boxed under the new one.
    pub previous_box: Option<Bytes>,
}

impl From<SignedAct> for Composed {
    fn from(act: SignedAct) -> Self {
        Self { act, body: None, wraps: Vec::new(), previous_box: None }
    }
}

/// Where a writer stands: everything of an act's header but its id.
#[derive(Debug, Clone)]
pub struct Standpoint {
    /// The channel written to.
    pub channel: ChannelId,
    /// Who writes.
    pub author: Author,
    /// The writer's clock.
    pub clock_ms: u64,
    /// The channel's log, as verified.
    pub seen: TreeHead,
    /// The channel's epoch, as verified.
    pub epoch: u64,
    /// The other logs, as verified.
    pub basis: Option<Basis>,
}

/// Who signs, in which deployment.
#[derive(Debug, Clone, Copy)]
pub struct Signer<'a> {
    /// The key: a device's, or the root's.
    pub key: &'a SigningKey,
    /// Fingerprint of the root.
    pub root: &'a KeyId,
}

impl Signer<'_> {
    /// Signs an act at a standpoint.
    ///
    /// # Errors
    /// [`ComposeError::Act`] if no reader would parse it.
    pub fn act(
        &self,
        standpoint: &Standpoint,
        act_id: ActId,
        statement: Statement,
    ) -> Result<SignedAct, ComposeError> {
        let namespace = Namespace::Act(statement.kind());
        let header = Header {
            channel: standpoint.channel,
            act_id,
            author: standpoint.author,
            clock_ms: standpoint.clock_ms,
            seen: standpoint.seen,
            epoch: standpoint.epoch,
            basis: standpoint.basis,
        };
        let payload = Act { header, statement }.encode();
        let signature = self.key.sign(namespace, self.root, &payload);
        Ok(assemble_act(payload, signature, self.key.key_id())?)
    }

    /// Signs what a State says.
    ///
    /// # Errors
    /// [`ComposeError::Act`] if no reader would parse it.
    pub fn statement(&self, statement: &StateStatement) -> Result<SignedStatement, ComposeError> {
        let payload = statement.encode();
        let signature = self.key.sign(statement.namespace(), self.root, &payload);
        Ok(assemble_statement(payload, signature, self.key.key_id())?)
    }

    /// The State's clearance of a post.
    ///
    /// # Errors
    /// As [`Signer::statement`].
    pub fn clearance(&self, post: PostRef) -> Result<SignedStatement, ComposeError> {
        self.statement(&StateStatement::Clearance(Clearance { post }))
    }

    /// The State's grant of a post to an audience; the public also gets a rendition.
    ///
    /// # Errors
    /// As [`Signer::statement`].
    pub fn grant(
        &self,
        post: PostRef,
        audience: Audience,
        rendition: Option<&Rendition>,
    ) -> Result<SignedStatement, ComposeError> {
        let rendition = rendition.map(|rendition| Digest::of(&rendition.encode()));
        self.statement(&StateStatement::Grant(Grant { post, audience, rendition }))
    }

    /// The State's withdrawal of a post from an audience.
    ///
    /// # Errors
    /// As [`Signer::statement`].
    pub fn withdrawal(&self, post: &PostRef, audience: Audience) -> Result<SignedStatement, ComposeError> {
        let PostRef { state, channel, section, act_id, .. } = *post;
        self.statement(&StateStatement::Withdrawal(Withdrawal { state, channel, section, act_id, audience }))
    }
}

/// A public key to wrap to.
#[derive(Debug, Clone)]
pub struct RecipientKey {
    /// Its id.
    pub id: KeyId,
    /// X-Wing key, 1,216 bytes.
    pub public: Bytes,
}

/// Wraps `secret` to every recipient, in the order of their ids.
///
/// # Errors
/// [`SealError::PublicKey`] if a key is not one.
pub fn wrap_to(
    info: &WrapInfo,
    secret: &[u8; 32],
    mut recipients: Vec<RecipientKey>,
) -> Result<(Recipients, Vec<Bytes>), SealError> {
    recipients.sort_by_key(|recipient| recipient.id);
    let mut wraps = Vec::with_capacity(recipients.len());
    let mut tree = Tree::default();
    for recipient in &recipients {
        let wrap = wrap(info, secret, &recipient.public)?;
        tree.push(wrap_leaf(&recipient.id, &wrap));
        wraps.push(Bytes::from(wrap));
    }
    let key_ids = recipients.iter().map(|recipient| recipient.id).collect();
    Ok((Recipients { key_ids, wraps_root: tree.head().root }, wraps))
}

/// Which secret of a channel is meant.
#[must_use]
pub fn epoch_info(channel: ChannelId, number: u64) -> WrapInfo {
    WrapInfo { purpose: Purpose::Epoch, scope: channel.into(), generation: number }
}

/// A new epoch of the channel at `standpoint`: to these readers and, where it reads, the secretariat's team.
/// `previous` is the secret of the epoch before.
///
/// # Errors
/// [`ComposeError`].
pub fn new_epoch(
    signer: Signer<'_>,
    standpoint: &Standpoint,
    act_id: ActId,
    secret: &EpochSecret,
    previous: Option<&EpochSecret>,
    readers: Vec<RecipientKey>,
    secretariat: Option<RecipientKey>,
) -> Result<Composed, ComposeError> {
    let number = if previous.is_some() { standpoint.epoch + 1 } else { 0 };
    epoch(signer, standpoint, act_id, (number, secret, previous), readers, secretariat)
}

/// The next epoch of a channel in which nobody is left who knows the secret of the one at `standpoint`.
///
/// # Errors
/// [`ComposeError`].
pub fn epoch_anew(
    signer: Signer<'_>,
    standpoint: &Standpoint,
    act_id: ActId,
    secret: &EpochSecret,
    readers: Vec<RecipientKey>,
    secretariat: Option<RecipientKey>,
) -> Result<Composed, ComposeError> {
    epoch(signer, standpoint, act_id, (standpoint.epoch + 1, secret, None), readers, secretariat)
}

fn epoch(
    signer: Signer<'_>,
    standpoint: &Standpoint,
    act_id: ActId,
    (number, secret, previous): (u64, &EpochSecret, Option<&EpochSecret>),
    readers: Vec<RecipientKey>,
    secretariat: Option<RecipientKey>,
) -> Result<Composed, ComposeError> {
    let info = epoch_info(standpoint.channel, number);
    let (recipients, wraps) = wrap_to(&info, secret.as_bytes(), readers)?;
    let secretariat = secretariat
        .map(|team| -> Result<_, SealError> {
            let wrap = wrap(&info, secret.as_bytes(), &team.public)?;
            Ok(InlineWrap { key_id: team.id, wrap: wrap.into() })
        })
        .transpose()?;
    let previous_box = previous
        .map(|previous| box_previous(&info, secret.as_bytes(), previous.as_bytes()).map(Bytes::from))
        .transpose()?;
    let statement = Statement::NewEpoch(NewEpoch {
        number,
        commitment: commit(&info, secret.as_bytes()),
        previous_box: previous_box.as_ref().map(|bytes| Digest::of(bytes)),
        recipients,
        secretariat,
    });
    Ok(Composed { act: signer.act(standpoint, act_id, statement)?, body: None, wraps, previous_box })
}

/// A person joins the channel at `standpoint`, under its current secret.
///
/// # Errors
/// [`ComposeError`].
pub fn add_member(
    signer: Signer<'_>,
    standpoint: &Standpoint,
    act_id: ActId,
    secret: &EpochSecret,
    (user, key): (UserId, RecipientKey),
    card: &PersonCard,
) -> Result<Composed, ComposeError> {
    let info = epoch_info(standpoint.channel, standpoint.epoch);
    let (recipients, wraps) = wrap_to(&info, secret.as_bytes(), vec![key])?;
    let place = RevisionPlace { channel: standpoint.channel, section: NO_SECTION, act: act_id };
    let (body, bytes) = seal_content(secret, place, CARD, &card.encode())?;
    let statement = Statement::AddMember(AddMember { user, recipients, body });
    Ok(Composed {
        act: signer.act(standpoint, act_id, statement)?,
        body: Some(bytes),
        wraps,
        previous_box: None,
    })
}

/// The current secret for the new key of one who is a member of the channel at `standpoint`.
///
/// # Errors
/// [`ComposeError`].
pub fn share_epoch(
    signer: Signer<'_>,
    standpoint: &Standpoint,
    act_id: ActId,
    secret: &EpochSecret,
    (user, key): (UserId, RecipientKey),
) -> Result<Composed, ComposeError> {
    let info = epoch_info(standpoint.channel, standpoint.epoch);
    let (recipients, wraps) = wrap_to(&info, secret.as_bytes(), vec![key])?;
    let statement = Statement::ShareEpoch(ShareEpoch { user, recipients });
    Ok(Composed { act: signer.act(standpoint, act_id, statement)?, body: None, wraps, previous_box: None })
}

/// What is posted.
#[derive(Debug)]
pub struct NewRevision<'a> {
    /// The State that speaks.
    pub state: StateCode,
    /// The section.
    pub section: SectionId,
    /// The revision before; none in the first.
    pub previous: Option<ActId>,
    /// What it is.
    pub kind: ItemKind,
    /// The content.
    pub body: &'a PostBody,
    /// The State's key, for an item that needs clearance.
    pub clears: Option<&'a SigningKey>,
}

/// A revision of a section, sealed under the channel's current secret.
///
/// # Errors
/// [`ComposeError`]; [`ComposeError::Act`] if no reader would parse its body.
pub fn post(
    signer: Signer<'_>,
    standpoint: &Standpoint,
    act_id: ActId,
    secret: &EpochSecret,
    revision: &NewRevision<'_>,
) -> Result<Composed, ComposeError> {
    let channel = standpoint.channel;
    let NewRevision { state, section, previous, kind, .. } = *revision;
    let place = RevisionPlace { channel, section, act: act_id };
    let content = revision.body.encode();
    PostBody::decode(&content)?;
    let (body, bytes) = seal_content(secret, place, kind.as_str(), &content)?;
    let clearance = revision
        .clears
        .map(|key| {
            let post = PostRef { state, channel, section, act_id, kind, body };
            Signer { key, root: signer.root }.clearance(post)
        })
        .transpose()?;
    let mut files: Vec<FileId> = revision.body.attachments.iter().map(|attachment| attachment.file).collect();
    files.sort_unstable();
    files.dedup();
    let statement = Statement::Post(Post { section, previous, kind, files, body, clearance });
    let act = signer.act(standpoint, act_id, statement)?;
    Ok(Composed { act, body: Some(bytes), wraps: Vec::new(), previous_box: None })
}

fn seal_content(
    secret: &EpochSecret,
    place: RevisionPlace,
    kind: &str,
    content: &[u8],
) -> Result<(SealedBody, Bytes), SealError> {
    let key = derive_revision_key(secret, &place)?;
    let bytes = seal_body(&key, &BodyContext { place, kind }, content)?;
    let body = SealedBody {
        length: bytes.len() as u64,
        sha256: Digest::of(&bytes),
        key_commitment: commit_revision_key(&place, &key),
    };
    Ok((body, bytes.into()))
}
