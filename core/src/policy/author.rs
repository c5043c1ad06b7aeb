//! Whose signature an act must bear.

use crate::act::{Author, SignedAct, Statement};
use crate::error::Reason;
use crate::state::Directory;

/// The key under which an act's signature must hold: its author's device's at its basis, the root's, or that of
/// the author's recovery sheet. It needs no log time: whether the author is there then, the policy asks.
///
/// # Errors
/// The reason for which there is none.
pub fn author_key(directory: &Directory, act: &SignedAct) -> Result<[u8; 32], Reason> {
    let content = act.content();
    let Author::Person { user, device } = content.header.author else {
        return match (&directory.foundation, &content.statement) {
            (Some(foundation), _) => Ok(foundation.root_key),
            // The first act brings the root's key, whose fingerprint `decide_directory` then compares.
            (None, Statement::FoundDirectory(act)) => Ok(act.root_key),
            (None, _) => Err(Reason::NotGenesis),
        };
    };
    let at = match content.header.basis {
        Some(basis) => directory.at_head(&basis.directory, ANY_TIME).ok_or(Reason::BadBasis)?,
        None => directory.now(ANY_TIME),
    };
    let person = at.person(&user).ok_or(Reason::UnknownDevice)?;
    if let Some(device) = person.device(&device) {
        return Ok(device.sign);
    }
    match (&content.statement, person.recovery()) {
        (Statement::AddDevice(add), Some(sheet)) if add.keys.device == device => Ok(sheet.sign),
        _ => Err(Reason::UnknownDevice),
    }
}

/// Before every end.
const ANY_TIME: u64 = 0;
