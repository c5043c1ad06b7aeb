//! A State whose focal point is gone, and whose people put its key together again.

use chancery_tests::processes::Town;
use serde_json::Value;

use super::{of_kind, respond, verifies};

#[test]
fn two_of_three_put_the_states_key_together_again() {
    let town = Town::with_review();
    town.done("chile", &respond("Chile tipifica"));
    let (all, names) = (["luis", "marta", "rosa"], ["Luis", "Marta", "Rosa"]);
    for (who, name) in all.into_iter().zip(names) {
        let invite = ["invite", "--role", "expert", "--instruments", "untoc,firearms", "--name", name];
        town.invited("chile", &invite, who);
    }
    town.done("chile", &["admit", "--all"]);
    for who in all {
        town.done(who, &["join"]);
    }
    town.done("chile", &["upkeep"]);
    let deposit = |holders: &'static str, threshold: &'static str| {
        ["state-key", "deposit", "--holders", holders, "--threshold", threshold]
    };
    assert_eq!(town.refused("chile", &deposit("Luis,Marta", "3"), 2), "USAGE");
    assert_eq!(town.refused("kenya", &deposit("Luis,Marta", "2"), 4), "NO_SUCH_SUBJECT");
    town.done("chile", &deposit("Luis,Marta,Rosa", "2"));

    // The focal point is gone, and nobody has the key.
    std::fs::remove_dir_all(town.home("chile")).unwrap();
    assert_eq!(town.refused("luis", &["state-key", "recover"], 5), "TOO_FEW_SHARES");
    let luis = town.done("luis", &["whoami"])[0]["user"].as_str().unwrap().to_owned();
    town.done("marta", &["state-key", "give", &luis]);
    let said = town.done("luis", &["state-key", "recover"]);
    assert_eq!(of_kind(&said, "state-key-recovered")[0]["generation"], 0);
    let replaced = |line: &&Value| line["done"] == "replaced" && line["generation"] == 1;
    assert!(of_kind(&said, "state-key").iter().any(replaced), "others can put it together, too: {said:?}");
    let whoami = town.done("luis", &["whoami"]);
    assert_eq!((&whoami[0]["role"], &whoami[0]["state_key"]), (&"focal-point".into(), &true.into()));

    let people = town.done("luis", &["people"]);
    // The lost one is shown out, and then every key that they knew is replaced.
    let lost = |person: &&Value| {
        person["state"] == "CL" && person["role"] == "focal-point" && person["user"] != luis.as_str()
    };
    let chile = people.iter().find(lost).unwrap();
    let said = town.done("luis", &["remove", chile["user"].as_str().unwrap()]);
    let replaced = |line: &&Value| line["done"] == "replaced" && line["generation"] == 2;
    assert!(of_kind(&said, "state-key").iter().any(replaced), "{said:?}");
    assert_eq!(town.refused("rosa", &["state-key", "recover"], 4), "NOT_FOUND", "shares of the old key");
    town.done("luis", &respond("Chile tipifica mejor"));
    verifies(&town, &["luis", "rosa", "kenya"]);
}
