//! The directory, and the opening of reviews.

use bytes::Bytes;
use chancery_client::identity::Identity;
use chancery_core::act::{
    AdmitPerson, AdmitState, CertifyStateKey, FoundDirectory, NewTeamGeneration, OpenChannel, OpenReview,
    Opening, RegionalGroup, Reviewer, Role, ShareTeam, Standing, Statement, Team,
};
use chancery_core::error::Reason;
use chancery_core::id::{ChannelId, Digest, KeyId};
use chancery_core::limits::RECIPIENTS_MAX;
use chancery_core::mechanism::Language;
use chancery_core::name::{directory_channel, publication_channel};
use chancery_core::state::Place;
use chancery_seal::sign::SigningKey;
use chancery_tests::stage::{At, Stage};
use chancery_tests::{instrument, log, person, random, state};

use super::{Row, after, row};

fn admit_state(code: &str, standings: &[(&str, Standing)]) -> Statement {
    let standings = standings.iter().map(|(code, standing)| (instrument(code), *standing)).collect();
    Statement::AdmitState(AdmitState { state: state(code), group: RegionalGroup::Africa, standings })
}

/// As the root admits: with the newcomer's own proof of possession and no State's word.
fn admission(stage: &Stage, newcomer: &Identity, role: Role, of: Option<&str>) -> AdmitPerson {
    let keys = newcomer.public_keys();
    AdmitPerson {
        keys_bytes: Bytes::from(keys.encode()),
        keys,
        possession: newcomer.possession(&stage.all.root.key_id()),
        role,
        state: of.map(state),
        instruments: Vec::new(),
        secretariat_team: (role == Role::Officer).then_some(stage.all.team),
        membership: None,
        expires_ms: None,
    }
}

/// Admits by a focal point, with the word of the key that the stage has for the State.
fn admit(stage: &mut Stage, newcomer: &Identity, by: &str, of: &str) -> Result<(), Reason> {
    let focal = Some(&stage.people[by]);
    stage.all.admit(newcomer, Role::Expert, Some((state(of), focal)), &["firearms"])
}

fn admit_by_root(stage: &mut Stage, admission: AdmitPerson) -> Result<(), Reason> {
    stage.directory("root", Statement::AdmitPerson(admission))
}

/// A review of Chile by Kenya on firearms, as `change` leaves it, in a channel of this id.
fn open(stage: &mut Stage, id: ChannelId, change: impl FnOnce(&mut OpenReview)) -> Result<(), Reason> {
    let mut opening = OpenReview {
        state: state("CL"),
        instruments: vec![instrument("firearms")],
        reviewers: vec![Reviewer { state: state("KE"), instruments: vec![instrument("firearms")] }],
        secretariat_team: stage.all.team,
        languages: vec![Language::En],
    };
    change(&mut opening);
    let kept = stage.logs.insert(At::Other, log(id, Place::Review));
    let opened = stage.act("officer", At::Other, Statement::OpenReview(opening)).map(drop);
    stage.logs.remove(&At::Other);
    assert!(kept.is_none());
    opened
}

fn open_channel(stage: &mut Stage, who: &str, channel: ChannelId, opening: Opening) -> Result<(), Reason> {
    stage.act(who, At::Review, Statement::OpenChannel(OpenChannel { channel, opening })).map(drop)
}

fn team_generation(
    stage: &mut Stage,
    who: &str,
    team: Team,
    change: impl FnOnce(&mut NewTeamGeneration),
) -> Result<(), Reason> {
    let (statement, _) = stage.team_generation(team);
    let Statement::NewTeamGeneration(mut generation) = statement else { unreachable!() };
    change(&mut generation);
    stage.directory(who, Statement::NewTeamGeneration(generation))
}

pub(super) fn rows() -> Vec<Row> {
    [roots(), admissions(), removals(), teams(), envelopes(), reviews()].into_iter().flatten().collect()
}

