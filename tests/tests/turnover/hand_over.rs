//! One focal point hands over to the next.

use std::fs;
use std::path::Path;
use std::time::Duration;

use chancery_tests::processes::{Town, until, wait};

use super::{ask, of_kind, opened, respond, section, texts, verifies};

const HAND_OVER: [&str; 5] = ["hand-over", "--to", "Ana", "--leave", "--yes"];

/// Chile has answered a question, and has invited Ana, who has answered.
fn with_successor() -> (Town, String) {
    let town = Town::with_review();
    town.done("chile", &respond("Chile tipifica"));
    town.done("officer", &["upkeep"]);
    let thread = section(&town.done("kenya", &ask("Since when?")));
    town.done("chile", &["reply", &thread, "--language", "es", "Desde 2004"]);
    town.invited("chile", &["invite", "--role", "focal-point", "--name", "Ana"], "ana");
    (town, thread)
}

/// What must hold when Ana has taken over from the one who has left.
fn ana_has_taken_over(town: &Town, thread: &str) {
    let joined = town.done("ana", &["join"]);
    let enrolment = of_kind(&joined, "enrolment")[0];
    assert_eq!((&enrolment["enrolment"], &enrolment["state_key"]), (&"admitted".into(), &true.into()));

    // All that the leaver knew is replaced by the successor's next command.
    let kept = [joined, town.done("ana", &["channels"])].concat();
    let replaced = of_kind(&kept, "state-key");
    assert!(replaced.iter().any(|line| line["done"] == "replaced" && line["generation"] == 1), "{kept:?}");
    assert!(of_kind(&kept, "team").iter().any(|line| line["done"] == "made"), "{kept:?}");
    assert!(of_kind(&kept, "upkeep").iter().any(|line| line["done"] == "left"), "{kept:?}");
    assert_eq!(town.refused("chile", &["channels"], 3), "NOT_ENROLLED");

    // The whole archive, and the State's word.
    assert_eq!(texts(town, "ana", thread), ["Since when?", "Desde 2004"]);
    town.done("ana", &["reply", thread, "--language", "es", "Y desde 2010 también"]);
    let posted = town.done("ana", &respond("Chile tipifica mejor"));
    assert_eq!(of_kind(&posted, "posted")[0]["disclosed"], "all-parties");
    assert_eq!(texts(town, "kenya", thread).len(), 3);

    // What the old key signed stays valid, and what the new one signs is.
    verifies(town, &["ana", "kenya", "portugal", "officer"]);
    assert_eq!(opened(town, "japan"), ["Chile tipifica", "Chile tipifica mejor"]);
}

