//! `chancery disclosed` and `chancery read-disclosed`

use std::path::PathBuf;

use chancery_core::act::{Audience, Rendition};
use serde_json::json;

use super::context::Context;
use super::disclose::audience;
use super::failure::Failure;
use super::output::isolated;
use super::session;
use super::time::rfc3339;
use super::transfer::Bar;
use crate::render;
use crate::verbs::disclosed::{self, Item};

/// What States have opened.
#[derive(Debug, clap::Args)]
pub(super) struct ListArgs {
    /// To whom: all-parties or public
    #[arg(long, value_parser = audience, default_value = "all-parties")]
    audience: Audience,
}

/// Read one item that a State has opened.
#[derive(Debug, clap::Args)]
pub(super) struct ReadArgs {
    /// Its number: see `chancery disclosed`
    index: u64,
    /// To whom it was opened: all-parties or public
    #[arg(long, value_parser = audience, default_value = "all-parties")]
    audience: Audience,
    /// Fetch its files into this folder
    #[arg(long, value_name = "DIR")]
    save: Option<PathBuf>,
    /// Replace files that are there
    #[arg(long, requires = "save")]
    force: bool,
}

pub(super) async fn list(args: ListArgs, context: &Context) -> Result<(), Failure> {
    let mut session = session::open(context).await?;
    let items = disclosed::disclosed(&mut session, args.audience).await?;
    if items.is_empty() {
        context.out.say("Nothing has been opened yet.")?;
    }
    for item in &items {
        context.out.show("disclosure", &fields(item), line(item))?;
    }
    Ok(())
}

pub(super) async fn read(args: ReadArgs, context: &Context) -> Result<(), Failure> {
    let mut session = session::open(context).await?;
    let read = disclosed::read(&mut session, args.audience, args.index).await?;
    let rendition = Rendition::of(&read.body);
    let files: Vec<_> = rendition
        .files
        .iter()
        .map(|file| json!({ "name": file.name, "media_type": file.media_type, "length": file.length, "sha256": file.sha256 }))
        .collect();
    let about = rendition.about.as_ref().map(|(instrument, article, question)| {
        json!({ "instrument": instrument, "article": article, "question": question })
    });
    let mut fields = fields(&read.item);
    if let Some(fields) = fields.as_object_mut() {
        fields.insert("content".to_owned(), json!({
            "language": rendition.language, "title": rendition.title, "text": rendition.text, "about": about,
            "step": rendition.step.map(chancery_core::act::ThreadStep::as_str), "files": files,
        }));
    }
    context.out.record("item", &fields)?;
    if !context.out.json() {
        context.out.bytes(shown(&read.item, &rendition).as_bytes())?;
    }
    let Some(folder) = args.save else { return Ok(()) };
    let bar = Bar::new(context.out, "fetched", rendition.files.iter().map(|file| file.length).sum());
    let saved = disclosed::save_files(&session, &read, &folder, args.force, &bar.progress()).await;
    bar.end();
    for file in saved? {
        let text = format!("{}  {}, checked", file.path.display(), render::bytes(file.length));
        context.out.show("file", &json!({ "path": file.path, "length": file.length }), text)?;
    }
    Ok(())
}

fn fields(item: &Item) -> serde_json::Value {
    let post = &item.grant.post;
    json!({
        "index": item.index, "audience": item.grant.audience.as_str(), "state": post.state, "item": post.kind,
        "channel": post.channel, "section": post.section, "act": post.act_id,
        "log_time": rfc3339(item.log_time_ms), "withdrawn": item.withdrawn_ms.map(rfc3339),
    })
}

fn line(item: &Item) -> String {
    let post = &item.grant.post;
    let mut line = format!(
        "{:>6}  {}  {}, {}",
        item.index,
        render::date(item.log_time_ms),
        post.state,
        render::kind(post.kind)
    );
    if let Some(ms) = item.withdrawn_ms {
        line.push_str(&format!("  (withdrawn {})", render::date(ms)));
    }
    line
}

/// The item, with every line of the State's own words indented and isolated.
pub(super) fn shown(item: &Item, rendition: &Rendition) -> String {
    let mut out = format!("{}\n", line(item).trim_start());
    out.push_str(&words(rendition));
    out
}

pub(super) fn words(rendition: &Rendition) -> String {
    let mut out = String::new();
    if let Some((instrument, article, question)) = &rendition.about {
        let (article, question) = (isolated(article), isolated(question));
        out.push_str(&format!("    {instrument}, article {article}, question {question}\n"));
    }
    if let Some(step) = rendition.step {
        out.push_str(&format!("    {}\n", render::step(step)));
    }
    if !rendition.title.is_empty() {
        out.push_str(&format!("    {}\n", isolated(&rendition.title)));
    }
    for text in rendition.text.lines() {
        out.push_str(&format!("    | {}\n", isolated(text)));
    }
    for file in &rendition.files {
        let (name, media_type) = (isolated(&file.name), isolated(&file.media_type));
        out.push_str(&format!("    file {name} ({media_type}, {})\n", render::bytes(file.length)));
    }
    out
}
