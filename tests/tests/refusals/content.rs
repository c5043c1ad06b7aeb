//! Posts, disclosure and withdrawal.

use chancery_client::compose::Signer;
use chancery_core::act::{
    Audience, Disclose, PostRef, Rendition, Role, SignedStatement, Statement, Withdraw,
};
use chancery_core::error::Reason;
use chancery_core::id::{ActId, SectionId};
use chancery_core::mechanism::{ItemKind, Mechanism, UNTOC};
use chancery_seal::sign::SigningKey;
use chancery_tests::stage::{At, Stage, What};
use chancery_tests::{body, random, state};

use super::{Row, after, row};

/// A post in the strand with the clearance of a State, or none.
fn cleared(stage: &mut Stage, who: &str, what: What, clears: Option<&str>) -> Result<(), Reason> {
    let composed = stage.compose_post(who, At::Strand, (what, random()), clears);
    let key = stage.people[who].sign.public();
    stage.append(At::Strand, &key, composed)
}

fn next(stage: &Stage, at: At, act: ActId) -> What {
    let post = &stage.logs[&at].channel.posts[&act];
    What { section: post.section, previous: Some(act), kind: post.kind }
}

pub(super) fn rows() -> Vec<Row> {
    use ItemKind::{Clarification, Coordination, Document, Draft, Feedback, Response};
    use Reason::{
        BadStatement, ClearanceRequired, FocalPointRequired, NoSuchSubject, NotTheLatest, NotThisSides,
        ObserverReadsOnly, OtherSection, SecretariatReadsOnly, WrongChannel,
    };
    let post = |s: &mut Stage, who: &str, at, kind| s.post(who, at, What::new(kind)).map(drop);
    vec![
        row(SecretariatReadsOnly, "the secretariat asks", move |s| {
            post(s, "officer", At::Strand, Clarification)
        }),
        row(SecretariatReadsOnly, "the secretariat coordinates", move |s| {
            post(s, "officer", At::Coordination, Coordination)
        }),
        row(ObserverReadsOnly, "an observer asks", move |s| post(s, "observer", At::Strand, Clarification)),
        row(FocalPointRequired, "an expert submits, with the State's key", move |s| {
            post(s, "expert", At::Strand, Response)
        }),
        row(NotThisSides, "a reviewing State answers the questionnaire", move |s| {
            post(s, "kenya", At::Strand, Response)
        }),
        row(NotThisSides, "a reviewing State adds a document", move |s| {
            post(s, "kenya", At::Strand, Document)
        }),
        row(WrongChannel, "an answer in the review's channel", move |s| {
            post(s, "chile", At::Review, Response)
        }),
        row(WrongChannel, "a draft in a strand", move |s| post(s, "chile", At::Strand, Draft)),
        row(ClearanceRequired, "a submission without clearance", |s| {
            cleared(s, "chile", What::new(Response), None)
        }),
        row(ClearanceRequired, "the clearance of another act", |s| {
            let composed = s.compose_post("chile", At::Strand, (What::new(Response), random()), Some("CL"));
            let statement = composed.act.content().statement.clone();
            s.act("chile", At::Strand, statement).map(drop)
        }),
        row(BadStatement, "a clearance by another State's key", |s| {
            cleared(s, "chile", What::new(Response), Some("KE"))
        }),
        row(BadStatement, "a clearance where none is needed", |s| {
            cleared(s, "chile", What::new(Clarification), Some("CL"))
        }),
        row(NoSuchSubject, "a later revision of nothing", |s| {
            let what = What { previous: Some(random()), ..What::new(Clarification) };
            s.post("chile", At::Strand, what).map(drop)
        }),
        after(NotTheLatest, "two write after one revision", |s| {
            let first = s.post("kenya", At::Strand, What::new(Clarification)).unwrap();
            let what = next(s, At::Strand, first);
            s.post("chile", At::Strand, what).unwrap();
            Box::new(move |s| s.post("kenya", At::Strand, what).map(drop))
        }),
        after(NotTheLatest, "a section is begun again", |s| {
            let first = s.post("kenya", At::Strand, What::new(Clarification)).unwrap();
            let what = What { previous: None, ..next(s, At::Strand, first) };
            Box::new(move |s| s.post("kenya", At::Strand, what).map(drop))
        }),
        after(OtherSection, "a section of another kind", |s| {
            let first = s.post("chile", At::Strand, What::new(Document)).unwrap();
            let what = What { kind: Clarification, ..next(s, At::Strand, first) };
            Box::new(move |s| s.post("chile", At::Strand, what).map(drop))
        }),
        after(OtherSection, "another State's feedback", |s| {
            let first = s.post("kenya", At::Strand, What::new(Feedback)).unwrap();
            let what = next(s, At::Strand, first);
            Box::new(move |s| s.post("portugal", At::Strand, what).map(drop))
        }),
    ]
}

