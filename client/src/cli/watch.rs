//! `chancery watch`

use std::time::Duration;

use serde_json::json;

use super::context::Context;
use super::failure::Failure;
use super::session::{self, place_name, quoted};
use super::time::rfc3339;
use crate::render::date;
use crate::sync::{Session, SessionError};
use crate::verbs::watch::{Arrived, Bounds, watch};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Stop after so many seconds
    #[arg(long = "for", value_name = "SECONDS")]
    seconds: Option<u64>,
    /// Stop after so many entries
    #[arg(long, value_name = "N")]
    count: Option<u64>,
}

pub(super) async fn run(args: Args, context: &Context) -> Result<(), Failure> {
    let mut session = session::open(context).await?;
    session::keep_up(&mut session, context).await?;
    let bounds = Bounds { time: args.seconds.map(Duration::from_secs), entries: args.count };
    let mut failed = None;
    watch(&mut session, bounds, |session, arrived| {
        failed = failed.take().or_else(|| show(session, context, arrived).err());
        if failed.is_some() { Err(SessionError::Bug("the output failed")) } else { Ok(()) }
    })
    .await
    .map_err(|error| failed.take().unwrap_or_else(|| error.into()))?;
    Ok(())
}

fn show(session: &Session, context: &Context, arrived: &Arrived) -> Result<(), Failure> {
    let Some(copy) = session.channel(arrived.channel) else { return Ok(()) };
    let Some(entry) = copy.entry(arrived.index) else { return Ok(()) };
    let kind = entry.act()?.content().statement.kind();
    let post = copy.state.posts.get(&arrived.act);
    let opened = session.keys(arrived.channel).and_then(|keys| keys.open_post(copy, arrived.act));
    let title = opened.and_then(|post| post.body.ok()).map(|body| body.title);
    let fields = json!({
        "channel": arrived.channel, "index": arrived.index, "act": arrived.act, "statement": kind.as_str(),
        "log_time": rfc3339(entry.log_time_ms), "section": post.map(|post| post.section),
        "item": post.map(|post| post.kind), "state": post.map(|post| post.state), "title": title,
    });
    context.out.record("entry", &fields)?;
    if context.out.json() {
        return Ok(());
    }
    let what = match post {
        Some(post) => format!(
            "{} of {}, {}, section {}",
            post.kind,
            post.state,
            quoted(title.as_deref().unwrap_or_default()),
            post.section
        ),
        None => kind.to_string(),
    };
    let line = format!("{}  {}: {what}\n", date(entry.log_time_ms), place_name(session, copy));
    context.out.bytes(line.as_bytes())
}
