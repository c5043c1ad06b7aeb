//! `chancery-server certify`

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use chancery_server::app::certify::certify;
use chancery_server::clock;
use chancery_server::store::db::Pool;
use clap::Args;

use super::StoreArgs;
use super::folder::Folder;

#[derive(Debug, Args)]
pub(crate) struct CertifyArgs {
    #[command(flatten)]
    store: StoreArgs,
    /// The deployment's certificate, as the custodians sent it
    #[arg(value_name = "FILE")]
    certificate: PathBuf,
}

/// Founds the deployment in the database.
pub(crate) async fn run(args: CertifyArgs) -> anyhow::Result<ExitCode> {
    let config = args.store.config()?;
    let folder = Folder::open(&config.data)?;
    let certificate = std::fs::read(&args.certificate)
        .with_context(|| format!("cannot read {}", args.certificate.display()))?;
    let pool = Pool::open(&config.database, &config.pool).await?;
    let outcome =
        certify(&pool, &folder.own(), &folder.mechanism()?, certificate.into(), clock::now_ms()).await;
    pool.close().await;
    outcome?;
    eprintln!("Certified by root {}. Start the server with `chancery-server serve`.", folder.root);
    Ok(ExitCode::SUCCESS)
}
