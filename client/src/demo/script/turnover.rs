//! An expert leaves: the past stays open to the others, the future is closed to the one who left.

use super::roles::{KENYA, KENYA_EXPERT};
use super::{DemoError, Script, field, line};
use crate::demo::texts;

impl Script<'_> {
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
}
