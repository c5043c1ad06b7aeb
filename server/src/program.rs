//! The commands of `chancery-server`: each in its file, each exits 0 when it is done, 1 when it is not, 2 when
//! its arguments are none.

mod certify;
mod check;
mod folder;
mod init;
mod rebuild;
mod serve;

use std::path::PathBuf;
use std::process::ExitCode;

use chancery_server::config::{Config, ServeArgs};
use chancery_server::store::db::DatabaseUrl;
use clap::{Args, Parser, Subcommand};

/// The Chancery server: it orders and keeps signed acts, enforces the rules, and can read nothing.
#[derive(Debug, Parser)]
#[command(name = "chancery-server", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make the server's keys, and print the line that the custodians of the root certify
    Init(init::InitArgs),
    /// Install what the custodians sent back
    Certify(certify::CertifyArgs),
    /// Serve the deployment
    Serve(ServeArgs),
    /// Compare the database with itself and with the files; changes nothing
    Check(check::CheckArgs),
    /// Make again, from the logs, what can be made from them
    Rebuild(StoreArgs),
}

/// Where a server's data is.
#[derive(Debug, Clone, Args)]
struct StoreArgs {
    /// Settings in TOML [default: chancery.toml in the data folder, if there is one]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Folder for everything that the server keeps [default: data]
    #[arg(long, value_name = "FOLDER")]
    data: Option<PathBuf>,
    /// URL of the database [default: the file chancery.db in the data folder]
    #[arg(long, value_name = "URL")]
    database: Option<DatabaseUrl>,
    /// Folder for files [default: files in the data folder]
    #[arg(long, value_name = "FOLDER")]
    files: Option<PathBuf>,
}

impl StoreArgs {
    fn config(self) -> anyhow::Result<Config> {
        let Self { config, data, database, files } = self;
        Ok(Config::load(ServeArgs { config, data, database, files, ..ServeArgs::default() })?)
    }
}

/// Runs the command of this process's arguments.
pub(crate) fn run() -> ExitCode {
    let cli = Cli::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&error.into()),
    };
    let outcome = runtime.block_on(async {
        match cli.command {
            Command::Init(args) => init::run(&args),
            Command::Certify(args) => certify::run(args).await,
            Command::Serve(args) => serve::run(args).await,
            Command::Check(args) => check::run(args).await,
            Command::Rebuild(args) => rebuild::run(args).await,
        }
    });
    // A task that hangs must not hold up the end of the process.
    runtime.shutdown_timeout(std::time::Duration::from_secs(1));
    match outcome {
        Ok(code) => code,
        Err(error) => failed(&error),
    }
}

/// A database that is not there is not made by what looks after one.
fn present(database: &DatabaseUrl) -> anyhow::Result<()> {
    match database {
        DatabaseUrl::Sqlite(path) if !path.exists() => {
            anyhow::bail!(
                "there is no database {}: name it with --database, or restore a backup",
                path.display()
            )
        }
        DatabaseUrl::Sqlite(_) | DatabaseUrl::Postgres(_) => Ok(()),
    }
}

fn failed(error: &anyhow::Error) -> ExitCode {
    eprintln!("chancery-server: {error:#}");
    ExitCode::FAILURE
}
