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
    /// A review is opened.
    OpenReview = "open-review";
    /// A strand, coordination or delegation is opened.
    OpenChannel = "open-channel";
    /// A channel's secret gets a new generation.
    NewEpoch = "new-epoch";
    /// A person joins a channel.
    AddMember = "add-member";
    /// A person leaves a channel.
    RemoveMember = "remove-member";
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