/// The posts as Chile names them outside the channel.
fn post_ref(stage: &Stage, act_id: ActId) -> PostRef {
    let channel = &stage.logs[&At::Strand].channel;
    let post = &channel.posts[&act_id];
    let (section, kind, body) = (post.section, post.kind, post.body);
    PostRef { state: state("CL"), channel: channel.id, section, act_id, kind, body }
}

fn grant(stage: &Stage, post: PostRef, audience: Audience, key: &str) -> SignedStatement {
    let rendition = (audience == Audience::Public).then(|| Rendition::of(&body("what was said")));
    let root = stage.all.root.key_id();
    let signer = Signer { key: stage.state_key(key), root: &root };
    signer.grant(post, audience, rendition.as_ref()).unwrap()
}

fn disclose_as(
    stage: &mut Stage,
    (who, at): (&str, At),
    section: SectionId,
    audience: Audience,
    grants: Vec<SignedStatement>,
) -> Result<(), Reason> {
    stage.act(who, at, Statement::Disclose(Disclose { section, audience, grants })).map(drop)
}

/// Chile discloses posts of the section of the first one.
fn disclose(stage: &mut Stage, acts: &[ActId], audience: Audience) -> Result<(), Reason> {
    let section = post_ref(stage, acts[0]).section;
    let grants = acts.iter().map(|act| grant(stage, post_ref(stage, *act), audience, "CL")).collect();
    disclose_as(stage, ("chile", At::Strand), section, audience, grants)
}

/// Chile, or one in its place, withdraws a post, under a State's key.
fn withdraw_as(
    stage: &mut Stage,
    (who, key): (&str, &str),
    act: ActId,
    audience: Audience,
) -> Result<(), Reason> {
    let post = post_ref(stage, act);
    let root = stage.all.root.key_id();
    let signer = Signer { key: stage.state_key(key), root: &root };
    let withdrawals = vec![signer.withdrawal(&post, audience).unwrap()];
    let section = post.section;
    stage.act(who, At::Strand, Statement::Withdraw(Withdraw { section, audience, withdrawals })).map(drop)
}

fn withdraw(stage: &mut Stage, act: ActId, audience: Audience) -> Result<(), Reason> {
    withdraw_as(stage, ("chile", "CL"), act, audience)
}

fn response(stage: &mut Stage) -> ActId {
    stage.post("chile", At::Strand, What::new(ItemKind::Response)).unwrap()
}

