//! What a command prints: text for people, or JSON lines for programs.
//!
//! A closed pipe ends the program quietly. Text that came from others cannot steer the terminal.

use std::fmt::Display;
use std::io::{self, Write as _};

use serde::Serialize;
use serde_json::json;

use super::failure::{Exit, Failure};

/// The version of the JSON lines' form.
const SCHEMA: u32 = 1;

/// Something that is not an error and that nobody should miss.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Notice {
    /// A code for programs.
    pub(crate) reason: &'static str,
    /// What was found: a sentence.
    pub(crate) message: String,
    /// What to do.
    pub(crate) next: &'static str,
}

/// Standard output, in one of its two forms.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Output {
    json: bool,
}

#[derive(Serialize)]
struct Line<'a, T> {
    schema: u32,
    kind: &'a str,
    #[serde(flatten)]
    fields: &'a T,
}

impl Output {
    pub(super) const fn new(json: bool) -> Self {
        Self { json }
    }

    /// Whether JSON lines are wanted.
    pub(crate) const fn json(self) -> bool {
        self.json
    }

    /// One thing in both forms: a JSON line of this kind with these fields, or a text.
    pub(crate) fn show(self, kind: &str, fields: &impl Serialize, text: impl Display) -> Result<(), Failure> {
        if self.json { self.record(kind, fields) } else { self.say(text) }
    }

    /// Text for people; nothing with `--json`.
    pub(crate) fn say(self, text: impl Display) -> Result<(), Failure> {
        if self.json {
            return Ok(());
        }
        self.bytes(with_isolates(&format!("{text}\n")).as_bytes())
    }

    /// A JSON line for programs; nothing without `--json`.
    pub(crate) fn record(self, kind: &str, fields: &impl Serialize) -> Result<(), Failure> {
        if !self.json {
            return Ok(());
        }
        let line = Line { schema: SCHEMA, kind, fields };
        let mut line = serde_json::to_vec(&line).map_err(|_| Failure::bug("the JSON could not be made"))?;
        line.push(b'\n');
        self.bytes(&line)
    }

    /// Advice for people, on standard error; nothing with `--json`.
    pub(crate) fn advise(self, text: impl Display) {
        if !self.json {
            let _ = writeln!(io::stderr(), "{}", with_isolates(&text.to_string()));
        }
    }

    /// A notice: something that is not an error and that nobody should miss. A line on standard error in both
    /// forms.
    pub(crate) fn notice(self, notice: &Notice) {
        let text = if self.json {
            serde_json::to_string(&json!({ "notice": notice })).unwrap_or_default()
        } else {
            harmless(&format!("Warning: {} {}", notice.message, notice.next))
        };
        let _ = writeln!(io::stderr(), "{text}");
    }

    /// Exactly these bytes.
    #[expect(clippy::unused_self, reason = "whoever has an output may print")]
    pub(crate) fn bytes(self, bytes: &[u8]) -> Result<(), Failure> {
        let mut out = io::stdout().lock();
        match out.write_all(bytes).and_then(|()| out.flush()) {
            Ok(()) => Ok(()),
            // Whoever read has seen enough.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => std::process::exit(Exit::Done as i32),
            Err(error) => {
                let next = "Check where the output goes.";
                Err(Failure::new(Exit::Unavailable, "OUTPUT", format!("the output failed: {error}"), next))
            }
        }
    }
}

/// One line of another person's words: harmless, and between the marks within which text from right to left
/// reorders nothing beside it.
pub(super) fn isolated(words: &str) -> String {
    let words = harmless(words);
    if words.is_ascii() { words } else { format!("{ISOLATE}{words}{ISOLATE_END}") }
}

/// As [`harmless`], but leaves isolates that are closed: they change the direction of nothing beside them.
fn with_isolates(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, (words, after))) =
        rest.split_once(ISOLATE).and_then(|(before, rest)| Some((before, rest.split_once(ISOLATE_END)?)))
    {
        out.push_str(&harmless(before));
        out.push_str(&format!("{ISOLATE}{}{ISOLATE_END}", harmless(words)));
        rest = after;
    }
    out + &harmless(rest)
}

const ISOLATE: char = '\u{2068}';
const ISOLATE_END: char = '\u{2069}';

/// The text without what could steer a terminal: control characters but for line ends and tabs, and the
/// marks that turn the direction of what stands after them.
pub(super) fn harmless(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\n' | '\t' => c,
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => '\u{fffd}',
            c if c.is_control() => '\u{fffd}',
            c => c,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_steers_a_terminal_is_replaced() {
        let check = |text: &str, expected: &str| assert_eq!(harmless(text), expected);
        check("Bienvenidos\tal\nexamen", "Bienvenidos\tal\nexamen");
        check("\u{1b}[2J", "\u{fffd}[2J");
        check("a\rb\u{7}\u{9b}1m", "a\u{fffd}b\u{fffd}\u{fffd}1m");
        check("\u{627}\u{644}\u{633}", "\u{627}\u{644}\u{633}");
        check("abc\u{202e}fdp.exe", "abc\u{fffd}fdp.exe");
    }

    #[test]
    fn names_keep_the_marks_around_them_and_lose_those_inside() {
        let check = |name: &str, shown: &str| {
            assert_eq!(
                with_isolates(&format!("by {} on 1 May\n", isolated(name))),
                format!("by {shown} on 1 May\n")
            );
        };
        check("Perez", "Perez");
        check("P\u{e9}rez", "\u{2068}P\u{e9}rez\u{2069}");
        check("\u{627}\u{644}", "\u{2068}\u{627}\u{644}\u{2069}");
        check("P\u{2069}\u{202e}z", "\u{2068}P\u{fffd}\u{fffd}z\u{2069}");
        // Nothing is left of marks that are not closed, or of other ones.
        assert_eq!(with_isolates("a\u{2068}b"), "a\u{fffd}b");
        assert_eq!(with_isolates("a\u{2069}b\u{2068}c"), "a\u{fffd}b\u{fffd}c");
        assert_eq!(
            with_isolates("\u{2068}a\u{2068}\u{202e}b\u{2069}\u{2069}"),
            "\u{2068}a\u{fffd}\u{fffd}b\u{2069}\u{fffd}"
        );
    }
}
