//! A dialogue between real processes: asked, answered, read, handed over, interrupted.

use std::collections::BTreeMap;
use std::time::Duration;

use chancery_tests::detour::Break;
use chancery_tests::processes::{Town, wait};
use serde_json::Value;

const ABOUT: [&str; 6] = ["--instrument", "firearms", "--article", "5", "--question", "firearms-5-1"];

fn ask<'a>(language: &'a str, text: &'a str) -> Vec<&'a str> {
    [&["ask"], &ABOUT[..], &["--language", language, text]].concat()
}

fn posted(lines: &[Value]) -> &Value {
    lines.iter().find(|line| line["kind"] == "posted").unwrap()
}

fn section(lines: &[Value]) -> String {
    posted(lines)["section"].as_str().unwrap().to_owned()
}

fn texts(posts: &[Value]) -> Vec<&str> {
    posts.iter().map(|post| post["content"]["text"].as_str().unwrap_or("(closed)")).collect()
}

fn channel<'a>(lines: &'a [Value], kind: &str, instrument: Option<&str>) -> &'a Value {
    let fits = |line: &&Value| line["channel_kind"] == kind && line["instrument"].as_str() == instrument;
    lines.iter().filter(|line| line["kind"] == "channel").find(fits).unwrap()
}

#[test]
fn para_35_a_question_is_bound_and_is_answered_or_not() {
    let town = Town::with_review();
    let response = [&["post", "response"], &ABOUT[..], &["--language", "es", "Chile tipifica"]].concat();
    let response = town.done("chile", &response);
    assert_eq!(posted(&response)["disclosed"], "all-parties", "opened with its submission");
    let (answer, revision) = (section(&response), posted(&response)["act"].clone());

    let question = [&ask("en", "Since when?")[..], &["--about", &answer[..8]]].concat();
    let thread = section(&town.done("kenya", &question));
    let asked = &town.posts("chile", &thread)[0];
    assert_eq!(asked["content"]["asks_about"], revision);
    assert_eq!((&asked["state"], &asked["role"]), (&"KE".into(), &"focal-point".into()));

    let waits =
        |who: &str| channel(&town.done(who, &["channels"]), "strand", Some("firearms"))["waits"].clone();
    assert_eq!(waits("chile")[0]["for_own_state"], true);
    assert_eq!(waits("portugal")[0]["for_own_state"], false);
    assert_eq!(waits("officer")[0]["awaiting"], serde_json::json!(["CL"]), "the secretariat sees it all");
    let none = ["reply", &thread, "--no-further-information", "--language", "ar", "لا مزيد"];
    assert_eq!(town.refused("kenya", &none, 3), "BODY_NOT_THEIRS_TO_SAY");
    town.done("chile", &none);
    assert_eq!(waits("chile"), serde_json::json!([]));
    let posts = town.posts("officer", &thread);
    assert_eq!(posts[1]["content"]["step"], "no-further-information");
    assert_eq!(posts[1]["content"]["direction"], "rtl");

    // Other people's questions, channels and roles.
    let wrong = |who: &str, args: &[&str], exit: i32| town.refused(who, args, exit);
    let other = [
        "ask",
        "--instrument",
        "firearms",
        "--article",
        "5",
        "--question",
        "untoc-5-1",
        "--language",
        "en",
        "?",
    ];
    assert_eq!(wrong("kenya", &other, 3), "BODY_NOT_A_QUESTION");
    assert_eq!(wrong("officer", &ask("en", "!"), 3), "SECRETARIAT_READS_ONLY");
    assert_eq!(wrong("japan", &ask("en", "!"), 4), "NOT_FOUND");
    let untoc = [
        "ask",
        "--instrument",
        "untoc",
        "--article",
        "5",
        "--question",
        "untoc-5-1",
        "--language",
        "en",
        "?",
    ];
    assert_eq!(wrong("portugal", &untoc, 4), "NOT_FOUND", "drawn for firearms alone");
    assert_eq!(wrong("japan", &["thread", &thread], 4), "NOT_FOUND");
    let feedback = [&["post", "response"], &ABOUT[..], &["--language", "en", "Ours"]].concat();
    assert_eq!(wrong("kenya", &feedback, 3), "NOT_THIS_SIDES");

    let verified = town.done("kenya", &["verify"]);
    let strand = channel(&town.done("kenya", &["channels"]), "strand", Some("firearms"))["channel"].clone();
    let of_strand = verified.iter().find(|line| line["channel"] == strand).unwrap();
    assert!(of_strand["size"].as_u64().unwrap() >= 5);
    assert!(!verified.iter().any(|line| line["kind"] == "alert"));
}

