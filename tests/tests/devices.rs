//! Devices, recovery sheets and people certified anew, with the real programs.

use std::path::Path;

use chancery_tests::processes::{PASSPHRASE, Town, wait};
use serde_json::Value;

const EXPERT: [&str; 5] = ["invite", "--role", "expert", "--instruments", "untoc"];

fn of_kind<'a>(lines: &'a [Value], kind: &str) -> Vec<&'a Value> {
    lines.iter().filter(|line| line["kind"] == kind).collect()
}

fn text(value: &Value, field: &str) -> String {
    value[field].as_str().unwrap().to_owned()
}

/// Kenya asks a question; its section.
fn ask(town: &Town, words: &str) -> String {
    let about = ["--instrument", "untoc", "--article", "5", "--question", "untoc-5-1"];
    let asked = town.run("kenya", &[&["ask"], &about[..], &["--language", "en", words]].concat());
    text(&asked.one("posted"), "section")
}

/// What a section says to somebody; nothing where it does not open.
fn read(town: &Town, who: &str, section: &str) -> Option<String> {
    let posts = town.posts(who, section);
    posts.first()?["content"]["text"].as_str().map(str::to_owned)
}

fn expert(town: &Town) -> String {
    town.invited("chile", &EXPERT, "expert");
    town.done("chile", &["admit", "--all"]);
    town.done("expert", &["join"]);
    text(&town.run("expert", &["whoami"]).one("whoami"), "user")
}

fn devices(town: &Town, who: &str) -> Vec<Value> {
    let lines = town.done(who, &["device", "list"]);
    of_kind(&lines, "device").into_iter().cloned().collect()
}

fn this_device(town: &Town, who: &str) -> String {
    text(devices(town, who).iter().find(|device| device["this"] == true).unwrap(), "device")
}

#[test]
fn a_further_device_reads_everything_and_a_revoked_one_is_cut_off_at_once() {
    let town = Town::with_review();
    let before = ask(&town, "Before");
    town.invited("chile", &["device", "add"], "desktop");
    assert_eq!(town.refused("desktop", &["people"], 3), "NOT_ENROLLED", "before it is admitted");
    town.done("chile", &["device", "admit"]);
    let joined = town.run("desktop", &["join"]).one("enrolment");
    assert_eq!((joined["enrolment"].as_str(), joined["team_key"].as_bool()), (Some("admitted"), Some(true)));
    assert_eq!(read(&town, "desktop", &before).as_deref(), Some("Before"), "the archive");
    let during = ask(&town, "During");
    for who in ["chile", "desktop"] {
        assert_eq!(read(&town, who, &during).as_deref(), Some("During"), "{who}");
    }

    let laptop = this_device(&town, "chile");
    town.done("desktop", &["device", "name", &laptop[..8], "old laptop"]);
    assert_eq!(town.refused("chile", &["device", "revoke", &laptop[..8]], 2), "USAGE", "not oneself");
    assert_eq!(town.refused("kenya", &["device", "revoke", &laptop[..8]], 4), "NOT_FOUND", "another's");
    let watching = town.start("chile", &["watch"]);
    let revoked = town.run("desktop", &["device", "revoke", "old laptop"]).one("device-revoked");
    assert_eq!((text(&revoked, "device"), revoked["new_key"].as_bool()), (laptop.clone(), Some(true)));
    let said = wait(watching);
    assert!(!said.status.success(), "the stream of the revoked device is cut: {said:?}");
    assert_eq!(town.refused("chile", &["people"], 3), "NOT_ENROLLED");

    assert_eq!(town.refused("desktop", &["device", "revoke", &laptop[..8]], 5), "SHUT_OUT");
    let after = ask(&town, "After");
    assert_eq!(read(&town, "desktop", &after).as_deref(), Some("After"));
    let listed = devices(&town, "desktop");
    let old = listed.iter().find(|device| device["device"] == laptop.as_str()).unwrap();
    assert!(old["revoked"].is_string() && old["name"] == "old laptop", "{old}");
    assert_eq!(listed.iter().filter(|device| device["revoked"].is_null()).count(), 1);
}

