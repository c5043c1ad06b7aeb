//! What is lost of a channel that was begun anew because nobody was left in it: said plainly.

use serde_json::{Value, json};

use super::time::rfc3339;
use crate::render::date;
use crate::verbs::lost::Lost;

/// For people: a whole sentence.
pub(super) fn lost_text(lost: &Lost) -> String {
    let Some((from, until)) = lost.times_ms.map(|(from, until)| (date(from), date(until))) else {
        return "Nothing had been posted in it.".to_owned();
    };
    let counted =
        |count: u64, one: &str| if count == 1 { format!("1 {one}") } else { format!("{count} {one}s") };
    let posts = counted(lost.posts, "post");
    let times = if from == until { format!("of {from}") } else { format!("from {from} to {until}") };
    let files =
        if lost.files == 0 { String::new() } else { format!(", with {}", counted(lost.files, "file")) };
    let opens = if lost.secretariat_opens {
        "What was written before opens to the secretariat alone"
    } else {
        "What was written before is lost, nobody can open it any more"
    };
    format!("{opens}: {posts} {times}{files}.")
}

/// For programs.
pub(super) fn lost_fields(lost: &Lost) -> Value {
    json!({
        "posts": lost.posts, "files": lost.files,
        "from": lost.times_ms.map(|(from, _)| rfc3339(from)),
        "until": lost.times_ms.map(|(_, until)| rfc3339(until)),
        "opens_to": lost.secretariat_opens.then_some("secretariat"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_lost_is_said_plainly() {
        let check = |posts, files, times_ms, secretariat_opens, expected: &str| {
            assert_eq!(lost_text(&Lost { posts, files, times_ms, secretariat_opens }), expected);
        };
        let day = 24 * 60 * 60 * 1_000;
        check(0, 0, None, false, "Nothing had been posted in it.");
        check(
            1,
            0,
            Some((0, 0)),
            false,
            "What was written before is lost, nobody can open it any more: 1 post of 1970-01-01 00:00 UTC.",
        );
        check(
            12,
            1,
            Some((0, day)),
            true,
            "What was written before opens to the secretariat alone: 12 posts from 1970-01-01 00:00 UTC to \
             1970-01-02 00:00 UTC, with 1 file.",
        );
    }
}
