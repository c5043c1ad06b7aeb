//! Acts of the root in a file: on their way to the second custodian, and back.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chancery_core::act::{
    ActError, AnnounceReplacement, Author, CompleteReplacement, Kind, SecondCustodian, SignedAct, Statement,
};
use chancery_core::id::{ActId, KeyId};
use chancery_core::limits::ACTS_PER_APPEND_MAX;
use chancery_core::name::{KeyAlgorithm, directory_channel, key_id};
use chancery_seal::sign::SigningKey;

/// The longest file of acts of the root.
pub const ROOT_ACTS_BYTES_MAX: usize = 1_048_576;
const MAGIC: &str = "chancery/v1/root-acts";

/// Acts that the root has signed, to be appended together, with what a second custodian needs to judge them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RootActs {
    /// Entry 0 of the directory: it names the second custodian.
    founding: SignedAct,
    /// What a completed replacement refers to.
    announced: Option<SignedAct>,
    /// The acts, in order.
    acts: Vec<SignedAct>,
}

/// What was found in a file whose signatures hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Checked {
    /// The second custodian of the deployment.
    pub second: SecondCustodian,
    /// Whether the second custodian has signed every act.
    pub countersigned: bool,
}

/// A file does not hold acts of a root.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RootActsError {
    /// Not of the form.
    #[error("the file does not hold acts of a root in their one form")]
    Malformed,
    /// Of another version, or of something else.
    #[error("the file does not hold acts of a root, or is of another version")]
    OtherVersion,
    /// More acts than are appended together.
    #[error("there are more than {ACTS_PER_APPEND_MAX} acts")]
    TooMany,
    /// The deployment is another root's.
    #[error("the acts are of another deployment than this home's")]
    OtherRoot,
    /// Nobody is asked to sign beside the root.
    #[error("the deployment was founded without a second custodian")]
    NoSecond,
    /// Not an act that the root makes in the directory after the founding.
    #[error("act {0} is not one that a root makes")]
    NotTheRoots(ActId),
    /// The root has not signed it, or it was altered.
    #[error("act {act} is not as the root signed it: {fault}")]
    Act {
        /// The act.
        act: ActId,
        /// What is wrong with it.
        fault: ActError,
    },
    /// The announcement is not the one that is completed.
    #[error("the announcement beside the acts is not the one that they complete")]
    OtherAnnouncement,
    /// Some acts bear a second signature, or one that does not hold.
    #[error("the second signature of act {0} is missing or does not hold")]
    Second(ActId),
}

impl RootActs {
    /// Puts acts together, with the announcement of the replacement that they complete.
    ///
    /// # Errors
    /// [`RootActsError`], as of a file with these acts.
    pub fn new(
        root: &KeyId,
        founding: SignedAct,
        announced: Option<SignedAct>,
        acts: Vec<SignedAct>,
    ) -> Result<Self, RootActsError> {
        let made = Self { founding, announced, acts };
        made.check(root)?;
        Ok(made)
    }

    /// The acts, in the order in which they are appended.
    #[must_use]
    pub fn acts(&self) -> &[SignedAct] {
        &self.acts
    }

    /// The announcement of the replacement that they complete.
    #[must_use]
    pub fn announced(&self) -> Option<&AnnounceReplacement> {
        match &self.announced.as_ref()?.content().statement {
            Statement::AnnounceReplacement(announced) => Some(announced),
            _ => None,
        }
    }

    /// The one text form.
    #[must_use]
    pub fn encode(&self) -> String {
        let line = |word: &str, act: &SignedAct| format!("{word} {}\n", STANDARD.encode(act.bytes()));
        let mut text = format!("{MAGIC}\n{}", line(FOUNDING, &self.founding));
        text.extend(self.announced.iter().map(|act| line(ANNOUNCED, act)));
        text.extend(self.acts.iter().map(|act| line(ACT, act)));
        text.push_str(&end_of(self.acts.len()));
        text
    }

    /// Parses the one text form. No signature is checked.
    ///
    /// # Errors
    /// [`RootActsError::Malformed`], [`RootActsError::OtherVersion`], [`RootActsError::TooMany`].
    pub fn decode(bytes: &[u8]) -> Result<Self, RootActsError> {
        if bytes.len() > ROOT_ACTS_BYTES_MAX {
            return Err(RootActsError::Malformed);
        }
        let text = std::str::from_utf8(bytes).map_err(|_| RootActsError::Malformed)?;
        let mut lines = text.split_terminator('\n').peekable();
        if lines.next() != Some(MAGIC) {
            return Err(RootActsError::OtherVersion);
        }
        let founding =
            lines.next().and_then(|line| act_of(FOUNDING, line)).ok_or(RootActsError::Malformed)?;
        let announced = lines.next_if(|line| line.starts_with(ANNOUNCED));
        let announced = match announced {
            Some(line) => Some(act_of(ANNOUNCED, line).ok_or(RootActsError::Malformed)?),
            None => None,
        };
        let lines: Vec<&str> = lines.collect();
        // The last line says how many there are, so that a file which was cut is no file of fewer acts.
        let (_, acts) = lines.split_last().ok_or(RootActsError::Malformed)?;
        if acts.len() > ACTS_PER_APPEND_MAX {
            return Err(RootActsError::TooMany);
        }
        let acts: Option<Vec<SignedAct>> = acts.iter().map(|line| act_of(ACT, line)).collect();
        let acts = acts.filter(|acts| !acts.is_empty()).ok_or(RootActsError::Malformed)?;
        let read = Self { founding, announced, acts };
        // What is signed is made from this: there is no second form.
        if read.encode() == text { Ok(read) } else { Err(RootActsError::Malformed) }
    }

