//! The typed form of acts: what every act says of itself, and the closed list of what it may state.

use serde::{Deserialize, Serialize};

use super::{
    AddDevice, AddMember, AdmitPerson, AdmitState, AmendReview, AmendState, AnnounceReplacement,
    CertifyStateKey, Complain, CompleteReplacement, DepositShares, Disclose, FoundDirectory, GiveShare, Kind,
    NewEpoch, NewTeamGeneration, NewUserKey, ObjectToReplacement, OpenChannel, OpenReview, Post, Recertify,
    Recipients, ReplaceStateKey, Reseat, RevokeDevice, SealedBody, SetRecovery, ShareEpoch, ShareStateKey,
    ShareTeam, Withdraw,
};
use crate::id::{ActId, ChannelId, DeviceId, Digest, UserId};

/// Size and root of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
pub struct TreeHead {
    /// Number of entries.
    pub size: u64,
    /// RFC 6962 root.
    pub root: Digest,
}

/// Who speaks in an act.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Author {
    /// The mechanism root, offline.
    Root,
    /// A person, through one device.
    Person {
        /// The person.
        user: UserId,
        /// The device that signed.
        device: DeviceId,
    },
}

impl Author {
    /// The person; none is the root.
    #[must_use]
    pub const fn user(&self) -> Option<UserId> {
        match self {
            Self::Person { user, .. } => Some(*user),
            Self::Root => None,
        }
    }
}

/// Where the other logs stood for the author: an act is judged at exactly these states.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
pub struct Basis {
    /// The directory.
    pub directory: TreeHead,
    /// The review; only in a strand, coordination or delegation.
    pub review: Option<TreeHead>,
}

/// What every act says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// The channel whose log it is for.
    pub channel: ChannelId,
    /// Its id, random.
    pub act_id: ActId,
    /// Who speaks.
    pub author: Author,
    /// The author's clock, milliseconds of UTC. Advisory.
    pub clock_ms: u64,
    /// The last state of this log that the author had verified.
    pub seen: TreeHead,
    /// The channel's epoch; 0 where there is none yet.
    pub epoch: u64,
    /// Where the other logs stood; absent in the directory.
    pub basis: Option<Basis>,
}

/// One act.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Act {
    /// What every act says of itself.
    pub header: Header,
    /// What this one states.
    pub statement: Statement,
}

impl Act {
    /// The person who speaks; none if it is the root.
    #[must_use]
    pub const fn user(&self) -> Option<UserId> {
        match self.header.author {
            Author::Root => None,
            Author::Person { user, .. } => Some(user),
        }
    }
}

/// What an act states.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Statement {
    /// See [`FoundDirectory`].
    FoundDirectory(FoundDirectory),
    /// See [`AdmitState`].
    AdmitState(AdmitState),
    /// See [`CertifyStateKey`].
    CertifyStateKey(CertifyStateKey),
    /// See [`AdmitPerson`].
    AdmitPerson(AdmitPerson),
    /// The person leaves the directory.
    RemovePerson(UserId),
    /// See [`NewTeamGeneration`].
    NewTeamGeneration(NewTeamGeneration),
    /// See [`ShareTeam`].
    ShareTeam(ShareTeam),
    /// See [`AmendState`].
    AmendState(AmendState),
    /// See [`Reseat`].
    Reseat(Reseat),
    /// See [`AddDevice`].
    AddDevice(AddDevice),
    /// See [`RevokeDevice`].
    RevokeDevice(RevokeDevice),
    /// See [`NewUserKey`].
    NewUserKey(NewUserKey),
    /// See [`SetRecovery`].
    SetRecovery(SetRecovery),
    /// See [`Recertify`].
    Recertify(Recertify),
    /// See [`ReplaceStateKey`].
    ReplaceStateKey(ReplaceStateKey),
    /// See [`ShareStateKey`].
    ShareStateKey(ShareStateKey),
    /// See [`DepositShares`].
    DepositShares(DepositShares),
    /// See [`GiveShare`].
    GiveShare(GiveShare),
    /// See [`AnnounceReplacement`].
    AnnounceReplacement(AnnounceReplacement),
    /// See [`ObjectToReplacement`].
    ObjectToReplacement(ObjectToReplacement),
    /// See [`CompleteReplacement`].
    CompleteReplacement(CompleteReplacement),
    /// See [`OpenReview`].
    OpenReview(OpenReview),
    /// See [`OpenChannel`].
    OpenChannel(OpenChannel),
    /// See [`AmendReview`].
    AmendReview(AmendReview),
    /// See [`NewEpoch`].
    NewEpoch(NewEpoch),
    /// See [`AddMember`].
    AddMember(AddMember),
    /// The person leaves the channel.
    RemoveMember(UserId),
    /// See [`ShareEpoch`].
    ShareEpoch(ShareEpoch),
    /// See [`Post`].
    Post(Post),
    /// See [`Disclose`].
    Disclose(Disclose),
    /// See [`Withdraw`].
    Withdraw(Withdraw),
    /// See [`Complain`].
    Complain(Complain),
}