#[test]
fn a_focal_point_shuts_out_a_device_and_the_person_s_other_one_makes_the_next_key() {
    let town = Town::with_review();
    let user = expert(&town);
    town.invited("expert", &["device", "add"], "desktop");
    town.done("expert", &["device", "admit"]);
    town.done("desktop", &["join"]);
    let lost = this_device(&town, "expert");
    let of = ["device", "revoke", &lost[..8], "--of", &user];
    assert_eq!(town.refused("kenya", &of, 3), "NOT_ENTITLED", "not of its State");
    let revoked = town.run("chile", &of).one("device-revoked");
    assert_eq!(revoked["new_key"].as_bool(), Some(false));
    assert_eq!(town.refused("expert", &["people"], 3), "NOT_ENROLLED");
    let during = ask(&town, "While the key is not made");
    town.done("desktop", &["upkeep"]);
    town.done("chile", &["upkeep"]);
    let after = ask(&town, "With the next key");
    assert_eq!(read(&town, "desktop", &after).as_deref(), Some("With the next key"));
    assert_eq!(read(&town, "desktop", &during).as_deref(), Some("While the key is not made"));
}

#[test]
fn a_lost_laptop_is_recovered_by_the_sheet() {
    let town = Town::with_review();
    expert(&town);
    let before = ask(&town, "Before");
    assert_eq!(read(&town, "expert", &before).as_deref(), Some("Before"));
    let sheet = town.path("sheet");
    let path = sheet.to_str().unwrap();
    assert_eq!(town.refused("expert", &["recovery", "new"], 2), "USAGE", "never in JSON");
    town.done("expert", &["recovery", "new", "--sheet", path]);
    let written = std::fs::read(&sheet).unwrap();
    assert_eq!(town.refused("expert", &["recovery", "new", "--sheet", path], 5), "FILE_EXISTS");
    assert_eq!(std::fs::read(&sheet).unwrap(), written, "not over a file");
    let check = ["recovery", "check", "--sheet-fd", "3"];
    town.run_with("expert", &check, &sheet).expect_done();
    assert_eq!(reason(&town, "chile", &check, &sheet), "OTHER_SHEET");

    let slip = town.path("slip");
    let written = std::fs::read_to_string(&sheet).unwrap();
    let word = written.split_whitespace().skip_while(|token| *token != "7.").nth(1).unwrap();
    std::fs::write(&slip, written.replace(&format!("7. {word}"), "7. chancery")).unwrap();
    let recover = ["recover", "--sheet-fd", "3", "--lost", "all"];
    let said = town.run_with("back", &recover, &slip);
    assert!(said.error.unwrap()["message"].as_str().unwrap().contains("word 7"));

    let back = town.run_with("back", &recover, &sheet).one("recovered");
    assert_eq!(back["lost"].as_array().unwrap().len(), 1);
    assert_eq!(town.refused("expert", &["people"], 3), "NOT_ENROLLED", "whoever has the laptop");
    assert_eq!(read(&town, "back", &before).as_deref(), Some("Before"), "the archive");
    let after = ask(&town, "After");
    assert_eq!(read(&town, "back", &after).as_deref(), Some("After"));
    assert_eq!(town.run("back", &["whoami"]).one("whoami")["enrolment"], "admitted");

    // A sheet that was replaced brings nobody in.
    let next = town.path("next");
    town.done("back", &["recovery", "new", "--sheet", next.to_str().unwrap()]);
    assert_eq!(reason(&town, "thief", &recover, &sheet), "RECOVERY_REFUSED");
    assert_eq!(town.refused("thief", &["whoami"], 4), "NO_HOME", "nothing useless stays behind");
    town.run_with("back", &check, &next).expect_done();
}

