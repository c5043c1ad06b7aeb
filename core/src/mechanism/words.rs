//! The closed word lists of a mechanism, and the short codes it names things by.

use std::fmt;
use std::str::FromStr;

use crate::id::InvalidId;

/// An enum whose values are words: one spelling in files, on the command line and in JSON.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident, $kind:literal, {
        $($(#[$value_doc:meta])* $value:ident = $text:literal,)+
    }) => {
        $(#[$doc])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Deserialize, serde::Serialize,
        )]
        pub enum $name {
            $($(#[$value_doc])* #[serde(rename = $text)] $value,)+
        }

        impl $name {
            /// Every value, in the order of the declaration.
            pub const ALL: [Self; [$($text),+].len()] = [$(Self::$value),+];

            /// The word.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$value => $text,)+
                }
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                match text {
                    $($text => Ok(Self::$value),)+
                    _ => Err(InvalidId { kind: $kind, expected: concat!("one of" $(, " ", $text)+) }),
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

words!(
    /// What is written in a review.
    ItemKind, "item kind", {
        /// A State's answer to one question (¶34).
        Response = "response",
        /// A document, legislation or other reference material (¶26).
        Document = "document",
        /// A message of a thread that asks for, or gives, clarification (¶35).
        Clarification = "clarification",
        /// Written feedback (¶35).
        Feedback = "feedback",
        /// The record of a call or meeting outside the system (¶36).
        MeetingRecord = "meeting-record",
        /// The reviewers' exchange among themselves (¶32).
        Coordination = "coordination",
        /// The list of observations (¶38).
        Observations = "observations",
        /// The summary of the observations (¶38).
        Summary = "summary",
        /// Progress after the review (¶46).
        FollowUp = "follow-up",
        /// Good practices in completing the questionnaires (¶42).
        GoodPractice = "good-practice",
        /// A State's own draft, before its focal point submits it.
        Draft = "draft",
    }
);

words!(
    /// Who may read an item, from the fewest to the most.
    Disclosure, "disclosure", {
        /// The members of its channel.
        Private = "private",
        /// Every State party (¶40).
        AllParties = "all-parties",
        /// Everyone (¶41).
        Public = "public",
    }
);

words!(
    /// The side of a review that a State is on.
    Side, "side", {
        /// The State whose implementation is reviewed.
        StateUnderReview = "state-under-review",
        /// A State drawn to review it (¶28).
        ReviewingState = "reviewing-state",
    }
);

words!(
    /// The kinds of channel: one audience each.
    ChannelKind, "channel kind", {
        /// People, keys, roles and States of the deployment.
        Directory = "directory",
        /// The set-up and calendar of one review.
        Review = "review",
        /// One review, one instrument: the exchange between the two sides.
        Strand = "strand",
        /// The reviewing States' own channel beside a strand.
        Coordination = "coordination",
        /// One State's own channel in one review.
        Delegation = "delegation",
        /// What was disclosed to all parties, or to everyone.
        Publication = "publication",
    }
);

words!(
    /// How a part of a mechanism's content may stay under its floor, for a recorded reason.
    HeldBack, "way of holding back", {
        /// The whole section, until the phase closes.
        Section = "section",
        /// Parts of the section, for good (¶38).
        Part = "part",
    }
);

words!(
    /// A working language of the United Nations (¶49), by its ISO 639-1 code.
    Language, "language", {
        /// Arabic.
        Ar = "ar",
        /// Chinese.
        Zh = "zh",
        /// English.
        En = "en",
        /// French.
        Fr = "fr",
        /// Russian.
        Ru = "ru",
        /// Spanish.
        Es = "es",
    }
);

impl Language {
    /// Whether its text runs from right to left.
    #[must_use]
    pub const fn right_to_left(self) -> bool {
        matches!(self, Self::Ar)
    }

    /// Its name as its own speakers write it.
    #[must_use]
    pub const fn name_in_itself(self) -> &'static str {
        match self {
            Self::Ar => "العربية",
            Self::Zh => "中文",
            Self::En => "English",
            Self::Fr => "français",
            Self::Ru => "русский",
            Self::Es => "español",
        }
    }
}

/// A short code in a file: lower-case letters, digits and hyphens.
macro_rules! code {
    ($(#[$doc:meta])* $name:ident, $max:literal, $kind:literal, $expected:literal) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Deserialize, serde::Serialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The code.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                let valid = (1..=$max).contains(&text.len())
                    && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
                valid
                    .then(|| Self(text.to_owned()))
                    .ok_or(InvalidId { kind: $kind, expected: $expected })
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidId;

            fn try_from(text: String) -> Result<Self, InvalidId> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(code: $name) -> Self {
                code.0
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }
    };
}

code!(
    /// A mechanism, by the short code of its file.
    MechanismCode, 32, "mechanism code", "one to thirty-two of a-z, 0-9 and - (for example untoc)"
);
code!(
    /// A thematic cluster of articles (¶9).
    ClusterCode, 32, "cluster code", "one to thirty-two of a-z, 0-9 and - (for example criminalization)"
);
code!(
    /// A question of a questionnaire: its instrument, its article and a number.
    QuestionId, 48, "question id", "instrument, article and number joined by - (for example untoc-5-1)"
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_read_back_what_they_print() {
        fn check<T: Copy + PartialEq + fmt::Debug + fmt::Display + FromStr<Err = InvalidId>>(all: &[T]) {
            for value in all {
                assert_eq!(value.to_string().parse(), Ok(*value));
            }
            assert!("no-such-word".parse::<T>().is_err());
        }
        check(&ItemKind::ALL);
        check(&Disclosure::ALL);
        check(&Side::ALL);
        check(&ChannelKind::ALL);
        check(&HeldBack::ALL);
        check(&Language::ALL);
    }

    #[test]
    fn disclosure_grows_with_its_audience() {
        assert!(Disclosure::Private < Disclosure::AllParties && Disclosure::AllParties < Disclosure::Public);
    }

    #[test]
    fn codes_refuse_what_is_not_a_code() {
        for bad in ["", "Untoc", "a b", "é", "a-code-that-is-longer-than-thirty-two"] {
            assert!(bad.parse::<ClusterCode>().is_err(), "{bad}");
        }
    }
}