#[test]
fn what_is_new_is_shown_once() {
    let town = Town::with_review();
    let thread = section(&town.done("kenya", &ask("en", "One")));
    let new = |who: &str| channel(&town.done(who, &["channels"]), "strand", Some("firearms"))["new"].clone();
    assert_eq!(new("portugal")[0]["posts"], 1);
    assert_eq!(new("kenya"), serde_json::json!([]), "one's own");
    let read = |who: &str| -> Vec<Value> {
        town.done(who, &["read"]).into_iter().filter(|line| line["kind"] == "post").collect()
    };
    assert_eq!(texts(&read("portugal")), ["One"]);
    assert!(read("portugal").is_empty());
    town.done("chile", &["reply", &thread, "--language", "en", "Two"]);
    assert_eq!(texts(&read("portugal")), ["Two"]);
}

#[test]
fn para_30_a_replaced_expert_and_the_successor() {
    let town = Town::with_review();
    town.done("chile", &ask("es", "Before"));
    let invite = ["invite", "--role", "expert", "--instruments", "firearms", "--name", "A. Expert"];
    town.invited("chile", &invite, "expert");
    town.done("chile", &["admit", "--all"]);
    town.done("expert", &["join"]);
    town.done("chile", &["upkeep"]);
    let during = section(&town.done("expert", &ask("es", "During")));
    let threads = |who: &str| -> Vec<String> {
        let lines = town.done(who, &["read"]);
        let posts: Vec<Value> = lines.into_iter().filter(|line| line["kind"] == "post").collect();
        texts(&posts).into_iter().map(str::to_owned).collect()
    };
    assert_eq!(threads("expert"), ["Before", "During"], "a newcomer has the whole archive");
    let response = [&["post", "response"], &ABOUT[..], &["--language", "es", "Mine"]].concat();
    assert_eq!(town.refused("expert", &response, 3), "FOCAL_POINT_REQUIRED");

    let user =
        town.done("expert", &["whoami"]).iter().find_map(|line| line["user"].as_str().map(str::to_owned));
    town.done("chile", &["remove", &user.unwrap()]);
    // Kenya writes next; its client makes the next key first, by itself.
    town.done("kenya", &["reply", &during, "--language", "en", "After"]);
    let said = town.run("expert", &["thread", &during]);
    assert!(!said.status.success(), "{said:?}");
    let channels = town.done("chile", &["channels"]);
    let strand = channel(&channels, "strand", Some("firearms"))["channel"].as_str().unwrap().to_owned();
    let members = town.done("chile", &["members", &strand]);
    assert_eq!(members.len(), 3, "the focal points alone: {members:?}");

    town.invited("chile", &invite, "successor");
    town.done("chile", &["admit", "--all"]);
    town.done("successor", &["join"]);
    town.done("chile", &["upkeep"]);
    assert_eq!(threads("successor"), ["Before", "During", "After"], "the successor has all of it");
    assert!(town.done("chile", &["upkeep"]).is_empty(), "nothing more is to be done");
}

#[test]
fn several_write_in_one_thread_at_once() {
    let town = Town::with_review();
    let thread = section(&town.done("kenya", &ask("en", "First")));
    let said: Vec<_> = ["chile", "kenya", "portugal"]
        .map(|who| town.start(who, &["reply", &thread, "--language", "en", who]))
        .into_iter()
        .map(wait)
        .collect();
    assert!(said.iter().all(|said| said.status.success()), "{said:?}");
    let posts = town.posts("officer", &thread);
    let mut replies = texts(&posts)[1..].to_vec();
    replies.sort_unstable();
    assert_eq!(replies, ["chile", "kenya", "portugal"]);
}

#[test]
fn a_killed_client_sends_once() {
    let mut town = Town::with_review();
    let thread = section(&town.done("kenya", &ask("en", "First")));
    let mut acknowledged = Vec::new();
    for n in 0..16_u64 {
        let text = format!("reply {n}");
        let mut child = town.start("chile", &["reply", &thread, "--language", "en", &text]);
        // Anywhere between before the session and after the answer.
        std::thread::sleep(Duration::from_millis(120 + n * 35));
        let _ = child.kill();
        if wait(child).status.success() {
            acknowledged.push(text);
        }
        if n % 5 == 4 {
            town.crash_server();
        }
    }
    town.done("chile", &["channels"]);
    let posts = town.posts("officer", &thread);
    let mut times: BTreeMap<&str, usize> = BTreeMap::new();
    for text in texts(&posts) {
        *times.entry(text).or_default() += 1;
    }
    assert!(times.values().all(|times| *times == 1), "nothing was sent twice: {times:?}");
    for text in &acknowledged {
        assert!(times.contains_key(text.as_str()), "{text} was acknowledged");
    }
    town.done("kenya", &["verify"]);
}

