//! A session for a command: opened, with a word on what had waited, and failures of sessions as failures of
//! commands.

use serde_json::json;

use super::admit::show_teams;
use super::clock;
use super::context::Context;
use super::failure::{Exit, Failure};
use super::lost::{lost_fields, lost_text};
use super::output::{Notice, isolated};
use super::time::rfc3339;
use crate::home::Home;
use crate::keyring::OpenError;
use crate::link::LinkError;
use crate::sync::{Flushed, Session, SessionError};
use crate::verbs::complain::Alarm;
use crate::verbs::state_key::{StateKeyKept, keep_state_key};
use crate::verbs::teams::{TeamKept, keep_teams};
use crate::verbs::upkeep::{Upkept, upkeep};
use crate::verbs::user_key;
use crate::verify::{ChannelCopy, Fault, Tally, VerifyError};
use chancery_core::act::TextFault;
use chancery_core::error::Reason;
use chancery_core::state::Place;

/// Opens the home and a session, and tells what became of acts that had waited.
pub(super) async fn open(context: &Context) -> Result<Session, Failure> {
    begun(context.open_home()?, context).await
}

async fn begun(home: Home, context: &Context) -> Result<Session, Failure> {
    let mut session = Session::open(home).await?;
    context.heed(&session);
    tell_flushed(&mut session, context)?;
    Ok(session)
}

/// As [`open`], for what only a person does: the custodians have no channels.
pub(super) async fn open_person(context: &Context) -> Result<Session, Failure> {
    let home = context.open_home()?;
    home.person()?;
    begun(home, context).await
}

/// As [`open`], for what is done with the home's own verified copies: also where they could not be brought up to
/// date, with the reason.
pub(super) async fn open_or_kept(context: &Context) -> Result<(Session, Option<SessionError>), Failure> {
    let (mut session, failed) = Session::open_or_kept(context.open_home()?).await?;
    context.heed(&session);
    tell_flushed(&mut session, context)?;
    Ok((session, failed))
}

/// The alarm with which a command ends that has done what was asked with the home's own copies; none where the
/// server could not be asked, which is told.
pub(super) fn alarm(error: SessionError, context: &Context) -> Option<Failure> {
    if !matches!(error, SessionError::Link(LinkError::Unavailable(_))) {
        return Some(error.into());
    }
    context.out.notice(&Notice {
        reason: "NOT_UP_TO_DATE",
        message: format!("the server could not be asked: {error}."),
        next: "What follows is from what this home had verified before.",
    });
    None
}

fn tell_flushed(session: &mut Session, context: &Context) -> Result<(), Failure> {
    for flushed in session.take_flushed() {
        match flushed {
            Flushed::Landed { channel, act } => {
                let fields = json!({ "channel": channel, "act": act, "outcome": "landed" });
                context.out.record("outbox", &fields)?;
                context.out.advise(format!("Act {act}, which had waited, has arrived."));
            }
            Flushed::Waits { channel, act, error } => {
                let fields = json!({
                    "channel": channel, "act": act, "outcome": "waits", "message": error.to_string(),
                });
                context.out.record("outbox", &fields)?;
                context.out.advise(format!("Still waiting: {error}"));
            }
            Flushed::Anew { channel, act, new } => {
                let fields = json!({ "channel": channel, "act": act, "outcome": "sent-anew", "new": new });
                context.out.record("outbox", &fields)?;
                context.out.advise(format!("Act {act}, which had waited, was sent anew as {new}."));
            }
            Flushed::Refused { channel, act, error, text } => {
                let fields = json!({
                    "channel": channel, "act": act, "outcome": "refused",
                    "message": error.to_string(), "text": text,
                });
                context.out.record("outbox", &fields)?;
                context.out.advise(format!("Act {act}, which had waited, was refused: {error}"));
                if let Some(text) = text {
                    context.out.advise(format!("This is what it said:\n{text}"));
                }
            }
        }
    }
    Ok(())
}

