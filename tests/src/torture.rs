//! Kills, and what must survive them: the server ended without warning at random moments of posts and uploads,
//! and a client between the sending and the answer. A seed decides when; the machine decides the rest.

mod moments;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use chancery_client::files::Progress;
use chancery_client::sync::{Posted, Session, SessionError};
use chancery_client::verbs::ask::{Question, ask};
use chancery_client::verbs::get;
use chancery_client::verbs::put::{Document, put};
use chancery_client::verify::ChannelCopy;
use chancery_core::act::SignedAct;
use chancery_core::id::{ActId, ChannelId};
use chancery_core::mechanism::Language;

use crate::bench::clock::Watch;
use crate::field::program;
use crate::instrument;
use crate::played::Played;

pub use moments::Moments;

/// What a run went through. That nothing was lost is not in it: that is asserted.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Posts and documents that the server acknowledged.
    pub acknowledged: usize,
    /// Appends whose answer a kill cut off, and which the outbox sent again.
    pub resent: usize,
    /// Uploads that a kill cut off, and that went on.
    pub resumed: usize,
    /// Clients that were killed with an append in their outbox.
    pub clients_killed: usize,
}

/// Plays `rounds` rounds of kills.
pub async fn torture(seed: u64, rounds: usize) -> Outcome {
    let mut scene = Scene::new(seed);
    for round in 0..rounds {
        scene.kill_server(round).await;
        scene.kill_client(round).await;
        scene.check().await;
    }
    scene.outcome
}

struct Scene {
    played: Played,
    moments: Moments,
    /// Every act that was acknowledged, with its channel and place.
    acknowledged: BTreeMap<ActId, (ChannelId, u64)>,
    outcome: Outcome,
}

const WRITERS: [&str; 2] = ["kenya", "portugal"];
const UPLOADER: &str = "chile";
const READER: &str = "secretariat";

impl Scene {
    fn new(seed: u64) -> Self {
        let played = Played::copy();
        let moments = Moments::new(seed);
        Self { played, moments, acknowledged: BTreeMap::new(), outcome: Outcome::default() }
    }

    fn serve(&mut self) {
        self.played.serve(&[WRITERS[0], WRITERS[1], UPLOADER, READER]);
    }

    async fn session(&self, role: &str) -> Session {
        Session::open(self.played.open(role)).await.unwrap()
    }

    /// Posts and an upload at once, and the server killed among them; then all of them go on.
    async fn kill_server(&mut self, round: usize) {
        self.serve();
        let (document, content) = self.document(round);
        let mut writing = Vec::new();
        for role in WRITERS {
            let session = self.session(role).await;
            writing.push(tokio::spawn(write_on(session, format!("round {round}"))));
        }
        let mut uploader = self.session(UPLOADER).await;
        let sent = document.clone();
        let uploading = tokio::spawn(async move { put(&mut uploader, sent, &Progress::none()).await });
        tokio::time::sleep(self.moments.wait()).await;
        drop(self.played.server.take());
        for writer in writing {
            for posted in writer.await.unwrap() {
                self.note(&posted);
            }
        }
        let outcome = uploading.await.unwrap();
        let check = self.played.server_command("check");
        assert_eq!(check.exit, 0, "after a kill: {check:?}");

        self.serve();
        for role in WRITERS {
            // What waits in the outbox goes out as the session opens.
            let mut session = self.session(role).await;
            self.outcome.resent += session.take_flushed().len();
        }
        let mut uploader = self.session(UPLOADER).await;
        let posted = match outcome {
            Ok(posted) => posted,
            // The document itself is there, and its answer was cut off.
            Err(SessionError::Waits { .. }) => {
                self.outcome.resent += uploader.take_flushed().len();
                return self.end().await;
            }
            Err(_) => {
                self.outcome.resumed += 1;
                put(&mut uploader, document, &Progress::none()).await.unwrap()
            }
        };
        self.note(&posted);
        self.fetch(&mut uploader, &posted, &content).await;
        drop(uploader);
        self.end().await;
    }

    /// A client killed as soon as its append is in the outbox: it is sent once, now or when the home opens next.
    async fn kill_client(&mut self, round: usize) {
        self.serve();
        let role = WRITERS[round % WRITERS.len()];
        let word = format!("killed{round:04}");
        let outbox = self.played.home(role).join("records/outbox");
        let mut child = self.ask_by_program(role, &word);
        let waits = || has_records(&outbox);
        self.outcome.clients_killed += usize::from(kill_when(&mut child, waits));
        let waits = waits();
        for _ in 0..2 {
            let mut session = self.session(role).await;
            session.sync_all().await.unwrap();
            let channels: Vec<ChannelId> = session.channels().map(ChannelCopy::id).collect();
            let said = |id: &ChannelId| {
                let (copy, keys) = (session.channel(*id).unwrap(), session.keys(*id).unwrap());
                let bodies = keys.open_posts(copy).into_iter().filter_map(|post| post.body.ok());
                bodies.filter(|body| body.text == word).count()
            };
            let copies: usize = channels.iter().map(said).sum();
            assert!(copies <= 1, "{copies} copies");
            assert!(copies == 1 || !waits, "what was in the outbox was never sent");
        }
        self.end().await;
    }

