//! Focal points who come and go, States that leave, and what a second custodian is for.

use bytes::Bytes;
use chancery_client::compose::Signer;
use chancery_core::act::{
    AdmitPerson, AmendReview, AmendState, AnnounceReplacement, CompleteReplacement, Membership,
    ObjectToReplacement, Objection, Recipients, Reseat, Reviewer, Role, ShareEpoch, SignedStatement,
    StateStatement, Statement, Team,
};
use chancery_core::error::Reason;
use chancery_core::id::{ActId, Digest, InstrumentCode};
use chancery_core::limits::REPLACEMENT_DELAY_MS;
use chancery_core::mechanism::ItemKind;
use chancery_seal::sign::SigningKey;
use chancery_tests::stage::{At, NOW_MS, Stage, What};
use chancery_tests::{instrument, person, random, state};

use super::{Row, after, row};

/// The word of Chile's key for a person.
fn membership(
    stage: &Stage,
    role: Role,
    instruments: Vec<InstrumentCode>,
    keys: Digest,
    expires_ms: Option<u64>,
) -> SignedStatement {
    let word = Membership { state: state("CL"), role, instruments, keys, expires_ms };
    let root = stage.all.root.key_id();
    Signer { key: stage.state_key("CL"), root: &root }.statement(&StateStatement::Membership(word)).unwrap()
}

/// A further focal point of Chile, admitted with the word of its key, as `change` leaves it.
fn admit(stage: &mut Stage, by: &str, change: impl FnOnce(&mut AdmitPerson)) -> Result<(), Reason> {
    let newcomer = person();
    let keys = newcomer.public_keys();
    let keys_bytes = Bytes::from(keys.encode());
    let word = membership(stage, Role::FocalPoint, Vec::new(), Digest::of(&keys_bytes), None);
    let mut act = AdmitPerson {
        keys,
        keys_bytes,
        possession: newcomer.possession(&stage.all.root.key_id()),
        role: Role::FocalPoint,
        state: Some(state("CL")),
        instruments: Vec::new(),
        secretariat_team: None,
        membership: Some(word),
        expires_ms: None,
    };
    change(&mut act);
    stage.directory(by, Statement::AdmitPerson(act))?;
    stage.people.insert("successor", newcomer);
    Ok(())
}

/// Another seat for a person of Chile, with the word of its key.
fn reseat(
    stage: &mut Stage,
    by: &str,
    of: &str,
    role: Role,
    (instruments, expires_ms): (&[&str], Option<u64>),
) -> Result<(), Reason> {
    let user = stage.people[of].user;
    let instruments: Vec<InstrumentCode> = instruments.iter().map(|code| instrument(code)).collect();
    let certified = stage.all.directory.record(&user).unwrap().certified;
    let membership = membership(stage, role, instruments.clone(), certified, expires_ms);
    stage.directory(by, Statement::Reseat(Reseat { user, role, instruments, expires_ms, membership }))
}

/// Announces that Chile's focal points and key are to be replaced.
fn announce(stage: &mut Stage, by: &str) -> Result<(), Reason> {
    let newcomer = person();
    let keys = newcomer.public_keys();
    let act = AnnounceReplacement {
        state: state("CL"),
        keys_bytes: Bytes::from(keys.encode()),
        keys,
        possession: newcomer.possession(&stage.all.root.key_id()),
        key: SigningKey::make().unwrap().public(),
    };
    stage.directory(by, Statement::AnnounceReplacement(act))?;
    stage.people.insert("successor", newcomer);
    Ok(())
}

fn complete(
    stage: &mut Stage,
    by: &str,
    change: impl FnOnce(&mut CompleteReplacement),
) -> Result<(), Reason> {
    let now = stage.all.directory.now(stage.all.now_ms);
    let pending = now.replacement(&state("CL")).unwrap();
    let generation = now.state_key(&state("CL")).unwrap().generation + 1;
    let (announcement, key) = (pending.act, pending.key);
    let mut act = CompleteReplacement { announcement, state: state("CL"), key, generation };
    change(&mut act);
    stage.directory(by, Statement::CompleteReplacement(act))
}