#[test]
fn who_joins_makes_a_recovery_sheet_with_admission_or_says_no() {
    let town = Town::with_review();
    let (sheet, next) = (town.path("sheet"), town.path("next"));
    let join = ["join", "--sheet", sheet.to_str().unwrap()];
    let sheets = |lines: &[Value]| of_kind(lines, "recovery-sheet").len();
    town.invited("chile", &EXPERT, "expert");
    let waiting = town.done("expert", &join);
    assert_eq!(
        (sheets(&waiting), sheet.exists()),
        (0, false),
        "nobody is there yet whom it could bring back"
    );
    town.done("chile", &["admit", "--all"]);
    assert_eq!(town.refused("expert", &[&join[..], &["--no-sheet"]].concat(), 2), "USAGE");
    assert_eq!(sheets(&town.done("expert", &join)), 1);
    town.run_with("expert", &["recovery", "check", "--sheet-fd", "3"], &sheet).expect_done();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(std::fs::metadata(&sheet).unwrap().permissions().mode() & 0o777, 0o600);
    }

    // The one in force is not replaced unasked, and a further device of the same person has it already.
    let again = ["join", "--sheet", next.to_str().unwrap()];
    assert_eq!(town.refused("expert", &again, 5), "SHEET_IN_FORCE");
    town.invited("expert", &["device", "add"], "desktop");
    town.done("expert", &["device", "admit"]);
    assert_eq!(town.refused("desktop", &again, 5), "SHEET_IN_FORCE");
    assert!(!next.exists());
    assert_eq!(sheets(&town.done("desktop", &["join"])), 0);
    let recover = ["recover", "--sheet-fd", "3", "--lost", "all"];
    assert_eq!(town.run_with("back", &recover, &sheet).one("recovered")["lost"].as_array().unwrap().len(), 2);

    // Without a terminal nobody is asked.
    for args in [&["join"][..], &["join", "--no-sheet"]] {
        assert_eq!(sheets(&town.done("kenya", args)), 0, "{args:?}");
    }
    let taken = ["join", "--sheet", sheet.to_str().unwrap()];
    assert_eq!(town.refused("kenya", &taken, 5), "FILE_EXISTS", "not over a file");
}

#[test]
fn who_joins_at_a_terminal_is_asked_and_reads_the_sheet_back() {
    let town = Town::with_review();
    let mut said_no = town.at_terminal("kenya", &["join"]);
    said_no.expect("Passphrase: ");
    said_no.say(PASSPHRASE);
    said_no.expect("Make your recovery sheet now? [yes/no] ");
    said_no.say("no");
    said_no.expect("chancery recovery new");
    assert!(said_no.end().success());

    let mut joins = town.at_terminal("kenya", &["join"]);
    joins.expect("Passphrase: ");
    joins.say(PASSPHRASE);
    joins.expect("Make your recovery sheet now? [yes/no] ");
    joins.say("yes");
    let shown = joins.expect("press Enter. ");
    let words: Vec<&str> = shown.split_whitespace().collect();
    let word = |number: &str| {
        *words[words.iter().position(|word| *word == format!("{number}.")).unwrap() + 1..].first().unwrap()
    };
    joins.say("");
    // One is read wrongly at first: then it is not in force, and is shown once more.
    joins.expect("Word ");
    joins.expect(": ");
    joins.say("nonsense");
    joins.expect("Once more");
    joins.expect("press Enter. ");
    joins.say("");
    for _ in 0..3 {
        joins.expect("Word ");
        let number = joins.expect(": ");
        joins.say(word(number.trim_end_matches(": ")));
    }
    joins.expect("The sheet is in force.");
    assert!(joins.end().success());

    let line = words.iter().find(|word| word.starts_with("chancery-recovery-1.")).unwrap();
    let all: Vec<String> = (1..=24).map(|number| word(&number.to_string()).to_owned()).collect();
    let sheet = town.path("from-the-screen");
    std::fs::write(&sheet, format!("{line}\n{}\n", all.join(" "))).unwrap();
    town.run_with("kenya", &["recovery", "check", "--sheet-fd", "3"], &sheet).expect_done();

    // Asked once and for all.
    let mut again = town.at_terminal("kenya", &["join"]);
    again.expect("Passphrase: ");
    again.say(PASSPHRASE);
    let text = again.expect("You are in the directory");
    assert!(again.end().success() && !text.contains("recovery"));
}

