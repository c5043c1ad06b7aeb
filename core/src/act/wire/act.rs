//! Encoding of [`Act`].

use chancery_proto::act as proto;
use chancery_proto::act::act::Statement as Oneof;

use super::{
    ActError, INSTRUMENTS_MAX, InstrumentCode, KEM_BYTES, PersonKeys, Wire, array, audience_from_wire,
    audience_to_wire, channel, code, exactly, group_from_wire, group_to_wire, id, instruments, item_to_wire,
    keys, optional_id, optional_time, parse_recipients, parse_sealed_body, parse_tree_head, recipients,
    required, role_from_wire, role_to_wire, sealed_body, standing_from_wire, standing_to_wire, strings,
    tree_head,
};
use crate::act::{
    Act, AddMember, AdmitPerson, AdmitState, AmendReview, AmendState, Author, Basis, CertifyStateKey,
    Disclose, FoundDirectory, Header, NewEpoch, NewTeamGeneration, RevokeDevice, SecondCustodian, ShareEpoch,
    ShareTeam, Signed, Standing, StateStatement, Statement, Team, Withdraw,
};
use crate::limits::POSTS_PER_DISCLOSURE_MAX;

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
        Statement::FoundDirectory(a) => Oneof::FoundDirectory(found_directory(a)),
        Statement::AdmitState(a) => Oneof::AdmitState(proto::AdmitState {
            state: a.state.to_string(),
            group: group_to_wire(a.group),
            standings: standings(&a.standings),
        }),
        Statement::CertifyStateKey(a) => Oneof::CertifyStateKey(proto::CertifyStateKey {
            state: a.state.to_string(),
            key: a.key.to_vec(),
            generation: a.generation,
        }),
        Statement::AdmitPerson(a) => Oneof::AdmitPerson(admit_person(a)),
        Statement::RemovePerson(user) => {
            Oneof::RemovePerson(proto::RemovePerson { user: user.as_bytes().to_vec() })
        }
        Statement::NewTeamGeneration(a) => Oneof::NewTeamGeneration(new_team_generation(a)),
        Statement::ShareTeam(a) => Oneof::ShareTeam(proto::ShareTeam {
            team: Some(team(a.team)),
            generation: a.generation,
            recipients: Some(recipients(&a.recipients)),
        }),
        Statement::AmendState(a) => Oneof::AmendState(proto::AmendState {
            state: a.state.to_string(),
            standings: standings(&a.standings),
        }),
        Statement::Reseat(a) => Oneof::Reseat(keys::reseat(a)),
        Statement::AddDevice(a) => Oneof::AddDevice(keys::add_device(a)),
        Statement::RevokeDevice(a) => Oneof::RevokeDevice(proto::RevokeDevice {
            user: a.user.as_bytes().to_vec(),
            device: a.device.as_bytes().to_vec(),
        }),
        Statement::NewUserKey(a) => Oneof::NewUserKey(keys::new_user_key(a)),
        Statement::SetRecovery(a) => Oneof::SetRecovery(keys::set_recovery(a)),
        Statement::Recertify(a) => Oneof::Recertify(keys::recertify(a)),
        Statement::ReplaceStateKey(a) => Oneof::ReplaceStateKey(keys::replace_state_key(a)),
        Statement::ShareStateKey(a) => Oneof::ShareStateKey(keys::share_state_key(a)),
        Statement::DepositShares(a) => Oneof::DepositShares(keys::deposit_shares(a)),
        Statement::GiveShare(a) => Oneof::GiveShare(keys::give_share(a)),
        Statement::AnnounceReplacement(a) => Oneof::AnnounceReplacement(keys::announce(a)),
        Statement::ObjectToReplacement(a) => Oneof::ObjectToReplacement(keys::object(a)),
        Statement::CompleteReplacement(a) => Oneof::CompleteReplacement(keys::complete(a)),
        Statement::OpenReview(a) => Oneof::OpenReview(channel::open_review(a)),
        Statement::OpenChannel(a) => Oneof::OpenChannel(channel::open_channel(a)),
        Statement::AmendReview(a) => {
            Oneof::AmendReview(proto::AmendReview { reviewers: channel::reviewers(&a.reviewers) })
        }
        Statement::NewEpoch(a) => Oneof::NewEpoch(new_epoch(a)),
        Statement::AddMember(a) => Oneof::AddMember(proto::AddMember {
            user: a.user.as_bytes().to_vec(),
            recipients: Some(recipients(&a.recipients)),
            body: Some(sealed_body(&a.body)),
        }),
        Statement::RemoveMember(user) => {
            Oneof::RemoveMember(proto::RemoveMember { user: user.as_bytes().to_vec() })
        }
        Statement::ShareEpoch(a) => Oneof::ShareEpoch(proto::ShareEpoch {
            user: a.user.as_bytes().to_vec(),
            recipients: Some(recipients(&a.recipients)),
        }),
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
        Statement::Complain(a) => Oneof::Complain(channel::complain(a)),
    }
}

