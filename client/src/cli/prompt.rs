//! What a person is asked. The passphrase comes from a prompt or from a file descriptor, never from an
//! argument or the environment.

use std::io::{self, BufRead as _, IsTerminal as _, Read, Write as _};

use zeroize::Zeroizing;

use super::failure::{Exit, Failure};

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
    let chosen = prompt("Choose a passphrase: ")?;
    if *prompt("Again: ")? == *chosen {
        Ok(chosen)
    } else {
        Err(Failure::usage("the two passphrases differ", "Try again."))
    }
}

/// Asks a question that is answered by `yes`. Where nobody can be asked, the answer is no.
pub(crate) fn agrees(question: &str) -> bool {
    if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        return false;
    }
    let _ = write!(io::stderr(), "{question} [yes/no] ");
    let mut answer = String::new();
    io::stdin().read_line(&mut answer).is_ok() && answer.trim().eq_ignore_ascii_case("yes")
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
    if fd == 0 {
        return first_line(io::stdin().lock());
    }
    let file = std::fs::File::open(format!("/dev/fd/{fd}")).map_err(|error| unreadable(&error))?;
    first_line(io::BufReader::new(file))
}

fn first_line(reader: impl io::BufRead) -> Result<Zeroizing<String>, Failure> {
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
        let check = |input: &[u8], expected: &str| assert_eq!(*first_line(input).unwrap(), expected);
        check(b"correct horse\nrest", "correct horse");
        check(b"correct horse", "correct horse");
        check(b" a b \r\n", " a b ");
        check(b"", "");
        assert!(first_line(&b"\xff\n"[..]).is_err(), "not UTF-8");
        assert!(first_line(&[b'a'; 1_025][..]).is_err(), "too long");
        assert_eq!(first_line(&[b'a'; 1_024][..]).unwrap().len(), 1_024);
    }
}
