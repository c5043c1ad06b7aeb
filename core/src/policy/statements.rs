//! Checks of what State keys sign inside acts.

use crate::act::{
    Audience, Clearance, Grant, KeySuccession, Membership, Objection, PostRef, SignedStatement,
    StateStatement, Withdrawal,
};
use crate::error::Reason;
use crate::id::StateCode;
use crate::state::DirectoryAt;

/// The statement is `state`'s, under its key current at the directory's basis.
fn signed_by(signed: &SignedStatement, state: StateCode, directory: &DirectoryAt<'_>) -> Result<(), Reason> {
    signed_by_newest(signed, state, directory)?;
    if directory.state_key_is_current(&state) { Ok(()) } else { Err(Reason::StaleStateKey) }
}

/// The statement is `state`'s, under the newest key that it had at the directory's basis, even if that key owes
/// a successor: it is what makes the successor, and what a State without a focal point is recovered by.
fn signed_by_newest(
    signed: &SignedStatement,
    state: StateCode,
    directory: &DirectoryAt<'_>,
) -> Result<(), Reason> {
    let newest = directory.state_key(&state).ok_or(Reason::BadStatement)?;
    signed.verify(&newest.key, &directory.root()).map_err(|_| Reason::BadStatement)
}

/// The State's clearance of exactly this post.
pub(super) fn clearance(
    signed: &SignedStatement,
    post: &PostRef,
    directory: &DirectoryAt<'_>,
) -> Result<(), Reason> {
    signed_by(signed, post.state, directory)?;
    match signed.content() {
        StateStatement::Clearance(Clearance { post: cleared }) if cleared == post => Ok(()),
        _ => Err(Reason::ClearanceRequired),
    }
}

/// The State's word for exactly this person.
pub(super) fn membership(
    signed: &SignedStatement,
    expected: &Membership,
    directory: &DirectoryAt<'_>,
) -> Result<(), Reason> {
    signed_by(signed, expected.state, directory)?;
    says(signed, &StateStatement::Membership(expected.clone()))
}

/// The State's word for exactly this person, whom it makes its focal point, also when nobody is left who holds
/// its key by right: whoever put the key together again from its shares speaks for the State.
pub(super) fn membership_by_newest(
    signed: &SignedStatement,
    expected: &Membership,
    directory: &DirectoryAt<'_>,
) -> Result<(), Reason> {
    signed_by_newest(signed, expected.state, directory)?;
    says(signed, &StateStatement::Membership(expected.clone()))
}

/// The State's word for exactly this key as its next.
pub(super) fn succession(
    signed: &SignedStatement,
    expected: KeySuccession,
    directory: &DirectoryAt<'_>,
) -> Result<(), Reason> {
    signed_by_newest(signed, expected.state, directory)?;
    says(signed, &StateStatement::KeySuccession(expected))
}

/// The State's objection to exactly this announcement.
pub(super) fn objection(
    signed: &SignedStatement,
    expected: Objection,
    directory: &DirectoryAt<'_>,
) -> Result<(), Reason> {
    signed_by_newest(signed, expected.state, directory)?;
    says(signed, &StateStatement::Objection(expected))
}

fn says(signed: &SignedStatement, expected: &StateStatement) -> Result<(), Reason> {
    if signed.content() == expected { Ok(()) } else { Err(Reason::BadStatement) }
}

/// A grant of the State under review to this audience.
pub(super) fn grant<'a>(
    signed: &'a SignedStatement,
    state: StateCode,
    audience: Audience,
    directory: &DirectoryAt<'_>,
) -> Result<&'a Grant, Reason> {
    signed_by(signed, state, directory)?;
    match signed.content() {
        StateStatement::Grant(grant) if grant.audience == audience && grant.post.state == state => Ok(grant),
        _ => Err(Reason::BadStatement),
    }
}

/// A withdrawal of the State under review from this audience.
pub(super) fn withdrawal<'a>(
    signed: &'a SignedStatement,
    state: StateCode,
    audience: Audience,
    directory: &DirectoryAt<'_>,
) -> Result<&'a Withdrawal, Reason> {
    signed_by(signed, state, directory)?;
    match signed.content() {
        StateStatement::Withdrawal(withdrawal)
            if withdrawal.audience == audience && withdrawal.state == state =>
        {
            Ok(withdrawal)
        }
        _ => Err(Reason::BadStatement),
    }
}
