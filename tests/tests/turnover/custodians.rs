//! A root of two custodians, who hand each other files: the second one's home never sees the server.

use std::fs;
use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chancery_core::id::KeyId;
use chancery_core::name::directory_channel;
use chancery_tests::faketime::Clock;
use chancery_tests::processes::{Custodians, Said, Town};
use serde_json::{Value, json};

use super::replacement::announced;
use super::{ask, of_kind, respond, verifies};

const PARTY: [&str; 4] = ["--group", "latin-america-caribbean", "--party", "untoc,firearms"];

/// Files of one test.
struct Files<'a>(&'a Town);

impl Files<'_> {
    fn path(&self, name: &str) -> String {
        self.0.path(name).to_str().unwrap().to_owned()
    }

    /// Has the first custodian put what this command says into a file; gives the acts' ids.
    fn put(&self, args: &[&str], name: &str) -> Value {
        let file = self.path(name);
        let said = self.0.done("root", &[args, &["--act-file", &file]].concat());
        let written = of_kind(&said, "act-file");
        assert_eq!(written[0]["countersigned"], false);
        written[0]["acts"].clone()
    }

    fn countersign(&self, who: &str, name: &str, out: &str) -> Said {
        let (file, out) = (self.path(name), self.path(out));
        self.0.run(who, &["root", "countersign", &file, "--out", &out, "--yes"])
    }

    fn send(&self, name: &str) -> Said {
        self.0.run("root", &["root", "send", &self.path(name), "--yes"])
    }

    /// The whole way of an act.
    fn state(&self, args: &[&str], name: &str) -> Vec<Value> {
        let acts = self.put(args, name);
        let twice = format!("{name}-twice");
        let signed = self.countersign("second", name, &twice).expect_done();
        assert_eq!(of_kind(&signed, "act-file")[0]["acts"], acts);
        self.send(&twice).expect_done()
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        fs::write(self.path(name), text).unwrap();
        self.0.path(name)
    }
}

fn refused(said: &Said, exit: i32, reason: &str) {
    assert_eq!(said.status.code(), Some(exit), "{said:?}");
    assert_eq!(said.error.as_ref().unwrap()["reason"], reason, "{said:?}");
}

/// How many entries the directory has.
fn entries(town: &Town) -> u64 {
    of_kind(&town.done("root", &["root", "show"]), "deployment")[0]["entries"].as_u64().unwrap()
}

/// Sends the first act of a file by hand, past everything that the program asks itself.
fn by_hand(town: &Town, file: &str) -> Said {
    let act = file.lines().find_map(|line| line.strip_prefix("act ")).unwrap();
    let shown = town.done("root", &["root", "show"]);
    let root: KeyId = of_kind(&shown, "deployment")[0]["root"].as_str().unwrap().parse().unwrap();
    let channel = STANDARD.encode(directory_channel(&root).as_bytes());
    let data = json!({ "channel": channel, "entries": [{ "signedAct": act }] }).to_string();
    town.run("root", &["raw", "Append", "--data", &data])
}

#[test]
fn para_18_against_an_objection_both_custodians_sign() {
    let (mut town, _) = announced(Custodians::Two);
    town.done("root", &["root", "amend-state", "JP", "--party", "untoc"]);
    let complete = ["root", "replace", "complete", "CL"];
    town.done("chile", &["object"]);
    let too_soon = town.path("too-soon");
    let by_file = [&complete[..], &["--act-file", too_soon.to_str().unwrap()]].concat();
    assert_eq!(town.refused("root", &by_file, 5), "TOO_SOON");
    assert!(!too_soon.exists());

    let later = Clock::hours(73);
    town.stop_server();
    town.start_server_at(later);
    let at = |who: &str, args: &[&str]| town.run_at(later, who, args);
    refused(&at("root", &complete), 3, "SECOND_CUSTODIAN_REQUIRED");
    let files = Files(&town);
    let (once, twice) = (files.path("once"), files.path("twice"));
    let put = at("root", &[&complete[..], &["--act-file", &once]].concat()).expect_done();
    let words = of_kind(&put, "root-act")[0]["words"].as_str().unwrap();
    assert!(words.contains("Chile (CL)") && words.contains("ask the State"), "{words}");
    refused(&at("root", &["root", "send", &once, "--yes"]), 3, "SECOND_CUSTODIAN_REQUIRED");
    files.countersign("second", "once", "twice").expect_done();
    refused(&at("root", &["root", "send", &twice]), 2, "NOT_CONFIRMED");
    let sent = at("root", &["root", "send", &twice, "--yes"]).expect_done();
    assert_eq!(of_kind(&sent, "root-sent")[0]["already"], false);
    let again = at("root", &["root", "send", &twice]).expect_done();
    assert_eq!(of_kind(&again, "root-sent")[0]["already"], true);

    assert_eq!(at("chile", &["channels"]).error.unwrap()["reason"], "NOT_ENROLLED");
    let joined = at("ana", &["join"]).expect_done();
    assert_eq!(of_kind(&joined, "enrolment")[0]["state_key"], true);
    assert_eq!(of_kind(&at("root", &["root", "admit"]).expect_done(), "candidate").len(), 0, "it is closed");
    let why = at("kenya", &["trust", "CL"]).expect_done();
    assert!(of_kind(&why, "trust-step").iter().any(|step| step["word"] == "custodians"), "{why:?}");
}

