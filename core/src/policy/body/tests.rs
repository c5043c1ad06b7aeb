//! Every rule over bodies, kept and broken.

use super::*;
use crate::act::{Attachment, Audience, OpenReview, Post, Reviewer, SealedBody};
use crate::id::{ActId, ChannelId, Digest, SectionId, StateCode, TeamId};
use crate::state::Section;

const SECTION: SectionId = SectionId::new([1; 16]);
const ANSWERS: SectionId = SectionId::new([2; 16]);
const FIRST: ActId = ActId::new([3; 16]);
const ANSWER: ActId = ActId::new([4; 16]);
const FILE: FileId = FileId::new([5; 16]);

fn state(code: &str) -> StateCode {
    code.parse().unwrap()
}

fn instrument(code: &str) -> InstrumentCode {
    code.parse().unwrap()
}

/// What varies from case to case; the rest is a valid question of Kenya about Chile's answer.
struct Case {
    kind: ItemKind,
    place: Place,
    state: &'static str,
    /// The section already has a post.
    later: bool,
    files: Vec<FileId>,
    audiences: BTreeSet<Audience>,
    questionnaire: bool,
    words: usize,
    body: PostBody,
}

fn binding(instrument_code: &str, article: &str, question: &str) -> Binding {
    Binding {
        instrument: instrument(instrument_code),
        article: article.to_owned(),
        question: question.to_owned(),
        about: None,
    }
}

fn strand() -> Place {
    Place::Strand { review: ChannelId::new([6; 16]), instrument: instrument("firearms") }
}

fn delegation() -> Place {
    Place::Delegation { review: ChannelId::new([6; 16]), state: state("CL") }
}

fn question() -> Case {
    let about = Some((ANSWERS, ANSWER));
    Case {
        kind: ItemKind::Clarification,
        place: strand(),
        state: "KE",
        later: false,
        files: Vec::new(),
        audiences: BTreeSet::new(),
        questionnaire: false,
        words: 3,
        body: PostBody {
            language: Language::En,
            title: String::new(),
            text: "A short text".to_owned(),
            binding: Some(Binding { about, ..binding("firearms", "5", "firearms-5-1") }),
            step: Some(ThreadStep::Question),
            attachments: Vec::new(),
            reason: String::new(),
        },
    }
}

/// A post without a place in a thread.
fn plain(kind: ItemKind) -> Case {
    let mut case = question();
    case.kind = kind;
    case.state = "CL";
    case.body.step = None;
    case
}

fn later(step: ThreadStep, of: &'static str) -> Case {
    let mut case = Case { later: true, state: of, ..question() };
    case.body.step = Some(step);
    case.body.binding = None;
    case
}

fn bound(binding: Binding) -> Case {
    let mut case = question();
    case.body.binding = Some(binding);
    case
}

fn record(index: u64, section: SectionId, kind: ItemKind, of: &str, files: Vec<FileId>) -> PostRecord {
    let body = SealedBody { length: 1, sha256: Digest::of(b"b"), key_commitment: Digest::of(b"k") };
    let post = Post { section, previous: None, kind, files, body, clearance: None };
    PostRecord::new(index, state(of), &post)
}

fn roster() -> Roster {
    let reviewer = Reviewer { state: state("KE"), instruments: vec![instrument("firearms")] };
    Roster(OpenReview {
        state: state("CL"),
        instruments: vec![instrument("firearms"), instrument("untoc")],
        reviewers: vec![reviewer],
        secretariat_team: TeamId::new([7; 16]),
        languages: vec![Language::En, Language::Es],
    })
}

