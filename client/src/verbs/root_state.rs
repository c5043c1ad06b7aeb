//! The custodians state something in the directory: sent at once, or put into a file for the second custodian.

use chancery_core::act::{SignedAct, Statement, VerifiedAct};
use chancery_core::id::ActId;
use chancery_core::policy::decide_but_second;

use crate::second::{RootActs, RootActsError};
use crate::sync::{Prepared, Session, SessionError};

/// The way of an act of the root.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// To the server, at once.
    Send,
    /// Into a file, which the second custodian countersigns before [`super::root_send`] sends it.
    File,
}

/// What became of an act of the root.
#[derive(Debug)]
pub enum Stated<T> {
    /// It stands in the directory.
    Sent(T),
    /// It is to be written into a file. Nothing was sent.
    Filed(Box<RootActs>),
}

impl<T> Stated<T> {
    /// The same of something else.
    pub(super) fn map<U>(self, sent: impl FnOnce(T) -> U) -> Stated<U> {
        match self {
            Self::Sent(one) => Stated::Sent(sent(one)),
            Self::Filed(acts) => Stated::Filed(acts),
        }
    }
}

/// States these things as the root, all or none.
///
/// # Errors
/// [`SessionError::Refused`] by the policy, in either way; [`SessionError::RootActs`] if nobody is there to
/// countersign, or if they are more than are sent together.
pub async fn state(
    session: &mut Session,
    statements: Vec<Statement>,
    way: Way,
) -> Result<Stated<()>, SessionError> {
    match way {
        Way::Send => {
            let acts = sign(session, statements)?.into_iter().map(Prepared::from).collect();
            session.append(session.directory().id(), acts).await?;
            Ok(Stated::Sent(()))
        }
        Way::File => Ok(Stated::Filed(file(session, statements)?)),
    }
}

/// Puts these things into a file, for the second custodian; nothing is sent.
///
/// # Errors
/// As [`state`].
pub fn file(session: &Session, statements: Vec<Statement>) -> Result<Box<RootActs>, SessionError> {
    Ok(Box::new(put_together(session, sign(session, statements)?)?))
}

fn sign(session: &Session, statements: Vec<Statement>) -> Result<Vec<SignedAct>, SessionError> {
    session.home.root_key()?;
    let directory = session.directory().id();
    statements.into_iter().map(|statement| session.sign(directory, statement)).collect()
}

/// Asked here as it will be once the second custodian has signed, so that nobody is bothered for nothing.
fn put_together(session: &Session, acts: Vec<SignedAct>) -> Result<RootActs, SessionError> {
    let directory = session.directory();
    if directory.state.foundation.as_ref().is_none_or(|founded| founded.second.is_none()) {
        return Err(RootActsError::NoSecond.into());
    }
    let (root, key) = (session.root(), session.home.root_key()?.public());
    let verified = acts.iter().map(|act| VerifiedAct::new(act.clone(), key, root));
    let verified = verified.collect::<Result<_, _>>()?;
    decide_but_second(session.mechanism(), &directory.state, verified, Session::now_ms())?;
    // The acts say what this home has seen, as if they were sent.
    session.keep_seen(directory.id())?;
    let founding = entry(session, 0)?;
    let announced = acts.iter().find_map(|act| match act.content().statement {
        Statement::CompleteReplacement(complete) => Some(complete.announcement),
        _ => None,
    });
    let announced = announced.map(|act| announcement(session, act)).transpose()?;
    Ok(RootActs::new(root, founding, announced, acts)?)
}

fn announcement(session: &Session, act: ActId) -> Result<SignedAct, SessionError> {
    let index = session.directory().state.acts.get(&act).copied();
    entry(session, index.ok_or(SessionError::Bug("an announcement that was decided on is there"))?)
}

fn entry(session: &Session, index: u64) -> Result<SignedAct, SessionError> {
    let entry = usize::try_from(index).ok().and_then(|index| session.directory().entries.get(index));
    Ok(entry.ok_or(SessionError::Bug("an entry that was verified is there"))?.act()?)
}