#[test]
fn a_deployment_whose_root_always_needs_both() {
    let town = Town::founded_by(Custodians::TwoAlways);
    let files = Files(&town);
    let shown = town.done("root", &["root", "show"]);
    assert_eq!(of_kind(&shown, "deployment")[0]["second_always"], true);

    // Alone, the root does nothing: not by this program, and not by hand.
    let chile = [&["root", "admit-state", "CL"], &PARTY[..]].concat();
    assert_eq!(town.refused("root", &chile, 3), "SECOND_CUSTODIAN_REQUIRED");
    let acts = files.put(&chile, "chile");
    refused(&by_hand(&town, &files.read("chile")), 3, "SECOND_CUSTODIAN_REQUIRED");
    assert_eq!(entries(&town), 1);
    files.countersign("second", "chile", "chile-twice").expect_done();
    let sent = files.send("chile-twice").expect_done();
    assert_eq!(of_kind(&sent, "root-sent")[0]["act"], acts[0]);
    assert_eq!(entries(&town), 2);
    let once_more = files.path("once-more");
    let twice = [&chile[..], &["--act-file", &once_more]].concat();
    assert_eq!(town.refused("root", &twice, 5), "ALREADY_THERE", "the second is not bothered for nothing");

    // A whole small set-up: two States, an officer and two focal points admitted by one file.
    files.state(&[&["root", "admit-state", "KE"], &PARTY[..]].concat(), "kenya");
    town.invited("root", &["root", "invite", "--role", "officer", "--team", "NEW"], "officer");
    for (who, state) in [("chile", "CL"), ("kenya", "KE")] {
        town.invited("root", &["root", "invite", "--role", "focal-point", "--state", state], who);
    }
    assert_eq!(town.refused("root", &["root", "admit", "--all"], 3), "SECOND_CUSTODIAN_REQUIRED");
    let sent = files.state(&["root", "admit", "--all"], "people");
    assert_eq!(of_kind(&sent, "root-sent").len(), 5, "three people and two keys: {sent:?}");
    assert_eq!(of_kind(&town.done("root", &["root", "admit"]), "candidate").len(), 0, "all are closed");
    for who in ["officer", "chile", "kenya"] {
        town.done(who, &["join"]);
    }
    town.done("officer", &["upkeep"]);
    let review = ["review", "open", "--state", "CL", "--instruments", "firearms", "--languages", "en,es"];
    town.done("officer", &[&review[..], &["--reviewer", "KE:firearms"]].concat());
    town.done("chile", &["upkeep"]);
    town.done("kenya", &["upkeep"]);
    town.done("chile", &respond("Chile tipifica"));
    town.done("kenya", &ask("Since when?"));
    verifies(&town, &["officer", "chile", "kenya"]);

    // What else the root does.
    files.state(&["root", "amend-state", "CL", "--party", "untoc,tip,firearms"], "amended");
    let people = town.done("officer", &["people"]);
    let chile = of_kind(&people, "person").into_iter().find(|one| one["state"] == "CL").unwrap();
    let user = chile["user"].as_str().unwrap();
    let listed = town.done("officer", &["device", "list", "--of", user]);
    let device = of_kind(&listed, "device")[0]["device"].as_str().unwrap();
    files.state(&["root", "revoke-device", user, device], "device");
    files.state(&["remove", user], "person");
    assert_eq!(town.refused("chile", &["channels"], 3), "NOT_ENROLLED");
    verifies(&town, &["officer", "kenya"]);
}

