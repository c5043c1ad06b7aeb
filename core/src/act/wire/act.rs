//! Encoding of [`Act`].

use chancery_proto::act as proto;
use chancery_proto::act::act::Statement as Oneof;

use super::{
    ActError, INSTRUMENTS_MAX, InstrumentCode, KEM_BYTES, PersonKeys, WRAP_BYTES, Wire, array, ascending,
    audience_from_wire, audience_to_wire, code, exactly, group_from_wire, group_to_wire, id, instruments,
    item_from_wire, item_to_wire, optional_id, parse_recipients, parse_sealed_body, parse_tree_head,
    recipients, required, role_from_wire, role_to_wire, sealed_body, standing_from_wire, standing_to_wire,
    strings, tree_head,
};
use crate::act::{
    Act, AddMember, AdmitPerson, AdmitState, Author, Basis, CertifyStateKey, Complain, Disclose, Fault,
    FoundDirectory, Header, InlineWrap, NewEpoch, NewTeamGeneration, OpenChannel, OpenReview, Opening, Post,
    Reviewer, ShareTeam, Signed, StateStatement, Statement, Team, Withdraw,
};
use crate::id::SectionId;
use crate::limits::{FILES_PER_POST_MAX, POSTS_PER_DISCLOSURE_MAX, REVIEWING_STATES_MAX};

/// The section under which the bodies of acts that are no posts are sealed; no post has it.
const NO_SECTION: SectionId = SectionId::new([0; 16]);
/// The one schema of this version.
const SCHEMA: u32 = 1;

impl Wire for Act {
    type Proto = proto::Act;

    fn to_proto(&self) -> Self::Proto {
        proto::Act { header: Some(header(&self.header)), statement: Some(statement(&self.statement)) }
    }

    fn from_proto(message: Self::Proto) -> Result<Self, ActError> {
        let header = required(message.header, "header")?;
        if header.schema != SCHEMA {
            return Err(ActError::UnknownSchema(header.schema));
        }
        let statement = message.statement.ok_or(ActError::UnknownKind)?;
        Ok(Self { header: parse_header(&header)?, statement: parse_statement(statement)? })
    }
}

fn header(h: &Header) -> proto::Header {
    let (author, device) = match &h.author {
        Author::Root => (Vec::new(), Vec::new()),
        Author::Person { user, device } => (user.as_bytes().to_vec(), device.as_bytes().to_vec()),
    };
    proto::Header {
        schema: SCHEMA,
        channel: h.channel.as_bytes().to_vec(),
        act_id: h.act_id.as_bytes().to_vec(),
        author,
        device,
        clock_ms: h.clock_ms,
        seen: Some(tree_head(&h.seen)),
        epoch: h.epoch,
        basis: h.basis.as_ref().map(|basis| proto::Basis {
            directory: Some(tree_head(&basis.directory)),
            review: basis.review.as_ref().map(tree_head),
        }),
    }
}

fn parse_header(m: &proto::Header) -> Result<Header, ActError> {
    let author = match (m.author.is_empty(), m.device.is_empty()) {
        (true, true) => Author::Root,
        _ => Author::Person { user: id(&m.author, "author")?, device: id(&m.device, "device")? },
    };
    let basis = match &m.basis {
        None => None,
        Some(basis) => Some(Basis {
            directory: parse_tree_head(
                required(basis.directory.as_ref(), "basis.directory")?,
                "basis.directory",
            )?,
            review: basis.review.as_ref().map(|head| parse_tree_head(head, "basis.review")).transpose()?,
        }),
    };
    Ok(Header {
        channel: id(&m.channel, "channel")?,
        act_id: id(&m.act_id, "act_id")?,
        author,
        clock_ms: m.clock_ms,
        seen: parse_tree_head(required(m.seen.as_ref(), "seen")?, "seen")?,
        epoch: m.epoch,
        basis,
    })
}

