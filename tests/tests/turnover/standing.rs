//! A State that is party to no instrument any more, and comes back.

use chancery_tests::probe::probe;
use chancery_tests::processes::Town;

use super::{of_kind, opened, respond, verifies};

fn of_all_parties(town: &Town) -> Vec<(String, u64)> {
    let lines = town.done("officer", &["upkeep"]);
    let team = |line: &&serde_json::Value| line["team"] == "all-parties";
    let kept = of_kind(&lines, "team").into_iter().filter(team);
    kept.map(|line| (line["done"].as_str().unwrap().to_owned(), line["generation"].as_u64().unwrap()))
        .collect()
}

#[test]
fn para_40_a_state_that_left_opens_nothing_that_is_opened_to_all_parties_later() {
    let town = Town::with_review();
    town.done("chile", &respond("primera"));
    assert_eq!(opened(&town, "japan"), ["primera"]);
    assert_eq!(of_all_parties(&town), [], "all is in order");

    let none = ["root", "amend-state", "JP", "--none"];
    for who in ["officer", "japan", "chile"] {
        assert_eq!(town.refused(who, &none, 3), "ROOT_ONLY", "{who}");
    }
    assert_eq!(town.refused("root", &["root", "amend-state", "FR", "--none"], 4), "NO_SUCH_SUBJECT");
    let unknown = ["root", "amend-state", "JP", "--party", "unknown"];
    assert_eq!(town.refused("root", &unknown, 3), "OUTSIDE_MECHANISM");
    assert_eq!(town.refused("root", &["root", "amend-state", "JP"], 2), "USAGE", "nothing was said");
    let nowhere = ["root", "admit-state", "XX", "--group", "africa", "--party", "untoc"];
    assert_eq!(town.refused("root", &nowhere, 2), "USAGE", "no such State");
    assert_eq!(opened(&town, "japan"), ["primera"], "nothing was changed");

    let said = town.done("root", &none);
    assert_eq!(of_kind(&said, "state")[0]["party"], serde_json::json!([]));
    // At once by the server, and by the key from an officer's next command on.
    assert_eq!(town.refused("japan", &["disclosed"], 4), "NOT_FOUND");
    assert_eq!(of_all_parties(&town), [("made".to_owned(), 1)]);
    assert_eq!(of_all_parties(&town), [], "once");
    let posted = town.run("chile", &respond("segunda")).one("posted");
    let disclose = ["disclose", posted["section"].as_str().unwrap(), "--to", "public", "--preview"];
    town.done("chile", &disclose);

    assert_eq!(opened(&town, "kenya"), ["primera", "segunda"]);
    let read_by = |who: &str| {
        let found = probe(town.open_home(who).keys(), &town.stored());
        ["primera", "segunda"].map(|word| found.iter().any(|one| one.says(word)))
    };
    assert_eq!(read_by("japan"), [true, false], "with every byte of the server");
    assert_eq!(read_by("kenya"), [true, true]);
    let open = ["review", "open", "--state", "KE", "--instruments", "untoc", "--languages", "en"];
    let with_japan = [&open[..], &["--reviewer", "JP:untoc"]].concat();
    assert_eq!(town.refused("officer", &with_japan, 3), "NOT_PARTY");

    // A signatory is no party; a party again reads the whole catalogue.
    town.done("root", &["root", "amend-state", "JP", "--signatory", "untoc"]);
    assert_eq!(town.refused("japan", &["disclosed"], 4), "NOT_FOUND");
    town.done("root", &["root", "amend-state", "JP", "--party", "untoc"]);
    assert_eq!(of_all_parties(&town), [("shared".to_owned(), 1)]);
    assert_eq!(opened(&town, "japan"), ["primera", "segunda"]);
    verifies(&town, &["japan", "kenya", "officer"]);
}
