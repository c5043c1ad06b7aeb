//! What happens in the demo, act by act.

mod dialogue;
mod disclosure;
mod founding;
mod record;
mod turnover;

use std::net::SocketAddr;
use std::path::Path;

use serde_json::{Value, json};

use super::DemoError;
use super::ledger::Ledger;
use super::stage::{Refusal, Role, Stage};

/// The instrument of the strand that the demo works in.
const INSTRUMENT: &str = "untoc";

/// Everyone who has a home.
pub(super) mod roles {
    use super::Role;

    pub(crate) const CUSTODIANS: Role = Role { title: "The custodians", name: "custodians" };
    pub(crate) const SECRETARIAT: Role = Role { title: "The secretariat", name: "secretariat" };
    pub(crate) const CHILE: Role = Role { title: "Chile's focal point", name: "chile" };
    pub(crate) const CHILE_EXPERT: Role = Role { title: "Chile's expert", name: "chile-expert" };
    pub(crate) const CHILE_EXPERT_NEXT: Role =
        Role { title: "Chile's expert, on a second machine", name: "chile-expert-next" };
    pub(crate) const KENYA: Role = Role { title: "Kenya's focal point", name: "kenya" };
    pub(crate) const KENYA_EXPERT: Role = Role { title: "Kenya's expert", name: "kenya-expert" };
    pub(crate) const PORTUGAL: Role = Role { title: "Portugal's focal point", name: "portugal" };
    pub(crate) const PORTUGAL_NEXT: Role =
        Role { title: "Portugal's next focal point", name: "portugal-next" };
    pub(crate) const JAPAN: Role = Role { title: "Japan's focal point", name: "japan" };

    pub(crate) const ALL: [&Role; 10] = [
        &CUSTODIANS,
        &SECRETARIAT,
        &CHILE,
        &CHILE_EXPERT,
        &CHILE_EXPERT_NEXT,
        &KENYA,
        &KENYA_EXPERT,
        &PORTUGAL,
        &PORTUGAL_NEXT,
        &JAPAN,
    ];
}

/// The running demo.
pub(super) struct Script<'a> {
    stage: Stage,
    ledger: Ledger,
    document: Option<&'a Path>,
    tell: &'a mut dyn FnMut(&str),
    scene: u32,
}

impl<'a> Script<'a> {
    pub(super) fn new(
        stage: Stage,
        ledger: Ledger,
        document: Option<&'a Path>,
        tell: &'a mut dyn FnMut(&str),
    ) -> Self {
        Self { stage, ledger, document, tell, scene: 0 }
    }

    /// All of it.
    pub(super) fn play(&mut self) -> Result<SocketAddr, DemoError> {
        self.say(OPENING);
        self.found()?;
        self.enrol()?;
        self.open_review()?;
        self.respond()?;
        self.ask_and_reply()?;
        self.secretariat_reads()?;
        self.outsiders()?;
        self.disclose()?;
        self.publish()?;
        self.withdraw()?;
        self.lose_laptop()?;
        self.replace_expert()?;
        self.hand_over()?;
        self.verify_all()?;
        self.record()?;
        self.write_index()?;
        self.close()?;
        self.stage.listen()
    }

    fn close(&mut self) -> Result<(), DemoError> {
        let page = self.stage.public()?;
        self.scene("The end");
        self.say(&format!("The public page stood at http://{page}/ while the demo ran."));
        self.say(
            "Everything that was to be refused was refused, and everything that was to verify verified.",
        );
        Ok(())
    }

    fn scene(&mut self, title: &str) {
        self.scene += 1;
        (self.tell)(&format!("\n{}. {title}", self.scene));
    }

    fn say(&mut self, text: &str) {
        for line in text.lines() {
            (self.tell)(&format!("   {line}"));
        }
    }

    /// What somebody writes or reads.
    fn quote(&mut self, text: &str) {
        for line in wrap(text) {
            (self.tell)(&format!("     | {line}"));
        }
    }

    fn refusal(&mut self, what: &str, refusal: &Refusal) {
        let paragraph = refusal.paragraph.map(|number| format!(", \u{b6}{number}")).unwrap_or_default();
        (self.tell)(&format!("   REFUSED  {what}"));
        (self.tell)(&format!("            {}{paragraph}: {}", refusal.reason, refusal.message));
        if let Some(at) = &refusal.at {
            (self.tell)(&format!("            At: {at}"));
        }
    }

    /// A text in a file, which is how one keeps it out of the arguments of a program.
    fn text_file(&self, name: &str, text: &str) -> Result<String, DemoError> {
        let file = self.stage.write(&format!("documents/{name}"), text.as_bytes())?;
        Ok(file.display().to_string())
    }

    /// `demo.json`: all that somebody needs who goes on by hand, or a test.
    fn write_index(&mut self) -> Result<(), DemoError> {
        let homes: Value = roles::ALL
            .iter()
            .map(|role| {
                let home = json!({
                    "home": self.stage.home(role),
                    "passphrase_file": self.stage.passphrase_file(role),
                });
                (role.name.to_owned(), home)
            })
            .collect::<serde_json::Map<_, _>>()
            .into();
        let index = json!({
            "schema": 1,
            "server": {
                "listen": self.stage.listen()?,
                "public": self.stage.public()?,
                "data": self.stage.path("server/data"),
                "files": self.stage.path("server/files"),
                "log": self.stage.path("server/log"),
            },
            "homes": homes,
            "ids": self.ledger.ids(),
            "markers": self.ledger.markers(),
            "archive": self.stage.path("archive.zip"),
            "bundles": self.stage.path("bundles"),
        });
        self.stage.write("demo.json", format!("{index:#}\n").as_bytes()).map(drop)
    }
}

/// How to go on by hand in a folder that was kept.
pub(super) fn how_to_go_on(folder: &Path, listen: SocketAddr) -> String {
    let folder = folder.display();
    format!(
        "\nEverything is in {folder}; demo.json lists addresses, homes and ids.\n\
         Start the server again, and go on as any of them:\n\
         \x20 chancery-server serve --data {folder}/server/data --files {folder}/server/files \\\n\
         \x20     --listen {listen}\n\
         \x20 chancery --home {folder}/homes/kenya --passphrase-fd 3 channels 3<{folder}/passphrases/kenya"
    )
}

/// The first line of this kind.
fn line<'v>(lines: &'v [Value], kind: &'static str) -> Result<&'v Value, DemoError> {
    lines.iter().find(|line| line["kind"] == kind).ok_or(DemoError::Answer(kind))
}

/// A text field of a line.
fn field<'v>(line: &'v Value, name: &'static str) -> Result<&'v str, DemoError> {
    line[name].as_str().ok_or(DemoError::Answer(name))
}

/// Lines that fit a terminal. Width is counted in characters, which is near enough for a quotation.
fn wrap(text: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let last = lines.len() - 1;
        if !lines[last].is_empty() && lines[last].chars().count() + word.chars().count() >= QUOTE_WIDTH {
            lines.push(String::new());
        }
        let last = lines.len() - 1;
        if !lines[last].is_empty() {
            lines[last].push(' ');
        }
        lines[last].push_str(word);
    }
    lines
}

const QUOTE_WIDTH: usize = 84;

const OPENING: &str = "\
Chancery: one review, from the first question to the record.

Each line below is done by the real programs: one server, and for every person a process and a home
of their own, over TLS on this machine. Chile is under review; Kenya and Portugal review; Japan is
another party; the secretariat reads; the public has no account. People and texts are invented.";
