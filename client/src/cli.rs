//! The command line: it reads arguments, calls one verb, and presents what the verb returns. What a person
//! can do is in the verbs, not here.
//!
//! A command is a module here with an `Args` and a `run(args, &Context)`, and a variant of [`Command`].

mod admit;
mod archive;
mod ask;
mod bundle;
mod changes;
mod channels;
mod clock;
mod complain;
mod completions;
mod context;
mod demo;
mod device;
mod disclose;
mod disclosed;
mod failure;
mod files;
mod get;
mod hand_over;
mod invite;
mod join;
mod lost;
mod mapping;
mod members;
mod move_home;
mod offers;
mod output;
mod parse;
mod passphrase;
mod people;
mod post;
mod progress;
mod prompt;
mod put;
mod raw;
mod recover;
mod recovery;
mod remove;
mod replacement;
mod reply;
mod review;
mod root;
mod safety_number;
mod session;
mod sheet;
mod state_key;
mod threads;
mod time;
mod transfer;
mod trust;
mod upkeep;
mod verify;
mod verify_fork;
mod watch;
mod whoami;
mod written;

use std::ffi::OsString;
use std::panic::AssertUnwindSafe;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::OnceLock;

use clap::{Args, CommandFactory as _, Parser, Subcommand};

use context::Context;
use failure::{Exit, Failure};

/// Chancery: reviews between States, end-to-end encrypted.
#[derive(Debug, Parser)]
#[command(name = "chancery", version, propagate_version = true, max_term_width = 100)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// What every command takes.
#[derive(Debug, Args)]
struct Global {
    /// The folder with your keys and records [default: `$CHANCERY_HOME`, or a folder of your system for data]
    #[arg(long, global = true, value_name = "DIR")]
    home: Option<PathBuf>,
    /// Read the passphrase from this file descriptor, to the end of its line, instead of asking for it
    #[arg(long, global = true, value_name = "N")]
    passphrase_fd: Option<u32>,
    /// Print JSON lines instead of text
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// What the custodians of the root do, from their own home
    #[command(subcommand)]
    Root(root::Command),
    /// Join under an invitation, or go on with it
    Join(join::Args),
    /// Invite an expert, observer or further focal point of your State
    Invite(invite::Args),
    /// List who has answered your invitations, and admit them
    Admit(admit::Args),
    /// Your devices: add, name, shut out
    #[command(subcommand)]
    Device(device::Command),
    /// Your recovery sheet: make one, try one
    #[command(subcommand)]
    Recovery(recovery::Command),
    /// Come back on a new machine with your recovery sheet
    Recover(recover::Args),
    /// Who is in the directory
    People,
    /// Who you are here, and what the directory says
    Whoami,
    /// Move your home to another machine
    Move(move_home::Args),
    /// Change the passphrase of your home
    ///
    /// With --passphrase-fd the first line is the passphrase until now and the second the new one.
    Passphrase,
    /// Remove a person from the directory
    Remove(remove::Args),
    /// Give a person of your State another role, other instruments or another end
    Reseat(hand_over::ReseatArgs),
    /// Hand over to another focal point of your State, and leave
    HandOver(hand_over::Args),
    /// Split your State's key into shares, give yours, or put the key together again
    #[command(subcommand)]
    StateKey(state_key::Command),
    /// Object to the announced replacement of your State's focal point and key
    Object,
    /// Open a review
    Review(review::Args),
    /// What waits for you, what waits for others, what is new, and your channels
    Channels,
    /// Ask a clarification question
    Ask(ask::Args),
    /// Reply in a clarification thread
    Reply(reply::Args),
    /// Post a response, feedback, a draft or another item
    Post(post::Args),
    /// Show one section, and mark it as read
    Thread(threads::ThreadArgs),
    /// List sections in order under their questions
    Threads(threads::ThreadsArgs),
    /// Show everything new, and mark it as read
    Read,
    /// Who is in a channel; bring in or show out one person
    Members(members::Args),
    /// Follow every channel
    Watch(watch::Args),
    /// Send a document
    Put(put::Args),
    /// Fetch a file
    Get(get::Args),
    /// Open posts of a section to all parties or to the public
    Disclose(disclose::DiscloseArgs),
    /// Stop serving what was opened
    Withdraw(disclose::WithdrawArgs),
    /// List what States have opened
    Disclosed(disclosed::ListArgs),
    /// Read one item that a State has opened
    ReadDisclosed(disclosed::ReadArgs),
    /// Export a record that reads and verifies offline, or verify one
    Archive(archive::Args),
    /// Verify every log from its first entry, or the bundle of a public item
    Verify(verify::Args),
    /// Check the proof that a log was forked: no network, no account, no home
    VerifyFork(verify_fork::Args),
    /// Report an act whose key, box, body or file does not open
    Complain(complain::Args),
    /// Why a person, device, act or State is to be believed; safety numbers; changed keys
    Trust(trust::Args),
    /// Bring your State's or team's channels into order
    Upkeep,
    /// Send JSON to any rpc of the server, without asking the rules on this side first
    Raw(raw::Args),
    /// Play a whole review on this machine, from the first question to the verified record
    Demo(demo::Args),
    /// Print completions for a shell
    Completions(completions::Args),
}

