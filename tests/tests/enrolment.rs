//! Who gets in, how, and who does not: with the real programs.

use chancery_client::invitation::Invitation;
use chancery_tests::faketime::Clock;
use chancery_tests::processes::Town;
use serde_json::Value;

const EXPERT: [&str; 5] = ["invite", "--role", "expert", "--instruments", "untoc"];

fn of_kind<'a>(lines: &'a [Value], kind: &str) -> Vec<&'a Value> {
    lines.iter().filter(|line| line["kind"] == kind).collect()
}

/// Who has the invitation is told what became of it; of others nothing is said.
#[test]
fn an_invitation_that_nobody_answered_in_time_says_so() {
    let mut town = Town::with_review();
    let said = town.done("chile", &EXPERT);
    let line = said.iter().find_map(|line| line["invitation"].as_str()).unwrap().to_owned();
    let other = town.done("chile", &EXPERT);
    let closed = other.iter().find_map(|line| line["invitation"].as_str()).unwrap().to_owned();
    let lookup = other.iter().find_map(|line| line["lookup"].as_str()).unwrap()[..8].to_owned();
    town.done("chile", &["admit", &lookup, "--refuse"]);
    let later = Clock::days(11);
    town.stop_server();
    town.start_server_at(later);
    let refused = |line: &str| {
        let said = town.run_at(later, "late", &["join", "--accept", line]);
        assert_eq!(said.status.code(), Some(5), "{said:?}");
        said.error.unwrap()["reason"].as_str().unwrap().to_owned()
    };
    assert_eq!(refused(&line), "INVITATION_EXPIRED");
    assert!(!town.home("late").join("keys").exists(), "nothing useless stays behind");
    assert_eq!(refused(&closed), "INVITATION_VOID", "closed stays closed");
    let listed = town.run_at(later, "chile", &["admit"]).expect_done();
    let candidates = of_kind(&listed, "candidate");
    assert_eq!(candidates.len(), 1, "{listed:?}");
    assert_eq!(candidates[0]["standing"], "expired");
}

#[test]
fn people_join_work_and_leave() {
    let town = Town::with_review();
    let invite = [&EXPERT[..], &["--name", "E. Expert"]].concat();
    town.invited("chile", &invite, "expert");
    let seen = town.run("chile", &["admit"]).one("candidate");
    let own = town.run("expert", &["whoami"]).one("whoami");
    assert_eq!((own["enrolment"].as_str(), seen["standing"].as_str()), (Some("waiting"), Some("ready")));
    assert_eq!(seen["fingerprint"], own["fingerprint"], "what the two compare");
    town.done("chile", &["admit", "--all"]);
    assert_eq!(town.run("expert", &["join"]).one("enrolment")["enrolment"], "admitted");

    let own = town.run("expert", &["whoami"]).one("whoami");
    assert_eq!((own["team_key"].as_bool(), own["state_key"].as_bool()), (Some(true), Some(false)));
    let lines = town.done("japan", &["people"]);
    let people = of_kind(&lines, "person");
    assert_eq!(people.len(), 6);
    assert!(people.iter().all(|person| person["name"].is_null()), "the directory holds no names");
    let lines = town.done("chile", &["people"]);
    assert!(lines.iter().any(|line| line["name"] == "E. Expert"), "but the inviter knows");

    let user = own["user"].as_str().unwrap();
    let lines = town.done("chile", &["remove", user]);
    let team = of_kind(&lines, "team")[0];
    assert_eq!((team["done"].as_str(), team["generation"].as_u64()), (Some("made"), Some(1)));
    let rotated = of_kind(&lines, "upkeep");
    assert!(rotated.iter().any(|line| line["done"] == "left"), "its channels get new keys, too");
    assert_eq!(town.run("expert", &["whoami"]).one("whoami")["enrolment"], "gone");
    assert_eq!(town.refused("expert", &["people"], 3), "NOT_ENROLLED");
    assert_eq!(of_kind(&town.done("chile", &["people"]), "person").len(), 5);
}

