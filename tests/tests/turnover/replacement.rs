//! A State's focal points and key replaced without the key.

use chancery_tests::faketime::Clock;
use chancery_tests::processes::{Custodians, Town};
use serde_json::Value;

use super::{ask, of_kind, respond, section};

/// Chile has answered a question; the custodians have invited Ana in the place of its focal point, and announced it.
pub(super) fn announced(custodians: Custodians) -> (Town, String) {
    let town = Town::with_review_by(custodians);
    town.done("chile", &respond("Chile tipifica"));
    let thread = section(&town.done("kenya", &ask("Since when?")));
    let seat = ["root", "invite", "--role", "focal-point", "--state", "CL"];
    assert_eq!(town.refused("root", &seat, 3), "SEAT_TAKEN");
    town.invited("root", &[&seat[..], &["--replace"]].concat(), "ana");

    // No road is shorter.
    town.done("root", &["root", "admit", "--all"]);
    let listed = town.done("root", &["root", "admit"]);
    let lookup = of_kind(&listed, "candidate")[0]["lookup"].as_str().unwrap()[..8].to_owned();
    assert_eq!(town.refused("root", &["root", "admit", &lookup], 3), "SEAT_TAKEN");
    assert_eq!(town.refused("root", &["root", "replace", "complete", "CL"], 4), "NOT_FOUND");
    let said = town.done("root", &["root", "replace", "announce", &lookup]);
    assert_eq!(of_kind(&said, "replacement")[0]["state"], "CL");
    assert_eq!(town.refused("root", &["root", "replace", "complete", "CL"], 5), "TOO_SOON");
    (town, thread)
}

/// The custodians announce Ana once more; the objection stands.
fn announce_again(town: &Town) {
    let listed = town.done("root", &["root", "admit"]);
    let lookup = of_kind(&listed, "candidate")[0]["lookup"].as_str().unwrap()[..8].to_owned();
    let said = town.done("root", &["root", "replace", "announce", &lookup]);
    assert_eq!(of_kind(&said, "replacement")[0]["objected"], true);
    assert_eq!(notices(town, "kenya", &["channels"])[0]["objected"], true);
}

fn notices(town: &Town, who: &str, args: &[&str]) -> Vec<Value> {
    of_kind(&town.done(who, args), "replacement").into_iter().cloned().collect()
}

#[test]
fn everyone_concerned_sees_it_and_the_state_may_object() {
    let (mut town, _) = announced(Custodians::One);
    for who in ["chile", "kenya", "portugal", "officer"] {
        assert_eq!(notices(&town, who, &["channels"])[0]["objected"], false, "{who}");
    }
    assert_eq!(notices(&town, "japan", &["channels"]), Vec::<Value>::new(), "Japan has no part in it");
    assert_eq!(notices(&town, "japan", &["people"]).len(), 1);
    assert_eq!(notices(&town, "chile", &["whoami"]).len(), 1);
    assert_eq!(notices(&town, "kenya", &["watch", "--for", "0"]).len(), 1);

    assert_eq!(town.refused("kenya", &["object"], 4), "NOT_FOUND");
    town.done("chile", &["object"]);
    assert_eq!(notices(&town, "kenya", &["channels"])[0]["objected"], true);
    announce_again(&town);
    let later = Clock::hours(73);
    town.stop_server();
    town.start_server_at(later);
    let said = town.run_at(later, "root", &["root", "replace", "complete", "CL"]);
    assert_eq!(said.status.code(), Some(3), "{said:?}");
    assert_eq!(said.error.unwrap()["reason"], "SECOND_CUSTODIAN_REQUIRED");
    let said = town.run_at(later, "chile", &respond("Chile sigue"));
    assert_eq!(said.one("posted")["disclosed"], "all-parties");
}

#[test]
fn para_18_a_lost_key_is_replaced_after_72_hours() {
    let (mut town, thread) = announced(Custodians::One);
    let later = Clock::hours(73);
    town.stop_server();
    town.start_server_at(later);
    let done = |who: &str, args: &[&str]| town.run_at(later, who, args).expect_done();
    done("root", &["root", "replace", "complete", "CL"]);
    let gone = town.run_at(later, "chile", &["channels"]);
    assert_eq!(gone.error.unwrap()["reason"], "NOT_ENROLLED");
    let joined = done("ana", &["join"]);
    assert_eq!(of_kind(&joined, "enrolment")[0]["state_key"], true);
    // Before another has let Ana into the review, what is in it waits, and keeps nothing else from her.
    let channels = done("ana", &["channels"]);
    assert_eq!(of_kind(&channels, "without-review")[0]["channel_kind"], "delegation", "{channels:?}");
    done("ana", &["verify"]);

    // Whoever else is in a channel lets the next focal point in; what nobody is left in begins anew.
    done("officer", &["upkeep"]);
    done("kenya", &["upkeep"]);
    done("portugal", &["upkeep"]);
    let kept = done("ana", &["upkeep"]);
    assert!(of_kind(&kept, "upkeep").iter().any(|line| line["done"] == "begun"), "the delegation: {kept:?}");
    let thread_of = |who: &str| {
        let lines = done(who, &["thread", &thread]);
        let posts = of_kind(&lines, "post");
        posts
            .iter()
            .map(|post| post["content"]["text"].as_str().unwrap_or("(closed)").to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(thread_of("ana"), ["Since when?"], "the whole archive");
    done("ana", &["reply", &thread, "--language", "es", "Desde 2004"]);
    done("officer", &["upkeep"]);
    let posted = done("ana", &respond("Chile tipifica mejor"));
    assert_eq!(of_kind(&posted, "posted")[0]["disclosed"], "all-parties");
    assert_eq!(thread_of("kenya").len(), 2);
    for who in ["ana", "kenya", "officer", "japan"] {
        assert!(!of_kind(&done(who, &["verify"]), "verified").is_empty(), "{who}");
    }
    assert_eq!(of_kind(&done("japan", &["disclosed"]), "disclosure").len(), 2, "the old grant is valid");
}
