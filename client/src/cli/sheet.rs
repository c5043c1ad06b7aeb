//! Recovery sheets at the terminal and in files. The words go to a terminal or into a file of one's own, never into
//! a log, a pipe or JSON.

use std::fs;
use std::io::{self, IsTerminal as _, Read as _, Write as _};
use std::path::Path;

use chancery_seal::random::make_bytes;
use chancery_seal::secret::RecoverySecret;
use zeroize::Zeroizing;

use super::context::Context;
use super::failure::{Exit, Failure};
use super::prompt::answer;
use crate::sheet::{SHEET_BYTES_MAX, SheetError, SheetLine, WORDS, parse, text, words};

impl From<SheetError> for Failure {
    fn from(error: SheetError) -> Self {
        let next = match error {
            SheetError::Newer(_) => "Use the newer program.",
            SheetError::Word(_) | SheetError::WordsChecksum | SheetError::Count(_) => {
                "Compare the words with the sheet, and type them again."
            }
            _ => "Copy the whole line of the sheet, from its first letter to its last.",
        };
        Self::new(Exit::Usage, "NOT_A_SHEET", error.to_string(), next)
    }
}

/// Reads a whole sheet from a file descriptor.
pub(super) fn from_descriptor(fd: u32) -> Result<(SheetLine, RecoverySecret), Failure> {
    let file = fs::File::open(format!("/dev/fd/{fd}")).map_err(|error| unreadable(&error))?;
    let mut bytes = Zeroizing::new(String::with_capacity(SHEET_BYTES_MAX + 1));
    file.take(SHEET_BYTES_MAX as u64 + 1).read_to_string(&mut bytes).map_err(|error| unreadable(&error))?;
    Ok(parse(&bytes)?)
}

/// Reads a whole sheet that a person types.
pub(super) fn typed() -> Result<(SheetLine, RecoverySecret), Failure> {
    if !at_terminal() {
        return Err(no_terminal("Give the sheet on a file descriptor: --sheet-fd N."));
    }
    let mut all = answer("The line that begins with chancery-recovery-1.: ")?;
    all.push_str(&answer("The 24 words, in one line: ")?);
    Ok(parse(&all)?)
}

/// Writes a sheet into a new file that nobody else may read, and reads it back.
pub(super) fn to_file(path: &Path, line: &SheetLine, secret: &RecoverySecret) -> Result<(), Failure> {
    let failed = |error: &io::Error| {
        let message = format!("the sheet could not be written to {}: {error}", path.display());
        let (exit, reason) = match error.kind() {
            io::ErrorKind::AlreadyExists => (Exit::Conflict, "FILE_EXISTS"),
            _ => (Exit::Unavailable, "OUTPUT"),
        };
        Failure::new(exit, reason, message, "Name a new file with --sheet.")
    };
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path).map_err(|error| failed(&error))?;
    let written = text(line, secret)?;
    file.write_all(written.as_bytes()).and_then(|()| file.sync_all()).map_err(|error| failed(&error))?;
    let read = Zeroizing::new(fs::read_to_string(path).map_err(|error| failed(&error))?);
    let (_, same) = parse(&read)?;
    if same.as_bytes() == secret.as_bytes() { Ok(()) } else { Err(Failure::bug("a sheet reads back")) }
}

/// Shows a sheet once, and has some of its words typed back, so that nobody keeps one that they cannot read.
pub(super) fn shown_and_tried(
    context: &Context,
    line: &SheetLine,
    secret: &RecoverySecret,
) -> Result<(), Failure> {
    if !can_be_shown(context) {
        return Err(no_terminal("Have it written to a file of your own: --sheet FILE."));
    }
    context.out.say(format!("{}\n{ALL_OF_IT}", *text(line, secret)?))?;
    let all = words(secret)?;
    for _ in 0..TRIES {
        let on_paper = answer("When you have it on paper, press Enter. ");
        // The sheet is not to be read off the screen, least of all where nobody is there.
        context.out.bytes(b"\x1b[2J\x1b[3J\x1b[H")?;
        on_paper?;
        if tried(&all)? {
            return Ok(());
        }
        context.out.say(format!("That is not what it says. Once more:\n{}", *text(line, secret)?))?;
    }
    let message = "the words were not read back, so the sheet is not in force";
    Err(Failure::new(Exit::Usage, "NOT_A_SHEET", message, "Run `chancery recovery new` again."))
}

/// Asks for three words, each from another third of the sheet.
fn tried(all: &[&str]) -> Result<bool, Failure> {
    let picks: [u8; 3] = make_bytes().map_err(|_| Failure::bug("the machine gives no random bytes"))?;
    for (third, pick) in (0..).zip(picks) {
        let place = third * (WORDS / 3) + usize::from(pick) % (WORDS / 3);
        let typed = answer(&format!("Word {}: ", place + 1))?;
        if all.get(place).is_none_or(|word| !typed.trim().eq_ignore_ascii_case(word)) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Whether there is a terminal to show a sheet on, and to read it back from.
pub(super) fn can_be_shown(context: &Context) -> bool {
    !context.out.json() && at_terminal() && io::stdout().is_terminal()
}

/// Whether a person can be shown something and asked.
pub(super) fn at_terminal() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

fn no_terminal(next: &str) -> Failure {
    Failure::usage("there is no terminal for a recovery sheet", next)
}

fn unreadable(error: &io::Error) -> Failure {
    Failure::usage(format!("the sheet could not be read: {error}"), "Check the number after --sheet-fd.")
}

const ALL_OF_IT: &str = "\
Write it down or print it now, the words and the last line: it is not shown again. Who comes back types both:
the words say who you are, the line says where. The line is no secret, and you may keep a copy of it anywhere.";

/// How often a person may try to read their sheet back.
const TRIES: usize = 3;