#[test]
fn para_18_only_those_who_may_bring_people_in_or_send_them_away() {
    let town = Town::with_review();
    town.invited("chile", &EXPERT, "expert");
    town.done("chile", &["admit", "--all"]);
    town.done("expert", &["join"]);
    let kenya = town.run("kenya", &["whoami"]).one("whoami")["user"].as_str().unwrap().to_owned();
    let check = |who: &str, args: &[&str], exit: i32, reason: &str| {
        assert_eq!(town.refused(who, args, exit), reason, "{who}: {args:?}");
    };
    let focal_point = ["invite", "--role", "focal-point", "--instruments", "untoc"];
    let state = ["root", "admit-state", "CL", "--group", "africa", "--party", "untoc"];
    check("expert", &EXPERT, 3, "FOCAL_POINT_REQUIRED");
    check("officer", &EXPERT, 3, "FOCAL_POINT_REQUIRED");
    check("chile", &focal_point, 3, "OUTSIDE_MECHANISM");
    check("expert", &focal_point[..3], 3, "FOCAL_POINT_REQUIRED");
    check("officer", &focal_point[..3], 3, "FOCAL_POINT_REQUIRED");
    check("chile", &["invite", "--role", "officer"], 3, "ROOT_ONLY");
    check("chile", &[&focal_point[..3], &["--until", "2020-01-01"]].concat(), 3, "PAST_END");
    check("chile", &["invite", "--role", "expert", "--instruments", "none"], 3, "OUTSIDE_MECHANISM");
    check("chile", &["root", "invite", "--role", "officer", "--team", "NEW"], 3, "ROOT_ONLY");
    check("chile", &state, 3, "ROOT_ONLY");
    check("root", &state, 5, "ALREADY_THERE");
    check("root", &["root", "invite", "--role", "focal-point", "--state", "FR"], 4, "NO_SUCH_SUBJECT");
    // Everyone may invite a further device of their own; nobody sees what others have opened.
    assert!(of_kind(&town.done("expert", &["admit"]), "candidate").is_empty());
    check("expert", &["remove", &kenya], 3, "FOCAL_POINT_REQUIRED");
    check("officer", &["remove", &kenya], 3, "ROOT_ONLY");
    check("chile", &["remove", &kenya], 3, "NOT_ENTITLED");
    check("chile", &["remove", "0123456789abcdef"], 4, "NO_SUCH_SUBJECT");
    // The server lets everyone open an invitation, for a further device of their own; what an answer to it may become
    // is the rules'.
    let lookup = r#"{"lookup": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="}"#;
    town.done("expert", &["raw", "CreateInvitation", "--data", lookup]);
    assert!(of_kind(&town.done("expert", &["admit"]), "candidate").is_empty(), "nobody can answer it");
}

#[test]
fn an_invitation_is_for_one_and_a_stranger_gets_nowhere() {
    let town = Town::with_review();
    let invited = town.run("chile", &EXPERT).one("invitation");
    let join = ["join", "--accept", invited["invitation"].as_str().unwrap()];
    let lookup = invited["lookup"].as_str().unwrap();
    assert_eq!(town.refused("chile", &["admit", &lookup[..8]], 5), "NOT_ANSWERED");
    assert_eq!(town.run("first", &join).one("enrolment")["enrolment"], "waiting");
    assert_eq!(town.run("first", &join).one("enrolment")["enrolment"], "waiting", "again is no harm");
    assert_eq!(town.refused("second", &join, 5), "INVITATION_VOID");
    assert_eq!(town.refused("second", &["whoami"], 4), "NO_HOME", "nothing useless stays behind");

    // Until it is admitted the key reaches only enrolment.
    for rpc in ["ListChannels", "ListEntries", "ListInvitations", "WatchEntries", "ListDisclosed"] {
        assert_eq!(town.refused("first", &["raw", rpc, "--data", "{}"], 3), "NOT_ENROLLED", "{rpc}");
    }
    assert_eq!(town.refused("first", &["people"], 3), "NOT_ENROLLED");

    town.done("chile", &["admit", "--refuse", &lookup[..8]]);
    assert_eq!(town.refused("first", &["join"], 5), "INVITATION_VOID");
    assert_eq!(town.run("first", &["whoami"]).one("whoami")["enrolment"], "void");
    assert_eq!(town.refused("chile", &["admit", &lookup[..8]], 4), "NOT_FOUND");
}

