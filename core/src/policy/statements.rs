//! Checks of what State keys sign inside acts.

use crate::act::{
    Audience, Clearance, Grant, Membership, PostRef, SignedStatement, StateStatement, Withdrawal,
};
use crate::error::Reason;
use crate::id::StateCode;
use crate::state::DirectoryAt;

/// The statement is `state`'s, under its key current at the directory's basis.
fn signed_by(signed: &SignedStatement, state: StateCode, directory: &DirectoryAt<'_>) -> Result<(), Reason> {
    let key = directory.state_key(&state).ok_or(Reason::BadStatement)?;
    signed.verify(key, &directory.root()).map_err(|_| Reason::BadStatement)
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
    match signed.content() {
        StateStatement::Membership(membership) if membership == expected => Ok(()),
        _ => Err(Reason::BadStatement),
    }
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