fn roots() -> Vec<Row> {
    use Reason::{AlreadyThere, NoSuchSubject, NotGenesis, OutsideMechanism, RootOnly, WrongGeneration};
    let found = |stage: &Stage| {
        Statement::FoundDirectory(FoundDirectory {
            root_key: stage.all.root.public(),
            mechanism: Digest::of(b"another mechanism"),
            log_key: [1; 32],
            server_tls_key: KeyId::new([2; 32]),
            custodian_tls_key: KeyId::new([3; 32]),
            second: None,
        })
    };
    let certify = |code: &str, generation| {
        let key = SigningKey::make().unwrap().public();
        Statement::CertifyStateKey(CertifyStateKey { state: state(code), key, generation })
    };
    vec![
        row(NotGenesis, "the directory is founded again", move |s| s.directory("root", found(s))),
        row(RootOnly, "an officer admits a State", |s| s.directory("officer", admit_state("BR", &[]))),
        row(RootOnly, "a focal point certifies a State key", move |s| s.directory("chile", certify("CL", 0))),
        row(AlreadyThere, "a State twice", |s| s.directory("root", admit_state("CL", &[]))),
        row(AlreadyThere, "a second State key", move |s| s.directory("root", certify("CL", 0))),
        row(NoSuchSubject, "a key of no State", move |s| s.directory("root", certify("BR", 0))),
        after(NoSuchSubject, "a key of a State without a focal point", move |s| {
            s.directory("root", admit_state("BR", &[])).unwrap();
            Box::new(move |s| s.directory("root", certify("BR", 0)))
        }),
        row(OutsideMechanism, "a standing towards no instrument of the mechanism", |s| {
            s.directory("root", admit_state("BR", &[("nuclear", Standing::Party)]))
        }),
        after(WrongGeneration, "a State's first key is not its first", move |s| {
            s.directory("root", admit_state("BR", &[])).unwrap();
            let focal = admission(s, &person(), Role::FocalPoint, Some("BR"));
            admit_by_root(s, focal).unwrap();
            Box::new(move |s| s.directory("root", certify("BR", 1)))
        }),
    ]
}

fn admissions() -> Vec<Row> {
    use Reason::{
        AlreadyThere, BadPossession, BadStatement, FocalPointRequired, NotEntitled, ObserverReadsOnly,
        OutsideMechanism, TooManyReaders,
    };
    let with_tls = |byte| Identity::make(KeyId::new([byte; 32])).unwrap();
    vec![
        row(BadStatement, "a focal point admits a focal point without the State's word", |s| {
            let act = admission(s, &person(), Role::FocalPoint, Some("CL"));
            s.directory("chile", Statement::AdmitPerson(act))
        }),
        row(FocalPointRequired, "the root admits an expert", |s| {
            let act = admission(s, &person(), Role::Expert, Some("CL"));
            admit_by_root(s, act)
        }),
        row(FocalPointRequired, "an expert admits", |s| admit(s, &person(), "expert", "CL")),
        row(ObserverReadsOnly, "an observer admits", |s| admit(s, &person(), "observer", "CL")),
        row(NotEntitled, "Chile admits a person of Kenya", |s| admit(s, &person(), "chile", "KE")),
        row(NotEntitled, "a focal point of a State that is not there", |s| {
            let act = admission(s, &person(), Role::FocalPoint, Some("BR"));
            admit_by_root(s, act)
        }),
        row(NotEntitled, "an officer of a State", |s| {
            let act = admission(s, &person(), Role::Officer, Some("CL"));
            admit_by_root(s, act)
        }),
        row(BadPossession, "keys that another device signed", |s| {
            let mut act = admission(s, &person(), Role::FocalPoint, Some("CL"));
            act.possession = person().possession(&s.all.root.key_id());
            admit_by_root(s, act)
        }),
        after(BadStatement, "the word of a key that is not the State's", |s| {
            s.all.state_keys.insert(state("CL"), SigningKey::make().unwrap());
            Box::new(|s| admit(s, &person(), "chile", "CL"))
        }),
        row(BadStatement, "no word of the State", |s| {
            let mut act = admission(s, &person(), Role::Expert, Some("CL"));
            act.instruments = vec![instrument("firearms")];
            s.directory("chile", Statement::AdmitPerson(act))
        }),
        row(OutsideMechanism, "an expert of no instrument", |s| {
            let act = admission(s, &person(), Role::Expert, Some("CL"));
            s.directory("chile", Statement::AdmitPerson(act))
        }),
        row(AlreadyThere, "a person twice", |s| {
            let Stage { all, people, .. } = s;
            let focal = Some((state("CL"), Some(&people["chile"])));
            all.admit(&people["expert"], Role::Expert, focal, &["firearms"])
        }),
        row(AlreadyThere, "the server's TLS key", move |s| {
            let act = admission(s, &with_tls(8), Role::FocalPoint, Some("CL"));
            admit_by_root(s, act)
        }),
        row(AlreadyThere, "the custodians' TLS key", move |s| {
            let act = admission(s, &with_tls(9), Role::FocalPoint, Some("CL"));
            admit_by_root(s, act)
        }),
        after(TooManyReaders, "more people of a State than a key can be wrapped to", |s| {
            let there = s.all.directory.now(s.all.now_ms).team_recipients(&Team::State(state("CL"))).len();
            for _ in there..RECIPIENTS_MAX {
                admit(s, &person(), "chile", "CL").unwrap();
            }
            Box::new(|s| admit(s, &person(), "chile", "CL"))
        }),
    ]
}

