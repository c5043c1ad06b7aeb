use super::*;

const UNTOC: &str = include_str!("../../../../mechanisms/untoc.toml");
const QUESTIONS: &str = include_str!("../../../../mechanisms/untoc-questionnaire.toml");

fn parse(text: &str) -> Result<Questionnaire, QuestionnaireError> {
    Questionnaire::parse(text, &Mechanism::parse(UNTOC).unwrap())
}

#[test]
fn the_shipped_questionnaire_asks_about_every_instrument() {
    let mechanism = Mechanism::parse(UNTOC).unwrap();
    let questionnaire = Questionnaire::parse(QUESTIONS, &mechanism).unwrap();
    for instrument in &mechanism.instruments {
        assert!(questionnaire.of_instrument(&instrument.code).next().is_some(), "{}", instrument.code);
    }
    assert!(questionnaire.note.contains("not the questionnaire that the Conference"));
}

#[test]
fn a_question_is_read_in_the_language_asked_for_or_in_its_own() {
    let questionnaire = parse(QUESTIONS).unwrap();
    let question = questionnaire.question("untoc-5-1").unwrap();
    assert_eq!(question.article, 5);
    assert_eq!(question.languages(), BTreeSet::from(Language::ALL));
    assert!(question.text(Language::Es).1.starts_with("¿Tipifica"));
    let (language, text) = questionnaire.question("untoc-6-1").unwrap().text(Language::Ar);
    assert_eq!(language, Language::En);
    assert!(text.starts_with("Does your country"));
    assert_eq!(questionnaire.question("untoc-5-99"), None);
}

#[test]
fn what_does_not_fit_the_mechanism_is_refused() {
    let check = |from: &str, to: &str, expect: &str| {
        assert!(QUESTIONS.contains(from), "{from}");
        let found = parse(&QUESTIONS.replacen(from, to, 1)).expect_err(to).to_string();
        assert!(found.contains(expect), "{to}: {found}");
    };
    check("title = \"Sample self-assessment questionnaire\"", "title = \"\"", "title must have");
    check("mechanism = \"untoc\"", "mechanism = \"other\"", "belongs to other");
    check("language = \"en\"", "language = \"fr\"", "question untoc-5-2: text.fr is missing");
    check("id = \"untoc-5-2\"", "id = \"untoc-5-1\"", "the id untoc-5-1 is used twice");
    check("id = \"untoc-5-2\"", "id = \"untoc-6-2\"", "question untoc-6-2: its id is not");
    check("id = \"untoc-5-2\"", "id = \"untoc-5-02\"", "question untoc-5-02: its id is not");
    check("id = \"untoc-5-2\"", "id = \"untoc 5\"", "not a valid question id");
    check("instrument = \"untoc\"", "instrument = \"other\"", "there is no instrument other");
    check("article = 5", "article = 4", "article 4 of untoc is not reviewed");
    check("[questions.text]\nen = \"Does your", "[questions.text]\nen = \"\" #", "text.en must have");
    check("article = 5", "article = 5\nhint = 1", "unknown field `hint`");
    check("version = 1", "", "missing field `version`");
}

#[test]
fn a_language_outside_the_mechanism_is_refused() {
    let narrow = UNTOC.replace("\"fr\", \"ru\", \"es\"]", "\"ru\", \"es\"]");
    let mechanism = Mechanism::parse(&narrow).unwrap();
    let found = Questionnaire::parse(QUESTIONS, &mechanism);
    assert_eq!(found, Err(QuestionnaireError::NotALanguage { language: Language::Fr }));
}

#[test]
fn an_oversize_file_is_refused_before_it_is_read() {
    let long = "#".repeat(limits::QUESTIONNAIRE_BYTES_MAX + 1);
    assert!(matches!(parse(&long), Err(QuestionnaireError::FileTooLong { .. })));
}
