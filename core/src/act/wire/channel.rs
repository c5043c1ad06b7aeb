//! Encoding of what reviews and their channels state.

use chancery_proto::act as proto;

use super::act::optional_statement;
use super::{
    ActError, WRAP_BYTES, ascending, code, exactly, id, instruments, item_from_wire, optional_id,
    parse_sealed_body, required, strings,
};
use crate::act::{Complain, Fault, InlineWrap, OpenChannel, OpenReview, Opening, Post, Reviewer};
use crate::id::SectionId;
use crate::limits::{FILES_PER_POST_MAX, REVIEWING_STATES_MAX};

/// The section under which the bodies of acts that are no posts are sealed; no post has it.
const NO_SECTION: SectionId = SectionId::new([0; 16]);

pub(super) fn reviewers(reviewers: &[Reviewer]) -> Vec<proto::Reviewer> {
    let one = |reviewer: &Reviewer| proto::Reviewer {
        state: reviewer.state.to_string(),
        instruments: strings(&reviewer.instruments),
    };
    reviewers.iter().map(one).collect()
}

pub(super) fn parse_reviewers(reviewers: &[proto::Reviewer]) -> Result<Vec<Reviewer>, ActError> {
    let reviewers = reviewers
        .iter()
        .map(|reviewer| {
            Ok(Reviewer {
                state: code(&reviewer.state, "reviewers.state")?,
                instruments: instruments(&reviewer.instruments, "reviewers.instruments")?,
            })
        })
        .collect::<Result<Vec<_>, ActError>>()?;
    let once_each = reviewers.windows(2).all(|pair| pair[0].state < pair[1].state);
    if once_each && reviewers.len() <= REVIEWING_STATES_MAX {
        Ok(reviewers)
    } else {
        Err(ActError::Field("reviewers"))
    }
}

pub(super) fn open_review(a: &OpenReview) -> proto::OpenReview {
    proto::OpenReview {
        state: a.state.to_string(),
        instruments: strings(&a.instruments),
        reviewers: reviewers(&a.reviewers),
        secretariat_team: a.secretariat_team.as_bytes().to_vec(),
        languages: a.languages.iter().map(|language| language.as_str().to_owned()).collect(),
    }
}

pub(super) fn parse_open_review(m: &proto::OpenReview) -> Result<OpenReview, ActError> {
    let languages = m.languages.iter().map(|text| code(text, "languages")).collect::<Result<_, _>>()?;
    Ok(OpenReview {
        state: code(&m.state, "state")?,
        instruments: instruments(&m.instruments, "instruments")?,
        reviewers: parse_reviewers(&m.reviewers)?,
        secretariat_team: id(&m.secretariat_team, "secretariat_team")?,
        languages: ascending(languages, 6, "languages")?,
    })
}

pub(super) fn open_channel(a: &OpenChannel) -> proto::OpenChannel {
    let (kind, instrument, state) = match &a.opening {
        Opening::Strand(instrument) => (proto::ChannelKind::Strand, instrument.to_string(), String::new()),
        Opening::Coordination(instrument) => {
            (proto::ChannelKind::Coordination, instrument.to_string(), String::new())
        }
        Opening::Delegation(state) => (proto::ChannelKind::Delegation, String::new(), state.to_string()),
    };
    proto::OpenChannel { channel: a.channel.as_bytes().to_vec(), kind: kind as i32, instrument, state }
}

pub(super) fn parse_open_channel(m: &proto::OpenChannel) -> Result<OpenChannel, ActError> {
    use proto::ChannelKind as Kind;
    let opening = match (Kind::try_from(m.kind), m.instrument.as_str(), m.state.as_str()) {
        (Ok(Kind::Strand), instrument, "") => Opening::Strand(code(instrument, "instrument")?),
        (Ok(Kind::Coordination), instrument, "") => Opening::Coordination(code(instrument, "instrument")?),
        (Ok(Kind::Delegation), "", state) => Opening::Delegation(code(state, "state")?),
        _ => return Err(ActError::Field("kind")),
    };
    Ok(OpenChannel { channel: id(&m.channel, "channel")?, opening })
}

pub(super) fn parse_inline_wrap(m: proto::Wrap) -> Result<InlineWrap, ActError> {
    Ok(InlineWrap {
        key_id: id(&m.key_id, "secretariat.key_id")?,
        wrap: exactly(m.wrap, WRAP_BYTES, "secretariat.wrap")?,
    })
}

pub(super) fn parse_post(m: proto::Post) -> Result<Post, ActError> {
    let files = m.files.iter().map(|file| id(file, "files")).collect::<Result<_, _>>()?;
    let section = id(&m.section, "section")?;
    // The cards of members are sealed under section zero.
    if section == NO_SECTION {
        return Err(ActError::Field("section"));
    }
    Ok(Post {
        section,
        previous: optional_id(&m.previous, "previous")?,
        kind: item_from_wire(m.kind)?,
        files: ascending(files, FILES_PER_POST_MAX, "files")?,
        body: parse_sealed_body(&required(m.body, "body")?)?,
        clearance: optional_statement(m.clearance)?,
    })
}

pub(super) fn complain(a: &Complain) -> proto::Complain {
    use proto::ComplaintKind as Kind;
    let (kind, file) = match &a.fault {
        Fault::Wrap => (Kind::Wrap, Vec::new()),
        Fault::PreviousBox => (Kind::PreviousBox, Vec::new()),
        Fault::Body => (Kind::Body, Vec::new()),
        Fault::File(file) => (Kind::File, file.as_bytes().to_vec()),
    };
    proto::Complain { act_id: a.act_id.as_bytes().to_vec(), kind: kind as i32, file }
}

pub(super) fn parse_complain(m: &proto::Complain) -> Result<Complain, ActError> {
    use proto::ComplaintKind as Kind;
    let fault = match (Kind::try_from(m.kind), m.file.is_empty()) {
        (Ok(Kind::Wrap), true) => Fault::Wrap,
        (Ok(Kind::PreviousBox), true) => Fault::PreviousBox,
        (Ok(Kind::Body), true) => Fault::Body,
        (Ok(Kind::File), false) => Fault::File(id(&m.file, "file")?),
        _ => return Err(ActError::Field("kind")),
    };
    Ok(Complain { act_id: id(&m.act_id, "act_id")?, fault })
}
