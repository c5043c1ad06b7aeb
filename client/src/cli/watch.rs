//! `chancery watch`

use std::io::IsTerminal as _;
use std::sync::Arc;
use std::time::Duration;

use chancery_core::act::Statement;
use chancery_core::directory_statement;
use chancery_core::id::UserId;
use serde_json::json;

use super::changes::name;
use super::context::Context;
use super::failure::{Exit, Failure};
use super::replacement;
use super::session::{self, place_name, quoted};
use super::time::rfc3339;
use crate::render::{audience, date};
use crate::sync::{Session, SessionError};
use crate::verbs::replacement::concerning;
use crate::verbs::watch::{Arrived, Bounds, Came, Ended, Idle, watch};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Stop after so many seconds
    #[arg(long = "for", value_name = "SECONDS")]
    seconds: Option<u64>,
    /// Stop after so many entries
    #[arg(long, value_name = "N")]
    count: Option<u64>,
    /// Forget the keys and stop when for so many minutes nothing has come and nobody pressed Enter; 0: never
    #[arg(long, value_name = "MINUTES", default_value_t = LOCK_AFTER_MINUTES)]
    lock_after: u32,
}

const LOCK_AFTER_MINUTES: u32 = 60;

pub(super) async fn run(args: Args, context: &Context) -> Result<(), Failure> {
    let mut session = session::open_person(context).await?;
    session::keep_up(&mut session, context).await?;
    replacement::tell(&concerning(&session), context)?;
    let idle = presence(args.lock_after, context);
    let time = args.seconds.map(Duration::from_secs);
    let bounds = Bounds { time, entries: args.count, idle: idle.as_deref() };
    let mut failed = None;
    let ended = watch(&mut session, bounds, |session, came| {
        context.tell_clock();
        let shown = match came {
            Came::Entry(arrived) => show(session, context, &arrived),
            Came::Connection(there) => {
                tell_connection(there, context);
                Ok(())
            }
        };
        failed = failed.take().or_else(|| shown.err());
        if failed.is_some() { Err(SessionError::Bug("the output failed")) } else { Ok(()) }
    })
    .await
    .map_err(|error| failed.take().unwrap_or_else(|| error.into()))?;
    match ended {
        Ended::Done => Ok(()),
        Ended::Idle => Err(locked(args.lock_after)),
    }
}

/// Enter counts as a sign where the passphrase was typed: there somebody sits at this program. One that runs in
/// the background must not read from its terminal.
fn presence(minutes: u32, context: &Context) -> Option<Arc<Idle>> {
    if minutes == 0 {
        return None;
    }
    let idle = Arc::new(Idle::new(Duration::from_mins(u64::from(minutes))));
    if context.passphrase_fd().is_none() && std::io::stdin().is_terminal() {
        let sign = Arc::clone(&idle);
        std::thread::spawn(move || {
            let mut line = String::new();
            while std::io::stdin().read_line(&mut line).is_ok_and(|bytes| bytes > 0) {
                line.clear();
                sign.sign();
            }
        });
    }
    Some(idle)
}

fn locked(minutes: u32) -> Failure {
    Failure::new(
        Exit::Locked,
        "LOCKED",
        format!("for {minutes} minutes nothing came and nobody pressed Enter: the keys are forgotten"),
        "Run `chancery watch` again, with the passphrase.",
    )
}

fn tell_connection(there: bool, context: &Context) {
    context.out.advise(if there {
        "The connection is back; what came meanwhile is told."
    } else {
        "The connection is lost; trying again."
    });
}

fn show(session: &Session, context: &Context, arrived: &Arrived) -> Result<(), Failure> {
    let Some(copy) = session.channel(arrived.channel) else {
        return replacement::tell(&concerning(session), context);
    };
    let Some(entry) = copy.entry(arrived.index) else { return Ok(()) };
    let act = entry.act()?;
    let statement = &act.content().statement;
    let post = copy.state.posts.get(&arrived.act);
    let opened = session.keys(arrived.channel).and_then(|keys| keys.open_post(copy, arrived.act));
    let title = opened.and_then(|post| post.body.ok()).map(|body| body.title);
    let fields = json!({
        "channel": arrived.channel, "index": arrived.index, "act": arrived.act, "statement": statement.kind().as_str(),
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
        None => told(statement, |user| name(session, user)),
    };
    let line = format!("{}  {}: {what}\n", date(entry.log_time_ms), place_name(session, copy));
    context.out.bytes(line.as_bytes())
}

/// What a statement that is no post does, in plain words.
fn told(statement: &Statement, name: impl Fn(UserId) -> String) -> String {
    match statement {
        Statement::Disclose(opened) => {
            format!("section {} is opened to {}", opened.section, audience(opened.audience))
        }
        Statement::Withdraw(closed) => {
            format!("section {} is withdrawn from {}", closed.section, audience(closed.audience))
        }
        Statement::NewEpoch(_) => "a new key for what is written from here on".to_owned(),
        Statement::AddMember(joined) => format!("{} is brought in", name(joined.user)),
        Statement::RemoveMember(user) => format!("{} is shown out", name(*user)),
        Statement::ShareEpoch(shared) => format!("{} is handed the key anew", name(shared.user)),
        Statement::Complain(about) => format!("a complaint: act {} does not open", about.act_id),
        Statement::OpenReview(_) => "the review is opened".to_owned(),
        Statement::OpenChannel(opened) => format!("the channel {} is opened", opened.channel),
        Statement::AmendReview(_) => "the reviewing States are others from here on".to_owned(),
        directory_statement!(Statement::Post(_)) => statement.kind().to_string(),
    }
}
