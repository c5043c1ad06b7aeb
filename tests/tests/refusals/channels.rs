//! Epochs, members and the heads of acts.

use bytes::Bytes;
use chancery_client::compose::Signer;
use chancery_core::act::{Author, Complain, Fault, InlineWrap, NewEpoch, Recipients, Role, Statement, Team};
use chancery_core::error::Reason;
use chancery_core::id::{Digest, UserId};
use chancery_core::limits::RECIPIENTS_MAX;
use chancery_core::mechanism::ItemKind;
use chancery_core::policy::check_fresh;
use chancery_core::state::Place;
use chancery_tests::stage::{At, Stage, What, recipient};
use chancery_tests::{instrument, log, random, state};

use super::{Row, after, row};

/// The next epoch as it must be addressed, without wraps behind it, as `change` leaves it.
fn epoch(stage: &mut Stage, who: &str, at: At, change: impl FnOnce(&mut NewEpoch)) -> Result<(), Reason> {
    let (readers, team) = stage.epoch_keys(at);
    let number = stage.logs[&at].channel.epoch.as_ref().map_or(0, |epoch| epoch.number + 1);
    let mut act = NewEpoch {
        number,
        commitment: Digest::of(b"a secret"),
        previous_box: (number > 0).then(|| Digest::of(b"a box")),
        recipients: Recipients {
            key_ids: readers.iter().map(|reader| reader.id).collect(),
            wraps_root: Digest::of(b"wraps"),
        },
        secretariat: team.map(|team| InlineWrap { key_id: team.id, wrap: Bytes::from(vec![0; 1_168]) }),
    };
    change(&mut act);
    stage.act(who, at, Statement::NewEpoch(act)).map(drop)
}

fn complain(stage: &mut Stage, who: &str, at: At) -> Result<(), Reason> {
    let act_id = stage.logs[&at].channel.epoch.as_ref().unwrap().act;
    stage.act(who, at, Statement::Complain(Complain { act_id, fault: Fault::Wrap })).map(drop)
}

fn question(stage: &mut Stage, who: &str) -> Result<(), Reason> {
    stage.post(who, At::Strand, What::new(ItemKind::Clarification)).map(drop)
}

fn leave(stage: &mut Stage, by: &str, whom: &str) {
    let user = stage.people[whom].user;
    stage.directory(by, Statement::RemovePerson(user)).unwrap();
}

pub(super) fn epochs() -> Vec<Row> {
    [recipients(), beginnings(), staleness(), heads()].into_iter().flatten().collect()
}

fn recipients() -> Vec<Row> {
    use Reason::{WrongGeneration, WrongRecipients};
    vec![
        row(WrongRecipients, "one reader too many", |s| {
            let japan = recipient(&s.people["japan"].user_kem);
            s.rotate_to("chile", At::Strand, |readers, _| readers.push(japan)).map(drop)
        }),
        row(WrongRecipients, "one reader too few", |s| {
            s.rotate_to("chile", At::Strand, |readers, _| drop(readers.pop())).map(drop)
        }),
        row(WrongRecipients, "without the secretariat", |s| {
            s.rotate_to("chile", At::Strand, |_, team| *team = None).map(drop)
        }),
        row(WrongRecipients, "the secretariat's wrap to one officer", |s| {
            let officer = recipient(&s.people["officer"].user_kem);
            s.rotate_to("chile", At::Strand, |_, team| *team = Some(officer)).map(drop)
        }),
        after(WrongRecipients, "the secretariat's generation before, which a removed officer holds", |s| {
            let old = recipient(&s.all.team_kem);
            leave(s, "root", "deputy");
            s.new_team("officer").unwrap();
            Box::new(|s| s.rotate_to("chile", At::Strand, |_, team| *team = Some(old)).map(drop))
        }),
        after(WrongRecipients, "a member who was shown out", |s| {
            let expert = s.people["expert"].user;
            s.act("chile", At::Strand, Statement::RemoveMember(expert)).unwrap();
            Box::new(|s| {
                let expert = recipient(&s.people["expert"].user_kem);
                s.rotate_to("chile", At::Strand, |readers, _| readers.push(expert)).map(drop)
            })
        }),
        after(WrongRecipients, "a person who has left the directory", |s| {
            leave(s, "chile", "expert");
            Box::new(|s| {
                let expert = recipient(&s.people["expert"].user_kem);
                s.rotate_to("chile", At::Strand, |readers, _| readers.push(expert)).map(drop)
            })
        }),
        row(WrongRecipients, "the secretariat in a delegation", |s| {
            let team = recipient(&s.all.team_kem);
            s.rotate_to("chile", At::Delegation, |_, own| *own = Some(team)).map(drop)
        }),
        row(WrongRecipients, "the previous secret is not boxed", |s| {
            epoch(s, "chile", At::Strand, |act| act.previous_box = None)
        }),
        row(WrongRecipients, "a first epoch boxes one before it", |s| {
            epoch(s, "chile", At::Untoc, |act| act.previous_box = Some(Digest::of(b"none")))
        }),
        row(WrongGeneration, "the epoch there is", |s| epoch(s, "chile", At::Strand, |act| act.number -= 1)),
        row(WrongGeneration, "an epoch is left out", |s| {
            epoch(s, "chile", At::Strand, |act| act.number += 1)
        }),
    ]
}

