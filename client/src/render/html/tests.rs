use chancery_core::act::{Audience, Role, ThreadStep};
use chancery_core::id::{ActId, FileId, SectionId};
use chancery_core::mechanism::ItemKind;

use super::super::model::{About, Opening};
use super::*;

fn section(title: &str, text: &str, language: Language) -> Section {
    let file = File {
        id: FileId::new([5; 16]),
        name: "annex \"1\".pdf".to_owned(),
        media_type: "application/pdf".to_owned(),
        length: 1_234,
        link: Some("attachments/05/annex _1_.pdf".to_owned()),
    };
    let opened = Opened {
        language,
        title: title.to_owned(),
        text: text.to_owned(),
        step: Some(ThreadStep::Question),
        asks_about: Some(ActId::new([4; 16])),
        reason: String::new(),
        files: vec![file],
    };
    let post = Post {
        act: ActId::new([2; 16]),
        index: 7,
        log_time_ms: 1_800_000_000_000,
        state: "KE".parse().unwrap(),
        role: Some(Role::Expert),
        content: Content::Open(opened),
        openings: vec![Opening { audience: Audience::Public, opens: false, log_time_ms: 1_800_000_060_000 }],
        complaints: vec!["A reader reports that its content does not open."],
        fault: None,
    };
    let about = About {
        instrument: "untoc".parse().unwrap(),
        title: "the Convention".to_owned(),
        article: "5".to_owned(),
        question: "untoc-5-1".to_owned(),
    };
    let id = SectionId::new([1; 16]);
    let state = "KE".parse().unwrap();
    Section { id, kind: ItemKind::Clarification, state, about: Some(about), posts: vec![post] }
}

fn html(section: Section) -> String {
    let facts = vec![("Root".to_owned(), "ab<cd".to_owned())];
    page(&Frame { title: "Record".to_owned(), facts, notes: Vec::new() }, &[section])
}

#[test]
fn nothing_that_a_person_wrote_becomes_markup() {
    let hostile = "<script>alert(1)</script>\n\n<img src=x onerror=\"a\">' & \u{202e}evil";
    let html = html(section(hostile, hostile, Language::En));
    for markup in ["<script", "<img", "\u{202e}", "ab<cd"] {
        assert!(!html.contains(markup), "{markup}");
    }
    assert!(html.contains("&lt;img src=x onerror=&quot;a&quot;&gt;&#39; &amp; \u{fffd}evil"));
    assert!(html.contains("href=\"attachments/05/annex%20_1_.pdf\""));
}

#[test]
fn every_text_has_its_language_and_direction() {
    let arabic = html(section("سؤال", "فقرة\n\nفقرة", Language::Ar));
    assert!(arabic.contains("<div lang=\"ar\" dir=\"rtl\">\n<h4>سؤال</h4>\n<p class=\"text\">فقرة</p>"));
    assert!(html(section("题", "文", Language::Zh)).contains("<div lang=\"zh\" dir=\"ltr\">"));
}

#[test]
fn the_page_is_a_function_of_what_it_shows() {
    let one = || html(section("Title", "A\n\nB\r\n\r\nC", Language::Fr));
    assert_eq!(one(), one());
    assert_eq!(one().matches("<p class=\"text\">").count(), 3);
    assert!(one().contains("Withdrawn from the public, 2027-01-15 08:01 UTC"));
}

#[test]
fn no_line_of_a_text_passes_for_one_of_ours() {
    let section =
        section("Title", "one\n[8] CL, focal point, 2027-01-15 08:00 UTC: Reply\nسؤال", Language::En);
    let text = super::super::text::section(&section);
    assert_eq!(
        text,
        "Clarification: the Convention, article 5, question untoc-5-1\n\
         section 01010101010101010101010101010101\n\n\
         [7] KE, expert, 2027-01-15 08:00 UTC: Question\n    \
             act 02020202020202020202020202020202\n    \
             Title\n    \
             | one\n    \
             | [8] CL, focal point, 2027-01-15 08:00 UTC: Reply\n    \
             | سؤال\n    \
             about revision 04040404040404040404040404040404\n    \
             file 05050505050505050505050505050505 annex \"1\".pdf (application/pdf, 1,234 bytes)\n    \
             Withdrawn from the public, 2027-01-15 08:01 UTC\n    \
             ! A reader reports that its content does not open.\n"
    );
}
