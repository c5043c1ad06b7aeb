//! The table of the policy: standing × channel × act. Its printed form is a golden file, so that a change
//! of policy is a readable diff.

use std::fmt::Write as _;

use crate::act::Kind;
use crate::error::Reason;
use crate::mechanism::{ChannelKind, ItemKind, Mechanism, Side};

/// What a member of a State's team may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MemberRole {
    /// Focal point.
    FocalPoint,
    /// Expert.
    Expert,
    /// Observer.
    Observer,
}

/// How an author stands to a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Standing {
    /// The mechanism root.
    Root,
    /// An officer; outside the directory, one of the review's secretariat team.
    Officer,
    /// One of a State's team. In the directory there are no sides.
    Member(MemberRole, Option<Side>),
}

/// Whether an author of this standing may make this kind of act in this kind of channel; `item` is what is
/// posted. Conditions on the state of the channel come after.
///
/// # Errors
/// The reason to give.
pub fn allows(
    mechanism: &Mechanism,
    standing: Standing,
    channel: ChannelKind,
    kind: Kind,
    item: Option<ItemKind>,
) -> Result<(), Reason> {
    belongs(mechanism, channel, kind, item)?;
    match kind {
        Kind::FoundDirectory
        | Kind::AdmitState
        | Kind::AmendState
        | Kind::CertifyStateKey
        | Kind::AnnounceReplacement
        | Kind::CompleteReplacement => match standing {
            Standing::Root => Ok(()),
            Standing::Officer | Standing::Member(..) => Err(Reason::RootOnly),
        },
        Kind::AdmitPerson | Kind::RemovePerson | Kind::Recertify => match standing {
            Standing::Root => Ok(()),
            Standing::Officer => Err(Reason::RootOnly),
            Standing::Member(role, _) => focal_point(role),
        },
        Kind::NewTeamGeneration | Kind::ShareTeam => match standing {
            Standing::Root => Err(Reason::OfficerOnly),
            Standing::Officer => Ok(()),
            Standing::Member(role, _) => focal_point(role),
        },
        // An expert only becomes the focal point, where the State's key was put together again from its shares.
        Kind::Reseat => match standing {
            Standing::Root | Standing::Officer => Err(Reason::FocalPointRequired),
            Standing::Member(role, _) => writer(role),
        },
        Kind::AddDevice | Kind::NewUserKey | Kind::SetRecovery => match standing {
            Standing::Root => Err(Reason::NotEntitled),
            Standing::Officer | Standing::Member(..) => Ok(()),
        },
        Kind::RevokeDevice => Ok(()),
        Kind::ReplaceStateKey | Kind::ShareStateKey | Kind::DepositShares | Kind::ObjectToReplacement => {
            match standing {
                Standing::Root | Standing::Officer => Err(Reason::FocalPointRequired),
                Standing::Member(role, _) => focal_point(role),
            }
        }
        Kind::GiveShare => match standing {
            Standing::Root | Standing::Officer => Err(Reason::NotEntitled),
            Standing::Member(..) => Ok(()),
        },
        Kind::OpenReview | Kind::OpenChannel | Kind::AmendReview => match standing {
            Standing::Officer => Ok(()),
            Standing::Root | Standing::Member(..) => Err(Reason::OfficerOnly),
        },
        Kind::NewEpoch | Kind::ShareEpoch => match (standing, channel) {
            (Standing::Officer, ChannelKind::Review) => Ok(()),
            (Standing::Root | Standing::Officer, _) => Err(Reason::SecretariatReadsOnly),
            (Standing::Member(role, _), _) => writer(role),
        },
        // An expert brings in nobody but a focal point of its own State.
        Kind::AddMember => match standing {
            Standing::Root | Standing::Officer => Err(Reason::SecretariatReadsOnly),
            Standing::Member(role, _) => writer(role),
        },
        Kind::RemoveMember => match standing {
            Standing::Root | Standing::Officer => Err(Reason::SecretariatReadsOnly),
            Standing::Member(role, _) => focal_point(role),
        },
        Kind::Post => match standing {
            Standing::Root | Standing::Officer => Err(Reason::SecretariatReadsOnly),
            Standing::Member(role, side) => post(mechanism, role, side, item),
        },
        Kind::Disclose | Kind::Withdraw => match standing {
            Standing::Root | Standing::Officer => Err(Reason::SecretariatReadsOnly),
            Standing::Member(role, Some(Side::StateUnderReview)) => focal_point(role),
            Standing::Member(_, Some(Side::ReviewingState) | None) => Err(Reason::StateUnderReviewOnly),
        },
        Kind::Complain => match standing {
            Standing::Root => Err(Reason::NotAMember),
            Standing::Officer | Standing::Member(..) => Ok(()),
        },
    }
}