#[test]
fn without_a_server_nothing_is_lost_and_nothing_is_claimed() {
    let mut town = Town::with_review();
    town.stop_server();
    let said = town.run("kenya", &ask("en", "Is anyone there?"));
    assert_eq!(said.status.code(), Some(7), "{said:?}");
    town.start_server();
    town.done("kenya", &ask("en", "Is anyone there?"));
}

#[test]
fn a_link_that_breaks_after_the_answer_undoes_nothing() {
    let mut town = Town::with_review();
    let road = town.behind_a_detour();
    let text = "Is it so? ".repeat(2_000);
    road.break_at(Break::AfterTheAnswer);
    let said = town.run("kenya", &ask("en", &text));
    assert!(road.has_broken() && said.status.success(), "{said:?}");
    assert_eq!(said.notices.len(), 1, "{said:?}");
    let act = posted(&said.lines)["act"].as_str().unwrap();
    assert_eq!(said.notices[0]["reason"], "NOT_READ_BACK");
    assert!(said.notices[0]["message"].as_str().unwrap().contains(act), "{said:?}");
    let posts = town.posts("kenya", posted(&said.lines)["section"].as_str().unwrap());
    assert_eq!((posts.len(), &posts[0]["act"]), (1, &act.into()), "it is there, once");
}

#[test]
fn an_act_that_was_not_answered_may_have_landed() {
    let mut town = Town::with_review();
    let road = town.behind_a_detour();
    let text = "Is it so? ".repeat(2_000);
    road.break_at(Break::BeforeTheAnswer);
    let said = town.run("kenya", &ask("en", &text));
    assert!(road.has_broken());
    assert_eq!(said.status.code(), Some(7), "{said:?}");
    let error = said.error.unwrap();
    assert_eq!((&error["reason"], &error["changed"]), (&"WAITS".into(), &true.into()));

    let settled = town.done("kenya", &["threads"]);
    let outbox: Vec<_> = settled.iter().filter(|line| line["kind"] == "outbox").collect();
    assert_eq!((outbox.len(), &outbox[0]["outcome"]), (1, &"landed".into()));
    let sections: Vec<_> = settled.iter().filter(|line| line["kind"] == "section").collect();
    assert_eq!(sections.len(), 1, "it landed once: {settled:?}");
}

#[test]
fn a_disk_that_takes_nothing_after_the_answer_undoes_nothing() {
    let town = Town::with_review();
    let posted =
        town.done("chile", &[&["post", "response"], &ABOUT[..], &["--language", "es", "Sí"]].concat());
    let section = section(&posted);
    // A folder where a record is to be written: the system refuses, as it does where there is no room.
    let records = town.home("chile").join("records/channel");
    let names = std::fs::read_dir(&records).unwrap().map(|entry| entry.unwrap().path());
    let in_the_way: Vec<_> = names.map(|path| path.with_extension("new")).collect();
    for path in &in_the_way {
        std::fs::create_dir(path).unwrap();
    }
    let said = town.run("chile", &["disclose", &section, "--to", "public", "--yes"]);
    for path in &in_the_way {
        std::fs::remove_dir(path).unwrap();
    }
    assert!(said.status.success(), "{said:?}");
    assert_eq!(said.notices[0]["reason"], "NOT_READ_BACK", "{said:?}");
    assert_eq!(town.page("/item/0").0, 200);
    town.done("chile", &["verify"]);
}

#[test]
fn what_no_reader_takes_is_not_sent() {
    let town = Town::with_review();
    let check = |args: &[&str], reason: &str, words: &str| {
        let said =
            town.run("chile", &[&["post", "response"], &ABOUT[..], &["--language", "es"], args].concat());
        assert_eq!(said.status.code(), Some(2), "{args:?}: {said:?}");
        let error = said.error.unwrap();
        assert_eq!(error["reason"], reason, "{args:?}: {error}");
        assert!(error["message"].as_str().unwrap().contains(words), "{args:?}: {error}");
    };
    check(&["--title", "a\nb", "Sí"], "BAD_TEXT", "the title has the character U+000A in line 1");
    check(&["--title", &"t".repeat(3_000), "Sí"], "BAD_TEXT", "the title has 3000 bytes, more than 1024");
    check(&["--hold-back", &"r".repeat(5_000), "Sí"], "BAD_TEXT", "the reason has 5000 bytes");
    let file = town.path("word.txt");
    std::fs::write(&file, "Uno\nDos\u{b}y tres").unwrap();
    check(
        &["--text-file", file.to_str().unwrap()],
        "BAD_TEXT",
        "the text has the character U+000B in line 2",
    );
    for empty in ["", " \n\t "] {
        check(&[empty], "NO_TEXT", "no text");
    }
    assert!(
        town.done("kenya", &["threads"]).iter().all(|line| line["kind"] != "section"),
        "nothing was sent"
    );
    let attached = ["--attach", file.to_str().unwrap(), ""];
    town.done("chile", &[&["post", "response"], &ABOUT[..], &["--language", "es"], &attached].concat());
}

