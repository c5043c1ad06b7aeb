//! Sections as one HTML page that stands alone: no script, nothing fetched, every text with its language and
//! direction.

use std::fmt::Write as _;

use chancery_core::mechanism::Language;

use super::model::{Content, File, Opened, Post, Section};
use super::text::opening_line;
use super::words::{bytes, date, kind, plain, role, step};

/// The frame of a page: what stands above its sections.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// The page's title.
    pub title: String,
    /// Facts about the whole: a name and a value each.
    pub facts: Vec<(String, String)>,
    /// Remarks that a reader must see first.
    pub notes: Vec<String>,
}

/// The page.
#[must_use]
pub fn page(frame: &Frame, sections: &[Section]) -> String {
    let title = escape(&frame.title);
    let mut out = format!("{HEAD}<title>{title}</title>\n{STYLE}</head>\n<body>\n<h1>{title}</h1>\n<dl>\n");
    for (name, value) in &frame.facts {
        let _ = writeln!(out, "<dt>{}</dt><dd>{}</dd>", escape(name), escape(value));
    }
    out.push_str("</dl>\n");
    for note in &frame.notes {
        let _ = writeln!(out, "<p class=\"note\">{}</p>", escape(note));
    }
    let mut about = None;
    for section in sections {
        if about != Some(&section.about) {
            about = Some(&section.about);
            question(&mut out, section);
        }
        write_section(&mut out, section);
    }
    out.push_str("</body>\n</html>\n");
    out
}

/// The question that the sections below are about.
fn question(out: &mut String, section: &Section) {
    let Some(about) = &section.about else {
        out.push_str("<h2>Not about one question</h2>\n");
        return;
    };
    let (title, article) = (escape(&about.title), escape(&about.article));
    let _ = writeln!(out, "<h2>{title}, article {article}: <bdi>{}</bdi></h2>", escape(&about.question));
}

fn write_section(out: &mut String, section: &Section) {
    let _ = writeln!(
        out,
        "<section id=\"section-{id}\">\n<h3>{kind}</h3>\n<p class=\"meta\">begun by {state}, section {id}</p>",
        id = section.id,
        kind = kind(section.kind),
        state = section.state
    );
    for post in &section.posts {
        write_post(out, post);
    }
    out.push_str("</section>\n");
}

fn write_post(out: &mut String, post: &Post) {
    let _ = write!(out, "<article id=\"act-{}\">\n<p class=\"who\"><b>{}</b>", post.act, post.state);
    if let Some(as_what) = post.role {
        let _ = write!(out, ", {}", role(as_what));
    }
    if let Content::Open(Opened { step: Some(which), .. }) = &post.content {
        let _ = write!(out, ": {}", step(*which));
    }
    let (index, when) = (post.index, date(post.log_time_ms));
    let _ = writeln!(out, "</p>\n<p class=\"meta\">{when}, entry {index}, act {}</p>", post.act);
    match &post.content {
        Content::Open(opened) => write_opened(out, opened),
        Content::Closed(why) => {
            let _ = writeln!(out, "<p class=\"note\">{}</p>", escape(why));
        }
    }
    for opening in &post.openings {
        let _ = writeln!(out, "<p class=\"meta\">{}</p>", opening_line(opening));
    }
    if let Some(fault) = &post.fault {
        let _ = writeln!(out, "<p class=\"note\">Not valid: {}.</p>", escape(fault));
    }
    for complaint in &post.complaints {
        let _ = writeln!(out, "<p class=\"note\">{complaint}</p>");
    }
    out.push_str("</article>\n");
}

fn write_opened(out: &mut String, opened: &Opened) {
    let attributes = language(opened.language);
    let _ = writeln!(out, "<div{attributes}>");
    if !opened.title.is_empty() {
        let _ = writeln!(out, "<h4>{}</h4>", escape(&opened.title));
    }
    for paragraph in paragraphs(&opened.text) {
        let _ = writeln!(out, "<p class=\"text\">{}</p>", escape(&paragraph));
    }
    out.push_str("</div>\n");
    if let Some(act) = opened.asks_about {
        let _ = writeln!(out, "<p class=\"meta\">about revision <a href=\"#act-{act}\">{act}</a></p>");
    }
    if !opened.reason.is_empty() {
        let _ = writeln!(
            out,
            "<p class=\"note\">Held back: <span{attributes}>{}</span></p>",
            escape(&opened.reason)
        );
    }
    if !opened.files.is_empty() {
        out.push_str("<ul>\n");
        for file in &opened.files {
            write_file(out, file);
        }
        out.push_str("</ul>\n");
    }
}

fn write_file(out: &mut String, file: &File) {
    let name = escape(&file.name);
    let (media_type, length) = (escape(&file.media_type), bytes(file.length));
    let named = match &file.link {
        Some(link) => format!("<a href=\"{}\">{name}</a>", escape(&link_target(link))),
        None => name,
    };
    let _ = writeln!(out, "<li><bdi>{named}</bdi> <span class=\"meta\">{media_type}, {length}</span></li>");
}

fn language(language: Language) -> String {
    let direction = if language.right_to_left() { "rtl" } else { "ltr" };
    format!(" lang=\"{}\" dir=\"{direction}\"", language.as_str())
}

/// Paragraphs are parted by an empty line; other line ends stay (`white-space: pre-line`).
fn paragraphs(text: &str) -> Vec<String> {
    let text = text.replace("\r\n", "\n");
    text.split("\n\n").map(str::trim).filter(|one| !one.is_empty()).map(str::to_owned).collect()
}

/// A relative path as a link: what is not a plain ASCII path character is percent-encoded.
fn link_target(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'.' | b'-' | b'_') {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

fn escape(words: &str) -> String {
    let mut out = String::with_capacity(words.len());
    for c in plain(words).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

const HEAD: &str = "<!DOCTYPE html>\n<html lang=\"en\" dir=\"ltr\">\n<head>\n<meta charset=\"utf-8\">\n\
<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
<meta name=\"referrer\" content=\"no-referrer\">\n\
<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n";

const STYLE: &str = "<style>\n\
body { max-width: 46rem; margin: 2rem auto; padding: 0 1rem; font: 1rem/1.5 Georgia, serif; color: #1a1a1a; background: #fff; }\n\
h1, h2, h3, h4 { line-height: 1.25; }\n\
h2 { margin-top: 2.5rem; border-bottom: 1px solid #999; }\n\
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0 1rem; font-size: .9rem; }\n\
dd { margin: 0; overflow-wrap: anywhere; }\n\
article { margin: 1rem 0; padding-inline-start: 1rem; border-inline-start: 3px solid #bbb; }\n\
.who { margin: 0; }\n\
.meta { margin: 0; font-size: .8rem; color: #555; overflow-wrap: anywhere; }\n\
.text { white-space: pre-line; overflow-wrap: anywhere; }\n\
.note { padding: .3rem .6rem; border: 1px solid #b58900; background: #fdf6e3; }\n\
@media print { body { margin: 0; max-width: none; } }\n\
</style>\n";

#[cfg(test)]
mod tests;
