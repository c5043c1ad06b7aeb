//! `chancery-server init`

use std::path::PathBuf;
use std::process::ExitCode;

use chancery_core::id::KeyId;
use clap::Args;

use super::folder::Folder;

#[derive(Debug, Args)]
pub(crate) struct InitArgs {
    /// Folder for everything that the server keeps
    #[arg(long, value_name = "FOLDER", default_value = "data")]
    data: PathBuf,
    /// Fingerprint of the root, as the custodians give it
    #[arg(long, value_name = "FINGERPRINT")]
    root: KeyId,
    /// The mechanism file; it is copied into the folder
    #[arg(long, value_name = "FILE")]
    mechanism: PathBuf,
    /// Where clients will find the server
    #[arg(long, value_name = "HOST:PORT", default_value = "")]
    address: String,
}

/// Makes the data folder and prints the line to certify, and nothing else, on standard output.
pub(crate) fn run(args: &InitArgs) -> anyhow::Result<ExitCode> {
    let folder = Folder::make(&args.data, args.root, &args.mechanism)?;
    println!("{}", folder.request(&args.address)?);
    eprintln!(
        "Keys are in {}. Send the line above to the custodians, who run `chancery root certify`; install what \
         they send back with `chancery-server certify`.",
        args.data.display()
    );
    Ok(ExitCode::SUCCESS)
}
