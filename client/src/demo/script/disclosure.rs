//! One revision is opened to all parties, another section to everyone; and what that does not open.

use super::roles::{CHILE, JAPAN, KENYA};
use super::{DemoError, Script, field, line};
use crate::demo::{texts, web};

impl Script<'_> {
    /// Revision 2, to all parties.
    pub(super) fn disclose(&mut self) -> Result<(), DemoError> {
        self.scene("Chile opens one revision to all parties");
        let section = self.ledger.id("section")?.to_owned();
        let revision = self.ledger.id("revision_2")?.to_owned();
        let disclose = ["disclose", &section, "--revision", &revision, "--to", "all-parties"];
        self.stage.run(&CHILE, &[&disclose[..], &["--preview"]].concat())?;
        self.say("A preview shows who will be able to read what, and that it cannot be unread. Then:");
        let refused = self.stage.refused(&KENYA, &disclose, "STATE_UNDER_REVIEW_ONLY")?;
        self.refusal("Kenya opens it.", &refused);
        self.stage.run(&CHILE, &[&disclose[..], &["--yes"]].concat())?;
        self.say("Chile opens it.");
        let listed = self.stage.run(&JAPAN, &["disclosed", "--audience", "all-parties"])?;
        let items: Vec<_> = listed.iter().filter(|line| line["kind"] == "disclosure").collect();
        let [item] = items[..] else { return Err(DemoError::Answer("disclosure")) };
        let index = item["index"].to_string();
        self.ledger.note("all_parties_index", &index);
        let read = self.stage.run(&JAPAN, &["read-disclosed", &index, "--audience", "all-parties"])?;
        let text = line(&read, "item")?["content"]["text"].as_str();
        if !text.is_some_and(|text| text.starts_with(texts::RESPONSE_2)) {
            return Err(DemoError::Answer("what Japan reads"));
        }
        self.say("Japan finds one item, and reads revision 2 with its document. Neither revision 1 nor 3 opens to it.");
        Ok(())
    }

    /// A whole section, to everyone, proved by a bundle.
    pub(super) fn publish(&mut self) -> Result<(), DemoError> {
        self.scene("Chile makes an answer public");
        let text = format!("{} [{}]", texts::PUBLIC_RESPONSE, self.ledger.public_marker("public response"));
        let about = ["--instrument", "untoc", "--article", "10", "--question", "untoc-10-1"];
        let posted = self.post(&CHILE, &[&["post", "response"], &about[..]].concat(), "es", &text)?;
        let section = field(&posted, "section")?.to_owned();
        self.ledger.note("public_section", &section);
        self.ledger.note("public_revision", field(&posted, "act")?);
        self.stage.run(&CHILE, &["disclose", &section, "--to", "public", "--yes"])?;
        self.say("An answer goes to all parties as it is submitted, and then to everyone:");
        self.quote(texts::PUBLIC_RESPONSE);
        let address = self.stage.public()?;
        let page = web::get(address, "/item/0")?;
        if !String::from_utf8_lossy(&page).contains("Ley 20.393") {
            return Err(DemoError::Page("/item/0".to_owned()));
        }
        let bundle = self.stage.write("bundles/0.zip", &web::get(address, "/bundle/0")?)?;
        let root = self.ledger.id("root")?.to_owned();
        let bundle = bundle.display().to_string();
        let verified = self.stage.run_public(&["verify", "bundle", &bundle, "--root", &root])?;
        line(&verified, "bundle-verified")?;
        self.say(&format!(
            "Without an account, anyone reads http://{address}/item/0, and verifies from the bundle beside it,\n\
             offline, that this is the text that was exchanged and that Chile opened it. It names no person."
        ));
        Ok(())
    }

    /// The first item goes back.
    pub(super) fn withdraw(&mut self) -> Result<(), DemoError> {
        self.scene("Chile withdraws what it had opened to all parties");
        let section = self.ledger.id("section")?.to_owned();
        let revision = self.ledger.id("revision_2")?.to_owned();
        self.stage.run(
            &CHILE,
            &["withdraw", &section, "--revision", &revision, "--from", "all-parties", "--yes"],
        )?;
        let index = self.ledger.id("all_parties_index")?.to_owned();
        let read = ["read-disclosed", &index, "--audience", "all-parties"];
        let refused = self.stage.refused(&JAPAN, &read, "NOT_FOUND")?;
        self.refusal("Japan reads the item again.", &refused);
        self.say("A dated tombstone stays. What was read cannot be unread, and Chile was told so before.");
        Ok(())
    }
}