fn found_directory(a: &FoundDirectory) -> proto::FoundDirectory {
    proto::FoundDirectory {
        root_key: a.root_key.to_vec(),
        mechanism: a.mechanism.as_bytes().to_vec(),
        log_key: a.log_key.to_vec(),
        server_tls_key_id: a.server_tls_key.as_bytes().to_vec(),
        custodian_tls_key_id: a.custodian_tls_key.as_bytes().to_vec(),
        second_key: a.second.map(|second| second.key.to_vec()).unwrap_or_default(),
        second_always: a.second.is_some_and(|second| second.always),
    }
}

fn admit_person(a: &AdmitPerson) -> proto::AdmitPerson {
    proto::AdmitPerson {
        keys: a.keys_bytes.to_vec(),
        possession: a.possession.to_vec(),
        role: role_to_wire(a.role),
        state: a.state.map(|state| state.to_string()).unwrap_or_default(),
        instruments: strings(&a.instruments),
        secretariat_team: a.secretariat_team.map(|team| team.as_bytes().to_vec()).unwrap_or_default(),
        membership: a.membership.as_ref().map(|signed| signed.bytes().to_vec()).unwrap_or_default(),
        expires_ms: a.expires_ms.unwrap_or_default(),
    }
}

fn new_team_generation(a: &NewTeamGeneration) -> proto::NewTeamGeneration {
    proto::NewTeamGeneration {
        team: Some(team(a.team)),
        generation: a.generation,
        kem: a.kem.to_vec(),
        commitment: a.commitment.as_bytes().to_vec(),
        previous_box_sha256: a.previous_box.map(|digest| digest.as_bytes().to_vec()).unwrap_or_default(),
        recipients: Some(recipients(&a.recipients)),
    }
}

