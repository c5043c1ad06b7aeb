//! Progress of long work: on standard error, and only where a person looks at it.

use std::io::IsTerminal as _;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::output::Output;

/// A bar over `bytes`; hidden unless standard error is a terminal and text is wanted.
pub(crate) fn bytes(out: Output, label: &'static str, bytes: u64) -> ProgressBar {
    let shown = std::io::stderr().is_terminal() && !out.json();
    let target = if shown { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
    let bar = ProgressBar::with_draw_target(Some(bytes), target).with_message(label);
    match ProgressStyle::with_template("{msg} {bytes} of {total_bytes} {wide_bar} {bytes_per_sec} {eta}") {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
