//! The real client against a server that lies and holds the deployment's real keys: what it does is found out,
//! the entry is named, and nothing of it stays in the home.
//!
//! One demo makes the deployment. The server that lies works in a copy of its data.

use std::fs;
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use chancery_client::home::Home;
use chancery_core::id::KeyId;
use chancery_core::name::directory_channel;
use chancery_tests::field::{Server, program};
use serde_json::Value;
use tempfile::TempDir;

/// Each attack is tried with so many entries.
const SEEDS: u64 = 2;

/// Where the log parts from the true one, compared with the entry that the client names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Named {
    /// This very entry.
    There,
    /// This or a later one: the first whose author had seen otherwise.
    ThereOrAfter,
    /// No entry, but the channel: the whole log is another.
    Channel,
}

/// Whether the reader has read the channel before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reader {
    Cold(&'static str),
    Warm(&'static str),
}

use Named::{Channel, There, ThereOrAfter};
use Reader::{Cold, Warm};

struct Row {
    attack: &'static str,
    /// Whose device's key the server has beside its own.
    keys_of: Option<&'static str>,
    channel: &'static str,
    reader: Reader,
    /// One of these.
    reasons: &'static [&'static str],
    named: Named,
}

const fn row(
    attack: &'static str,
    channel: &'static str,
    reader: Reader,
    reasons: &'static [&'static str],
    named: Named,
) -> Row {
    Row { attack, keys_of: None, channel, reader, reasons, named }
}

const fn with_keys(attack: &'static str, keys_of: &'static str, reader: &'static str) -> Row {
    let reasons = &["NOT_ALLOWED_HERE"];
    Row { attack, keys_of: Some(keys_of), channel: "strand", reader: Cold(reader), reasons, named: There }
}

/// A bit can fall into the envelope, the header, the statement or the signature.
const ALTERED: &[&str] = &[
    "BAD_SIGNATURE",
    "MALFORMED_ENTRY",
    "NOT_ALLOWED_HERE",
    "NO_BODY",
    "OTHER_BODY",
    "OTHER_BOX",
    "OTHER_WRAP",
];
const RULES: &[&str] = &["NOT_ALLOWED_HERE"];

const ROWS: &[Row] = &[
    row("altered", "strand", Cold("kenya"), ALTERED, There),
    row("altered", "review", Cold("portugal"), ALTERED, There),
    row("altered", "directory", Cold("japan"), ALTERED, There),
    row("altered", "strand", Warm("kenya"), &["FORKED"], Channel),
    row("dropped", "strand", Cold("chile"), RULES, ThereOrAfter),
    row("dropped", "directory", Cold("kenya"), RULES, ThereOrAfter),
    row("dropped", "strand", Warm("secretariat"), &["ROLLED_BACK"], Channel),
    row("replayed", "strand", Cold("secretariat"), RULES, There),
    row("replayed", "coordination", Cold("kenya"), RULES, There),
    row("replayed", "directory", Cold("portugal"), RULES, There),
    row("reordered", "strand", Cold("portugal"), RULES, ThereOrAfter),
    row("reordered", "directory", Cold("secretariat"), RULES, ThereOrAfter),
    row("reordered", "strand", Warm("chile"), &["FORKED"], Channel),
    row("rolled-back", "strand", Warm("kenya"), &["ROLLED_BACK"], Channel),
    row("rolled-back", "review", Warm("portugal"), &["ROLLED_BACK"], Channel),
    row("rolled-back", "directory", Warm("japan"), &["ROLLED_BACK"], Channel),
    row("forked", "strand", Warm("kenya"), &["FORKED"], Channel),
    row("forked", "directory", Warm("chile"), &["FORKED"], Channel),
    row("body", "strand", Cold("kenya"), &["OTHER_BODY"], There),
    row("body", "delegation", Cold("chile"), &["OTHER_BODY"], There),
    row("wrap", "strand", Cold("kenya"), &["OTHER_WRAP"], There),
    row("wrap", "directory", Cold("chile"), &["OTHER_WRAP"], There),
    row("previous-box", "strand", Cold("portugal"), &["OTHER_BOX"], There),
    row("time-back", "strand", Cold("chile"), &["LOG_TIME_BACK"], There),
    row("time-back", "directory", Cold("japan"), &["LOG_TIME_BACK"], There),
    row("time-ahead", "strand", Cold("kenya"), &["LOG_TIME_AHEAD"], There),
    row("unknown-kind", "strand", Cold("portugal"), &["MALFORMED_ENTRY"], There),
    row("oversized", "strand", Cold("secretariat"), &["MALFORMED_ENTRY"], There),
    with_keys("secretariat-posts", "secretariat", "kenya"),
    with_keys("secretariat-posts", "secretariat", "chile"),
    with_keys("secretariat-posts", "secretariat", "portugal"),
    with_keys("secretariat-posts", "secretariat", "secretariat"),
    with_keys("expert-submits", "chile-expert-next", "kenya"),
    with_keys("expert-submits", "chile-expert-next", "secretariat"),
    with_keys("ghost-reader", "portugal", "kenya"),
    with_keys("ghost-reader", "portugal", "secretariat"),
];

