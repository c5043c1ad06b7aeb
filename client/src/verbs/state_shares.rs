//! A State's key in shares among its people, for the day on which nobody is left who holds it: so many of them put
//! it together again. Each holds one share, wrapped to their own key; a share is given on to whoever puts the key
//! together.

use std::collections::BTreeMap;

use bytes::Bytes;
use chancery_core::act::{
    DepositShares, GiveShare, Membership, Recipients, Reseat, Role, StateStatement, Statement,
};
use chancery_core::error::Reason;
use chancery_core::id::{ActId, KeyId, StateCode, UserId};
use chancery_core::log::{Tree, wrap_leaf};
use chancery_core::name::state_key_scope;
use chancery_core::state::{Deposit, Person};
use chancery_seal::SealError;
use chancery_seal::secret::StateShare;
use chancery_seal::shares::{combine, split};
use chancery_seal::sign::SigningKey;
use chancery_seal::wrap::{Purpose, Scope, WrapInfo, commit, unwrap, wrap};

use super::state_key::{StateKeyKept, keep_state_key};
use super::user_key;
use crate::compose::{RecipientKey, Signer, wrap_to};
use crate::entry::OwnWrap;
use crate::home::Holder;
use crate::sync::{Session, SessionError, with_current_state_key};

/// A State's key was split.
#[derive(Debug, Clone)]
pub struct Deposited {
    /// The State.
    pub state: StateCode,
    /// The generation of its key.
    pub generation: u64,
    /// How many shares are needed.
    pub threshold: u8,
    /// Who holds one.
    pub holders: Vec<UserId>,
}

/// A share was given on.
#[derive(Debug, Clone, Copy)]
pub struct Given {
    /// The State.
    pub state: StateCode,
    /// To whom.
    pub to: UserId,
    /// How many shares are needed.
    pub threshold: u8,
}

/// A State's key was put together again.
#[derive(Debug, Clone)]
pub struct Recovered {
    /// The State.
    pub state: StateCode,
    /// The generation of the key.
    pub generation: u64,
    /// What was done for the key then: it is replaced, because others can put it together, too.
    pub kept: Vec<StateKeyKept>,
}

/// Splits the current key of the person's State among these people of it.
///
/// # Errors
/// [`SessionError`]; [`SealError::Threshold`] if so many cannot be needed of so many.
pub async fn deposit(
    session: &mut Session,
    holders: &[UserId],
    threshold: u8,
) -> Result<Deposited, SessionError> {
    with_current_state_key(session, async |session| {
        session.sync_directory().await?;
        let (state, newest) = session.newest_state_key()?;
        let generation = newest.generation;
        let mut keys = Vec::new();
        for user in holders {
            let person = session.now().person(user).ok_or(Reason::NoSuchSubject)?;
            keys.push((recipient(&person)?, *user));
        }
        keys.sort_by_key(|(key, _)| key.id);
        keys.dedup_by_key(|(key, _)| key.id);
        let count = u8::try_from(keys.len()).map_err(|_| SealError::Threshold)?;
        let shares = split(session.state_key()?, threshold, count)?;
        let info = share_info(session.root(), state, generation);
        let (mut wraps, mut tree) = (Vec::new(), Tree::default());
        for ((key, _), share) in keys.iter().zip(&shares) {
            let wrapped = wrap(&info, share.as_bytes(), &key.public)?;
            tree.push(wrap_leaf(&key.id, &wrapped));
            wraps.push(Bytes::from(wrapped));
        }
        let statement = Statement::DepositShares(DepositShares {
            state,
            generation,
            threshold: u32::from(threshold),
            recipients: Recipients {
                key_ids: keys.iter().map(|(key, _)| key.id).collect(),
                wraps_root: tree.head().root,
            },
            commitments: shares.iter().map(|share| commit(&info, share.as_bytes())).collect(),
        });
        session.state_in_directory(statement, wraps).await?;
        let holders = keys.into_iter().map(|(_, user)| user).collect();
        Ok(Deposited { state, generation, threshold, holders })
    })
    .await
}

/// Gives one's share of the State's newest key on to a person of the same State.
///
/// # Errors
/// [`SessionError::NotFound`] if the person has no share of it.
pub async fn give(session: &mut Session, to: UserId) -> Result<Given, SessionError> {
    session.sync_directory().await?;
    let held = newest(session)?;
    let me = session.person()?.identity.user;
    let directory = &session.directory().state;
    let own = |position: &u8| {
        let holder = held.holders.get(usize::from(*position));
        holder.is_some_and(|key| directory.owner_of(key) == Some(&me))
    };
    let (position, share) = held.shares.iter().find(|(position, _)| own(position)).ok_or_else(no_share)?;
    let person = session.now().person(&to).ok_or(Reason::NoSuchSubject)?;
    let key = recipient(&person)?;
    let info = share_info(session.root(), held.state, held.generation);
    let (recipients, wraps) = wrap_to(&info, share.as_bytes(), vec![key])?;
    let (state, threshold) = (held.state, held.threshold);
    let position = u32::from(*position);
    let act = Statement::GiveShare(GiveShare { deposit: held.deposit, position, to, recipients });
    session.state_in_directory(act, wraps).await?;
    Ok(Given { state, to, threshold })
}

