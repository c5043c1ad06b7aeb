//! Machines whose clocks are wrong, and time that passes: the real programs under libfaketime.

use chancery_tests::faketime::Clock;
use chancery_tests::processes::{Said, Town};
use serde_json::Value;

/// The reason and exit code of a command that must fail.
fn failed(said: &Said) -> (i32, &str) {
    let error = said.error.as_ref().unwrap_or_else(|| panic!("it was done: {said:?}"));
    (said.status.code().unwrap(), error["reason"].as_str().unwrap())
}

/// What a command that must be done warned of.
fn warned(said: &Said) -> Vec<&str> {
    assert!(said.status.success(), "{said:?}");
    said.notices.iter().map(|notice| notice["reason"].as_str().unwrap()).collect()
}

fn ask(title: &str) -> Vec<&str> {
    let place = ["ask", "--instrument", "untoc", "--article", "5", "--question", "untoc-5-1"];
    [&place[..], &["--language", "en", "--title", title, "How is it done?"]].concat()
}

fn sections(town: &Town, who: &str) -> usize {
    town.done(who, &["threads"]).iter().filter(|line| line["kind"] == "section").count()
}

#[test]
fn an_invitation_is_good_for_ten_days() {
    let mut town = Town::founded();
    let invite = || {
        let said = town.run("root", &["root", "invite", "--role", "officer", "--team", "NEW"]);
        said.one("invitation")["invitation"].as_str().unwrap().to_owned()
    };
    let (first, second) = (invite(), invite());
    let almost = Clock::days(10).plus_minutes(-10);
    town.stop_server();
    town.start_server_at(almost);
    let said = town.run_at(almost, "first", &["join", "--accept", &first]);
    assert_eq!(said.one("enrolment")["enrolment"], "waiting");

    let over = Clock::days(10).plus_minutes(10);
    town.stop_server();
    town.start_server_at(over);
    // Whose clock the server goes by is not the newcomer's to choose.
    for clock in [over, Clock::RIGHT, Clock::days(-10)] {
        let said = town.run_at(clock, "second", &["join", "--accept", &second]);
        assert_eq!(failed(&said), (5, "INVITATION_EXPIRED"), "{clock:?}");
        assert!(!town.home("second").join("keys").exists(), "nothing useless stays behind");
    }
    // One who answered in time can be admitted later.
    let said = town.run_at(over, "root", &["root", "admit", "--all"]);
    assert_eq!(said.one("admitted")["role"], "officer");
    assert_eq!(town.run_at(over, "first", &["join"]).one("enrolment")["enrolment"], "admitted");
}

#[test]
fn a_wrong_clock_is_told_and_nothing_is_sent_that_could_not_be_read_back() {
    let mut town = Town::with_review();
    for who in ["chile", "kenya"] {
        assert_eq!(warned(&town.run(who, &["channels"])), [""; 0], "both clocks are right");
    }
    let (behind, ahead) = (Clock::hours(-1), Clock::hours(1));

    // Nothing new: it is read, with a warning, once. New entries are from the future.
    for clock in [behind, Clock::days(-365 * 60)] {
        let said = town.run_at(clock, "kenya", &["channels"]);
        assert_eq!(warned(&said), ["CLOCK_BEHIND"], "{clock:?}");
        assert!(said.notices[0]["message"].as_str().unwrap().contains("this home has verified"));
    }
    town.done("chile", &["upkeep"]);
    let question = town.run("kenya", &ask("first")).one("posted");
    let said = town.run_at(behind, "chile", &["threads"]);
    assert_eq!(failed(&said), (7, "LOG_TIME_AHEAD"));
    let error = said.error.unwrap();
    let channel = question["channel"].as_str().unwrap();
    assert!(error["at"].as_str().unwrap().starts_with(&format!("channel {channel}, entry ")), "{error}");
    assert!(error["message"].as_str().unwrap().contains("shows 2"), "both clocks: {error}");

    // Behind, it sends nothing, and nothing waits in the outbox.
    let said = town.run_at(behind, "kenya", &ask("second"));
    assert_eq!(failed(&said), (7, "CLOCK_BEHIND"));
    assert_eq!(warned(&town.run("kenya", &["upkeep"])), [""; 0]);
    assert_eq!(sections(&town, "kenya"), 1);

    // Ahead, it goes on and warns; others see nothing of it.
    let said = town.run_at(ahead, "kenya", &ask("third"));
    assert_eq!(warned(&said), ["CLOCK_AHEAD"]);
    assert_eq!(sections(&town, "chile"), 2);
    assert_eq!(warned(&town.run("chile", &["verify"])), [""; 0]);

    // A server that was set back dates nothing before what it has signed.
    town.stop_server();
    town.start_server_at(behind);
    let said = town.run("kenya", &ask("fourth"));
    assert_eq!(warned(&said), ["CLOCK_AHEAD"]);
    assert_eq!(warned(&town.run("chile", &["verify"])), [""; 0]);
    let posted = said.one("posted");
    let time = |posted: &Value| posted["log_time"].as_str().unwrap().to_owned();
    assert!(time(&posted) >= time(&question), "{posted} {question}");
    assert_eq!(sections(&town, "chile"), 3);

    // One that was set ahead is told by everyone who writes, and its entries by everyone who reads.
    town.stop_server();
    town.start_server_at(ahead);
    assert_eq!(failed(&town.run("kenya", &ask("fifth"))), (7, "CLOCK_BEHIND"));
    assert!(town.run_at(ahead, "kenya", &ask("sixth")).status.success());
    assert_eq!(failed(&town.run("chile", &["threads"])), (7, "LOG_TIME_AHEAD"));
    assert_eq!(warned(&town.run_at(ahead, "chile", &["threads"])), [""; 0]);
}

/// The clock runs so fast that an idle minute is over with the server's next sign of life: as on a machine that
/// slept for a while.
#[test]
fn a_watch_that_is_left_alone_forgets_its_keys() {
    let town = Town::with_review();
    town.done("chile", &["upkeep"]);
    let said = town.run_at(Clock::paced(30), "chile", &["watch", "--lock-after", "1", "--for", "100"]);
    assert_eq!(failed(&said), (8, "LOCKED"), "{said:?}");
    assert!(town.run("chile", &["whoami"]).status.success(), "the home is free");
    let said = town.run_at(Clock::paced(1_000), "chile", &["watch", "--lock-after", "0", "--for", "1"]);
    assert!(said.status.success(), "{said:?}");
}