fn new_epoch(a: &NewEpoch) -> proto::NewEpoch {
    proto::NewEpoch {
        number: a.number,
        commitment: a.commitment.as_bytes().to_vec(),
        previous_box_sha256: a.previous_box.map(|digest| digest.as_bytes().to_vec()).unwrap_or_default(),
        recipients: Some(recipients(&a.recipients)),
        secretariat: a
            .secretariat
            .as_ref()
            .map(|wrap| proto::Wrap { key_id: wrap.key_id.as_bytes().to_vec(), wrap: wrap.wrap.to_vec() }),
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
            second: parse_second(&m)?,
        }),
        Oneof::AdmitState(m) => Statement::AdmitState(AdmitState {
            state: code(&m.state, "state")?,
            group: group_from_wire(m.group)?,
            standings: parse_standings(&m.standings)?,
        }),
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
        Oneof::AmendState(m) => Statement::AmendState(AmendState {
            state: code(&m.state, "state")?,
            standings: parse_standings(&m.standings)?,
        }),
        Oneof::Reseat(m) => Statement::Reseat(keys::parse_reseat(m)?),
        Oneof::AddDevice(m) => Statement::AddDevice(keys::parse_add_device(m)?),
        Oneof::RevokeDevice(m) => Statement::RevokeDevice(RevokeDevice {
            user: id(&m.user, "user")?,
            device: id(&m.device, "device")?,
        }),
        Oneof::NewUserKey(m) => Statement::NewUserKey(keys::parse_new_user_key(m)?),
        Oneof::SetRecovery(m) => Statement::SetRecovery(keys::parse_set_recovery(m)?),
        Oneof::Recertify(m) => Statement::Recertify(keys::parse_recertify(m)?),
        Oneof::ReplaceStateKey(m) => Statement::ReplaceStateKey(keys::parse_replace_state_key(m)?),
        Oneof::ShareStateKey(m) => Statement::ShareStateKey(keys::parse_share_state_key(&m)?),
        Oneof::DepositShares(m) => Statement::DepositShares(keys::parse_deposit_shares(&m)?),
        Oneof::GiveShare(m) => Statement::GiveShare(keys::parse_give_share(&m)?),
        Oneof::AnnounceReplacement(m) => Statement::AnnounceReplacement(keys::parse_announce(m)?),
        Oneof::ObjectToReplacement(m) => Statement::ObjectToReplacement(keys::parse_object(m)?),
        Oneof::CompleteReplacement(m) => Statement::CompleteReplacement(keys::parse_complete(&m)?),
        Oneof::OpenReview(m) => Statement::OpenReview(channel::parse_open_review(&m)?),
        Oneof::OpenChannel(m) => Statement::OpenChannel(channel::parse_open_channel(&m)?),
        Oneof::AmendReview(m) => {
            Statement::AmendReview(AmendReview { reviewers: channel::parse_reviewers(&m.reviewers)? })
        }
        Oneof::NewEpoch(m) => Statement::NewEpoch(NewEpoch {
            number: m.number,
            commitment: id(&m.commitment, "commitment")?,
            previous_box: optional_id(&m.previous_box_sha256, "previous_box_sha256")?,
            recipients: parse_recipients(&required(m.recipients, "recipients")?)?,
            secretariat: m.secretariat.map(channel::parse_inline_wrap).transpose()?,
        }),
        Oneof::AddMember(m) => Statement::AddMember(AddMember {
            user: id(&m.user, "user")?,
            recipients: parse_recipients(&required(m.recipients, "recipients")?)?,
            body: parse_sealed_body(&required(m.body, "body")?)?,
        }),
        Oneof::RemoveMember(m) => Statement::RemoveMember(id(&m.user, "user")?),
        Oneof::ShareEpoch(m) => Statement::ShareEpoch(ShareEpoch {
            user: id(&m.user, "user")?,
            recipients: parse_recipients(&required(m.recipients, "recipients")?)?,
        }),
        Oneof::Post(m) => Statement::Post(channel::parse_post(m)?),
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
        Oneof::Complain(m) => Statement::Complain(channel::parse_complain(&m)?),
    })
}

fn standings(standings: &[(InstrumentCode, Standing)]) -> Vec<proto::InstrumentStanding> {
    let one = |(instrument, standing): &(InstrumentCode, Standing)| proto::InstrumentStanding {
        instrument: instrument.to_string(),
        standing: standing_to_wire(*standing),
    };
    standings.iter().map(one).collect()
}

fn parse_standings(
    standings: &[proto::InstrumentStanding],
) -> Result<Vec<(InstrumentCode, Standing)>, ActError> {
    let standings = standings
        .iter()
        .map(|s| Ok((code(&s.instrument, "standings.instrument")?, standing_from_wire(s.standing)?)))
        .collect::<Result<Vec<(InstrumentCode, _)>, ActError>>()?;
    let once_each = standings.windows(2).all(|pair| pair[0].0 < pair[1].0);
    if once_each && standings.len() <= INSTRUMENTS_MAX {
        Ok(standings)
    } else {
        Err(ActError::Field("standings"))
    }
}

fn parse_second(m: &proto::FoundDirectory) -> Result<Option<SecondCustodian>, ActError> {
    match (m.second_key.as_slice(), m.second_always) {
        ([], false) => Ok(None),
        ([], true) => Err(ActError::Field("second_always")),
        (key, always) => Ok(Some(SecondCustodian { key: array(key, "second_key")?, always })),
    }
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
        expires_ms: optional_time(m.expires_ms),
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

pub(super) fn optional_statement(bytes: Vec<u8>) -> Result<Option<Signed<StateStatement>>, ActError> {
    if bytes.is_empty() { Ok(None) } else { Signed::decode(bytes).map(Some) }
}

fn statements(list: Vec<Vec<u8>>, field: &'static str) -> Result<Vec<Signed<StateStatement>>, ActError> {
    if list.is_empty() || list.len() > POSTS_PER_DISCLOSURE_MAX {
        return Err(ActError::Field(field));
    }
    list.into_iter().map(Signed::decode).collect()
}
