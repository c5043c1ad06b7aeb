//! The audit log: who opened the doors of this deployment, and who tried them in vain.
//!
//! Its lines have the target `chancery_server::audit`, so an operator can keep them apart. They name persons and
//! devices by their ids in the directory and an invitation by the beginning of a hash, never by what opens it.

use chancery_core::error::Reason;
use chancery_core::id::{DeviceId, Digest, UserId};
use tracing::{info, warn};

use super::Caller;
use super::invitations::Lookup;

/// What became of an invitation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Invited {
    /// It was opened.
    Opened,
    /// Its newcomer was admitted.
    Admitted,
    /// It was closed without one.
    Closed,
    /// An answer to it was rejected.
    Rejected {
        /// How many were, with this one.
        rejected: u32,
        /// Whether it was the last that could be.
        void: bool,
    },
}

/// An inviter has done something with an invitation.
pub(super) fn invitation(caller: &Caller, lookup: &Lookup, became: Invited) {
    let (user, device) = match caller {
        Caller::Person(person) => (person.user.to_string(), person.device.to_string()),
        // Strangers have no invitations.
        Caller::Custodian { .. } | Caller::Stranger { .. } => ("root".to_owned(), String::new()),
    };
    let invitation = name_of(lookup);
    let what = match became {
        Invited::Opened => "an invitation was opened",
        Invited::Admitted => "an invitation was fulfilled",
        Invited::Closed => "an invitation was closed",
        Invited::Rejected { rejected, void } => {
            let what = if void { VOID } else { REJECTED };
            warn!(target: TARGET, %user, %device, %invitation, rejected, "{what}");
            return;
        }
    };
    info!(target: TARGET, %user, %device, %invitation, "{what}");
}

/// A stranger has handed in keys under an invitation.
pub(super) fn answered(lookup: &Lookup) {
    let invitation = name_of(lookup);
    info!(target: TARGET, %invitation, "an invitation was answered");
}

/// A stranger has used up its tries.
pub(super) fn out_of_tries(what: &'static str) {
    warn!(target: TARGET, what, "a peer or an address has no tries left for an hour");
}

/// A device came in by a recovery sheet.
pub(super) fn recovered(user: &UserId, device: &DeviceId) {
    info!(target: TARGET, %user, %device, "a device was added with a recovery sheet");
}

/// A sheet's own act was refused by the policy.
pub(super) fn sheet_refused(user: &UserId, reason: Reason) {
    warn!(target: TARGET, %user, reason = reason.code(), "a recovery sheet was used, and its act refused");
}

/// Someone tried without the right sheet. Whom they named is told only if there is such a person: otherwise it
/// is a stranger's bytes.
pub(super) fn not_recovered(user: Option<&UserId>) {
    if let Some(user) = user {
        warn!(target: TARGET, %user, "a recovery was tried without the person's sheet");
    } else {
        warn!(target: TARGET, "a recovery was tried for nobody of the directory");
    }
}

/// Enough to tell one invitation from another, and nothing to find it by.
fn name_of(lookup: &Lookup) -> String {
    let mut name = Digest::of(lookup).to_string();
    name.truncate(NAME_DIGITS);
    name
}

const TARGET: &str = "chancery_server::audit";
const REJECTED: &str = "an answer to an invitation was rejected";
const VOID: &str = "an invitation is void: too many wrong answers";
const NAME_DIGITS: usize = 16;

#[cfg(test)]
mod tests;
