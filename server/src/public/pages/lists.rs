//! The first page, and the page of one State.

use std::fmt::Write as _;

use bytes::Bytes;
use chancery_core::act::{Audience, Rendition, SignedStatement};
use chancery_core::id::StateCode;

use super::super::bundle::grant_of;
use super::super::date::Date;
use super::super::html::{self, Site, Text, lang};
use super::{about_of, kind, step, title_of};
use crate::app::{App, AppError};
use crate::store::publications::{self, Disclosed};

/// Every State that has opened something, by name, each with its first items.
pub(in crate::public) async fn front(app: &App, site: &Site<'_>) -> Result<Bytes, AppError> {
    let publication = app.world().publication_id(Audience::Public);
    let mut states = publications::states(app.pool(), &publication).await?;
    states.sort_by(|a, b| a.english_name().cmp(b.english_name()));
    let mut out = String::from(
        "<h1>Public items</h1>\n<p>What States have opened to the public, by State in the order of the \
         alphabet. Each item comes with a file that proves it: see <a href=\"/about\">how to verify</a>.</p>\n",
    );
    if states.is_empty() {
        out.push_str("<p>No State has opened an item to the public yet.</p>\n");
    }
    for state in states {
        let most = FRONT_ITEMS_MAX;
        let mut items = publications::page_of_state(app.pool(), &publication, state, 0, most + 1).await?;
        let more = items.len() > most as usize;
        items.truncate(most as usize);
        let name = Text(state.english_name());
        let _ = writeln!(out, "<h2 id=\"{state}\"><a href=\"/state/{state}\">{name}</a></h2>");
        list(&mut out, app, &items)?;
        if more {
            let _ = writeln!(out, "<p><a href=\"/state/{state}\">All public items of {name}</a></p>");
        }
    }
    Ok(html::page(site, "Public items", &out))
}

/// What one State has opened, from an index of the log on; none if there is nothing.
pub(in crate::public) async fn state(
    app: &App,
    site: &Site<'_>,
    state: StateCode,
    start: u64,
) -> Result<Option<Bytes>, AppError> {
    let publication = app.world().publication_id(Audience::Public);
    let most = STATE_ITEMS_MAX;
    let mut items = publications::page_of_state(app.pool(), &publication, state, start, most + 1).await?;
    let next = items.get(most as usize).map(|item| item.index);
    items.truncate(most as usize);
    if items.is_empty() {
        return Ok(None);
    }
    let title = format!("Public items of {}", state.english_name());
    let mut out = format!("<h1>{}</h1>\n", Text(&title));
    list(&mut out, app, &items)?;
    if let Some(next) = next {
        let _ = writeln!(out, "<p><a href=\"/state/{state}/{next}\">Further items</a></p>");
    }
    if start > 0 {
        let _ = writeln!(out, "<p><a href=\"/state/{state}\">From the beginning</a></p>");
    }
    Ok(Some(html::page(site, &title, &out)))
}

fn list(out: &mut String, app: &App, items: &[Disclosed]) -> Result<(), AppError> {
    out.push_str("<ul class=\"items\">\n");
    for item in items {
        row(out, app, item)?;
    }
    out.push_str("</ul>\n");
    Ok(())
}

fn row(out: &mut String, app: &App, item: &Disclosed) -> Result<(), AppError> {
    let signed = SignedStatement::decode(item.grant.clone())?;
    let kind = kind(grant_of(&signed)?.post.kind);
    let (index, opened) = (item.index, Date::of(item.log_time_ms).html());
    if let Some((_, at)) = item.withdrawn {
        let at = Date::of(at).html();
        let _ = writeln!(out, "<li><a href=\"/item/{index}\">{kind}, withdrawn on {at}</a></li>");
        return Ok(());
    }
    let heading = item.heading.as_deref().ok_or(AppError::Bug("a live public item without its heading"))?;
    let heading =
        Rendition::decode(heading).map_err(|_| AppError::Bug("a stored heading that does not decode"))?;
    let title = title_of(&heading, kind);
    let mut facts = vec![kind.to_owned()];
    facts.extend(heading.step.map(|at| step(at).to_owned()));
    if let Some((instrument, article, question)) = about_of(app.mechanism(), &heading) {
        facts.push(instrument);
        facts.push(format!("article {article}"));
        facts.push(format!("question {question}"));
    }
    let facts = facts.join(", ");
    let _ = writeln!(
        out,
        "<li><a href=\"/item/{index}\" {}>{}</a> <span class=\"facts\">{}, <span {}>{}</span>, {opened}</span></li>",
        lang(heading.language),
        Text(&title),
        Text(&facts),
        lang(heading.language),
        heading.language.name_in_itself(),
    );
    Ok(())
}

/// Items of each State on the first page.
const FRONT_ITEMS_MAX: u32 = 20;
/// Items on a page of a State.
const STATE_ITEMS_MAX: u32 = 100;