/// Brings the channels of one's own State or team into order, and says in one line each what was done. A failure
/// keeps nobody from reading.
pub(super) async fn keep_up(session: &mut Session, context: &Context) -> Result<(), Failure> {
    match all_in_order(session).await {
        Ok(InOrder { state_key, teams, channels }) => {
            show_state_key(&state_key, context)?;
            show_teams(&teams, context)?;
            channels.iter().try_for_each(|one| tell_upkept(session, context, one))
        }
        // What does not verify is never passed over.
        Err(error @ (SessionError::Verify(_) | SessionError::Forked { .. })) => Err(error.into()),
        Err(error) => {
            context.out.advise(format!("Upkeep was not finished: {error}"));
            Ok(())
        }
    }
}

/// What was done so that keys are with whom they should be, and with nobody else.
pub(super) struct InOrder {
    pub(super) state_key: Vec<StateKeyKept>,
    pub(super) teams: Vec<TeamKept>,
    pub(super) channels: Vec<Upkept>,
}

impl InOrder {
    pub(super) const fn is_empty(&self) -> bool {
        self.state_key.is_empty() && self.teams.is_empty() && self.channels.is_empty()
    }
}

/// Teams before channels: a channel's secret goes to the current key of the secretariat's team.
pub(super) async fn all_in_order(session: &mut Session) -> Result<InOrder, SessionError> {
    // What is handed to the person goes to their own key, which comes first.
    user_key::renew(session).await?;
    Ok(InOrder {
        state_key: keep_state_key(session).await?,
        teams: keep_teams(session).await?,
        channels: upkeep(session).await?,
    })
}

/// What was done for the State's key.
pub(super) fn show_state_key(kept: &[StateKeyKept], context: &Context) -> Result<(), Failure> {
    for one in kept {
        let (fields, text) = match *one {
            StateKeyKept::Replaced { state, generation, recipients } => (
                json!({ "state": state, "generation": generation, "done": "replaced", "recipients": recipients }),
                format!("Made key {generation} of {state}, in place of one that somebody else knew."),
            ),
            StateKeyKept::Shared { state, generation, user } => (
                json!({ "state": state, "generation": generation, "done": "shared", "user": user }),
                format!("Handed the key of {state} to its focal point {user}."),
            ),
        };
        context.out.record("state-key", &fields)?;
        context.out.advise(text);
    }
    Ok(())
}

/// Hands in what was verified, for the other readers to count. A failure keeps nobody from reading.
pub(super) async fn confirm(session: &mut Session, context: &Context) -> Result<(), Failure> {
    match session.confirm().await {
        Ok(_) => Ok(()),
        Err(error @ (SessionError::Verify(_) | SessionError::Forked { .. })) => Err(error.into()),
        Err(error) => {
            context.out.advise(format!("The others were not told what you have verified: {error}"));
            Ok(())
        }
    }
}

/// How many readers have confirmed how much of a channel, for people; none before a channel has begun.
pub(super) fn confirmed_text(tally: &Tally, entries: u64) -> String {
    let members = if tally.readers == 1 { "member has" } else { "members have" };
    match tally.confirmed {
        0 => format!("0 of {} {members} confirmed anything yet", tally.readers),
        count => {
            format!(
                "{count} of {} {members} confirmed up to entry {} of {entries}",
                tally.readers, tally.size
            )
        }
    }
}

/// The same for programs.
pub(super) fn confirmed_fields(tally: &Tally) -> serde_json::Value {
    let by: Vec<_> = tally.by.iter().map(|(user, size)| json!({ "user": user, "size": size })).collect();
    json!({ "members": tally.readers, "confirmed": tally.confirmed, "size": tally.size, "by": by })
}

/// One line for one thing that upkeep did.
pub(super) fn tell_upkept(session: &Session, context: &Context, one: &Upkept) -> Result<(), Failure> {
    let users: Vec<String> = match one {
        Upkept::Joined { user, .. } => vec![user.to_string()],
        Upkept::Left { users, .. } | Upkept::Shared { users, .. } => {
            users.iter().map(ToString::to_string).collect()
        }
        Upkept::Begun { .. } | Upkept::Rotated { .. } | Upkept::PutOff { .. } => Vec::new(),
    };
    let lost = match one {
        Upkept::Begun { lost, .. } => lost.as_ref(),
        _ => None,
    };
    let fields = json!({
        "channel": one.channel(), "done": one.word(), "users": users, "lost": lost.map(lost_fields),
    });
    context.out.record("upkeep", &fields)?;
    let place = session.channel(one.channel()).map(|copy| place_name(session, copy)).unwrap_or_default();
    let lost = lost.map(|lost| format!(". {}", lost_text(lost))).unwrap_or_default();
    context.out.advise(format!("{place}: {one}{lost}"));
    Ok(())
}

