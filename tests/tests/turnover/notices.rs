//! What the others are told of changed keys, once; what is offered of one who leaves; and who hands on a channel's
//! key to one who has a new one.

use chancery_tests::processes::Town;
use serde_json::Value;

use super::{ask, of_kind, section, texts, verifies};

/// Every change of keys that a command tells, as (step, user or State).
fn told(town: &Town, who: &str) -> Vec<(String, String)> {
    let said = town.run(who, &["channels"]);
    assert_eq!(said.error, None, "{who}: a notice, no alarm");
    let lines = said.expect_done();
    assert_eq!(of_kind(&lines, "alert").len(), 0, "{who}");
    let text = |line: &Value, field: &str| line[field].as_str().map(str::to_owned);
    let of = |line: &Value| text(line, "user").or_else(|| text(line, "state")).unwrap();
    of_kind(&lines, "key-change").iter().map(|line| (text(line, "step").unwrap(), of(line))).collect()
}

fn user(town: &Town, who: &str) -> String {
    town.run(who, &["whoami"]).one("whoami")["user"].as_str().unwrap().to_owned()
}

fn expert(town: &Town, of: &str, who: &str) -> String {
    let invite = ["invite", "--role", "expert", "--instruments", "untoc,firearms", "--name", who];
    town.invited(of, &invite, who);
    town.done(of, &["admit", "--all"]);
    town.done(who, &["join"]);
    user(town, who)
}

fn device(town: &Town, who: &str) -> String {
    let lines = town.done(who, &["device", "list"]);
    let this = of_kind(&lines, "device").into_iter().find(|device| device["this"] == true);
    this.unwrap()["device"].as_str().unwrap().to_owned()
}

fn further(town: &Town, who: &str, new: &str) {
    town.invited(who, &["device", "add"], new);
    town.done(who, &["device", "admit"]);
    town.done(new, &["join"]);
}

#[test]
fn a_changed_key_is_told_once_to_whom_it_concerns() {
    let town = Town::with_review();
    let luis = expert(&town, "chile", "luis");
    let others = ["kenya", "chile", "officer"];
    for who in others.into_iter().chain(["japan", "luis"]) {
        town.done(who, &["channels"]);
        assert_eq!(told(&town, who), [], "{who} begins with what is there");
    }
    further(&town, "luis", "desktop");
    for who in others {
        assert_eq!(told(&town, who), [("device-added".to_owned(), luis.clone())], "{who}");
        assert_eq!(told(&town, who), [], "{who}: once");
    }
    assert_eq!(told(&town, "japan"), [], "Japan does not work with Luis");
    assert_eq!(told(&town, "luis"), [], "one's own device did it");

    let lost = device(&town, "luis");
    town.done("desktop", &["device", "revoke", &lost]);
    for who in others {
        assert_eq!(told(&town, who), [("device-revoked".to_owned(), luis.clone())], "{who}");
        assert_eq!(told(&town, who), [], "{who}: once");
    }

    // A State's next key is told to everyone, by other commands, too.
    further(&town, "chile", "chile-desktop");
    let (lost, chile) = (device(&town, "chile"), user(&town, "chile"));
    town.done("chile-desktop", &["device", "revoke", &lost]);
    town.done("chile-desktop", &["channels"]);
    for who in ["kenya", "officer"] {
        let steps = ["device-added", "device-revoked"].map(|step| (step.to_owned(), chile.clone()));
        let expected = [&steps[..], &[("state-key".to_owned(), "CL".to_owned())]].concat();
        assert_eq!(told(&town, who), expected, "{who}");
        assert_eq!(told(&town, who), [], "{who}: once");
    }
    let lines = town.done("japan", &["people"]);
    let changes = of_kind(&lines, "key-change");
    assert_eq!(changes.len(), 1, "{changes:?}");
    assert_eq!((&changes[0]["step"], &changes[0]["word"]), (&"state-key".into(), &"key-before".into()));
    assert_eq!(of_kind(&town.done("japan", &["people"]), "key-change").len(), 0);
    verifies(&town, &["kenya", "officer", "japan", "chile-desktop"]);
}