/// The invitation names the server's key; an address alone convinces nobody.
#[test]
fn a_server_with_another_key_is_not_the_server() {
    let town = Town::with_review();
    let invited = town.run("chile", &EXPERT).one("invitation");
    let mut invitation: Invitation = invited["invitation"].as_str().unwrap().parse().unwrap();
    invitation.server.tls_key = invitation.root;
    let text = invitation.text().unwrap();
    assert_eq!(town.refused("victim", &["join", "--accept", &text], 6), "WRONG_SERVER");
    assert_eq!(town.refused("victim", &["whoami"], 4), "NO_HOME", "nothing was made, nothing was sent");
}

/// The invitation and the first digits of its lookup.
fn invitation(town: &Town, args: &[&str]) -> (String, String) {
    let invited = town.run("chile", args).one("invitation");
    let text = |field: &str| invited[field].as_str().unwrap().to_owned();
    (text("invitation"), text("lookup")[..8].to_owned())
}

#[test]
fn a_second_invitation_takes_the_place_of_one_that_is_over() {
    let town = Town::with_review();
    let (first, lookup) = invitation(&town, &EXPERT);
    let (second, _) = invitation(&town, &EXPERT);
    let joined = |line: &str| town.run("late", &["join", "--accept", line]);
    let before = joined(&first).one("enrolment");
    assert_eq!(joined(&first).one("enrolment"), before, "the same once more");
    let said = joined(&second);
    assert_eq!(said.status.code(), Some(5), "{said:?}");
    assert_eq!(said.error.unwrap()["reason"], "INVITATION_WAITS");

    town.done("chile", &["admit", &lookup, "--refuse"]);
    assert_eq!(town.refused("late", &["join"], 5), "INVITATION_VOID");
    let after = joined(&second).one("enrolment");
    assert_eq!(after["enrolment"], "waiting");
    assert_ne!(after["user"], before["user"], "with keys of its own");
    town.done("chile", &["admit", "--all"]);
    assert_eq!(town.run("late", &["join"]).one("enrolment")["enrolment"], "admitted");
    let (third, _) = invitation(&town, &EXPERT);
    assert_eq!(joined(&third).error.unwrap()["reason"], "HOME_EXISTS", "who is admitted stays who they are");
}

/// Whoever reads a channel knows its members by name, not only the one who invited them.
#[test]
fn a_name_names_a_person_wherever_people_shows_it() {
    let town = Town::with_review();
    let name = "Ana P\u{e9}rez";
    town.invited("chile", &[&EXPERT[..], &["--name", name]].concat(), "expert");
    town.done("chile", &["admit", "--all"]);
    town.done("expert", &["join"]);
    assert!(town.done("kenya", &["people"]).iter().any(|line| line["name"] == name));
    assert_eq!(of_kind(&town.done("kenya", &["device", "list", "--of", name]), "device").len(), 1);
}

#[test]
fn custodians_have_no_channels() {
    let town = Town::with_review();
    for command in [&["channels"][..], &["threads"], &["read"], &["watch"]] {
        assert_eq!(town.refused("root", command, 3), "NOT_A_PERSON", "{command:?}");
    }
    let listed = invitation(&town, &["device", "add"]);
    let candidate = town.run("chile", &["admit"]).one("candidate");
    assert!(candidate["lookup"].as_str().unwrap().starts_with(&listed.1));
    assert_eq!(candidate["user"], town.run("chile", &["whoami"]).one("whoami")["user"]);
}
