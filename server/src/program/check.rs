//! `chancery-server check`

use std::process::ExitCode;

use chancery_server::app::check::{Check, Finding};
use chancery_server::blobs::Blobs;
use chancery_server::store::db::Pool;
use clap::Args;

use super::folder::Folder;
use super::{StoreArgs, present};

#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    #[command(flatten)]
    store: StoreArgs,
    /// Hash every file, too
    #[arg(long)]
    deep: bool,
}

/// Prints what is wrong, a line each; exits 1 if anything is.
pub(crate) async fn run(args: CheckArgs) -> anyhow::Result<ExitCode> {
    let config = args.store.config()?;
    let folder = Folder::open(&config.data)?;
    let mechanism = folder.mechanism()?;
    present(&config.database)?;
    let pool = Pool::open(&config.database, &config.pool).await?;
    let blobs = Blobs::open_to_read(config.files).await?;
    let mut faults = 0_u64;
    let check = Check {
        pool: &pool,
        blobs: &blobs,
        mechanism: &mechanism,
        mechanism_digest: folder.own().mechanism,
        root: folder.root,
        deep: args.deep,
    };
    let mut tell = |finding: Finding| {
        faults += u64::from(finding.is_fault());
        println!("{finding}");
    };
    let entries = check.run(&mut tell).await;
    pool.close().await;
    let entries = entries?;
    if faults == 0 {
        println!("{entries} entries: all is as it should be");
        return Ok(ExitCode::SUCCESS);
    }
    println!("{entries} entries: {faults} faults");
    Ok(ExitCode::FAILURE)
}
