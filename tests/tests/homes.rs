//! Homes on the disk, with the real programs: a passphrase that is changed while the machine stops, and a home
//! that moves.

use std::io::Write as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use chancery_client::home::Home;
use chancery_tests::field::program;
use chancery_tests::processes::{PASSPHRASE, Said, Town, wait};

const NEW: &str = "a new passphrase";

fn chancery(home: &Path, args: &[&str], input: &str) -> Child {
    let mut command = Command::new(program("chancery"));
    command.arg("--home").arg(home).args(["--json", "--passphrase-fd", "0"]).args(args);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // One that is refused at once does not read it.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child
}

fn failed(said: &Said) -> (i32, &str) {
    let error = said.error.as_ref().unwrap_or_else(|| panic!("it was done: {said:?}"));
    (said.status.code().unwrap(), error["reason"].as_str().unwrap())
}

#[test]
fn a_passphrase_is_changed_by_two_lines_of_one_descriptor() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("home");
    let run = |args: &[&str], input: String| wait(chancery(&home, args, &input));
    let both = |old: &str, new: &str| run(&["passphrase"], format!("{old}\n{new}\n"));
    assert_eq!(failed(&both("x", NEW)), (4, "NO_HOME"));
    assert!(run(&["root", "init"], format!("{PASSPHRASE}\n")).status.success());
    let before = std::fs::read(home.join("keys")).unwrap();
    let check = |old: &str, new: &str, exit: i32, reason: &str| {
        assert_eq!(failed(&both(old, new)), (exit, reason), "{old:?} {new:?}");
        assert_eq!(std::fs::read(home.join("keys")).unwrap(), before, "nothing was changed");
    };
    check("wrong horse", NEW, 8, "WRONG_PASSPHRASE");
    check(PASSPHRASE, "", 2, "PASSPHRASE_SHORT");
    check(PASSPHRASE, "elevenchars", 2, "PASSPHRASE_SHORT");
    check(PASSPHRASE, PASSPHRASE, 2, "PASSPHRASE_SAME");
    assert_eq!(failed(&run(&["passphrase"], format!("{PASSPHRASE}\n"))), (2, "PASSPHRASE_SHORT"));
    let open = Home::open(&home, PASSPHRASE).unwrap();
    check(PASSPHRASE, NEW, 8, "HOME_IN_USE");
    drop(open);

    let line = both(PASSPHRASE, NEW).one("passphrase");
    assert_eq!(line["wiped"], cfg!(unix));
    assert_eq!(failed(&run(&["root", "show"], format!("{PASSPHRASE}\n"))), (8, "WRONG_PASSPHRASE"));
    assert!(Home::open(&home, NEW).is_ok());
}

/// Killed when the new file is there but has not taken the place, right when it has, and at moments between.
#[test]
fn whenever_a_change_is_killed_exactly_one_passphrase_opens() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("home");
    assert!(wait(chancery(&home, &["root", "init"], &format!("{PASSPHRASE}\n"))).status.success());
    let (mut current, mut next) = (PASSPHRASE, NEW);
    let (mut killed, mut changed) = (0, 0);
    for round in 0..12 {
        let before = std::fs::read(home.join("keys")).unwrap();
        let mut child = chancery(&home, &["passphrase"], &format!("{current}\n{next}\n"));
        loop {
            let begun = home.join("keys.new").exists();
            let done = std::fs::read(home.join("keys")).unwrap() != before;
            if (round % 2 == 0 && begun) || done {
                killed += usize::from(child.try_wait().unwrap().is_none());
                let _ = child.kill();
                child.wait().unwrap();
                break;
            }
            if child.try_wait().unwrap().is_some() {
                break;
            }
            std::thread::yield_now();
        }
        let opens = [current, next].map(|passphrase| Home::open(&home, passphrase).is_ok());
        assert_eq!(opens.iter().filter(|opens| **opens).count(), 1, "round {round}: {opens:?}");
        if opens[1] {
            changed += 1;
            (current, next) = (next, current);
        }
        // What a change left that did not take place is written over by the next.
    }
    assert!(killed > 0 && changed > 0, "{killed} killed, {changed} changed");
    assert!(wait(chancery(&home, &["passphrase"], &format!("{current}\n{next}\n"))).status.success());
    assert!(Home::open(&home, next).is_ok() && !home.join("keys.new").exists());
}

#[test]
fn a_home_moves_and_works_in_one_place() {
    let town = Town::with_review();
    let ask =
        ["ask", "--instrument", "untoc", "--article", "5", "--question", "untoc-5-1", "--language", "en"];
    let file = town.path("kenya.move");
    let file = file.to_str().unwrap();
    let question = [&ask[..], &["--title", "before", "Is it so?"]].concat();
    town.done("kenya", &question);

    let line = town.run("kenya", &["move", "export", file]).one("moved");
    assert_eq!(line["length"].as_u64(), Some(std::fs::metadata(file).unwrap().len()));
    assert_eq!(town.refused("kenya", &["channels"], 5), "HOME_MOVED");
    assert_eq!(town.refused("kenya", &question, 5), "HOME_MOVED");
    assert_eq!(town.refused("kenya", &["whoami"], 5), "HOME_MOVED");
    assert_eq!(town.refused("kenya", &["move", "export", file], 5), "FILE_EXISTS");
    assert_eq!(town.refused("chile", &["move", "import", file], 5), "HOME_EXISTS");
    let cut = town.path("cut.move");
    let whole = std::fs::read(file).unwrap();
    std::fs::write(&cut, &whole[..whole.len() - 1]).unwrap();
    let import = |path: &str, exit| town.refused("kenya-anew", &["move", "import", path], exit);
    assert_eq!(import(cut.to_str().unwrap(), 6), "MOVE_FILE_DAMAGED");
    assert_eq!(import(town.home("chile").join("keys").to_str().unwrap(), 2), "NOT_A_MOVE_FILE");
    assert_eq!(import(town.path("none").to_str().unwrap(), 4), "NOT_FOUND");
    assert!(!town.home("kenya-anew").exists());

    let moved = town.run("kenya-anew", &["move", "import", file]).one("moved-in");
    assert_eq!(moved["records"], line["records"]);
    let own = |who: &str| town.run(who, &["whoami"]).one("whoami");
    assert_eq!(own("kenya-anew")["enrolment"], "admitted");
    town.done("kenya-anew", &[&ask[..], &["--title", "after", "And so?"]].concat());
    town.done("kenya-anew", &["verify"]);
    let sections = town.done("chile", &["threads"]);
    assert_eq!(sections.iter().filter(|line| line["kind"] == "section").count(), 2);
}
