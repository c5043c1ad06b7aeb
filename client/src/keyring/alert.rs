//! What does not open: an alert that names the act, and on which the person may complain.

use std::fmt;

use chancery_core::act::{Complain, Fault};
use chancery_core::id::ActId;

/// What stands beside an act does not open to what its author committed to. The bytes are those that the author
/// signed, so it is the author who is at fault, not the server. Nothing is sent by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Alert {
    /// The act.
    pub act: ActId,
    /// What does not open.
    pub fault: Fault,
}

impl Alert {
    pub(super) const fn wrap(act: ActId) -> Self {
        Self { act, fault: Fault::Wrap }
    }

    pub(super) const fn previous_box(act: ActId) -> Self {
        Self { act, fault: Fault::PreviousBox }
    }

    pub(super) const fn body(act: ActId) -> Self {
        Self { act, fault: Fault::Body }
    }

    /// The complaint that a reader may append.
    #[must_use]
    pub const fn complaint(&self) -> Complain {
        Complain { act_id: self.act, fault: self.fault }
    }

    /// The fault's word in JSON and on the command line.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self.fault {
            Fault::Wrap => "wrap",
            Fault::PreviousBox => "previous-box",
            Fault::Body => "body",
            Fault::File(_) => "file",
        }
    }
}

impl fmt::Display for Alert {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let act = self.act;
        match self.fault {
            Fault::Wrap => {
                write!(f, "the key that act {act} addresses to you does not open to what it commits to")
            }
            Fault::PreviousBox => {
                write!(f, "the earlier key that act {act} hands on does not open to what was committed to")
            }
            Fault::Body => write!(f, "the body of act {act} does not open to what it commits to"),
            Fault::File(file) => {
                write!(f, "file {file} that act {act} cites does not open to what it commits to")
            }
        }
    }
}