fn statement(statement: &Statement) -> Oneof {
    match statement {
        Statement::FoundDirectory(a) => Oneof::FoundDirectory(proto::FoundDirectory {
            root_key: a.root_key.to_vec(),
            mechanism: a.mechanism.as_bytes().to_vec(),
            log_key: a.log_key.to_vec(),
            server_tls_key_id: a.server_tls_key.as_bytes().to_vec(),
            custodian_tls_key_id: a.custodian_tls_key.as_bytes().to_vec(),
        }),
        Statement::AdmitState(a) => Oneof::AdmitState(proto::AdmitState {
            state: a.state.to_string(),
            group: group_to_wire(a.group),
            standings: a
                .standings
                .iter()
                .map(|(instrument, standing)| proto::InstrumentStanding {
                    instrument: instrument.to_string(),
                    standing: standing_to_wire(*standing),
                })
                .collect(),
        }),
        Statement::CertifyStateKey(a) => Oneof::CertifyStateKey(proto::CertifyStateKey {
            state: a.state.to_string(),
            key: a.key.to_vec(),
            generation: a.generation,
        }),
        Statement::AdmitPerson(a) => Oneof::AdmitPerson(proto::AdmitPerson {
            keys: a.keys_bytes.to_vec(),
            possession: a.possession.to_vec(),
            role: role_to_wire(a.role),
            state: a.state.map(|state| state.to_string()).unwrap_or_default(),
            instruments: strings(&a.instruments),
            secretariat_team: a.secretariat_team.map(|team| team.as_bytes().to_vec()).unwrap_or_default(),
            membership: a.membership.as_ref().map(|signed| signed.bytes().to_vec()).unwrap_or_default(),
        }),
        Statement::RemovePerson(user) => {
            Oneof::RemovePerson(proto::RemovePerson { user: user.as_bytes().to_vec() })
        }
        Statement::NewTeamGeneration(a) => Oneof::NewTeamGeneration(proto::NewTeamGeneration {
            team: Some(team(a.team)),
            generation: a.generation,
            kem: a.kem.to_vec(),
            commitment: a.commitment.as_bytes().to_vec(),
            previous_box_sha256: a.previous_box.map(|digest| digest.as_bytes().to_vec()).unwrap_or_default(),
            recipients: Some(recipients(&a.recipients)),
        }),
        Statement::ShareTeam(a) => Oneof::ShareTeam(proto::ShareTeam {
            team: Some(team(a.team)),
            generation: a.generation,
            recipients: Some(recipients(&a.recipients)),
        }),
        Statement::OpenReview(a) => Oneof::OpenReview(open_review(a)),
        Statement::OpenChannel(a) => Oneof::OpenChannel(open_channel(a)),
        Statement::NewEpoch(a) => Oneof::NewEpoch(proto::NewEpoch {
            number: a.number,
            commitment: a.commitment.as_bytes().to_vec(),
            previous_box_sha256: a.previous_box.map(|digest| digest.as_bytes().to_vec()).unwrap_or_default(),
            recipients: Some(recipients(&a.recipients)),
            secretariat: a.secretariat.as_ref().map(|wrap| proto::Wrap {
                key_id: wrap.key_id.as_bytes().to_vec(),
                wrap: wrap.wrap.to_vec(),
            }),
        }),
        Statement::AddMember(a) => Oneof::AddMember(proto::AddMember {
            user: a.user.as_bytes().to_vec(),
            recipients: Some(recipients(&a.recipients)),
            body: Some(sealed_body(&a.body)),
        }),
        Statement::RemoveMember(user) => {
            Oneof::RemoveMember(proto::RemoveMember { user: user.as_bytes().to_vec() })
        }
        Statement::Post(a) => Oneof::Post(proto::Post {
            section: a.section.as_bytes().to_vec(),
            previous: a.previous.map(|act| act.as_bytes().to_vec()).unwrap_or_default(),
            kind: item_to_wire(a.kind),
            files: a.files.iter().map(|file| file.as_bytes().to_vec()).collect(),
            body: Some(sealed_body(&a.body)),
            clearance: a.clearance.as_ref().map(|signed| signed.bytes().to_vec()).unwrap_or_default(),
        }),
        Statement::Disclose(a) => Oneof::Disclose(proto::Disclose {
            section: a.section.as_bytes().to_vec(),
            audience: audience_to_wire(a.audience),
            grants: a.grants.iter().map(|signed| signed.bytes().to_vec()).collect(),
        }),
        Statement::Withdraw(a) => Oneof::Withdraw(proto::Withdraw {
            section: a.section.as_bytes().to_vec(),
            audience: audience_to_wire(a.audience),
            withdrawals: a.withdrawals.iter().map(|signed| signed.bytes().to_vec()).collect(),
        }),
        Statement::Complain(a) => Oneof::Complain(complain(a)),
    }
}