fn object(stage: &mut Stage, by: &str, key: &str) -> Result<(), Reason> {
    let now = stage.all.directory.now(stage.all.now_ms);
    let announcement = now.replacement(&state("CL")).unwrap().act;
    let word = Objection { state: state("CL"), announcement };
    let root = stage.all.root.key_id();
    let signer = Signer { key: stage.state_key(key), root: &root };
    let objection = signer.statement(&StateStatement::Objection(word)).unwrap();
    stage.directory(by, Statement::ObjectToReplacement(ObjectToReplacement { announcement, objection }))
}

/// Chile's team has a key, and its only focal point, who held it, was replaced without a word.
fn replaced(stage: &mut Stage) {
    let (statement, _) = stage.team_generation(Team::State(state("CL")));
    stage.directory("chile", statement).unwrap();
    announce(stage, "root").unwrap();
    three_days_later(stage);
    complete(stage, "root", |_| ()).unwrap();
}

/// The next key of Chile's team, with or without the box of the one before.
fn boxed_team(stage: &mut Stage, by: &str, boxed: bool) -> Result<(), Reason> {
    let (Statement::NewTeamGeneration(mut act), _) = stage.team_generation(Team::State(state("CL"))) else {
        unreachable!()
    };
    act.previous_box = boxed.then(|| Digest::of(b"the box of the previous seed"));
    stage.directory(by, Statement::NewTeamGeneration(act))
}

/// The time after which an announced replacement may be completed.
fn three_days_later(stage: &mut Stage) {
    stage.all.now_ms += REPLACEMENT_DELAY_MS;
}

pub(super) fn rows() -> Vec<Row> {
    [seats(), ends(), replacements(), states(), wraps_again()].into_iter().flatten().collect()
}

fn seats() -> Vec<Row> {
    use Reason::{
        BadStatement, FocalPointRequired, LastFocalPoint, NotEntitled, OutsideMechanism, SeatTaken,
    };
    vec![
        row(SeatTaken, "the root seats a second focal point", |s| {
            admit(s, "root", |act| act.membership = None)
        }),
        after(SeatTaken, "the root seats one after the only one has left", |s| {
            let user = s.people["chile"].user;
            s.directory("root", Statement::RemovePerson(user)).unwrap();
            Box::new(|s| admit(s, "root", |act| act.membership = None))
        }),
        row(NotEntitled, "Kenya seats a focal point of Chile", |s| admit(s, "kenya", |_| ())),
        row(BadStatement, "a focal point without the State's word", |s| {
            admit(s, "chile", |act| act.membership = None)
        }),
        row(OutsideMechanism, "a focal point for one instrument", |s| {
            admit(s, "chile", |act| act.instruments = vec![instrument("untoc")])
        }),
        row(LastFocalPoint, "the only focal point leaves", |s| {
            let user = s.people["chile"].user;
            s.directory("chile", Statement::RemovePerson(user))
        }),
        after(LastFocalPoint, "a focal point leaves to one who was not handed the State's key", |s| {
            admit(s, "chile", |_| ()).unwrap();
            let user = s.people["chile"].user;
            Box::new(move |s| s.directory("chile", Statement::RemovePerson(user)))
        }),
        row(LastFocalPoint, "the only focal point becomes an expert", |s| {
            reseat(s, "chile", "chile", Role::Expert, (&["untoc"], None))
        }),
        row(LastFocalPoint, "the only focal point gets an end", |s| {
            reseat(s, "chile", "chile", Role::FocalPoint, (&[], Some(NOW_MS + 1)))
        }),
        row(NotEntitled, "Kenya reseats Chile's expert", |s| {
            reseat(s, "kenya", "expert", Role::Expert, (&["untoc"], None))
        }),
        row(FocalPointRequired, "an expert takes other instruments", |s| {
            reseat(s, "expert", "expert", Role::Expert, (&["untoc"], None))
        }),
        row(OutsideMechanism, "nobody becomes an officer by a State's word", |s| {
            reseat(s, "chile", "expert", Role::Officer, (&[], None))
        }),
        after(BadStatement, "an expert makes itself the focal point without the State's key", |s| {
            s.all.state_keys.insert(state("CL"), SigningKey::make().unwrap());
            Box::new(|s| reseat(s, "expert", "expert", Role::FocalPoint, (&[], None)))
        }),
    ]
}