fn beginnings() -> Vec<Row> {
    use Reason::{NotAMember, NotGenesis, ObserverReadsOnly, SecretariatReadsOnly};
    vec![
        row(NotGenesis, "a reviewing State begins a strand", |s| s.rotate("kenya", At::Untoc).map(drop)),
        row(SecretariatReadsOnly, "the secretariat begins a strand", |s| {
            s.rotate("officer", At::Untoc).map(drop)
        }),
        row(NotAMember, "an expert begins a strand", |s| s.rotate("expert", At::Untoc).map(drop)),
        row(NotAMember, "a State drawn for another instrument", |s| {
            s.rotate("portugal", At::Untoc).map(drop)
        }),
        row(NotGenesis, "a post before the first epoch", |s| {
            s.post("chile", At::Untoc, What::new(ItemKind::Clarification)).map(drop)
        }),
        after(NotGenesis, "a channel that its review has not opened", |s| {
            let review = s.logs[&At::Review].channel.id;
            let place = Place::Strand { review, instrument: instrument("firearms") };
            s.logs.insert(At::Other, log(random(), place));
            Box::new(|s| epoch(s, "chile", At::Other, |_| ()))
        }),
        after(NotGenesis, "a channel taken for another than its review has opened", |s| {
            let (review, id) = (s.logs[&At::Review].channel.id, s.logs[&At::Untoc].channel.id);
            let place = Place::Delegation { review, state: state("CL") };
            s.logs.insert(At::Other, log(id, place));
            Box::new(|s| epoch(s, "chile", At::Other, |_| ()))
        }),
        after(NotGenesis, "a focal point begins a review", |s| {
            let opening = s.roster().0.clone();
            s.logs.insert(At::Other, log(random(), Place::Review));
            s.act("officer", At::Other, Statement::OpenReview(opening)).unwrap();
            Box::new(|s| epoch(s, "chile", At::Other, |_| ()))
        }),
        row(SecretariatReadsOnly, "the secretariat rotates a strand", |s| {
            s.rotate("officer", At::Strand).map(drop)
        }),
        row(ObserverReadsOnly, "an observer rotates", |s| s.rotate("observer", At::Strand).map(drop)),
    ]
}

