//! The closed list of act kinds.

use std::fmt;

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $text:literal;)*) => {
        /// Kinds of acts. A new kind does not compile until the policy decides it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Kind {
            $($(#[$doc])* $name,)*
        }

        impl Kind {
            /// Every kind, in the order of the encoding.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The kind as people and JSON see it.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }

            /// The namespace of its signature.
            #[must_use]
            pub const fn namespace(self) -> &'static str {
                match self {
                    $(Self::$name => concat!("chancery/v1/sign/act/", $text),)*
                }
            }

            /// The namespace of the second custodian's signature.
            #[must_use]
            pub const fn second_namespace(self) -> &'static str {
                match self {
                    $(Self::$name => concat!("chancery/v1/sign/second/", $text),)*
                }
            }
        }
    };
}

kinds! {
    /// The root founds the directory of a deployment.
    FoundDirectory = "found-directory";
    /// A State enters the roster.
    AdmitState = "admit-state";
    /// A State's signing key is certified.
    CertifyStateKey = "certify-state-key";
    /// A person enters the directory.
    AdmitPerson = "admit-person";
    /// A person leaves the directory.
    RemovePerson = "remove-person";
    /// A team's key gets a new generation.
    NewTeamGeneration = "new-team-generation";
    /// A team's current key is wrapped to one who joined.
    ShareTeam = "share-team";
    /// A State's standing changes.
    AmendState = "amend-state";
    /// A person gets another role, other instruments or another end.
    Reseat = "reseat";
    /// A person adds a device.
    AddDevice = "add-device";
    /// A device is refused from here on.
    RevokeDevice = "revoke-device";
    /// A person's own key gets a new generation.
    NewUserKey = "new-user-key";
    /// A person's recovery key is set.
    SetRecovery = "set-recovery";
    /// A person who has lost every key is certified anew.
    Recertify = "recertify";
    /// A State's key is replaced, with its own word.
    ReplaceStateKey = "replace-state-key";
    /// A State's key is wrapped to a focal point.
    ShareStateKey = "share-state-key";
    /// A State's key is split among its people.
    DepositShares = "deposit-shares";
    /// A share of a State's key is handed on.
    GiveShare = "give-share";
    /// A State's focal points and key are to be replaced without the key's word.
    AnnounceReplacement = "announce-replacement";
    /// The State objects to it.
    ObjectToReplacement = "object-to-replacement";
    /// It is done, after the delay.
    CompleteReplacement = "complete-replacement";
    /// A review is opened.
    OpenReview = "open-review";
    /// A strand, coordination or delegation is opened.
    OpenChannel = "open-channel";
    /// The reviewing States of a review change.
    AmendReview = "amend-review";
    /// A channel's secret gets a new generation.
    NewEpoch = "new-epoch";
    /// A person joins a channel.
    AddMember = "add-member";
    /// A person leaves a channel.
    RemoveMember = "remove-member";
    /// A channel's secret is wrapped to the new key of a member.
    ShareEpoch = "share-epoch";
    /// A revision of a section is posted.
    Post = "post";
    /// Posts of a section are opened to an audience.
    Disclose = "disclose";
    /// Posts of a section are no longer served to an audience.
    Withdraw = "withdraw";
    /// What stands beside an act does not open.
    Complain = "complain";
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
