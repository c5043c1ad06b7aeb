//! What the system says of a process's memory, in MiB.

use std::fs;

/// The most it ever held.
#[must_use]
pub fn peak_mib(process: &str) -> f64 {
    status_mib(process, "VmHWM:")
}

/// What it holds now.
#[must_use]
pub fn resident_mib(process: &str) -> f64 {
    status_mib(process, "VmRSS:")
}

/// Forgets the peak so far: unlocking a home takes 64 MiB on purpose, whatever is done afterwards.
pub fn forget_peak(process: &str) {
    fs::write(format!("/proc/{process}/clear_refs"), "5").unwrap();
}

/// This process.
pub const SELF: &str = "self";

fn status_mib(process: &str, name: &str) -> f64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    let kib: f64 = line.trim().trim_end_matches(" kB").parse().unwrap();
    kib / 1_024.0
}
