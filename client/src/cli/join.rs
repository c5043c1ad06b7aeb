//! `chancery join`.

use std::io::{BufRead as _, IsTerminal as _, Read as _, Write as _};
use std::path::PathBuf;

use chancery_core::act::Role;
use serde_json::json;
use zeroize::Zeroizing;

use super::admit::show_teams;
use super::context::Context;
use super::failure::{Exit, Failure};
use super::prompt::agrees;
use super::recovery;
use super::session::show_state_key;
use super::sheet::can_be_shown;
use crate::home::{Home, HomeError, Keys};
use crate::invitation::{INVITATION_TEXT_BYTES_MAX, Invitation};
use crate::sync::Session;
use crate::verbs::join::{
    CONFIDENTIALITY, Enrolled, Former, Membership, begin_anew, enrol, former, newcomer_keys, own_fingerprint,
    reach, remember,
};
use crate::verbs::recovery::has_one;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The invitation, or - to read its line from standard input [default: asked for]
    ///
    /// Others on this machine can see the arguments of a program; standard input they cannot.
    invitation: Option<String>,
    /// Accept the rule of confidentiality (paragraph 37) without being asked
    #[arg(long)]
    accept: bool,
    #[command(flatten)]
    sheet: SheetArgs,
}

/// A recovery sheet comes with admission: before it, the directory does not know whom it brings back.
#[derive(Debug, clap::Args)]
struct SheetArgs {
    /// Once admitted, write a recovery sheet into this new file, without being asked
    #[arg(long, value_name = "FILE", conflicts_with = "no_sheet")]
    sheet: Option<PathBuf>,
    /// Make no recovery sheet, and do not ask
    #[arg(long)]
    no_sheet: bool,
}

pub(super) async fn run(args: Args, context: &Context) -> Result<(), Failure> {
    let dir = context.home_dir()?.clone();
    if Home::is_at(&dir) {
        // Before the passphrase, as in a new home: standard input may carry both.
        let given = args.invitation.map(|given| read(Some(given))).transpose()?;
        let home = again(given.as_ref(), args.accept, context).await?;
        return present(home, args.sheet, context).await;
    }
    let invitation = read(args.invitation)?;
    let keys = accepted(&invitation, args.accept, context).await?;
    let home = context.create_home(keys)?;
    remember(&home, &invitation)?;
    let presented = present(home, args.sheet, context).await;
    // A home whose invitation the server does not take is good for nothing, and stands in the way of the next.
    if presented.as_ref().is_err_and(|failure| failure.reason.starts_with("INVITATION_")) {
        Home::discard(&dir)?;
    }
    presented
}

/// The home is there: its enrolment goes on, or begins anew under another invitation.
async fn again(given: Option<&Invitation>, accept: bool, context: &Context) -> Result<Home, Failure> {
    let mut home = context.open_home()?;
    let Some(invitation) = given else { return Ok(home) };
    match former(&home, invitation).await? {
        Former::Same => {}
        Former::Over => {
            let keys = accepted(invitation, accept, context).await?;
            begin_anew(&mut home, keys, invitation)?;
        }
        Former::Admitted => return Err(HomeError::Exists { dir: home.dir().to_owned() }.into()),
        Former::Waits => {
            return Err(Failure::new(
                Exit::Conflict,
                "INVITATION_WAITS",
                "this home waits to be admitted under another invitation",
                "Give no invitation to see how that stands. To use this one, have the other refused first (chancery \
                 admit WHO --refuse), or name another folder with --home.",
            ));
        }
    }
    Ok(home)
}

/// The keys of one who has read what the invitation says and accepts it; its server is there.
async fn accepted(invitation: &Invitation, accept: bool, context: &Context) -> Result<Keys, Failure> {
    let state = invitation.state.map(|state| format!(" of {state}")).unwrap_or_default();
    let role = invitation.role.as_str().replace('-', " ");
    context.out.say(format!(
        "You are invited as {role}{state} to the deployment of the root\n  {}\nat {}.\n\n{CONFIDENTIALITY}\n",
        invitation.root, invitation.server.address
    ))?;
    if !accept && !agrees("Do you accept this?")? {
        return Err(Failure::new(
            Exit::Usage,
            "NOT_ACCEPTED",
            "the rule of confidentiality was not accepted",
            "Answer yes, or give --accept. The invitation can still be used.",
        ));
    }
    let keys = newcomer_keys(invitation)?;
    reach(invitation, &keys).await?;
    Ok(keys)
}

