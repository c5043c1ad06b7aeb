//! One review with real keys: who the policy lets read is who can decrypt.

use chancery_client::compose::Signer;
use chancery_client::identity::Identity;
use chancery_client::keyring::{Keyring, open_with};
use chancery_core::act::{Audience, Disclose, Opening, PostRef, Role, Statement};
use chancery_core::error::Reason;
use chancery_core::mechanism::ItemKind;
use chancery_tests::{Deployment, Log, instrument, person, random, state};

/// A review with its strand on firearms, open, and one focal point of each State.
struct Scene {
    all: Deployment,
    officer: Identity,
    chile: Identity,
    kenya: Identity,
    japan: Identity,
    review: Log,
    strand: Log,
    /// Chile's.
    ring: Keyring,
}

fn scene() -> Scene {
    let (mut all, officer) = Deployment::found();
    let (chile, kenya, portugal, japan) = (person(), person(), person(), person());
    for (focal, code) in [(&chile, "CL"), (&kenya, "KE"), (&portugal, "PT"), (&japan, "JP")] {
        all.admit(focal, Role::FocalPoint, Some((state(code), None)), &[]).unwrap();
    }
    let (mut review, _) = all.open_review(&officer);
    let mut strand = all.open_channel(&officer, &mut review, Opening::Strand(instrument("firearms")));
    let mut ring = Keyring::new(strand.channel.id);
    all.rotate(&chile, &mut strand, Some(&review), &mut ring).unwrap();
    Scene { all, officer, chile, kenya, japan, review, strand, ring }
}

impl Scene {
    fn clarify(&mut self, text: &str) -> Result<(), Reason> {
        let what = (random(), None, ItemKind::Clarification);
        let (chile, of) = (&self.chile, state("CL"));
        self.all.post(chile, of, &mut self.strand, Some(&self.review), &self.ring, what, text).map(drop)
    }
}

#[test]
fn para_33_the_secretariat_reads_a_strand_and_cannot_post() {
    let mut scene = scene();
    scene.clarify("What was exchanged").unwrap();

    let ring = scene.strand.keyring(&scene.all.team_kem);
    assert_eq!(scene.strand.opened(&ring), ["What was exchanged"]);

    let what = (random(), None, ItemKind::Clarification);
    let of = state("CL");
    let refused =
        scene.all.post(&scene.officer, of, &mut scene.strand, Some(&scene.review), &ring, what, "A word");
    assert_eq!(refused, Err(Reason::SecretariatReadsOnly));
    assert_eq!(scene.strand.opened(&ring), ["What was exchanged"], "nothing was changed");
}

#[test]
fn members_read_and_outsiders_open_nothing() {
    let mut scene = scene();
    scene.clarify("Between the three of us").unwrap();
    let opened = |who: &Identity| scene.strand.opened(&scene.strand.keyring(&who.user_kem));
    assert_eq!(opened(&scene.chile), ["Between the three of us"]);
    assert_eq!(opened(&scene.kenya), ["Between the three of us"]);
    assert!(opened(&scene.japan).is_empty());
    assert!(opened(&scene.officer).is_empty(), "the team's key reads, not the officer's own");
}

#[test]
fn a_late_joiner_reads_the_archive_and_a_leaver_nothing_later() {
    let mut scene = scene();
    scene.clarify("Before").unwrap();
    let expert = person();
    let (all, chile) = (&mut scene.all, &scene.chile);
    all.admit(&expert, Role::Expert, Some((state("CL"), Some(chile))), &["firearms"]).unwrap();
    all.rotate(chile, &mut scene.strand, Some(&scene.review), &mut scene.ring).unwrap();
    all.join(chile, &mut scene.strand, Some(&scene.review), &scene.ring, &expert).unwrap();
    scene.clarify("During").unwrap();

    let leaving = Statement::RemovePerson(expert.user);
    scene.all.in_directory(&scene.chile, leaving).unwrap();
    assert_eq!(scene.clarify("Too early"), Err(Reason::StaleEpoch), "the next writer rotates first");
    let (all, chile) = (&scene.all, &scene.chile);
    all.state_in(chile, &mut scene.strand, Some(&scene.review), Statement::RemoveMember(expert.user))
        .unwrap();
    all.rotate(chile, &mut scene.strand, Some(&scene.review), &mut scene.ring).unwrap();
    scene.clarify("After").unwrap();

    let opened = |who: &Identity| scene.strand.opened(&scene.strand.keyring(&who.user_kem));
    assert_eq!(opened(&expert), ["Before", "During"]);
    assert_eq!(opened(&scene.kenya), ["Before", "During", "After"]);

    let what = (random(), None, ItemKind::Clarification);
    let of = state("CL");
    let posted = scene.all.post(&expert, of, &mut scene.strand, Some(&scene.review), &scene.ring, what, "!");
    assert_eq!(posted, Err(Reason::UnknownDevice));
}