fn parse_statement(statement: Oneof) -> Result<Statement, ActError> {
    Ok(match statement {
        Oneof::FoundDirectory(m) => Statement::FoundDirectory(FoundDirectory {
            root_key: array(&m.root_key, "root_key")?,
            mechanism: id(&m.mechanism, "mechanism")?,
            log_key: array(&m.log_key, "log_key")?,
            server_tls_key: id(&m.server_tls_key_id, "server_tls_key_id")?,
            custodian_tls_key: id(&m.custodian_tls_key_id, "custodian_tls_key_id")?,
        }),
        Oneof::AdmitState(m) => Statement::AdmitState(parse_admit_state(&m)?),
        Oneof::CertifyStateKey(m) => Statement::CertifyStateKey(CertifyStateKey {
            state: code(&m.state, "state")?,
            key: array(&m.key, "key")?,
            generation: m.generation,
        }),
        Oneof::AdmitPerson(m) => Statement::AdmitPerson(parse_admit_person(m)?),
        Oneof::RemovePerson(m) => Statement::RemovePerson(id(&m.user, "user")?),
        Oneof::NewTeamGeneration(m) => Statement::NewTeamGeneration(NewTeamGeneration {
            team: parse_team(m.team)?,
            generation: m.generation,
            kem: exactly(m.kem, KEM_BYTES, "kem")?,
            commitment: id(&m.commitment, "commitment")?,
            previous_box: optional_id(&m.previous_box_sha256, "previous_box_sha256")?,
            recipients: parse_recipients(&required(m.recipients, "recipients")?)?,
        }),
        Oneof::ShareTeam(m) => Statement::ShareTeam(ShareTeam {
            team: parse_team(m.team)?,
            generation: m.generation,
            recipients: parse_recipients(&required(m.recipients, "recipients")?)?,
        }),
        Oneof::OpenReview(m) => Statement::OpenReview(parse_open_review(&m)?),
        Oneof::OpenChannel(m) => Statement::OpenChannel(parse_open_channel(&m)?),
        Oneof::NewEpoch(m) => Statement::NewEpoch(NewEpoch {
            number: m.number,
            commitment: id(&m.commitment, "commitment")?,
            previous_box: optional_id(&m.previous_box_sha256, "previous_box_sha256")?,
            recipients: parse_recipients(&required(m.recipients, "recipients")?)?,
            secretariat: m.secretariat.map(parse_inline_wrap).transpose()?,
        }),
        Oneof::AddMember(m) => Statement::AddMember(AddMember {
            user: id(&m.user, "user")?,
            recipients: parse_recipients(&required(m.recipients, "recipients")?)?,
            body: parse_sealed_body(&required(m.body, "body")?)?,
        }),
        Oneof::RemoveMember(m) => Statement::RemoveMember(id(&m.user, "user")?),
        Oneof::Post(m) => Statement::Post(parse_post(m)?),
        Oneof::Disclose(m) => Statement::Disclose(Disclose {
            section: id(&m.section, "section")?,
            audience: audience_from_wire(m.audience)?,
            grants: statements(m.grants, "grants")?,
        }),
        Oneof::Withdraw(m) => Statement::Withdraw(Withdraw {
            section: id(&m.section, "section")?,
            audience: audience_from_wire(m.audience)?,
            withdrawals: statements(m.withdrawals, "withdrawals")?,
        }),
        Oneof::Complain(m) => Statement::Complain(parse_complain(&m)?),
    })
}

fn parse_admit_state(m: &proto::AdmitState) -> Result<AdmitState, ActError> {
    let standings = m
        .standings
        .iter()
        .map(|s| Ok((code(&s.instrument, "standings.instrument")?, standing_from_wire(s.standing)?)))
        .collect::<Result<Vec<(InstrumentCode, _)>, ActError>>()?;
    let once_each = standings.windows(2).all(|pair| pair[0].0 < pair[1].0);
    if !once_each || standings.len() > INSTRUMENTS_MAX {
        return Err(ActError::Field("standings"));
    }
    Ok(AdmitState { state: code(&m.state, "state")?, group: group_from_wire(m.group)?, standings })
}

fn parse_admit_person(m: proto::AdmitPerson) -> Result<AdmitPerson, ActError> {
    Ok(AdmitPerson {
        keys: PersonKeys::decode(&m.keys)?,
        keys_bytes: m.keys.into(),
        possession: array(&m.possession, "possession")?,
        role: role_from_wire(m.role)?,
        state: if m.state.is_empty() { None } else { Some(code(&m.state, "state")?) },
        instruments: instruments(&m.instruments, "instruments")?,
        secretariat_team: optional_id(&m.secretariat_team, "secretariat_team")?,
        membership: optional_statement(m.membership)?,
    })
}

fn team(team: Team) -> proto::Team {
    use proto::team::Team as Kind;
    proto::Team {
        team: Some(match team {
            Team::State(state) => Kind::State(state.to_string()),
            Team::Secretariat(id) => Kind::Secretariat(id.as_bytes().to_vec()),
            Team::AllParties => Kind::AllParties(proto::AllParties {}),
        }),
    }
}

fn parse_team(message: Option<proto::Team>) -> Result<Team, ActError> {
    use proto::team::Team as Kind;
    Ok(match required(message.and_then(|team| team.team), "team")? {
        Kind::State(state) => Team::State(code(&state, "team.state")?),
        Kind::Secretariat(bytes) => Team::Secretariat(id(&bytes, "team.secretariat")?),
        Kind::AllParties(proto::AllParties {}) => Team::AllParties,
    })
}

