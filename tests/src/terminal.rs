//! A program at a terminal, as a person sits at one: util-linux `script` gives it a terminal of its own.

use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::processes::until;

/// A program that runs at a terminal.
#[derive(Debug)]
pub struct Terminal {
    child: Child,
    keyboard: ChildStdin,
    screen: Arc<Mutex<String>>,
}

impl Terminal {
    /// Starts a program at a new terminal.
    #[must_use]
    pub fn start(program: &Path, args: &[&str]) -> Self {
        let words = [&[program.to_str().unwrap()], args].concat();
        assert!(words.iter().all(|word| !word.contains('\'')), "a shell reads it");
        let line: Vec<String> = words.iter().map(|word| format!("'{word}'")).collect();
        let mut command = Command::new("script");
        command.args(["--quiet", "--return", "--command", &line.join(" "), "/dev/null"]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::inherit());
        let mut child = command.spawn().unwrap();
        let (keyboard, mut output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let screen = Arc::new(Mutex::new(String::new()));
        let shown = Arc::clone(&screen);
        std::thread::spawn(move || {
            let mut bytes = [0; 4_096];
            while let Ok(count) = output.read(&mut bytes) {
                if count == 0 {
                    break;
                }
                shown.lock().unwrap().push_str(&String::from_utf8_lossy(&bytes[..count]));
            }
        });
        Self { child, keyboard, screen }
    }

    /// Waits until this is shown; gives, and forgets, everything up to its end.
    pub fn expect(&mut self, words: &str) -> String {
        let mut found = None;
        until(LIMIT, || {
            let mut screen = self.screen.lock().unwrap();
            let end = screen.find(words).map(|at| at + words.len());
            found = end.map(|end| screen.drain(..end).collect());
            found.is_some() || self.child.try_wait().unwrap().is_some()
        });
        found.unwrap_or_else(|| panic!("{words:?} was not shown: {}", self.screen.lock().unwrap()))
    }

    /// Types a line.
    pub fn say(&mut self, line: &str) {
        writeln!(self.keyboard, "{line}").unwrap();
    }

    /// Waits for its end.
    #[must_use]
    pub fn end(mut self) -> ExitStatus {
        let mut ended = None;
        until(LIMIT, || {
            ended = self.child.try_wait().unwrap();
            ended.is_some()
        });
        ended.unwrap()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

const LIMIT: Duration = Duration::from_mins(1);