fn removals() -> Vec<Row> {
    use Reason::{FocalPointRequired, LastFocalPoint, NoSuchSubject, NotEntitled, RootOnly, UnknownDevice};
    let remove = |s: &mut Stage, by: &str, whom: &str| {
        let user = s.people[whom].user;
        s.directory(by, Statement::RemovePerson(user))
    };
    vec![
        row(NotEntitled, "Kenya removes Chile's expert", move |s| remove(s, "kenya", "expert")),
        row(LastFocalPoint, "the only focal point removes itself", move |s| remove(s, "chile", "chile")),
        row(RootOnly, "an officer removes a person", move |s| remove(s, "officer", "expert")),
        row(FocalPointRequired, "an expert removes an observer", move |s| remove(s, "expert", "observer")),
        after(NoSuchSubject, "a person is removed twice", move |s| {
            remove(s, "chile", "expert").unwrap();
            Box::new(move |s| remove(s, "chile", "expert"))
        }),
        after(UnknownDevice, "one who has left makes a team's key", move |s| {
            remove(s, "root", "deputy").unwrap();
            Box::new(|s| s.new_team("deputy"))
        }),
    ]
}

fn teams() -> Vec<Row> {
    use Reason::{
        AlreadyThere, FocalPointRequired, NoSuchSubject, NotEntitled, OfficerOnly, WrongGeneration,
        WrongRecipients,
    };
    let chile = Team::State(state("CL"));
    let share =
        |stage: &mut Stage, who: &str, act: ShareTeam| stage.directory(who, Statement::ShareTeam(act));
    vec![
        row(OfficerOnly, "the root makes a team's key", move |s| team_generation(s, "root", chile, |_| ())),
        row(OfficerOnly, "a focal point makes the secretariat's", |s| s.new_team("chile")),
        row(OfficerOnly, "a focal point makes that of all parties", |s| {
            let secretariat = Team::Secretariat(s.all.team);
            team_generation(s, "chile", secretariat, |act| act.team = Team::AllParties)
        }),
        row(FocalPointRequired, "an expert makes the State's", move |s| {
            team_generation(s, "expert", chile, |_| ())
        }),
        row(NotEntitled, "Kenya makes Chile's", move |s| team_generation(s, "kenya", chile, |_| ())),
        row(AlreadyThere, "two teams with one key", move |s| {
            let taken = Bytes::copy_from_slice(s.all.team_kem.public());
            team_generation(s, "chile", chile, |act| act.kem = taken)
        }),
        row(AlreadyThere, "a team with a person's key", move |s| {
            let taken = Bytes::copy_from_slice(s.people["kenya"].user_kem.public());
            team_generation(s, "chile", chile, |act| act.kem = taken)
        }),
        row(WrongRecipients, "one of the team is left out", move |s| {
            team_generation(s, "chile", chile, |act| act.recipients.key_ids.truncate(1))
        }),
        row(WrongRecipients, "one more than the team", move |s| {
            let japan = s.people["japan"].user_kem.key_id();
            team_generation(s, "chile", chile, |act| {
                act.recipients.key_ids.push(japan);
                act.recipients.key_ids.sort_unstable();
            })
        }),
        row(WrongRecipients, "a first generation with a previous one", move |s| {
            team_generation(s, "chile", chile, |act| act.previous_box = Some(Digest::of(b"none")))
        }),
        row(WrongGeneration, "a generation is left out", |s| {
            let secretariat = Team::Secretariat(s.all.team);
            team_generation(s, "officer", secretariat, |act| act.generation += 1)
        }),
        row(NoSuchSubject, "a key that a team does not have is shared", move |s| {
            let act = s.share_team(chile, "expert");
            share(s, "chile", act)
        }),
        row(WrongGeneration, "an earlier generation is shared", move |s| {
            let mut act = s.share_team(Team::Secretariat(s.all.team), "deputy");
            act.generation -= 1;
            share(s, "officer", act)
        }),
        row(WrongRecipients, "the secretariat's key is shared with a State", move |s| {
            let act = s.share_team(Team::Secretariat(s.all.team), "chile");
            share(s, "officer", act)
        }),
    ]
}

