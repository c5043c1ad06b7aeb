//! What is stated in the directory, as JSON.

use chancery_core::act::{
    AddDevice, AdmitPerson, AnnounceReplacement, CompleteReplacement, DepositShares, DeviceKeys,
    FoundDirectory, Handed, NewTeamGeneration, NewUserKey, PersonKeys, Recertify, RegionalGroup,
    ReplaceStateKey, Reseat, SetRecovery, Standing, Statement, Team,
};
use chancery_core::channel_statement;
use chancery_core::id::InstrumentCode;
use chancery_core::name::{KeyAlgorithm, key_id};

use super::{Json, ed25519, list, recipients, statement_of_state, text, time};

type Fields = Vec<(&'static str, Json)>;

/// The fields of a statement of the directory; of any other statement, none.
pub(super) fn statement(statement: &Statement) -> Fields {
    match statement {
        Statement::FoundDirectory(act) => found(act),
        Statement::AdmitState(act) => vec![
            ("state", text(act.state)),
            ("group", group(act.group).into()),
            ("standings", standings(&act.standings)),
        ],
        Statement::AmendState(act) => {
            vec![("state", text(act.state)), ("standings", standings(&act.standings))]
        }
        Statement::CertifyStateKey(act) => state_key(act.state, &act.key, act.generation),
        Statement::AdmitPerson(act) => admit(act),
        Statement::RemovePerson(user) => vec![("user", text(user))],
        Statement::Reseat(act) => reseat(act),
        Statement::Recertify(act) => recertify(act),
        Statement::AddDevice(act) => add_device(act),
        Statement::RevokeDevice(act) => vec![("user", text(act.user)), ("device", text(act.device))],
        Statement::NewUserKey(act) => new_user_key(act),
        Statement::SetRecovery(act) => set_recovery(act),
        Statement::ReplaceStateKey(act) => replace_state_key(act),
        Statement::ShareStateKey(act) => vec![
            ("state", text(act.state)),
            ("generation", act.generation.into()),
            ("handed", handed(&act.handed)),
        ],
        Statement::DepositShares(act) => deposit(act),
        Statement::GiveShare(act) => vec![
            ("deposit", text(act.deposit)),
            ("position", u64::from(act.position).into()),
            ("to", text(act.to)),
            ("recipients", recipients(&act.recipients)),
        ],
        Statement::AnnounceReplacement(act) => announce(act),
        Statement::ObjectToReplacement(act) => {
            vec![("announcement", text(act.announcement)), ("objection", statement_of_state(&act.objection))]
        }
        Statement::CompleteReplacement(act) => complete(act),
        Statement::NewTeamGeneration(act) => new_team_generation(act),
        Statement::ShareTeam(act) => vec![
            ("team", team(&act.team)),
            ("generation", act.generation.into()),
            ("recipients", recipients(&act.recipients)),
        ],
        channel_statement!() => Vec::new(),
    }
}

fn found(act: &FoundDirectory) -> Fields {
    let second = act
        .second
        .map(|second| Json::Object(vec![("key", ed25519(&second.key)), ("always", second.always.into())]));
    vec![
        ("root_key", ed25519(&act.root_key)),
        ("mechanism_sha256", text(act.mechanism)),
        ("log_key", ed25519(&act.log_key)),
        ("server_tls_key", text(act.server_tls_key)),
        ("custodian_tls_key", text(act.custodian_tls_key)),
        ("second_custodian", second.into()),
    ]
}

fn admit(act: &AdmitPerson) -> Fields {
    vec![
        ("user", text(act.keys.user)),
        ("device", text(act.keys.device)),
        ("device_key", ed25519(&act.keys.device_sign)),
        ("role", act.role.as_str().into()),
        ("state", act.state.map(text).into()),
        ("instruments", list(&act.instruments, text)),
        ("secretariat_team", act.secretariat_team.map(text).into()),
        ("membership", act.membership.as_ref().map(statement_of_state).into()),
        ("expires", act.expires_ms.map(time).into()),
    ]
}

fn reseat(act: &Reseat) -> Fields {
    vec![
        ("user", text(act.user)),
        ("role", act.role.as_str().into()),
        ("instruments", list(&act.instruments, text)),
        ("membership", statement_of_state(&act.membership)),
        ("expires", act.expires_ms.map(time).into()),
    ]
}

fn recertify(act: &Recertify) -> Fields {
    let mut fields = person_keys(&act.keys);
    fields.push(("membership", act.membership.as_ref().map(statement_of_state).into()));
    fields
}

fn add_device(act: &AddDevice) -> Fields {
    let DeviceKeys { user, device, sign, kem, tls_key } = &act.keys;
    vec![
        ("user", text(user)),
        ("device", text(device)),
        ("device_key", ed25519(sign)),
        ("device_kem", x_wing(kem)),
        ("device_tls_key", text(tls_key)),
        ("handed", act.handed.as_ref().map(handed).into()),
    ]
}

fn new_user_key(act: &NewUserKey) -> Fields {
    vec![
        ("generation", act.generation.into()),
        ("key", x_wing(&act.kem)),
        ("commitment", text(act.commitment)),
        ("recipients", recipients(&act.recipients)),
    ]
}

fn set_recovery(act: &SetRecovery) -> Fields {
    vec![("signer_key", ed25519(&act.sign)), ("key", x_wing(&act.kem)), ("handed", handed(&act.handed))]
}

fn replace_state_key(act: &ReplaceStateKey) -> Fields {
    let mut fields = state_key(act.state, &act.key, act.generation);
    fields.extend([("succession", statement_of_state(&act.succession)), ("handed", handed(&act.handed))]);
    fields
}

fn deposit(act: &DepositShares) -> Fields {
    vec![
        ("state", text(act.state)),
        ("generation", act.generation.into()),
        ("threshold", u64::from(act.threshold).into()),
        ("recipients", recipients(&act.recipients)),
        ("commitments", list(&act.commitments, text)),
    ]
}

fn announce(act: &AnnounceReplacement) -> Fields {
    let mut fields = vec![("state", text(act.state)), ("key", ed25519(&act.key))];
    fields.extend(person_keys(&act.keys));
    fields
}

fn complete(act: &CompleteReplacement) -> Fields {
    let mut fields = vec![("announcement", text(act.announcement))];
    fields.extend(state_key(act.state, &act.key, act.generation));
    fields
}

fn new_team_generation(act: &NewTeamGeneration) -> Fields {
    vec![
        ("team", team(&act.team)),
        ("generation", act.generation.into()),
        ("key", x_wing(&act.kem)),
        ("commitment", text(act.commitment)),
        ("recipients", recipients(&act.recipients)),
    ]
}

fn state_key(state: chancery_core::id::StateCode, key: &[u8; 32], generation: u64) -> Fields {
    vec![("state", text(state)), ("key", ed25519(key)), ("generation", generation.into())]
}

fn person_keys(keys: &PersonKeys) -> Fields {
    vec![
        ("user", text(keys.user)),
        ("user_kem", x_wing(&keys.user_kem)),
        ("device", text(keys.device)),
        ("device_key", ed25519(&keys.device_sign)),
        ("device_kem", x_wing(&keys.device_kem)),
        ("device_tls_key", text(keys.device_tls_key)),
    ]
}

fn handed(handed: &Handed) -> Json {
    Json::Object(vec![
        ("commitment", text(handed.commitment)),
        ("recipients", recipients(&handed.recipients)),
    ])
}

fn standings(standings: &[(InstrumentCode, Standing)]) -> Json {
    list(standings, |(instrument, standing)| {
        Json::Object(vec![("instrument", text(instrument)), ("standing", stands(*standing).into())])
    })
}

fn team(team: &Team) -> Json {
    match team {
        Team::State(state) => Json::Object(vec![("state", text(state))]),
        Team::Secretariat(id) => Json::Object(vec![("secretariat", text(id))]),
        Team::AllParties => "all-parties".into(),
    }
}

/// The id of a key that others wrap to: the key itself has 1,216 bytes and says nothing to people.
fn x_wing(key: &[u8]) -> Json {
    text(key_id(KeyAlgorithm::XWing, key))
}

const fn group(group: RegionalGroup) -> &'static str {
    match group {
        RegionalGroup::Africa => "africa",
        RegionalGroup::AsiaPacific => "asia-pacific",
        RegionalGroup::EasternEurope => "eastern-europe",
        RegionalGroup::LatinAmericaCaribbean => "latin-america-caribbean",
        RegionalGroup::WesternEuropeOthers => "western-europe-others",
    }
}

const fn stands(standing: Standing) -> &'static str {
    match standing {
        Standing::Party => "party",
        Standing::Signatory => "signatory",
    }
}
