//! Why a call is refused: two closed lists, of the policy's reasons and of the wire's, for the server, the
//! command line and `docs/errors.md`.

use std::fmt;

/// Who is to blame, and so what a caller can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// The input itself is wrong.
    Input,
    /// The caller may not do this.
    Standing,
    /// The caller looks at an older state; look again and retry.
    Conflict,
    /// A bound is reached; nothing is wrong with the input.
    Limit,
    /// The server, its disk or its database cannot answer now.
    Outside,
    /// A bug of the server.
    Bug,
}

macro_rules! reasons {
    (
        $(#[$list:meta])* $enum:ident;
        $($(#[$doc:meta])* $name:ident, $code:literal, $class:ident, $paragraph:expr, $message:literal, $next:literal;)*
    ) => {
        $(#[$list])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $enum {
            $($(#[$doc])* $name,)*
        }

        impl $enum {
            /// Every reason.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The code on the wire and in JSON.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }

            /// Who is to blame.
            #[must_use]
            pub const fn class(self) -> Class {
                match self { $(Self::$name => Class::$class,)* }
            }

            /// The paragraph of the mechanism's source behind it, where there is one.
            #[must_use]
            pub const fn paragraph(self) -> Option<u16> {
                match self { $(Self::$name => $paragraph,)* }
            }

            /// What happened, for a person.
            #[must_use]
            pub const fn message(self) -> &'static str {
                match self { $(Self::$name => $message,)* }
            }

            /// What to do next, for a person.
            #[must_use]
            pub const fn next(self) -> &'static str {
                match self { $(Self::$name => $next,)* }
            }
        }

        impl fmt::Display for $enum {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.message())?;
                if let Some(paragraph) = self.paragraph() {
                    write!(f, " (\u{b6}{paragraph})")?;
                }
                Ok(())
            }
        }

        impl std::error::Error for $enum {}
    };
}

reasons! {
    /// A reason for which the policy refuses an act. Nothing was changed.
    Reason;
    /// The secretariat reads every communication and writes in none.
    SecretariatReadsOnly, "SECRETARIAT_READS_ONLY", Standing, Some(33),
        "The secretariat is kept abreast of every communication and writes in none.",
        "Ask a focal point of the State concerned to do this.";
    /// Observers read.
    ObserverReadsOnly, "OBSERVER_READS_ONLY", Standing, None,
        "Observers of a State's team read; they do not write.",
        "Ask an expert or the focal point of your State to do this.";
    /// Only a focal point may do this.
    FocalPointRequired, "FOCAL_POINT_REQUIRED", Standing, Some(18),
        "Only a focal point may do this; experts draft, the focal point clears and submits.",
        "Ask a focal point of the State; an expert posts a draft in the State's delegation for them.";
    /// The State's clearance is missing or is not of this very post.
    ClearanceRequired, "CLEARANCE_REQUIRED", Standing, Some(18),
        "A submission needs the clearance of its State over exactly this content.",
        "Have the focal point submit it from a device that holds the State's key.";
    /// Only the State under review may do this.
    StateUnderReviewOnly, "STATE_UNDER_REVIEW_ONLY", Standing, Some(41),
        "Only the focal point of the State under review discloses or withdraws.",
        "Ask that State's focal point.";
    /// The item is not this side's to write.
    NotThisSides, "NOT_THIS_SIDES", Standing, None,
        "This kind of item is written by the other side of the review.",
        "Ask a clarification question instead, or write to your own channel.";
    /// Only the root may do this.
    RootOnly, "ROOT_ONLY", Standing, None,
        "Only the mechanism's root key may do this.",
        "Ask the custodians of the root.";
    /// Only an officer of the secretariat may do this.
    OfficerOnly, "OFFICER_ONLY", Standing, Some(33),
        "Only an officer of the secretariat may do this.",
        "Ask the secretariat.";
    /// The author does not belong to this channel. To outsiders the channel is absent.
    NotAMember, "NOT_FOUND", Standing, None,
        "There is no such channel, entry, file or invitation for you.",
        "Check the id; if you have just been added, give the command again.";
    /// The act does not belong in this kind of channel.
    WrongChannel, "WRONG_CHANNEL", Input, None,
        "This kind of act does not belong in this kind of channel.",
        "Choose the channel that the item belongs in.";
    /// The person is already there.
    AlreadyThere, "ALREADY_THERE", Conflict, None,
        "The person, State, team or channel is already there.",
        "Nothing is to be done.";
    /// The person, State, team or act named is not there.
    NoSuchSubject, "NO_SUCH_SUBJECT", Input, None,
        "The person, State, team, section or act named is not there, or no longer.",
        "Check the name, and give the command again.";
    /// The person is not entitled to this channel.
    NotEntitled, "NOT_ENTITLED", Standing, Some(28),
        "The person or State is not drawn for this review or this instrument.",
        "Check the review's roster and the person's instruments.";
    /// The State is not party to the instrument.
    NotParty, "NOT_PARTY", Input, Some(28),
        "A State is reviewed, and reviews, only for instruments to which it is a party.",
        "Check the roster of States.";
    /// The review's composition is outside the mechanism.
    OutsideMechanism, "OUTSIDE_MECHANISM", Input, Some(28),
        "The mechanism's rules do not provide for this.",
        "Check instruments, languages and the number of reviewing States.";
    /// The author's device is unknown, or no longer known, at the act's basis.
    UnknownDevice, "UNKNOWN_DEVICE", Standing, None,
        "The device that signed is not in the directory, or no longer.",
        "Enrol the device, or ask your focal point.";
    /// The act is signed by another key than its author's.
    WrongSigner, "WRONG_SIGNER", Input, None,
        "The act is not signed by the key that its author must sign with.",
        "Report this: the act may be a forgery.";
    /// A State key's signature inside the act does not hold or says something else.
    BadStatement, "BAD_STATEMENT", Input, None,
        "What the State's key signed is not what this act states.",
        "Make the act again from a device that holds the State's key.";
    /// The proof that the newcomer holds the keys does not hold.
    BadPossession, "BAD_POSSESSION", Input, None,
        "The newcomer's device has not signed these keys.",
        "Invite the person again.";
    /// The act is for another channel.
    OtherChannel, "OTHER_CHANNEL", Input, None,
        "The act names another channel than the one it was sent to.",
        "Report this: the act may have been replayed.";
    /// The act does not belong at this place of the log.
    NotGenesis, "NOT_GENESIS", Input, None,
        "A channel begins with the act that opens it, made by those it belongs to, and only once.",
        "Give the command again; if the channel is new, its own focal point opens it.";
    /// The author's view of this log was never its state.
    BadSeen, "BAD_SEEN", Input, None,
        "The act refers to a state that this log never had.",
        "Verify the channel: the server may have shown you another history.";
    /// The author's view of another log was never its state.
    BadBasis, "BAD_BASIS", Input, None,
        "The act refers to a state that the directory or the review never had.",
        "Verify the directory: the server may have shown you another history.";
    /// The basis is older than one already used in this channel.
    BasisBackwards, "BASIS_BACKWARDS", Conflict, None,
        "Someone has already written here on a newer state of the directory or review.",
        "Give the command again.";
    /// The basis lies behind a change that concerns the act.
    StaleBasis, "STALE_BASIS", Conflict, None,
        "The directory or the review has changed for those concerned since you last looked.",
        "Give the command again.";
    /// The epoch is not the channel's, or holds a key that is no longer entitled.
    StaleEpoch, "STALE_EPOCH", Conflict, None,
        "The channel's key is no longer current: a member, a key or the secretariat's team has changed.",
        "Rotate the channel's key and send again; the client does this by itself.";
    /// Posts are suspended by a complaint about the epoch.
    EpochSuspended, "EPOCH_SUSPENDED", Conflict, None,
        "A reader has reported that the channel's key does not open for it.",
        "Another person than the one who made this key rotates it.";
    /// The secretariat's team key is known to one who is no longer of the team.
    StaleTeam, "STALE_TEAM", Conflict, Some(33),
        "An officer has left the secretariat's team of this review, which has not made its new key yet.",
        "Wait until an officer of the team has made it; then rotate the channel's key and send again.";
    /// The State's key is known to one who is no longer its focal point, or under an older key of theirs.
    StaleStateKey, "STALE_STATE_KEY", Conflict, Some(18),
        "One who held the State's key has left, lost the role or a device; the State has not made its next key yet.",
        "A focal point of the State replaces its key; the client does this by itself.";
    /// The person's own key is known to a device that was revoked, or to a sheet that was replaced.
    NoCurrentKey, "NO_CURRENT_KEY", Conflict, None,
        "The person has lost a device and has not made a new key yet: nothing can be addressed to them.",
        "Wait until the person has been online, or certify the person anew.";
    /// A State with a focal point gets another only with its own word.
    SeatTaken, "SEAT_TAKEN", Standing, Some(18),
        "The State has, or had, a focal point: only the State's own key brings in another.",
        "Ask the focal point to hand over; without its key, announce a replacement, which takes 72 hours.";
    /// Nobody lengthens the own time.
    OwnEnd, "OWN_END", Standing, Some(18),
        "A seat that is for a time is not prolonged by the person who holds it.",
        "Ask another focal point of your State, or bring in the one who is to follow you.";
    /// Nobody would be left who holds the State's key.
    LastFocalPoint, "LAST_FOCAL_POINT", Standing, Some(18),
        "Nobody else who holds the State's key would be left as its focal point.",
        "Bring in the next focal point first, and hand the State's key over.";
    /// A person keeps at least one device.
    LastDevice, "LAST_DEVICE", Standing, None,
        "It is the person's only device: nobody could act for the person any more.",
        "Add another device first, or let your focal point revoke it.";
    /// A root's act without the second custodian's signature.
    SecondCustodianRequired, "SECOND_CUSTODIAN_REQUIRED", Standing, Some(18),
        "This act of the root needs the second custodian's signature too.",
        "Give the command again with --act-file FILE, let the second custodian countersign the file, then send it.";
    /// Announced too short a time ago.
    TooSoon, "TOO_SOON", Conflict, Some(18),
        "A replacement is completed at the earliest 72 hours after it was announced.",
        "Wait, and try again; until then the State can object.";
    /// An end in the past.
    PastEnd, "PAST_END", Input, None,
        "The end of the person's time lies in the past.",
        "Give a later one.";
    /// More devices or shares than may be.
    TooManyKeys, "TOO_MANY_KEYS", Input, None,
        "A person has at most sixteen devices, and a State's key at most thirty-two shares.",
        "Revoke a device that is no longer used, or name fewer holders.";
    /// A channel or team has as many readers as one key can be wrapped to.
    TooManyReaders, "TOO_MANY_READERS", Input, None,
        "The channel, or the State's team, has as many people as one key can be addressed to.",
        "Remove a person who does not take part any more.";
    /// The recipients are not exactly those entitled.
    WrongRecipients, "WRONG_RECIPIENTS", Input, Some(33),
        "The key must go to exactly the channel's readers and its secretariat team: one too many or too few.",
        "Give the command again; no reader, and not the secretariat, can be left out.";
    /// The number is not the next.
    WrongGeneration, "WRONG_GENERATION", Conflict, None,
        "Another generation of this key was made in the meantime.",
        "Give the command again.";
    /// The revision before is not the newest of the section.
    NotTheLatest, "NOT_THE_LATEST", Conflict, None,
        "Someone has added to this section in the meantime.",
        "Read the newest revision and send again.";
    /// The section is of another kind or another State's.
    OtherSection, "OTHER_SECTION", Input, None,
        "The section is of another kind, or another State's.",
        "Choose the section that the item belongs to.";
    /// The act id was used before.
    ActIdUsed, "ACT_ID_USED", Input, None,
        "Another act has this id already.",
        "Make the act anew under a new id.";
    /// The item may not be opened so far.
    NotDisclosable, "NOT_DISCLOSABLE", Standing, Some(40),
        "The disclosure policy does not provide for this audience.",
        "See the disclosure table of the mechanism.";
    /// The item is final only with every side's signatures.
    NotFinal, "NOT_FINAL", Standing, Some(39),
        "The text is final only when every side has signed the same content.",
        "Collect the signatures first.";
    /// The post is disclosed already, or is not disclosed.
    DisclosureUnchanged, "DISCLOSURE_UNCHANGED", Conflict, None,
        "The post already stands at this disclosure.",
        "Nothing is to be done.";
    /// What is withdrawn from all parties is still public.
    WithdrawPublicFirst, "WITHDRAW_PUBLIC_FIRST", Conflict, None,
        "The post is public; all parties can read it there.",
        "Withdraw it from the public first.";
}

reasons! {
    /// A reason for which a call fails before or beside the policy. Nothing was changed, unless the text says
    /// that it is unknown.
    WireReason;
    /// There is no such thing for the caller: absent and forbidden look the same.
    NotFound, "NOT_FOUND", Standing, None,
        "There is no such channel, entry, file or invitation for you.",
        "Check the id; if you have just been added, give the command again.";
    /// The peer's key is not in the directory.
    NotEnrolled, "NOT_ENROLLED", Standing, None,
        "This device is not in the directory, or no longer.",
        "Enrol with an invitation, or ask your focal point.";
    /// The caller is enrolled, but not as one who may make this call.
    NotYours, "NOT_YOURS", Standing, None,
        "Your role does not make this call.",
        "Ask a focal point of your State, or the custodians of the root.";
    /// A field of a request is missing or has a value that the contract excludes.
    Malformed, "MALFORMED", Input, None,
        "A field of the request is missing, or has a value that the format excludes.",
        "Compare the request with the .proto files; a newer client may be needed.";
    /// The suite of a signed envelope is not known.
    UnknownSuite, "UNKNOWN_SUITE", Input, None,
        "The act has a cipher suite that this server does not know; there is no negotiation.",
        "Use a client of this server's release.";
    /// The schema of an act is not known.
    UnknownSchema, "UNKNOWN_SCHEMA", Input, None,
        "The act has a schema version that this server does not know.",
        "Use a client of this server's release.";
    /// The kind of an act is not known.
    UnknownKind, "UNKNOWN_KIND", Input, None,
        "The act is of a kind that this server does not know.",
        "Use a client of this server's release.";
    /// The bytes are not in the one encoding.
    NotCanonical, "NOT_CANONICAL", Input, None,
        "The act has unknown fields, or is not in the one canonical encoding.",
        "Use a client of this server's release; a signed act is never encoded again.";
    /// A signature does not hold.
    BadSignature, "BAD_SIGNATURE", Input, None,
        "The signature does not hold over the bytes that arrived.",
        "Report this: the act may have been altered on its way.";
    /// Bytes or items beyond the limit.
    TooLarge, "TOO_LARGE", Input, None,
        "The request is larger than the limit.",
        "Split it, or send a long text as a file.";
    /// What stands beside an act is not what the act names.
    BesideMismatch, "BESIDE_MISMATCH", Input, None,
        "The body, the wraps, the box or the release is not the one that the act names.",
        "Send exactly what was sealed with the act.";
    /// The act id is taken by other bytes.
    ActIdTaken, "ACT_ID_TAKEN", Conflict, None,
        "Another act stands under this id; the one that was there first is unchanged.",
        "Make the act anew under a new id.";
    /// A page token that this server did not give, or for another list.
    PageToken, "PAGE_TOKEN", Input, None,
        "The page token is not one that this list gave.",
        "Begin the list anew.";
    /// A checkpoint that the log never went through, or under another key.
    NotThisLog, "NOT_THIS_LOG", Input, None,
        "The checkpoint is not one of this log, or the device's word for it does not hold.",
        "Run `chancery verify`; if your log is another than the server's, it says so and keeps the proof.";
    /// Too much at once.
    TooMany, "TOO_MANY", Limit, None,
        "A limit on open work is reached.",
        "Wait until earlier work is done, then try again.";
    /// A cited file is not wholly there.
    FileIncomplete, "FILE_INCOMPLETE", Input, None,
        "A file that the act cites is not wholly in this channel.",
        "Upload the file to this channel first, then send the act.";
    /// The file id is taken.
    FileExists, "FILE_EXISTS", Conflict, None,
        "There is a file under this id that differs; it is unchanged.",
        "Seal the file anew under a new id and key.";
    /// No file has this length.
    FileLength, "FILE_LENGTH", Input, None,
        "No file has this length: a sealed file has 72 bytes or more, and none is larger than the limit.",
        "Announce the length of the sealed file; split what is too large.";
    /// The bytes are not those announced.
    FileDigest, "FILE_DIGEST", Input, None,
        "The bytes do not have the announced SHA-256; the part was not stored.",
        "Send the part again.";
    /// A part or range outside the file.
    FileRange, "FILE_RANGE", Input, None,
        "The part or range lies outside the file, or out of order.",
        "Ask how much of the file has arrived, and go on from there.";
    /// The invitation is used, closed or not for this key.
    InvitationVoid, "INVITATION_VOID", Conflict, None,
        "The invitation has been used or closed.",
        "Ask the one who invited you for another; if you have not used it, say so.";
    /// The invitation's time is over.
    InvitationExpired, "INVITATION_EXPIRED", Conflict, None,
        "The invitation's time is over: it was good for ten days.",
        "Ask the one who invited you for another.";
    /// The lookup value is taken.
    InvitationExists, "INVITATION_EXISTS", Conflict, None,
        "There is an invitation under this value already.",
        "Make a new invitation.";
    /// No such person, no sheet, or another sheet: they look the same.
    RecoveryRefused, "RECOVERY_REFUSED", Standing, None,
        "There is no such person, or this is not the recovery sheet in force of that person.",
        "Take the newest sheet with its own line; without one, ask your focal point to certify you anew.";
    /// The database or the disk does not answer; of a write the outcome is unknown.
    Unavailable, "UNAVAILABLE", Outside, None,
        "The server's store does not answer. Whether an act of this call was kept is unknown.",
        "Send the very same bytes again: an act that was kept gets its first receipt.";
    /// The server stops.
    Stopping, "STOPPING", Outside, None,
        "The server is stopping.",
        "Connect again in a moment.";
    /// A bug.
    Internal, "INTERNAL", Bug, None,
        "The server failed through a fault of its own.",
        "Tell the operator, with the time of the call.";
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// One code means one thing; only "not found" is said by both lists, in order to look the same.
    #[test]
    fn codes_are_unique() {
        let policy: BTreeSet<_> = Reason::ALL.iter().map(|reason| reason.code()).collect();
        let wire: BTreeSet<_> = WireReason::ALL.iter().map(|reason| reason.code()).collect();
        assert_eq!((policy.len(), wire.len()), (Reason::ALL.len(), WireReason::ALL.len()));
        let both: Vec<_> = policy.intersection(&wire).collect();
        assert_eq!(both, [&"NOT_FOUND"]);
    }
}
