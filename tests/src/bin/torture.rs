//! `cargo run -p chancery-tests --bin torture -- --seed N --rounds R`: kills the server and clients at random
//! moments, and checks after each that nothing acknowledged is lost. It ends with a panic if anything is.

use chancery_tests::torture::torture;
use clap::Parser;

/// Kills the server and its clients at random moments, and checks that nothing acknowledged is lost
#[derive(Debug, Parser)]
#[command(name = "torture")]
struct Cli {
    /// Decides the moments
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many times
    #[arg(long, default_value_t = 20)]
    rounds: usize,
}

#[tokio::main]
async fn main() {
    let cli = Cli::parse();
    let outcome = torture(cli.seed, cli.rounds).await;
    println!(
        "seed {}, {} rounds: {} acts acknowledged and all there; {} sent again by the outbox; {} uploads went on; \
         {} clients killed, each of whose posts landed once",
        cli.seed, cli.rounds, outcome.acknowledged, outcome.resent, outcome.resumed, outcome.clients_killed
    );
}