fn read(given: Option<String>) -> Result<Invitation, Failure> {
    let stdin = std::io::stdin();
    let text = match given {
        Some(text) if text != "-" => Zeroizing::new(text),
        given => {
            if given.is_none() && stdin.is_terminal() {
                let _ = write!(std::io::stderr(), "The invitation: ");
            }
            let mut line = Zeroizing::new(String::with_capacity(INVITATION_TEXT_BYTES_MAX + 2));
            let limit = INVITATION_TEXT_BYTES_MAX as u64 + 2;
            stdin.lock().take(limit).read_line(&mut line).map_err(|_| {
                Failure::usage("the invitation could not be read", "Give its line on standard input.")
            })?;
            line
        }
    };
    Ok(text.parse::<Invitation>()?)
}

/// Says how the enrolment stands.
async fn present(home: Home, sheet: SheetArgs, context: &Context) -> Result<(), Failure> {
    let fingerprint = own_fingerprint(&home)?;
    let user = home.person()?.identity.user;
    match enrol(home).await? {
        Enrolled::Waiting => {
            let fields = json!({ "user": user, "enrolment": "waiting", "fingerprint": fingerprint });
            context.out.show(
                "enrolment",
                &fields,
                format!(
                    "Your keys are handed in. Tell the one who invited you; when you have been admitted, run\n\
                     `chancery join` once more: then you make your recovery sheet, too. If you are asked to compare:\n\
                     your keys are\n  {fingerprint}"
                ),
            )
        }
        Enrolled::Void => Err(Failure::new(
            Exit::Conflict,
            "INVITATION_VOID",
            "the invitation was used by somebody else, or closed by the one who invited you",
            "Ask the one who invited you for another. If you have not used this one, say so: somebody else may have.",
        )),
        Enrolled::Expired => Err(Failure::new(
            Exit::Conflict,
            "INVITATION_EXPIRED",
            "the invitation's time is over: it is good for ten days, and was not answered in time",
            "Ask the one who invited you for another.",
        )),
        Enrolled::Admitted { membership, state_keys, teams, mut session } => {
            context.heed(&session);
            show_membership(&membership, &fingerprint, context)?;
            show_state_key(&state_keys, context)?;
            show_teams(&teams, context)?;
            begin_sheet(&mut session, sheet, context).await
        }
    }
}

fn show_membership(listed: &Membership, fingerprint: &str, context: &Context) -> Result<(), Failure> {
    let fields = json!({
        "user": listed.user,
        "enrolment": "admitted",
        "fingerprint": fingerprint,
        "role": listed.role.as_str(),
        "state": listed.state,
        "instruments": listed.instruments,
        "state_key": listed.state_key,
        "team_key": listed.team_key,
    });
    let state = listed.state.map(|state| format!(" of {state}")).unwrap_or_default();
    let role = listed.role.as_str().replace('-', " ");
    context.out.show(
        "enrolment",
        &fields,
        format!("You are in the directory, with exactly the keys of this home: {role}{state}."),
    )?;
    if listed.role == Role::FocalPoint && !listed.state_key {
        context.out.advise("This home does not hold your State's key: another focal point does.");
    }
    if !listed.team_key {
        context.out.advise("Your team's key is still to come; `chancery whoami` shows when it is there.");
    }
    Ok(())
}

/// Who has no recovery sheet makes one now, or says no.
async fn begin_sheet(session: &mut Session, args: SheetArgs, context: &Context) -> Result<(), Failure> {
    let has_one = has_one(session)?;
    if has_one && args.sheet.is_some() {
        return Err(Failure::new(
            Exit::Conflict,
            "SHEET_IN_FORCE",
            "you have a recovery sheet in force, and the new file was not made",
            "If it is lost, make another in its place: `chancery recovery new`.",
        ));
    }
    if has_one || args.no_sheet {
        return Ok(());
    }
    if args.sheet.is_some() || can_be_shown(context) && agrees(QUESTION)? {
        return recovery::make(session, args.sheet, context).await;
    }
    context.out.advise("Make your recovery sheet soon, while you have your keys: `chancery recovery new`.");
    Ok(())
}

const QUESTION: &str = "\
If this machine is lost, a recovery sheet of 24 words brings you back; without one somebody has to certify
you anew. Have paper and a pen at hand, or a printer. Make your recovery sheet now?";
