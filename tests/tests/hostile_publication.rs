//! What a reader finds out about a publication log that is not what States have said, and a member about one that
//! is not what the channel's acts have made.

use bytes::Bytes;
use chancery_client::compose::Signer;
use chancery_client::entry::Entry;
use chancery_client::verify::{
    ChannelCopy, Fault, PublicationCopy, VerifyError, compare_publication, extend_publication,
};
use chancery_core::act::{Audience, Disclose, PostRef, Rendition, SignedStatement, Statement, Withdraw};
use chancery_core::error::Reason;
use chancery_core::id::ActId;
use chancery_core::mechanism::ItemKind;
use chancery_core::name::publication_channel;
use chancery_tests::served::{Served, empty, read, read_directory};
use chancery_tests::stage::{At, Stage, What};
use chancery_tests::{NOW_MS, body};

const TO: Audience = Audience::AllParties;

/// A response of Chile, opened to all parties.
struct Opened {
    stage: Stage,
    post: PostRef,
    grant: SignedStatement,
    withdrawal: SignedStatement,
}

impl Opened {
    fn new() -> Self {
        let mut stage = Stage::open();
        let what = What::new(ItemKind::Response);
        let act_id = stage.post("chile", At::Strand, what).unwrap();
        let post = post_ref(&stage, act_id);
        let root = stage.all.root.key_id();
        let signer = Signer { key: stage.state_key("CL"), root: &root };
        let grant = signer.grant(post.clone(), TO, None).unwrap();
        let withdrawal = signer.withdrawal(&post, TO).unwrap();
        let mut opened = Self { stage, post, grant, withdrawal };
        opened.disclose();
        opened
    }

    fn disclose(&mut self) {
        let (section, grants) = (self.post.section, vec![self.grant.clone()]);
        let statement = Statement::Disclose(Disclose { section, audience: TO, grants });
        self.stage.act("chile", At::Strand, statement).unwrap();
    }

    fn withdraw(&mut self) {
        let (section, withdrawals) = (self.post.section, vec![self.withdrawal.clone()]);
        let statement = Statement::Withdraw(Withdraw { section, audience: TO, withdrawals });
        self.stage.act("chile", At::Strand, statement).unwrap();
    }

    /// The publication log with these statements.
    fn log(&self, statements: &[&SignedStatement]) -> Served {
        let root = self.stage.all.root.key_id();
        let entries = (0..).zip(statements).map(|(index, signed)| entry(index, signed)).collect();
        let channel = publication_channel(&root, TO);
        Served { channel, entries, log_seed: self.stage.all.log_seed, root }
    }

    fn read(&self, served: &Served) -> Result<PublicationCopy, VerifyError> {
        let mut copy = PublicationCopy::new(served.root, TO);
        extend_publication(&read_directory(&self.stage)?, &mut copy, served.growth(0))?;
        Ok(copy)
    }

    fn strand(&self) -> ChannelCopy {
        let mut copy = empty(&self.stage, At::Strand);
        let served = Served::channel(&self.stage, At::Strand, &[]);
        read(&self.stage, At::Strand, &mut copy, served.growth(0)).unwrap();
        copy
    }

    /// A grant of the post, as the State of `code` would sign it with the key of `key`.
    fn grant(&self, code: &str, key: &str, audience: Audience) -> SignedStatement {
        let root = self.stage.all.root.key_id();
        let post = PostRef { state: code.parse().unwrap(), ..self.post.clone() };
        let rendition = (audience == Audience::Public).then(|| Rendition::of(&body("to everyone")));
        let signer = Signer { key: self.stage.state_key(key), root: &root };
        signer.grant(post, audience, rendition.as_ref()).unwrap()
    }
}

fn entry(index: u64, signed: &SignedStatement) -> Entry {
    Entry {
        index,
        signed: signed.bytes().clone(),
        log_time_ms: NOW_MS,
        body: None,
        own_wraps: Vec::new(),
        previous_box: None,
    }
}

fn post_ref(stage: &Stage, act_id: ActId) -> PostRef {
    let channel = &stage.logs[&At::Strand].channel;
    let record = &channel.posts[&act_id];
    PostRef {
        state: record.state,
        channel: channel.id,
        section: record.section,
        act_id,
        kind: record.kind,
        body: record.body,
    }
}

#[test]
fn what_is_open_is_what_states_have_said() {
    let mut opened = Opened::new();
    let copy = opened.read(&opened.log(&[&opened.grant])).unwrap();
    assert!(copy.open.contains_key(&opened.post.act_id));
    compare_publication(&copy, &opened.strand(), u64::MAX).unwrap();

    opened.withdraw();
    let copy = opened.read(&opened.log(&[&opened.grant, &opened.withdrawal])).unwrap();
    assert!(copy.open.is_empty());
    compare_publication(&copy, &opened.strand(), u64::MAX).unwrap();
}

#[test]
fn statements_of_others_are_refused() {
    let opened = Opened::new();
    let check = |statements: &[&SignedStatement], at: u64, fault| {
        let error = opened.read(&opened.log(statements)).unwrap_err();
        assert_eq!((error.fault, error.at.unwrap().index), (fault, at), "{error}");
    };
    check(&[&opened.grant("CL", "KE", TO)], 0, Fault::BadSignature);
    check(&[&opened.grant("CL", "CL", Audience::Public)], 0, Fault::Refused(Reason::OtherChannel));
    check(&[&opened.grant, &opened.grant], 1, Fault::Refused(Reason::DisclosureUnchanged));
    check(&[&opened.withdrawal], 0, Fault::Refused(Reason::DisclosureUnchanged));

    let mut served = opened.log(&[&opened.grant]);
    served.entries[0].signed = Bytes::from_static(b"x");
    assert!(matches!(opened.read(&served).unwrap_err().fault, Fault::Malformed(_)));
    let mut served = opened.log(&[&opened.grant]);
    served.entries[0].body = Some(Bytes::from_static(b"x"));
    assert_eq!(opened.read(&served).unwrap_err().fault, Fault::OtherBody);
}

#[test]
fn members_find_what_no_act_made_and_what_was_not_published() {
    let mut opened = Opened::new();
    opened.withdraw();
    let strand = opened.strand();
    let compare = |statements: &[&SignedStatement]| {
        let copy = opened.read(&opened.log(statements)).unwrap();
        compare_publication(&copy, &strand, u64::MAX).map_err(|error| (error.fault, error.at.unwrap().index))
    };
    let size = strand.head().size;
    assert_eq!(compare(&[&opened.grant]), Err((Fault::NotPublished, size - 1)), "the withdrawal is hidden");
    assert_eq!(compare(&[]), Err((Fault::NotPublished, size - 2)));
    let both = [&opened.grant, &opened.withdrawal, &opened.grant];
    assert_eq!(compare(&both), Err((Fault::NotOfItsChannel, 2)), "opened again by nobody");
    let copy = opened.read(&opened.log(&[&opened.grant])).unwrap();
    compare_publication(&copy, &strand, size - 1).unwrap();
}