/// The mechanism with another choice for the first of its items, responses.
fn with_choice(choice: &str) -> Mechanism {
    let (before, after) = UNTOC.split_once(r#"may_set = ["private", "all-parties", "public"]"#).unwrap();
    // What nobody may set back to private cannot be held back either.
    let after = if choice.contains("private") {
        after.to_owned()
    } else {
        after.replacen("held_back = \"section\"\n", "", 1)
    };
    Mechanism::parse(&format!("{before}may_set = {choice}{after}")).unwrap()
}

pub(super) fn disclosure() -> Vec<Row> {
    [forgeries(), disclosures(), withdrawals()].into_iter().flatten().collect()
}

/// A row about a response of Chile, beside a question of Kenya.
fn about_response(
    reason: Reason,
    what: &'static str,
    attempt: impl Fn(&mut Stage, ActId) -> Result<(), Reason> + Copy + 'static,
) -> Row {
    after(reason, what, move |s| {
        s.post("kenya", At::Strand, What::new(ItemKind::Clarification)).unwrap();
        let act = response(s);
        Box::new(move |s| attempt(s, act))
    })
}

/// A grant by the right person that says something else than the log.
fn forgeries() -> Vec<Row> {
    use Audience::{AllParties, Public};
    use Reason::{BadStatement, NoSuchSubject};
    let changed = |s: &mut Stage, act: ActId, change: &dyn Fn(&mut PostRef)| {
        let mut post = post_ref(s, act);
        let section = post.section;
        change(&mut post);
        let grants = vec![grant(s, post, AllParties, "CL")];
        disclose_as(s, ("chile", At::Strand), section, AllParties, grants)
    };
    vec![
        about_response(BadStatement, "another body", move |s, act| {
            changed(s, act, &|post| post.body.length += 1)
        }),
        about_response(BadStatement, "another channel", move |s, act| {
            changed(s, act, &|post| post.channel = random())
        }),
        about_response(BadStatement, "another section", move |s, act| {
            changed(s, act, &|post| post.section = random())
        }),
        about_response(BadStatement, "another kind", move |s, act| {
            changed(s, act, &|post| post.kind = ItemKind::Document)
        }),
        about_response(BadStatement, "another State", move |s, act| {
            changed(s, act, &|post| post.state = state("KE"))
        }),
        about_response(NoSuchSubject, "a post that is not there", move |s, act| {
            changed(s, act, &|post| post.act_id = random())
        }),
        about_response(BadStatement, "another audience", |s, act| {
            let post = post_ref(s, act);
            let (section, grants) = (post.section, vec![grant(s, post, AllParties, "CL")]);
            disclose_as(s, ("chile", At::Strand), section, Public, grants)
        }),
        after(BadStatement, "a grant under a key that is not the State's", |s| {
            let act = response(s);
            s.all.state_keys.insert(state("CL"), SigningKey::make().unwrap());
            Box::new(move |s| disclose(s, &[act], Public))
        }),
    ]
}

fn disclosures() -> Vec<Row> {
    use Audience::{AllParties, Public};
    use Reason::{
        BadStatement, DisclosureUnchanged, FocalPointRequired, NoSuchSubject, NotDisclosable, NotFinal,
        OtherSection, SecretariatReadsOnly, StateUnderReviewOnly, WrongChannel,
    };
    let by = |who: &'static str, at: At, key: &'static str| {
        move |s: &mut Stage, act: ActId| {
            let post = post_ref(s, act);
            let (section, grants) = (post.section, vec![grant(s, post, AllParties, key)]);
            disclose_as(s, (who, at), section, AllParties, grants)
        }
    };
    vec![
        about_response(StateUnderReviewOnly, "a reviewing State discloses", by("kenya", At::Strand, "CL")),
        about_response(SecretariatReadsOnly, "the secretariat discloses", by("officer", At::Strand, "CL")),
        about_response(FocalPointRequired, "an expert discloses", by("expert", At::Strand, "CL")),
        about_response(BadStatement, "another State's key discloses", by("chile", At::Strand, "KE")),
        about_response(WrongChannel, "the reviewers disclose", by("kenya", At::Coordination, "KE")),
        about_response(NoSuchSubject, "a section that is not there", |s, act| {
            let grants = vec![grant(s, post_ref(s, act), AllParties, "CL")];
            disclose_as(s, ("chile", At::Strand), random(), AllParties, grants)
        }),
        about_response(OtherSection, "a post of another section", |s, act| {
            let other = s.logs[&At::Strand].channel.posts.keys().find(|post| **post != act).copied();
            let section = post_ref(s, act).section;
            let grants = vec![grant(s, post_ref(s, other.unwrap()), AllParties, "CL")];
            disclose_as(s, ("chile", At::Strand), section, AllParties, grants)
        }),
        about_response(OtherSection, "one post twice", |s, act| disclose(s, &[act, act], AllParties)),
        after(OtherSection, "posts in another order", |s| {
            let first = response(s);
            let second = s.post("chile", At::Strand, next(s, At::Strand, first)).unwrap();
            Box::new(move |s| disclose(s, &[second, first], AllParties))
        }),
        after(DisclosureUnchanged, "the same disclosure twice", |s| {
            let act = response(s);
            disclose(s, &[act], AllParties).unwrap();
            Box::new(move |s| disclose(s, &[act], AllParties))
        }),
        after(NotFinal, "observations without every side's signature", |s| {
            let act = s.post("chile", At::Strand, What::new(ItemKind::Observations)).unwrap();
            Box::new(move |s| disclose(s, &[act], AllParties))
        }),
        after(NotDisclosable, "an audience that the mechanism does not provide for", |s| {
            s.all.mechanism = with_choice(r#"["private", "all-parties"]"#);
            let act = response(s);
            disclose(s, &[act], AllParties).unwrap();
            Box::new(move |s| disclose(s, &[act], Public))
        }),
    ]
}

fn withdrawals() -> Vec<Row> {
    use Audience::{AllParties, Public};
    use Reason::{
        BadStatement, DisclosureUnchanged, NotDisclosable, StateUnderReviewOnly, WithdrawPublicFirst,
    };
    let to_both = |s: &mut Stage| {
        let act = response(s);
        disclose(s, &[act], AllParties).unwrap();
        disclose(s, &[act], Public).unwrap();
        act
    };
    vec![
        after(DisclosureUnchanged, "what is not open is withdrawn", |s| {
            let act = response(s);
            Box::new(move |s| withdraw(s, act, AllParties))
        }),
        after(DisclosureUnchanged, "it is withdrawn twice", move |s| {
            let act = to_both(s);
            withdraw(s, act, Public).unwrap();
            Box::new(move |s| withdraw(s, act, Public))
        }),
        after(WithdrawPublicFirst, "withdrawn from all parties while it is public", move |s| {
            let act = to_both(s);
            Box::new(move |s| withdraw(s, act, AllParties))
        }),
        after(StateUnderReviewOnly, "a reviewing State withdraws", move |s| {
            let act = to_both(s);
            Box::new(move |s| withdraw_as(s, ("kenya", "CL"), act, Public))
        }),
        after(BadStatement, "a withdrawal under another State's key", move |s| {
            let act = to_both(s);
            Box::new(move |s| withdraw_as(s, ("chile", "KE"), act, Public))
        }),
        after(NotDisclosable, "less than the mechanism allows", |s| {
            s.all.mechanism = with_choice(r#"["all-parties", "public"]"#);
            let act = response(s);
            disclose(s, &[act], AllParties).unwrap();
            Box::new(move |s| withdraw(s, act, AllParties))
        }),
    ]
}

#[test]
fn what_is_public_is_withdrawn_step_by_step_and_can_be_opened_again() {
    let mut stage = Stage::open();
    let act = response(&mut stage);
    let open = |stage: &Stage| stage.logs[&At::Strand].channel.posts[&act].audiences.len();
    for audience in Audience::ALL {
        disclose(&mut stage, &[act], audience).unwrap();
    }
    assert_eq!(open(&stage), 2);
    for audience in [Audience::Public, Audience::AllParties] {
        withdraw(&mut stage, act, audience).unwrap();
    }
    assert_eq!(open(&stage), 0);
    disclose(&mut stage, &[act], Audience::Public).unwrap();
    withdraw(&mut stage, act, Audience::Public).unwrap();
    assert_eq!(open(&stage), 0);
}

#[test]
fn para_35_a_thread_is_disclosed_as_the_state_under_review_received_it() {
    let mut stage = Stage::open();
    stage.enrol("analyst", Role::Expert, "KE", Some("kenya")).unwrap();
    stage.join("kenya", At::Strand, "analyst").unwrap();
    let asked = stage.post("analyst", At::Strand, What::new(ItemKind::Clarification)).unwrap();
    let answered = stage.post("expert", At::Strand, next(&stage, At::Strand, asked)).unwrap();
    disclose(&mut stage, &[asked, answered], Audience::AllParties).unwrap();
}
