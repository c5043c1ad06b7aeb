//! Sections as people read them: one model ([`model`]), and one renderer of it for each surface, the terminal
//! ([`text`]) and HTML ([`html`]). Reading, preview and archive use these same two, so what a preview shows is
//! what a reader sees and what an archive holds.
//!
//! All of it is pure and deterministic: the archive's page is checked by making it again. Nothing is opened
//! or verified here, and titles, texts and names are other people's: they are escaped, never trusted.

pub mod html;
pub mod model;
mod root_act;
pub mod text;
mod words;

pub use model::{About, Content, Opened, Opening, Post, Reading, Section, sections};
pub use root_act::root_act;
pub use words::{audience, bytes, date, kind, role, step};