fn verdict(case: Case) -> Result<Vec<BodyNote>, BodyFault> {
    let mechanism = Mechanism::parse(crate::mechanism::UNTOC).unwrap();
    let text = include_str!("../../../../mechanisms/untoc-questionnaire.toml");
    let questionnaire = Questionnaire::parse(text, &mechanism).unwrap();
    let mut channel = Channel::new(ChannelId::new([8; 16]), case.place);
    let mut put = |act, record: PostRecord| {
        let new = Section { kind: record.kind, state: record.state, posts: imbl::Vector::new() };
        channel.sections.entry(record.section).or_insert(new).posts.push_back(act);
        channel.posts.insert(act, record);
    };
    put(ANSWER, record(5, ANSWERS, ItemKind::Response, "CL", Vec::new()));
    if case.later {
        put(FIRST, record(6, SECTION, case.kind, "KE", Vec::new()));
    }
    let mut post = record(7, SECTION, case.kind, case.state, case.files);
    post.audiences = case.audiences;
    let first = question().body;
    let scene = BodyScene {
        mechanism: &mechanism,
        roster: &roster(),
        channel: &channel,
        questionnaire: case.questionnaire.then_some(&questionnaire),
        first: case.later.then_some(&first),
        count_words: &|_| case.words,
    };
    check_body(&scene, &post, &case.body)
}

#[track_caller]
fn valid(case: Case) {
    assert_eq!(verdict(case), Ok(Vec::new()));
}

#[track_caller]
fn faulty(case: Case, code: &str) {
    let fault = verdict(case).unwrap_err();
    assert_eq!(fault.code(), code, "{fault}");
    assert!(!fault.to_string().ends_with('.') && fault.next().ends_with('.'));
}

#[test]
fn para_35_a_thread_begins_with_a_question_and_nobody_has_to_answer() {
    valid(question());
    valid(Case { state: "CL", ..question() });
    for of in ["CL", "KE"] {
        valid(later(ThreadStep::Reply, of));
        valid(later(ThreadStep::Question, of));
    }
    valid(later(ThreadStep::NoFurtherInformation, "CL"));
    faulty(later(ThreadStep::NoFurtherInformation, "KE"), "BODY_NOT_THEIRS_TO_SAY");
    for step in [ThreadStep::Reply, ThreadStep::NoFurtherInformation] {
        faulty(Case { later: false, ..later(step, "CL") }, "BODY_BEGINS_WITHOUT_QUESTION");
    }
    faulty(Case { kind: ItemKind::Clarification, ..plain(ItemKind::Response) }, "BODY_NO_STEP");
    for kind in ItemKind::ALL.into_iter().filter(|kind| *kind != ItemKind::Clarification) {
        faulty(Case { kind, ..question() }, "BODY_STEP_ELSEWHERE");
    }
}

#[test]
fn a_question_and_a_response_are_about_a_question_of_this_strand() {
    let with_about = |about| Binding { about, ..binding("firearms", "5", "firearms-5-1") };
    valid(bound(with_about(None)));
    valid(Case { questionnaire: true, ..bound(with_about(None)) });
    let check = |instrument: &str, article: &str, question: &str, code| {
        faulty(bound(binding(instrument, article, question)), code);
        faulty(Case { questionnaire: true, ..bound(binding(instrument, article, question)) }, code);
    };
    check("untoc", "5", "untoc-5-1", "BODY_OTHER_INSTRUMENT");
    check("nuclear", "5", "nuclear-5-1", "BODY_OTHER_INSTRUMENT");
    check("firearms", "4", "firearms-4-1", "BODY_NOT_AN_ARTICLE");
    check("firearms", "05", "firearms-5-1", "BODY_NOT_AN_ARTICLE");
    check("firearms", "five", "firearms-5-1", "BODY_NOT_AN_ARTICLE");
    check("firearms", "", "firearms-5-1", "BODY_NOT_AN_ARTICLE");
    for question in ["firearms-6-1", "untoc-5-1", "firearms-5-", "firearms-5-01", "firearms-5-1x", ""] {
        check("firearms", "5", question, "BODY_NOT_A_QUESTION");
    }
    // Well-formed, but the questionnaire does not have it.
    let unknown = || bound(binding("firearms", "5", "firearms-5-999"));
    valid(unknown());
    faulty(Case { questionnaire: true, ..unknown() }, "BODY_NOT_A_QUESTION");

    let mut unbound = question();
    unbound.body.binding = None;
    faulty(unbound, "BODY_NO_BINDING");
    for (kind, needed) in
        [(ItemKind::Response, true), (ItemKind::Document, false), (ItemKind::Feedback, false)]
    {
        let mut case = plain(kind);
        case.audiences = BTreeSet::from([Audience::AllParties]);
        case.body.binding = None;
        if needed { faulty(case, "BODY_NO_BINDING") } else { valid(case) }
    }
}