#[test]
fn an_expert_who_lost_everything_is_certified_anew_and_reads_the_archive() {
    let town = Town::with_review();
    let user = expert(&town);
    let before = ask(&town, "Before");
    let again = ["invite", "--recertify", &user];
    assert_eq!(town.refused("kenya", &again, 3), "NOT_ENTITLED", "another State's");
    assert_eq!(town.refused("expert", &again, 3), "FOCAL_POINT_REQUIRED", "not oneself");
    town.invited("chile", &again, "new");
    let admitted = town.run("chile", &["admit", "--all"]).one("admitted");
    assert_eq!((text(&admitted, "user"), text(&admitted, "meant")), (user.clone(), "again".to_owned()));
    assert_eq!(town.run("new", &["join"]).one("enrolment")["user"], user.as_str());
    assert_eq!(town.refused("expert", &["people"], 3), "NOT_ENROLLED");
    assert_eq!(read(&town, "new", &before).as_deref(), Some("Before"));
    let after = ask(&town, "After");
    assert_eq!(read(&town, "new", &after).as_deref(), Some("After"));
}

/// An officer who has lost everything comes back as the same person, by the custodians' word.
fn officer_certified_anew(town: &Town, user: &str) {
    let again = ["root", "invite", "--recertify", user];
    assert_eq!(town.refused("officer", &again, 3), "ROOT_ONLY", "not by an officer");
    town.invited("root", &again, "new");
    let admitted = town.run("root", &["root", "admit", "--all"]).one("admitted");
    assert_eq!((text(&admitted, "user"), text(&admitted, "meant")), (user.to_owned(), "again".to_owned()));
    assert_eq!(town.run("new", &["join"]).one("enrolment")["user"], user);
    assert_eq!(town.refused("officer", &["people"], 3), "NOT_ENROLLED");
}

#[test]
fn an_officer_who_lost_everything_is_certified_anew_and_the_team_hands_on_its_key() {
    let town = Town::with_review();
    let who = town.run("officer", &["whoami"]).one("whoami");
    let (user, team) = (text(&who, "user"), text(&who, "team"));
    town.invited("root", &["root", "invite", "--role", "officer", "--team", &team], "colleague");
    town.done("root", &["root", "admit", "--all"]);
    town.done("colleague", &["join"]);
    town.done("officer", &["upkeep"]);
    let before = ask(&town, "Before");
    assert_eq!(read(&town, "colleague", &before).as_deref(), Some("Before"));

    let chile = text(&town.run("chile", &["whoami"]).one("whoami"), "user");
    let again = ["root", "invite", "--recertify"];
    assert_eq!(town.refused("root", &[&again[..], &[&chile]].concat(), 3), "SEAT_TAKEN", "a State's own");
    assert_eq!(town.refused("root", &[&again[..], &["ffff0000"]].concat(), 4), "NO_SUCH_SUBJECT");
    officer_certified_anew(&town, &user);
    town.done("colleague", &["upkeep"]);
    assert_eq!(read(&town, "new", &before).as_deref(), Some("Before"), "the archive");
    let after = ask(&town, "After");
    for officer in ["new", "colleague"] {
        assert_eq!(read(&town, officer, &after).as_deref(), Some("After"), "{officer}");
    }
}

#[test]
fn the_only_officer_who_lost_everything_reads_on_and_reads_back_through_the_next_key() {
    let town = Town::with_review();
    let user = text(&town.run("officer", &["whoami"]).one("whoami"), "user");
    let before = ask(&town, "Before");
    officer_certified_anew(&town, &user);
    let kept = town.done("new", &["upkeep"]);
    assert_eq!(
        of_kind(&kept, "team"),
        Vec::<&Value>::new(),
        "the key of all parties came with `join`: {kept:?}"
    );
    assert_eq!(read(&town, "new", &before), None, "until a member has made the next key");
    let after = ask(&town, "After");
    assert_eq!(read(&town, "new", &after).as_deref(), Some("After"));
    assert_eq!(read(&town, "new", &before).as_deref(), Some("Before"), "by the box of the key before");
}

fn reason(town: &Town, who: &str, args: &[&str], file: &Path) -> String {
    text(&town.run_with(who, args, file).error.unwrap(), "reason")
}