/// Whether the act has its place in this kind of channel at all.
fn belongs(
    mechanism: &Mechanism,
    channel: ChannelKind,
    kind: Kind,
    item: Option<ItemKind>,
) -> Result<(), Reason> {
    use ChannelKind::{Coordination, Delegation, Directory, Publication, Review, Strand};
    let fits = match kind {
        Kind::FoundDirectory
        | Kind::AdmitState
        | Kind::AmendState
        | Kind::CertifyStateKey
        | Kind::AdmitPerson
        | Kind::RemovePerson
        | Kind::NewTeamGeneration
        | Kind::ShareTeam
        | Kind::Reseat
        | Kind::AddDevice
        | Kind::RevokeDevice
        | Kind::NewUserKey
        | Kind::SetRecovery
        | Kind::Recertify
        | Kind::ReplaceStateKey
        | Kind::ShareStateKey
        | Kind::DepositShares
        | Kind::GiveShare
        | Kind::AnnounceReplacement
        | Kind::ObjectToReplacement
        | Kind::CompleteReplacement => channel == Directory,
        Kind::OpenReview | Kind::OpenChannel | Kind::AmendReview => channel == Review,
        Kind::NewEpoch | Kind::AddMember | Kind::RemoveMember | Kind::ShareEpoch | Kind::Complain => {
            match channel {
                Review | Strand | Coordination | Delegation => true,
                Directory | Publication => false,
            }
        }
        Kind::Post => item.is_some_and(|item| mechanism.item(item).channel == channel),
        Kind::Disclose | Kind::Withdraw => channel == Strand,
    };
    if fits { Ok(()) } else { Err(Reason::WrongChannel) }
}

fn post(
    mechanism: &Mechanism,
    role: MemberRole,
    side: Option<Side>,
    item: Option<ItemKind>,
) -> Result<(), Reason> {
    let terms = item.map(|item| mechanism.item(item)).ok_or(Reason::WrongChannel)?;
    writer(role)?;
    if !side.is_some_and(|side| terms.written_by.contains(&side)) {
        return Err(Reason::NotThisSides);
    }
    if terms.cleared { focal_point(role) } else { Ok(()) }
}

fn writer(role: MemberRole) -> Result<(), Reason> {
    match role {
        MemberRole::FocalPoint | MemberRole::Expert => Ok(()),
        MemberRole::Observer => Err(Reason::ObserverReadsOnly),
    }
}

fn focal_point(role: MemberRole) -> Result<(), Reason> {
    match role {
        MemberRole::FocalPoint => Ok(()),
        MemberRole::Expert => Err(Reason::FocalPointRequired),
        MemberRole::Observer => Err(Reason::ObserverReadsOnly),
    }
}

/// The whole table as text: a row for each act that has its place in a channel, a column for each
/// standing; `yes`, or the code of the reason with its paragraph.
#[must_use]
pub fn print_table(mechanism: &Mechanism) -> String {
    let mut out = String::new();
    for channel in ChannelKind::ALL {
        for kind in Kind::ALL.iter().copied() {
            let items: Vec<Option<ItemKind>> =
                if kind == Kind::Post { ItemKind::ALL.into_iter().map(Some).collect() } else { vec![None] };
            for item in items {
                if belongs(mechanism, channel, kind, item).is_err() {
                    continue;
                }
                let item_name = item.map(|item| format!(" {item}")).unwrap_or_default();
                let _ = writeln!(out, "{channel}: {kind}{item_name}");
                for standing in standings(channel) {
                    let verdict = match allows(mechanism, standing, channel, kind, item) {
                        Ok(()) => "yes".to_owned(),
                        Err(reason) => match reason.paragraph() {
                            Some(paragraph) => format!("no, {} (\u{b6}{paragraph})", reason.code()),
                            None => format!("no, {}", reason.code()),
                        },
                    };
                    let _ = writeln!(out, "  {:<34}{verdict}", describe(standing));
                }
            }
        }
    }
    out
}

fn standings(channel: ChannelKind) -> Vec<Standing> {
    let roles = [MemberRole::FocalPoint, MemberRole::Expert, MemberRole::Observer];
    let sides: &[Option<Side>] = match channel {
        ChannelKind::Directory | ChannelKind::Publication => &[None],
        ChannelKind::Coordination => &[Some(Side::ReviewingState)],
        ChannelKind::Review | ChannelKind::Strand | ChannelKind::Delegation => {
            &[Some(Side::StateUnderReview), Some(Side::ReviewingState)]
        }
    };
    let members = sides.iter().flat_map(|side| roles.map(|role| Standing::Member(role, *side)));
    let first: &[Standing] = match channel {
        ChannelKind::Directory => &[Standing::Root, Standing::Officer],
        ChannelKind::Review | ChannelKind::Strand | ChannelKind::Coordination => &[Standing::Officer],
        ChannelKind::Delegation | ChannelKind::Publication => &[],
    };
    first.iter().copied().chain(members).collect()
}

fn describe(standing: Standing) -> String {
    match standing {
        Standing::Root => "root".to_owned(),
        Standing::Officer => "officer".to_owned(),
        Standing::Member(role, side) => {
            let role = match role {
                MemberRole::FocalPoint => "focal point",
                MemberRole::Expert => "expert",
                MemberRole::Observer => "observer",
            };
            match side {
                Some(side) => format!("{role}, {side}"),
                None => role.to_owned(),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policy_reads_as_the_golden_table() {
        let mechanism = Mechanism::parse(include_str!("../../../mechanisms/untoc.toml")).unwrap();
        insta::assert_snapshot!("policy-table", print_table(&mechanism));
    }

    #[test]
    fn para_33_the_secretariat_writes_in_no_communication() {
        let mechanism = Mechanism::parse(include_str!("../../../mechanisms/untoc.toml")).unwrap();
        for channel in [ChannelKind::Strand, ChannelKind::Coordination, ChannelKind::Delegation] {
            for kind in Kind::ALL.iter().copied().filter(|kind| *kind != Kind::Complain) {
                for item in std::iter::once(None).chain(ItemKind::ALL.into_iter().map(Some)) {
                    let verdict = allows(&mechanism, Standing::Officer, channel, kind, item);
                    assert!(verdict.is_err(), "{channel} {kind} {item:?}");
                }
            }
        }
    }
}
