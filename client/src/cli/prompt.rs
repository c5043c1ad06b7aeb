//! What a person is asked. The passphrase comes from a prompt or from a file descriptor, never from an
//! argument or the environment.

use std::io::{self, BufRead as _, IsTerminal as _, Read, Write as _};
use std::sync::mpsc;
use std::time::Duration;

use zeroize::Zeroizing;

use super::failure::{Exit, Failure};
use crate::home::check_new_passphrase;

/// Longer than anyone types.
const PASSPHRASE_BYTES_MAX: usize = 1_024;

/// The passphrase of a home that exists.
pub(super) fn passphrase(fd: Option<u32>) -> Result<Zeroizing<String>, Failure> {
    match fd {
        Some(fd) => from_descriptor(fd),
        None => prompt("Passphrase: "),
    }
}

/// The passphrase of a new home: typed twice, if it is typed.
pub(super) fn new_passphrase(fd: Option<u32>) -> Result<Zeroizing<String>, Failure> {
    if let Some(fd) = fd {
        return from_descriptor(fd);
    }
    typed_twice("Choose a passphrase: ")
}

/// The passphrase of a home and the one that replaces it: two lines of one descriptor. Typed, the new one comes
/// first, so that nothing that opens the home is in memory while a person thinks one up.
pub(super) fn changed_passphrase(fd: Option<u32>) -> Result<Changed, Failure> {
    if let Some(fd) = fd {
        let mut lines = descriptor(fd)?;
        return Ok(Changed { old: first_line(&mut lines)?, new: first_line(&mut lines)? });
    }
    let new = typed_twice("New passphrase: ")?;
    Ok(Changed { old: prompt("The passphrase until now: ")?, new })
}

/// What [`changed_passphrase`] gives.
pub(super) struct Changed {
    /// Opens the home until now.
    pub(super) old: Zeroizing<String>,
    /// Is to open it from now on.
    pub(super) new: Zeroizing<String>,
}

/// Asks a question that is answered by `yes`. Where nobody can be asked, the answer is no. The home may be open
/// meanwhile, so an answer that does not come ends the command, and its keys with it.
///
/// # Errors
/// `LOCKED`, after [`ANSWER_MAX`].
pub(crate) fn agrees(question: &str) -> Result<bool, Failure> {
    if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        return Ok(false);
    }
    Ok(answer(&format!("{question} [yes/no] "))?.trim().eq_ignore_ascii_case("yes"))
}

/// A line that is typed in answer. The home may be open meanwhile, so an answer that does not come ends the
/// command, and its keys with it.
///
/// # Errors
/// `LOCKED`, after [`ANSWER_MAX`].
pub(super) fn answer(question: &str) -> Result<Zeroizing<String>, Failure> {
    let _ = write!(io::stderr(), "{question}");
    let (answer, answered) = mpsc::channel();
    std::thread::spawn(move || {
        let mut line = Zeroizing::new(String::with_capacity(ANSWER_BYTES_MAX));
        let read = io::stdin().lock().take(ANSWER_BYTES_MAX as u64).read_line(&mut line);
        let _ = answer.send(read.map(|_| line));
    });
    let line = answered.recv_timeout(ANSWER_MAX).map_err(|_| {
        Failure::new(
            Exit::Locked,
            "LOCKED",
            "nobody answered for 10 minutes: the keys are forgotten",
            "Give the command again, with the passphrase.",
        )
    })?;
    line.map_err(|error| {
        Failure::usage(format!("the answer could not be read: {error}"), "Type it at the terminal.")
    })
}

/// Longer than anyone types; a recovery sheet's 24 words are a line of it.
const ANSWER_BYTES_MAX: usize = 4_096;
/// How long a question waits while the home is open.
const ANSWER_MAX: Duration = Duration::from_mins(10);

/// A passphrase that is good enough, before it has to be typed again.
fn typed_twice(question: &str) -> Result<Zeroizing<String>, Failure> {
    let chosen = prompt(question)?;
    check_new_passphrase(&chosen)?;
    if *prompt("Again: ")? == *chosen {
        Ok(chosen)
    } else {
        Err(Failure::usage("the two passphrases differ", "Try again."))
    }
}

fn prompt(question: &str) -> Result<Zeroizing<String>, Failure> {
    if !io::stdin().is_terminal() {
        return Err(Failure::usage(
            "there is no terminal to ask for the passphrase",
            "Give it on a file descriptor: --passphrase-fd N.",
        ));
    }
    rpassword::prompt_password(question).map(Zeroizing::new).map_err(|error| unreadable(&error))
}

fn from_descriptor(fd: u32) -> Result<Zeroizing<String>, Failure> {
    first_line(&mut descriptor(fd)?)
}

/// Opened once: a pipe's buffered bytes are gone with the reader, and a file would begin anew.
fn descriptor(fd: u32) -> Result<Box<dyn io::BufRead>, Failure> {
    if fd == 0 {
        return Ok(Box::new(io::stdin().lock()));
    }
    let file = std::fs::File::open(format!("/dev/fd/{fd}")).map_err(|error| unreadable(&error))?;
    Ok(Box::new(io::BufReader::new(file)))
}

fn first_line(reader: &mut impl io::BufRead) -> Result<Zeroizing<String>, Failure> {
    let mut line = Zeroizing::new(String::with_capacity(PASSPHRASE_BYTES_MAX + 1));
    let mut limited = Read::take(reader, PASSPHRASE_BYTES_MAX as u64 + 1);
    limited.read_line(&mut line).map_err(|error| unreadable(&error))?;
    if line.len() > PASSPHRASE_BYTES_MAX {
        return Err(Failure::usage("the passphrase is too long", "Use at most 1,024 bytes."));
    }
    let length = line.trim_end_matches(['\r', '\n']).len();
    line.truncate(length);
    Ok(line)
}

fn unreadable(error: &io::Error) -> Failure {
    let message = format!("the passphrase could not be read: {error}");
    Failure::new(Exit::Usage, "USAGE", message, "Check the number after --passphrase-fd.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_passphrase_is_the_first_line() {
        let check = |mut input: &[u8], expected: &str| assert_eq!(*first_line(&mut input).unwrap(), expected);
        check(b"correct horse\nrest", "correct horse");
        check(b"correct horse", "correct horse");
        check(b" a b \r\n", " a b ");
        check(b"", "");
        assert!(first_line(&mut &b"\xff\n"[..]).is_err(), "not UTF-8");
        assert!(first_line(&mut &[b'a'; 1_025][..]).is_err(), "too long");
        assert_eq!(first_line(&mut &[b'a'; 1_024][..]).unwrap().len(), 1_024);
        let mut two = &b"old horse\nnew horse\n"[..];
        let both = (first_line(&mut two).unwrap(), first_line(&mut two).unwrap());
        assert_eq!((both.0.as_str(), both.1.as_str()), ("old horse", "new horse"));
    }
}
