//! `cargo run -p chancery-tests --bin hostile`: a server that lies. Give it a COPY of a server's data.
//!
//! It holds the real keys of the deployment and serves it as `chancery-server` does, but for one log, which it
//! falsifies in the way named. What it did is told on standard error, a line for each answer.

use std::fs;
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use chancery_core::id::{ChannelId, KeyId};
use chancery_server::api::{self, Log};
use chancery_server::app::{App, LogKey, Parts};
use chancery_server::blobs::Blobs;
use chancery_server::clock;
use chancery_server::config::{Config, ServeArgs};
use chancery_server::gate::{Gate, ServerIdentity};
use chancery_server::public::{self, PublicLimits};
use chancery_server::store::db::Pool;
use chancery_tests::hostile::attack::Attack;
use chancery_tests::hostile::forge::{Forger, entry};
use chancery_tests::hostile::service::{Liar, Lie};
use clap::Parser;
use tokio::net::TcpListener;

/// Serves a deployment and lies about one of its logs.
#[derive(Debug, Parser)]
#[command(name = "hostile")]
struct Cli {
    /// A copy of the server's data folder
    #[arg(long, value_name = "FOLDER")]
    data: PathBuf,
    /// A copy of the server's folder of files [default: files in the data folder]
    #[arg(long, value_name = "FOLDER")]
    files: Option<PathBuf>,
    /// Address for people's devices: the one that their homes know
    #[arg(long, value_name = "ADDRESS")]
    listen: SocketAddr,
    /// What it does
    #[arg(long, value_enum)]
    attack: Attack,
    /// To which channel: its id
    #[arg(long, value_name = "HEX")]
    channel: ChannelId,
    /// Chooses the entry
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// It hands on what other readers have verified of the true log
    #[arg(long)]
    words: bool,
    /// A copy of the home whose keys it has, for the attacks with somebody's keys
    #[arg(long, value_name = "FOLDER", requires = "passphrase_file")]
    home: Option<PathBuf>,
    /// The passphrase of that home, in a file
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
}

#[tokio::main]
async fn main() {
    let cli = Cli::parse();
    let data = &cli.data;
    let root: KeyId = fs::read_to_string(data.join("root")).unwrap().trim().parse().unwrap();
    let log_key = || LogKey::from_pkcs8(&fs::read(data.join("log.key")).unwrap()).unwrap();
    let identity = ServerIdentity::from_pkcs8(&fs::read(data.join("tls.key")).unwrap()).unwrap();
    let lie = Lie {
        attack: cli.attack,
        channel: cli.channel,
        seed: cli.seed,
        log_key: log_key(),
        root,
        forged: forged(&cli),
        words: cli.words,
        now_ms: clock::now_ms(),
    };

    let config = Config::load(ServeArgs {
        data: Some(data.clone()),
        files: cli.files.clone(),
        listen: Some(cli.listen),
        ..ServeArgs::default()
    });
    let config = config.unwrap();
    let gate = Gate::bind(cli.listen, &identity, config.gate).await.unwrap();
    let app = App::start(Parts {
        pool: Pool::open(&config.database, &config.pool).await.unwrap(),
        blobs: Blobs::open_folder(config.files.clone()).await.unwrap(),
        connections: gate.connections(),
        mechanism_file: fs::read(data.join("mechanism.toml")).unwrap().into(),
        log_key: log_key(),
        server_tls_key: identity.key_id(),
        root,
        clock: Arc::new(clock::now_ms),
    });
    let app = app.await.unwrap();
    let pages = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let ready =
        format!("hostile ready listen={} public={}", gate.local_addr().unwrap(), pages.local_addr().unwrap());
    tokio::spawn(public::serve(pages, app.clone(), PublicLimits::default(), app.stopping().clone()));
    let mut out = std::io::stdout();
    writeln!(out, "{ready}").and_then(|()| out.flush()).unwrap();
    api::serve_with(app.clone(), gate, Liar::new(Log::new(app), lie)).await.unwrap();
}

/// The act that only somebody's keys make.
fn forged(cli: &Cli) -> Option<chancery_proto::v1::Entry> {
    let (home, file) = (cli.home.as_ref()?, cli.passphrase_file.as_ref()?);
    let passphrase = fs::read_to_string(file).unwrap();
    let forger = Forger::open(home, passphrase.trim_end_matches(['\r', '\n']), cli.channel);
    forger.forge(cli.attack).as_ref().map(entry)
}
