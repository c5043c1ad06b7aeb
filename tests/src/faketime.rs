//! Another time for one process: libfaketime, loaded before the program's own libraries. Only the time of day is
//! shifted; timeouts go on as they are.

use std::path::PathBuf;
use std::process::Command;

/// What a process takes for now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clock {
    shift_s: i64,
    pace: u32,
}

impl Clock {
    /// The machine's own clock.
    pub const RIGHT: Self = Self { shift_s: 0, pace: 1 };

    /// Days ahead; behind, if negative.
    #[must_use]
    pub const fn days(days: i64) -> Self {
        Self { shift_s: days * 24 * 3_600, pace: 1 }
    }

    /// Hours ahead; behind, if negative.
    #[must_use]
    pub const fn hours(hours: i64) -> Self {
        Self { shift_s: hours * 3_600, pace: 1 }
    }

    /// So many minutes further ahead.
    #[must_use]
    pub const fn plus_minutes(self, minutes: i64) -> Self {
        Self { shift_s: self.shift_s + minutes * 60, ..self }
    }

    /// Right when the process starts, and so many times as fast: as if the machine slept most of the time.
    #[must_use]
    pub const fn paced(pace: u32) -> Self {
        Self { shift_s: 0, pace }
    }

    /// Has a process that is not started yet go by this clock.
    pub fn set(self, command: &mut Command) {
        if self == Self::RIGHT {
            return;
        }
        command.env("LD_PRELOAD", library());
        command.env("FAKETIME", format!("{:+} x{}", self.shift_s, self.pace));
        command.env("FAKETIME_DONT_FAKE_MONOTONIC", "1").env("NO_FAKE_STAT", "1");
    }
}

/// Where Debian's package `faketime` has it, and those of other systems.
fn library() -> PathBuf {
    let folders = ["/usr/lib", "/usr/lib64", "/usr/local/lib"].into_iter().map(PathBuf::from);
    let beneath = std::fs::read_dir("/usr/lib").into_iter().flatten().flatten().map(|entry| entry.path());
    let found = folders
        .chain(beneath)
        .map(|folder| folder.join("faketime"))
        .map(|folder| folder.join("libfaketimeMT.so.1"))
        .find(|path| path.is_file());
    found.expect("libfaketimeMT.so.1 was not found: install it, for example with `apt-get install faketime`")
}
