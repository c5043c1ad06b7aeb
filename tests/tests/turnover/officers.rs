//! The only officer of the secretariat is gone, and another takes the place.

use chancery_tests::processes::Town;
use serde_json::Value;

use super::{of_kind, opened, respond, section, verifies};

/// What was done for the keys of teams: the team, what, the generation, and whether the one before is lost.
fn teams(lines: &[Value]) -> Vec<(String, String, u64, bool)> {
    let text = |line: &Value, field: &str| line[field].as_str().unwrap().to_owned();
    let kept = of_kind(lines, "team").into_iter();
    kept.map(|line| {
        let (generation, lost) = (line["generation"].as_u64().unwrap(), line["lost"].as_bool().unwrap());
        (text(line, "team"), text(line, "done"), generation, lost)
    })
    .collect()
}

fn kept(team: &str, done: &str, generation: u64, lost: bool) -> (String, String, u64, bool) {
    (team.to_owned(), done.to_owned(), generation, lost)
}

/// What somebody reads of an item that was opened to all parties.
fn item(town: &Town, who: &str, index: &str) -> String {
    let lines = town.done(who, &["read-disclosed", index]);
    of_kind(&lines, "item")[0]["content"]["text"].as_str().unwrap().to_owned()
}

/// Chile has opened a response, and the only officer was removed; the next one has answered. The response's section
/// and the team.
fn without_officer() -> (Town, String, String) {
    let town = Town::with_review();
    let first = section(&town.done("chile", &respond("primera")));
    let officer = town.run("officer", &["whoami"]).one("whoami");
    let [user, team] = ["user", "team"].map(|field| officer[field].as_str().unwrap().to_owned());
    town.done("root", &["remove", &user]);
    town.invited("root", &["root", "invite", "--role", "officer", "--team", &team], "next");
    town.done("root", &["root", "admit", "--all"]);
    (town, first, team)
}

/// A State that is admitted now.
fn brazil(town: &Town) {
    let brazil = ["root", "admit-state", "BR", "--group", "latin-america-caribbean", "--party", "untoc"];
    town.done("root", &brazil);
    town.invited("root", &["root", "invite", "--role", "focal-point", "--state", "BR"], "brazil");
    town.done("root", &["root", "admit", "--all"]);
    town.done("brazil", &["join"]);
}

#[test]
fn para_40_the_key_of_all_parties_goes_on_with_the_next_officer() {
    let (town, first, team) = without_officer();
    let made = teams(&town.done("next", &["join"]));
    assert_eq!(made, [kept(&team, "made", 1, true), kept("all-parties", "made", 1, true)]);
    assert_eq!(teams(&town.done("next", &["upkeep"])), [], "once");
    brazil(&town);
    assert_eq!(teams(&town.done("next", &["upkeep"])), [kept("all-parties", "shared", 1, false)]);
    town.done("chile", &["upkeep"]);
    town.done("chile", &respond("segunda"));

    // Who held the key before reads on; to who came later it is said what cannot be read.
    assert_eq!(opened(&town, "japan"), ["primera", "segunda"]);
    for who in ["next", "brazil"] {
        assert_eq!(town.refused(who, &["read-disclosed", "0"], 5), "NO_SECRET", "{who}");
        assert_eq!(item(&town, who, "1"), "segunda", "{who}");
    }
    // Unless the State opens it once more.
    town.done("chile", &["withdraw", &first, "--from", "all-parties", "--yes"]);
    town.done("chile", &["disclose", &first, "--to", "all-parties", "--yes"]);
    for who in ["next", "brazil", "japan"] {
        let listed = town.done(who, &["disclosed"]);
        let newest = of_kind(&listed, "disclosure").last().unwrap()["index"].to_string();
        assert_eq!(item(&town, who, &newest), "primera", "{who}");
    }

    town.done("root", &["root", "amend-state", "BR", "--none"]);
    assert_eq!(teams(&town.done("next", &["upkeep"])), [kept("all-parties", "made", 2, false)]);
    verifies(&town, &["next", "chile", "kenya", "japan"]);
}

#[test]
fn an_officer_of_another_team_waits_for_one_who_holds_the_key_of_all_parties() {
    let town = Town::with_review();
    town.done("chile", &respond("primera"));
    town.invited("root", &["root", "invite", "--role", "officer", "--team", "NEW"], "other");
    town.done("root", &["root", "admit", "--all"]);
    let joined = teams(&town.done("other", &["join"]));
    let team = town.run("other", &["whoami"]).one("whoami")["team"].as_str().unwrap().to_owned();
    let awaited = kept("all-parties", "awaited", 0, false);
    assert_eq!(joined, [kept(&team, "made", 0, false), awaited.clone()]);
    assert_eq!(teams(&town.done("other", &["upkeep"])), [awaited]);
    assert_eq!(teams(&town.done("officer", &["upkeep"])), [kept("all-parties", "shared", 0, false)]);
    assert_eq!(teams(&town.done("other", &["upkeep"])), []);
    assert_eq!(opened(&town, "other"), ["primera"]);
}
