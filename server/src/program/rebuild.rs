//! `chancery-server rebuild`

use std::process::ExitCode;

use chancery_server::app::AppError;
use chancery_server::app::rebuild::rebuild;
use chancery_server::store::db::Pool;

use super::folder::Folder;
use super::{StoreArgs, present};

/// Makes the projections again and says how many.
pub(crate) async fn run(args: StoreArgs) -> anyhow::Result<ExitCode> {
    let config = args.config()?;
    let folder = Folder::open(&config.data)?;
    present(&config.database)?;
    let pool = Pool::open(&config.database, &config.pool).await?;
    let rebuilt = rebuild(&pool, folder.root).await;
    pool.close().await;
    let rebuilt = rebuilt.map_err(|error| match error {
        AppError::Damaged { .. } => {
            anyhow::Error::new(error).context("nothing was changed; restore a backup")
        }
        error => error.into(),
    })?;
    println!(
        "rebuilt {} channels, {} citations, {} withdrawn releases",
        rebuilt.channels, rebuilt.citations, rebuilt.withdrawn
    );
    Ok(ExitCode::SUCCESS)
}
