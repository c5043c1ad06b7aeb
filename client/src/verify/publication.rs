//! The logs of what States have opened: grants and withdrawals, each under a State's key.

use std::collections::BTreeMap;

use chancery_core::act::{Audience, SignedStatement, StateStatement, Statement, TreeHead};
use chancery_core::error::Reason;
use chancery_core::id::{ActId, ChannelId, KeyId, StateCode};
use chancery_core::limits::CLOCK_AHEAD_MS_MAX;
use chancery_core::log::{Tree, leaf_hash};
use chancery_core::name::publication_channel;
use serde::{Deserialize, Serialize};

use super::grow::{covered, in_order, log_time};
use super::{At, ChannelCopy, DirectoryCopy, Fault, Growth, VerifyError, in_parallel};
use crate::entry::Entry;

/// The publication log of one audience as verified.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PublicationCopy {
    /// Fingerprint of the root.
    pub root: KeyId,
    /// Whose log it is.
    pub audience: Audience,
    /// The log so far.
    pub log: Tree,
    /// Time of the last entry.
    pub last_log_time_ms: u64,
    /// What is open at present: the post, and the index of its grant.
    pub open: BTreeMap<ActId, u64>,
    /// All its entries.
    pub entries: Vec<Entry>,
    /// The checkpoint that covers exactly these entries; none in an empty log.
    pub note: Option<String>,
}

impl PublicationCopy {
    /// Nothing yet of the log of `audience` in the deployment of `root`.
    #[must_use]
    pub fn new(root: KeyId, audience: Audience) -> Self {
        Self {
            root,
            audience,
            log: Tree::default(),
            last_log_time_ms: 0,
            open: BTreeMap::new(),
            entries: Vec::new(),
            note: None,
        }
    }

    /// Its channel.
    #[must_use]
    pub fn id(&self) -> ChannelId {
        publication_channel(&self.root, self.audience)
    }

    /// Size and root of the log as verified.
    #[must_use]
    pub fn head(&self) -> TreeHead {
        self.log.head()
    }
}

/// Grows a publication log by what a server handed out. Every entry is a State's own word, under the key that was
/// its newest at the entry's log time. The directory must have been read after the publication log.
///
/// # Errors
/// [`VerifyError`]; the copy has not changed.
pub fn extend_publication(
    directory: &DirectoryCopy,
    copy: &mut PublicationCopy,
    growth: Growth,
) -> Result<(), VerifyError> {
    let channel = copy.id();
    let whole = |fault| VerifyError { channel, at: None, fault };
    in_order(channel, copy.head().size, &growth.entries)?;
    let audience = copy.audience;
    let signed = in_parallel(&growth.entries, |entry| signed_word(directory, audience, entry)).map_err(
        |(n, (act, fault))| {
            let at = Some(At { index: growth.entries[n].index, act });
            VerifyError { channel, at, fault }
        },
    )?;
    let mut new = PublicationCopy {
        log: copy.log.clone(),
        last_log_time_ms: copy.last_log_time_ms,
        open: copy.open.clone(),
        ..PublicationCopy::new(copy.root, audience)
    };
    for (entry, word) in growth.entries.iter().zip(signed) {
        let at = Some(At { index: entry.index, act: Some(word.act) });
        let found = |fault| VerifyError { channel, at, fault };
        log_time(new.last_log_time_ms, entry.log_time_ms, growth.now_ms).map_err(found)?;
        let was_open = new.open.contains_key(&word.act);
        if was_open == word.opens {
            return Err(found(Fault::Refused(Reason::DisclosureUnchanged)));
        }
        if word.opens {
            new.open.insert(word.act, entry.index);
        } else {
            new.open.remove(&word.act);
        }
        new.log.push(leaf_hash(&entry.signed, entry.log_time_ms));
        new.last_log_time_ms = entry.log_time_ms;
    }
    let foundation = directory.state.foundation.as_ref().ok_or_else(|| whole(Fault::NotFounded))?;
    covered(&copy.root, &channel, &foundation.log_key, &copy.log, &new.log, &growth.note).map_err(whole)?;
    new.entries = std::mem::take(&mut copy.entries);
    new.entries.extend(growth.entries);
    new.note = Some(growth.note);
    *copy = new;
    Ok(())
}

/// What an entry says of which post.
struct Word {
    act: ActId,
    opens: bool,
}

