//! The demo: a whole small review between real processes, from the founding of a deployment to the verified
//! record. It runs this very program, once for each thing that somebody does, and the server beside it.
//!
//! Chile is under review; Kenya and Portugal review; Japan is another party; the secretariat reads; the public
//! has no account. People and texts are invented.

mod error;
mod ledger;
mod script;
mod stage;
mod texts;
mod web;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

pub use error::DemoError;

use ledger::Ledger;
use script::Script;
use stage::Stage;

/// How the demo is played.
#[derive(Debug, Clone)]
pub struct Options {
    /// This program; the server stands beside it.
    pub program: PathBuf,
    /// Where everything stays; a temporary folder that goes if none.
    pub keep: Option<PathBuf>,
    /// A file of the reader's own, sent as Chile's document.
    pub document: Option<PathBuf>,
}

/// Plays the demo; each line of its transcript goes to `tell` as it happens.
///
/// # Errors
/// [`DemoError`], if anything goes otherwise than it must: something refused that should be done, or done that
/// should be refused.
pub fn play(options: &Options, tell: &mut dyn FnMut(&str)) -> Result<(), DemoError> {
    if let Some(folder) = &options.keep {
        prepare(folder)?;
        let folder = std::path::absolute(folder).map_err(|error| DemoError::file(folder, &error))?;
        let listen = play_in(&folder, options, tell)?;
        tell(&script::how_to_go_on(&folder, listen));
        return Ok(());
    }
    let folder = tempfile::Builder::new()
        .prefix("chancery-demo-")
        .tempdir()
        .map_err(|error| DemoError::file(&std::env::temp_dir(), &error))?;
    play_in(folder.path(), options, tell).map(drop)
}

/// Plays it in a folder; the server's address is the one that its people's homes name.
fn play_in(folder: &Path, options: &Options, tell: &mut dyn FnMut(&str)) -> Result<SocketAddr, DemoError> {
    let stage = Stage::new(folder.to_owned(), options.program.clone())?;
    let mut script = Script::new(stage, Ledger::new()?, options.document.as_deref(), tell);
    script.play()
}

/// A folder that is absent or empty: the demo overwrites nothing.
fn prepare(folder: &Path) -> Result<(), DemoError> {
    std::fs::create_dir_all(folder).map_err(|error| DemoError::file(folder, &error))?;
    let mut entries = std::fs::read_dir(folder).map_err(|error| DemoError::file(folder, &error))?;
    if entries.next().is_some() { Err(DemoError::NotEmpty { folder: folder.to_owned() }) } else { Ok(()) }
}
