//! The deployment, its people, and the review.

use chancery_core::mechanism::UNTOC;

use super::roles::{ALL, CHILE, CHILE_EXPERT, CUSTODIANS, JAPAN, KENYA, KENYA_EXPERT, PORTUGAL, SECRETARIAT};
use super::{DemoError, Role, Script, field, line};
use crate::demo::stage::free_address;

/// The States of the demo with their regional groups.
const STATES: [(&str, &str); 4] =
    [("CL", LATIN_AMERICA), ("JP", ASIA_PACIFIC), ("KE", AFRICA), ("PT", WESTERN_EUROPE)];
const AFRICA: &str = "africa";
const ASIA_PACIFIC: &str = "asia-pacific";
const LATIN_AMERICA: &str = "latin-america-caribbean";
const WESTERN_EUROPE: &str = "western-europe-others";

impl Script<'_> {
    /// The root, the server, its certification.
    pub(super) fn found(&mut self) -> Result<(), DemoError> {
        self.scene("The custodians certify a server");
        for role in ALL {
            self.stage.cast(role)?;
        }
        let root = self.stage.run(&CUSTODIANS, &["root", "init"])?;
        let root = field(line(&root, "root")?, "root")?.to_owned();
        self.ledger.note("root", &root);
        self.say(&format!("The custodians make the root key, offline. Its fingerprint:\n  {root}"));

        let mechanism = self.stage.write("mechanism.toml", UNTOC.as_bytes())?.display().to_string();
        let data = self.stage.path("server/data").display().to_string();
        let address = free_address()?;
        let listen = address.to_string();
        let request = self.stage.server_command(&[
            "init",
            "--data",
            &data,
            "--root",
            &root,
            "--mechanism",
            &mechanism,
            "--address",
            &listen,
        ])?;
        let request = request.lines().find(|line| line.starts_with("chancery-request-"));
        let request = request.ok_or(DemoError::Answer("request"))?;
        let certificate = self.stage.path("server/certificate").display().to_string();
        self.stage.run(
            &CUSTODIANS,
            &["root", "certify", request, "--mechanism", &mechanism, "--out", &certificate],
        )?;
        self.stage.server_command(&["certify", "--data", &data, &certificate])?;
        self.stage.serve(address)?;
        self.say(
            "The operator's server makes its own keys and asks; the custodians certify it, and it starts.\n\
             It holds no key that opens anything.",
        );
        Ok(())
    }

    /// States, officer, focal points, experts.
    pub(super) fn enrol(&mut self) -> Result<(), DemoError> {
        self.scene("States and people enter the directory");
        for (state, group) in STATES {
            self.stage.run(
                &CUSTODIANS,
                &["root", "admit-state", state, "--group", group, "--party", "untoc,tip,som,firearms"],
            )?;
        }
        self.invite(&CUSTODIANS, &SECRETARIAT, &["root", "invite", "--role", "officer", "--team", "NEW"])?;
        for (role, state) in [(&CHILE, "CL"), (&KENYA, "KE"), (&PORTUGAL, "PT"), (&JAPAN, "JP")] {
            self.invite(&CUSTODIANS, role, &["root", "invite", "--role", "focal-point", "--state", state])?;
        }
        self.stage.run(&CUSTODIANS, &["root", "admit", "--all"])?;
        for role in [&CHILE, &KENYA, &PORTUGAL, &JAPAN, &SECRETARIAT] {
            self.stage.run(role, &["join"])?;
        }
        self.say(
            "Chile, Japan, Kenya and Portugal enter the roster. An officer of the secretariat and four focal\n\
             points answer one-time invitations; their devices make the keys, the custodians certify them.",
        );
        for (focal, expert) in [(&CHILE, &CHILE_EXPERT), (&KENYA, &KENYA_EXPERT)] {
            self.invite(focal, expert, &["invite", "--role", "expert", "--instruments", "untoc,firearms"])?;
            self.stage.run(focal, &["admit", "--all"])?;
            self.stage.run(expert, &["join"])?;
        }
        self.stage.run(&SECRETARIAT, &["upkeep"])?;
        self.say("Chile and Kenya bring in an expert each, without the secretariat.");
        Ok(())
    }

    /// An invitation from one to another, answered at once.
    pub(super) fn invite(&self, by: &Role, whom: &Role, arguments: &[&str]) -> Result<(), DemoError> {
        let lines = self.stage.run(by, arguments)?;
        self.stage.join(whom, field(line(&lines, "invitation")?, "invitation")?)
    }

    /// The review and its channels.
    pub(super) fn open_review(&mut self) -> Result<(), DemoError> {
        self.scene("The secretariat opens the review of Chile");
        let opened = self.stage.run(
            &SECRETARIAT,
            &[
                "review",
                "open",
                "--state",
                "CL",
                "--instruments",
                "firearms,untoc",
                "--reviewer",
                "KE:firearms,untoc",
                "--reviewer",
                "PT:untoc",
                "--languages",
                "en,es",
            ],
        )?;
        self.ledger.note("review", field(line(&opened, "review")?, "review")?);
        self.say(
            "Two instruments: Kenya was drawn for both, Portugal for the Convention alone. Each instrument has a\n\
             strand for both sides and a coordination channel for the reviewers; each State a delegation of its own.",
        );
        for role in [&CHILE, &KENYA, &PORTUGAL] {
            self.stage.run(role, &["upkeep"])?;
        }
        self.note_channels()?;
        self.say("Their own focal points make the channels' keys; nobody can leave the secretariat out of a strand.");
        Ok(())
    }

    fn note_channels(&mut self) -> Result<(), DemoError> {
        let strand = self.channel_of(&CHILE, "strand", Some("untoc"))?;
        let firearms = self.channel_of(&CHILE, "strand", Some("firearms"))?;
        let coordination = self.channel_of(&KENYA, "coordination", Some("untoc"))?;
        let delegation = self.channel_of(&CHILE, "delegation", None)?;
        self.ledger.note("strand", &strand);
        self.ledger.note("strand_firearms", &firearms);
        self.ledger.note("coordination", &coordination);
        self.ledger.note("delegation", &delegation);
        Ok(())
    }

    fn channel_of(&self, role: &Role, kind: &str, instrument: Option<&str>) -> Result<String, DemoError> {
        let lines = self.stage.run(role, &["channels"])?;
        let found = lines.iter().find(|line| {
            line["kind"] == "channel"
                && line["channel_kind"] == kind
                && instrument.is_none_or(|code| line["instrument"] == code)
        });
        Ok(field(found.ok_or(DemoError::Answer("channel"))?, "channel")?.to_owned())
    }
}