fn ends() -> Vec<Row> {
    use Reason::{OwnEnd, PastEnd, UnknownDevice};
    let own = |role, instruments: &'static [&'static str], end: Option<u64>| {
        move |s: &mut Stage| {
            reseat(s, "chile", "expert", Role::FocalPoint, (&[], Some(NOW_MS + 10))).unwrap();
            let attempt: super::Attempt =
                Box::new(move |s| reseat(s, "expert", "expert", role, (instruments, end)));
            attempt
        }
    };
    vec![
        row(PastEnd, "an end that has come already", |s| {
            admit(s, "chile", |act| act.expires_ms = Some(NOW_MS))
        }),
        after(UnknownDevice, "a focal point whose time is over", |s| {
            let end = NOW_MS + 10;
            reseat(s, "chile", "expert", Role::FocalPoint, (&[], Some(end))).unwrap();
            s.all.now_ms = end;
            Box::new(|s| s.post("expert", At::Strand, What::new(ItemKind::Clarification)).map(drop))
        }),
        after(OwnEnd, "a focal point for a time stays for good", own(Role::FocalPoint, &[], None)),
        after(OwnEnd, "or for longer", own(Role::FocalPoint, &[], Some(NOW_MS + 11))),
        after(OwnEnd, "or as an expert", own(Role::Expert, &["untoc"], None)),
    ]
}

fn replacements() -> Vec<Row> {
    use Reason::{
        AlreadyThere, BadStatement, FocalPointRequired, NoSuchSubject, RootOnly, SecondCustodianRequired,
        TooSoon, WrongGeneration, WrongRecipients,
    };
    vec![
        row(RootOnly, "a focal point announces a replacement", |s| announce(s, "chile")),
        after(TooSoon, "it is completed a millisecond too early", |s| {
            announce(s, "root").unwrap();
            s.all.now_ms += REPLACEMENT_DELAY_MS - 1;
            Box::new(|s| complete(s, "root", |_| ()))
        }),
        after(TooSoon, "another announcement counts from itself", |s| {
            announce(s, "root").unwrap();
            s.all.now_ms += REPLACEMENT_DELAY_MS - 1;
            announce(s, "root").unwrap();
            s.all.now_ms += 1;
            Box::new(|s| complete(s, "root", |_| ()))
        }),
        after(NoSuchSubject, "with another key than was announced", |s| {
            announce(s, "root").unwrap();
            three_days_later(s);
            Box::new(|s| complete(s, "root", |act| act.key = SigningKey::make().unwrap().public()))
        }),
        after(NoSuchSubject, "of another announcement", |s| {
            announce(s, "root").unwrap();
            three_days_later(s);
            Box::new(|s| complete(s, "root", |act| act.announcement = random::<ActId>()))
        }),
        after(WrongGeneration, "as another generation", |s| {
            announce(s, "root").unwrap();
            three_days_later(s);
            Box::new(|s| complete(s, "root", |act| act.generation += 1))
        }),
        after(WrongRecipients, "a successor boxes a team's key that it never opened", |s| {
            replaced(s);
            Box::new(|s| boxed_team(s, "successor", true))
        }),
        after(WrongRecipients, "and leaves out the box of one that it opens", |s| {
            replaced(s);
            boxed_team(s, "successor", false).unwrap();
            Box::new(|s| boxed_team(s, "successor", false))
        }),
        after(SecondCustodianRequired, "against an objection, by one custodian", |s| {
            announce(s, "root").unwrap();
            object(s, "chile", "CL").unwrap();
            three_days_later(s);
            Box::new(|s| complete(s, "root", |_| ()))
        }),
        after(SecondCustodianRequired, "nor is it wiped by another announcement", |s| {
            announce(s, "root").unwrap();
            object(s, "chile", "CL").unwrap();
            announce(s, "root").unwrap();
            three_days_later(s);
            Box::new(|s| complete(s, "root", |_| ()))
        }),
        after(BadStatement, "an objection under another State's key", |s| {
            announce(s, "root").unwrap();
            Box::new(|s| object(s, "chile", "KE"))
        }),
        after(FocalPointRequired, "an expert objects", |s| {
            announce(s, "root").unwrap();
            Box::new(|s| object(s, "expert", "CL"))
        }),
        after(AlreadyThere, "an objection twice", |s| {
            announce(s, "root").unwrap();
            object(s, "chile", "CL").unwrap();
            Box::new(|s| object(s, "chile", "CL"))
        }),
    ]
}

