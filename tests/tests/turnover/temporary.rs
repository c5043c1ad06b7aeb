//! A focal point for a time, when the time is over.

use chancery_tests::faketime::Clock;
use chancery_tests::processes::Town;
use jiff::{Timestamp, ToSpan as _};
use serde_json::Value;

use super::{ask, of_kind, respond, section};

/// The time of an entry that was just made, so many hours later.
fn later(town: &Town, hours: i64) -> String {
    let posted = town.run("kenya", &ask("What time is it?")).one("posted");
    let time: Timestamp = posted["log_time"].as_str().unwrap().parse().unwrap();
    time.checked_add(hours.hours()).unwrap().to_string()
}

#[test]
fn para_18_a_temporary_focal_point_is_none_from_the_day_on_and_what_was_signed_stays_valid() {
    let mut town = Town::with_review();
    let end = later(&town, 48);
    town.invited("chile", &["invite", "--role", "focal-point", "--until", &end, "--name", "Ana"], "ana");
    town.done("chile", &["admit", "--all"]);
    town.done("ana", &["join"]);
    town.done("chile", &["upkeep"]);
    let whoami = town.run("ana", &["whoami"]).one("whoami");
    assert_eq!((whoami["state_key"].as_bool(), whoami["until"].as_str()), (Some(true), Some(end.as_str())));
    let ana = whoami["user"].as_str().unwrap().to_owned();
    let stay = ["reseat", &ana, "--role", "focal-point"];
    assert_eq!(town.refused("ana", &stay, 3), "OWN_END", "the end is another's to move");

    let at = |town: &mut Town, clock: Clock| {
        town.stop_server();
        town.start_server_at(clock);
    };
    // On the last day Ana speaks for the State.
    let before = Clock::hours(47);
    at(&mut town, before);
    let posted = town.run_at(before, "ana", &respond("Chile tipifica")).one("posted");
    assert_eq!(posted["disclosed"], "all-parties");
    let question = section(&town.run_at(before, "kenya", &ask("Since when?")).expect_done());
    let reply = ["reply", &question, "--language", "es", "Desde 2004"];
    town.run_at(before, "ana", &reply).expect_done();
    let people = |town: &Town, clock: Clock| {
        let lines = town.run_at(clock, "kenya", &["people"]).expect_done();
        of_kind(&lines, "person").iter().filter(|person| person["user"] == ana.as_str()).count()
    };
    assert_eq!(people(&town, before), 1);

    let after = Clock::hours(49);
    at(&mut town, after);
    // Whatever Ana's own clock says.
    for clock in [after, before] {
        for args in [&respond("Todavía")[..], &["reply", &question, "--language", "es", "Aún"], &["channels"]]
        {
            let said = town.run_at(clock, "ana", args);
            assert_eq!(
                (said.status.code(), &said.error.unwrap()["reason"]),
                (Some(3), &"NOT_ENROLLED".into())
            );
        }
    }
    assert_eq!(people(&town, after), 0, "for clients Ana is not there any more");
    the_state_goes_on(&town, after, &posted, &end);
}

/// The one who is left replaces what Ana knew; what Ana signed stands.
fn the_state_goes_on(town: &Town, after: Clock, by_ana: &Value, end: &str) {
    let done = |who: &str, args: &[&str]| town.run_at(after, who, args).expect_done();
    let kept = done("chile", &["upkeep"]);
    assert!(of_kind(&kept, "state-key").iter().any(|line| line["generation"] == 1), "{kept:?}");
    assert!(of_kind(&kept, "upkeep").iter().any(|line| line["done"] == "left"), "{kept:?}");
    let posted = town.run_at(after, "chile", &respond("Chile tipifica mejor")).one("posted");
    assert_eq!(posted["disclosed"], "all-parties");
    for who in ["chile", "kenya", "portugal", "officer", "japan"] {
        let said = town.run_at(after, who, &["verify"]);
        assert!(said.notices.is_empty() && !of_kind(&said.expect_done(), "verified").is_empty(), "{who}");
    }
    let act = by_ana["act"].as_str().unwrap();
    for who in ["kenya", "chile"] {
        let trust = town.run_at(after, who, &["trust", act]).one("trust-act");
        assert_eq!((&trust["valid"], &trust["state_word"]["generation"]), (&true.into(), &0.into()));
        assert!(trust["state_word"]["replaced"].is_object(), "{trust}");
        assert_eq!(trust["seat_until"], end, "the end is told");
    }
    let listed = done("japan", &["disclosed"]);
    assert_eq!(of_kind(&listed, "disclosure").len(), 2);
    let item = done("japan", &["read-disclosed", "0"]);
    assert_eq!(of_kind(&item, "item")[0]["content"]["text"], "Chile tipifica");
    let unalarmed = done("kenya", &["channels"]);
    assert_eq!(of_kind(&unalarmed, "alert").len(), 0);
}
