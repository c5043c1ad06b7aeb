//! What goes between the two custodians of a root, who never share a machine: the second one's key, as a line of
//! text, and acts of the root in a file (`docs/formats/enrolment.md`). Nothing of it is secret, and nothing of it
//! counts because of the road it came by.

mod acts;
mod line;

pub use acts::{Checked, ROOT_ACTS_BYTES_MAX, RootActs, RootActsError};
pub use line::{SECOND_LINE_BYTES_MAX, SecondLine, SecondLineError};