/// A channel as people call it.
pub(super) fn place_name(session: &Session, copy: &ChannelCopy) -> String {
    let state = session.roster(copy.id()).map_or_else(String::new, |roster| roster.0.state.to_string());
    name_of(&copy.state.place, &state)
}

pub(super) fn name_of(place: &Place, state: &str) -> String {
    match place {
        Place::Review => format!("Review of {state}"),
        Place::Strand { instrument, .. } => format!("Review of {state}, strand on {instrument}"),
        Place::Coordination { instrument, .. } => format!("Review of {state}, coordination on {instrument}"),
        Place::Delegation { state: own, .. } => format!("Review of {state}, delegation of {own}"),
    }
}

/// Channels that the server does not list any more. Nothing says whether it may.
pub(super) fn tell_unlisted(session: &mut Session, context: &Context) -> Result<(), Failure> {
    for id in session.unlisted()? {
        let Some(copy) = session.channel(id) else { continue };
        let fields = json!({ "channel": id, "channel_kind": copy.state.place.kind() });
        context.out.record("unlisted", &fields)?;
        let name = place_name(session, copy);
        context.out.advise(format!(
            "{name} ({id}) is not served to you any more: you were shown out, or the server withholds it. Ask your focal point."
        ));
    }
    Ok(())
}

/// An alert: never sent by itself.
pub(super) fn tell_alarm(context: &Context, alarm: &Alarm) -> Result<(), Failure> {
    let fields = json!({
        "channel": alarm.channel, "act": alarm.alert.act, "fault": alarm.alert.word(),
        "message": alarm.alert.to_string(),
    });
    context.out.record("alert", &fields)?;
    context.out.say(format!(
        "! {}.\n  If it stays so, tell the others: chancery complain {}",
        alarm.alert, alarm.alert.act
    ))
}

/// Another person's words between words of ours.
pub(super) fn quoted(title: &str) -> String {
    if title.is_empty() { "(no title)".to_owned() } else { isolated(title) }
}

