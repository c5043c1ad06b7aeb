//! The pages. Neutral words, States in the order of the alphabet, no ranking (¶4).

mod about;
mod item;
mod lists;

pub(super) use about::about;
pub(super) use item::item;
pub(super) use lists::{front, state};

use bytes::Bytes;
use chancery_core::act::{Rendition, ThreadStep};
use chancery_core::mechanism::{ItemKind, Mechanism};

use super::html::{self, Site, Text};

/// A page that says why there is nothing to see.
pub(super) fn sorry(site: &Site<'_>, what: &str, next: &str) -> Bytes {
    let content = format!(
        "<h1>{}</h1>\n<p>{}</p>\n<p><a href=\"/\">All public items</a></p>\n",
        Text(what),
        Text(next)
    );
    html::page(site, what, &content)
}

/// What an item is, for people.
fn kind(kind: ItemKind) -> &'static str {
    match kind {
        ItemKind::Response => "Response",
        ItemKind::Document => "Document",
        ItemKind::Clarification => "Clarification",
        ItemKind::Feedback => "Feedback",
        ItemKind::MeetingRecord => "Record of a meeting",
        ItemKind::Coordination => "Coordination",
        ItemKind::Observations => "List of observations",
        ItemKind::Summary => "Summary",
        ItemKind::FollowUp => "Follow-up",
        ItemKind::GoodPractice => "Good practice",
        ItemKind::Draft => "Draft",
    }
}

fn step(step: ThreadStep) -> &'static str {
    match step {
        ThreadStep::Question => "question",
        ThreadStep::Reply => "reply",
        ThreadStep::NoFurtherInformation => "no further information",
    }
}

/// Instrument, article and question, each as text for people.
fn about_of(mechanism: &Mechanism, rendition: &Rendition) -> Option<(String, String, String)> {
    let (code, article, question) = rendition.about.as_ref()?;
    let instrument = mechanism.instrument(code).map_or(code.as_str(), |found| &found.short_title);
    Some((instrument.to_owned(), article.clone(), question.clone()))
}

/// The title, or what stands for it.
fn title_of(rendition: &Rendition, fallback: &str) -> String {
    if rendition.title.is_empty() { fallback.to_owned() } else { rendition.title.clone() }
}
