//! `cargo run --release -p chancery-tests --bin bench`: see docs/operations/bench.md.

use chancery_tests::bench::bare::{self, BareArgs};
use chancery_tests::bench::scene::Scene;
use chancery_tests::bench::table::{Row, json, table};
use chancery_tests::bench::{Extent, directory, files, idle, open, posts, watchers};
use clap::{Parser, Subcommand, ValueEnum};

/// Measures the real programs beside bare ones that move the same bytes.
#[derive(Debug, Parser)]
#[command(name = "bench")]
struct Cli {
    /// What is measured
    #[arg(value_enum, default_value = "all")]
    what: What,
    /// Pairs of measurements
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u8).range(1..=50))]
    rounds: u8,
    /// Less of everything, to see that it runs
    #[arg(long)]
    quick: bool,
    /// A line of JSON for each row, in place of the table
    #[arg(long)]
    json: bool,
    #[command(subcommand)]
    process: Option<Process>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum What {
    Directory,
    Posts,
    Files,
    Open,
    Watchers,
    Idle,
    All,
}

/// Processes that the benchmark starts itself.
#[derive(Debug, Clone, Subcommand)]
enum Process {
    /// The bare server
    #[command(hide = true)]
    Bare(BareArgs),
    /// The verb `put`
    #[command(hide = true)]
    Put(files::HomeArgs),
    /// The verb `get`
    #[command(hide = true)]
    Get(files::HomeArgs),
    /// Sends a file to the bare server
    #[command(hide = true)]
    BarePut(files::BareArgs),
    /// Fetches it
    #[command(hide = true)]
    BareGet(files::BareArgs),
}

#[tokio::main]
async fn main() {
    let cli = Cli::parse();
    match cli.process {
        Some(Process::Bare(args)) => bare::serve(args).await,
        Some(Process::Put(args)) => files::put(args).await,
        Some(Process::Get(args)) => files::get(args).await,
        Some(Process::BarePut(args)) => files::bare_put(args).await,
        Some(Process::BareGet(args)) => files::bare_get(args).await,
        None => Box::pin(measure(&cli)).await,
    }
}

async fn measure(cli: &Cli) {
    let extent = Extent { rounds: cli.rounds.into(), quick: cli.quick };
    let wanted = |what| cli.what == what || cli.what == What::All;
    let folder = tempfile::tempdir().unwrap();
    let mut rows: Vec<Row> = Vec::new();
    if wanted(What::Idle) {
        rows.extend(Box::pin(idle::run(extent, folder.path())).await);
    }
    if wanted(What::Directory) {
        rows.extend(directory::run(extent));
    }
    if wanted(What::Files) {
        let mut scene = Box::pin(Scene::set(0)).await;
        rows.extend(files::run(extent, &mut scene, folder.path()).await);
    }
    if wanted(What::Posts) {
        let mut scene = Box::pin(Scene::set(posts::WRITERS)).await;
        rows.extend(posts::run(extent, &mut scene, folder.path()).await);
    }
    if wanted(What::Open) {
        let mut scene = Box::pin(Scene::set(posts::WRITERS)).await;
        rows.extend(open::run(extent, &mut scene, folder.path()).await);
    }
    if wanted(What::Watchers) {
        let mut scene = Box::pin(Scene::set(posts::WRITERS)).await;
        rows.extend(watchers::run(extent, &mut scene, folder.path()).await);
    }
    if cli.json {
        for row in &rows {
            println!("{}", json(row));
        }
    } else {
        print!("{}", table(&rows));
    }
}