impl Command {
    async fn run(self, context: &Context) -> Result<(), Failure> {
        match self {
            Self::Root(command) => Box::pin(command.run(context)).await,
            Self::Join(args) => join::run(args, context).await,
            Self::Invite(args) => invite::run(args, context).await,
            Self::Admit(args) => admit::run(args, None, context).await,
            Self::Device(command) => command.run(context).await,
            Self::Recovery(command) => command.run(context).await,
            Self::Recover(args) => Box::pin(recover::run(args, context)).await,
            Self::People => people::run(context).await,
            Self::Whoami => whoami::run(context).await,
            Self::Move(args) => move_home::run(args, context),
            Self::Passphrase => passphrase::run(context),
            Self::Remove(args) => remove::run(args, context).await,
            Self::Reseat(args) => hand_over::run_reseat(args, context).await,
            Self::HandOver(args) => hand_over::run(args, context).await,
            Self::StateKey(command) => state_key::run(command, context).await,
            Self::Object => replacement::run_object(context).await,
            Self::Review(args) => Box::pin(review::run(args, context)).await,
            Self::Channels => channels::run(context).await,
            Self::Ask(args) => Box::pin(ask::run(args, context)).await,
            Self::Reply(args) => reply::run(args, context).await,
            Self::Post(args) => Box::pin(post::run(args, context)).await,
            Self::Thread(args) => threads::thread(args, context).await,
            Self::Threads(args) => threads::threads(args, context).await,
            Self::Read => threads::read(context).await,
            Self::Members(args) => members::run(args, context).await,
            Self::Watch(args) => watch::run(args, context).await,
            Self::Put(args) => put::run(args, context).await,
            Self::Get(args) => get::run(args, context).await,
            Self::Disclose(args) => disclose::disclose(args, context).await,
            Self::Withdraw(args) => disclose::withdraw(args, context).await,
            Self::Disclosed(args) => disclosed::list(args, context).await,
            Self::ReadDisclosed(args) => disclosed::read(args, context).await,
            Self::Archive(args) => archive::run(args, context).await,
            Self::Verify(args) => Box::pin(verify::run(args, context)).await,
            Self::VerifyFork(args) => verify_fork::run(&args, context),
            Self::Complain(args) => complain::run(args, context).await,
            Self::Trust(args) => trust::run(args, context).await,
            Self::Upkeep => upkeep::run(context).await,
            Self::Raw(args) => raw::run(args, context).await,
            Self::Demo(args) => demo::run(args, context),
            Self::Completions(args) => completions::run(&args, context),
        }
    }
}

/// Runs the program with the arguments of its process.
#[must_use]
pub fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    // Before anything is parsed, so that a wrong argument is told in the asked form, too.
    let json = arguments.iter().any(|argument| argument == "--json");
    let failure = match Cli::try_parse_from(arguments) {
        Ok(cli) => run(cli).err(),
        Err(error) => Failure::of_arguments(&error, json),
    };
    match failure {
        None => Exit::Done.into(),
        Some(failure) => {
            failure.print(json);
            failure.exit.into()
        }
    }
}

/// A panic is our bug, and is told as one: by its place, never by its text, which may hold what others wrote.
fn run(cli: Cli) -> Result<(), Failure> {
    static PLACE: OnceLock<String> = OnceLock::new();

    std::panic::set_hook(Box::new(|panic| {
        if let Some(place) = panic.location() {
            PLACE.get_or_init(|| format!("{}:{}", place.file(), place.line()));
        }
    }));
    let context = Context::new(&cli.global);
    let run = AssertUnwindSafe(|| {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
        let runtime = runtime.map_err(|_| Failure::bug("the runtime did not start"))?;
        let done = runtime.block_on(cli.command.run(&context));
        context.tell_clock();
        context.tell_unread();
        done
    });
    let done = std::panic::catch_unwind(run).unwrap_or_else(|_| {
        let place = PLACE.get().map_or("an unknown place", String::as_str);
        Err(Failure::bug(format!("the program stopped in the middle, at {place}")))
    });
    done.map_err(|failure| Failure { changed: failure.changed || context.has_sent(), ..failure })
}

/// The whole command line, for completions.
fn command_line() -> clap::Command {
    Cli::command()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        command_line().debug_assert();
    }
}
