//! `chancery-server rebuild`

use std::process::ExitCode;

use chancery_server::app::rebuild::rebuild;
use chancery_server::store::db::Pool;

use super::StoreArgs;
use super::folder::Folder;

/// Makes the projections again and says how many.
pub(crate) async fn run(args: StoreArgs) -> anyhow::Result<ExitCode> {
    let config = args.config()?;
    let folder = Folder::open(&config.data)?;
    let pool = Pool::open(&config.database, &config.pool).await?;
    let rebuilt = rebuild(&pool, folder.root).await;
    pool.close().await;
    let rebuilt = rebuilt?;
    println!(
        "rebuilt {} channels, {} citations, {} withdrawn releases",
        rebuilt.channels, rebuilt.citations, rebuilt.withdrawn
    );
    Ok(ExitCode::SUCCESS)
}
