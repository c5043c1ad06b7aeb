//! `chancery move export` and `chancery move import`

use std::path::{Path, PathBuf};

use serde_json::json;

use super::context::Context;
use super::failure::Failure;
use crate::home::{HomeError, MoveFile};
use crate::render::bytes;
use crate::verbs::move_home::{export, import};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Write your home to one sealed file; from then on it opens on this machine no more
    Export {
        /// The file to write
        file: PathBuf,
    },
    /// Make your home from such a file, on the new machine
    Import {
        /// The file
        file: PathBuf,
    },
}

pub(super) fn run(args: Args, context: &Context) -> Result<(), Failure> {
    match args.command {
        Command::Export { file } => move_out(&file, context),
        Command::Import { file } => move_in(&file, context),
    }
}

fn move_out(file: &Path, context: &Context) -> Result<(), Failure> {
    let dir = context.present_home()?;
    let moved = export(dir, &context.passphrase()?, file)?;
    let fields = json!({ "path": file, "home": dir, "records": moved.records, "length": moved.length });
    context.out.show(
        "moved",
        &fields,
        format!(
            "{}  {}\nThis home is moved: it opens here no more. On the new machine: chancery move import FILE\n\
             The file opens with the passphrase of this home. When the new home works, remove the file and this \
             folder.",
            file.display(),
            bytes(moved.length)
        ),
    )
}

fn move_in(file: &Path, context: &Context) -> Result<(), Failure> {
    let dir = context.home_dir()?;
    // Both asked first, so that nobody types a passphrase for nothing.
    if crate::home::Home::is_at(dir) {
        return Err(HomeError::Exists { dir: dir.clone() }.into());
    }
    let opened = MoveFile::open(file)?;
    let moved = import(opened, dir, &context.passphrase()?)?;
    context.out.show(
        "moved-in",
        &json!({ "home": dir, "records": moved.records, "length": moved.length }),
        format!(
            "Your home is in {}, verified whole. Import the file nowhere else, and remove it.",
            dir.display()
        ),
    )
}