fn staleness() -> Vec<Row> {
    use Reason::{EpochSuspended, StaleBasis, StaleEpoch, StaleTeam};
    let without_deputy = |s: &mut Stage| leave(s, "root", "deputy");
    vec![
        after(StaleEpoch, "a post under an epoch that one who has left holds", |s| {
            leave(s, "chile", "expert");
            Box::new(|s| question(s, "kenya"))
        }),
        after(StaleEpoch, "a post between a member's leaving and the next epoch", |s| {
            let expert = s.people["expert"].user;
            s.act("chile", At::Strand, Statement::RemoveMember(expert)).unwrap();
            Box::new(|s| question(s, "chile"))
        }),
        after(StaleEpoch, "one shown out is brought back under the epoch that is to end", |s| {
            let expert = s.people["expert"].user;
            s.act("chile", At::Strand, Statement::RemoveMember(expert)).unwrap();
            Box::new(|s| s.join("chile", At::Strand, "expert"))
        }),
        after(StaleEpoch, "a post after the secretariat's key has changed", |s| {
            s.new_team("officer").unwrap();
            Box::new(|s| question(s, "chile"))
        }),
        after(StaleTeam, "a post while a removed officer knows the team's key", move |s| {
            without_deputy(s);
            Box::new(|s| question(s, "chile"))
        }),
        after(StaleTeam, "a new epoch to a key that a removed officer knows", move |s| {
            without_deputy(s);
            let key = recipient(&s.all.team_kem);
            Box::new(|s| s.rotate_to("chile", At::Strand, |_, team| *team = Some(key)).map(drop))
        }),
        after(StaleTeam, "the team's key was shared with one who has left", |s| {
            s.people.insert("third", chancery_tests::person());
            s.all.admit(&s.people["third"], Role::Officer, None, &[]).unwrap();
            let act = s.share_team(Team::Secretariat(s.all.team), "third");
            s.directory("officer", Statement::ShareTeam(act)).unwrap();
            question(s, "chile").unwrap();
            leave(s, "root", "third");
            Box::new(|s| question(s, "chile"))
        }),
        after(EpochSuspended, "a post after a complaint", |s| {
            complain(s, "officer", At::Strand).unwrap();
            Box::new(|s| question(s, "kenya"))
        }),
        after(EpochSuspended, "a new member after a complaint", |s| {
            s.enrol("second", Role::Expert, "CL", Some("chile")).unwrap();
            complain(s, "observer", At::Strand).unwrap();
            Box::new(|s| s.join("chile", At::Strand, "second"))
        }),
        after(EpochSuspended, "the maker of the epoch makes the next", |s| {
            complain(s, "officer", At::Strand).unwrap();
            Box::new(|s| s.rotate("chile", At::Strand).map(drop))
        }),
        after(StaleBasis, "the author's basis lies behind a reader's leaving", |s| {
            let standpoint = s.standpoint("kenya", At::Strand);
            leave(s, "chile", "expert");
            Box::new(move |s| {
                let user = s.people["kenya"].user;
                let root = s.all.root.key_id();
                let signer = Signer { key: &s.people["kenya"].sign, root: &root };
                let act = signer.act(&standpoint, random(), Statement::RemoveMember(user)).unwrap();
                check_fresh(s.world(At::Strand), &s.logs[&At::Strand].channel, &act, s.all.now_ms)
            })
        }),
    ]
}