/// Every statement that stands in the directory, as one pattern, with others beside it if some are named: for a
/// place where none of them, or all of them alike, is meant. A new statement of the directory is named here, and decided where each is told from the others.
#[macro_export]
macro_rules! directory_statement {
    ($($other:pat_param),*) => {
        $crate::act::Statement::FoundDirectory(_)
            | $crate::act::Statement::AdmitState(_)
            | $crate::act::Statement::AmendState(_)
            | $crate::act::Statement::CertifyStateKey(_)
            | $crate::act::Statement::AdmitPerson(_)
            | $crate::act::Statement::RemovePerson(_)
            | $crate::act::Statement::NewTeamGeneration(_)
            | $crate::act::Statement::ShareTeam(_)
            | $crate::act::Statement::Reseat(_)
            | $crate::act::Statement::AddDevice(_)
            | $crate::act::Statement::RevokeDevice(_)
            | $crate::act::Statement::NewUserKey(_)
            | $crate::act::Statement::SetRecovery(_)
            | $crate::act::Statement::Recertify(_)
            | $crate::act::Statement::ReplaceStateKey(_)
            | $crate::act::Statement::ShareStateKey(_)
            | $crate::act::Statement::DepositShares(_)
            | $crate::act::Statement::GiveShare(_)
            | $crate::act::Statement::AnnounceReplacement(_)
            | $crate::act::Statement::ObjectToReplacement(_)
            | $crate::act::Statement::CompleteReplacement(_)
            $(| $other)*
    };
}

/// Every statement that stands in a review or one of its channels, as one pattern, as [`directory_statement`].
#[macro_export]
macro_rules! channel_statement {
    ($($other:pat_param),*) => {
        $crate::act::Statement::OpenReview(_)
            | $crate::act::Statement::OpenChannel(_)
            | $crate::act::Statement::AmendReview(_)
            | $crate::act::Statement::NewEpoch(_)
            | $crate::act::Statement::AddMember(_)
            | $crate::act::Statement::RemoveMember(_)
            | $crate::act::Statement::ShareEpoch(_)
            | $crate::act::Statement::Post(_)
            | $crate::act::Statement::Disclose(_)
            | $crate::act::Statement::Withdraw(_)
            | $crate::act::Statement::Complain(_)
            $(| $other)*
    };
}