/// Puts the State's key together from the shares that this person was given, becomes the State's focal point with
/// its word, and replaces it.
///
/// # Errors
/// [`SealError::TooFewShares`], [`SealError::WrongShares`]; [`SessionError::NotFound`] without any share.
pub async fn recover(session: &mut Session) -> Result<Recovered, SessionError> {
    // What is handed to the person goes to their own key, which comes first.
    user_key::renew(session).await?;
    let held = newest(session)?;
    let public = session.now().state_key(&held.state).ok_or_else(no_share)?.key;
    let key = combine(&held.shares, held.threshold, &public)?;
    seat_oneself(session, held.state, &key).await?;
    let (state, generation) = (held.state, held.generation);
    session.home.update_keys(|keys| {
        if let Holder::Person(person) = &mut keys.holder {
            person.state_key = Some(key);
        }
    })?;
    session.open_state_keys();
    let mut kept: Vec<StateKeyKept> =
        session.replace_state_key(generation).await?.map(StateKeyKept::from).into_iter().collect();
    kept.extend(keep_state_key(session).await?);
    Ok(Recovered { state, generation, kept })
}

/// The State's word that the person is its focal point.
async fn seat_oneself(session: &mut Session, state: StateCode, key: &SigningKey) -> Result<(), SessionError> {
    let user = session.person()?.identity.user;
    let person = session.now().person(&user).ok_or(Reason::UnknownDevice)?;
    if person.role == Role::FocalPoint {
        return Ok(());
    }
    let (role, instruments, expires_ms) = (Role::FocalPoint, Vec::new(), person.expires_ms);
    let keys = person.record().certified;
    let word = Membership { state, role, instruments: instruments.clone(), keys, expires_ms };
    let signer = Signer { key, root: session.root() };
    let membership = signer.statement(&StateStatement::Membership(word))?;
    let act = Statement::Reseat(Reseat { user, role, instruments, expires_ms, membership });
    session.state_in_directory(act, Vec::new()).await?;
    Ok(())
}

/// The shares of one deposit that a person opens.
struct Held {
    state: StateCode,
    deposit: ActId,
    generation: u64,
    threshold: u8,
    holders: Vec<KeyId>,
    shares: BTreeMap<u8, StateShare>,
}

/// What the person opens of the newest deposit of the State's newest key.
fn newest(session: &Session) -> Result<Held, SessionError> {
    let now = session.now();
    let me = now.person(&session.person()?.identity.user);
    let state = me.and_then(|me| me.state).ok_or(Reason::NotEntitled)?;
    let generation = now.state_key(&state).map(|key| key.generation);
    let deposits = now.state(&state).map_or(&[][..], |record| &record.deposits);
    let deposit = deposits.iter().rev().find(|deposit| Some(deposit.generation) == generation);
    let deposit = deposit.ok_or_else(no_share)?;
    let shares = opened(session, state, deposit)?;
    let threshold = u8::try_from(deposit.threshold).map_err(|_| SealError::Threshold)?;
    let holders = deposit.holders.clone();
    if shares.is_empty() {
        return Err(no_share());
    }
    Ok(Held { state, deposit: deposit.act, generation: deposit.generation, threshold, holders, shares })
}

fn opened(
    session: &Session,
    state: StateCode,
    deposit: &Deposit,
) -> Result<BTreeMap<u8, StateShare>, SessionError> {
    let entries = &session.directory().entries;
    let made = usize::try_from(deposit.since).ok().and_then(|at| entries.get(at));
    let made = made.ok_or(SessionError::Bug("a deposit that was decided is in the log"))?.act()?;
    let Statement::DepositShares(made) = &made.content().statement else {
        return Err(SessionError::Bug("a deposit is a deposit"));
    };
    let info = share_info(session.root(), state, deposit.generation);
    let open = |position: u64, wrap: &OwnWrap| {
        let commitment = made.commitments.get(usize::try_from(position).ok()?)?;
        let pair = session.own_pair(&wrap.key_id)?;
        let share = unwrap(&info, commitment, pair, &wrap.wrap).ok()?;
        Some((u8::try_from(position).ok()?, StateShare::from_bytes(*share)))
    };
    let mut shares = BTreeMap::new();
    for entry in entries.iter().filter(|entry| !entry.own_wraps.is_empty()) {
        let act = entry.act()?;
        let positions: Vec<(u64, &OwnWrap)> = match &act.content().statement {
            Statement::DepositShares(_) if act.content().header.act_id == deposit.act => {
                entry.own_wraps.iter().map(|wrap| (wrap.position, wrap)).collect()
            }
            Statement::GiveShare(given) if given.deposit == deposit.act => {
                entry.own_wraps.iter().map(|wrap| (u64::from(given.position), wrap)).collect()
            }
            _ => continue,
        };
        // One that does not open helps nobody; the others may be enough.
        shares.extend(positions.into_iter().filter_map(|(position, wrap)| open(position, wrap)));
    }
    Ok(shares)
}

fn recipient(person: &Person<'_>) -> Result<RecipientKey, SessionError> {
    let key = person.key().ok_or(Reason::NoCurrentKey)?;
    Ok(RecipientKey { id: key.kem_id, public: key.kem.clone() })
}

fn share_info(root: &KeyId, state: StateCode, generation: u64) -> WrapInfo {
    WrapInfo { purpose: Purpose::StateShare, scope: Scope::new(state_key_scope(root, state)), generation }
}

fn no_share() -> SessionError {
    SessionError::NotFound { what: "share of your State's current key", name: "for you".to_owned() }
}