fn heads() -> Vec<Row> {
    use Reason::{
        ActIdUsed, BadBasis, BadSeen, BasisBackwards, OtherChannel, StaleEpoch, UnknownDevice, WrongChannel,
        WrongSigner,
    };
    let go = |s: &Stage| Statement::RemoveMember(s.people["observer"].user);
    let at = move |s: &mut Stage, change: &dyn Fn(&mut chancery_client::compose::Standpoint)| {
        let mut standpoint = s.standpoint("chile", At::Strand);
        change(&mut standpoint);
        let statement = go(s);
        s.act_at("chile", At::Strand, (&standpoint, random()), statement)
    };
    let another = || Digest::of(b"another history");
    vec![
        row(BadSeen, "a log that never was", move |s| at(s, &|head| head.seen.root = another())),
        row(BadSeen, "a log longer than it is", move |s| at(s, &|head| head.seen.size += 1)),
        row(BadBasis, "no basis", move |s| at(s, &|head| head.basis = None)),
        row(BadBasis, "a directory that never was", move |s| {
            at(s, &|head| head.basis.as_mut().unwrap().directory.root = another())
        }),
        row(BadBasis, "a review that never was", move |s| {
            at(s, &|head| head.basis.as_mut().unwrap().review.as_mut().unwrap().root = another())
        }),
        row(BadBasis, "no review in a strand's basis", move |s| {
            at(s, &|head| head.basis.as_mut().unwrap().review = None)
        }),
        row(BadBasis, "a review in a review's basis", |s| {
            let mut standpoint = s.standpoint("chile", At::Review);
            standpoint.basis.as_mut().unwrap().review = Some(standpoint.seen);
            let user = s.people["chile"].user;
            s.act_at("chile", At::Review, (&standpoint, random()), Statement::RemoveMember(user))
        }),
        row(StaleEpoch, "another epoch than the channel's", move |s| at(s, &|head| head.epoch += 1)),
        after(BasisBackwards, "a directory older than one used before", move |s| {
            let old = s.standpoint("chile", At::Strand).basis.unwrap();
            s.enrol("second", Role::Expert, "CL", Some("chile")).unwrap();
            question(s, "kenya").unwrap();
            Box::new(move |s| at(s, &|head| head.basis.as_mut().unwrap().directory = old.directory))
        }),
        after(BasisBackwards, "a review older than one used before", move |s| {
            let old = s.standpoint("chile", At::Strand).basis.unwrap();
            s.rotate("officer", At::Review).unwrap();
            question(s, "kenya").unwrap();
            Box::new(move |s| at(s, &|head| head.basis.as_mut().unwrap().review = old.review))
        }),
        row(OtherChannel, "an act of one channel sent to another", |s| {
            let what = What::new(ItemKind::Clarification);
            let composed = s.compose_post("kenya", At::Strand, (what, random()), None);
            let key = s.people["kenya"].sign.public();
            s.append(At::Coordination, &key, composed)
        }),
        after(ActIdUsed, "the same act again", |s| {
            let what = What::new(ItemKind::Clarification);
            let composed = s.compose_post("kenya", At::Strand, (what, random()), None);
            let key = s.people["kenya"].sign.public();
            s.append(At::Strand, &key, composed.clone()).unwrap();
            Box::new(move |s| s.append(At::Strand, &key, composed))
        }),
        row(WrongSigner, "an act in another's name", move |s| {
            let chile = s.people["chile"].author();
            let mut standpoint = s.standpoint("kenya", At::Strand);
            standpoint.author = chile;
            let statement = go(s);
            s.act_at("kenya", At::Strand, (&standpoint, random()), statement)
        }),
        after(UnknownDevice, "an act of one who has left", |s| {
            leave(s, "chile", "expert");
            Box::new(|s| question(s, "expert"))
        }),
        row(WrongChannel, "an act of the root in a strand", move |s| {
            let mut standpoint = s.standpoint("chile", At::Strand);
            standpoint.author = Author::Root;
            let root = s.all.root.key_id();
            let signer = Signer { key: &s.all.root, root: &root };
            let act = signer.act(&standpoint, random(), go(s)).unwrap();
            let key = s.all.root.public();
            s.append(At::Strand, &key, act.into())
        }),
    ]
}