fn envelopes() -> Vec<Row> {
    use Reason::{BadBasis, BadSeen, OtherChannel, StaleEpoch, UnknownDevice, WrongChannel, WrongSigner};
    let leave = |s: &Stage| Statement::RemovePerson(s.people["expert"].user);
    vec![
        row(OtherChannel, "an act for another channel", move |s| {
            s.directory_with("chile", leave(s), |at| at.channel = random())
        }),
        row(BadSeen, "a directory that never was", move |s| {
            s.directory_with("chile", leave(s), |at| at.seen.root = Digest::of(b"another history"))
        }),
        row(BadBasis, "a basis in the directory", move |s| {
            let basis = s.standpoint("chile", At::Review).basis;
            s.directory_with("chile", leave(s), |at| at.basis = basis)
        }),
        row(StaleEpoch, "an epoch in the directory", move |s| {
            s.directory_with("chile", leave(s), |at| at.epoch = 1)
        }),
        row(WrongSigner, "an act in another's name", move |s| {
            let kenya = s.people["kenya"].author();
            s.directory_with("chile", leave(s), |at| at.author = kenya)
        }),
        row(WrongSigner, "an act in the root's name", move |s| {
            s.directory_with("chile", leave(s), |at| at.author = chancery_core::act::Author::Root)
        }),
        row(UnknownDevice, "an act of nobody", move |s| {
            let nobody = person().author();
            s.directory_with("chile", leave(s), |at| at.author = nobody)
        }),
        row(WrongChannel, "a channel's act in the directory", |s| {
            let user = s.people["expert"].user;
            s.directory("chile", Statement::RemoveMember(user))
        }),
    ]
}

