//! One item, or its tombstone.

use std::fmt::Write as _;

use bytes::Bytes;
use chancery_core::act::{Grant, Rendition, SignedStatement};

use super::super::attachment::rendition;
use super::super::bundle::grant_of;
use super::super::date::Date;
use super::super::html::{self, Site, Text, lang};
use super::{about_of, kind, step, title_of};
use crate::app::disclosed::DisclosedItem;
use crate::app::{App, AppError};

/// The page of an item.
pub(in crate::public) fn item(app: &App, site: &Site<'_>, item: &DisclosedItem) -> Result<Bytes, AppError> {
    let signed = SignedStatement::decode(item.summary.grant.clone())?;
    let grant = grant_of(&signed)?;
    let Some(opened) = &item.opened else { return Ok(tombstone(site, grant, item)) };
    let rendition = rendition(opened.rendition.as_deref())?;
    let title = title_of(&rendition, kind(grant.post.kind));
    let mut out = format!("<h1 {}>{}</h1>\n", lang(rendition.language), Text(&title));
    facts(&mut out, app, item, grant, &rendition);
    let _ = writeln!(out, "<h2>Text</h2>\n<div class=\"text\" {}>", lang(rendition.language));
    paragraphs(&mut out, &rendition.text);
    out.push_str("</div>\n");
    attachments(&mut out, item.summary.index, &rendition);
    let index = item.summary.index;
    let _ = write!(
        out,
        "<h2>Proof</h2>\n\
         <p><a href=\"/bundle/{index}\">Download the bundle</a>: one file that proves that this State opened \
         exactly this text and these files. It is checked without the network and without trust in this \
         server: see <a href=\"/about\">how to verify</a>.</p>\n"
    );
    Ok(html::page(site, &title, &out))
}

fn tombstone(site: &Site<'_>, grant: &Grant, item: &DisclosedItem) -> Bytes {
    let title = format!("{} of {}, withdrawn", kind(grant.post.kind), grant.post.state.english_name());
    let at = item.summary.withdrawn.map(|(_, at)| Date::of(at).html()).unwrap_or_default();
    let content = format!(
        "<h1>{}</h1>\n\
         <p>This item was opened to the public on {} and withdrawn on {at}. It is no longer served.</p>\n\
         <p><a href=\"/state/{state}\">Public items of {}</a></p>\n",
        Text(&title),
        Date::of(item.summary.log_time_ms).html(),
        Text(grant.post.state.english_name()),
        state = grant.post.state,
    );
    html::page(site, &title, &content)
}

fn facts(out: &mut String, app: &App, item: &DisclosedItem, grant: &Grant, rendition: &Rendition) {
    let state = grant.post.state;
    out.push_str("<dl>\n");
    let mut fact = |name: &str, value: String| {
        let _ = writeln!(out, "<dt>{name}</dt><dd>{value}</dd>");
    };
    fact("Opened by", format!("<a href=\"/state/{state}\">{}</a>", Text(state.english_name())));
    let what = match rendition.step {
        Some(at) => format!("{}, {}", kind(grant.post.kind), step(at)),
        None => kind(grant.post.kind).to_owned(),
    };
    fact("Kind", what);
    if let Some((instrument, article, question)) = about_of(app.mechanism(), rendition) {
        fact("Instrument", Text(&instrument).to_string());
        fact("Article", Text(&article).to_string());
        fact("Question", Text(&question).to_string());
    }
    let language = rendition.language;
    fact("Language", format!("<span {}>{}</span>", lang(language), language.name_in_itself()));
    fact("Opened to the public", Date::of(item.summary.log_time_ms).html());
    fact("Number in the public log", item.summary.index.to_string());
    out.push_str("</dl>\n");
}

/// Paragraphs are parted by empty lines.
fn paragraphs(out: &mut String, text: &str) {
    let text = text.replace("\r\n", "\n");
    for paragraph in text.split("\n\n").map(|paragraph| paragraph.trim_matches('\n')) {
        if !paragraph.trim().is_empty() {
            let lines: Vec<String> = paragraph.split('\n').map(|line| Text(line).to_string()).collect();
            let _ = writeln!(out, "<p>{}</p>", lines.join("<br>\n"));
        }
    }
}

fn attachments(out: &mut String, index: u64, rendition: &Rendition) {
    if rendition.files.is_empty() {
        return;
    }
    out.push_str("<h2>Attachments</h2>\n<ul class=\"items\">\n");
    for (position, file) in rendition.files.iter().enumerate() {
        let _ = writeln!(
            out,
            "<li><a href=\"/file/{index}/{position}\" download><bdi>{}</bdi></a> \
             <span class=\"facts\">{}, {} bytes, SHA-256 <code>{}</code></span></li>",
            Text(&file.name),
            Text(&file.media_type),
            file.length,
            file.sha256,
        );
    }
    out.push_str("</ul>\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_becomes_paragraphs_and_nothing_else() {
        for (text, expect) in [
            ("", ""),
            ("one", "<p>one</p>\n"),
            ("one\n\ntwo", "<p>one</p>\n<p>two</p>\n"),
            ("one\r\n\r\ntwo\r\nlines\n\n\n\n", "<p>one</p>\n<p>two<br>\nlines</p>\n"),
            ("</div><b>x", "<p>&lt;/div&gt;&lt;b&gt;x</p>\n"),
        ] {
            let mut out = String::new();
            paragraphs(&mut out, text);
            assert_eq!(out, expect);
        }
    }
}