#[test]
fn para_33_what_a_lying_server_does_is_found_out_and_named() {
    let play = Play::new();
    garbage_for_the_secretariat_raises_an_alert(&play);
    every_lie_is_found_out(&play);
    a_fork_is_proven_where_views_meet(&play);
    a_fork_that_is_kept_apart_is_proven_when_people_compare(&play);
}

const FORKED: Row = row("forked", "strand", Cold("kenya"), &["FORKED"], Channel);

/// Chile has verified the true log and said so. Kenya is shown another, together with Chile's word.
fn a_fork_is_proven_where_views_meet(play: &Play) {
    let chile = play.reader(Warm("chile"), "strand");
    {
        // A lie about a channel that Chile does not read.
        let (_server, _) = play.hostile(&Row { channel: "coordination", ..FORKED }, 0);
        assert_eq!(play.verify(&chile).exit, 0);
    }
    let (_server, _) = play.hostile_with(&FORKED, 0, &["--words"]);
    let kenya = play.reader(Cold("kenya"), "strand");
    let outcome = play.verify(&kenya);
    let proof = play.proof(&outcome);
    assert!(outcome.error["message"].as_str().unwrap().contains("nother reader"), "{outcome:?}");
    play.is_proven(&proof);
    // Told again with every command that reads, and the same proof.
    assert_eq!(play.proof(&play.run(&kenya, &["threads"])), proof);
    no_altered_byte_is_proven(play, &proof);
    let mine = play.run(&chile, &["verify"]);
    assert_eq!(mine.error["reason"], "FORKED", "{mine:?}");
    play.is_proven(&play.proof(&mine));
}

/// The server keeps what each side has verified from the other.
fn a_fork_that_is_kept_apart_is_proven_when_people_compare(play: &Play) {
    let (kenya, chile) = (play.reader(Cold("kenya"), "strand"), play.reader(Warm("chile"), "strand"));
    let file = |name: &str| play.folder.path().join(name).display().to_string();
    let (of_kenya, of_chile) = (file("kenya.checkpoints"), file("chile.checkpoints"));
    {
        let (_server, _) = play.hostile(&FORKED, 0);
        let outcome = play.run(&kenya, &["verify", "--export", &of_kenya]);
        assert_eq!(outcome.exit, 0, "no view has met another: {outcome:?}");
        let strand = play.confirmed(&outcome, "strand");
        assert_eq!(strand["confirmed"], 1, "nobody but Kenya: {strand}");
    }
    let text = fs::read_to_string(&of_kenya).unwrap();
    for name in ["kenya", "chile", "KE", "CL", "untoc", "firearms"] {
        assert!(!text.split(['/', '\n', ' ']).any(|word| word == name), "{name} in {text}");
    }
    let _honest = play.honest();
    let outcome = play.run(&chile, &["verify", "--against", &of_kenya]);
    play.is_proven(&play.proof(&outcome));
    // The same comparison with another honest reader finds nothing.
    let portugal = play.reader(Warm("portugal"), "strand");
    let outcome = play.run(&portugal, &["verify", "--export", &file("portugal.checkpoints")]);
    assert_eq!(outcome.exit, 0, "{outcome:?}");
    let outcome =
        play.run(&chile, &["verify", "--against", &file("portugal.checkpoints"), "--export", &of_chile]);
    assert_eq!(outcome.exit, 0, "{outcome:?}");
    let compared = outcome.lines.iter().filter(|line| line["kind"] == "compared");
    let same = compared.filter(|line| line["outcome"] == "same").count();
    assert!(same >= 3, "directory, review and strand: {outcome:?}");
    let strand = play.confirmed(&outcome, "strand");
    assert!(strand["confirmed"].as_u64().unwrap() >= 3, "the warm homes have said so: {strand}");
}