#[test]
fn what_is_asked_about_was_there_before() {
    let asks = |section, act| {
        let about = Some((section, act));
        bound(Binding { about, ..binding("firearms", "5", "firearms-5-1") })
    };
    valid(asks(ANSWERS, ANSWER));
    faulty(asks(ANSWERS, ActId::new([9; 16])), "BODY_NOTHING_ASKED_ABOUT");
    faulty(asks(SECTION, ANSWER), "BODY_NOTHING_ASKED_ABOUT");
    // A draft means a revision that stands in a strand.
    let elsewhere = Case { place: delegation(), kind: ItemKind::Draft, ..asks(SECTION, ActId::new([9; 16])) };
    let mut draft = Case { state: "CL", ..elsewhere };
    draft.body.step = None;
    valid(draft);
}

#[test]
fn a_section_stays_under_its_question() {
    let at = |article: &str, question: &str| {
        let mut case = later(ThreadStep::Question, "KE");
        case.body.binding = Some(binding("firearms", article, question));
        case
    };
    valid(at("5", "firearms-5-1"));
    faulty(at("5", "firearms-5-2"), "BODY_OTHER_QUESTION");
    faulty(at("6", "firearms-6-1"), "BODY_OTHER_QUESTION");
    let mut drafted = Case { place: delegation(), ..plain(ItemKind::Draft) };
    drafted.body.binding = Some(binding("untoc", "5", "untoc-5-1"));
    valid(drafted);
}

#[test]
fn para_38_a_summary_is_short() {
    let summary = |words| Case { words, ..plain(ItemKind::Summary) };
    valid(summary(1_500));
    assert_eq!(verdict(summary(1_501)), Err(BodyFault::TooManyWords { found: 1_501, max: 1_500 }));
    valid(Case { words: 1_000_000, ..plain(ItemKind::Document) });
}

#[test]
fn the_files_of_the_text_are_those_of_the_act() {
    let attached = |files: &[FileId]| {
        let mut case = plain(ItemKind::Document);
        case.body.attachments = files
            .iter()
            .map(|file| Attachment {
                file: *file,
                key: [0; 32],
                sealed_length: 0,
                parts_sha256: Digest::of(b""),
                length: 0,
                sha256: Digest::of(b""),
                name: "a".to_owned(),
                media_type: String::new(),
            })
            .collect();
        case
    };
    let other = FileId::new([9; 16]);
    let check = |listed: &[FileId], cited: &[FileId], same: bool| {
        let case = Case { files: cited.to_vec(), ..attached(listed) };
        if same { valid(case) } else { faulty(case, "BODY_OTHER_FILES") }
    };
    check(&[other, FILE], &[FILE, other], true);
    check(&[FILE, FILE], &[FILE], true);
    check(&[FILE], &[], false);
    check(&[], &[FILE], false);
    check(&[FILE], &[other], false);
}

#[test]
fn para_40_and_50_are_shown_and_not_forced() {
    let mut arabic = question();
    arabic.body.language = Language::Ar;
    assert_eq!(verdict(arabic), Ok(vec![BodyNote::OtherLanguage(Language::Ar)]));

    let response = |audiences: &[Audience], reason: &str| {
        let mut case = plain(ItemKind::Response);
        case.audiences = audiences.iter().copied().collect();
        case.body.reason = reason.to_owned();
        verdict(case)
    };
    assert_eq!(response(&[], " "), Ok(vec![BodyNote::HeldBackWithoutReason]));
    assert_eq!(response(&[], "An investigation is under way"), Ok(Vec::new()));
    for audience in Audience::ALL {
        assert_eq!(response(&[audience], ""), Ok(Vec::new()));
    }
}
