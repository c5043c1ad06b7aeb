use super::*;

const UNTOC: &str = include_str!("../../../../mechanisms/untoc.toml");

/// The rules as people read them: one row for each kind.
fn table(mechanism: &Mechanism) -> String {
    fn join<T: ToString>(words: impl IntoIterator<Item = T>) -> String {
        let words: Vec<String> = words.into_iter().map(|word| word.to_string()).collect();
        if words.is_empty() { "nothing".to_owned() } else { words.join(" ") }
    }
    let row = |(kind, rule): (ItemKind, &ItemRule)| {
        let mut row = format!(
            "{kind} | {} | {} | {} | {} | {}",
            join(&rule.written_by),
            rule.channel,
            rule.on_submission,
            join(&rule.may_set),
            rule.floor
        );
        if let Some(held_back) = rule.held_back {
            row += &format!(", less a held-back {held_back}");
        }
        let remarks = [(rule.cleared, "cleared"), (rule.agreed, "agreed")];
        for (_, remark) in remarks.into_iter().filter(|(applies, _)| *applies) {
            row += &format!(" | {remark}");
        }
        if let Some(words) = rule.words_max {
            row += &format!(" | {words} words");
        }
        row + &format!(" | ¶{}\n", rule.paragraph)
    };
    mechanism.items().map(row).collect()
}

#[test]
fn the_shipped_rules_are_the_table_of_the_policy() {
    let mechanism = Mechanism::parse(UNTOC).unwrap();
    insta::assert_snapshot!("disclosure-policy", table(&mechanism));
}

#[test]
fn the_shipped_clusters_are_table_1_of_the_appendix() {
    let mechanism = Mechanism::parse(UNTOC).unwrap();
    let mut text = String::new();
    for instrument in &mechanism.instruments {
        text += &format!("{} ({})\n", instrument.short_title, instrument.code);
        for cluster in &instrument.clusters {
            text += &format!("  {}: {:?}\n", cluster.title, cluster.articles);
        }
        for note in &instrument.notes {
            text += &format!("  note on {:?}\n", note.articles);
        }
    }
    insta::assert_snapshot!("clusters", text);
}

#[test]
fn an_article_is_found_in_its_one_cluster() {
    let mechanism = Mechanism::parse(UNTOC).unwrap();
    let tip = mechanism.instrument(&"tip".parse().unwrap()).unwrap();
    assert_eq!(tip.articles(), [3, 5, 6, 7, 8, 9, 10, 11, 12, 13]);
    assert_eq!(tip.cluster_of(8).unwrap().code.as_str(), "cooperation");
    assert_eq!(tip.cluster_of(4), None);
    assert_eq!(mechanism.instrument(&"other".parse().unwrap()), None);
}

/// The error for the shipped file with `from`, found once or more, replaced by `to` at its first place
/// after the line `section`.
fn refused(section: &str, from: &str, to: &str) -> String {
    let start = UNTOC.find(section).unwrap();
    let (before, after) = UNTOC.split_at(start);
    assert!(after.contains(from), "{from} is not after {section}");
    let changed = format!("{before}{}", after.replacen(from, to, 1));
    Mechanism::parse(&changed).expect_err(to).to_string()
}

