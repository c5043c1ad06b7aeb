//! A bar for a long transfer.

use indicatif::ProgressBar;

use super::output::Output;
use super::progress;
use crate::files::Progress;

/// A bar over the bytes of a transfer.
#[derive(Debug)]
pub(super) struct Bar(ProgressBar);

impl Bar {
    pub(super) fn new(out: Output, label: &'static str, bytes: u64) -> Self {
        Self(progress::bytes(out, label, bytes))
    }

    /// What moves it.
    pub(super) fn progress(&self) -> Progress {
        let bar = self.0.clone();
        Progress::to(move |bytes| bar.inc(bytes))
    }

    pub(super) fn end(&self) {
        self.0.finish_and_clear();
    }
}
