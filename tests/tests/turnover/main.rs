//! People and States who come and go, by the real programs: handed over in one command, killed in the middle of it,
//! replaced without the old key; a reviewing State replaced, a party that leaves, a seat that ends; what was signed
//! before, what is told of it, and what is lost where nobody is left; and the two custodians of a root.

mod amend;
mod custodians;
mod hand_over;
mod nobody_left;
mod notices;
mod officers;
mod replacement;
mod rotations;
mod shares;
mod standing;
mod temporary;

use chancery_tests::processes::Town;
use serde_json::Value;

const ABOUT: [&str; 6] = ["--instrument", "firearms", "--article", "5", "--question", "firearms-5-1"];

/// A response of the State under review, opened to all parties with its submission.
fn respond(text: &str) -> Vec<&str> {
    [&["post", "response"], &ABOUT[..], &["--language", "es", text]].concat()
}

fn ask(text: &str) -> Vec<&str> {
    [&["ask"], &ABOUT[..], &["--language", "en", text]].concat()
}

fn section(lines: &[Value]) -> String {
    let posted = lines.iter().find(|line| line["kind"] == "posted").unwrap();
    posted["section"].as_str().unwrap().to_owned()
}

fn of_kind<'a>(lines: &'a [Value], kind: &str) -> Vec<&'a Value> {
    lines.iter().filter(|line| line["kind"] == kind).collect()
}

/// The texts of a section, as one reader opens them.
fn texts(town: &Town, who: &str, section: &str) -> Vec<String> {
    let posts = town.posts(who, section);
    posts.iter().map(|post| post["content"]["text"].as_str().unwrap_or("(closed)").to_owned()).collect()
}

/// Everyone reads every log again from its first entry.
fn verifies(town: &Town, people: &[&str]) {
    for who in people {
        assert!(!of_kind(&town.done(who, &["verify"]), "verified").is_empty(), "{who}");
    }
}

/// What an outsider of the review reads of what was opened to all parties.
fn opened(town: &Town, who: &str) -> Vec<String> {
    let listed = town.done(who, &["disclosed"]);
    let read = |line: &&Value| {
        let index = line["index"].to_string();
        let item = town.done(who, &["read-disclosed", &index]);
        of_kind(&item, "item")[0]["content"]["text"].as_str().unwrap().to_owned()
    };
    of_kind(&listed, "disclosure").iter().map(read).collect()
}
