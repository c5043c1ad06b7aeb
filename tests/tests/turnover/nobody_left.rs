//! Channels in which nobody is left: begun anew, and what is lost is said.

use chancery_tests::faketime::Clock;
use chancery_tests::processes::Town;
use serde_json::Value;

use super::{ABOUT, of_kind, section};

/// Kenya, alone in its delegation and in the coordination on the Convention, has written there; then its key is
/// lost, and 73 hours later the custodians have replaced it.
fn replaced() -> (Town, Clock, Written) {
    let mut town = Town::with_review();
    let draft = |text: &'static str| [&["post", "draft"], &ABOUT[..], &["--language", "en", text]].concat();
    let first = town.run("kenya", &draft("a first draft")).one("posted");
    let last = town.run("kenya", &draft("a second draft")).one("posted");
    let among = ["post", "coordination", "--instrument", "untoc", "--language", "en", "Among reviewers"];
    let among = town.run("kenya", &among).one("posted");
    let seat = ["root", "invite", "--role", "focal-point", "--state", "KE", "--replace"];
    town.invited("root", &seat, "amina");
    let listed = town.done("root", &["root", "admit"]);
    let lookup = of_kind(&listed, "candidate")[0]["lookup"].as_str().unwrap()[..8].to_owned();
    town.done("root", &["root", "replace", "announce", &lookup]);
    let later = Clock::hours(73);
    town.stop_server();
    town.start_server_at(later);
    let done = |who: &str, args: &[&str]| town.run_at(later, who, args).expect_done();
    done("root", &["root", "replace", "complete", "KE"]);
    done("amina", &["join"]);
    for who in ["officer", "chile", "portugal"] {
        done(who, &["upkeep"]);
    }
    (town, later, Written { first, last, among })
}

struct Written {
    first: Value,
    last: Value,
    among: Value,
}

#[test]
fn where_nobody_is_left_what_is_lost_is_said_plainly() {
    let (town, later, written) = replaced();
    let done = |who: &str, args: &[&str]| town.run_at(later, who, args).expect_done();
    let kept = done("amina", &["upkeep"]);
    let begun = |channel: &Value| {
        let of = |line: &&&Value| line["done"] == "begun" && line["channel"] == *channel;
        of_kind(&kept, "upkeep").iter().find(of).unwrap_or_else(|| panic!("{kept:?}"))["lost"].clone()
    };
    let lost = begun(&written.first["channel"]);
    let expected = serde_json::json!({
        "posts": 2, "files": 0, "from": written.first["log_time"], "until": written.last["log_time"],
        "opens_to": null,
    });
    assert_eq!(lost, expected, "the delegation: nobody opens it any more");
    let of_coordination = begun(&written.among["channel"]);
    assert_eq!((&of_coordination["posts"], &of_coordination["opens_to"]), (&1.into(), &"secretariat".into()));
    assert_eq!(of_kind(&kept, "upkeep").iter().filter(|line| !line["lost"].is_null()).count(), 2);

    // It is true, stays said, and nothing else is said to be lost.
    let channels = done("amina", &["channels"]);
    for channel in of_kind(&channels, "channel") {
        let expected = if channel["channel"] == written.first["channel"] {
            &lost
        } else if channel["channel"] == written.among["channel"] {
            &of_coordination
        } else {
            &Value::Null
        };
        assert_eq!(&channel["lost"], expected, "{channel}");
    }
    let content = |who: &str, posted: &Value| {
        let lines = done(who, &["thread", &section(std::slice::from_ref(posted))]);
        of_kind(&lines, "post")[0]["content"]["text"].clone()
    };
    assert_eq!(content("amina", &written.first), Value::Null);
    assert_eq!(content("amina", &written.among), Value::Null);
    assert_eq!(content("officer", &written.among), "Among reviewers");
    let channels = done("officer", &["channels"]);
    assert!(of_kind(&channels, "channel").iter().all(|channel| channel["lost"].is_null()), "it lost nothing");

    // They work again.
    let among = ["post", "coordination", "--instrument", "untoc", "--language", "en", "Once more"];
    let again = town.run_at(later, "amina", &among).one("posted");
    assert_eq!(content("officer", &again), "Once more");
}