#[test]
fn para_30_who_is_removed_leaves_threads_that_are_offered() {
    let town = Town::with_review();
    let lupita = expert(&town, "kenya", "lupita");
    let asked = section(&town.done("lupita", &ask("Since when?")));
    let counter = section(&town.done("kenya", &ask("By whom?")));
    town.done("chile", &["reply", &counter, "--question", "--language", "es", "¿Qué?"]);
    let answered = section(&town.done("lupita", &ask("Which?")));
    town.done("chile", &["reply", &answered, "--language", "es", "Todas"]);
    let said = town.done("kenya", &["remove", &lupita]);
    let offers: Vec<_> =
        of_kind(&said, "offer").iter().map(|o| (o["section"].clone(), o["why"].clone())).collect();
    assert_eq!(offers, [(asked.clone().into(), "wrote-last".into()), (counter.into(), "awaited".into())]);
    let offer = of_kind(&said, "offer")[0];
    assert_eq!((&offer["of"], &offer["successors"]), (&"KE".into(), &serde_json::json!(["KE"])));
    assert_eq!(town.refused("lupita", &["channels"], 3), "NOT_ENROLLED");

    // The command that is offered goes on.
    let command: Vec<&str> = offer["command"].as_str().unwrap().split(' ').skip(1).collect();
    town.done("kenya", &[&command[..], &["--language", "en", "I take it up"]].concat());
    assert_eq!(texts(&town, "chile", &asked), ["Since when?", "I take it up"]);
}

#[test]
fn an_expert_hands_the_channel_s_key_to_one_with_a_new_one_and_everyone_sees_it() {
    let town = Town::with_review();
    let luis = expert(&town, "chile", "luis");
    expert(&town, "kenya", "lupita");
    let before = section(&town.done("kenya", &ask("Before")));
    further(&town, "luis", "desktop");
    let lost = device(&town, "luis");
    // The channels get a key without Luis, whose own key owes a successor.
    town.done("chile", &["device", "revoke", &lost, "--of", &luis]);
    let during = section(&town.done("kenya", &ask("During")));
    let made = town.done("desktop", &["upkeep"]);
    assert!(of_kind(&made, "upkeep").iter().all(|line| line["done"] != "shared"), "not to oneself: {made:?}");
    assert_eq!(texts(&town, "desktop", &during), ["(closed)"], "until a member hands it over");

    let kept = town.done("lupita", &["upkeep"]);
    let shared: Vec<&Value> =
        of_kind(&kept, "upkeep").into_iter().filter(|line| line["done"] == "shared").collect();
    assert!(shared.iter().all(|line| line["users"] == serde_json::json!([luis])), "{kept:?}");
    assert!(!shared.is_empty(), "{kept:?}");
    for (thread, text) in [(&before, "Before"), (&during, "During")] {
        assert_eq!(texts(&town, "desktop", thread), [text]);
    }

    // Never silently: it is an act of the log, by the one who did it.
    let stored = town.stored();
    let acts =
        stored.channels.iter().flat_map(|channel| &channel.entries).filter_map(|entry| entry.act.as_ref());
    let logged: Vec<String> = acts
        .filter(|act| act.content().statement.kind().as_str() == "share-epoch")
        .map(|act| act.content().header.act_id.to_string())
        .collect();
    assert_eq!(logged.len(), shared.len());
    let by = user(&town, "lupita");
    let trust = town.run("kenya", &["trust", &logged[0]]).one("trust-act");
    assert_eq!((&trust["statement"], &trust["user"]), (&"share-epoch".into(), &by.into()));
    verifies(&town, &["desktop", "lupita", "kenya", "chile", "officer"]);
}