impl From<SessionError> for Failure {
    fn from(error: SessionError) -> Self {
        let text = error.to_string();
        match error {
            SessionError::Home(error) => error.into(),
            SessionError::Link(error) => error.into(),
            SessionError::Verify(error) => error.into(),
            SessionError::Forked { error, proof } => {
                let next = format!(
                    "Keep this home as it is. The proof that the server signed two histories is in {}: send it to \
                     the secretariat, your focal point and the other members by another way than this server. \
                     Anyone checks it offline: chancery verify-fork FILE --root FINGERPRINT.",
                    proof.display()
                );
                Self { next, ..error.into() }
            }
            SessionError::Refused(reason) => reason.into(),
            SessionError::Compose(error) => error.into(),
            SessionError::Open(error) => error.into(),
            SessionError::File(error) => error.into(),
            SessionError::Body(fault) => {
                let next = "Change the text or what it is about, and try again.";
                let paragraph = fault.paragraph();
                Self { paragraph, ..Self::new(Exit::Refused, fault.code(), format!("{text}."), next) }
            }
            SessionError::Text { fault, .. } => {
                let next = match fault {
                    TextFault::TooLong { .. } => "Shorten it, or send it as a document: chancery put.",
                    TextFault::Character { .. } => {
                        "Titles are one line; texts have line ends and tabs, and no other control characters. \
                         U+000B is what a word processor puts for a line break within a paragraph."
                    }
                };
                Self::new(Exit::Usage, "BAD_TEXT", text, next)
            }
            SessionError::Empty => {
                let next =
                    "Give a text as an argument, with --text-file, or on standard input; or --attach a file.";
                Self::new(Exit::Usage, "NO_TEXT", text, next)
            }
            SessionError::Mechanism => {
                let next = "The server and this program may be of different versions; compare them.";
                Self {
                    at: Some("mechanism".into()),
                    ..Self::new(Exit::Verification, "BAD_MECHANISM", text, next)
                }
            }
            SessionError::NoSuchChannel(_) | SessionError::NotFound { .. } => {
                Self::not_found(text, "See `chancery channels`, `chancery threads` and `chancery disclosed`.")
            }
            SessionError::Withdrawn { withdrawn_ms, .. } => {
                let text = format!("{text} at {}", rfc3339(withdrawn_ms));
                Self::not_found(text, "`chancery disclosed` lists what is open, and what was withdrawn.")
            }
            SessionError::ReviewThere { .. } => {
                let next =
                    "To give it other reviewing States: chancery review amend. For one more review: --again.";
                Self::new(Exit::Conflict, Reason::AlreadyThere.code(), text, next)
            }
            SessionError::ShutOut(_) => {
                Self::new(Exit::Conflict, "SHUT_OUT", format!("{text}."), "Nothing is to be done.")
            }
            SessionError::NotAnswered(_) => {
                let next = "See `admit` without arguments; who was invited answers with `chancery join`.";
                Self::new(Exit::Conflict, "NOT_ANSWERED", format!("{text}."), next)
            }
            SessionError::Ambiguous { .. } => {
                Self::usage(text, "Name more of its id, or name the review with --review.")
            }
            SessionError::NoAllPartiesKey => {
                let next =
                    "Ask the secretariat to run `chancery upkeep`, or hold it back for now with --hold-back.";
                Self::new(Exit::Conflict, "NO_ALL_PARTIES_KEY", text, next)
            }
            SessionError::LostAllPartiesKey { .. } => {
                let next = "It stays open to those who held that key. The State that opened it can open it to you \
                            too: withdraw it from all parties, and disclose it once more.";
                Self::new(Exit::Conflict, "NO_SECRET", text, next)
            }
            SessionError::NoStateKey(_) => {
                let next = "Ask another focal point of your State to run `chancery upkeep`; `chancery whoami` shows when the key is here.";
                Self::new(Exit::Conflict, "NO_SECRET", text, next)
            }
            SessionError::Waits { .. } => {
                let next = "Do not repeat it: the next command that reaches the server sends the same act, which lands once.";
                Self { changed: true, ..Self::new(Exit::Unavailable, "WAITS", text, next) }
            }
            SessionError::Clock(skew) => clock::refused(&skew),
            SessionError::RootActs(error) => error.into(),
            SessionError::Bug(what) => Self::bug(what),
        }
    }
}

impl From<VerifyError> for Failure {
    fn from(error: VerifyError) -> Self {
        let at = match error.at {
            Some(at) => format!("channel {}, {at}", error.channel),
            None => format!("channel {}", error.channel),
        };
        if let Fault::TimeAhead { ahead_ms } = error.fault {
            return Self { at: Some(at), ..clock::entry_ahead(ahead_ms) };
        }
        let mut message = error.fault.to_string();
        if let Some(first) = message.get(..1).map(str::to_uppercase) {
            message.replace_range(..1, &first);
        }
        let failure =
            Self::new(Exit::Verification, error.fault.code(), format!("{message}."), error.fault.next());
        Self { at: Some(at), paragraph: error.fault.paragraph(), ..failure }
    }
}

impl From<OpenError> for Failure {
    fn from(error: OpenError) -> Self {
        let text = error.to_string();
        match error {
            OpenError::NoSecret(_) | OpenError::NotAddressed => {
                let next = "Ask your focal point to run `chancery upkeep`; then give the command again.";
                Self::new(Exit::Conflict, "NO_SECRET", text, next)
            }
            OpenError::OtherWraps | OpenError::OtherBytes | OpenError::Content(_) => {
                let next = "See `chancery verify`, which names the act; then `chancery complain`.";
                Self::new(Exit::Verification, "DOES_NOT_OPEN", text, next)
            }
            OpenError::Seal(error) => error.into(),
        }
    }
}