fn signed_word(
    directory: &DirectoryCopy,
    audience: Audience,
    entry: &Entry,
) -> Result<Word, (Option<ActId>, Fault)> {
    let signed = SignedStatement::decode(entry.signed.clone()).map_err(|e| (None, Fault::of_act(e)))?;
    let (state, act, to, opens) = match signed.content() {
        StateStatement::Grant(grant) => (grant.post.state, grant.post.act_id, grant.audience, true),
        StateStatement::Withdrawal(gone) => (gone.state, gone.act_id, gone.audience, false),
        StateStatement::Clearance(_)
        | StateStatement::Membership(_)
        | StateStatement::KeySuccession(_)
        | StateStatement::Objection(_) => {
            return Err((None, Fault::Refused(Reason::WrongChannel)));
        }
    };
    if to != audience {
        return Err((Some(act), Fault::Refused(Reason::OtherChannel)));
    }
    signed_by_state(directory, state, &signed, entry.log_time_ms).map_err(|fault| (Some(act), fault))?;
    if entry.body.is_some() || !entry.own_wraps.is_empty() {
        return Err((Some(act), Fault::OtherBody));
    }
    Ok(Word { act, opens })
}

/// Under the key that was the State's newest at this log time. The two logs have times of their own, and the
/// replicas of a server clocks of their own: near a succession the key before and the key after are both good.
fn signed_by_state(
    directory: &DirectoryCopy,
    state: StateCode,
    signed: &SignedStatement,
    log_time_ms: u64,
) -> Result<(), Fault> {
    let record = directory.state.now(0).state(&state).ok_or(Fault::BadSignature)?;
    let made_ms = |index: u64| {
        let entry = usize::try_from(index).ok().and_then(|at| directory.entries.get(at));
        entry.map(|entry| entry.log_time_ms)
    };
    let root = &directory.state.root;
    let by = record.keys.iter().position(|key| signed.verify(&key.key, root).is_ok());
    let by = by.ok_or(Fault::BadSignature)?;
    let from_ms = record.keys.get(by).and_then(|key| made_ms(key.since));
    let until_ms = record.keys.get(by + 1).and_then(|next| made_ms(next.since));
    let early = from_ms.is_none_or(|from| log_time_ms.saturating_add(CLOCK_AHEAD_MS_MAX) < from);
    let late = until_ms.is_some_and(|until| until.saturating_add(CLOCK_AHEAD_MS_MAX) < log_time_ms);
    if early || late { Err(Fault::Refused(Reason::StaleStateKey)) } else { Ok(()) }
}

/// Compares a publication log with a channel whose acts made it: what members can check and outsiders cannot.
/// `published_to` is the size of the channel that was known before the publication log was read: what was
/// disclosed up to there must stand in it. The channel must have been read again after the publication log.
///
/// # Errors
/// [`Fault::NotOfItsChannel`] at the publication's entry, [`Fault::NotPublished`] at the channel's.
pub fn compare_publication(
    publication: &PublicationCopy,
    channel: &ChannelCopy,
    published_to: u64,
) -> Result<(), VerifyError> {
    let made = made_by(channel, publication.audience);
    let mut expected = made.iter();
    for entry in publication.entries.iter().filter(|entry| is_of(entry, channel.id())) {
        let matches = expected.next().is_some_and(|(_, signed, log_time_ms)| {
            signed.bytes() == &entry.signed && *log_time_ms == entry.log_time_ms
        });
        if !matches {
            let at = Some(At { index: entry.index, act: None });
            return Err(VerifyError { channel: publication.id(), at, fault: Fault::NotOfItsChannel });
        }
    }
    match expected.next() {
        Some((at, _, _)) if at.index < published_to => {
            Err(VerifyError { channel: channel.id(), at: Some(*at), fault: Fault::NotPublished })
        }
        _ => Ok(()),
    }
}

/// The statements to one audience that a channel's acts carry, in log order, each with its act and log time.
fn made_by(channel: &ChannelCopy, audience: Audience) -> Vec<(At, SignedStatement, u64)> {
    let mut made = Vec::new();
    for entry in &channel.entries {
        let Ok(act) = entry.act() else { continue };
        let statements = match &act.content().statement {
            Statement::Disclose(act) if act.audience == audience => &act.grants,
            Statement::Withdraw(act) if act.audience == audience => &act.withdrawals,
            _ => continue,
        };
        let at = At { index: entry.index, act: Some(act.content().header.act_id) };
        made.extend(statements.iter().map(|signed| (at, signed.clone(), entry.log_time_ms)));
    }
    made
}

fn is_of(entry: &Entry, channel: ChannelId) -> bool {
    SignedStatement::decode(entry.signed.clone()).is_ok_and(|signed| match signed.content() {
        StateStatement::Grant(grant) => grant.post.channel == channel,
        StateStatement::Withdrawal(gone) => gone.channel == channel,
        StateStatement::Clearance(_)
        | StateStatement::Membership(_)
        | StateStatement::KeySuccession(_)
        | StateStatement::Objection(_) => false,
    })
}