#[test]
fn para_41_disclosing_one_revision_opens_no_other() {
    let mut scene = scene();
    let section = random();
    let mut previous = None;
    for text in ["Revision 1", "Revision 2", "Revision 3"] {
        let what = (section, previous, ItemKind::Response);
        let (all, of) = (&scene.all, state("CL"));
        previous = Some(
            all.post(&scene.chile, of, &mut scene.strand, Some(&scene.review), &scene.ring, what, text)
                .unwrap(),
        );
    }
    let posts: Vec<_> =
        scene.strand.posts().map(|(post, epoch, sealed)| (post, epoch, sealed.to_vec())).collect();
    let (second, epoch, _) = &posts[1];
    let post = PostRef {
        state: state("CL"),
        channel: scene.strand.channel.id,
        section,
        act_id: second.act,
        kind: second.kind,
        body: second.body,
    };
    let root = scene.all.root.key_id();
    let grant = |key| Signer { key, root: &root }.grant(post.clone(), Audience::AllParties, None).unwrap();
    let disclose = |grant| {
        Statement::Disclose(Disclose { section, audience: Audience::AllParties, grants: vec![grant] })
    };
    let keys = &scene.all.state_keys;
    let (all, review) = (&scene.all, Some(&scene.review));

    let forged = disclose(grant(&keys[&state("KE")]));
    let refused = all.state_in(&scene.chile, &mut scene.strand, review, forged);
    assert_eq!(refused, Err(Reason::BadStatement), "another State's key");
    let by_reviewer = disclose(grant(&keys[&state("CL")]));
    let refused = all.state_in(&scene.kenya, &mut scene.strand, review, by_reviewer);
    assert_eq!(refused, Err(Reason::StateUnderReviewOnly));
    let own = disclose(grant(&keys[&state("CL")]));
    all.state_in(&scene.chile, &mut scene.strand, review, own).unwrap();

    // What Japan now gets is the key of the second revision, and all the ciphertext there is.
    let key = scene.ring.revision_key(*epoch, second).unwrap();
    let opened: Vec<String> = posts
        .iter()
        .filter_map(|(post, _, sealed)| open_with(&key, scene.strand.channel.id, post, sealed).ok())
        .map(|body| body.text)
        .collect();
    assert_eq!(opened, ["Revision 2"]);
}

#[test]
fn a_reviewer_of_other_instruments_is_no_reader() {
    let mut scene = scene();
    let untoc = Opening::Strand(instrument("untoc"));
    let mut other = scene.all.open_channel(&scene.officer, &mut scene.review, untoc);
    let mut ring = Keyring::new(other.channel.id);
    scene.all.rotate(&scene.chile, &mut other, Some(&scene.review), &mut ring).unwrap();
    let what = (random(), None, ItemKind::Clarification);
    let of = state("CL");
    let all = &scene.all;
    all.post(&scene.chile, of, &mut other, Some(&scene.review), &ring, what, "On the Convention").unwrap();
    let portugal = all.directory.now(all.now_ms).focal_points(state("PT")).next().unwrap();
    assert!(!other.channel.members.contains(&portugal.user), "Portugal was drawn for firearms alone");
    assert!(scene.strand.channel.members.contains(&portugal.user));
    assert_eq!(other.opened(&other.keyring(&scene.kenya.user_kem)), ["On the Convention"]);
}