    /// Checks that all of it is of the deployment of `root`, and every signature.
    ///
    /// # Errors
    /// [`RootActsError`]: the first of the reasons.
    pub fn check(&self, root: &KeyId) -> Result<Checked, RootActsError> {
        let Statement::FoundDirectory(founded) = &self.founding.content().statement else {
            return Err(RootActsError::OtherRoot);
        };
        if key_id(KeyAlgorithm::Ed25519, &founded.root_key) != *root {
            return Err(RootActsError::OtherRoot);
        }
        let signed = |act: &SignedAct| {
            let id = act.content().header.act_id;
            act.verify(&founded.root_key, root).map_err(|fault| RootActsError::Act { act: id, fault })
        };
        signed(&self.founding)?;
        let second = founded.second.ok_or(RootActsError::NoSecond)?;
        if self.acts.len() > ACTS_PER_APPEND_MAX {
            return Err(RootActsError::TooMany);
        }
        let mut ids = BTreeSet::new();
        for act in &self.acts {
            let header = &act.content().header;
            let is_roots = header.author == Author::Root
                && header.channel == directory_channel(root)
                && ROOT_KINDS.contains(&act.content().statement.kind());
            if !is_roots || !ids.insert(header.act_id) {
                return Err(RootActsError::NotTheRoots(header.act_id));
            }
            signed(act)?;
        }
        if let Some(announced) = &self.announced {
            signed(announced)?;
        }
        self.check_announced()?;
        let countersigned = self.acts.iter().any(SignedAct::has_second);
        let unsigned = self.acts.iter().find(|act| !act.is_signed_twice(&second.key, root));
        match unsigned {
            Some(act) if countersigned => Err(RootActsError::Second(act.content().header.act_id)),
            _ => Ok(Checked { second, countersigned }),
        }
    }

    /// A completion is an act by itself, with the announcement that says whom it seats.
    fn check_announced(&self) -> Result<(), RootActsError> {
        let completion = |act: &SignedAct| match act.content().statement {
            Statement::CompleteReplacement(complete) => Some(complete),
            _ => None,
        };
        let all: Vec<CompleteReplacement> = self.acts.iter().filter_map(completion).collect();
        let fits = match (all.as_slice(), &self.announced, self.announced()) {
            ([], None, None) => true,
            ([one], Some(act), Some(announced)) => {
                self.acts.len() == 1
                    && one.announcement == act.content().header.act_id
                    && one.state == announced.state
                    && one.key == announced.key
            }
            _ => false,
        };
        if fits { Ok(()) } else { Err(RootActsError::OtherAnnouncement) }
    }

    /// The same acts with the second custodian's signature on each.
    ///
    /// # Errors
    /// [`ActError`]; of acts that were checked never.
    pub fn countersign(&self, key: &SigningKey, root: &KeyId) -> Result<Self, ActError> {
        let acts = self.acts.iter().map(|act| {
            let (namespace, payload) = act.second_payload().ok_or(ActError::Field("second_signature"))?;
            act.with_second(key.sign(namespace, root, payload))
        });
        Ok(Self { acts: acts.collect::<Result<_, _>>()?, ..self.clone() })
    }
}

/// The last line of a file of so many acts.
fn end_of(acts: usize) -> String {
    format!("{END} {acts}\n")
}

fn act_of(word: &str, line: &str) -> Option<SignedAct> {
    let encoded = line.strip_prefix(word)?.strip_prefix(' ')?;
    SignedAct::decode(STANDARD.decode(encoded).ok()?).ok()
}

/// What the policy lets the root do after the founding; nothing of it has anything beside the act.
const ROOT_KINDS: [Kind; 9] = [
    Kind::AdmitState,
    Kind::AmendState,
    Kind::CertifyStateKey,
    Kind::AdmitPerson,
    Kind::RemovePerson,
    Kind::Recertify,
    Kind::RevokeDevice,
    Kind::AnnounceReplacement,
    Kind::CompleteReplacement,
];
const FOUNDING: &str = "founding";
const ANNOUNCED: &str = "announced";
const ACT: &str = "act";
const END: &str = "end";

#[cfg(test)]
mod tests;