#[test]
fn every_contradiction_is_refused_by_its_key() {
    let check = |section, from, to, expect: &str| {
        let found = refused(section, from, to);
        assert!(found.contains(expect), "{to}: {found}");
    };
    check("code", "title = \"Mech", "title = \" \" #", "title is empty");
    check("code", "version = 1", "version = 0", "version is 0");
    check("languages", "\"zh\"", "\"ar\"", "languages lists ar twice");
    check("languages", "\"zh\"", "\"de\"", "unknown variant `de`");
    check("languages", "exceptional_max = 3", "exceptional_max = 7", "languages_exceptional_max is 7");
    check("languages", "usual_max = 2", "usual_max = 4", "languages_usual_max is 4");
    check("reviewing", "states_max = 4", "states_max = 9", "reviewing_states_max is 9");
    check("reviewing", "states_usual = 2", "states_usual = 5", "reviewing_states_usual is 5");
    check("response_m", "= 6", "= 0", "response_months is 0");
    check("feedback_m", "= 6", "= 255", "feedback_months is 255");
    check("[[clusters]]", "\"prevention\"", "\"criminalization\"", "code criminalization is used twice");
    check("[[clusters]]", "\"prevention\"", "\"Prevention\"", "not a valid cluster code");
    check("[[instruments]]", "\"tip\"", "\"untoc\"", "code untoc is used twice");
    check("[[instruments]]", "prevention =", "detection =", "articles: there is no cluster detection");
    check("[[instruments]]", "[24, 25", "[24, 24", "articles: article 24 is listed twice");
    check("[[instruments]]", "[24, 25", "[24, 2", "articles: article 2 is listed twice");
    check("[[instruments]]", "[24, 25", "[24, 0", "articles: there is no article 0");
    check("[[instruments]]", "[24, 25, 29, 30, 31]", "[]", "instruments.articles is 0");
    check("[[instruments.notes]]", "[8, 9]", "[8, 99]", "notes: article 99 is in no cluster");
    check("[items.response]", "[\"state-under-review\"]", "[]", "items.response.written_by: somebody");
    check("[items.response]", "\"strand\"", "\"review\"", "items.response.channel: drafts belong");
    check(
        "[items.response]",
        "\"private\", \"all-parties\"",
        "\"private\"",
        "response.on_submission: not among",
    );
    check(
        "[items.response]",
        "on_submission = \"all-parties\"",
        "on_submission = \"private\"",
        "less than the floor",
    );
    check("[items.response]", "held_back = \"section\"", "", "items.response.held_back: must be given");
    check("[items.response]", "held_back = \"section\"", "held_back = \"part\"", "response.held_back: parts");
    check("[items.response]", "agreed = false", "agreed = true", "response.agreed: an agreed item");
    check("[items.response]", "paragraph = 40", "paragraph = 0", "items.response.paragraph: must not be 0");
    check("[items.response]", "\"private\", \"all", "\"public\", \"all", "an entry is listed twice");
    check(
        "[items.document]",
        "floor = \"private\"",
        "floor = \"all-parties\"",
        "document.on_submission: less",
    );
    check(
        "[items.coordination]",
        "[\"rev",
        "[\"state-under-review\", \"rev",
        "coordination.written_by: only",
    );
    check("[items.coordination]", "[]", "[\"private\"]", "items.coordination.may_set: only what");
    check("[items.observations]", "cleared = true", "cleared = false", "observations.cleared: an agreed");
    check("[items.summary]", "floor", "held_back = \"section\"\nfloor", "summary.held_back: must be given");
    check("[items.summary]", "words_max = 1500", "words_max = 0", "items.summary.words_max: must not be 0");
    check(
        "[items.draft]",
        "on_submission = \"private\"",
        "on_submission = \"public\"",
        "draft.on_submission: not",
    );
    check("[items.draft]", "\"delegation\"", "\"strand\"", "items.draft.channel: drafts belong");
}

#[test]
fn missing_and_unknown_keys_are_refused() {
    let check = |section, from, to, expect: &str| {
        let found = refused(section, from, to);
        assert!(found.contains(expect), "{to}: {found}");
    };
    check("version", "version = 1", "", "missing field `version`");
    check("version", "version = 1", "version = 1\nrevision = 1", "unknown field `revision`");
    check("[[clusters]]", "title", "name", "unknown field `name`");
    check("[[instruments]]", "short_title", "nickname", "unknown field `nickname`");
    check("[[instruments.notes]]", "text", "remark", "unknown field `remark`");
    check("[items.response]", "floor", "ceiling", "unknown field `ceiling`");
    check("[items.response]", "[items.response]", "[items.reply]", "unknown field `reply`");
    let draft = UNTOC.find("[items.draft]").unwrap();
    let found = Mechanism::parse(&UNTOC[..draft]).unwrap_err().to_string();
    assert!(found.contains("missing field `draft`"), "{found}");
}

#[test]
fn an_oversize_file_is_refused_before_it_is_read() {
    let long = "#".repeat(limits::MECHANISM_BYTES_MAX + 1);
    assert!(matches!(Mechanism::parse(&long), Err(MechanismError::FileTooLong { .. })));
}