impl Statement {
    /// Its kind.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Self::FoundDirectory(_) => Kind::FoundDirectory,
            Self::AdmitState(_) => Kind::AdmitState,
            Self::CertifyStateKey(_) => Kind::CertifyStateKey,
            Self::AdmitPerson(_) => Kind::AdmitPerson,
            Self::RemovePerson(_) => Kind::RemovePerson,
            Self::NewTeamGeneration(_) => Kind::NewTeamGeneration,
            Self::ShareTeam(_) => Kind::ShareTeam,
            Self::AmendState(_) => Kind::AmendState,
            Self::Reseat(_) => Kind::Reseat,
            Self::AddDevice(_) => Kind::AddDevice,
            Self::RevokeDevice(_) => Kind::RevokeDevice,
            Self::NewUserKey(_) => Kind::NewUserKey,
            Self::SetRecovery(_) => Kind::SetRecovery,
            Self::Recertify(_) => Kind::Recertify,
            Self::ReplaceStateKey(_) => Kind::ReplaceStateKey,
            Self::ShareStateKey(_) => Kind::ShareStateKey,
            Self::DepositShares(_) => Kind::DepositShares,
            Self::GiveShare(_) => Kind::GiveShare,
            Self::AnnounceReplacement(_) => Kind::AnnounceReplacement,
            Self::ObjectToReplacement(_) => Kind::ObjectToReplacement,
            Self::CompleteReplacement(_) => Kind::CompleteReplacement,
            Self::OpenReview(_) => Kind::OpenReview,
            Self::OpenChannel(_) => Kind::OpenChannel,
            Self::AmendReview(_) => Kind::AmendReview,
            Self::NewEpoch(_) => Kind::NewEpoch,
            Self::AddMember(_) => Kind::AddMember,
            Self::RemoveMember(_) => Kind::RemoveMember,
            Self::ShareEpoch(_) => Kind::ShareEpoch,
            Self::Post(_) => Kind::Post,
            Self::Disclose(_) => Kind::Disclose,
            Self::Withdraw(_) => Kind::Withdraw,
            Self::Complain(_) => Kind::Complain,
        }
    }

    /// What stands beside the act: body, wraps, box.
    #[must_use]
    pub fn beside(&self) -> Beside<'_> {
        let mut beside = Beside::default();
        match self {
            Self::NewTeamGeneration(act) => {
                beside.recipients = Some(&act.recipients);
                beside.previous_box = act.previous_box;
            }
            Self::ShareTeam(act) => beside.recipients = Some(&act.recipients),
            Self::AddDevice(act) => beside.recipients = act.handed.as_ref().map(|handed| &handed.recipients),
            Self::NewUserKey(act) => {
                beside.recipients = Some(&act.recipients);
                beside.previous_box = act.previous_box;
            }
            Self::SetRecovery(act) => beside.recipients = Some(&act.handed.recipients),
            Self::ReplaceStateKey(act) => beside.recipients = Some(&act.handed.recipients),
            Self::ShareStateKey(act) => beside.recipients = Some(&act.handed.recipients),
            Self::DepositShares(act) => beside.recipients = Some(&act.recipients),
            Self::GiveShare(act) => beside.recipients = Some(&act.recipients),
            Self::ShareEpoch(act) => beside.recipients = Some(&act.recipients),
            Self::NewEpoch(act) => {
                beside.recipients = Some(&act.recipients);
                beside.previous_box = act.previous_box;
            }
            Self::AddMember(act) => {
                beside.recipients = Some(&act.recipients);
                beside.body = Some(&act.body);
            }
            Self::Post(act) => beside.body = Some(&act.body),
            Self::FoundDirectory(_)
            | Self::AdmitState(_)
            | Self::CertifyStateKey(_)
            | Self::AdmitPerson(_)
            | Self::RemovePerson(_)
            | Self::AmendState(_)
            | Self::Reseat(_)
            | Self::RevokeDevice(_)
            | Self::Recertify(_)
            | Self::AnnounceReplacement(_)
            | Self::ObjectToReplacement(_)
            | Self::CompleteReplacement(_)
            | Self::OpenReview(_)
            | Self::OpenChannel(_)
            | Self::AmendReview(_)
            | Self::RemoveMember(_)
            | Self::Disclose(_)
            | Self::Withdraw(_)
            | Self::Complain(_) => {}
        }
        beside
    }
}

/// What an act commits to and what therefore must be handed in beside it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Beside<'a> {
    /// The wraps.
    pub recipients: Option<&'a Recipients>,
    /// The sealed body.
    pub body: Option<&'a SealedBody>,
    /// SHA-256 of the boxed previous secret.
    pub previous_box: Option<Digest>,
}
