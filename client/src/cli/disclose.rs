//! `chancery disclose` and `chancery withdraw`: unless `--yes` is given, what will happen is shown first, and asked.

use std::fmt::Write as _;

use chancery_core::act::Audience;
use serde_json::json;

use super::context::Context;
use super::failure::Failure;
use super::prompt::agrees;
use super::session;
use super::time::rfc3339;
use super::transfer::Bar;
use crate::render::model::{Content, Post};
use crate::render::{self, text};
use crate::verbs::disclose::{self, Done, Plan, Wanted};
use crate::verbs::find::Prefix;
use crate::verbs::withdraw;

/// Open posts of a section to all parties or to the public.
#[derive(Debug, clap::Args)]
pub(super) struct DiscloseArgs {
    #[command(flatten)]
    which: Which,
    /// To whom: all-parties or public
    #[arg(long, value_parser = audience)]
    to: Audience,
}

/// Stop serving what was opened.
#[derive(Debug, clap::Args)]
pub(super) struct WithdrawArgs {
    #[command(flatten)]
    which: Which,
    /// From whom: all-parties or public
    #[arg(long, value_parser = audience)]
    from: Audience,
}

#[derive(Debug, clap::Args)]
struct Which {
    /// The section's id, or its beginning
    section: Prefix,
    /// This revision alone, by its act [default: every message of a dialogue, or the newest revision]
    #[arg(long, value_name = "ACT")]
    revision: Option<Prefix>,
    /// Show what would happen and change nothing
    #[arg(long)]
    preview: bool,
    /// Do not ask
    #[arg(long)]
    yes: bool,
}

pub(super) fn audience(text: &str) -> Result<Audience, String> {
    let known = Audience::ALL.into_iter().find(|audience| audience.as_str() == text);
    known.ok_or_else(|| "expected all-parties or public".to_owned())
}

pub(super) async fn disclose(args: DiscloseArgs, context: &Context) -> Result<(), Failure> {
    let DiscloseArgs { which, to } = args;
    let wanted = Wanted { section: which.section, revision: which.revision, audience: to };
    let mut session = session::open(context).await?;
    if which.preview || !which.yes {
        let plan = disclose::preview(&mut session, &wanted).await?;
        show(context, "disclosure-preview", &plan, &would_disclose(&plan))?;
        if which.preview {
            return Ok(());
        }
        if !agrees(&format!("Open {} to {}?", these(&plan), render::audience(plan.audience)))? {
            return Err(Failure::not_confirmed("the disclosure was not confirmed"));
        }
    }
    let bar = Bar::new(context.out, "made public", 0);
    let done = disclose::disclose(&mut session, &wanted, &bar.progress()).await;
    bar.end();
    tell(context, "disclosed", "Opened to", &done?)
}

pub(super) async fn withdraw(args: WithdrawArgs, context: &Context) -> Result<(), Failure> {
    let WithdrawArgs { which, from } = args;
    let wanted = Wanted { section: which.section, revision: which.revision, audience: from };
    let mut session = session::open(context).await?;
    if which.preview || !which.yes {
        let plan = withdraw::preview(&mut session, &wanted).await?;
        show(context, "withdrawal-preview", &plan, &would_withdraw(&plan))?;
        if which.preview {
            return Ok(());
        }
        if !agrees(&format!("Withdraw {} from {}?", these(&plan), render::audience(plan.audience)))? {
            return Err(Failure::not_confirmed("the withdrawal was not confirmed"));
        }
    }
    let done = withdraw::withdraw(&mut session, &wanted).await?;
    tell(context, "withdrawn", "Withdrawn from", &done)
}

/// What a person is asked about.
fn these(plan: &Plan) -> String {
    match plan.posts[..] {
        [act] => format!("revision {act} of section {}", plan.section),
        _ => format!("the {} posts above of section {}", plan.posts.len(), plan.section),
    }
}

fn would_disclose(plan: &Plan) -> String {
    let count = plan.states.len();
    let readers = match plan.audience {
        Audience::AllParties => format!(
            "The people of {count} State parties and the secretariat will be able to read this, besides those \
             who read this channel:\n  {}",
            plan.states.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
        ),
        Audience::Public => {
            format!(
                "Everyone will be able to read this, with or without an account, in {count} States and beyond."
            )
        }
    };
    format!(
        "{readers}\n\nThese posts and files, and no others:\n\n{}\nWhat was read cannot be unread: a withdrawal \
         stops the serving, not the memory.\nNothing has been changed.",
        text::section(&plan.shown)
    )
}

fn would_withdraw(plan: &Plan) -> String {
    format!(
        "These posts will no longer be served to {}:\n\n{}\nWhat was read cannot be unread: whoever has it keeps \
         it. A dated mark stays that it was open and was withdrawn.\nNothing has been changed.",
        render::audience(plan.audience),
        text::section(&plan.shown)
    )
}

fn show(context: &Context, kind: &str, plan: &Plan, text: &str) -> Result<(), Failure> {
    context.out.show(kind, &fields(plan), text)
}

fn fields(plan: &Plan) -> serde_json::Value {
    let posts: Vec<_> = plan.shown.posts.iter().map(post_fields).collect();
    let readers = match plan.audience {
        Audience::AllParties => "the people of all State parties, and the secretariat",
        Audience::Public => "everyone",
    };
    json!({
        "channel": plan.channel, "section": plan.section, "item": plan.shown.kind,
        "audience": plan.audience.as_str(), "readers": readers, "states": plan.states,
        "posts": posts, "irrevocable": "what was read cannot be unread", "changed": false,
    })
}

fn post_fields(post: &Post) -> serde_json::Value {
    let (title, files) = match &post.content {
        Content::Open(opened) => {
            let files: Vec<_> = opened
                .files
                .iter()
                .map(|file| json!({ "file": file.id, "name": file.name, "length": file.length }))
                .collect();
            (opened.title.as_str(), files)
        }
        Content::Closed(_) => ("", Vec::new()),
    };
    json!({
        "act": post.act, "index": post.index, "state": post.state, "log_time": rfc3339(post.log_time_ms),
        "title": title, "files": files,
    })
}

fn tell(context: &Context, kind: &str, word: &str, done: &Done) -> Result<(), Failure> {
    let plan = &done.plan;
    let fields = json!({
        "channel": plan.channel, "section": plan.section, "audience": plan.audience.as_str(),
        "posts": plan.posts, "acts": done.sent.acts,
        "log_time": done.sent.receipts.first().map(|receipt| rfc3339(receipt.log_time_ms)),
    });
    let mut text = format!("{word} {}:", render::audience(plan.audience));
    for act in &plan.posts {
        let _ = write!(text, "\n  act {act}");
    }
    context.out.show(kind, &fields, text)
}