fn open_review(a: &OpenReview) -> proto::OpenReview {
    proto::OpenReview {
        state: a.state.to_string(),
        instruments: strings(&a.instruments),
        reviewers: a
            .reviewers
            .iter()
            .map(|reviewer| proto::Reviewer {
                state: reviewer.state.to_string(),
                instruments: strings(&reviewer.instruments),
            })
            .collect(),
        secretariat_team: a.secretariat_team.as_bytes().to_vec(),
        languages: a.languages.iter().map(|language| language.as_str().to_owned()).collect(),
    }
}

fn parse_open_review(m: &proto::OpenReview) -> Result<OpenReview, ActError> {
    let reviewers = m
        .reviewers
        .iter()
        .map(|reviewer| {
            Ok(Reviewer {
                state: code(&reviewer.state, "reviewers.state")?,
                instruments: instruments(&reviewer.instruments, "reviewers.instruments")?,
            })
        })
        .collect::<Result<Vec<_>, ActError>>()?;
    let once_each = reviewers.windows(2).all(|pair| pair[0].state < pair[1].state);
    if !once_each || reviewers.len() > REVIEWING_STATES_MAX {
        return Err(ActError::Field("reviewers"));
    }
    let languages = m.languages.iter().map(|text| code(text, "languages")).collect::<Result<_, _>>()?;
    Ok(OpenReview {
        state: code(&m.state, "state")?,
        instruments: instruments(&m.instruments, "instruments")?,
        reviewers,
        secretariat_team: id(&m.secretariat_team, "secretariat_team")?,
        languages: ascending(languages, 6, "languages")?,
    })
}

fn open_channel(a: &OpenChannel) -> proto::OpenChannel {
    let (kind, instrument, state) = match &a.opening {
        Opening::Strand(instrument) => (proto::ChannelKind::Strand, instrument.to_string(), String::new()),
        Opening::Coordination(instrument) => {
            (proto::ChannelKind::Coordination, instrument.to_string(), String::new())
        }
        Opening::Delegation(state) => (proto::ChannelKind::Delegation, String::new(), state.to_string()),
    };
    proto::OpenChannel { channel: a.channel.as_bytes().to_vec(), kind: kind as i32, instrument, state }
}

fn parse_open_channel(m: &proto::OpenChannel) -> Result<OpenChannel, ActError> {
    use proto::ChannelKind as Kind;
    let opening = match (Kind::try_from(m.kind), m.instrument.as_str(), m.state.as_str()) {
        (Ok(Kind::Strand), instrument, "") => Opening::Strand(code(instrument, "instrument")?),
        (Ok(Kind::Coordination), instrument, "") => Opening::Coordination(code(instrument, "instrument")?),
        (Ok(Kind::Delegation), "", state) => Opening::Delegation(code(state, "state")?),
        _ => return Err(ActError::Field("kind")),
    };
    Ok(OpenChannel { channel: id(&m.channel, "channel")?, opening })
}

fn parse_inline_wrap(m: proto::Wrap) -> Result<InlineWrap, ActError> {
    Ok(InlineWrap {
        key_id: id(&m.key_id, "secretariat.key_id")?,
        wrap: exactly(m.wrap, WRAP_BYTES, "secretariat.wrap")?,
    })
}

fn parse_post(m: proto::Post) -> Result<Post, ActError> {
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

fn complain(a: &Complain) -> proto::Complain {
    use proto::ComplaintKind as Kind;
    let (kind, file) = match &a.fault {
        Fault::Wrap => (Kind::Wrap, Vec::new()),
        Fault::PreviousBox => (Kind::PreviousBox, Vec::new()),
        Fault::Body => (Kind::Body, Vec::new()),
        Fault::File(file) => (Kind::File, file.as_bytes().to_vec()),
    };
    proto::Complain { act_id: a.act_id.as_bytes().to_vec(), kind: kind as i32, file }
}

fn parse_complain(m: &proto::Complain) -> Result<Complain, ActError> {
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

fn optional_statement(bytes: Vec<u8>) -> Result<Option<Signed<StateStatement>>, ActError> {
    if bytes.is_empty() { Ok(None) } else { Signed::decode(bytes).map(Some) }
}

fn statements(list: Vec<Vec<u8>>, field: &'static str) -> Result<Vec<Signed<StateStatement>>, ActError> {
    if list.is_empty() || list.len() > POSTS_PER_DISCLOSURE_MAX {
        return Err(ActError::Field(field));
    }
    list.into_iter().map(Signed::decode).collect()
}
