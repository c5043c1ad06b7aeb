//! Everyone verifies, and the dialogue becomes a record.

use super::roles::{CHILE, JAPAN, KENYA, PORTUGAL, SECRETARIAT};
use super::{DemoError, INSTRUMENT, Script};

impl Script<'_> {
    /// Each reader checks every entry from the first on.
    pub(super) fn verify_all(&mut self) -> Result<(), DemoError> {
        self.scene("Everyone verifies the logs");
        for role in [&CHILE, &KENYA, &PORTUGAL, &SECRETARIAT, &JAPAN] {
            let lines = self.stage.run(role, &["verify"])?;
            let logs = lines.iter().filter(|line| line["kind"] == "verified");
            let (count, entries) = logs.fold((0, 0), |(count, entries), line| {
                (count + 1, entries + line["size"].as_u64().unwrap_or_default())
            });
            self.say(&format!(
                "{}: {entries} entries in {count} logs, every signature and every root.",
                role.title
            ));
        }
        Ok(())
    }

    /// The record of the strand, verified offline; and a changed byte, found.
    pub(super) fn record(&mut self) -> Result<(), DemoError> {
        self.scene("The dialogue is archived");
        let archive = self.stage.path("archive.zip").display().to_string();
        self.stage.run(&CHILE, &["archive", "export", &archive, "--instrument", INSTRUMENT])?;
        let root = self.ledger.id("root")?.to_owned();
        self.stage.run_public(&["archive", "verify", &archive, "--root", &root])?;
        self.say(
            "Chile exports the strand: a page to read, the documents, every signed act, certificates and proofs.\n\
             It verifies without network and without account.",
        );
        let mut bytes = std::fs::read(&archive).map_err(|error| DemoError::file(archive.as_ref(), &error))?;
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        let altered = self.stage.write("altered.zip", &bytes)?.display().to_string();
        let found = self.stage.fails_to_verify(&["archive", "verify", &altered, "--root", &root])?;
        self.refusal("One bit of the record is changed.", &found);
        std::fs::remove_file(&altered).map_err(|error| DemoError::file(altered.as_ref(), &error))
    }
}