#[test]
fn what_the_second_custodian_does_not_sign() {
    let (town, other) = (Town::founded_by(Custodians::TwoAlways), Town::founded_by(Custodians::Two));
    let files = Files(&town);
    let admit = |state: &'static str| [&["root", "admit-state", state], &PARTY[..]].concat();
    files.put(&admit("CL"), "once");
    let (file, nowhere) = (files.path("once"), files.path("no"));
    let again = [&admit("CL")[..], &["--act-file", &file]].concat();
    assert_eq!(town.refused("root", &again, 5), "FILE_EXISTS", "another act has another id");

    // Who is not asked, or not the one whom the founding names.
    let asked = ["root", "countersign", &file, "--out", &nowhere];
    assert_eq!(town.refused("second", &asked, 2), "NOT_CONFIRMED");
    refused(&files.countersign("root", "once", "no"), 3, "NOT_THE_SECOND");
    let stranger = other.run("second", &[&asked[..], &["--yes"]].concat());
    refused(&stranger, 3, "OTHER_ROOT");
    let shown = town.done("second", &["whoami"]);
    let root = of_kind(&shown, "whoami")[0]["root"].as_str().unwrap();
    town.done("third", &["root", "init", "--second", root]);
    refused(&files.countersign("third", "once", "no"), 3, "NOT_THE_SECOND");
    assert_eq!(town.refused("second", &["root", "show"], 3), "SECOND_CUSTODIAN");
    assert_eq!(town.refused("second", &admit("CL"), 3), "SECOND_CUSTODIAN");

    // What is not the root's, or not in its form any more.
    let once = files.read("once");
    let act = once.lines().nth(2).unwrap();
    let middle = act.len() / 2;
    let other_letter = if act.as_bytes()[middle] == b'A' { "B" } else { "A" };
    let altered = format!("{}{other_letter}{}", &act[..middle], &act[middle + 1..]);
    files.write("altered", &once.replace(act, &altered));
    let said = files.countersign("second", "altered", "no");
    assert!(matches!(said.status.code(), Some(2 | 6)), "{said:?}");
    files.write("extended", &(once.clone() + "more\n"));
    refused(&files.countersign("second", "extended", "no"), 2, "NOT_ROOT_ACTS");
    files.write("cut", &once[..once.find("end ").unwrap()]);
    refused(&files.countersign("second", "cut", "no"), 2, "NOT_ROOT_ACTS");
    assert!(!town.path("no").exists());

    files.countersign("second", "once", "twice").expect_done();
    refused(&files.countersign("second", "twice", "no"), 5, "COUNTERSIGNED");
    let elsewhere = other.run("root", &["root", "send", &files.path("twice")]);
    refused(&elsewhere, 3, "OTHER_ROOT");
}

#[test]
fn what_is_sent_late_twice_or_altered() {
    let town = Town::founded_by(Custodians::TwoAlways);
    let files = Files(&town);
    let chile = [&["root", "admit-state", "CL"], &PARTY[..]].concat();
    for name in ["first", "late"] {
        files.put(&chile, name);
        files.countersign("second", name, &format!("{name}-twice")).expect_done();
    }
    // Files do not grow old while the directory grows: only what they say counts.
    files.state(&[&["root", "admit-state", "KE"], &PARTY[..]].concat(), "between");
    refused(&files.send("first"), 3, "SECOND_CUSTODIAN_REQUIRED");
    files.send("first-twice").expect_done();
    let size = entries(&town);
    let again = files.send("first-twice").expect_done();
    assert_eq!(of_kind(&again, "root-sent")[0]["already"], true);
    refused(&files.send("first"), 3, "SECOND_CUSTODIAN_REQUIRED");
    let late = files.send("late-twice");
    refused(&late, 5, "ALREADY_THERE");
    assert!(late.error.unwrap()["next"].as_str().unwrap().contains("countersigned again"));

    // A signature that is not the second custodian's convinces neither the program nor the server.
    files.put(&[&["root", "admit-state", "PE"], &PARTY[..]].concat(), "peru");
    files.countersign("second", "peru", "peru-twice").expect_done();
    let (once, twice) = (files.read("peru"), files.read("peru-twice"));
    let act = twice.lines().find_map(|line| line.strip_prefix("act ")).unwrap();
    let mut forged = STANDARD.decode(act).unwrap();
    *forged.last_mut().unwrap() ^= 1;
    let forged = twice.replace(act, &STANDARD.encode(forged));
    files.write("forged", &forged);
    refused(&files.send("forged"), 6, "ACTS_ALTERED");
    refused(&by_hand(&town, &forged), 3, "SECOND_CUSTODIAN_REQUIRED");
    refused(&by_hand(&town, &once), 3, "SECOND_CUSTODIAN_REQUIRED");
    assert_eq!(entries(&town), size);
    files.send("peru-twice").expect_done();
    assert_eq!(entries(&town), size + 1);
}

#[test]
fn one_custodian_has_nobody_to_ask() {
    let town = Town::founded();
    let file = town.path("act");
    let args = [&["root", "admit-state", "CL"], &PARTY[..], &["--act-file", file.to_str().unwrap()]].concat();
    assert_eq!(town.refused("root", &args, 5), "NO_SECOND_CUSTODIAN");
    assert!(!file.exists());
    assert_eq!(entries(&town), 1);
}
