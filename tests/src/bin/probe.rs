//! `cargo run -p chancery-tests --bin probe -- --home DIR --passphrase-file FILE --data DIR --files DIR`: lists, as
//! JSON lines, everything that opens for one who holds the keys of one home and every byte of the server.

use std::path::PathBuf;

use chancery_client::home::Home;
use chancery_tests::probe::probe_folders;
use clap::Parser;

/// Lists everything that the keys of a home open, given every byte of a server that is stopped
#[derive(Debug, Parser)]
#[command(name = "probe")]
struct Cli {
    /// The home
    #[arg(long, value_name = "DIR")]
    home: PathBuf,
    /// A file with the home's passphrase
    #[arg(long, value_name = "FILE")]
    passphrase_file: PathBuf,
    /// The server's data folder
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// The server's folder of files
    #[arg(long, value_name = "DIR")]
    files: PathBuf,
}

#[tokio::main]
async fn main() {
    let cli = Cli::parse();
    let passphrase = std::fs::read_to_string(&cli.passphrase_file).expect("the passphrase file");
    let home = Home::open(&cli.home, passphrase.trim_end()).expect("the home");
    for opened in probe_folders(home.keys(), &cli.data, &cli.files).await {
        println!("{}", serde_json::to_string(&opened).expect("JSON"));
    }
}