fn reviews() -> Vec<Row> {
    use Reason::{AlreadyThere, NotAMember, NotGenesis, NotParty, OfficerOnly, OutsideMechanism};
    let reviewer = |code: &str| Reviewer { state: state(code), instruments: vec![instrument("firearms")] };
    let kenya = || Opening::Delegation(state("KE"));
    let mut rows = vec![
        row(OutsideMechanism, "no instrument", |s| open(s, random(), |act| act.instruments.clear())),
        row(OutsideMechanism, "an instrument of another mechanism", |s| {
            open(s, random(), |act| act.instruments = vec![instrument("nuclear")])
        }),
        row(OutsideMechanism, "no language", |s| open(s, random(), |act| act.languages.clear())),
        row(OutsideMechanism, "four languages", |s| {
            open(s, random(), |act| act.languages = Language::ALL[..4].to_vec())
        }),
        row(OutsideMechanism, "no reviewing State", |s| open(s, random(), |act| act.reviewers.clear())),
        row(OutsideMechanism, "a State reviews itself", move |s| {
            open(s, random(), |act| act.reviewers = vec![reviewer("CL")])
        }),
        row(OutsideMechanism, "five reviewing States", move |s| {
            open(s, random(), |act| act.reviewers = ["AR", "BR", "JP", "KE", "PT"].map(reviewer).to_vec())
        }),
        row(OutsideMechanism, "a reviewer drawn for what is not reviewed", |s| {
            open(s, random(), |act| act.reviewers[0].instruments = vec![instrument("untoc")])
        }),
        row(NotParty, "a State that is not there is reviewed", |s| {
            open(s, random(), |act| act.state = state("BR"))
        }),
        after(NotParty, "a State without a standing is reviewed", |s| {
            s.directory("root", admit_state("BR", &[("untoc", Standing::Party)])).unwrap();
            Box::new(|s| open(s, random(), |act| act.state = state("BR")))
        }),
        after(NotParty, "a signatory reviews", move |s| {
            s.directory("root", admit_state("BR", &[("firearms", Standing::Signatory)])).unwrap();
            Box::new(move |s| open(s, random(), |act| act.reviewers = vec![reviewer("BR")]))
        }),
        row(NotAMember, "an officer opens another team's review", |s| {
            open(s, random(), |act| act.secretariat_team = random())
        }),
        row(NotGenesis, "a review is opened twice", |s| {
            let opening = s.roster().0.clone();
            s.act("officer", At::Review, Statement::OpenReview(opening)).map(drop)
        }),
        row(OfficerOnly, "a focal point opens a channel", move |s| {
            open_channel(s, "chile", random(), kenya())
        }),
        row(OutsideMechanism, "a strand on what is not reviewed", |s| {
            open_channel(s, "officer", random(), Opening::Strand(instrument("som")))
        }),
        row(OutsideMechanism, "a delegation of a State outside", |s| {
            open_channel(s, "officer", random(), Opening::Delegation(state("JP")))
        }),
        row(AlreadyThere, "a second strand on one instrument", |s| {
            open_channel(s, "officer", random(), Opening::Strand(instrument("firearms")))
        }),
        row(AlreadyThere, "a channel under the id of another", move |s| {
            let id = s.logs[&At::Strand].channel.id;
            open_channel(s, "officer", id, kenya())
        }),
        row(AlreadyThere, "a channel under the id of its review", move |s| {
            let id = s.logs[&At::Review].channel.id;
            open_channel(s, "officer", id, kenya())
        }),
    ];
    let well_known: [fn(&KeyId) -> ChannelId; 3] = [
        directory_channel,
        |root| publication_channel(root, chancery_core::act::Audience::AllParties),
        |root| publication_channel(root, chancery_core::act::Audience::Public),
    ];
    for id in well_known {
        rows.push(row(AlreadyThere, "a channel under a well-known id", move |s| {
            let id = id(&s.all.root.key_id());
            open_channel(s, "officer", id, kenya())
        }));
        rows.push(row(AlreadyThere, "a review under a well-known id", move |s| {
            let id = id(&s.all.root.key_id());
            open(s, id, |_| ())
        }));
    }
    rows
}