    /// Every act that was ever acknowledged stands at its place, and the whole store is consistent.
    async fn check(&mut self) {
        self.serve();
        let mut session = self.session(READER).await;
        session.sync_all().await.unwrap();
        for (act, (channel, index)) in &self.acknowledged {
            let entry = session.channel(*channel).and_then(|copy| copy.entry(*index));
            let there = SignedAct::decode(entry.expect("an acknowledged act").signed.clone()).unwrap();
            assert_eq!(there.content().header.act_id, *act, "at index {index}");
        }
        drop(session);
        self.end().await;
        let check = self.played.server_command("check");
        assert_eq!(check.exit, 0, "{check:?}");
    }

    async fn end(&mut self) {
        drop(self.played.server.take());
        tokio::task::yield_now().await;
    }

    fn note(&mut self, posted: &Posted) {
        for (act, receipt) in posted.sent.acts.iter().zip(&posted.sent.receipts) {
            self.acknowledged.insert(*act, (posted.channel, receipt.index));
            self.outcome.acknowledged += 1;
        }
    }

    /// A document of a few parts.
    fn document(&mut self, round: usize) -> (Document, Vec<u8>) {
        let content = self.moments.bytes(DOCUMENT_BYTES);
        let path: PathBuf = self.played.path(&format!("document-{round}.bin"));
        fs::write(&path, &content).unwrap();
        let document = Document {
            path,
            instrument: Some(instrument("untoc")),
            review: None,
            about: None,
            revises: None,
            language: Language::Es,
            title: String::new(),
            text: String::new(),
        };
        (document, content)
    }

    async fn fetch(&self, session: &mut Session, posted: &Posted, content: &[u8]) {
        session.sync_all().await.unwrap();
        let file = session.channel(posted.channel).unwrap().state.posts[&posted.act].files[0];
        let found = get::find(session, &file.to_string().parse().unwrap()).await.unwrap();
        let to = self.played.path("fetched");
        let saved = get::get(session, &found, &to, true, &Progress::none()).await.unwrap();
        assert!(fs::read(saved.path).unwrap() == content, "the document came back otherwise");
    }

    fn ask_by_program(&self, role: &str, word: &str) -> Child {
        let file = self.played.path("question");
        fs::write(&file, word).unwrap();
        let passphrase = fs::File::open(self.played.path("passphrases").join(role)).unwrap();
        let mut command = Command::new(program("chancery"));
        command.arg("--home").arg(self.played.home(role)).args(["--passphrase-fd", "0", "--json", "ask"]);
        command.args(["--instrument", "untoc", "--article", "5", "--question", "untoc-5-1"]);
        command.args(["--title", "A question", "--language", "en", "--text-file"]).arg(file);
        command.stdin(passphrase).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    }
}

/// Asks until the server is gone; returns what was acknowledged.
async fn write_on(mut session: Session, text: String) -> Vec<Posted> {
    let mut acknowledged = Vec::new();
    while acknowledged.len() < POSTS_MAX {
        let question = Question {
            review: None,
            instrument: instrument("untoc"),
            article: "5".to_owned(),
            question: "untoc-5-1".to_owned(),
            about: None,
            language: Language::En,
            title: "A question".to_owned(),
            text: text.clone(),
            attachments: Vec::new(),
        };
        match ask(&mut session, question).await {
            Ok(posted) => acknowledged.push(posted),
            // The other writer was faster, again and again.
            Err(error) if error.reason().is_some() => {}
            Err(_) => break,
        }
    }
    acknowledged
}

/// Whether a whole record is in a folder of a home; one that is being written still has another ending.
fn has_records(folder: &Path) -> bool {
    let whole =
        |entry: std::io::Result<fs::DirEntry>| entry.is_ok_and(|entry| entry.path().extension().is_none());
    fs::read_dir(folder).is_ok_and(|mut all| all.any(whole))
}

/// Kills a child as soon as `moment` has come; `false` if the child ended before.
fn kill_when(child: &mut Child, moment: impl Fn() -> bool) -> bool {
    let watch = Watch::start();
    loop {
        if moment() {
            child.kill().unwrap();
            child.wait().unwrap();
            return true;
        }
        if child.try_wait().unwrap().is_some() {
            return false;
        }
        assert!(watch.elapsed() < CLIENT_MAX, "the client neither sent nor ended");
        std::thread::yield_now();
    }
}

const DOCUMENT_BYTES: usize = 24 * 1024 * 1024;
const POSTS_MAX: usize = 400;
const CLIENT_MAX: Duration = Duration::from_mins(1);
