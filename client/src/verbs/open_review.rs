//! The secretariat opens a review: the review's channel, its first secret, and every channel beneath it, in one
//! append.

use chancery_core::act::{OpenChannel, OpenReview, Opening, Reviewer, Role, Statement};
use chancery_core::error::Reason;
use chancery_core::id::{ChannelId, InstrumentCode, StateCode, TeamId};
use chancery_core::mechanism::Language;
use chancery_core::state::{Place, Roster};
use chancery_seal::random::make_bytes;

use crate::sync::{Prepared, Session, SessionError};

/// The review to open.
#[derive(Debug, Clone)]
pub struct NewReview {
    /// The State under review.
    pub state: StateCode,
    /// The instruments.
    pub instruments: Vec<InstrumentCode>,
    /// The reviewing States, each with the instruments it was drawn for.
    pub reviewers: Vec<(StateCode, Vec<InstrumentCode>)>,
    /// The languages.
    pub languages: Vec<Language>,
    /// Whether it is opened although there is a review of the State on one of the instruments.
    pub again: bool,
}

/// A review that was opened.
#[derive(Debug, Clone)]
pub struct OpenedReview {
    /// The review.
    pub review: ChannelId,
    /// The channels beneath it.
    pub channels: Vec<(ChannelId, Opening)>,
}

/// Opens a review with a strand and a coordination for each instrument and a delegation for each State.
///
/// # Errors
/// [`SessionError`]; [`SessionError::ReviewThere`]; [`Reason::WrongRecipients`] while no focal point of any of the
/// States has enrolled.
pub async fn open_review(session: &mut Session, new: &NewReview) -> Result<OpenedReview, SessionError> {
    session.sync_all().await?;
    let team = own_team(session)?;
    if !new.again {
        is_first(session, new)?;
    }
    let review = ChannelId::new(make_bytes()?);
    session.begin(review, Place::Review);
    let opening = terms(new, team);
    let roster = Roster(opening.clone());
    let mut acts: Vec<Prepared> = vec![session.sign(review, Statement::OpenReview(opening))?.into()];
    acts.push(session.prepare_epoch_of(review, &roster, None)?.into());
    let mut channels = Vec::new();
    for opening in openings(&roster.0) {
        let channel = ChannelId::new(make_bytes()?);
        let statement = Statement::OpenChannel(OpenChannel { channel, opening: opening.clone() });
        acts.push(session.sign(review, statement)?.into());
        channels.push((channel, opening));
    }
    session.append(review, acts).await?;
    Ok(OpenedReview { review, channels })
}

/// Whether the officers have no review of the State on any of the instruments. Reviews are not closed, and a State may
/// be reviewed again later, so this is a question to the person and no rule.
fn is_first(session: &Session, new: &NewReview) -> Result<(), SessionError> {
    for copy in session.channels().filter(|copy| copy.state.place == Place::Review) {
        let Some(Roster(review)) = copy.state.roster().filter(|roster| roster.0.state == new.state) else {
            continue;
        };
        if let Some(instrument) = new.instruments.iter().find(|one| review.instruments.contains(one)) {
            let (instrument, review) = (instrument.clone(), copy.id());
            return Err(SessionError::ReviewThere { state: new.state, instrument, review });
        }
    }
    Ok(())
}

fn own_team(session: &Session) -> Result<TeamId, SessionError> {
    let user = session.person()?.identity.user;
    let person = session.now().person(&user).ok_or(Reason::UnknownDevice)?;
    match (person.role, person.secretariat_team) {
        (Role::Officer, Some(team)) => Ok(team),
        _ => Err(Reason::OfficerOnly.into()),
    }
}

/// In the order that the format asks for.
fn terms(new: &NewReview, team: TeamId) -> OpenReview {
    let mut instruments = new.instruments.clone();
    instruments.sort();
    instruments.dedup();
    let reviewers = reviewers(&new.reviewers);
    let mut languages = new.languages.clone();
    languages.sort();
    languages.dedup();
    OpenReview { state: new.state, instruments, reviewers, secretariat_team: team, languages }
}

pub(super) fn reviewers(drawn: &[(StateCode, Vec<InstrumentCode>)]) -> Vec<Reviewer> {
    let reviewer = |(state, drawn): &(StateCode, Vec<InstrumentCode>)| {
        let mut instruments = drawn.clone();
        instruments.sort();
        instruments.dedup();
        Reviewer { state: *state, instruments }
    };
    let mut reviewers: Vec<Reviewer> = drawn.iter().map(reviewer).collect();
    reviewers.sort_by_key(|reviewer| reviewer.state);
    reviewers
}

/// The channels that a review needs.
pub(super) fn openings(review: &OpenReview) -> Vec<Opening> {
    let strands = review.instruments.iter().cloned().map(Opening::Strand);
    let drawn = |instrument: &&InstrumentCode| {
        review.reviewers.iter().any(|reviewer| reviewer.instruments.contains(instrument))
    };
    let coordinations = review.instruments.iter().filter(drawn).cloned().map(Opening::Coordination);
    let states = std::iter::once(review.state).chain(review.reviewers.iter().map(|reviewer| reviewer.state));
    strands.chain(coordinations).chain(states.map(Opening::Delegation)).collect()
}
