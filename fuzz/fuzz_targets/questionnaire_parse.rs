//! Questionnaire files: whatever parses has each of its questions under its id.
#![no_main]

use std::sync::LazyLock;

use chancery_core::mechanism::{Mechanism, Questionnaire, UNTOC};
use libfuzzer_sys::fuzz_target;

static MECHANISM: LazyLock<Mechanism> = LazyLock::new(|| Mechanism::parse(UNTOC).expect("ours"));

fuzz_target!(|data: &str| {
    let Ok(questionnaire) = Questionnaire::parse(data, &MECHANISM) else { return };
    for question in questionnaire.questions() {
        assert_eq!(questionnaire.question(question.id.as_str()), Some(question));
        assert!(Questionnaire::is_id_of(question.id.as_str(), &question.instrument, question.article));
    }
});
