//! Responses, questions and replies, and what the secretariat and outsiders can do.

use serde_json::{Value, json};

use super::roles::{CHILE, CHILE_EXPERT, JAPAN, KENYA_EXPERT, PORTUGAL, SECRETARIAT};
use super::{DemoError, INSTRUMENT, Role, Script, field, line};
use crate::demo::texts;

/// The question of the questionnaire that the dialogue is about.
const ABOUT: [&str; 6] = ["--instrument", INSTRUMENT, "--article", "5", "--question", "untoc-5-1"];

impl Script<'_> {
    /// Chile answers the questionnaire: three revisions of one answer, and documents.
    pub(super) fn respond(&mut self) -> Result<(), DemoError> {
        self.scene("Chile answers the questionnaire");
        let documents = self.documents()?;
        let first = self.marked(texts::RESPONSE_1, "response, revision 1");
        let held_back = ["--hold-back", "Todavía en consulta interna."];
        let begun =
            self.post(&CHILE, &[&["post", "response"], &ABOUT[..], &held_back].concat(), "es", &first)?;
        let section = field(&begun, "section")?.to_owned();
        self.ledger.note("section", &section);
        self.ledger.note("revision_1", field(&begun, "act")?);
        for (name, text, attach) in [
            ("revision_2", texts::RESPONSE_2, Some(documents[0].as_str())),
            ("revision_3", texts::RESPONSE_3, None),
        ] {
            let text = self.marked(text, name);
            let mut arguments = vec!["post", "response", "--revises", &section];
            arguments.extend(held_back);
            arguments.extend(attach.iter().flat_map(|file| ["--attach", file]));
            let posted = self.post(&CHILE, &arguments, "es", &text)?;
            self.ledger.note(name, field(&posted, "act")?);
        }
        self.say("Question untoc-5-1, in three revisions, held back for now with a reason. The second:");
        self.quote(texts::RESPONSE_2);
        self.draft_and_clear()?;
        for (document, (_, language, title, _)) in documents.iter().zip(texts::DOCUMENTS).skip(1) {
            let title = self.marked(title, "title of a document");
            self.stage.run(
                &CHILE,
                &["put", document, "--instrument", INSTRUMENT, "--language", language, "--title", &title],
            )?;
        }
        self.say(
            "Chile hands in documents in Spanish, Chinese and Arabic; contents, titles and names are sealed.",
        );
        Ok(())
    }

    /// Two-step authorship: experts draft, the focal point clears and submits.
    fn draft_and_clear(&mut self) -> Result<(), DemoError> {
        let draft = self.marked(texts::DRAFT, "draft");
        self.post(&CHILE_EXPERT, &["post", "draft", "--instrument", INSTRUMENT], "es", &draft)?;
        self.say("Chile's expert drafts in the delegation, which not even the secretariat reads:");
        self.quote(texts::DRAFT);
        let text = self.text_file("uncleared.txt", texts::UNCLEARED)?;
        let arguments =
            [&["post", "response"], &ABOUT[..], &["--language", "es", "--text-file", &text]].concat();
        let refused = self.stage.refused(&CHILE_EXPERT, &arguments, "FOCAL_POINT_REQUIRED")?;
        self.refusal("Chile's expert submits a response past the focal point.", &refused);
        Ok(())
    }

    /// Kenya asks about the second revision, Chile replies with a document, Portugal asks on.
    pub(super) fn ask_and_reply(&mut self) -> Result<(), DemoError> {
        self.scene("Kenya and Portugal ask, Chile replies");
        let revision = self.ledger.id("revision_2")?.to_owned();
        let question = self.marked(texts::QUESTION, "question");
        let title = self.marked("Financing of a criminal association", "title of a question");
        let about = ["--about", &revision, "--title", &title];
        let asked = self.post(&KENYA_EXPERT, &[&["ask"], &ABOUT[..], &about].concat(), "en", &question)?;
        let thread = field(&asked, "section")?.to_owned();
        self.ledger.note("thread", &thread);
        self.ledger.note("question", field(&asked, "act")?);
        self.say("Kenya's expert asks about revision 2, article 5:");
        self.quote(texts::QUESTION);

        let attach = self.document.map_or_else(|| self.stage.path("documents/articulo-293.txt"), Into::into);
        let attach = attach.display().to_string();
        let reply = self.marked(texts::REPLY, "reply");
        let replied = self.post(&CHILE, &["reply", &thread, "--attach", &attach], "es", &reply)?;
        self.ledger.note("reply", field(&replied, "act")?);
        self.say("Chile replies, with a document:");
        self.quote(texts::REPLY);

        let second = self.marked(texts::SECOND_QUESTION, "second question");
        self.post(&PORTUGAL, &["reply", &thread, "--question"], "fr", &second)?;
        self.say("Portugal asks on, in French:");
        self.quote(texts::SECOND_QUESTION);
        self.post(&CHILE, &["reply", &thread, "--no-further-information"], "es", "")?;
        self.say("Chile has no further information, which is an answer like any other (\u{b6}35).");

        let coordination = self.marked(texts::COORDINATION, "coordination");
        self.post(&PORTUGAL, &["post", "coordination", "--instrument", INSTRUMENT], "fr", &coordination)?;
        self.say("The reviewers coordinate in a channel that Chile does not see:");
        self.quote(texts::COORDINATION);
        Ok(())
    }

    /// The secretariat reads all of it and writes nothing.
    pub(super) fn secretariat_reads(&mut self) -> Result<(), DemoError> {
        self.scene("The secretariat reads every communication, and writes in none");
        let thread = self.ledger.id("thread")?.to_owned();
        let read = self.stage.run(&SECRETARIAT, &["thread", &thread])?;
        let posts = read.iter().filter(|line| line["kind"] == "post").count();
        let question = read.iter().any(|line| {
            line["content"]["text"].as_str().is_some_and(|text| text.starts_with(texts::QUESTION))
        });
        if !question {
            return Err(DemoError::Answer("the thread as the secretariat reads it"));
        }
        self.say(&format!(
            "It opens the thread with its {posts} posts, in the languages they were written in."
        ));
        let text = self.text_file("secretariat.txt", texts::SECRETARIAT)?;
        let written = ["--language", "en", "--text-file", &text];
        let reply = [&["reply", &thread][..], &written].concat();
        let refused = self.stage.refused(&SECRETARIAT, &reply, "SECRETARIAT_READS_ONLY")?;
        self.refusal("The secretariat replies in the thread.", &refused);
        let disclose = ["disclose", &thread, "--to", "public"];
        let refused = self.stage.refused(&SECRETARIAT, &disclose, "SECRETARIAT_READS_ONLY")?;
        self.refusal("The secretariat makes the thread public.", &refused);
        Ok(())
    }

    /// Those whom a channel is not open to cannot tell it from one that does not exist.
    pub(super) fn outsiders(&mut self) -> Result<(), DemoError> {
        self.scene("Outsiders get nothing, not even that there is something");
        let absent = "00112233445566778899aabbccddeeff".to_owned();
        for (role, name, what) in [
            (
                &PORTUGAL,
                "strand_firearms",
                "Portugal, drawn for the Convention alone, looks for the strand on firearms.",
            ),
            (&CHILE, "coordination", "Chile looks for the reviewers' coordination."),
            (&SECRETARIAT, "delegation", "The secretariat looks for Chile's delegation."),
            (&JAPAN, "strand", "Japan looks for the strand."),
        ] {
            let channel = self.ledger.id(name)?.to_owned();
            let forbidden = self.ask_past_the_client(role, &channel)?;
            let nothing = self.ask_past_the_client(role, &absent)?;
            if forbidden.reason != nothing.reason || forbidden.message != nothing.message {
                return Err(DemoError::Differs(name));
            }
            self.refusal(what, &forbidden);
        }
        self.say("Each answer is, to the byte, the one for an id that nobody has ever used.");
        Ok(())
    }

    /// Asks the server itself, without the client's own rules in between.
    fn ask_past_the_client(&self, role: &Role, channel: &str) -> Result<super::Refusal, DemoError> {
        let bytes = hex::decode(channel).map_err(|_| DemoError::Answer("channel"))?;
        let channel = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, bytes);
        let request = json!({ "channel": channel }).to_string();
        self.stage.refused(role, &["raw", "ListEntries", "--data", &request], "NOT_FOUND")
    }

    /// Posts a text from a file and returns the line of what was posted.
    pub(super) fn post(
        &self,
        role: &Role,
        arguments: &[&str],
        language: &str,
        text: &str,
    ) -> Result<Value, DemoError> {
        let file = self.text_file("text.txt", text)?;
        let written = ["--language", language, "--text-file", &file];
        let lines = self.stage.run(role, &[arguments, &written].concat())?;
        line(&lines, "posted").cloned()
    }

    /// The text with a marker that stands nowhere else.
    pub(super) fn marked(&mut self, text: &str, place: &'static str) -> String {
        format!("{text} [{}]", self.ledger.marker(place))
    }

    /// Writes Chile's documents, each with a marker in its name and in its content.
    fn documents(&mut self) -> Result<Vec<String>, DemoError> {
        let mut files = Vec::new();
        for (name, _, _, content) in texts::DOCUMENTS {
            let (stem, extension) = name.rsplit_once('.').unwrap_or((name, "txt"));
            let name = format!("{stem}-{}.{extension}", self.ledger.marker("file name"));
            let content = with_marker(content, &self.ledger.marker("document"));
            files.push(self.text_file(&name, &content)?);
        }
        let article = with_marker(texts::ARTICLE_293, &self.ledger.marker("document of the reply"));
        self.text_file("articulo-293.txt", &article)?;
        Ok(files)
    }
}

fn with_marker(content: &str, marker: &str) -> String {
    format!("{content}{marker}\n")
}
