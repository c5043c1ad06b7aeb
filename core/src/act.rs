//! Acts: what is signed, its strict encoding, and the check of its signature.
//!
//! Nothing here decides whether an act is allowed: that is [`crate::policy`]. This module and the
//! generated code are the only places that know how an act is encoded (`docs/formats/acts.md`).

mod body;
mod channel;
mod directory;
mod envelope;
mod kind;
mod release;
mod request;
mod said;
mod statement;
mod wire;

pub use body::{Attachment, Binding, PersonCard, PostBody, Rendition, RenditionFile, TextFault, ThreadStep};
pub use channel::*;
pub use directory::*;
pub use envelope::{
    ActError, Content, Signed, SignedAct, SignedStatement, VerifiedAct, assemble_act, assemble_statement,
    verify_bytes,
};
pub use kind::Kind;
pub use release::ReleaseFault;
pub use request::ServerRequest;
pub use said::*;
pub use statement::*;