#[test]
fn a_second_review_of_the_same_is_opened_only_where_it_is_meant() {
    let town = Town::with_review();
    let again = |instruments| {
        ["review", "open", "--state", "CL", "--instruments", instruments, "--reviewer", "PT:firearms"]
    };
    let languages = ["--languages", "en"];
    let same = [&again("firearms")[..], &languages].concat();
    assert_eq!(town.refused("officer", &same, 5), "ALREADY_THERE");
    town.done("officer", &[&same[..], &["--again"]].concat());
}

#[test]
fn a_watch_sees_what_comes() {
    let town = Town::with_review();
    let watch = town.start("portugal", &["watch", "--count", "1", "--for", "60"]);
    // Whether the question comes before or after the watch has begun, it is handed on.
    std::thread::sleep(Duration::from_millis(1_500));
    let asked = town.done("kenya", &ask("en", "Do you see this?"));
    let seen = wait(watch).expect_done();
    let entry = seen.iter().find(|line| line["kind"] == "entry").unwrap();
    assert_eq!(entry["act"], posted(&asked)["act"]);
}

#[test]
fn a_server_that_goes_back_is_found_out() {
    let mut town = Town::with_review();
    town.done("kenya", &ask("en", "On record"));
    town.done("chile", &["channels"]);
    town.copy_data();
    town.done("kenya", &ask("en", "Wished unsaid"));
    town.restore_data();
    assert_eq!(town.refused("kenya", &["channels"], 6), "ROLLED_BACK");
    assert_eq!(town.refused("kenya", &["verify"], 6), "ROLLED_BACK");
    // Chile has not seen it, and goes on: another history of the same length.
    town.done("chile", &ask("en", "Something else"));
    assert_eq!(town.refused("kenya", &["channels"], 6), "FORKED");
    // It outgrows what Kenya holds, and Kenya's alarm stays the same, with its proof.
    town.done("chile", &ask("en", "And more of it"));
    for command in [&["channels"][..], &["verify"], &["read"]] {
        assert_eq!(town.refused("kenya", command, 6), "FORKED", "{command:?}");
    }
    assert_eq!(std::fs::read_dir(town.home("kenya").join("forks")).unwrap().count(), 1);
}

#[test]
fn after_a_rollback_members_compare_without_the_server() {
    let mut town = Town::with_review();
    town.done("chile", &["channels"]);
    town.copy_data();
    town.done("kenya", &ask("en", "Wished unsaid"));
    // An entry of the directory, and one of a channel.
    town.done("kenya", &["recovery", "new", "--sheet", town.path("sheet").to_str().unwrap()]);
    town.done("kenya", &["channels"]);
    town.restore_data();
    town.done("chile", &ask("en", "Something else"));
    let files = ["of-kenya", "of-chile", "alone"].map(|name| town.path(name).to_str().unwrap().to_owned());
    let [of_kenya, of_chile, alone] = files.each_ref().map(String::as_str);

    let said = town.run("kenya", &["verify", "--export", of_kenya]);
    assert_eq!((said.status.code(), &said.error.unwrap()["reason"]), (Some(6), &"ROLLED_BACK".into()));
    assert_eq!(said.lines[0]["kind"], "checkpoints");
    let exported = said.lines[0]["checkpoints"].clone();
    let said = town.run("kenya", &["trust", "safety-number", "CL"]);
    assert_eq!((said.status.code(), &said.error.unwrap()["reason"]), (Some(6), &"ROLLED_BACK".into()));
    let number = said.lines[0]["number"].as_str().unwrap().to_owned();
    let said = town.run("kenya", &["trust", "compare", "CL", &number]);
    assert_eq!((said.status.code(), &said.lines[0]["outcome"]), (Some(6), &"same".into()));

    // What the other has of the strand finds the fork.
    town.done("chile", &["verify", "--export", of_chile]);
    assert_eq!(town.refused("kenya", &["verify", "--against", of_chile], 6), "FORKED");

    town.stop_server();
    let said = town.run("kenya", &["verify", "--export", alone]);
    assert_eq!(said.notices[0]["reason"], "NOT_UP_TO_DATE");
    assert_eq!(said.one("checkpoints")["checkpoints"], exported);
    assert_eq!(town.refused("kenya", &["verify"], 7), "UNAVAILABLE");
    town.start_server();
}