#[test]
fn para_18_a_focal_point_hands_over_in_one_command() {
    let (town, thread) = with_successor();
    // Nobody is there to be asked, and nothing is done.
    assert_eq!(town.refused("chile", &["hand-over", "--to", "Ana", "--leave"], 2), "NOT_CONFIRMED");
    assert_eq!(town.refused("chile", &["hand-over", "--to", "Nobody", "--yes"], 4), "NO_SUCH_SUBJECT");
    assert_eq!(town.refused("kenya", &["hand-over", "--to", "Ana", "--yes"], 4), "NO_SUCH_SUBJECT");
    let temporary = ["hand-over", "--to", "Ana", "--until", "2090-12-31", "--leave", "--yes"];
    assert_eq!(town.refused("chile", &temporary, 3), "LAST_FOCAL_POINT");
    assert_eq!(town.refused("officer", &["hand-over", "--to", "Ana", "--yes"], 3), "FOCAL_POINT_REQUIRED");
    let unknown = ["hand-over", "--to", "Ana", "--as-expert", "nosuch", "--yes"];
    assert_eq!(town.refused("chile", &unknown, 3), "OUTSIDE_MECHANISM");
    assert_eq!(
        of_kind(&town.done("chile", &["admit"]), "candidate")[0]["standing"],
        "ready",
        "Ana is not in"
    );
    let chile = town.done("chile", &["whoami"])[0]["user"].as_str().unwrap().to_owned();
    assert_eq!(town.refused("chile", &["remove", &chile], 2), "USAGE", "one leaves by handing over");

    let said = town.done("chile", &HAND_OVER);
    let plan = of_kind(&said, "hand-over-plan")[0];
    assert_eq!(plan["channels"].as_array().unwrap().len(), 4, "review, two strands, delegation: {plan}");
    let done = of_kind(&said, "handed-over")[0];
    assert_eq!((&done["finished"], &done["after"]), (&true.into(), &"leaves".into()));
    ana_has_taken_over(&town, &thread);

    // And on to an expert of the State, whose word is needed no more than once.
    let invite = ["invite", "--role", "expert", "--instruments", "untoc", "--name", "Luis"];
    town.invited("ana", &invite, "luis");
    town.done("ana", &["admit", "--all"]);
    town.done("luis", &["join"]);
    let said = town.done("ana", &["hand-over", "--to", "Luis", "--as-expert", "firearms", "--yes"]);
    assert_eq!(of_kind(&said, "handed-over")[0]["finished"], true);
    let whoami = town.done("luis", &["whoami"]);
    assert_eq!((&whoami[0]["role"], &whoami[0]["state_key"]), (&"focal-point".into(), &true.into()));
    town.done("luis", &["upkeep"]);
    let draft = [&["post", "response"], &super::ABOUT[..], &["--language", "es", "Sin poder"]].concat();
    assert_eq!(town.refused("ana", &draft, 3), "FOCAL_POINT_REQUIRED");
    town.done("luis", &respond("Chile tipifica del todo"));
    verifies(&town, &["luis", "ana", "kenya"]);
    assert_eq!(opened(&town, "japan").len(), 3, "two keys later, all that was granted is valid");
}

#[test]
fn a_hand_over_that_is_killed_goes_on() {
    let (town, thread) = with_successor();
    let records = |family: &str| files(&town.home("chile").join("records").join(family));
    // Killed after every append in its turn, until one comes to its end.
    let mut killed = 0;
    loop {
        let before = records("checkpoint");
        // As typed before; where it was begun the successor need not be named again.
        let args: &[&str] = if killed % 2 == 0 { &HAND_OVER } else { &["hand-over", "--yes"] };
        let mut running = town.start("chile", args);
        let mut ended = None;
        until(Duration::from_mins(1), || {
            ended = running.try_wait().unwrap();
            ended.is_some() || (records("hand-over") > 0 && records("checkpoint") > before)
        });
        if ended.is_none() && killed < 40 {
            running.kill().unwrap();
            let _ = wait(running);
            killed += 1;
            continue;
        }
        let said = wait(running);
        let gone = said.error.as_ref().is_some_and(|error| error["reason"] == "NOT_ENROLLED");
        assert!(said.status.success() || gone, "{said:?}");
        break;
    }
    assert!(killed > 2, "it was killed {killed} times");
    ana_has_taken_over(&town, &thread);
}

fn files(folder: &Path) -> usize {
    fs::read_dir(folder).map_or(0, |entries| {
        entries.flatten().filter(|entry| !entry.file_name().to_string_lossy().ends_with(".new")).count()
    })
}

#[test]
fn para_18_a_temporary_focal_point_is_shown_with_the_end() {
    let (town, _) = with_successor();
    let said = town.done("chile", &["hand-over", "--to", "Ana", "--until", "2090-12-31", "--stay", "--yes"]);
    assert_eq!(of_kind(&said, "handed-over")[0]["until"], "2091-01-01T00:00:00Z");
    town.done("ana", &["join"]);
    assert_eq!(town.done("ana", &["whoami"])[0]["until"], "2091-01-01T00:00:00Z");
    let people = town.done("kenya", &["people"]);
    assert_eq!(people.iter().filter(|person| person["until"] == "2091-01-01T00:00:00Z").count(), 1);
    // The one for good may not leave the State to the other.
    assert_eq!(
        town.refused("chile", &["hand-over", "--to", "Ana", "--leave", "--yes"], 3),
        "LAST_FOCAL_POINT"
    );
}
