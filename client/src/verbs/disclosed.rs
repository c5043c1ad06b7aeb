//! What States have opened beyond their channels: the list, and one item opened and checked against the State's
//! own word in the publication log.

use std::collections::BTreeMap;
use std::path::Path;

use chancery_core::act::{Audience, Grant, PostBody, Rendition, SignedStatement, StateStatement, Team};
use chancery_core::id::ActId;
use chancery_core::log::{Checkpoint, origin, verify_inclusion};
use chancery_seal::revision::RevisionPlace;
use chancery_seal::secret::RevisionKey;
use chancery_seal::wrap::unwrap_revision_key;

use crate::files::{Progress, Saved, save};
use crate::keyring::{OpenError, SealedPost, TeamKey, open_with};
use crate::link::DisclosedItem;
use crate::sync::{Session, SessionError};
use crate::verify::{At, Fault, PublicationCopy, VerifyError};

/// A disclosure, as the publication log has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Its place in the publication log.
    pub index: u64,
    /// What the State said.
    pub grant: Grant,
    /// When.
    pub log_time_ms: u64,
    /// When it was withdrawn.
    pub withdrawn_ms: Option<u64>,
}

/// A disclosure, opened.
#[derive(Debug, Clone)]
pub struct Read {
    /// The disclosure.
    pub item: Item,
    /// What it says.
    pub body: PostBody,
}

/// Everything that was ever opened to an audience, newest last, from a log that is verified.
///
/// # Errors
/// [`SessionError`].
pub async fn disclosed(session: &mut Session, audience: Audience) -> Result<Vec<Item>, SessionError> {
    session.sync_publication(audience).await?;
    let copy = session.publication(audience).ok_or(SessionError::Bug("a publication that was read"))?;
    let mut items: Vec<Item> = Vec::new();
    let mut open: BTreeMap<ActId, usize> = BTreeMap::new();
    for entry in &copy.entries {
        match SignedStatement::decode(entry.signed.clone())?.content() {
            StateStatement::Grant(grant) => {
                open.insert(grant.post.act_id, items.len());
                let (index, log_time_ms) = (entry.index, entry.log_time_ms);
                items.push(Item { index, grant: grant.clone(), log_time_ms, withdrawn_ms: None });
            }
            StateStatement::Withdrawal(withdrawal) => {
                if let Some(item) = open.remove(&withdrawal.act_id).and_then(|place| items.get_mut(place)) {
                    item.withdrawn_ms = Some(entry.log_time_ms);
                }
            }
            StateStatement::Clearance(_)
            | StateStatement::Membership(_)
            | StateStatement::KeySuccession(_)
            | StateStatement::Objection(_) => {}
        }
    }
    Ok(items)
}

/// Opens one disclosure. Its grant is the entry of the verified log, and the body opens to what the grant says.
///
/// # Errors
/// [`SessionError`]; [`SessionError::NotFound`] if there is none at this place, [`SessionError::Withdrawn`].
pub async fn read(session: &mut Session, audience: Audience, index: u64) -> Result<Read, SessionError> {
    let items = disclosed(session, audience).await?;
    let item = items.into_iter().find(|item| item.index == index);
    let item = item.ok_or_else(|| SessionError::NotFound { what: "open item", name: index.to_string() })?;
    if let Some(withdrawn_ms) = item.withdrawn_ms {
        return Err(SessionError::Withdrawn { index, withdrawn_ms });
    }
    let fetched = session.link.get_disclosed(audience, index).await?;
    check_entry(session, audience, &fetched)?;
    let body = open(session, &item.grant, &fetched)?;
    Ok(Read { item, body })
}

/// Fetches the files of an opened disclosure into a folder.
///
/// # Errors
/// [`SessionError::File`]; those fetched before stay.
pub async fn save_files(
    session: &Session,
    read: &Read,
    folder: &Path,
    force: bool,
    progress: &Progress,
) -> Result<Vec<Saved>, SessionError> {
    let mut saved = Vec::new();
    for attachment in &read.body.attachments {
        let channel = read.item.grant.post.channel;
        saved.push(save(&session.link, channel, attachment, folder, force, progress).await?);
    }
    Ok(saved)
}

/// What was handed out is the entry of the log that this session has verified, and its proof holds.
fn check_entry(session: &Session, audience: Audience, fetched: &DisclosedItem) -> Result<(), SessionError> {
    let copy = session.publication(audience).ok_or(SessionError::Bug("a publication that was read"))?;
    let index = fetched.disclosed.index;
    let entry = copy.entries.iter().find(|entry| entry.index == index);
    let same = entry.is_some_and(|entry| {
        entry.signed == fetched.disclosed.grant && entry.log_time_ms == fetched.disclosed.log_time_ms
    });
    if !same {
        return Err(wrong(copy, index, Fault::OutOfOrder { expected: index, found: index }).into());
    }
    let log_key = session.directory().log_key().ok_or(SessionError::Bug("a directory without a log key"))?;
    let origin = origin(session.root(), &copy.id());
    let checkpoint = Checkpoint::open(&fetched.checkpoint, &origin, &log_key)
        .map_err(|error| wrong(copy, index, error.into()))?;
    let (grant, time) = (&fetched.disclosed.grant, fetched.disclosed.log_time_ms);
    verify_inclusion(&checkpoint.head, index, grant, time, &fetched.inclusion_proof)
        .map_err(|_| wrong(copy, index, Fault::Forked { size: checkpoint.head.size }))?;
    Ok(())
}

fn wrong(copy: &PublicationCopy, index: u64, fault: Fault) -> VerifyError {
    VerifyError { channel: copy.id(), at: Some(At { index, act: None }), fault }
}

fn open(session: &Session, grant: &Grant, fetched: &DisclosedItem) -> Result<PostBody, SessionError> {
    let post = &grant.post;
    let place = RevisionPlace { channel: post.channel, section: post.section, act: post.act_id };
    let key = match grant.audience {
        Audience::Public => {
            let bytes: Option<[u8; 32]> = fetched.key_material[..].try_into().ok();
            RevisionKey::from_bytes(bytes.ok_or(OpenError::OtherBytes)?)
        }
        Audience::AllParties => {
            let team = all_parties_key(session, fetched.generation)?;
            let commitment = &post.body.key_commitment;
            unwrap_revision_key(&place, fetched.generation, commitment, &team.pair, &fetched.key_material)?
        }
    };
    let sealed = SealedPost { section: post.section, act: post.act_id, kind: post.kind, body: post.body };
    let body = open_with(&key, post.channel, &sealed, &fetched.body)?;
    // The public is shown the rendition: it says what was exchanged.
    let rendition = Rendition::of(&body).encode();
    if grant.audience == Audience::Public && fetched.rendition.as_deref() != Some(&rendition[..]) {
        return Err(OpenError::OtherBytes.into());
    }
    Ok(body)
}

/// The key of all parties of a generation. Who holds a later one alone came after the earlier was lost.
fn all_parties_key(session: &Session, generation: u64) -> Result<&TeamKey, SessionError> {
    let keys = session.teams();
    let later = keys.newest(Team::AllParties).is_some_and(|newest| newest.generation > generation);
    keys.get(Team::AllParties, generation).ok_or(if later {
        SessionError::LostAllPartiesKey { generation }
    } else {
        OpenError::NotAddressed.into()
    })
}