fn no_altered_byte_is_proven(play: &Play, proof: &Path) {
    let good = fs::read(proof).unwrap();
    let altered = play.folder.path().join("altered.proof");
    for at in 0..good.len() {
        let mut bytes = good.clone();
        bytes[at] ^= 1 << (at % 8);
        fs::write(&altered, bytes).unwrap();
        assert_eq!(Play::verify_fork(&altered, &play.root).0, 6, "byte {at}");
    }
    println!("{} altered proofs of {} bytes were refused.", good.len(), good.len());
}

fn every_lie_is_found_out(play: &Play) {
    let mut attacked = Vec::new();
    println!("{:<18} {:<13} {:<18} {:>4}  {:<17} where", "attack", "channel", "reader", "seed", "found");
    for row in ROWS {
        // With somebody's keys there is one place to append to.
        for seed in 0..if row.keys_of.is_some() { 1 } else { SEEDS } {
            let home = play.reader(row.reader, row.channel);
            let (server, log) = play.hostile(row, seed);
            let outcome = play.verify(&home);
            drop(server);
            let told = Told::last(&log);
            let what = format!(
                "{} of {}, {:?}, seed {seed}: {outcome:?}, {told:?}",
                row.attack, row.channel, row.reader
            );
            // Told by itself an entry from the future is as likely this machine's own clock.
            let exit = if row.attack == "time-ahead" { 7 } else { 6 };
            assert_eq!(outcome.exit, exit, "{what}");
            let reason = outcome.error["reason"].as_str().unwrap();
            assert!(row.reasons.contains(&reason), "{what}");
            let at = outcome.error["at"].as_str().unwrap();
            assert!(at.starts_with(&format!("channel {}", play.channel(row.channel))), "{what}");
            let entry = at.split_once(", entry ").map(|(_, rest)| number(rest));
            match row.named {
                There => assert_eq!(entry, Some(told.entry), "{what}"),
                ThereOrAfter => assert!(entry.is_some_and(|entry| entry >= told.entry), "{what}"),
                Channel => assert_eq!(entry, None, "{what}"),
            }
            if row.keys_of.is_some() {
                assert!(at.contains(&told.act), "the act is named: {what}");
                let paragraph = if row.attack == "expert-submits" { 18 } else { 33 };
                assert_eq!(outcome.error["paragraph"], paragraph, "{what}");
            }
            let place = entry.map_or_else(|| "the log".to_owned(), |entry| format!("entry {entry}"));
            println!(
                "{:<18} {:<13} {:<18} {seed:>4}  {reason:<17} {place}",
                row.attack,
                row.channel,
                format!("{:?}", row.reader)
            );
            attacked.push((what, home));
        }
    }

    let _honest = play.honest();
    for (what, home) in &attacked {
        let outcome = play.verify(home);
        assert_eq!(outcome.exit, 0, "something of the lie stayed: {what}, then {outcome:?}");
    }
    println!("{} homes verify again at the honest server.", attacked.len());
}

fn garbage_for_the_secretariat_raises_an_alert(play: &Play) {
    let row =
        Row { keys_of: Some("portugal"), ..row("garbage-wrap", "strand", Cold("secretariat"), &[], There) };
    let (server, log) = play.hostile(&row, 0);
    for reader in ["secretariat", "kenya"] {
        let outcome = play.verify(&play.reader(Cold(reader), "strand"));
        assert_eq!(outcome.exit, 0, "the log itself is in order: {outcome:?}");
        let alerts: Vec<&Value> = outcome.lines.iter().filter(|line| line["kind"] == "alert").collect();
        if reader == "secretariat" {
            let [alert] = &alerts[..] else { panic!("one alert: {outcome:?}") };
            assert_eq!(
                (&alert["act"], &alert["fault"]),
                (&Value::from(Told::last(&log).act), &Value::from("wrap"))
            );
            assert_eq!(alert["channel"], play.channel("strand"));
            println!("the secretariat: {}", alert["message"].as_str().unwrap());
        } else {
            assert!(alerts.is_empty(), "{outcome:?}");
        }
    }
    drop(server);
}

