//! Sections as text for a terminal.
//!
//! Every line of another person's text is indented and marked, so that none can pass for a line of ours.

use std::fmt::Write as _;

use super::model::{Content, File, Opened, Opening, Post, Section};
use super::words::{audience, bytes, date, kind, plain, role, step};

/// Sections with all their posts.
#[must_use]
pub fn sections(sections: &[Section]) -> String {
    let mut out = String::new();
    for (place, section) in sections.iter().enumerate() {
        if place > 0 {
            out.push('\n');
        }
        out.push_str(&self::section(section));
    }
    out
}

/// One section with all its posts.
#[must_use]
pub fn section(section: &Section) -> String {
    let mut out = heading(section);
    let _ = writeln!(out, "section {}", section.id);
    for one in &section.posts {
        out.push('\n');
        out.push_str(&post(one));
    }
    out
}

/// The line above a section.
#[must_use]
pub fn heading(section: &Section) -> String {
    match &section.about {
        Some(about) => format!(
            "{}: {}, article {}, question {}\n",
            kind(section.kind),
            plain(&about.title),
            plain(&about.article),
            plain(&about.question)
        ),
        None => format!("{} of {}\n", kind(section.kind), section.state),
    }
}

/// One post.
#[must_use]
pub fn post(post: &Post) -> String {
    let mut out = format!("[{}] {}", post.index, post.state);
    if let Some(as_what) = post.role {
        let _ = write!(out, ", {}", role(as_what));
    }
    let _ = write!(out, ", {}", date(post.log_time_ms));
    if let Content::Open(Opened { step: Some(which), .. }) = &post.content {
        let _ = write!(out, ": {}", step(*which));
    }
    let _ = writeln!(out, "\n    act {}", post.act);
    match &post.content {
        Content::Open(opened) => write_opened(&mut out, opened),
        Content::Closed(why) => {
            let _ = writeln!(out, "    ({why})");
        }
    }
    for opening in &post.openings {
        let _ = writeln!(out, "    {}", opening_line(opening));
    }
    if let Some(fault) = &post.fault {
        let _ = writeln!(out, "    ! Not valid: {fault}.");
    }
    for complaint in &post.complaints {
        let _ = writeln!(out, "    ! {complaint}");
    }
    out
}

/// One cited file.
#[must_use]
pub fn file(file: &File) -> String {
    format!("{} ({}, {})", plain(&file.name), plain(&file.media_type), bytes(file.length))
}

fn write_opened(out: &mut String, opened: &Opened) {
    if !opened.title.is_empty() {
        let _ = writeln!(out, "    {}", plain(&opened.title));
    }
    for line in opened.text.lines() {
        let _ = writeln!(out, "    | {}", plain(line));
    }
    if let Some(act) = opened.asks_about {
        let _ = writeln!(out, "    about revision {act}");
    }
    for one in &opened.files {
        let _ = writeln!(out, "    file {} {}", one.id, file(one));
    }
    for line in opened.reason.lines() {
        let _ = writeln!(out, "    held back: {}", plain(line));
    }
}

pub(super) fn opening_line(opening: &Opening) -> String {
    let (whom, when) = (audience(opening.audience), date(opening.log_time_ms));
    if opening.opens { format!("Opened to {whom}, {when}") } else { format!("Withdrawn from {whom}, {when}") }
}
