//! One large file, put and got, beside a bare stream over the same gate. Each client is a process of its own,
//! so that its memory is its own.

mod client;

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use chancery_core::id::Digest;
use chancery_seal::random::make_bytes;
use ring::digest::{Context, SHA256};
use serde::{Deserialize, Serialize};

use super::Extent;
use super::bare::Bare;
use super::clock::Watch;
use super::process::{forget_peak, peak_mib};
use super::scene::Scene;
use super::table::{Better, Goal, Pair, Row};

pub use client::{BareArgs, HomeArgs, bare_get, bare_put, get, put};

/// What a client's process says at its end, in one line of JSON.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Report {
    /// Of the work alone: the home was unlocked and the connection made before.
    pub seconds: f64,
    /// The most memory it held during the work.
    pub peak_mib: f64,
    /// The id of the file that was put.
    pub file: String,
}

/// Measures, with one expert as the writer and the reader of every file.
pub async fn run(extent: Extent, scene: &mut Scene, folder: &Path) -> Vec<Row> {
    let bytes: u64 = if extent.quick { 64 * MIB } else { 1_024 * MIB };
    let original = folder.join("original");
    let digest = make_file(&original, bytes);
    let bare = Bare::start(&folder.join("bare-files"), scene.field.root(), &[]);
    let keys = scene.reader().await;
    drop(scene.field.session("files", keys).await);
    let home = scene.field.home("files");
    let server = scene.field.server.as_ref().unwrap().process().to_string();
    forget_peak(&server);

    let (mut puts, mut gets, mut client_peaks) = (Vec::new(), Vec::new(), Vec::new());
    let speed = |report: &Report| megabytes(bytes) / report.seconds;
    for round in 0..extent.rounds {
        let ours = client(command("put", &home).arg("--file").arg(&original));
        let beside = client(bare_command("bare-put", &bare).arg("--file").arg(&original));
        puts.push(Pair { ours: speed(&ours), bare: speed(&beside) });
        client_peaks.push(ours.peak_mib);
        let file = ours.file;
        let (got, bare_got) = (folder.join(format!("got-{round}")), folder.join("bare-got"));
        let ours = client(command("get", &home).args(["--id", &file]).arg("--file").arg(&got));
        let beside = client(bare_command("bare-get", &bare).arg("--file").arg(&bare_got));
        gets.push(Pair { ours: speed(&ours), bare: speed(&beside) });
        client_peaks.push(ours.peak_mib);
        for path in [&got, &bare_got] {
            assert_eq!(digest_of(path), digest, "what was got is what was put");
            std::fs::remove_file(path).unwrap();
        }
    }
    let size = format!("{} MiB", bytes / MIB);
    let mut rows = vec![
        // 1.4 and 1.2 times what rclone's crypt reached to nginx on the machine of the design: 385 and 507 MiB/s.
        Row::pairs(
            &format!("put {size}"),
            "MiB/s",
            Better::More,
            puts,
            &[Goal::OfBare(0.55), Goal::AtLeast(1.4 * 385.0)],
        ),
        Row::pairs(
            &format!("get {size}"),
            "MiB/s",
            Better::More,
            gets,
            &[Goal::OfBare(0.55), Goal::AtLeast(1.2 * 507.0)],
        ),
        Row::alone("client, peak memory", "MiB", Better::Less, client_peaks, &[Goal::Under(32.0)]),
        Row::alone("server, peak memory", "MiB", Better::Less, vec![peak_mib(&server)], &[Goal::Under(32.0)]),
    ];
    rows.extend(age(extent, &original, folder, bytes));
    rows
}

/// `age` by itself, without any network, if it is installed.
fn age(extent: Extent, original: &Path, folder: &Path, bytes: u64) -> Vec<Row> {
    let (key, sealed, opened) =
        (folder.join("age-key"), folder.join("age-sealed"), folder.join("age-opened"));
    let made = Command::new("age-keygen").arg("-o").arg(&key).stderr(Stdio::null()).status();
    if !made.is_ok_and(|status| status.success()) {
        eprintln!("age is not installed: its rows are skipped");
        return Vec::new();
    }
    let text = std::fs::read_to_string(&key).unwrap();
    let recipient = text.lines().find_map(|line| line.strip_prefix("# public key: ")).unwrap();
    let (mut seals, mut opens) = (Vec::new(), Vec::new());
    for _ in 0..extent.rounds {
        let watch = Watch::start();
        let seal = Command::new("age").args(["-r", recipient, "-o"]).arg(&sealed).arg(original).status();
        assert!(seal.unwrap().success());
        seals.push(megabytes(bytes) / watch.seconds());
        let watch = Watch::start();
        let open =
            Command::new("age").args(["-d", "-i"]).arg(&key).arg("-o").arg(&opened).arg(&sealed).status();
        assert!(open.unwrap().success());
        opens.push(megabytes(bytes) / watch.seconds());
    }
    vec![
        Row::alone("age seals the file, no network, no flush", "MiB/s", Better::More, seals, &[]),
        Row::alone("age opens the file, no network, no flush", "MiB/s", Better::More, opens, &[]),
    ]
}

fn command(verb: &str, home: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.arg(verb).arg("--home").arg(home);
    command
}

fn bare_command(verb: &str, bare: &Bare) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args([verb, "--server", &bare.address.address, "--key", &bare.address.tls_key.to_string()]);
    command
}

fn client(command: &mut Command) -> Report {
    let output = command.stderr(Stdio::inherit()).output().unwrap();
    assert!(output.status.success(), "{command:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Bytes that do not repeat and cannot be compressed, cheaply made.
fn make_file(path: &PathBuf, bytes: u64) -> Digest {
    let mut block: Vec<u8> = (0..MIB / 32).flat_map(|_| make_bytes::<32>().unwrap()).collect();
    let mut file = File::create(path).unwrap();
    for number in 0..bytes / MIB {
        for page in block.chunks_mut(4_096) {
            page[..8].copy_from_slice(&number.to_le_bytes());
        }
        file.write_all(&block).unwrap();
    }
    file.sync_all().unwrap();
    digest_of(path)
}

fn digest_of(path: &PathBuf) -> Digest {
    let mut hash = Context::new(&SHA256);
    let mut file = File::open(path).unwrap();
    let mut block = vec![0; 1 << 20];
    loop {
        match file.read(&mut block).unwrap() {
            0 => return Digest::try_from(hash.finish().as_ref()).unwrap(),
            length => hash.update(&block[..length]),
        }
    }
}

fn megabytes(bytes: u64) -> f64 {
    f64::from(u32::try_from(bytes / MIB).unwrap())
}

const MIB: u64 = 1 << 20;