/// A finished demo, a copy of its server's data for the server that lies, and homes that have read everything.
struct Play {
    folder: TempDir,
    index: Value,
    root: KeyId,
    address: SocketAddr,
}

impl Play {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let demo = folder.path().join("demo");
        let mut command = Command::new(program("chancery"));
        // Looked for here, for a message that says what to do.
        let _ = program("chancery-server");
        let output = command.args(["demo", "--keep"]).arg(&demo).stdin(Stdio::null()).output().unwrap();
        assert!(output.status.success(), "the demo: {}", String::from_utf8_lossy(&output.stderr));
        let index: Value = serde_json::from_slice(&fs::read(demo.join("demo.json")).unwrap()).unwrap();
        let root = index["ids"]["root"].as_str().unwrap().parse().unwrap();
        for part in ["data", "files"] {
            copy(&demo.join("server").join(part), &folder.path().join("lies").join(part));
        }
        let address = index["server"]["listen"].as_str().unwrap().parse().unwrap();
        let mut play = Self { folder, index, root, address };
        let honest = play.honest();
        play.address = honest.address();
        for role in ["kenya", "portugal", "chile", "chile-expert-next", "secretariat", "japan"] {
            let home = play.warm(role);
            copy(Path::new(play.index["homes"][role]["home"].as_str().unwrap()), &home);
            let mut opened = Home::open(&home, play.passphrase(role).trim_end()).unwrap();
            let address = play.address.to_string();
            opened.update_keys(|keys| keys.server.as_mut().unwrap().address = address).unwrap();
            drop(opened);
            let outcome = play.verify(&home);
            assert_eq!(outcome.exit, 0, "{role}: {outcome:?}");
        }
        drop(honest);
        play
    }

    fn channel(&self, name: &str) -> String {
        match name {
            "directory" => directory_channel(&self.root).to_string(),
            name => self.index["ids"][name].as_str().unwrap().to_owned(),
        }
    }

    fn passphrase(&self, role: &str) -> String {
        fs::read_to_string(self.passphrase_file(role)).unwrap()
    }

    fn passphrase_file(&self, role: &str) -> &str {
        self.index["homes"][role]["passphrase_file"].as_str().unwrap()
    }

    fn warm(&self, role: &str) -> PathBuf {
        self.folder.path().join("warm").join(role)
    }

    /// A copy of a home of its own, which has read everything or nothing of what is attacked.
    fn reader(&self, reader: Reader, channel: &str) -> PathBuf {
        let (Cold(role) | Warm(role)) = reader;
        let homes = self.folder.path().join("readers");
        let taken = fs::read_dir(&homes).map_or(0, Iterator::count);
        let home = homes.join(format!("{taken:03}-{role}"));
        copy(&self.warm(role), &home);
        if let Cold(_) = reader {
            let family = if channel == "directory" { "directory" } else { "channel" };
            fs::remove_dir_all(home.join("records").join(family)).unwrap();
        }
        home
    }

    fn honest(&self) -> Server {
        let mut command = Command::new(program("chancery-server"));
        let server = self.folder.path().join("demo/server");
        command.arg("serve").arg("--data").arg(server.join("data")).arg("--files").arg(server.join("files"));
        command.args(["--listen", &self.address.to_string(), "--public-listen", "127.0.0.1:0"]);
        Server::spawn(command, &self.folder.path().join("honest.log"))
    }

    fn hostile(&self, row: &Row, seed: u64) -> (Server, PathBuf) {
        self.hostile_with(row, seed, &[])
    }

    fn hostile_with(&self, row: &Row, seed: u64, more: &[&str]) -> (Server, PathBuf) {
        let log = self.folder.path().join("hostile.log");
        let mut command = Command::new(program("hostile"));
        let lies = self.folder.path().join("lies");
        command.arg("--data").arg(lies.join("data")).arg("--files").arg(lies.join("files"));
        command.args(["--listen", &self.address.to_string(), "--seed", &seed.to_string()]);
        command.args(["--attack", row.attack, "--channel", &self.channel(row.channel)]).args(more);
        if let Some(role) = row.keys_of {
            command.arg("--home").arg(self.warm(role));
            command.args(["--passphrase-file", self.passphrase_file(role)]);
        }
        (Server::spawn(command, &log), log)
    }

    fn verify(&self, home: &Path) -> Outcome {
        self.run(home, &["verify"])
    }

    fn run(&self, home: &Path, arguments: &[&str]) -> Outcome {
        let name = home.file_name().unwrap().to_str().unwrap();
        let role =
            name.split_once('-').filter(|(n, _)| n.parse::<u32>().is_ok()).map_or(name, |(_, role)| role);
        self.run_as(role, home, arguments)
    }

    /// The proof that a command kept.
    fn proof(&self, outcome: &Outcome) -> PathBuf {
        assert_eq!((outcome.exit, &outcome.error["reason"]), (6, &Value::from("FORKED")), "{outcome:?}");
        let at = outcome.error["at"].as_str().unwrap();
        assert_eq!(at, format!("channel {}", self.channel("strand")));
        let next = outcome.error["next"].as_str().unwrap();
        let path = next.split_whitespace().find(|word| word.contains("/forks/")).unwrap();
        PathBuf::from(path.trim_end_matches(':'))
    }

    /// Offline and without a home, under this root and no other.
    fn is_proven(&self, proof: &Path) {
        let (exit, line) = Self::verify_fork(proof, &self.root);
        assert_eq!((exit, &line["kind"]), (0, &Value::from("fork-proven")), "{line}");
        assert_eq!(line["channel"], self.channel("strand"));
        assert_eq!(Self::verify_fork(proof, &KeyId::new([7; 32])).0, 6, "a foreign root");
    }

    fn verify_fork(proof: &Path, root: &KeyId) -> (i32, Value) {
        let mut command = Command::new(program("chancery"));
        command.args(["--json", "--home", "no-such-home", "verify-fork"]).arg(proof);
        let output = command.args(["--root", &root.to_string()]).stdin(Stdio::null()).output().unwrap();
        let line = serde_json::from_slice(&output.stdout).unwrap_or_default();
        (output.status.code().unwrap(), line)
    }

    /// What a run of `verify` says the readers of a channel have confirmed.
    fn confirmed(&self, outcome: &Outcome, channel: &str) -> Value {
        let mut lines = outcome.lines.iter().filter(|line| line["kind"] == "verified");
        let line = lines.find(|line| line["channel"] == self.channel(channel)).unwrap();
        line["confirmed"].clone()
    }

    fn run_as(&self, role: &str, home: &Path, arguments: &[&str]) -> Outcome {
        let mut command = Command::new(program("chancery"));
        command.arg("--home").arg(home).args(["--passphrase-fd", "0", "--json"]).args(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(self.passphrase(role).as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        let (out, err) =
            (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
        let json = |line: &str| serde_json::from_str::<Value>(line).ok();
        let error = err.lines().filter_map(json).find_map(|line| line.get("error").cloned());
        Outcome {
            exit: output.status.code().unwrap(),
            lines: out.lines().filter_map(json).collect(),
            error: error.unwrap_or(Value::from(err)),
        }
    }
}

/// How `chancery verify` ended.
#[derive(Debug)]
struct Outcome {
    exit: i32,
    lines: Vec<Value>,
    error: Value,
}

/// What the server that lies says it did.
#[derive(Debug)]
struct Told {
    entry: u64,
    act: String,
}

impl Told {
    fn last(log: &Path) -> Self {
        let log = fs::read_to_string(log).unwrap();
        let line = log.lines().rfind(|line| line.starts_with("hostile attack=")).expect("it was asked");
        let word = |name: &str| line.split_whitespace().find_map(|word| word.strip_prefix(name)).unwrap();
        Self { entry: number(word("entry=")), act: word("act=").to_owned() }
    }
}

fn number(text: &str) -> u64 {
    text.split(|c: char| !c.is_ascii_digit()).next().unwrap().parse().unwrap()
}

/// Copies a folder, but not what only marks a process at work.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        if source.is_dir() {
            copy(&source, &target);
        } else if entry.file_name() != "lock" {
            fs::copy(&source, &target).unwrap();
        }
    }
}
