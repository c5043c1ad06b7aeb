//! The processes that put and get.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::PathBuf;

use bytes::Bytes;
use chancery_client::files::Progress;
use chancery_client::home::{Home, ServerAddress, TlsIdentity};
use chancery_client::link::{Link, UploadPart};
use chancery_client::sync::Session;
use chancery_client::verbs;
use chancery_client::verbs::put::Document;
use chancery_core::id::{ChannelId, Digest, FileId, KeyId};
use chancery_core::mechanism::Language;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use super::Report;
use crate::bench::clock::Watch;
use crate::bench::process::{SELF, forget_peak, peak_mib};
use crate::field::PASSPHRASE;
use crate::instrument;

/// Arguments of a client with a home.
#[derive(Debug, Clone, clap::Args)]
pub struct HomeArgs {
    /// The home
    #[arg(long)]
    home: PathBuf,
    /// The file to put, or where to put what is got
    #[arg(long)]
    file: PathBuf,
    /// The file to get
    #[arg(long, default_value = "")]
    id: String,
}

/// Arguments of a bare client.
#[derive(Debug, Clone, clap::Args)]
pub struct BareArgs {
    /// Address of the bare server
    #[arg(long)]
    server: String,
    /// Its key
    #[arg(long)]
    key: KeyId,
    /// The file to put, or where to put what is got
    #[arg(long)]
    file: PathBuf,
}

/// The verb `put`.
pub async fn put(args: HomeArgs) {
    let mut session = session(&args).await;
    let document = Document {
        path: args.file,
        instrument: Some(instrument("firearms")),
        review: None,
        about: None,
        revises: None,
        language: Language::En,
        title: String::new(),
        text: String::new(),
    };
    forget_peak(SELF);
    let watch = Watch::start();
    let posted = verbs::put::put(&mut session, document, &Progress::none()).await.unwrap();
    let seconds = watch.seconds();
    let post = &session.channel(posted.channel).unwrap().state.posts[&posted.act];
    report(seconds, post.files.first().unwrap().to_string());
}

/// The verb `get`.
pub async fn get(args: HomeArgs) {
    let mut session = session(&args).await;
    forget_peak(SELF);
    let watch = Watch::start();
    let found = verbs::get::find(&mut session, &args.id.parse().unwrap()).await.unwrap();
    verbs::get::get(&session, &found, &args.file, false, &Progress::none()).await.unwrap();
    report(watch.seconds(), args.id);
}

/// The bytes as they are, in messages of the same size.
pub async fn bare_put(args: BareArgs) {
    let link = link(&args).await;
    let watch = Watch::start();
    let (parts, stream) = mpsc::channel(1);
    let reading = tokio::task::spawn_blocking(move || {
        let mut file = File::open(args.file).unwrap();
        for number in 0.. {
            let mut part = Vec::with_capacity(PART_BYTES);
            (&mut file).take(PART_BYTES as u64).read_to_end(&mut part).unwrap();
            if part.is_empty() {
                return;
            }
            let part = UploadPart { number, sha256: Digest::new([0; 32]), data: Bytes::from(part) };
            parts.blocking_send(part).unwrap();
        }
    });
    let sent = link.upload(FileId::new([0; 16]), ReceiverStream::new(stream)).await.unwrap();
    assert!(sent.complete);
    reading.await.unwrap();
    report(watch.seconds(), String::new());
}

/// The bytes to a file, flushed at its end.
pub async fn bare_get(args: BareArgs) {
    let link = link(&args).await;
    let watch = Watch::start();
    let (channel, file) = (ChannelId::new([0; 16]), FileId::new([0; 16]));
    let mut download = link.download(channel, file, 0, 0).await.unwrap();
    let (pieces, mut waiting) = mpsc::channel::<Bytes>(8);
    let storing = tokio::task::spawn_blocking(move || {
        let mut file = File::create(args.file).unwrap();
        while let Some(piece) = waiting.blocking_recv() {
            file.write_all(&piece).unwrap();
        }
        file.sync_data().unwrap();
    });
    while let Some(piece) = download.next().await.unwrap() {
        pieces.send(piece).await.unwrap();
    }
    drop(pieces);
    storing.await.unwrap();
    report(watch.seconds(), String::new());
}

async fn session(args: &HomeArgs) -> Session {
    Session::open(Home::open(&args.home, PASSPHRASE).unwrap()).await.unwrap()
}

async fn link(args: &BareArgs) -> Link {
    let server = ServerAddress { address: args.server.clone(), tls_key: args.key };
    Link::connect(&server, &TlsIdentity::make().unwrap()).await.unwrap()
}

fn report(seconds: f64, file: String) {
    let report = Report { seconds, peak_mib: peak_mib(SELF), file };
    println!("{}", serde_json::to_string(&report).unwrap());
}

/// As the real client cuts files.
const PART_BYTES: usize = 5 * 1_024 * 1_024;