fn states() -> Vec<Row> {
    use Reason::{NoSuchSubject, NotAMember, NotParty, OfficerOnly, OutsideMechanism, RootOnly, StaleEpoch};
    let firearms = |code: &str| Reviewer { state: state(code), instruments: vec![instrument("firearms")] };
    let amend = move |s: &mut Stage, by: &str, reviewers: Vec<Reviewer>| {
        s.act(by, At::Review, Statement::AmendReview(AmendReview { reviewers })).map(drop)
    };
    vec![
        row(RootOnly, "an officer amends a State's standing", |s| {
            let act = AmendState { state: state("CL"), standings: Vec::new() };
            s.directory("officer", Statement::AmendState(act))
        }),
        row(NoSuchSubject, "the standing of a State that is not there", |s| {
            let act = AmendState { state: state("BR"), standings: Vec::new() };
            s.directory("root", Statement::AmendState(act))
        }),
        row(OfficerOnly, "a focal point amends the reviewing States", move |s| {
            amend(s, "chile", vec![firearms("KE")])
        }),
        row(OutsideMechanism, "no reviewing State is left", move |s| amend(s, "officer", Vec::new())),
        row(OutsideMechanism, "a State reviews itself from now on", move |s| {
            amend(s, "officer", vec![firearms("CL")])
        }),
        after(NotParty, "a State that is party to nothing any more reviews", move |s| {
            let act = AmendState { state: state("JP"), standings: Vec::new() };
            s.directory("root", Statement::AmendState(act)).unwrap();
            Box::new(move |s| amend(s, "officer", vec![firearms("JP"), firearms("KE")]))
        }),
        after(NotAMember, "a State that does not review any more writes", move |s| {
            amend(s, "officer", vec![firearms("KE")]).unwrap();
            Box::new(|s| s.post("portugal", At::Strand, What::new(ItemKind::Clarification)).map(drop))
        }),
        after(StaleEpoch, "and the others write under the key that it knows", move |s| {
            amend(s, "officer", vec![firearms("KE")]).unwrap();
            Box::new(|s| s.post("kenya", At::Strand, What::new(ItemKind::Clarification)).map(drop))
        }),
    ]
}

fn wraps_again() -> Vec<Row> {
    use Reason::{AlreadyThere, NoSuchSubject, ObserverReadsOnly, SecretariatReadsOnly, WrongRecipients};
    fn share(s: &mut Stage, by: &str, with: &str, wrapped_to: &str) -> Result<(), Reason> {
        let key_ids = vec![s.people[wrapped_to].user_kem.key_id()];
        let recipients = Recipients { key_ids, wraps_root: Digest::of(b"wrap") };
        let act = ShareEpoch { user: s.people[with].user, recipients };
        s.act(by, At::Strand, Statement::ShareEpoch(act)).map(drop)
    }
    vec![
        row(AlreadyThere, "the secret for one who holds it", |s| share(s, "kenya", "expert", "expert")),
        row(NoSuchSubject, "the secret for one who is no member", |s| share(s, "kenya", "japan", "japan")),
        row(SecretariatReadsOnly, "by the secretariat", |s| share(s, "officer", "expert", "expert")),
        row(ObserverReadsOnly, "by an observer", |s| share(s, "observer", "expert", "expert")),
        after(WrongRecipients, "under another's key", |s| {
            // The expert has a new key, and the epoch was made before.
            super::keys::new_user_key(s, "expert", |_| ()).unwrap();
            s.rotate_to("chile", At::Strand, |_, _| ()).map(drop).unwrap();
            super::keys::new_user_key(s, "observer", |_| ()).unwrap();
            s.rotate("chile", At::Strand).unwrap();
            let device = super::keys::add(s, "expert");
            super::keys::revoke(s, "expert", "expert", device).unwrap();
            s.rotate("chile", At::Strand).unwrap();
            super::keys::new_user_key(s, "expert", |_| ()).unwrap();
            Box::new(|s| share(s, "kenya", "expert", "japan"))
        }),
    ]
}