pub(super) fn members() -> Vec<Row> {
    use Reason::{
        AlreadyThere, FocalPointRequired, NoSuchSubject, NotAMember, NotEntitled, ObserverReadsOnly,
        SecretariatReadsOnly, TooManyReaders, WrongRecipients,
    };
    let remove = |s: &mut Stage, by: &str, whom: &str| {
        let user = s.people[whom].user;
        s.act(by, At::Strand, Statement::RemoveMember(user)).map(drop)
    };
    let with_second = |s: &mut Stage| s.enrol("second", Role::Expert, "CL", Some("chile")).unwrap();
    vec![
        row(AlreadyThere, "a member twice", |s| s.join("chile", At::Strand, "expert")),
        row(AlreadyThere, "a founder again", |s| s.join("chile", At::Strand, "kenya")),
        row(NoSuchSubject, "a person who is not there", |s| {
            s.people.insert("nobody", chancery_tests::person());
            let joined = s.join("chile", At::Strand, "nobody");
            s.people.remove("nobody");
            joined
        }),
        row(NotEntitled, "a State that takes no part", |s| s.join("chile", At::Strand, "japan")),
        row(NotEntitled, "an officer as a member", |s| s.join("chile", At::Strand, "officer")),
        after(NotEntitled, "Kenya brings in Chile's expert", move |s| {
            with_second(s);
            Box::new(|s| s.join("kenya", At::Strand, "second"))
        }),
        row(NotEntitled, "the State under review in the reviewers' channel", |s| {
            s.join("kenya", At::Coordination, "chile")
        }),
        after(WrongRecipients, "the wrap goes to another", move |s| {
            with_second(s);
            Box::new(|s| s.join_with_key_of("chile", At::Strand, "second", "japan"))
        }),
        after(TooManyReaders, "more members than an epoch can be wrapped to", move |s| {
            with_second(s);
            let members = &mut s.logs.get_mut(&At::Strand).unwrap().channel.members;
            for n in 0..u16::try_from(RECIPIENTS_MAX).unwrap() {
                let mut id = [0xee; 16];
                id[..2].copy_from_slice(&n.to_be_bytes());
                members.insert(UserId::new(id));
            }
            Box::new(|s| s.join("chile", At::Strand, "second"))
        }),
        after(FocalPointRequired, "an expert brings in an expert", move |s| {
            with_second(s);
            Box::new(|s| s.join("expert", At::Strand, "second"))
        }),
        after(ObserverReadsOnly, "an observer brings in an expert", move |s| {
            with_second(s);
            Box::new(|s| s.join("observer", At::Strand, "second"))
        }),
        row(SecretariatReadsOnly, "the secretariat shows out", move |s| remove(s, "officer", "expert")),
        row(NotEntitled, "a reviewing State shows out Chile's expert", move |s| remove(s, "kenya", "expert")),
        row(NotEntitled, "Chile shows out a reviewing State", move |s| remove(s, "chile", "kenya")),
        row(NoSuchSubject, "one who is no member is shown out", move |s| remove(s, "chile", "japan")),
        row(NotAMember, "another party reads along", |s| question(s, "japan")),
        row(NotAMember, "the secretariat in a delegation", |s| complain(s, "officer", At::Delegation)),
        row(NotAMember, "a reviewer in Chile's delegation", |s| complain(s, "kenya", At::Delegation)),
        row(NoSuchSubject, "a complaint about nothing", |s| {
            let complaint = Complain { act_id: random(), fault: Fault::Body };
            s.act("officer", At::Strand, Statement::Complain(complaint)).map(drop)
        }),
        row(NoSuchSubject, "a complaint about a file that the post does not cite", |s| {
            let act_id = s.logs[&At::Strand].channel.epoch.as_ref().unwrap().act;
            let fault = Fault::File(chancery_core::id::FileId::new([1; 16]));
            s.act("officer", At::Strand, Statement::Complain(Complain { act_id, fault })).map(drop)
        }),
    ]
}

#[test]
fn after_a_complaint_another_person_makes_the_next_epoch_and_all_go_on() {
    let mut stage = Stage::open();
    complain(&mut stage, "officer", At::Strand).unwrap();
    stage.rotate("kenya", At::Strand).unwrap();
    question(&mut stage, "chile").unwrap();
    complain(&mut stage, "chile", At::Strand).unwrap();
    stage.rotate("chile", At::Strand).unwrap();
    question(&mut stage, "kenya").unwrap();
}

#[test]
fn nobody_locks_a_channel_by_a_complaint() {
    let mut stage = Stage::open();
    complain(&mut stage, "chile", At::Strand).unwrap();
    question(&mut stage, "chile").unwrap();

    // Nobody but Chile's focal point can write in its delegation, and an observer complains.
    let expert = stage.people["expert"].user;
    stage.act("chile", At::Delegation, Statement::RemoveMember(expert)).unwrap();
    stage.rotate("chile", At::Delegation).unwrap();
    complain(&mut stage, "observer", At::Delegation).unwrap();
    stage.rotate("chile", At::Delegation).unwrap();
    stage.post("chile", At::Delegation, What::new(ItemKind::Draft)).unwrap();
}

#[test]
fn a_removed_officer_is_followed_by_a_new_team_key_and_a_new_epoch() {
    let mut stage = Stage::open();
    leave(&mut stage, "root", "deputy");
    stage.new_team("officer").unwrap();
    assert_eq!(question(&mut stage, "chile"), Err(Reason::StaleEpoch));
    stage.rotate("chile", At::Strand).unwrap();
    question(&mut stage, "chile").unwrap();
}
