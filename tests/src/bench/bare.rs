//! The bare server: the same gate, HTTP/2 and messages, and a disk. It takes an act for true if its signature
//! holds, and keeps one row of it; it knows no policy, no log and no persons. It takes a file as it comes.
//!
//! It is a process of its own, started by the benchmark.

mod files;
mod log;
mod watch;

use std::collections::HashMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use chancery_client::home::ServerAddress;
use chancery_core::id::KeyId;
use chancery_core::limits::MESSAGE_BYTES_MAX;
use chancery_core::name::{KeyAlgorithm, key_id};
use chancery_proto::v1::file_service_server::FileServiceServer;
use chancery_proto::v1::log_service_server::LogServiceServer;
use chancery_server::gate::{Gate, GateLimits, ServerIdentity, http2};
use tonic::transport::Server as Transport;

use crate::field::Server;

/// The bare server as a process.
#[derive(Debug)]
pub struct Bare {
    /// The process.
    pub server: Server,
    /// Where it is.
    pub address: ServerAddress,
}

/// What the process is told.
#[derive(Debug, Clone, clap::Args)]
pub struct BareArgs {
    /// Folder for what it keeps
    #[arg(long)]
    data: PathBuf,
    /// Fingerprint of the root under which acts are signed
    #[arg(long)]
    root: KeyId,
    /// The Ed25519 keys of the writers, in hexadecimal, a line each
    #[arg(long)]
    writers: PathBuf,
}

impl Bare {
    /// Starts it in `folder`, for acts of these writers.
    #[must_use]
    pub fn start(folder: &Path, root: &KeyId, writers: &[[u8; 32]]) -> Self {
        std::fs::create_dir_all(folder).unwrap();
        let lines: Vec<String> = writers.iter().map(hex::encode).collect();
        std::fs::write(folder.join(WRITERS), lines.join("\n")).unwrap();
        let identity = ServerIdentity::make_key().unwrap();
        std::fs::write(folder.join(KEY), &*identity).unwrap();
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["bare", "--root", &root.to_string(), "--data"]).arg(folder);
        command.arg("--writers").arg(folder.join(WRITERS));
        let server = Server::spawn(command, &folder.join("log"));
        let tls_key = ServerIdentity::from_pkcs8(&identity).unwrap().key_id();
        let address = ServerAddress { address: server.address().to_string(), tls_key };
        Self { server, address }
    }
}

/// The process itself.
pub async fn serve(args: BareArgs) {
    let identity = ServerIdentity::from_pkcs8(&std::fs::read(args.data.join(KEY)).unwrap()).unwrap();
    let any = "127.0.0.1:0".parse().unwrap();
    let gate = Gate::bind(any, &identity, GateLimits::default()).await.unwrap();
    let listen = gate.local_addr().unwrap();
    let writers: HashMap<KeyId, [u8; 32]> = std::fs::read_to_string(&args.writers)
        .unwrap()
        .lines()
        .map(|line| <[u8; 32]>::try_from(hex::decode(line).unwrap()).unwrap())
        .map(|key| (key_id(KeyAlgorithm::Ed25519, &key), key))
        .collect();
    let log = LogServiceServer::new(log::Log::open(&args.data, args.root, writers).await)
        .max_decoding_message_size(MESSAGE_BYTES_MAX);
    let files = FileServiceServer::new(files::Files::new(args.data));
    let router = http2(Transport::builder()).add_service(log).add_service(files);
    println!("bare ready listen={listen} public={listen}");
    std::io::stdout().flush().unwrap();
    router.serve_with_incoming(gate.incoming()).await.unwrap();
}

const KEY: &str = "key";
const WRITERS: &str = "writers";
