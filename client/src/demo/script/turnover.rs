//! People and machines come and go: the past stays open to those who stay, the future is closed to what is gone.

use super::roles::{CHILE_EXPERT, CHILE_EXPERT_NEXT, KENYA, KENYA_EXPERT, PORTUGAL, PORTUGAL_NEXT};
use super::{DemoError, Script, field, line};
use crate::demo::texts;

impl Script<'_> {
    /// Chile's expert has two machines, and loses one.
    pub(super) fn lose_laptop(&mut self) -> Result<(), DemoError> {
        self.scene("Chile's expert loses a laptop");
        let thread = self.ledger.id("thread")?.to_owned();
        let sheet = self.stage.path("documents/chile-expert-sheet").display().to_string();
        self.stage.run(&CHILE_EXPERT, &["recovery", "new", "--sheet", &sheet])?;
        self.invite(&CHILE_EXPERT, &CHILE_EXPERT_NEXT, &["device", "add"])?;
        self.stage.run(&CHILE_EXPERT, &["device", "admit"])?;
        self.stage.run(&CHILE_EXPERT_NEXT, &["join"])?;
        self.stage.run(&CHILE_EXPERT_NEXT, &["thread", &thread])?;
        self.say(
            "While all was well the expert wrote a recovery sheet, 24 words for a safe, and let in a second machine\n\
             by an invitation between the two. It reads what the first one reads. Now the first one is stolen:",
        );
        let own = self.stage.run(&CHILE_EXPERT, &["whoami"])?;
        let lost = field(line(&own, "whoami")?, "device")?.to_owned();
        self.ledger.note("lost_device", &lost);
        self.stage.run(&CHILE_EXPERT_NEXT, &["device", "revoke", &lost])?;
        let text = self.marked(texts::AFTER_THE_THEFT, "after the theft");
        let posted = self.post(&KENYA, &["reply", &thread, "--question"], "en", &text)?;
        self.ledger.note("after_the_theft", field(&posted, "act")?);
        self.quote(texts::AFTER_THE_THEFT);
        self.stage.run(&CHILE_EXPERT_NEXT, &["thread", &thread])?;
        let refused = self.stage.refused(&CHILE_EXPERT, &["thread", &thread], "NOT_ENROLLED")?;
        self.refusal("The thief, with the laptop and its passphrase, asks for the thread.", &refused);
        self.say(
            "The expert goes on. Before Kenya's question the strand got a key that the laptop does not open.",
        );
        Ok(())
    }

    /// Kenya's expert is replaced.
    pub(super) fn replace_expert(&mut self) -> Result<(), DemoError> {
        self.scene("Kenya's expert leaves");
        let own = self.stage.run(&KENYA_EXPERT, &["whoami"])?;
        let expert = field(line(&own, "whoami")?, "user")?.to_owned();
        self.ledger.note("removed_expert", &expert);
        self.stage.run(&KENYA, &["remove", &expert])?;
        self.stage.run(&KENYA, &["upkeep"])?;
        let thread = self.ledger.id("thread")?.to_owned();
        let text = self.marked(texts::AFTER_LEAVING, "after the expert left");
        let posted = self.post(&KENYA, &["reply", &thread, "--question"], "en", &text)?;
        self.ledger.note("after_leaving", field(&posted, "act")?);
        self.say(
            "The focal point removes the expert; the channels get new keys before anything else is written:",
        );
        self.quote(texts::AFTER_LEAVING);
        let refused = self.stage.refused(&KENYA_EXPERT, &["thread", &thread], "NOT_ENROLLED")?;
        self.refusal("The expert who left asks for the thread.", &refused);
        Ok(())
    }

    /// Portugal's focal point hands over to the next.
    pub(super) fn hand_over(&mut self) -> Result<(), DemoError> {
        self.scene("Portugal's focal point hands over");
        let thread = self.ledger.id("thread")?.to_owned();
        let invitation = ["invite", "--role", "focal-point", "--name", texts::SUCCESSOR];
        self.invite(&PORTUGAL, &PORTUGAL_NEXT, &invitation)?;
        let hand_over = ["hand-over", "--to", texts::SUCCESSOR, "--as-expert", "untoc", "--yes"];
        self.stage.run(&PORTUGAL, &hand_over)?;
        self.say(
            "One command: the successor is seated by the State's own key, gets that key and every channel's, and the\n\
             one before goes on as an expert. The successor's first command replaces the State's key, so that nobody\n\
             who knew the old one speaks for Portugal any more.",
        );
        self.stage.run(&PORTUGAL_NEXT, &["join"])?;
        self.stage.run(&PORTUGAL_NEXT, &["upkeep"])?;
        self.stage.run(&PORTUGAL_NEXT, &["thread", &thread])?;
        let text = self.marked(texts::AFTER_HANDING_OVER, "after the hand-over");
        let posted = self.post(&PORTUGAL_NEXT, &["reply", &thread, "--question"], "fr", &text)?;
        self.ledger.note("after_handing_over", field(&posted, "act")?);
        self.say("The successor has read the whole dialogue, and goes on:");
        self.quote(texts::AFTER_HANDING_OVER);
        let refused = self.stage.refused(&PORTUGAL, &invitation, "FOCAL_POINT_REQUIRED")?;
        self.refusal("The one who handed over still invites for Portugal.", &refused);
        Ok(())
    }
}
